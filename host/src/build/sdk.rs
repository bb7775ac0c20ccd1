//! The SDKs, which this program contains, so that whatever it builds fits it.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rust_embed::Embed;

use runtime::private_dir;

#[derive(Embed)]
#[folder = "../guest-sdk"]
#[prefix = "guest-sdk/"]
#[include = "src/*"]
#[include = "Cargo.toml"]
#[include = "js/globals.d.ts"]
#[include = "js/index.d.ts"]
#[include = "js/bin/*"]
#[include = "js/src/*"]
#[include = "js/wit/*"]
#[include = "js/package.json"]
#[include = "js/package-lock.json"]
#[include = "python/build.py"]
#[include = "python/builder/*.py"]
#[include = "python/realtime/*"]
#[exclude = "*/__pycache__/*"]
struct Sdks;

#[derive(Embed)]
#[folder = "../wit"]
#[prefix = "wit/"]
#[include = "*.wit"]
struct Wit;

/// The SDKs as files.
#[derive(Debug)]
pub(super) struct Sdk {
    /// Has the same folders as the repository: `guest-sdk`, `wit`.
    pub dir: PathBuf,
    /// The digest of everything in it.
    pub digest: String,
}

impl Sdk {
    /// Finds the SDKs in the cache folder, or unpacks them there.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written to, or other users can write to it, too: its files are executed.
    pub(super) fn unpack(cache: &Path) -> anyhow::Result<Self> {
        let digest = digest();
        let dir = cache.join("sdk").join(&digest);
        private_dir::open(cache)?;
        if !dir.exists() {
            write(&dir).with_context(|| format!("cannot write the SDKs to {}", dir.display()))?;
        }
        Ok(Self { dir, digest })
    }
}

/// Writes all files, or none.
fn write(dir: &Path) -> anyhow::Result<()> {
    let temporary = dir.with_extension(format!("{}.tmp", std::process::id()));
    for (path, content) in files() {
        let file = temporary.join(&*path);
        fs::create_dir_all(file.parent().context("no folder")?)?;
        fs::write(file, content)?;
    }
    let renamed = fs::rename(&temporary, dir);
    if renamed.is_err() {
        let _ = fs::remove_dir_all(&temporary);
    }
    // Another process may have been faster.
    if dir.exists() { Ok(()) } else { Ok(renamed?) }
}

/// Path and content of each file.
pub(super) fn files() -> impl Iterator<Item = (Cow<'static, str>, Cow<'static, [u8]>)> {
    let sdks = Sdks::iter().filter_map(|path| Some((path.clone(), Sdks::get(&path)?.data)));
    sdks.chain(Wit::iter().filter_map(|path| Some((path.clone(), Wit::get(&path)?.data))))
}

/// The text of one file.
pub(super) fn text(path: &str) -> anyhow::Result<String> {
    let file = Sdks::get(path).with_context(|| format!("there is no {path}"))?;
    Ok(String::from_utf8(file.data.into_owned())?)
}

fn digest() -> String {
    let files: Vec<_> = files().collect();
    super::hex(&super::digest(files.iter().flat_map(|(path, content)| [path.as_bytes(), content])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_complete_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let sdk = Sdk::unpack(home.path()).unwrap();
        for file in [
            "guest-sdk/js/bin/build.mjs",
            "guest-sdk/js/package-lock.json",
            "guest-sdk/js/src/runtime/serve.js",
            "guest-sdk/js/wit/world.wit",
            "guest-sdk/js/wit/deps/gateway/world.wit",
            "guest-sdk/python/build.py",
            "guest-sdk/python/realtime/__init__.py",
            "wit/world.wit",
        ] {
            assert!(sdk.dir.join(file).is_file(), "{file}");
        }
        for (path, _) in files() {
            assert!(!path.contains("node_modules") && !path.contains("__pycache__"), "{path}");
        }
    }

    #[test]
    fn they_are_written_once() {
        let home = tempfile::tempdir().unwrap();
        let Sdk { dir, digest } = Sdk::unpack(home.path()).unwrap();
        let made = fs::metadata(&dir).unwrap().modified().unwrap();
        let again = Sdk::unpack(home.path()).unwrap();
        assert_eq!((&again.dir, again.digest), (&dir, digest));
        assert_eq!(fs::metadata(&dir).unwrap().modified().unwrap(), made);
        write(&dir).unwrap();
        assert_eq!(fs::read_dir(home.path().join("sdk")).unwrap().count(), 1);
    }
}
