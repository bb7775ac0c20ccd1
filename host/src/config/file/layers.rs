//! The file below the command line and the environment: its keys become arguments, unless one of these two has them.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::document::{Document, Namespace, Setting};
use super::keys::Keys;

/// The program's name and the subcommand; the file's arguments come after these.
const WORDS: usize = 2;

/// A command line that runs a subcommand with the settings of `host run`.
#[derive(Debug, Clone)]
pub struct Layers {
    program: Command,
    words: Vec<OsString>,
    given: ArgMatches,
}

impl Layers {
    /// Reads a command line. `program` is the command with all its subcommands.
    ///
    /// # Errors
    ///
    /// If clap refuses it.
    pub fn new(program: Command, words: Vec<OsString>) -> Result<Self, clap::Error> {
        let given = program.clone().try_get_matches_from(&words)?;
        Ok(Self { program, words, given })
    }

    /// Without any file.
    pub fn given(&self) -> &ArgMatches {
        &self.given
    }

    /// The keys that a file may have.
    pub fn keys(&self) -> Keys {
        Keys::of(self.program.find_subcommand("run").unwrap_or(&self.program))
    }

    /// The settings of the host.
    ///
    /// # Errors
    ///
    /// If some of the file contradict each other or the command line.
    pub fn host(&self, document: &Document) -> anyhow::Result<ArgMatches> {
        self.with(document, document.settings.iter())
    }

    /// The settings of a namespace: its own before those of the host.
    ///
    /// # Errors
    ///
    /// As [`Layers::host`].
    pub fn namespace(&self, document: &Document, namespace: &Namespace) -> anyhow::Result<ArgMatches> {
        let own = &namespace.settings;
        let of_host = document.settings.iter().filter(|setting| !own.iter().any(|one| one.replaces(setting)));
        self.with(document, of_host.chain(own))
    }

    fn with<'a>(
        &self,
        document: &Document,
        settings: impl Iterator<Item = &'a Setting> + Clone,
    ) -> anyhow::Result<ArgMatches> {
        let used = settings.clone().filter(|setting| !self.has(setting));
        let mut words = self.words.clone();
        let at = WORDS.min(words.len());
        words.splice(at..at, used.clone().flat_map(arguments));
        self.program.clone().try_get_matches_from(words).map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let error = anyhow::anyhow!("{}", first.strip_prefix("error: ").unwrap_or(first).to_owned());
            locate(error, document, used)
        })
    }

    /// Whether the command line or the environment has this setting, which then counts.
    pub(super) fn has(&self, setting: &Setting) -> bool {
        let Some((_, given)) = self.given.subcommand() else { return false };
        if let Some(variable) = &setting.variable {
            let mut variables = given.get_many::<(String, String)>("env").into_iter().flatten();
            return variables.any(|(name, _)| name == variable);
        }
        let source = self.flag_id(&setting.key).and_then(|id| given.value_source(&id));
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    }

    fn flag_id(&self, key: &str) -> Option<String> {
        let subcommand = self.program.find_subcommand(self.given.subcommand_name()?)?;
        let flag = subcommand.get_arguments().find(|flag| flag.get_long() == Some(key))?;
        Some(flag.get_id().to_string())
    }
}

/// The arguments that say the same.
fn arguments(setting: &Setting) -> Vec<OsString> {
    let Setting { key, values, .. } = setting;
    match values.as_slice() {
        [] => vec![format!("--{key}").into()],
        values => values.iter().map(|value| format!("--{key}={value}").into()).collect(),
    }
}

/// Adds to an error where the file has the first setting that it names.
fn locate<'a>(error: anyhow::Error, document: &Document, settings: impl Iterator<Item = &'a Setting>) -> anyhow::Error {
    let text = error.to_string();
    let place = |setting: &'a Setting| Some((find_flag(&text, &setting.key)?, setting.at));
    match settings.filter_map(place).min() {
        Some((_, at)) => document.file.located(at, error),
        None => error,
    }
}

impl Layers {
    /// Adds to an error where the file has the first setting that it names, of the host or of a namespace, if the file's
    /// value is the one that counts.
    pub fn locate(&self, document: &Document, namespace: Option<&Namespace>, error: anyhow::Error) -> anyhow::Error {
        let own = namespace.into_iter().flat_map(|namespace| &namespace.settings);
        locate(error, document, own.chain(&document.settings).filter(|setting| !self.has(setting)))
    }
}

/// Where a text names a flag.
fn find_flag(text: &str, key: &str) -> Option<usize> {
    let flag = format!("--{key}");
    text.match_indices(&flag).map(|(at, _)| at).find(|at| {
        let next = text.get(at + flag.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_found_as_whole_words() {
        assert_eq!(find_flag("--kv-url is wrong, --kv too", "kv"), Some(19));
        assert_eq!(find_flag("--kv-url is wrong", "kv"), None);
        assert_eq!(find_flag("'--kv' is wrong", "kv"), Some(1));
    }
}
