//! The keys of the file: the flags of `host run`.

use std::error::Error;

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command};

/// Flags that are no keys: they say where the file is, or are for one start only. Namespaces have tables.
const NO_KEYS: [&str; 5] = ["config", "namespace", "rebuild", "help", "version"];

/// Keys that a namespace may have for itself.
const OF_NAMESPACES: [&str; 10] = [
    "env",
    "allow-net",
    "handler-time",
    "handler-commands",
    "handler-command-bytes",
    "reuse",
    "max-request-body",
    "max-waiting-requests",
    "kv",
    "kv-calls",
];

/// Keys whose values are paths, relative to the file's folder. `none` is none.
const PATHS: [&str; 4] = ["static", "client", "data", "cache-dir"];

/// Keys whose values are secrets.
const SECRETS: [&str; 1] = ["admin-token"];

/// From which likeness on a key is suggested, as clap does for flags.
const ALIKE: f64 = 0.7;

/// The keys of the file.
#[derive(Debug, Clone)]
pub struct Keys {
    flags: Vec<Arg>,
}

impl Keys {
    /// Those of `host run`.
    pub fn of(run: &Command) -> Self {
        let named = |flag: &&Arg| flag.get_long().is_some_and(|name| !NO_KEYS.contains(&name)) && !flag.is_hide_set();
        Self { flags: run.get_arguments().filter(named).cloned().collect() }
    }

    pub(super) fn flags(&self) -> impl Iterator<Item = (&str, &Arg)> {
        self.flags.iter().filter_map(|flag| Some((flag.get_long()?, flag)))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Arg> {
        self.flags().find_map(|(name, flag)| (name == key).then_some(flag))
    }

    pub(super) fn is_of_namespaces(key: &str) -> bool {
        OF_NAMESPACES.contains(&key)
    }

    pub(super) fn is_path(key: &str) -> bool {
        PATHS.contains(&key)
    }

    pub(super) fn is_secret(key: &str) -> bool {
        SECRETS.contains(&key)
    }

    /// What to do about a key that there is not.
    pub(super) fn advice<'a>(&'a self, unknown: &str, others: impl IntoIterator<Item = &'a str>) -> String {
        let likeness = |key: &&str| strsim::normalized_damerau_levenshtein(unknown, key);
        let keys = self.flags().map(|(key, _)| key).chain(others);
        match keys.filter(|key| likeness(key) >= ALIKE).max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
            Some(key) => format!("did you mean `{key}`?"),
            None => "keys are the flags that `host run --help` lists, without their dashes".to_owned(),
        }
    }
}

/// Whether a flag may be given several times.
pub(super) fn is_list(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::Append)
}

/// Whether a flag has no value.
pub(super) fn is_switch(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::SetTrue)
}

/// Has a flag's own parser look at a value. The error says why it is wrong.
pub(super) fn check(flag: &Arg, value: &str) -> Result<(), String> {
    let name = flag.get_long().unwrap_or_default();
    let command = Command::new("key").no_binary_name(true).arg(flag.clone().env(Resettable::Reset).required(false));
    let parsed = command.try_get_matches_from([format!("--{name}={value}")]);
    parsed.map(|_| ()).map_err(|error| match error.source() {
        Some(why) => why.to_string(),
        None => "not one of its values".to_owned() + &possible(flag),
    })
}

fn possible(flag: &Arg) -> String {
    let values: Vec<_> = flag.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if values.is_empty() { String::new() } else { format!(": write {}", values.join(" or ")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn keys() -> Keys {
        Keys::of(Cli::command().find_subcommand("run").unwrap())
    }

    #[test]
    fn the_lists_name_flags() {
        let keys = keys();
        for key in OF_NAMESPACES.iter().chain(&PATHS).chain(&SECRETS) {
            assert!(keys.get(key).is_some(), "{key}");
        }
        assert!(keys.get("max-payload").is_some() && keys.get("install").is_some());
        assert!(keys.get("namespace").is_none() && keys.get("help").is_none());
    }

    #[test]
    fn values_are_checked_by_the_flags() {
        let keys = keys();
        let check = |key: &str, value: &str| check(keys.get(key).unwrap(), value);
        assert_eq!(check("max-payload", "2MB"), Ok(()));
        assert!(check("max-payload", "many").unwrap_err().contains("not a size"));
        assert!(check("listen", "3000").unwrap_err().contains("ADDRESS:PORT"));
        assert_eq!(check("log-format", "xml").unwrap_err(), "not one of its values: write `pretty` or `json`");
        assert!(check("reuse", "0").is_err() && check("max-attachments", "-1").is_err());
    }

    #[test]
    fn misspelled_keys_have_advice() {
        assert_eq!(keys().advice("max_payload", []), "did you mean `max-payload`?");
        assert_eq!(keys().advice("componet", ["component"]), "did you mean `component`?");
        assert!(keys().advice("zzz", []).contains("--help"));
    }
}
