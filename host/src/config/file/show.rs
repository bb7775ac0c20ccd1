//! The effective settings, in the form of the file, with where each comes from. Defaults are comments.

use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use super::document::{Document, Namespace, Setting};
use super::keys::{Keys, is_list, is_switch};
use super::layers::Layers;
use crate::config::defaults::default;

/// Where the comments begin, if the values leave room.
const COLUMN: usize = 44;

/// All settings of the host, then the namespaces of a file with their own. No secret is shown, nor a variable's value.
///
/// # Errors
///
/// If settings of the file contradict each other or the command line.
pub fn show(layers: &Layers, document: Option<&Document>) -> anyhow::Result<String> {
    let of_host = document.map(|document| layers.host(document)).transpose()?;
    let matches = of_host.as_ref().unwrap_or_else(|| layers.given());
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    let mut shown = Shown { layers, document, text: String::new() };
    shown.text.push_str("# The effective settings of `host run`, and where they come from.\n\n");
    for (key, flag) in layers.keys().flags().filter(|(key, _)| *key != "env") {
        shown.flag(key, flag, matches);
    }
    shown.variables(matches);
    for namespace in document.iter().flat_map(|document| &document.namespaces) {
        shown.namespace(namespace);
    }
    Ok(shown.text)
}

struct Shown<'a> {
    layers: &'a Layers,
    document: Option<&'a Document>,
    text: String,
}

impl<'a> Shown<'a> {
    fn line(&mut self, setting: &str, origin: &str) {
        let _ = writeln!(self.text, "{setting:COLUMN$} # {origin}");
    }

    /// What the file has, if it counts.
    fn of_file(&self, is: impl Fn(&Setting) -> bool) -> Option<&'a Setting> {
        let setting = self.document?.settings.iter().find(|setting| is(setting))?;
        (!self.layers.has(setting)).then_some(setting)
    }

    fn place(&self, at: usize) -> String {
        self.document.map_or_else(String::new, |document| document.file.place(at))
    }

    fn flag(&mut self, key: &str, flag: &Arg, matches: &ArgMatches) {
        if let Some(setting) = self.of_file(|setting| setting.key == key) {
            let shown = match &setting.reference {
                Some(reference) => format!("{key} = {reference}"),
                None if Keys::is_secret(key) => hidden(key),
                None => format!("{key} = {}", value(flag, &setting.values)),
            };
            return self.line(&shown, &self.place(setting.at));
        }
        let id = flag.get_id().as_str();
        let given: Vec<_> =
            matches.get_raw(id).into_iter().flatten().map(|raw| raw.to_string_lossy().into_owned()).collect();
        let given = if Keys::is_secret(key) { hidden(key) } else { format!("{key} = {}", value(flag, &given)) };
        match (matches.value_source(id), default(id)) {
            (Some(ValueSource::CommandLine), _) => self.line(&given, "command line"),
            (Some(ValueSource::EnvVariable), _) => {
                let variable = flag.get_env().unwrap_or_default().to_string_lossy().into_owned();
                self.line(&given, &variable);
            }
            // Comments, so that what is shown can be used as a file: defaults of later versions may differ.
            (_, Some(default)) => self.line(&format!("# {key} = {}", quoted(&default)), "default"),
            (Some(_), None) => self.line(&format!("# {given}"), "default"),
            (None, None) => self.line(&format!("# {key}"), "default"),
        }
    }

    fn variables(&mut self, matches: &ArgMatches) {
        let variables: Vec<_> = matches.get_many::<(String, String)>("env").into_iter().flatten().collect();
        if !variables.is_empty() {
            self.text.push_str("\n[env]\n");
        }
        for (name, _) in variables {
            match self.of_file(|setting| setting.variable.as_ref() == Some(name)) {
                Some(setting) => self.variable(&quoted(name), setting),
                None => self.line(&hidden(&quoted(name)), "command line"),
            }
        }
    }

    fn variable(&mut self, name: &str, setting: &Setting) {
        let shown =
            setting.reference.as_ref().map_or_else(|| hidden(name), |reference| format!("{name} = {reference}"));
        self.line(&shown, &self.place(setting.at));
    }

    fn namespace(&mut self, namespace: &Namespace) {
        self.text.push_str("\n[[namespace]]\n");
        if let Some(path) = &namespace.path {
            let _ = writeln!(self.text, "path = {}", quoted(path));
        }
        let component = quoted(&namespace.component.display().to_string());
        self.line(&format!("component = {component}"), &self.place(namespace.at));
        let (layers, keys) = (self.layers, self.layers.keys());
        for setting in namespace.settings.iter().filter(|setting| !layers.has(setting)) {
            match (&setting.variable, keys.get(&setting.key)) {
                (Some(variable), _) => self.variable(&format!("env.{}", quoted(variable)), setting),
                (None, Some(flag)) => {
                    let value = setting.reference.clone().unwrap_or_else(|| value(flag, &setting.values));
                    self.line(&format!("{} = {value}", setting.key), &self.place(setting.at));
                }
                (None, None) => {}
            }
        }
    }
}

fn hidden(name: &str) -> String {
    format!("# {name} = (not shown)")
}

fn value(flag: &Arg, values: &[String]) -> String {
    let quoted = |value: &String| quoted(&without_password(value));
    match values {
        values if is_switch(flag) => values.first().is_none_or(|value| value != "false").to_string(),
        values if is_list(flag) => format!("[{}]", values.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        values => values.last().map(quoted).unwrap_or_default(),
    }
}

/// A URL without its password; other texts as they are.
fn without_password(text: &str) -> String {
    let masked = || {
        let (scheme, rest) = text.split_once("://")?;
        let (user, place) = rest.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:…@{place}"))
    };
    masked().unwrap_or_else(|| text.to_owned())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("redis://user:secret@host:1/0"), "redis://user:…@host:1/0");
        assert_eq!(without_password("redis://:a@b@host"), "redis://:…@host");
        assert_eq!(without_password("redis://host"), "redis://host");
        assert_eq!(without_password("https://example.org"), "https://example.org");
    }
}
