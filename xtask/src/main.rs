//! The project's own commands, for a fresh machine that has rustup and Node: each installs what it needs.

mod install;
mod run;
mod workspace;

use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::run::{exec, run, step};
use crate::workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [FLAGS…]   build the host and examples/chat, and serve the chat at http://127.0.0.1:3000;
                  FLAGS go to `host run` (`--listen 127.0.0.1:3001` where the port is taken)
  test            run every test: Rust, the official client against the real host, the chat in a browser
  soak [CLIENTS] [SECONDS]
                  2,000 clients connect, talk and die in every way, in three rounds of 60 s; then nothing of
                  them may be left in the host (tests/soak/README.md)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, flags)) if command == "demo" => demo(flags),
        Some((command, [])) if command == "test" => test(),
        Some((command, size)) if command == "soak" && size.len() <= 2 => soak(size),
        Some((command, [])) if ["help", "--help", "-h"].contains(&command.as_str()) => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Serves the chat example in the foreground.
fn demo(flags: &[String]) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let web = workspace.root.join("examples/chat/web");
    install::wasm_target()?;
    install::node()?;
    install::npm_packages(&web)?;
    step("building the host (some minutes the first time)");
    // The development profile: dependencies are optimised there as well.
    run(workspace.cargo().args(["build", "--package", "host"]))?;
    build_guests(&workspace, &["chat".to_owned()])?;

    step("starting the chat: open the address below in two browser windows; Ctrl-C ends it");
    let mut host = Command::new(workspace.host());
    host.arg("run").arg(workspace.guests_dir().join("chat.wasm")).arg("--static").arg(web).args(flags);
    exec(&mut host)
}

/// Runs every test. Rust first: where the host is broken, its own tests say so best.
fn test() -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let tests = workspace.root.join("tests");
    let guests = workspace.guests();
    install::wasm_target()?;
    install::node()?;
    install::chromium()?;
    install::npm_packages(&workspace.root.join("examples/chat/web"))?;
    install::npm_packages(&tests)?;
    build_guests(&workspace, &guests)?;

    let excluded = || guests.iter().flat_map(|guest| ["--exclude", guest]);
    step("building the host and the Rust tests (some minutes the first time)");
    // Both at once: tests turn on features of shared dependencies, which a build without them would make once more.
    run(workspace.cargo().args(["build", "--workspace", "--all-targets"]).args(excluded()))?;
    step("Rust tests");
    run(workspace.cargo().args(["test", "--workspace"]).args(excluded()))?;

    for suite in ["e2e", "browser"] {
        step(&format!("tests/{suite}"));
        let files = test_files(&tests.join(suite))?;
        run(node(&workspace).args(["--test", "--test-reporter=spec"]).args(files))?;
    }
    Ok(())
}

/// Runs the soak, which tells what it measured.
fn soak(size: &[String]) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    install::wasm_target()?;
    install::node()?;
    install::npm_packages(&workspace.root.join("tests"))?;
    step("building the host (some minutes the first time)");
    run(workspace.cargo().args(["build", "--package", "host"]))?;
    build_guests(&workspace, &["probe".to_owned()])?;
    step("tests/soak");
    exec(node(&workspace).arg("soak/main.mjs").args(size))
}

/// Node in the folder of the tests, which start the host themselves.
fn node(workspace: &Workspace) -> Command {
    let mut node = Command::new("node");
    node.current_dir(workspace.root.join("tests"));
    node.env("HOST_BIN", workspace.host()).env("HOST_GUESTS", workspace.guests_dir());
    node
}

fn build_guests(workspace: &Workspace, guests: &[String]) -> anyhow::Result<()> {
    step(&format!("building components: {}", guests.join(", ")));
    let packages = guests.iter().flat_map(|guest| ["--package", guest]);
    run(workspace.cargo().args(["build", "--release", "--target", install::WASM_TARGET]).args(packages))
}

fn test_files(dir: &std::path::Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    anyhow::ensure!(!files.is_empty(), "no tests in {}", dir.display());
    files.sort();
    Ok(files)
}
