//! Tests of the Python SDK.

use std::process::Command;

use crate::install;
use crate::run::{run, step};
use crate::workspace::Workspace;

const MYPY: &str = "2.4.1";

/// The examples in Python, below `examples`.
const EXAMPLES: [&str; 2] = ["chat-python", "tic-tac-toe-python"];

/// Runs the SDK's tests, the tests of the examples, and the type checker.
pub fn test(workspace: &Workspace) -> anyhow::Result<()> {
    step("Python tests");
    let sdk = workspace.root.join("guest-sdk/python");
    run(Command::new("python3").args(["-m", "unittest", "discover", "-s", "tests", "-t", "."]).current_dir(&sdk))?;
    for example in EXAMPLES {
        let folder = workspace.root.join("examples").join(example);
        run(Command::new("python3").args(["-m", "unittest"]).env("PYTHONPATH", &sdk).current_dir(folder))?;
    }

    step("types of the Python SDK");
    let mypy = install::pypi_program(workspace.target(), "mypy", MYPY)?;
    let bindings = workspace.target().join("python-bindings");
    run(Command::new("python3").arg(sdk.join("build.py")).arg("--bindings").arg(&bindings))?;
    let mut check = Command::new(mypy);
    check.args(["--strict", "--python-version", "3.14", "realtime", "builder", "build.py", "tests"]);
    check.args(EXAMPLES.map(|example| format!("../../examples/{example}")));
    check.arg("--cache-dir").arg(workspace.target().join("mypy-cache"));
    run(check.env("MYPYPATH", bindings).current_dir(sdk))
}
