//! Tools that the project needs. Each function looks first, and installs only what is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::run::{output, run, step};

/// The target that guests are compiled for.
pub const WASM_TARGET: &str = "wasm32-wasip2";

const NODE_MAJOR: u32 = 20;

/// The standard library for guests, installed by rustup.
pub fn wasm_target() -> anyhow::Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?.context("rustc is missing")?;
    if Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).exists() {
        return Ok(());
    }
    step(&format!("installing the Rust target {WASM_TARGET}"));
    if output(Command::new("rustup").arg("--version"))?.is_none() {
        bail!(
            "the Rust target {WASM_TARGET} is missing, and there is no rustup to install it: get rustup from \
             https://rustup.rs, or install the target the way this Rust was installed"
        );
    }
    run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
}

/// cargo-fuzz, and the nightly toolchain that it needs. A toolchain is a large download, so it is not installed here.
pub fn cargo_fuzz() -> anyhow::Result<()> {
    if !cargo_has(&["+nightly", "--version"]) {
        bail!("fuzzing needs the nightly toolchain: run `rustup toolchain install nightly`");
    }
    if cargo_has(&["fuzz", "--version"]) {
        return Ok(());
    }
    step("installing cargo-fuzz");
    run(Command::new("cargo").args(["install", "cargo-fuzz", "--locked"]))
}

/// cargo-deny. It takes minutes to compile and only `audit` needs it, so it is not installed here.
pub fn cargo_deny() -> anyhow::Result<()> {
    if !cargo_has(&["deny", "--version"]) {
        bail!("cargo-deny is missing: run `cargo install cargo-deny --locked`");
    }
    Ok(())
}

/// Whether cargo knows a subcommand or a toolchain.
fn cargo_has(arguments: &[&str]) -> bool {
    matches!(output(Command::new("cargo").args(arguments)), Ok(Some(_)))
}

/// Node and npm. Not every distribution has a version that is new enough, so they are not installed here.
pub fn node() -> anyhow::Result<()> {
    let get = format!("install Node {NODE_MAJOR} or newer with npm, for example from https://nodejs.org");
    let Some(version) = output(Command::new("node").arg("--version"))? else { bail!("Node is missing: {get}") };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("Node {version} is too old: {get}");
    }
    if output(Command::new("npm").arg("--version"))?.is_none() {
        bail!("npm is missing: {get}");
    }
    Ok(())
}

/// The packages in a folder's lock file.
pub fn npm_packages(dir: &Path) -> anyhow::Result<()> {
    let modified = |file: &str| fs::metadata(dir.join(file)).and_then(|metadata| metadata.modified());
    // npm writes this file last, when everything is installed.
    let installed = modified("node_modules/.package-lock.json");
    if let (Ok(installed), Ok(locked)) = (installed, modified("package-lock.json"))
        && installed >= locked
    {
        return Ok(());
    }
    step(&format!("installing npm packages in {}", dir.display()));
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(dir))
}

/// Python with venv and pip, which install the other Python tools. It is not installed here.
pub fn python() -> anyhow::Result<()> {
    let check = "import sys, venv, ensurepip; print(sys.version_info >= (3, 11))";
    let get =
        "install Python 3.11 or newer with its modules venv and ensurepip (on Debian `apt-get install python3-venv`)";
    match output(Command::new("python3").args(["-c", check])) {
        Ok(Some(answer)) if answer == "True" => Ok(()),
        Ok(Some(_)) => bail!("Python is too old: {get}"),
        Ok(None) => bail!("Python is missing: {get}"),
        Err(error) => Err(error.context(get)),
    }
}

/// A program from PyPI, in a virtual environment of its own. Returns its path.
pub fn pypi_program(dir: &Path, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let venv = dir.join(format!("{name}-{version}"));
    let program = venv.join("bin").join(name);
    // pip writes programs last.
    if program.exists() {
        return Ok(program);
    }
    step(&format!("installing {name} {version} in {}", venv.display()));
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(venv.join("bin/python")).args(pip).arg(format!("{name}=={version}")))?;
    Ok(program)
}

/// The browser for the tests of the chat page, installed by apt.
pub fn chromium() -> anyhow::Result<()> {
    const BROWSER: &str = "/usr/bin/chromium";
    if Path::new(BROWSER).exists() {
        return Ok(());
    }
    debian_package(BROWSER, "chromium")
}

/// The server that tests start, installed by apt. They stop it; the service that Debian would start is not wanted.
pub fn redis() -> anyhow::Result<()> {
    if find("redis-server").is_some() {
        return Ok(());
    }
    // By this, packages learn whether they may start services: 101 is no. A machine that has its own rules keeps them.
    let rules = Path::new("/usr/sbin/policy-rc.d");
    let ours = !rules.exists() && fs::write(rules, "#!/bin/sh\nexit 101\n").is_ok();
    if ours {
        fs::set_permissions(rules, fs::Permissions::from_mode(0o755))?;
    }
    let installed = debian_package("redis-server", "redis-server");
    if ours {
        fs::remove_file(rules)?;
    }
    installed
}

/// Installs a package for a program that is missing.
fn debian_package(program: &str, package: &str) -> anyhow::Result<()> {
    step(&format!("installing the Debian package `{package}`"));
    let by_hand = format!("{program} is missing: run `sudo apt-get install {package}`");
    if find("apt-get").is_none() {
        bail!("{program} is missing, and there is no apt-get: install it");
    }
    if output(Command::new("id").arg("-u"))?.as_deref() != Some("0") {
        bail!("{by_hand} (this is not root)");
    }
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive")).context(by_hand.clone())
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--quiet", "--yes", "--no-install-recommends", package])
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}
