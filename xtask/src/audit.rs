//! `cargo xtask audit`: what `deny.toml` says about dependencies. Not a part of `test`, because it needs the network for
//! the list of known vulnerabilities.

use crate::install;
use crate::run::{run, step};
use crate::workspace::Workspace;

/// Runs every check of cargo-deny.
pub fn audit() -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    install::cargo_deny()?;
    step("checking the dependencies against deny.toml");
    run(workspace.cargo().args(["deny", "check"]))
}
