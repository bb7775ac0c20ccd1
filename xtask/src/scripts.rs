//! The test components that are written in JavaScript and Python, built with the SDKs' own builders.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Context;

use crate::run::{run, step};
use crate::workspace::Workspace;

/// The guest languages other than Rust, as the tests name them.
pub const LANGUAGES: [&str; 2] = ["js", "python"];

/// Name and source file of each component.
const GUESTS: [(&str, &str); 8] = [
    ("chat-js", "examples/chat-js/chat.js"),
    ("clock-js", "tests/components/clock-js/clock.js"),
    ("probe-js", "tests/components/probe-js/probe.js"),
    ("whiteboard-js", "examples/whiteboard-js/whiteboard.js"),
    ("chat-python", "examples/chat-python/chat.py"),
    ("clock-python", "tests/components/clock-python/clock.py"),
    ("tic-tac-toe-python", "examples/tic-tac-toe-python/tic_tac_toe.py"),
    ("probe-python", "tests/components/probe-python/probe.py"),
];

/// Parts of the SDK that go into every component of the language.
const JS: [&str; 3] = ["guest-sdk/js/src", "guest-sdk/js/wit", "guest-sdk/js/package-lock.json"];
const PYTHON: [&str; 3] = ["guest-sdk/python/builder", "guest-sdk/python/realtime", "wit"];

/// Builds the components that are older than their sources. The others are kept, because each build takes a while and the
/// host would have to compile its result again.
pub fn build(workspace: &Workspace) -> anyhow::Result<()> {
    for (name, source) in GUESTS {
        let source = workspace.root.join(source);
        let is_js = source.extension().is_some_and(|extension| extension == "js");
        let component = workspace.guests_dir().join(format!("{name}.wasm"));
        let made = fs::metadata(&component).and_then(|metadata| metadata.modified()).ok();
        let folder = source.parent().context("a source without a folder")?;
        let sdk = if is_js { &JS[..] } else { &PYTHON[..] };
        let parts = sdk.iter().map(|part| workspace.root.join(part)).chain([folder.to_owned()]);
        let changed = parts.map(|part| newest(&part)).collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().max();
        if made.is_some() && made > changed {
            continue;
        }
        step(&format!("building the component {name}"));
        let mut build = if is_js {
            let mut node = Command::new("node");
            node.arg(workspace.root.join("guest-sdk/js/bin/build.mjs"));
            node
        } else {
            let mut python = Command::new("python3");
            python.arg(workspace.root.join("guest-sdk/python/build.py")).arg("--install");
            python
        };
        run(build.arg(&source).arg("--output").arg(&component))?;
    }
    Ok(())
}

/// When a file, or the newest file below a folder, last changed; `None` if there are no files.
fn newest(path: &Path) -> anyhow::Result<Option<SystemTime>> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot find {}", path.display()))?;
    if metadata.is_file() {
        return Ok(Some(metadata.modified()?));
    }
    let mut newest = None;
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let entry = entry?;
        if entry.file_name() != "__pycache__" {
            newest = newest.max(self::newest(&entry.path())?);
        }
    }
    Ok(newest)
}
