//! `host inspect`: prints what is known about a component.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Context;
use bytesize::ByteSize;
use guest::{Examination, Granted};
use runtime::Calls;
use telemetry::text::printable;

use super::load::{explain, start_runtime};
use super::wording;
use crate::config::InspectConfig;

/// Engines that may run a handler inside its component, by the names that `host build` writes there. Without one, it is
/// native code.
const ENGINES: [&str; 3] = ["CPython", "QuickJS", "StarlingMonkey"];

/// Prints a component's properties, imports and description.
///
/// # Errors
///
/// If the file is no component, or could not be served; what is known is printed anyway.
pub async fn inspect(config: InspectConfig) -> anyhow::Result<()> {
    let runtime = start_runtime(&config.runtime, config.cache_dir.as_deref())?;
    let examination = Examination::of(runtime, &config.file).await.map_err(explain)?;
    let text = render(&examination);
    std::io::stdout().lock().write_all(text.as_bytes()).context("cannot write to stdout")?;
    examination.description.map(|_| ()).map_err(explain)
}

fn render(examination: &Examination) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Names that the component has chosen must not steer the terminal.
        let _ = writeln!(text, "{name:<10} {}", printable(value));
    };
    line("size", &ByteSize(examination.size as u64).display().si().to_string());
    if let Some(calls) = examination.calls {
        line("world", world(calls));
    }
    let (engines, makers): (Vec<_>, Vec<_>) =
        examination.made_by.iter().map(String::as_str).partition(|maker| ENGINES.contains(maker));
    for (name, values) in [("engine", engines), ("made by", makers)] {
        if !values.is_empty() {
            line(name, &values.join(", "));
        }
    }
    if let Ok(description) = &examination.description {
        line("namespace", description.namespace.as_deref().unwrap_or("given by `host run`, else /"));
        line("events", &wording::events(description));
        for (index, schedule) in description.schedules.iter().enumerate() {
            line(if index == 0 { "schedules" } else { "" }, &wording::schedule(schedule));
        }
    }
    if examination.answers_http {
        line("answers", "plain HTTP requests");
    }
    if examination.keeps_state {
        line("keeps", "state, in a key-value store");
    }
    for (index, import) in examination.imports.iter().enumerate() {
        let granted = match import.granted {
            Granted::Always => String::new(),
            Granted::With(flag) => format!("  (granted with {flag})"),
            Granted::Never => "  (not granted)".to_owned(),
        };
        line(if index == 0 { "imports" } else { "" }, &format!("{}{granted}", import.name));
    }
    text
}

fn world(calls: Calls) -> &'static str {
    match calls {
        Calls::Plain => "handler",
        Calls::Concurrent => "async-handler",
    }
}
