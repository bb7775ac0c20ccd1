//! The `host` program: parse, run, print the error chain, exit code.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::CommandFactory;
use host::cli::operate::understood;
use host::cli::plan::prepare;
use host::cli::{Cli, Command, environment};
use host::config::{AdminConfig, Layers};
use host::{app, build, hint};
use telemetry::LogFormat;

fn main() -> ExitCode {
    let (cli, layers) = Cli::read();
    match execute(cli, &layers) {
        Ok(code) => code,
        Err(error) => {
            telemetry::write_stderr(render(&error));
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli, layers: &Layers) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Run(run) => {
            let plan = run.plan(layers)?;
            let _logging = telemetry::init(plan.log_format())?;
            environment::warn_of_unknown(&Cli::command());
            let layers = layers.clone();
            block_on(app::run(plan.prepare()?, Arc::new(move || prepare(&layers))))
        }
        Command::Check(check) => {
            let plan = check.plan()?;
            let _logging = telemetry::init(plan.log_format())?;
            environment::warn_of_unknown(&Cli::command());
            block_on(app::check_all(plan.prepare()?))
        }
        Command::Config(config) => {
            write!(std::io::stdout(), "{}", config.text(layers)?).context("cannot write to stdout")
        }
        Command::Reload(running) => operate(&running.admin()?, "/reload"),
        Command::Rollback(running) => operate(&running.admin()?, "/rollback"),
        Command::Build(build) => {
            let _logging = telemetry::init(LogFormat::Pretty)?;
            let (component, check) = build.execute()?;
            if let Some(config) = check {
                block_on(app::check(config, &build.source()))?;
            }
            let component = build.put(component)?;
            writeln!(std::io::stdout(), "{}", component.display()).context("cannot write to stdout")
        }
        Command::New(new) => write!(std::io::stdout(), "{}", new.execute()?).context("cannot write to stdout"),
        Command::Inspect(inspect) => {
            let _logging = telemetry::init(LogFormat::Pretty)?;
            block_on(app::inspect(inspect.into_config()?))
        }
        Command::Kv(kv) => {
            let _logging = telemetry::init(LogFormat::Pretty)?;
            block_on(app::kv(kv.into_config()?))
        }
        Command::Supervise { words } => return build::supervise(&words).context("cannot start a tool"),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn operate(host: &AdminConfig, path: &str) -> anyhow::Result<()> {
    block_on(async {
        let (status, body) = app::ask(host, path).await?;
        let revision = understood(status, &body)?;
        writeln!(std::io::stdout(), "revision {revision} serves").context("cannot write to stdout")
    })
}

fn block_on(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    let result = runtime.block_on(command);
    // Dropping the runtime would wait for blocking work without a time limit.
    runtime.shutdown_background();
    result
}

/// `error: …`, then a line for each cause, then a line for each hint.
fn render(error: &anyhow::Error) -> String {
    let mut text = printable("error: ", error);
    for cause in error.chain().skip(1) {
        text.push_str(&printable("  caused by: ", cause));
    }
    for hint in hint::hints(error) {
        text.push_str(&printable("hint: ", hint));
    }
    text
}

/// A message, whose lines may hold names that a component or a file has chosen: they must not steer the terminal.
fn printable(label: &str, message: impl Display) -> String {
    let message = message.to_string();
    let lines: Vec<_> = message.lines().map(telemetry::text::printable).collect();
    format!("{label}{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_cannot_steer_the_terminal() {
        let error = anyhow::anyhow!("no `a\u{1b}[2J`").context("two\nlines");
        assert_eq!(render(&error), "error: two\nlines\n  caused by: no `a\\u{1b}[2J`\n");
    }
}
