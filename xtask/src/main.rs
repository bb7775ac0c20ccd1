//! The project's own commands. On a fresh machine with rustup, Node and Python, each installs what else it needs.

mod audit;
mod bench;
mod fuzz;
mod install;
mod python;
mod run;
mod scripts;
mod workspace;

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::run::{exec, run, step};
use crate::workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [FLAGS…]   build the host and examples/chat, and serve the chat at http://127.0.0.1:3000;
                  FLAGS go to `host run` (`--listen 127.0.0.1:3001` where the port is taken)
  test            run every test: Rust, Python, JavaScript, real clients against the real host, the host compared
                  with the reference server, pages of examples in a browser; tests that hold for every language run once
                  in each
  fuzz [TARGET] [SECONDS]
                  run one fuzz target or all (fuzz/README.md), each for 10 minutes or the given time
  soak [CLIENTS] [SECONDS]
                  2,000 clients connect, talk and die in every way, in three rounds of 60 s; afterwards the host
                  must hold nothing of them (tests/soak/README.md)
  soak durability [ROUNDS]
                  64 clients write while the host is killed, in 100 rounds, and some fill a disk; what was
                  acknowledged must be there afterwards
  bench [ROUNDS] [SECONDS]
                  measure the host, the reference server and socketioxide under the same load
                  (docs/performance.md), by default in 3 rounds of 4 s for each figure
  audit           check the dependencies' licences, known vulnerabilities, bans and sources (deny.toml);
                  needs cargo-deny and the network
";

/// Prefixes of the test files that run once in each language: with `probe` and `chat`, the guests that exist in all of them.
const EVERY_LANGUAGE: [&str; 8] =
    ["chat.", "client-features.", "recovery.", "reuse.", "scheduled.", "semantics.", "state.", "transports."];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, flags)) if command == "demo" => demo(flags),
        Some((command, [])) if command == "test" => test(),
        Some((command, arguments)) if command == "fuzz" => fuzz::fuzz(arguments),
        Some((command, size)) if command == "soak" && size.len() <= 2 => soak(size),
        Some((command, numbers)) if command == "bench" && numbers.len() <= 2 => bench(numbers),
        Some((command, [])) if command == "audit" => audit::audit(),
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
    // The development profile is fast enough: it optimises dependencies.
    run(workspace.cargo().args(["build", "--package", "host"]))?;
    build_guests(&workspace, &["chat".to_owned()])?;

    step("starting the chat: open the address below in two browser windows; Ctrl-C ends it");
    let mut host = Command::new(workspace.host());
    host.arg("run").arg(workspace.guests_dir().join("chat.wasm")).arg("--static").arg(web).args(flags);
    exec(&mut host)
}

/// Runs every test. Rust first: if the host is broken, its own tests say most clearly where.
fn test() -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let tests = workspace.root.join("tests");
    let js = workspace.root.join("guest-sdk/js");
    let guests = workspace.guests();
    install::wasm_target()?;
    install::node()?;
    install::chromium()?;
    install::redis()?;
    for example in ["chat/web", "whiteboard-js/web", "tic-tac-toe-python/web", "todo-ts"] {
        install::npm_packages(&workspace.root.join("examples").join(example))?;
    }
    install::npm_packages(&tests)?;
    install::python()?;
    install::npm_packages(&js)?;
    build_guests(&workspace, &guests)?;
    scripts::build(&workspace)?;

    // Guests were built above, for WebAssembly. The SDK is tested with all its features.
    let native = || guests.iter().flat_map(|guest| ["--exclude", guest]).chain(["--features", "guest-sdk/http"]);
    step("building the host and the Rust tests (some minutes the first time)");
    // One build for both: tests turn on features of shared dependencies, so that a build of the host alone would compile
    // those a second time.
    run(workspace.cargo().args(["build", "--workspace", "--all-targets"]).args(native()))?;
    step("Rust tests");
    run(workspace.cargo().args(["test", "--workspace"]).args(native()))?;
    step("seeds of the fuzz targets");
    run(&mut workspace.fuzz_seeds())?;

    python::test(&workspace)?;
    for suite in ["e2e", "cluster", "conformance", "browser"] {
        node_tests(&workspace, &tests.join(suite), None)?;
    }
    for format in ["streams", "pubsub"] {
        on_two_nodes(&workspace, format)?;
    }
    for language in scripts::LANGUAGES {
        for suite in ["e2e", "browser"] {
            node_tests(&workspace, &tests.join(suite), Some(language))?;
        }
    }
    node_tests(&workspace, &js.join("test"), None)?;
    Ok(())
}

/// Runs the test files of a folder. With a language, only those that hold for every language, with guests written in it.
fn node_tests(workspace: &Workspace, suite: &Path, language: Option<&str>) -> anyhow::Result<()> {
    let guests = language.map(|language| format!(", guests in {language}")).unwrap_or_default();
    step(&format!("{}{guests}", suite.strip_prefix(&workspace.root).unwrap_or(suite).display()));
    let mut files = test_files(suite)?;
    let mut node = node(workspace);
    if let Some(language) = language {
        let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        files.retain(|file| EVERY_LANGUAGE.iter().any(|beginning| name(file).starts_with(beginning)));
        node.env("HOST_TEST_LANGUAGE", language);
    }
    run(node.args(["--test", "--test-reporter=spec"]).args(files))
}

/// Runs what is promised about many sockets once more, with those of each test on two nodes of a cluster.
fn on_two_nodes(workspace: &Workspace, format: &str) -> anyhow::Result<()> {
    const FILE: &str = "e2e/semantics.broadcasts.test.mjs";
    step(&format!("tests/{FILE}, two nodes that speak {format}"));
    run(node(workspace).env("HOST_TEST_CLUSTER", format).args(["--test", "--test-reporter=spec", FILE]))
}

/// Runs a soak, which prints what it measured: of deaths of clients or, by its name, of deaths of the host.
fn soak(arguments: &[String]) -> anyhow::Result<()> {
    let (script, size) = match arguments.split_first() {
        Some((name, rounds)) if name == "durability" => ("soak/durability.mjs", rounds),
        _ => ("soak/main.mjs", arguments),
    };
    let workspace = Workspace::load()?;
    install::wasm_target()?;
    install::node()?;
    install::npm_packages(&workspace.root.join("tests"))?;
    step("building the host (some minutes the first time)");
    run(workspace.cargo().args(["build", "--package", "host"]))?;
    build_guests(&workspace, &["probe".to_owned()])?;
    step(&format!("tests/{script}"));
    exec(node(&workspace).arg(script).args(size))
}

/// Runs the benchmark: `ROUNDS` rounds, in each `SECONDS` for each figure.
fn bench(numbers: &[String]) -> anyhow::Result<()> {
    let number = |index: usize, usual: u32| match numbers.get(index) {
        Some(text) => {
            text.parse().ok().filter(|number| *number > 0).with_context(|| format!("`{text}` is not a number above 0"))
        }
        None => Ok(usual),
    };
    bench::bench(number(0, 3)?, number(1, 4)?)
}

/// Node in the tests' folder. The tests start the host themselves: they are told where it and the guests are.
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

fn test_files(dir: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
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
