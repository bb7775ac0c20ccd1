//! Runs other programs, and says how to get those that are missing.

use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::Context;

use crate::hint;

/// Runs a program and returns its stdout; its stderr goes to the user. `get` says how to get the program.
///
/// # Errors
///
/// If it is missing, cannot be started, or fails.
pub(super) fn output(command: &mut Command, get: &str) -> anyhow::Result<String> {
    let Output { status, stdout, .. } = start(command, get)?;
    anyhow::ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}

/// Runs the tool that builds `source`; its stderr, which says why it fails, goes to the user.
///
/// # Errors
///
/// If it is missing, cannot be started, or fails.
pub(super) fn build(command: &mut Command, source: &Path, get: &str) -> anyhow::Result<()> {
    let status = start(command, get)?.status;
    anyhow::ensure!(status.success(), "`{}` was not built", source.display());
    Ok(())
}

/// Runs a program to its end, whether it succeeds or not.
fn start(command: &mut Command, get: &str) -> anyhow::Result<Output> {
    match command.stdin(Stdio::null()).stderr(Stdio::inherit()).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let program = command.get_program().to_string_lossy();
            Err(hint::error(format!("`{program}` is missing"), get))
        }
        output => output.with_context(|| format!("cannot start `{}`", shown(command))),
    }
}

/// The program and its first arguments, enough to recognise it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args().take(3));
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
