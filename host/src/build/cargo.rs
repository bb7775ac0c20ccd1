//! Handlers in Rust: a Cargo package that makes a library for `wasm32-wasip2`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

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

/// The standard library for components must be there. The project may say which Rust it wants.
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

/// The name of the package in a folder, which must be a library that becomes a component.
fn package(metadata: &str, dir: &Path) -> anyhow::Result<String> {
    let metadata: Value = serde_json::from_str(metadata).context("cannot read the output of `cargo metadata`")?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let manifest = dir.join("Cargo.toml").canonicalize().context("cannot find Cargo.toml")?;
    let name = |package: &Value| package["name"].as_str().unwrap_or_default().to_owned();
    let here = packages.iter().find(|package| package["manifest_path"].as_str().is_some_and(|path| manifest == *path));
    match here {
        Some(package) if is_component(package) => Ok(name(package)),
        Some(package) => Err(hint::error(
            format!("the package `{}` makes no component", name(package)),
            "in its Cargo.toml, say `crate-type = [\"cdylib\"]` under `[lib]`",
        )),
        None => {
            let names: Vec<_> = packages.iter().filter(|package| is_component(package)).map(name).collect();
            Err(hint::error(
                format!("`{}` is a workspace of several packages", dir.display()),
                format!("give the folder of one of them: {}", names.join(", ")),
            ))
        }
    }
}

fn is_component(package: &Value) -> bool {
    let targets = package["targets"].as_array().into_iter().flatten();
    targets.into_iter().any(|target| is_library(&target["crate_types"]))
}

fn is_library(crate_types: &Value) -> bool {
    crate_types.as_array().is_some_and(|types| types.contains(&"cdylib".into()))
}

/// The component among what cargo says that it made.
fn artifact(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let made = messages
        .filter(|message| message["reason"] == "compiler-artifact" && is_library(&message["target"]["crate_types"]));
    let files = made.flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    let mut paths = files.filter_map(|file| file.as_str().map(PathBuf::from));
    paths.find(|path| path.extension().is_some_and(|extension| extension == "wasm"))
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
