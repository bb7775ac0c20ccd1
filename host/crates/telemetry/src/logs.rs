//! Logs on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: one line of text for each event, coloured on a terminal.
    Pretty,
    /// For machines: one JSON object on each line.
    Json,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The value of an environment variable is not a filter.
    #[error("cannot parse {variable} `{directives}`")]
    Filter {
        /// `HOST_LOG` or `RUST_LOG`.
        variable: &'static str,
        /// Its value.
        directives: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was started before.
    #[error("cannot start logging")]
    Started(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Starts logging to stderr. The filter is `HOST_LOG`, else `RUST_LOG`, else `info`.
///
/// # Errors
///
/// The filter cannot be parsed, or logging was started before.
pub fn init(format: LogFormat) -> Result<(), LogError> {
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter()?).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Pretty => subscriber.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    started.map_err(LogError::Started)
}

fn filter() -> Result<EnvFilter, LogError> {
    for variable in ["HOST_LOG", "RUST_LOG"] {
        if let Ok(directives) = std::env::var(variable) {
            let filter = EnvFilter::try_new(expand(&directives));
            return filter.map_err(|source| LogError::Filter { variable, directives, source });
        }
    }
    Ok(EnvFilter::new("info"))
}

/// The parts of the program, as targets of log lines.
const PARTS: [&str; 6] = ["host", "edge", "gateway", "engine_io", "runtime", "telemetry"];

/// In a filter, `host` stands for all parts of the program, and `host::PART` for one of them.
fn expand(directives: &str) -> String {
    let expanded = directives.split(',').flat_map(|directive| {
        let rest = directive.trim().strip_prefix("host").unwrap_or("none");
        let part = rest.strip_prefix("::").filter(|part| PARTS.iter().any(|name| part.starts_with(name)));
        match part {
            Some(part) => vec![part.to_owned()],
            None if rest.is_empty() || rest.starts_with('=') => PARTS.map(|part| format!("{part}{rest}")).to_vec(),
            None => vec![directive.to_owned()],
        }
    });
    expanded.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_stands_for_all_its_parts() {
        assert_eq!(
            expand("warn,host=trace"),
            "warn,host=trace,edge=trace,gateway=trace,engine_io=trace,runtime=trace,telemetry=trace"
        );
        assert_eq!(expand("host::gateway=debug,info"), "gateway=debug,info");
        assert_eq!(expand("host::app=debug,guest=off,hostile=warn"), "host::app=debug,guest=off,hostile=warn");
    }
}
