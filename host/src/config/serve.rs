//! Where the host listens, what it serves beside handlers, and what handlers are granted.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;

use edge::{ClientLibrary, CorsOrigins};
use guest::{AllowedHosts, Environment, HandlerGrants};

use super::hosts;
use crate::hint;

/// Where to listen, and what to serve and grant.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct ServeSettings {
    /// Address and port to listen on. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", env = "HOST_LISTEN", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Path of the Socket.IO endpoint; clients call it `path`.
    #[arg(long, value_name = "PATH", env = "HOST_PATH", value_parser = endpoint)]
    path: Option<String>,

    /// Folder whose files are served for requests that are not Socket.IO; also for those below --path that name a
    /// file which is there.
    #[arg(long = "static", value_name = "DIR", env = "HOST_STATIC")]
    static_dir: Option<PathBuf>,

    /// Client library for pages, served as `/socket.io/socket.io.js` and so on: a folder with the npm package
    /// socket.io-client (`node_modules/socket.io-client`, or the folder that has node_modules), or one file.
    #[arg(long, value_name = "DIR|FILE", env = "HOST_CLIENT")]
    client: Option<PathBuf>,
}

/// Settings that name several values.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct ListSettings {
    /// Environment variable that components see. They see no others. May be repeated.
    #[arg(long, value_name = "K=V", value_parser = variable)]
    pub(super) env: Vec<(String, String)>,

    /// Host that components may send HTTP requests to: `example.org` at any port, `example.org:8080` at this one, or
    /// `*` for any host, including this machine and its network. May be repeated; in the environment variable,
    /// separated by commas. Without it, requests of components are denied. Redirects are further requests.
    #[arg(long, value_name = "HOST", env = "HOST_ALLOW_NET", value_delimiter = ',', value_parser = hosts::host)]
    pub(super) allow_net: Vec<AllowedHosts>,

    /// Origin whose web pages may use long-polling, such as `https://example.org`, or `*` for any. May be repeated; in
    /// the environment variable, separated by commas. Without it, only pages of this server's own origin may. Browsers
    /// do not apply this to WebSockets: to refuse origins there, check `handshake.headers.origin` in `$connect`.
    #[arg(long, value_name = "ORIGIN", env = "HOST_CORS_ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub(super) cors_origin: Vec<String>,
}

/// Where to listen, and what to serve, checked.
pub(super) struct Serve {
    pub(super) listen: SocketAddr,
    pub(super) path: String,
    pub(super) static_dir: Option<PathBuf>,
    pub(super) client: Option<ClientLibrary>,
}

impl ServeSettings {
    pub(super) const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 3000);
    pub(super) const PATH: &str = "/socket.io/";

    /// # Errors
    ///
    /// If the folder does not exist, or has no client library.
    pub(super) fn check(self) -> anyhow::Result<Serve> {
        Ok(Serve {
            listen: self.listen.unwrap_or(Self::LISTEN),
            path: self.path.unwrap_or_else(|| Self::PATH.to_owned()),
            static_dir: self.static_dir.map(existing_dir).transpose()?,
            client: self.client.map(client_library).transpose()?,
        })
    }
}

impl ListSettings {
    /// # Errors
    ///
    /// If values contradict each other.
    pub(super) fn check(self) -> anyhow::Result<(HandlerGrants, CorsOrigins)> {
        let grants = HandlerGrants {
            env: Environment(distinct(self.env)?),
            network: Arc::new(hosts::hosts(self.allow_net)?),
            ..HandlerGrants::default()
        };
        Ok((grants, cors(self.cors_origin)?))
    }
}

fn distinct(env: Vec<(String, String)>) -> anyhow::Result<Vec<(String, String)>> {
    for (i, (name, _)) in env.iter().enumerate() {
        if env.iter().take(i).any(|(earlier, _)| earlier == name) {
            return Err(hint::error(format!("--env gives `{name}` twice"), "drop one of them"));
        }
    }
    Ok(env)
}

fn cors(origins: Vec<String>) -> anyhow::Result<CorsOrigins> {
    match origins.as_slice() {
        [any] if any == "*" => Ok(CorsOrigins::Any),
        several if several.iter().any(|origin| origin == "*") => Err(hint::error(
            "--cors-origin is `*` and also names origins",
            "drop `*`, or the origins: `*` already allows them",
        )),
        _ => Ok(CorsOrigins::Only(origins)),
    }
}

fn client_library(place: PathBuf) -> anyhow::Result<ClientLibrary> {
    ClientLibrary::find(&place).ok_or_else(|| {
        hint::error(
            format!("--client `{}` has no client library", place.display()),
            "run `npm install socket.io-client` there, or give the package's folder or the file socket.io.js",
        )
    })
}

fn existing_dir(dir: PathBuf) -> anyhow::Result<PathBuf> {
    if dir.is_dir() {
        return Ok(dir);
    }
    let what = if dir.exists() { "is not a folder" } else { "does not exist" };
    Err(hint::error(
        format!("--static `{}` {what}", dir.display()),
        "give the folder that holds index.html, relative to where the host is started",
    ))
}

/// `127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let first = text.to_socket_addrs().map_err(|_| "write ADDRESS:PORT, such as `0.0.0.0:3000`".to_owned())?.next();
    first.ok_or_else(|| "has no address".to_owned())
}

/// The endpoint's path, with the final slash that clients add.
fn endpoint(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err("must begin with `/`".to_owned());
    }
    if text.contains(|c: char| matches!(c, '?' | '#' | '%') || !c.is_ascii_graphic()) {
        return Err("must be a plain path, without query or escapes".to_owned());
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// An origin as browsers send it: scheme and authority, nothing else.
fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    match text.split_once("://") {
        Some((scheme, authority))
            if !scheme.is_empty() && !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ', '*']) =>
        {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err("write scheme and host, such as `https://example.org` or `http://localhost:8080`, or `*`".to_owned()),
    }
}
