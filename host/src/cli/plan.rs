//! What `host run` is to do, before sources are built: its settings, and those that namespaces of a file have for
//! themselves.

use std::path::PathBuf;

use clap::{ArgMatches, FromArgMatches};
use guest::HandlerSettings;
use telemetry::LogFormat;

use super::run::Run;
use crate::build;
use crate::config::{Document, Layers, Machine, Mount, RunConfig};

/// All settings, not yet checked against each other.
#[derive(Debug)]
pub struct Plan {
    host: Run,
    file: Option<FromFile>,
}

/// What a file adds.
#[derive(Debug)]
struct FromFile {
    document: Document,
    layers: Layers,
    /// For each namespace of the document.
    namespaces: Vec<Run>,
}

impl Plan {
    pub(super) fn without_file(host: Run) -> Self {
        Self { host, file: None }
    }

    pub(super) fn with_file(components: &[PathBuf], document: Document, layers: &Layers) -> anyhow::Result<Self> {
        match (components, document.namespaces.first()) {
            ([], None) => {
                return Err(document.error(
                    None,
                    "this file has no namespace, and no component is given",
                    "add `[[namespace]]` with `component = \"handler.js\"`, or name a component on the command line",
                ));
            }
            ([first, ..], Some(namespace)) => {
                return Err(document.error(
                    Some(namespace),
                    format!("this file says what is served, and the command line names `{}` too", first.display()),
                    "drop one of them; a file without `[[namespace]]` has settings only",
                ));
            }
            _ => {}
        }
        let host = run(&layers.host(&document)?)?;
        let own = |namespace| run(&layers.namespace(&document, namespace)?);
        let namespaces = document.namespaces.iter().map(own).collect::<anyhow::Result<_>>()?;
        let layers = layers.clone();
        Ok(Self { host, file: Some(FromFile { document, layers, namespaces }) })
    }

    /// How log lines look.
    pub fn log_format(&self) -> LogFormat {
        self.host.log_format()
    }

    /// Checks all settings, then builds the sources.
    ///
    /// # Errors
    ///
    /// If settings contradict each other, a namespace is invalid, a folder does not exist, or a source cannot be built.
    pub fn prepare(self) -> anyhow::Result<RunConfig> {
        let build = self.host.build().clone();
        let mut config = self.config(&Machine::here())?;
        let options = build.options(config.cache_dir.clone());
        warn_of_modes(&config);
        for component in &mut config.components {
            let built = build::build(&component.file, &options)?;
            component.built = (built != component.file).then_some(built);
        }
        Ok(config)
    }

    pub(super) fn config(self, machine: &Machine) -> anyhow::Result<RunConfig> {
        let Some(FromFile { document, layers, namespaces }) = self.file else {
            let mounts = self.host.mounts([])?;
            return self.host.check(mounts, machine);
        };
        let of_file = document.namespaces.iter().map(|one| Mount::new(one.path.clone(), one.component.clone()));
        let mounts = self.host.mounts(of_file)?;
        let mut config = self.host.check(mounts, machine).map_err(|error| layers.locate(&document, None, error))?;
        for ((mount, run), namespace) in config.components.iter_mut().zip(namespaces).zip(&document.namespaces) {
            let own =
                run.check(Vec::new(), machine).map_err(|error| layers.locate(&document, Some(namespace), error))?;
            // Bounds the calls of all components.
            config.runtime.host_bytes = config.runtime.host_bytes.max(own.runtime.host_bytes);
            mount.own = (own.handler != config.handler).then_some(own.handler);
        }
        Ok(config)
    }
}

/// Reads the command line, the environment and the file of settings, and builds the sources.
///
/// # Errors
///
/// As [`Run::plan`] and [`Plan::prepare`].
pub fn prepare(layers: &Layers) -> anyhow::Result<RunConfig> {
    run(layers.given())?.plan(layers)?.prepare()
}

/// The settings of `host run`, of whatever subcommand has them.
pub(super) fn run(matches: &ArgMatches) -> anyhow::Result<Run> {
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    Ok(Run::from_arg_matches(matches)?)
}

fn warn_of_modes(config: &RunConfig) {
    let handlers = config.components.iter().filter_map(|component| component.own.as_ref()).chain([&config.handler]);
    let env = |handler: &HandlerSettings| handler.grants.env.0.clone();
    let other = handlers.flat_map(env).find(|(name, value)| name == "NODE_ENV" && value != "production");
    if let Some((_, mode)) = other {
        tracing::warn!(
            "NODE_ENV is `production` in handlers in JavaScript, and not `{mode}`: it is put in when they are built"
        );
    }
}
