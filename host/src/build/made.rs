//! Components that were built before, and are used again while all that their build depends on is the same: the files
//! that it read, those that it looked for and did not find, and the folders that it listed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;

/// Paths, and what was there.
type Inputs = BTreeMap<String, State>;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Nothing.
    Absent,
    /// A folder, whatever is in it.
    Folder,
    /// The digest of a file's content, or of the names in a folder.
    Digest(String),
}

/// The component of a source: the one that was built before, or the result of `build`.
///
/// There is one for each `source` and `variant`; with `rebuild` it is made in any case. `build` gets the path of the
/// component to write, and the path of the list of its inputs to write, a path on each line: a file, which may not be
/// there, or a folder. With a `/` at its end, it is a folder in which no name may come or go.
///
/// # Errors
///
/// Those of `build`, and if the cache cannot be written to.
pub(super) fn component(
    cache: &Path,
    source: &Path,
    variant: &[&str],
    rebuild: bool,
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
    if !rebuild && component.exists() && recorded(&record).is_some_and(|inputs| inputs.iter().all(is_unchanged)) {
        return Ok(component);
    }

    let (new, inputs) = (folder.join("new"), folder.join("inputs"));
    let begin = SystemTime::now();
    build(&new, &inputs)?;
    let _ = fs::remove_file(&record);
    fs::rename(&new, &component).with_context(|| format!("cannot write {}", component.display()))?;
    if let Some(inputs) = unchanged_since(begin, &fs::read_to_string(&inputs).context("cannot read its inputs")?) {
        let text = serde_json::to_vec(&inputs).context("cannot write the inputs")?;
        fs::write(&record, text).with_context(|| format!("cannot write {}", record.display()))?;
    }
    Ok(component)
}

fn name(source: &Path, variant: &[&str]) -> String {
    let parts = [source.as_os_str().as_encoded_bytes()].into_iter();
    super::hex(&super::digest(parts.chain(variant.iter().map(|part| part.as_bytes()))))
}

fn recorded(record: &Path) -> Option<Inputs> {
    serde_json::from_slice(&fs::read(record).ok()?).ok()
}

fn is_unchanged((path, state): (&String, &State)) -> bool {
    state_of(path).is_ok_and(|now| now == *state)
}

fn state_of(path: &str) -> io::Result<State> {
    let state = if path.ends_with('/') { names(path) } else { content(path) };
    match state {
        // Also below a file, where a folder would have to be.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(State::Absent)
        }
        state => state,
    }
}

fn content(path: &str) -> io::Result<State> {
    if fs::metadata(path)?.is_dir() {
        return Ok(State::Folder);
    }
    Ok(State::Digest(super::hex(&super::digest([&*fs::read(path)?]))))
}

/// The names in a folder, and which of them are folders.
fn names(folder: &str) -> io::Result<State> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let mut name = entry.file_name().into_encoded_bytes();
        name.push(if entry.path().is_dir() { b'/' } else { b' ' });
        names.push(name);
    }
    names.sort_unstable();
    Ok(State::Digest(super::hex(&super::digest(names.iter().map(Vec::as_slice)))))
}

/// What is at these paths; none if something may have changed after the build read it.
fn unchanged_since(begin: SystemTime, paths: &str) -> Option<Inputs> {
    let input = |path: &str| {
        let state = state_of(path).ok()?;
        if let State::Digest(_) = state {
            let changed = fs::metadata(path).ok()?.modified().ok()?;
            (changed < begin).then_some(())?;
        }
        Some((path.to_owned(), state))
    };
    paths.lines().map(input).collect()
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
            let rebuild = variant == "rebuild";
            let variant = if rebuild { "" } else { variant };
            let component = component(&file("cache"), &file("chat.js"), &[variant], rebuild, |component, inputs| {
                made = true;
                let text = fs::read_to_string(file("chat.js"))? + &fs::read_to_string(file("words.js"))?;
                fs::write(component, text)?;
                let names = ["chat.js", "words.js", "words.ts", "folder", "plugins/"];
                let lines = names.map(|name| format!("{}/{name}\n", self.0.path().display()));
                Ok(fs::write(inputs, lines.concat())?)
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
    fn it_is_made_again_where_something_comes_or_goes_that_was_looked_for() {
        let project = Project::new();
        let past = SystemTime::now() - Duration::from_secs(60);
        let folder = |name: &str| {
            fs::create_dir_all(project.0.path().join(name)).unwrap();
            File::open(project.0.path().join(name)).unwrap().set_modified(past).unwrap();
        };
        assert!(project.build("").1);
        assert!(!project.build("").1);
        let changed = |what: &str, change: &dyn Fn()| {
            change();
            folder("plugins");
            assert!(project.build("").1, "{what}");
            assert!(!project.build("").1, "{what}");
        };
        changed("a folder that is listed", &|| folder("plugins"));
        changed("a file that would have come first", &|| project.write("words.ts", ""));
        changed("a file in place of a folder", &|| project.write("folder", ""));
        changed("a folder in its place", &|| {
            fs::remove_file(project.0.path().join("folder")).unwrap();
            folder("folder");
        });
        changed("a name in a listed folder", &|| project.write("plugins/a.js", ""));
        changed("another one", &|| folder("plugins/b"));
        changed("one less", &|| fs::remove_file(project.0.path().join("plugins/a.js")).unwrap());
        project.write("folder/x", "");
        project.write("other.js", "");
        assert!(!project.build("").1, "what nobody looked for");
    }

    #[test]
    fn it_is_made_again_on_demand() {
        let project = Project::new();
        project.build("");
        assert!(project.build("rebuild").1);
        assert!(!project.build("").1);
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
        let failed = component(&cache, &project.0.path().join("chat.js"), &[""], false, |_, _| anyhow::bail!("no"));
        assert_eq!(failed.unwrap_err().to_string(), "no");
        project.write("chat.js", "one");
        assert_eq!(project.build(""), ("onehello".into(), false));
    }
}
