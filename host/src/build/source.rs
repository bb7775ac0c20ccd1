//! What kind of source a path is.

use std::path::{Path, PathBuf};

use crate::hint;

const SOURCES: &str = "give a component (`.wasm`), a file of JavaScript (`.js`, `.mjs`), TypeScript (`.ts`) or Python \
                       (`.py`), or the folder of a Cargo, npm or Python project";

/// The form of a handler: source or component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file that should be a component.
    Component(PathBuf),
    /// The folder of a Cargo package.
    Cargo(PathBuf),
    /// A file of JavaScript or TypeScript, or the folder of an npm package.
    JavaScript(PathBuf),
    /// A file of Python, or a folder of them.
    Python(PathBuf),
}

impl Source {
    /// Decides by names alone; no file is opened.
    ///
    /// # Errors
    ///
    /// If a folder has no project, or a file belongs to no language of this host.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            return Self::of_folder(path);
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension {
            // If it is missing, reading it reports the error.
            "wasm" => Ok(Self::Component(path.to_owned())),
            "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" if path.exists() => Ok(Self::JavaScript(path.to_owned())),
            "py" if path.exists() => Ok(Self::Python(path.to_owned())),
            "toml" if path.ends_with("Cargo.toml") => Ok(Self::Cargo(folder(path))),
            "rs" => Err(hint::error(
                format!("`{}` is one file of a Rust project", path.display()),
                "give the folder that has its Cargo.toml",
            )),
            _ if path.exists() => Err(hint::error(format!("cannot tell what `{}` is", path.display()), SOURCES)),
            _ => Err(hint::error(format!("`{}` does not exist", path.display()), SOURCES)),
        }
    }

    fn of_folder(path: &Path) -> anyhow::Result<Self> {
        let has = |names: &[&str]| names.iter().any(|name| path.join(name).is_file());
        if has(&["Cargo.toml"]) {
            Ok(Self::Cargo(path.to_owned()))
        } else if has(&["package.json"]) {
            Ok(Self::JavaScript(path.to_owned()))
        } else if has(&["pyproject.toml", "requirements.txt", "handler.py", "main.py"]) {
            Ok(Self::Python(path.to_owned()))
        } else {
            Err(hint::error(
                format!("the folder `{}` has no project", path.display()),
                "give a folder with a Cargo.toml, package.json, pyproject.toml or handler.py; `host new` makes one",
            ))
        }
    }
}

/// The folder that a file is in.
fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_tell() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("rust/src")).unwrap();
        fs::write(at("rust/Cargo.toml"), "").unwrap();
        fs::create_dir_all(at("npm")).unwrap();
        fs::create_dir_all(at("py")).unwrap();
        for file in ["notes.txt", "npm/package.json", "npm/chat.ts", "py/main.py"] {
            fs::write(at(file), "").unwrap();
        }
        let kind = |name: &str| Source::of(&at(name)).map_err(|error| error.to_string());
        assert_eq!(kind("nowhere.wasm"), Ok(Source::Component(at("nowhere.wasm"))));
        assert_eq!(kind("rust"), Ok(Source::Cargo(at("rust"))));
        assert_eq!(kind("rust/Cargo.toml"), Ok(Source::Cargo(at("rust"))));
        assert_eq!(kind("npm"), Ok(Source::JavaScript(at("npm"))));
        assert_eq!(kind("npm/chat.ts"), Ok(Source::JavaScript(at("npm/chat.ts"))));
        assert_eq!(kind("py"), Ok(Source::Python(at("py"))));
        assert_eq!(kind("py/main.py"), Ok(Source::Python(at("py/main.py"))));
        assert!(kind("nowhere.js").unwrap_err().contains("does not exist"));
        assert!(kind("rust/src").unwrap_err().contains("has no project"));
        assert!(kind("rust/src/lib.rs").unwrap_err().contains("one file of a Rust project"));
        assert!(kind("notes.txt").unwrap_err().contains("cannot tell what"));
        assert!(kind("nowhere.txt").unwrap_err().contains("does not exist"));
        assert_eq!(folder(Path::new("Cargo.toml")), Path::new("."));
    }
}
