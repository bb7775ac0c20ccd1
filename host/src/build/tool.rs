//! Other programs: whether they are there, what they print, whether they succeed.

use std::io;
use std::process::{Command, Output, Stdio};

use anyhow::Context;

use crate::hint;

/// Runs a program for what it prints on stdout; its stderr is the user's. `get` says how to get the program.
///
/// # Errors
///
/// It is missing, cannot be started, or fails.
pub(super) fn output(command: &mut Command, get: &str) -> anyhow::Result<String> {
    let name = shown(command);
    let Output { status, stdout, .. } = match command.stdin(Stdio::null()).stderr(Stdio::inherit()).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let program = command.get_program().to_string_lossy();
            return Err(hint::error(format!("`{program}` is missing"), get));
        }
        output => output.with_context(|| format!("cannot start `{name}`"))?,
    };
    anyhow::ensure!(status.success(), "`{name}` failed ({status})");
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}

/// The program and its first arguments, enough to recognise it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args().take(3));
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
