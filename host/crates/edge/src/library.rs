//! The client library, at the paths where the reference server has it and where pages look for it:
//! `/socket.io/socket.io.js` and its kin.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use gateway::handler::ResponseBody;
use http_body_util::BodyExt;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::http::uri::{PathAndQuery, Uri};
use hyper::{Request, Response};
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use crate::files::with_charset;

/// Where the client library is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientLibrary {
    /// A folder with its files, as in `socket.io-client/dist`.
    Folder(PathBuf),
    /// One file, which is `socket.io.js` as well as `socket.io.min.js`.
    File(PathBuf),
}

impl ClientLibrary {
    /// At a file; or in a folder, in the package `socket.io-client` that the folder is, or in the one that is installed in
    /// the folder. None if it is not there.
    pub fn find(place: &Path) -> Option<Self> {
        if place.is_file() {
            return Some(Self::File(place.to_owned()));
        }
        let folders = ["", "dist", "node_modules/socket.io-client/dist"].map(|below| place.join(below));
        folders.into_iter().find(|folder| folder.join("socket.io.js").is_file()).map(Self::Folder)
    }

    /// Answers a request for a file of this name, which [`is_library`] knows.
    pub(crate) async fn serve<B>(&self, name: &str, mut request: Request<B>) -> Option<Response<ResponseBody>>
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
    {
        let answer: Result<_, Infallible> = match self {
            Self::Folder(folder) => {
                *request.uri_mut() = Uri::from(PathAndQuery::try_from(format!("/{name}")).ok()?);
                ServeDir::new(folder).oneshot(request).await
            }
            Self::File(file) if matches!(name, "socket.io.js" | "socket.io.min.js") => {
                ServeFile::new(file).oneshot(request).await
            }
            Self::File(_) => return None,
        };
        let mut answer = with_charset(answer.unwrap_or_else(|never| match never {}));
        // As the reference server has it: kept, but asked for again, so that an update is seen.
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        Some(answer.map(BodyExt::boxed_unsync))
    }
}

/// Whether a file's name is one of the client library: `socket.io.js`, `socket.io.esm.min.js.map` …
pub(crate) fn is_library(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("socket.io") else { return false };
    let rest = [".msgpack", ".esm"].iter().find_map(|kind| rest.strip_prefix(kind)).unwrap_or(rest);
    let rest = rest.strip_prefix(".min").unwrap_or(rest);
    matches!(rest, ".js" | ".js.map")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_of_the_library() {
        for name in ["socket.io.js", "socket.io.min.js.map", "socket.io.esm.min.js", "socket.io.msgpack.min.js"] {
            assert!(is_library(name), "{name}");
        }
        for name in ["", "socket.io", "socket.io.css", "x/socket.io.js", "socket.io.js/", "socket.io.min.esm.js"] {
            assert!(!is_library(name), "{name}");
        }
    }

    #[test]
    fn the_library_is_found_where_npm_installs_it() {
        let home = tempfile::tempdir().unwrap();
        let package = home.path().join("node_modules/socket.io-client");
        let dist = package.join("dist");
        fs::create_dir_all(&dist).unwrap();
        assert_eq!(ClientLibrary::find(home.path()), None);
        fs::write(dist.join("socket.io.js"), "").unwrap();
        for place in [home.path(), &package, &dist] {
            assert_eq!(ClientLibrary::find(place).map(|_| ()), Some(()), "{}", place.display());
        }
        let file = dist.join("socket.io.js");
        assert_eq!(ClientLibrary::find(&file), Some(ClientLibrary::File(file)));
    }
}
