//! What a build starts ends with it, however the host ends: killed, too.
//!
//! The host starts itself once more, as the parent of the tool and the first of a session and its process group. Its stdin
//! is a pipe that closes when the host is gone; then it kills the group: the tool, and what that has started.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Output, Stdio};
use std::thread;

use rustix::process::{Signal, kill_current_process_group, setsid};

/// The hidden subcommand that calls [`supervise`].
pub(super) const SUBCOMMAND: &str = "supervise";

/// Runs a tool to its end. Its stdout is returned, its stderr goes to the user, and it has no stdin.
pub(super) fn output(tool: &Command) -> io::Result<Output> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(SUBCOMMAND).arg("--").arg(tool.get_program()).args(tool.get_args());
    for (name, value) in tool.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(dir) = tool.get_current_dir() {
        command.current_dir(dir);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn()?;
    // Waiting closes what is still a part of the child.
    let lifeline = child.stdin.take();
    let output = child.wait_with_output();
    drop(lifeline);
    output
}

/// Runs a program with the exit code as its own, until stdin ends: then kills the process group, and so itself.
///
/// # Errors
///
/// If the program cannot be started.
pub fn supervise(words: &[OsString]) -> io::Result<ExitCode> {
    let Some((program, arguments)) = words.split_first() else { return Ok(ExitCode::FAILURE) };
    // A session, and not only a group: in the background of a terminal, whoever asks for a password would stop forever.
    if setsid().is_ok() {
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            let _ = kill_current_process_group(Signal::KILL);
        });
    }
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).status()?;
    // As shells report a signal.
    let code = status.code().or_else(|| Some(128 + status.signal()?)).and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
