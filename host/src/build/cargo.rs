//! Handlers in Rust: a Cargo package that makes a library for `wasm32-wasip2`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use super::Options;
use super::tool;
use crate::hint;

const TARGET: &str = "wasm32-wasip2";
const GET_RUST: &str = "install Rust with rustup, from https://rustup.rs";

pub(super) fn build(dir: &Path, options: &Options) -> anyhow::Result<PathBuf> {
    check_target(dir, options.install)?;
    let metadata = tool::output(command("cargo", dir).args(["metadata", "--no-deps", "--format-version=1"]), GET_RUST)?;
    let package = package(&metadata, dir)?;
    let mut cargo = command("cargo", dir);
    cargo.args(["build", "--release", "--target", TARGET, "--package", &package, "--lib"]);
    let messages = tool::output(cargo.arg("--message-format=json-render-diagnostics"), GET_RUST)?;
    artifact(&messages).with_context(|| format!("cargo made no component of `{package}`"))
}

/// Checks that the standard library for components is installed, for the Rust version that the project selects.
fn check_target(dir: &Path, install: bool) -> anyhow::Result<()> {
    let sysroot = tool::output(command("rustc", dir).args(["--print", "sysroot"]), GET_RUST)?;
    if Path::new(&sysroot).join("lib/rustlib").join(TARGET).exists() {
        return Ok(());
    }
    if install {
        tracing::info!("installing the Rust target {TARGET}");
        tool::output(command("rustup", dir).args(["target", "add", TARGET]), GET_RUST)?;
        return Ok(());
    }
    Err(hint::error(
        format!("the Rust target {TARGET} is missing"),
        format!("run `rustup target add {TARGET}`, or give --install"),
    ))
}

fn command(program: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    command
}

/// The parts of `cargo metadata`'s output that are needed here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// A message of `cargo build` about a file that it made.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    filenames: Vec<PathBuf>,
}

impl Package {
    fn is_component(&self) -> bool {
        self.targets.iter().any(Target::is_component)
    }
}

impl Target {
    fn is_component(&self) -> bool {
        self.crate_types.iter().any(|kind| kind == "cdylib")
    }
}

/// The name of the package in a folder, which must be a library that becomes a component.
fn package(metadata: &str, dir: &Path) -> anyhow::Result<String> {
    let Metadata { packages } = serde_json::from_str(metadata).context("cannot read the output of `cargo metadata`")?;
    let manifest = dir.join("Cargo.toml").canonicalize().context("cannot find Cargo.toml")?;
    match packages.iter().find(|package| package.manifest_path == manifest) {
        Some(package) if package.is_component() => Ok(package.name.clone()),
        Some(package) => Err(hint::error(
            format!("the package `{}` makes no component", package.name),
            "in its Cargo.toml, say `crate-type = [\"cdylib\"]` under `[lib]`",
        )),
        None => {
            let names: Vec<_> =
                packages.iter().filter(|package| package.is_component()).map(|package| &*package.name).collect();
            Err(hint::error(
                format!("`{}` is a workspace of several packages", dir.display()),
                format!("give the folder of one of them: {}", names.join(", ")),
            ))
        }
    }
}

/// The component among the files that cargo made. Messages of other kinds do not parse.
fn artifact(messages: &str) -> Option<PathBuf> {
    let made = messages.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let files = made.filter(|artifact| artifact.target.is_component()).flat_map(|artifact| artifact.filenames);
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_component_is_what_cargo_made() {
        let message = |kind: &str, file: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"crate_types":["{kind}"]}},"filenames":["/t/x.d","{file}"]}}"#
            )
        };
        let dependency = message("lib", "/t/libserde.rlib");
        let hello = message("cdylib", "/t/hello.wasm");
        let noise = ["", "text", r#"{"reason":"build-finished","success":true}"#].join("\n");
        assert_eq!(artifact(&[&noise, &*dependency, &hello].join("\n")), Some("/t/hello.wasm".into()));
        assert_eq!(artifact(&dependency), None);
    }

    #[test]
    fn the_package_is_the_one_in_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for folder in ["", "hello", "tool"] {
            fs::create_dir_all(home.join(folder)).unwrap();
            fs::write(home.join(folder).join("Cargo.toml"), "").unwrap();
        }
        let package = |name: &str, kind: &str| {
            let manifest = home.join(name).join("Cargo.toml");
            serde_json::json!({ "name": name, "manifest_path": manifest, "targets": [{ "crate_types": [kind] }] })
        };
        let metadata = serde_json::json!({ "packages": [package("hello", "cdylib"), package("tool", "bin")] });
        let found = |folder: &str| self::package(&metadata.to_string(), &home.join(folder));
        assert_eq!(found("hello").unwrap(), "hello");
        assert!(found("tool").unwrap_err().to_string().contains("makes no component"));
        let error = found("").unwrap_err();
        assert!(error.to_string().contains("a workspace of several packages"));
        assert_eq!(hint::hints(&error), ["give the folder of one of them: hello"]);
    }
}
