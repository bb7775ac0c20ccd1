//! What the file says: TOML, key by key, each checked where it stands.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Arg;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::keys::{Keys, check, is_list, is_switch};
use super::secret;
use super::text::File;
use crate::config::mounts::namespace_path;

/// The key that has no flag.
const NAMESPACE: &str = "namespace";

/// A file of settings, read.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it was.
    pub file: File,
    /// Those of the whole host.
    pub(super) settings: Vec<Setting>,
    /// What is served.
    pub namespaces: Vec<Namespace>,
}

/// A `[[namespace]]`.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Its path, if the component does not say it.
    pub path: Option<String>,
    /// Its component or source.
    pub component: PathBuf,
    /// Those that it has for itself.
    pub(super) settings: Vec<Setting>,
    /// Where it begins.
    pub(super) at: usize,
}

/// One key with its values, which are those of a flag.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) key: String,
    /// None for a switch that is on.
    pub(super) values: Vec<String>,
    /// For `env`: the variable's name.
    pub(super) variable: Option<String>,
    /// Where the value is.
    pub(super) at: usize,
    /// For a secret: what stands in the file for it.
    pub(super) reference: Option<String>,
}

impl Setting {
    /// Whether this one takes the place of another. Each variable of `env` stands for itself.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        (&self.key, &self.variable) == (&other.key, &other.variable)
    }
}

impl Document {
    /// # Errors
    ///
    /// If the file is no TOML, or has a key or a value that is none, with the line and the column.
    pub fn read(file: File, keys: &Keys) -> anyhow::Result<Self> {
        let root = DeTable::parse(file.text()).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            file.error(
                at,
                one_line(error.message()),
                "the file is TOML, see https://toml.io: `key = \"value\"`, a line each",
            )
        })?;
        let reader = Reader { file: &file, keys };
        let (mut settings, mut namespaces) = (Vec::new(), Vec::new());
        for (key, value) in root.get_ref() {
            match key.get_ref().as_ref() {
                NAMESPACE => namespaces = reader.namespaces(value)?,
                name if keys.get(name).is_none() => return Err(reader.unknown(key, value, [NAMESPACE])),
                _ => settings.extend(reader.settings(key, value)?),
            }
        }
        Ok(Self { file, settings, namespaces })
    }

    /// An error at a namespace, or of the whole file.
    pub fn error(&self, at: Option<&Namespace>, message: impl Display, hint: impl Into<String>) -> anyhow::Error {
        self.file.error(at.map_or(0, |namespace| namespace.at), message, hint)
    }
}

/// What readers of values need.
struct Reader<'a> {
    file: &'a File,
    keys: &'a Keys,
}

type Key<'a> = Spanned<DeString<'a>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn error(&self, value: &Value<'_>, message: impl Display, hint: impl Into<String>) -> anyhow::Error {
        self.file.error(value.span().start, message, hint)
    }

    fn unknown<'a>(
        &'a self,
        key: &Key<'_>,
        value: &Value<'_>,
        others: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Error {
        let hint = match value.get_ref() {
            DeValue::Table(_) if key.get_ref() != "env" => {
                "settings stand at the top of the file, without a table; only `[env]` and `[[namespace]]` are tables"
                    .to_owned()
            }
            _ => self.keys.advice(key.get_ref(), others),
        };
        self.file.error(key.span().start, format!("there is no setting `{}`", key.get_ref()), hint)
    }

    fn namespaces(&self, value: &Value<'_>) -> anyhow::Result<Vec<Namespace>> {
        let form = "write `[[namespace]]` before the keys of each";
        let DeValue::Array(tables) = value.get_ref() else {
            return Err(self.error(value, "`namespace` is no list of tables", form));
        };
        let mut namespaces: Vec<Namespace> = Vec::new();
        for table in tables.iter() {
            let DeValue::Table(entries) = table.get_ref() else {
                return Err(self.error(table, "a namespace is a table", form));
            };
            let namespace = self.namespace(entries, table.span().start)?;
            if let Some(path) = &namespace.path
                && namespaces.iter().any(|other| other.path.as_ref() == Some(path))
            {
                let at = entries.get("path").map_or(namespace.at, |path| path.span().start);
                return Err(self.file.error(
                    at,
                    format!("there are two namespaces `{path}`"),
                    "give each its own path",
                ));
            }
            namespaces.push(namespace);
        }
        Ok(namespaces)
    }

    fn namespace(&self, entries: &DeTable<'_>, at: usize) -> anyhow::Result<Namespace> {
        let (mut path, mut component, mut settings) = (None, None, Vec::new());
        for (key, value) in entries {
            match key.get_ref().as_ref() {
                "path" => path = Some(self.path(value)?),
                "component" => component = Some(self.component(value)?),
                name if Keys::is_of_namespaces(name) => settings.extend(self.settings(key, value)?),
                name if self.keys.get(name).is_some() => {
                    return Err(self.file.error(
                        key.span().start,
                        format!("`{name}` is a setting of the whole host, not of one namespace"),
                        "move it to the top of the file, before the first table",
                    ));
                }
                _ => return Err(self.unknown(key, value, ["path", "component"])),
            }
        }
        let component = component.ok_or_else(|| {
            self.file.error(
                at,
                "this namespace has no `component`",
                "name a component or a source: `component = \"chat.js\"`",
            )
        })?;
        Ok(Namespace { path, component, settings, at })
    }

    fn path(&self, value: &Value<'_>) -> anyhow::Result<String> {
        let path = self.text(value, "path")?;
        namespace_path(path).map_err(|error| self.file.located(value.span().start, error))
    }

    fn component(&self, value: &Value<'_>) -> anyhow::Result<PathBuf> {
        let path = self.text(value, "component")?;
        let found = self.file.beside(path);
        if path.is_empty() || !found.exists() {
            let hint = "name a component, a source file or a folder, relative to the folder of this file";
            return Err(self.error(value, format!("there is no `{}`", found.display()), hint));
        }
        Ok(found)
    }

    fn text<'b>(&self, value: &'b Value<'_>, key: &str) -> anyhow::Result<&'b str> {
        value.get_ref().as_str().ok_or_else(|| self.wrong_type(value, key, "text: `\"…\"`"))
    }

    fn wrong_type(&self, value: &Value<'_>, key: &str, wanted: &str) -> anyhow::Error {
        let found = value.get_ref().type_str();
        self.error(value, format!("`{key}` cannot be of the type {found}"), format!("write {wanted}"))
    }

    /// A key with its value; each variable of `env` is a setting.
    fn settings(&self, key: &Key<'_>, value: &Value<'_>) -> anyhow::Result<Vec<Setting>> {
        let name = key.get_ref().as_ref();
        let Some(flag) = self.keys.get(name) else { return Err(self.unknown(key, value, [])) };
        let at = value.span().start;
        let of = |values| Setting { key: name.to_owned(), values, variable: None, at, reference: None };
        Ok(match value.get_ref() {
            DeValue::Table(variables) if name == "env" => variables
                .iter()
                .map(|(variable, value)| self.variable(flag, variable, value))
                .collect::<Result<_, _>>()?,
            _ if name == "env" => return Err(self.wrong_type(value, name, "a table: `env = { NAME = \"value\" }`")),
            DeValue::Boolean(on) if is_switch(flag) => on.then(|| of(Vec::new())).into_iter().collect(),
            _ if is_switch(flag) => return Err(self.wrong_type(value, name, "`true` or `false`")),
            DeValue::Array(values) if is_list(flag) => {
                let read = values.iter().map(|value| self.scalar(flag, value)).collect::<anyhow::Result<Vec<_>>>()?;
                let has_secret = read.iter().any(|(_, reference)| reference.is_some());
                let reference = has_secret.then(|| self.as_written(value)).flatten();
                vec![Setting { reference, ..of(read.into_iter().map(|(value, _)| value).collect()) }]
            }
            _ => {
                let (value, reference) = self.scalar(flag, value)?;
                vec![Setting { reference, ..of(vec![value]) }]
            }
        })
    }

    /// One value, as the flag takes it; and what stands in the file for a secret.
    fn scalar(&self, flag: &Arg, value: &Value<'_>) -> anyhow::Result<(String, Option<String>)> {
        let key = flag.get_long().unwrap_or_default();
        let (text, reference) = self.text_or_secret(value, key, is_list(flag))?;
        let text = match text {
            path if Keys::is_path(key) && !path.is_empty() && path != "none" => {
                self.file.beside(&path).display().to_string()
            }
            text => text,
        };
        match check(flag, &text) {
            Ok(()) => Ok((text, reference)),
            // The reason may have the value.
            Err(_) if reference.is_some() || Keys::is_secret(key) => Err(self.error(
                value,
                format!("the secret is no value of `{key}`"),
                format!("see --{key} in `host run --help`"),
            )),
            Err(why) => {
                let hint = format!("see --{key} in `host run --help`");
                Err(self.error(value, format!("`{key}` cannot be `{}`: {why}", one_line(&text)), hint))
            }
        }
    }

    fn text_or_secret(&self, value: &Value<'_>, key: &str, list: bool) -> anyhow::Result<(String, Option<String>)> {
        Ok(match value.get_ref() {
            DeValue::String(text) => (text.to_string(), None),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => (number.to_string(), None),
                Err(_) => {
                    return Err(self.error(
                        value,
                        format!("`{key}` is no number of usual size"),
                        "write a smaller one",
                    ));
                }
            },
            DeValue::Table(table) => {
                let secret = secret::read(self.file, table, value.span().start)?;
                (secret, self.as_written(value))
            }
            _ => {
                let wanted = if list { "a list of texts: `[\"…\"]`" } else { "text or a number: `\"…\"`" };
                return Err(self.wrong_type(value, key, wanted));
            }
        })
    }

    fn as_written(&self, value: &Value<'_>) -> Option<String> {
        self.file.text().get(value.span()).map(str::to_owned)
    }

    fn variable(&self, flag: &Arg, name: &Key<'_>, value: &Value<'_>) -> anyhow::Result<Setting> {
        let variable = name.get_ref().to_string();
        let (text, reference) = self.text_or_secret(value, &variable, false)?;
        if variable.is_empty() || variable.contains(['=', '\0']) || text.contains('\0') {
            let hint = "names of variables are not empty and have no `=`; neither names nor values have a NUL";
            return Err(self.file.error(name.span().start, "this is no environment variable", hint));
        }
        let key = flag.get_long().unwrap_or_default().to_owned();
        let values = vec![format!("{variable}={text}")];
        Ok(Setting { key, values, variable: Some(variable), at: value.span().start, reference })
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
