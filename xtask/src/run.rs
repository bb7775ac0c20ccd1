//! Runs other programs and shows what runs.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;

/// Announces the next step. Programs print their own progress below it.
pub fn step(what: &str) {
    eprintln!("\x1b[1m==> {what}\x1b[0m");
}

/// Runs a program and waits for its end.
///
/// # Errors
///
/// It cannot be started, or it fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = shown(command);
    let status = command.status().with_context(|| format!("cannot start `{name}`"))?;
    anyhow::ensure!(status.success(), "`{name}` failed ({status})");
    Ok(())
}

/// What a program prints on stdout, trimmed; `None` if there is no such program.
///
/// # Errors
///
/// It fails.
pub fn output(command: &mut Command) -> anyhow::Result<Option<String>> {
    let name = shown(command);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot start `{name}`")),
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "`{name}` failed ({}): {}", output.status, stderr.trim());
    Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// Replaces this process by the program, so that signals reach it and its exit code is returned.
///
/// # Errors
///
/// It cannot be started.
pub fn exec(command: &mut Command) -> anyhow::Result<()> {
    let name = shown(command);
    Err(command.exec()).with_context(|| format!("cannot start `{name}`"))
}

/// The program's name and its first arguments, for messages.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args().take(3));
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
