//! Which folder a component belongs to: its state is kept there.

use std::path::{Path, PathBuf, absolute};

/// The file with which tools mark folders that can be removed at any time (<https://bford.info/cachedir/>).
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// The folder of a project that a component or source is: the source's folder, or the file's. State must outlive
/// `cargo clean`, so a file within a folder of caches (such as Cargo's `target`) belongs to the folder around that.
pub(super) fn project(source: &Path) -> PathBuf {
    // If the current folder is gone, nothing can be opened anyway.
    let source = absolute(source).unwrap_or_else(|_| source.to_owned());
    let folder = if source.is_dir() { Some(source.as_path()) } else { source.parent() };
    let folder = folder.unwrap_or(Path::new("."));
    let cache = folder.ancestors().find(|folder| folder.join(CACHE_TAG).is_file());
    cache.and_then(Path::parent).unwrap_or(folder).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn state_is_kept_beside_the_source() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let built = root.join("target/wasm32-wasip2/release");
        fs::create_dir_all(&built).unwrap();
        fs::write(root.join("chat.js"), "").unwrap();
        assert_eq!(project(root), root);
        assert_eq!(project(&root.join("chat.js")), root);
        assert_eq!(project(&built.join("chat.wasm")), built);
        fs::write(root.join("target").join(CACHE_TAG), "").unwrap();
        assert_eq!(project(&built.join("chat.wasm")), root);
        assert_eq!(project(Path::new("nowhere.wasm")), std::env::current_dir().unwrap());
    }
}
