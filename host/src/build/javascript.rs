//! Handlers in JavaScript and TypeScript: a file or an npm project, bundled with an engine.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use super::sdk::Sdk;
use super::{Options, made, npm, producers, tool};
use crate::hint;

pub(super) const GET_NODE: &str = "install Node.js 20 or newer, from https://nodejs.org";
const OLDEST_NODE: u32 = 20;

/// The engine that runs the code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// Small and fast to start.
    #[default]
    #[value(name = "quickjs")]
    QuickJs,
    /// For code that needs its web APIs. Six times as large.
    #[value(name = "starlingmonkey")]
    StarlingMonkey,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::QuickJs => "quickjs",
            Self::StarlingMonkey => "starlingmonkey",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::QuickJs => "QuickJS",
            Self::StarlingMonkey => "StarlingMonkey",
        }
    }
}

/// npm packages that an engine needs beside those of the SDK, which says so itself.
fn packages(js: &Path, engine: Engine) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Needs {
        packages: Vec<String>,
    }
    let file = js.join("src/build/engines.json");
    let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut engines: HashMap<String, Needs> =
        serde_json::from_slice(&text).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(engines.remove(engine.name()).map(|needs| needs.packages).unwrap_or_default())
}

pub(super) fn build(source: &Path, options: &Options) -> anyhow::Result<PathBuf> {
    let cache = options.cache()?;
    let engine = options.engine.unwrap_or_default();
    let sdk = Sdk::unpack(cache)?;
    // Before the build, because files that change while it runs count as unknown.
    if options.install {
        npm::install_dependencies(source, cache, options.allow_scripts)?;
    }
    // Other places where the bundler looks for packages.
    let paths = std::env::var("NODE_PATH").unwrap_or_default();
    let variant = [engine.name(), &sdk.digest, &paths];
    made::component(cache, source, &variant, options.rebuild, |component, inputs| {
        check_node()?;
        let js = sdk.dir.join("guest-sdk/js");
        provide_sdk(&js, engine, options.install)?;
        tracing::info!("building {}", source.display());
        let mut node = Command::new("node");
        node.arg(js.join("bin/build.mjs")).arg(source).args(["--engine", engine.name()]);
        tool::build(node.arg("--output").arg(component).arg("--inputs").arg(inputs), source, GET_NODE)?;
        producers::add(component, "JavaScript", engine.title())
    })
}

fn check_node() -> anyhow::Result<()> {
    let version = tool::output(Command::new("node").arg("--version"), GET_NODE)?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => Err(hint::error(format!("Node.js {version} is too old"), GET_NODE)),
    }
}

/// The SDK's own packages, and the engine's.
fn provide_sdk(js: &Path, engine: Engine, install: bool) -> anyhow::Result<()> {
    let lock = File::create(js.join("lock")).context("cannot lock the SDK")?;
    lock.lock().context("cannot lock the SDK")?;
    // npm writes this file when everything else is there.
    if !js.join("node_modules/.package-lock.json").exists() {
        provide(js, install, &["ci", "--omit=dev"], "the toolchain for JavaScript (esbuild, QuickJS; 70 MB)")?;
    }
    let packages = packages(js, engine)?;
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let is_there = |package: &&str| {
        let name = package.rsplit_once('@').map_or(*package, |(name, _)| name);
        js.join("node_modules").join(name).exists()
    };
    if !packages.iter().all(is_there) {
        let install_them = [&["install", "--no-save", "--omit=dev"], packages.as_slice()].concat();
        provide(js, install, &install_them, &format!("the engine {}", engine.name()))?;
    }
    Ok(())
}

fn provide(folder: &Path, install: bool, arguments: &[&str], what: &str) -> anyhow::Result<()> {
    if !install {
        let into = folder.display();
        return Err(hint::error(
            format!("{what} is not installed"),
            format!("give --install: `npm {}` in {into}", arguments.join(" ")),
        ));
    }
    tracing::info!("installing {what}");
    npm::npm(folder, arguments, false)
}
