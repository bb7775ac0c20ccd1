//! What is written in Python: components, and tests of the SDK.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context;

use crate::install;
use crate::run::{run, step};
use crate::workspace::Workspace;

/// Components, and the files that they are built from.
const GUESTS: [(&str, &str); 2] =
    [("chat-python", "examples/chat-python/chat.py"), ("probe-python", "tests/components/probe-python/probe.py")];

/// Folders of the SDK that every component depends on.
const SDK: [&str; 3] = ["guest-sdk/python/builder", "guest-sdk/python/realtime", "wit"];

const MYPY: &str = "2.4.1";

/// Builds the components that are older than what they are made of: each takes a while, and a new one has to be compiled
/// by the host again.
pub fn build_guests(workspace: &Workspace) -> anyhow::Result<()> {
    for (name, source) in GUESTS {
        let source = workspace.root.join(source);
        let component = workspace.guests_dir().join(format!("{name}.wasm"));
        let made = fs::metadata(&component).and_then(|metadata| metadata.modified()).ok();
        let folder = source.parent().context("a source without a folder")?;
        let folders = SDK.iter().map(|dir| workspace.root.join(dir)).chain([folder.to_owned()]);
        let changed = folders.map(|dir| newest(&dir)).collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().max();
        if made.is_some() && made > changed {
            continue;
        }
        step(&format!("building the component {name}"));
        let mut build = Command::new("python3");
        build.arg(workspace.root.join("guest-sdk/python/build.py")).arg("--install").arg(&source);
        run(build.arg("--output").arg(&component))?;
    }
    Ok(())
}

/// The SDK's own tests, and whether the types fit.
pub fn test(workspace: &Workspace) -> anyhow::Result<()> {
    step("Python tests");
    let sdk = workspace.root.join("guest-sdk/python");
    run(Command::new("python3").args(["-m", "unittest", "discover", "-s", "tests", "-t", "."]).current_dir(&sdk))?;
    let chat = workspace.root.join("examples/chat-python");
    run(Command::new("python3").args(["-m", "unittest"]).env("PYTHONPATH", &sdk).current_dir(chat))?;

    step("types of the Python SDK");
    let mypy = install::pypi_program(workspace.target(), "mypy", MYPY)?;
    let bindings = workspace.target().join("python-bindings");
    run(Command::new("python3").arg(sdk.join("build.py")).arg("--bindings").arg(&bindings))?;
    let mut check = Command::new(mypy);
    check.args(["--strict", "--python-version", "3.14", "realtime", "builder", "build.py", "tests"]);
    check.arg("../../examples/chat-python").arg("--cache-dir").arg(workspace.target().join("mypy-cache"));
    run(check.env("MYPYPATH", bindings).current_dir(sdk))
}

/// When anything below a folder last changed; none where there are no files.
fn newest(dir: &Path) -> anyhow::Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let entry = entry?;
        let changed = match entry.file_name() {
            name if name == "__pycache__" => None,
            _ if entry.file_type()?.is_dir() => self::newest(&entry.path())?,
            _ => Some(entry.metadata()?.modified()?),
        };
        newest = newest.max(changed);
    }
    Ok(newest)
}
