//! Environment variables that look like settings and are none: misspelled ones would be ignored without a word.

use std::ffi::OsString;

use clap::Command;

/// What else begins so: the log's filter, and the program for those who start it (tests of new projects).
const OTHERS: [&str; 2] = ["HOST_LOG", "HOST_BIN"];
/// From which likeness on a setting is suggested, as clap does for flags.
const ALIKE: f64 = 0.8;

/// Warns of each variable that begins with `HOST_` and that no command reads.
pub fn warn_of_unknown(command: &Command) {
    for warning in unknown(command, std::env::vars_os().map(|(name, _)| name)) {
        tracing::warn!("{warning}");
    }
}

fn unknown(command: &Command, names: impl Iterator<Item = OsString>) -> Vec<String> {
    let arguments = command.get_subcommands().flat_map(Command::get_arguments);
    let settings: Vec<_> = arguments.filter_map(|argument| argument.get_env()?.to_str()).chain(OTHERS).collect();
    let mut unknown: Vec<_> = names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("HOST_") && !settings.contains(&name.as_str()))
        .collect();
    unknown.sort_unstable();
    unknown.iter().map(|name| warning(name, &settings)).collect()
}

fn warning(name: &str, settings: &[&str]) -> String {
    let likeness = |setting: &&&str| strsim::normalized_damerau_levenshtein(name, setting);
    let nearest = settings.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = match nearest.filter(|setting| likeness(setting) >= ALIKE) {
        Some(setting) => format!("did you mean {setting}?"),
        None => "`host run --help` lists those that there are".to_owned(),
    };
    format!("the environment variable {name} is no setting and has no effect; hint: {hint}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_no_command_reads_is_told() {
        let names = ["HOST_MAX_PAYLOD", "HOST_MAX_PAYLOAD", "HOST_LOG", "HOSTNAME", "HOST_IP", "PATH", "HOST_INSTALL"];
        let told = unknown(&Cli::command(), names.into_iter().map(OsString::from));
        assert_eq!(
            told,
            [
                "the environment variable HOST_IP is no setting and has no effect; hint: `host run --help` lists those \
                 that there are",
                "the environment variable HOST_MAX_PAYLOD is no setting and has no effect; hint: did you mean \
                 HOST_MAX_PAYLOAD?",
            ]
        );
    }
}
