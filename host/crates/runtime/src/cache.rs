//! Compiled code on disk, so that only the first start with a component compiles it.
//!
//! Entries are native code, and whoever can write them runs code as this user. So the directory is private
//! ([`private_dir`]), or is not used at all. An entry carries a checksum, which finds damage (a full disk, a crash),
//! not malice. All entries together take at most [`MAX_BYTES`]; beyond that the least recently used ones are removed.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::Engine;

use crate::private_dir::{self, PrivateDirError};

/// Most bytes of all entries together; one CPython component takes some 60 MB.
const MAX_BYTES: u64 = 1 << 30;

const CHECKSUM: usize = 32;
const SUFFIX: &str = ".cwasm";

/// A private directory of compiled code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCache {
    directory: PathBuf,
    max_bytes: u64,
}

impl CodeCache {
    /// Opens the directory, and makes it if it does not exist.
    ///
    /// # Errors
    ///
    /// If it cannot be made, or is not private to this user.
    pub fn open(directory: PathBuf) -> Result<Self, PrivateDirError> {
        private_dir::open(&directory)?;
        Ok(Self { directory, max_bytes: MAX_BYTES })
    }

    /// The entry of one component's code for one engine. Another version of wasmtime, other settings, another processor
    /// or another way to prepare components lead to another entry.
    pub(super) fn entry(&self, engine: &Engine, component: &[u8]) -> Entry<'_> {
        let mut engine_digest = DigestHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut engine_digest);
        component_fuse::VERSION.hash(&mut engine_digest);
        let name = format!("{:x}-{:x}{SUFFIX}", engine_digest.0.finalize(), Sha256::digest(component));
        Entry { cache: self, path: self.directory.join(name) }
    }

    /// Removes the least recently used entries until the rest fits. The entry `keep` stays, whatever its size.
    fn prune(&self, keep: &Path) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            // Another host may just have removed it.
            if let Ok(metadata) = entry.metadata() {
                entries.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in entries {
            if total <= self.max_bytes {
                break;
            }
            if path != keep && fs::remove_file(path).is_ok() {
                total -= length;
            }
        }
        Ok(())
    }
}

/// A file with a checksum, followed by the code.
pub(super) struct Entry<'a> {
    cache: &'a CodeCache,
    path: PathBuf,
}

impl Entry<'_> {
    /// The code, if there is some and its checksum is right.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        match read(&self.path) {
            Ok(Some(code)) => Some(code),
            Ok(None) => {
                tracing::warn!(file = %self.path.display(), "damaged entry in the cache of compiled code");
                None
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "cannot read the cache of compiled code");
                None
            }
        }
    }

    /// Writes a new file and renames it over the old one, so that no reader ever sees part of it.
    pub(super) fn write(&self, code: &[u8]) -> io::Result<()> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let write_id = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary = self.path.with_extension(format!("{}-{write_id}.tmp", std::process::id()));
        let written = write(&temporary, code).and_then(|()| fs::rename(&temporary, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.and_then(|()| self.cache.prune(&self.path))
    }
}

/// None if the checksum is wrong.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut checksum = [0; CHECKSUM];
    let mut code = Vec::new();
    match file.read_exact(&mut checksum) {
        Ok(()) => file.read_to_end(&mut code)?,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    if Sha256::digest(&code).as_slice() != checksum {
        return Ok(None);
    }
    // The modification time tells which entries are in use. A read-only disk cannot keep it, which does not matter.
    let _ = file.set_modified(SystemTime::now());
    Ok(Some(code))
}

fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)
}

/// Feeds hashed values to SHA-256, which, unlike the standard library's hashes, is the same in every release.
struct DigestHasher(Sha256);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn cache() -> (tempfile::TempDir, CodeCache) {
        let home = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(home.path().join("a/b")).unwrap();
        (home, cache)
    }

    fn entry<'a>(cache: &'a CodeCache, name: &str) -> Entry<'a> {
        Entry { cache, path: cache.directory.join(format!("{name}{SUFFIX}")) }
    }

    #[test]
    fn what_was_written_is_read() {
        let (_home, cache) = cache();
        let entry = entry(&cache, "one");
        assert_eq!(entry.read(), None);
        entry.write(b"code").unwrap();
        assert_eq!(entry.read(), Some(b"code".to_vec()));
        assert_eq!(fs::metadata(&entry.path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&cache.directory).unwrap().count(), 1);
    }

    #[test]
    fn damage_is_found_and_replaced() {
        let (_home, cache) = cache();
        let entry = entry(&cache, "one");
        for damaged in [&b""[..], b"short", &[7; 100]] {
            fs::write(&entry.path, damaged).unwrap();
            assert_eq!(entry.read(), None);
            entry.write(b"code").unwrap();
            assert_eq!(entry.read(), Some(b"code".to_vec()));
        }
    }

    #[test]
    fn the_ones_unused_for_longest_go() {
        let (_home, mut cache) = cache();
        for (name, age) in [("old", 30), ("older", 60), ("new", 0)] {
            let entry = entry(&cache, name);
            entry.write(&[0; 100]).unwrap();
            let time = SystemTime::now() - std::time::Duration::from_secs(age);
            File::open(&entry.path).unwrap().set_modified(time).unwrap();
        }
        assert!(entry(&cache, "older").read().is_some(), "reading makes it the one used last");
        cache.max_bytes = 2 * (100 + CHECKSUM as u64);
        cache.prune(Path::new("")).unwrap();
        assert!(entry(&cache, "old").read().is_none());
        assert!(entry(&cache, "older").read().is_some());
        assert!(entry(&cache, "new").read().is_some());

        cache.max_bytes = 1;
        entry(&cache, "large").write(&[0; 100]).unwrap();
        assert_eq!(fs::read_dir(&cache.directory).unwrap().count(), 1);
        assert!(entry(&cache, "large").read().is_some());
    }
}
