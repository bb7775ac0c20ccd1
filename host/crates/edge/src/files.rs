//! Static files of one folder.
//!
//! Hidden files (`.env`, `.git/…`) are not served, except `.well-known` (RFC 8615), nor is anything that a symbolic link
//! reaches outside the folder. A path with an empty segment names no file: a redirect to `//x/` would lead to another host.

use std::path::{Path, PathBuf};

use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

/// The files of one folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
    service: ServeDir,
}

impl Files {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), service: ServeDir::new(folder) }
    }

    /// What serves them, once [`Files::may_serve`] has said so.
    pub(crate) fn service(&self) -> ServeDir {
        self.service.clone()
    }

    /// Whether there is a file at a request's path, which may be served.
    pub(crate) async fn has(&self, path: &str) -> bool {
        if !self.may_serve(path).await {
            return false;
        }
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let file = self.folder.join(decoded.trim_start_matches('/'));
        tokio::fs::metadata(file).await.is_ok_and(|metadata| metadata.is_file())
    }

    /// Whether the file at a request's path may be served, if there is one.
    pub(crate) async fn may_serve(&self, path: &str) -> bool {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        if decoded.contains("//") {
            return false;
        }
        let segments = || decoded.split(['/', '\\']).filter(|segment| !segment.is_empty());
        if segments().any(|segment| segment.starts_with('.') && segment != ".well-known") {
            return false;
        }
        let file = segments().fold(self.folder.clone(), |path, segment| path.join(segment));
        let (folder, file) = tokio::join!(tokio::fs::canonicalize(&self.folder), tokio::fs::canonicalize(file));
        match (folder, file) {
            (Ok(folder), Ok(file)) => file.starts_with(folder),
            // What is not there is answered as such.
            _ => true,
        }
    }
}

/// Adds the character set to the type of a text file, which browsers would guess otherwise.
pub(crate) fn with_charset<B>(mut response: Response<B>) -> Response<B> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if let Some(kind) = kind.filter(|kind| kind.starts_with("text/") && !kind.contains("charset"))
        && let Ok(kind) = HeaderValue::try_from(format!("{kind}; charset=utf-8"))
    {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn only_what_lies_in_the_folder_and_is_not_hidden_is_served() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("web");
        fs::create_dir_all(root.join(".git")).unwrap();
        fs::create_dir_all(root.join(".well-known")).unwrap();
        fs::create_dir_all(home.path().join("other")).unwrap();
        for file in ["web/index.html", "web/.env", "web/.git/config", "web/.well-known/x", "other/secret", "secret"] {
            fs::write(home.path().join(file), "x").unwrap();
        }
        symlink(home.path().join("secret"), root.join("link")).unwrap();
        symlink(home.path().join("other"), root.join("folder")).unwrap();
        symlink("index.html", root.join("inside")).unwrap();
        let files = Files::new(&root);
        for good in ["/", "/index.html", "/inside", "/.well-known/x", "/nothing", "/a..b"] {
            assert!(files.may_serve(good).await, "{good}");
            assert_eq!(files.has(good).await, ["/index.html", "/inside", "/.well-known/x"].contains(&good), "{good}");
        }
        for bad in
            ["/.env", "/%2eenv", "/.git/config", "/a/.git", "/link", "/folder/secret", "/%2e%2e/secret", "//x", "/a//"]
        {
            assert!(!files.may_serve(bad).await, "{bad}");
        }
    }
}
