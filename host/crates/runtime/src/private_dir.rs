//! Folders whose files are executed: all of them must come from this user.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Why a folder cannot hold files that are executed.
#[derive(Debug, thiserror::Error)]
pub enum PrivateDirError {
    /// It cannot be made or inspected.
    #[error("cannot use {path}", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is a link, belongs to someone else, or others may write to it.
    #[error("{path} is not a directory that belongs to this user alone", path = .0.display())]
    NotPrivate(PathBuf),
}

/// Opens the folder; makes it with mode 0700 if it does not exist.
///
/// # Errors
///
/// If it cannot be made, belongs to someone else, or others may write to it.
pub fn open(directory: &Path) -> Result<(), PrivateDirError> {
    let io = |error| PrivateDirError::Io(directory.to_owned(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    // A link is not followed: the owner of its target says nothing about who can redirect the link.
    let found = fs::symlink_metadata(directory).map_err(io)?;
    let private = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0;
    if private { Ok(()) } else { Err(PrivateDirError::NotPrivate(directory.to_owned())) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_for_this_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("a/b");
        open(&directory).unwrap();
        open(&directory).unwrap();
        assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn one_that_others_may_write_to_is_refused() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(open(home.path()), Err(PrivateDirError::NotPrivate(_))));
    }

    #[test]
    fn a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target");
        let link = home.path().join("link");
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(open(&link), Err(PrivateDirError::NotPrivate(_))));
    }
}
