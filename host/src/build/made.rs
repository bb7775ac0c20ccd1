//! Components that were built before, and are used again while their input files are the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use sha2::{Digest, Sha256};

/// Files and the digests of their contents.
type Digests = BTreeMap<PathBuf, String>;

/// The component of a source: the one that was built before, or the result of `build`.
///
/// There is one for each `source` and `variant`. `build` gets the path of the component to write, and the path of the
/// list of its input files to write, one on each line.
///
/// # Errors
///
/// Those of `build`, and if the cache cannot be written to.
pub(super) fn component(
    cache: &Path,
    source: &Path,
    variant: &[&str],
    build: impl FnOnce(&Path, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let source = source.canonicalize().with_context(|| format!("cannot find {}", source.display()))?;
    let folder = cache.join("builds").join(name(&source, variant));
    let stem = source.file_stem().unwrap_or("handler".as_ref());
    let component = folder.join(stem).with_extension("wasm");
    let record = folder.join("made-of.json");

    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Wait for another process that is building the same.
    let lock = File::create(folder.join("lock")).context("cannot lock the build")?;
    lock.lock().context("cannot lock the build")?;
    if component.exists() && recorded(&record).is_some_and(|digests| digests.iter().all(is_unchanged)) {
        return Ok(component);
    }

    let (new, inputs) = (folder.join("new"), folder.join("inputs"));
    let begin = SystemTime::now();
    build(&new, &inputs)?;
    let _ = fs::remove_file(&record);
    fs::rename(&new, &component).with_context(|| format!("cannot write {}", component.display()))?;
    if let Some(digests) = unchanged_since(begin, &fs::read_to_string(&inputs).context("cannot read its inputs")?) {
        let text = serde_json::to_vec(&digests).context("a path is not UTF-8")?;
        fs::write(&record, text).with_context(|| format!("cannot write {}", record.display()))?;
    }
    Ok(component)
}

fn name(source: &Path, variant: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in [source.as_os_str().as_encoded_bytes()].into_iter().chain(variant.iter().map(|part| part.as_bytes())) {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    super::hex(&digest.finalize())
}

fn recorded(record: &Path) -> Option<Digests> {
    serde_json::from_slice(&fs::read(record).ok()?).ok()
}

fn is_unchanged((path, digest): (&PathBuf, &String)) -> bool {
    content(path).is_some_and(|now| now == *digest)
}

fn content(path: &Path) -> Option<String> {
    Some(super::hex(&Sha256::digest(fs::read(path).ok()?)))
}

/// The digests of these files; none if one may have changed after the build read it.
fn unchanged_since(begin: SystemTime, files: &str) -> Option<Digests> {
    let digest = |file: &str| {
        let path = PathBuf::from(file);
        let changed = fs::metadata(&path).ok()?.modified().ok()?;
        (changed < begin).then_some(())?;
        Some((path.clone(), content(&path)?))
    };
    files.lines().map(digest).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Project(tempfile::TempDir);

    impl Project {
        fn new() -> Self {
            let project = Self(tempfile::tempdir().unwrap());
            project.write("chat.js", "one");
            project.write("words.js", "hello");
            project
        }

        /// As if it had been saved a while ago.
        fn write(&self, name: &str, text: &str) {
            let file = self.0.path().join(name);
            fs::write(&file, text).unwrap();
            File::open(file).unwrap().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        }

        /// Builds, and returns the component's content and whether it had to be built.
        fn build(&self, variant: &str) -> (String, bool) {
            let file = |name: &str| self.0.path().join(name);
            let mut made = false;
            let component = component(&file("cache"), &file("chat.js"), &[variant], |component, inputs| {
                made = true;
                let text = fs::read_to_string(file("chat.js"))? + &fs::read_to_string(file("words.js"))?;
                fs::write(component, text)?;
                Ok(fs::write(inputs, format!("{}\n{}\n", file("chat.js").display(), file("words.js").display()))?)
            });
            let component = component.unwrap();
            assert_eq!(component.file_name().unwrap(), "chat.wasm");
            (fs::read_to_string(component).unwrap(), made)
        }
    }

    #[test]
    fn it_is_made_again_where_a_file_has_changed() {
        let project = Project::new();
        assert_eq!(project.build(""), ("onehello".into(), true));
        assert_eq!(project.build(""), ("onehello".into(), false));
        project.write("words.js", "world");
        assert_eq!(project.build(""), ("oneworld".into(), true));
        assert_eq!(project.build(""), ("oneworld".into(), false));
        assert_eq!(project.build("other"), ("oneworld".into(), true));
        project.write("other.js", "");
        assert_eq!(project.build(""), ("oneworld".into(), false));
    }

    #[test]
    fn what_changes_during_the_build_is_built_again() {
        let project = Project::new();
        File::open(project.0.path().join("words.js"))
            .unwrap()
            .set_modified(SystemTime::now() + Duration::from_secs(60))
            .unwrap();
        assert!(project.build("").1);
        assert!(project.build("").1);
    }

    #[test]
    fn a_build_that_fails_leaves_what_was_there() {
        let project = Project::new();
        project.build("");
        project.write("chat.js", "two");
        let cache = project.0.path().join("cache");
        let failed = component(&cache, &project.0.path().join("chat.js"), &[""], |_, _| anyhow::bail!("no"));
        assert_eq!(failed.unwrap_err().to_string(), "no");
        project.write("chat.js", "one");
        assert_eq!(project.build(""), ("onehello".into(), false));
    }
}
