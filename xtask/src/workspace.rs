//! The workspace as cargo sees it: its folders and packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use crate::install::WASM_TARGET;
use crate::run::output;

/// Folders whose packages are guests: built for [`WASM_TARGET`], never natively.
const GUEST_DIRS: [&str; 2] = ["examples", "tests/components"];

pub struct Workspace {
    pub root: PathBuf,
    target: PathBuf,
    /// Name and folder of each member.
    packages: Vec<(String, PathBuf)>,
}

impl Workspace {
    /// Asks cargo about the workspace of the current folder.
    pub fn load() -> anyhow::Result<Self> {
        let mut cargo = Command::new("cargo");
        let text =
            output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?.context("cargo is missing")?;
        parse(&text).context("cannot read the output of `cargo metadata`")
    }

    /// Names of the packages that are components.
    pub fn guests(&self) -> Vec<String> {
        let is_guest = |dir: &Path| GUEST_DIRS.iter().any(|guests| dir.starts_with(self.root.join(guests)));
        self.packages.iter().filter(|(_, dir)| is_guest(dir)).map(|(name, _)| name.clone()).collect()
    }

    /// A cargo command that runs in the workspace's root.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root);
        // `cargo run` has set these for xtask itself. Build scripts that read them (ring's, for one) would run again, and
        // everything that depends on them would be compiled again.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                cargo.env_remove(name);
            }
        }
        cargo
    }

    /// A cargo command that replays the fuzz targets' seeds; they are in a workspace of their own.
    pub fn fuzz_seeds(&self) -> Command {
        let mut cargo = self.cargo();
        // Without libFuzzer, which is C++ and slow to build.
        cargo.args(["test", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features", "--target-dir"]);
        cargo.arg(&self.target);
        cargo
    }

    /// The host's program, once it is built.
    pub fn host(&self) -> PathBuf {
        self.target.join("debug/host")
    }

    /// Cargo's target folder: for everything that is generated.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The folder that components are built into.
    pub fn guests_dir(&self) -> PathBuf {
        self.target.join(WASM_TARGET).join("release")
    }
}

fn parse(text: &str) -> anyhow::Result<Workspace> {
    let metadata: Value = serde_json::from_str(text)?;
    let path = |key: &str| metadata[key].as_str().map(PathBuf::from).with_context(|| format!("no `{key}`"));
    let packages = metadata["packages"].as_array().context("no `packages`")?;
    let packages = packages.iter().map(|package| {
        let name = package["name"].as_str()?.to_owned();
        let dir = Path::new(package["manifest_path"].as_str()?).parent()?.to_owned();
        Some((name, dir))
    });
    Ok(Workspace {
        root: path("workspace_root")?,
        target: path("target_directory")?,
        packages: packages.collect::<Option<_>>().context("a package without name or folder")?,
    })
}
