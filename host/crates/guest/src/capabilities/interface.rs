//! Names of interfaces, and how they are granted.

use runtime::Calls;

/// Whether components get an interface that they import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// Every component gets it.
    Always,
    /// Every component gets it, but it only works with this flag of `host run`.
    With(&'static str),
    /// A component that imports it is refused.
    Never,
}

/// An interface that a component may import, in any released version of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interface {
    /// `wasi:cli/stdout`
    pub(crate) path: &'static str,
    /// `0.2`, or a draft
    pub(crate) series: &'static str,
    /// The world that may import it; `None` means both.
    pub(crate) only: Option<Calls>,
    pub(crate) granted: Granted,
}

impl Interface {
    /// An interface of WASI 0.2, for both worlds.
    pub(crate) const fn wasi(path: &'static str) -> Self {
        Self { path, series: "0.2", only: None, granted: Granted::Always }
    }

    /// An interface of WASI 0.3, whose functions only the concurrent world can call.
    pub(crate) const fn wasi_concurrent(path: &'static str) -> Self {
        Self { path, series: "0.3", only: Some(Calls::Concurrent), granted: Granted::Always }
    }

    /// Whether a component with this calling convention may import it under this name.
    pub(crate) fn is_granted(&self, name: &Name<'_>, calls: Calls) -> bool {
        name.path == self.path && name.is_of(self.series) && self.only.is_none_or(|only| only == calls)
    }
}

/// A name such as `wasi:cli/stdout@0.2.6`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) full: &'a str,
    /// `wasi:cli/stdout`
    pub(crate) path: &'a str,
    /// `wasi:cli`
    pub(crate) package: &'a str,
    /// `stdout`
    pub(crate) interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    pub(crate) fn parse(full: &'a str) -> Self {
        let (path, version) = full.split_once('@').unwrap_or((full, ""));
        let (package, interface) = path.split_once('/').unwrap_or(("", path));
        Self { full, path, package, interface, version }
    }

    /// Whether its version is a release of a series: `0.2.6` of `0.2`, but not `0.2.0-rc-2023-11-10`. A draft is a series
    /// of its own.
    pub(crate) fn is_of(&self, series: &str) -> bool {
        if self.version == series {
            return series.contains('-');
        }
        let patch = self.version.strip_prefix(series).and_then(|rest| rest.strip_prefix('.'));
        patch.is_some_and(|patch| patch.parse::<u64>().is_ok())
    }
}
