//! Runs other programs, and says how to get those that are missing.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::Context;

use super::supervise;
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
fn start(command: &Command, get: &str) -> anyhow::Result<Output> {
    if !is_there(command.get_program()) {
        let program = command.get_program().to_string_lossy();
        return Err(hint::error(format!("`{program}` is missing"), get));
    }
    supervise::output(command).with_context(|| format!("cannot start `{}`", shown(command)))
}

/// Whether a program is in one of the folders of `PATH`.
fn is_there(program: &OsStr) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The program and its first arguments, enough to recognise it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args().take(3));
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
