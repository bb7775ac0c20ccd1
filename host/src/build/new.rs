//! New projects: a template, and the parts of the SDK that it needs.

use std::fs;
use std::path::Path;

use anyhow::Context;
use rust_embed::Embed;
use toml::{Table, Value};

use super::sdk;
use crate::hint;

/// Working projects called [`PLACEHOLDER`], in folders of the languages' names. The README shows their handlers.
#[derive(Embed)]
#[folder = "templates"]
struct Templates;

const PLACEHOLDER: &str = "hello";

/// The languages that have an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    Rust,
    #[value(alias = "javascript")]
    Js,
    #[value(alias = "typescript")]
    Ts,
    Python,
}

impl Language {
    fn template(self) -> &'static str {
        match self {
            Self::Rust => "rust/",
            Self::Js => "js/",
            Self::Ts => "ts/",
            Self::Python => "python/",
        }
    }

    /// Files of the SDK, and their places in a project.
    fn sdk(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust => &[("guest-sdk/src/", "sdk/guest-sdk/src/"), ("wit/", "sdk/wit/")],
            Self::Js | Self::Ts => {
                &[("guest-sdk/js/index.d.ts", "sdk/realtime.d.ts"), ("guest-sdk/js/globals.d.ts", "sdk/globals.d.ts")]
            }
            Self::Python => &[("guest-sdk/python/realtime/", "sdk/realtime/")],
        }
    }

    /// The command that runs the project's tests.
    pub fn test_command(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
            Self::Js | Self::Ts => "npm install && npm test",
            Self::Python => "PYTHONPATH=sdk python3 -m unittest",
        }
    }
}

/// Makes a project in `dir`, whose last part is its name.
///
/// # Errors
///
/// If the name is not valid for a package, `dir` is not empty, or it cannot be written to.
pub fn create(dir: &Path, language: Language) -> anyhow::Result<()> {
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !is_name(name) {
        return Err(hint::error(
            format!("`{name}` cannot be the name of a project"),
            "use lower-case letters, digits and `-`, and begin with a letter",
        ));
    }
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(hint::error(format!("`{}` exists already", dir.display()), "give another name, or remove it"));
    }
    for path in Templates::iter() {
        let (Some(place), Some(file)) = (path.strip_prefix(language.template()), Templates::get(&path)) else {
            continue;
        };
        let text = std::str::from_utf8(&file.data).context("a template is not UTF-8")?;
        // In this repository, a file with the dot would take effect for git.
        let place = if place == "gitignore" { ".gitignore" } else { place };
        write(&dir.join(place), text.replace(PLACEHOLDER, name).as_bytes())?;
    }
    for (from, to) in language.sdk() {
        for (path, content) in sdk::files() {
            if let Some(rest) = path.strip_prefix(from) {
                write(&dir.join(format!("{to}{rest}")), &content)?;
            }
        }
    }
    if language == Language::Rust {
        write(&dir.join("sdk/guest-sdk/Cargo.toml"), manifest()?.as_bytes())?;
    }
    Ok(())
}

/// Whether a name is valid for Cargo, for npm and in a namespace.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn write(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let folder = file.parent().context("no folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, content))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The manifest of the Rust SDK, with everything that it inherits from its workspace filled in.
fn manifest() -> anyhow::Result<String> {
    let workspace: Table = include_str!("../../../Cargo.toml").parse().context("the workspace's manifest")?;
    let mut manifest: Table = sdk::text("guest-sdk/Cargo.toml")?.parse().context("the SDK's manifest")?;
    for apart in ["dev-dependencies", "lints"] {
        manifest.remove(apart);
    }
    for (section, inherited) in [("package", "package"), ("dependencies", "dependencies")] {
        let inherited = workspace.get("workspace").and_then(|workspace| workspace.get(inherited));
        for (key, value) in manifest.get_mut(section).and_then(Value::as_table_mut).into_iter().flatten() {
            let Some(own) = value.as_table_mut().filter(|own| own.contains_key("workspace")) else { continue };
            own.remove("workspace");
            let theirs = inherited.and_then(|all| all.get(key)).with_context(|| format!("`{key}` is not inherited"))?;
            *value = merged(theirs, own);
        }
    }
    Ok(toml::to_string(&manifest)?)
}

/// A workspace's entry for a dependency, merged with what a package adds to it.
fn merged(theirs: &Value, own: &Table) -> Value {
    if own.is_empty() {
        return theirs.clone();
    }
    let mut all = match theirs {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    all.extend(own.clone());
    Value::Table(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_have_their_name_and_the_sdk() {
        let home = tempfile::tempdir().unwrap();
        for (language, files) in [
            (Language::Rust, &["src/lib.rs", "sdk/guest-sdk/src/lib.rs", "sdk/wit/world.wit"][..]),
            (Language::Js, &["handler.js", "sdk/realtime.d.ts", "sdk/globals.d.ts"]),
            (Language::Ts, &["src/handler.ts", "sdk/realtime.d.ts"]),
            (Language::Python, &["handler.py", "sdk/realtime/testing.py"]),
        ] {
            let dir = home.path().join(format!("my-{}", language.template().trim_end_matches('/')));
            create(&dir, language).unwrap();
            for file in [&["README.md", ".gitignore"], files].concat() {
                assert!(dir.join(file).is_file(), "{file}");
            }
            let handler = fs::read_to_string(dir.join(files[0])).unwrap();
            assert!(handler.contains("/my-") && !handler.contains(PLACEHOLDER), "{handler}");
            assert!(create(&dir, language).unwrap_err().to_string().contains("exists already"));
        }
    }

    #[test]
    fn the_manifest_inherits_nothing() {
        let manifest = manifest().unwrap();
        assert!(!manifest.contains("workspace"), "{manifest}");
        let table: Table = manifest.parse().unwrap();
        assert_eq!(table["package"]["edition"].as_str(), Some("2024"));
        assert_eq!(table["dependencies"]["http"]["optional"].as_bool(), Some(true));
    }

    #[test]
    fn names_are_those_that_packages_can_have() {
        for name in ["chat", "my-chat2"] {
            assert!(is_name(name));
        }
        for name in ["", "Chat", "2chat", "my chat", "..", "chat.js", "-x"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
