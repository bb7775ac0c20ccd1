//! `host run`: serves components until it is told to stop.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use super::build::BuildArgs;
use super::cache::CacheArgs;
use super::limits::{ClientArgs, HandlerArgs, RecoveryArgs};
use super::net;
use crate::build;
use crate::config::{AllowedHosts, CorsOrigins, HandlerGrants, Mount, RunConfig};
use crate::hint::{self, HintExt};
use crate::telemetry::LogFormat;

/// Serve components until Ctrl-C or SIGTERM.
///
/// A component is what `host build` makes of a handler's source, or anything else that has the world
/// `realtime:gateway/handler`; a source is built first. Once everything is loaded and checked, one line on stdout says
/// where the server listens; logs go to stderr.
///
/// The first signal stops the server in order: `$disconnect` runs for every socket, and handlers have 10 s to finish. A
/// second one stops it at once. SIGUSR1 logs what the server holds at that moment, and its counters.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sizes are written `500kB`, `1MB` (1,000,000) or `1MiB` (1,048,576), times `200ms`, `10s` or `1m 30s`. HOST_LOG (or \
RUST_LOG) says what is logged: `info` by default, `debug`, `host=trace,warn` …

Examples:
  host run chat.js --install
  host run chat.wasm --static web
  host run chat.wasm --namespace /lobby --listen 0.0.0.0:8080 --cors-origin https://example.org
  host run /chat=chat.wasm /game=game.wasm --handler-time 2s --handler-memory 32MiB")]
pub struct Run {
    /// Component files, or sources, which are built first (`host build` says how). `PATH=FILE` serves FILE as the
    /// namespace PATH (`/chat=chat.wasm`); without PATH, the component says which namespace it is.
    #[arg(required = true, value_name = "COMPONENT")]
    components: Vec<PathBuf>,

    #[command(flatten)]
    build: BuildArgs,

    /// Namespace of the component, where only one is served. It must be the component's own, where that has one.
    #[arg(long, value_name = "PATH", env = "HOST_NAMESPACE")]
    namespace: Option<String>,

    /// Address and port to listen on. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", env = "HOST_LISTEN", default_value = "127.0.0.1:3000", value_parser = address)]
    listen: SocketAddr,

    /// Path of the Socket.IO endpoint; clients call it `path`.
    #[arg(long, value_name = "PATH", env = "HOST_PATH", default_value = "/socket.io/", value_parser = endpoint)]
    path: String,

    /// Environment variable that components see. They see no others. May be repeated.
    #[arg(long, value_name = "K=V", value_parser = variable)]
    env: Vec<(String, String)>,

    /// Host that components may send HTTP requests to: `example.org` at any port, `example.org:8080` at this one, or `*`
    /// for any host, this machine and its network among them. May be repeated; in the environment variable, separated by
    /// commas. Without it, requests of components are denied. Redirects are further requests.
    #[arg(long, value_name = "HOST", env = "HOST_ALLOW_NET", value_delimiter = ',', value_parser = net::host)]
    allow_net: Vec<AllowedHosts>,

    /// Origin whose web pages may use long-polling, such as `https://example.org`, or `*` for any. May be repeated; in
    /// the environment variable, separated by commas. Without it, only pages of this server's own origin may. Browsers
    /// do not ask so for WebSockets: to refuse origins there, look at `handshake.headers.origin` in `$connect`.
    #[arg(long, value_name = "ORIGIN", env = "HOST_CORS_ORIGIN", value_delimiter = ',', value_parser = origin)]
    cors_origin: Vec<String>,

    /// Folder whose files are served for requests that are not Socket.IO.
    #[arg(long = "static", value_name = "DIR", env = "HOST_STATIC")]
    static_dir: Option<PathBuf>,

    #[command(flatten)]
    cache: CacheArgs,

    /// How log lines look.
    #[arg(long, value_name = "FORMAT", env = "HOST_LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty)]
    pub log_format: LogFormat,

    #[command(flatten)]
    client: ClientArgs,

    #[command(flatten)]
    recovery: RecoveryArgs,

    #[command(flatten)]
    handler: HandlerArgs,
}

impl Run {
    /// Holds the flags against each other and against the machine.
    ///
    /// # Errors
    ///
    /// Flags that contradict each other, a namespace that cannot be one, a static folder that is not there.
    pub fn into_config(self) -> anyhow::Result<RunConfig> {
        let client = self.client.check()?;
        let handler = self.handler.check(&client)?;
        let mut components = mounts(self.components, self.namespace)?;
        let cache_dir = self.cache.dir()?;
        let options = self.build.options(cache_dir.clone());
        for component in &mut components {
            component.file = build::build(&component.file, &options)?;
        }
        Ok(RunConfig {
            components,
            listen: self.listen,
            path: self.path,
            grants: HandlerGrants { env: distinct(self.env)?, network: net::hosts(self.allow_net)? },
            cors_origins: cors(self.cors_origin)?,
            static_dir: self.static_dir.map(existing_dir).transpose()?,
            cache_dir,
            client,
            recovery: self.recovery.limits(),
            handler,
        })
    }
}

fn mounts(components: Vec<PathBuf>, namespace: Option<String>) -> anyhow::Result<Vec<Mount>> {
    let count = components.len();
    let mut mounts = components.into_iter().map(mount).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(namespace) = namespace else { return Ok(mounts) };
    match mounts.as_mut_slice() {
        [Mount { namespace: Some(own), .. }] => Err(hint::error(
            format!("the component has two namespaces, `{own}` and --namespace `{namespace}`"),
            "leave one of them away",
        )),
        [only] => {
            only.namespace = Some(namespace_path(&namespace)?);
            Ok(mounts)
        }
        _ => Err(hint::error(
            format!("--namespace `{namespace}` cannot be the namespace of {count} components"),
            "give each its own: `host run /chat=chat.wasm /game=game.wasm`",
        )),
    }
}

/// `PATH=FILE`, unless a file has the whole name.
fn mount(argument: PathBuf) -> anyhow::Result<Mount> {
    match argument.to_str().and_then(|text| text.split_once('=')) {
        Some((namespace, file)) if !argument.exists() => {
            let namespace = namespace_path(namespace).hint("`PATH=FILE` mounts FILE as the namespace PATH")?;
            Ok(Mount { namespace: Some(namespace), file: PathBuf::from(file) })
        }
        _ => Ok(Mount { namespace: None, file: argument }),
    }
}

/// A namespace as clients can name it on the wire, where `,` ends it and `?` begins a query.
fn namespace_path(text: &str) -> anyhow::Result<String> {
    let bad = |c: char| matches!(c, ',' | '?') || c.is_whitespace() || c.is_control();
    if !text.starts_with('/') {
        return Err(hint::error(format!("namespace `{text}` does not begin with `/`"), format!("write `/{text}`")));
    }
    if text.contains(bad) {
        return Err(hint::error(
            format!("namespace `{text}` has a character that clients cannot send"),
            "use letters, digits, `/`, `-` and `_`",
        ));
    }
    Ok(text.to_owned())
}

fn distinct(env: Vec<(String, String)>) -> anyhow::Result<Vec<(String, String)>> {
    for (i, (name, _)) in env.iter().enumerate() {
        if env.iter().take(i).any(|(earlier, _)| earlier == name) {
            return Err(hint::error(format!("--env gives `{name}` twice"), "leave one of them away"));
        }
    }
    Ok(env)
}

fn cors(origins: Vec<String>) -> anyhow::Result<CorsOrigins> {
    match origins.as_slice() {
        [any] if any == "*" => Ok(CorsOrigins::Any),
        several if several.iter().any(|origin| origin == "*") => Err(hint::error(
            "--cors-origin is `*` and also names origins",
            "leave `*` away, or the origins: `*` already allows them",
        )),
        _ => Ok(CorsOrigins::Only(origins)),
    }
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
fn address(text: &str) -> Result<SocketAddr, String> {
    let first = text.to_socket_addrs().map_err(|_| "write ADDRESS:PORT, such as `0.0.0.0:3000`".to_owned())?.next();
    first.ok_or_else(|| "has no address".to_owned())
}

/// The endpoint's path, with the slash at its end that clients add.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::{CommandFactory, Parser};

    fn config(arguments: &[&str]) -> anyhow::Result<RunConfig> {
        match Cli::try_parse_from(["host", "run", "--no-cache"].iter().chain(arguments))?.command {
            Command::Run(run) => run.into_config(),
            other => panic!("{other:?}"),
        }
    }

    fn message(arguments: &[&str]) -> (String, bool) {
        let error = config(arguments).unwrap_err();
        (error.to_string(), !hint::hints(&error).is_empty())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_are_those_of_config() {
        let config = config(&["chat.wasm"]).unwrap();
        assert_eq!(config.client, crate::config::ClientLimits::default());
        let handler = crate::config::HandlerLimits {
            instances: config.handler.instances,
            total_memory: config.handler.total_memory,
            ..Default::default()
        };
        assert_eq!(config.handler, handler);
        assert_eq!(config.components, [Mount { namespace: None, file: "chat.wasm".into() }]);
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.path, "/socket.io/");
        assert_eq!(config.cors_origins, CorsOrigins::Only(vec![]));
        assert_eq!(config.grants.network, AllowedHosts::default());
        assert_eq!(config.cache_dir, None);
    }

    #[test]
    fn components_have_namespaces() {
        let pairs = config(&["/chat=chat.wasm", "game.wasm"]).unwrap();
        assert_eq!(
            pairs.components,
            [
                Mount { namespace: Some("/chat".into()), file: "chat.wasm".into() },
                Mount { namespace: None, file: "game.wasm".into() }
            ]
        );
        let flag = config(&["chat.wasm", "--namespace", "/"]).unwrap();
        assert_eq!(flag.components, [Mount { namespace: Some("/".into()), file: "chat.wasm".into() }]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_hint() {
        for (arguments, expected) in [
            (
                &["a.wasm", "b.wasm", "--namespace", "/x"][..],
                "--namespace `/x` cannot be the namespace of 2 components",
            ),
            (&["/a=a.wasm", "--namespace", "/x"], "the component has two namespaces, `/a` and --namespace `/x`"),
            (&["a.wasm", "--namespace", "chat"], "namespace `chat` does not begin with `/`"),
            (&["chat=a.wasm"], "namespace `chat` does not begin with `/`"),
            (&["a.wasm", "--namespace", "/a,b"], "namespace `/a,b` has a character that clients cannot send"),
            (&["a.wasm", "--static", "/nowhere"], "--static `/nowhere` does not exist"),
            (&["a.wasm", "--static", "/proc/version"], "--static `/proc/version` is not a folder"),
            (&["a.wasm", "--env", "A=1", "--env", "A=2"], "--env gives `A` twice"),
            (
                &["a.wasm", "--cors-origin", "*", "--cors-origin", "https://x.org"],
                "--cors-origin is `*` and also names origins",
            ),
            (&["a.wasm", "--allow-net", "*", "--allow-net", "x.org"], "--allow-net is `*` and also names hosts"),
            (&["a.wasm", "--max-payload", "5MiB"], "--max-unsent 4MiB is less than --max-payload 5MiB"),
            (&["a.wasm", "--handlers-memory", "64MiB"], "--handlers-memory 64MiB is less than --handler-memory 128MiB"),
            (&["a.wasm", "--handler-memory", "5GiB"], "--handler-memory 5GiB is more than a component can use"),
            (
                &["a.wasm", "--ping-interval", "30days"],
                "--ping-interval 30days and --ping-timeout 20s together are longer than a client can wait",
            ),
        ] {
            assert_eq!(message(arguments), (expected.to_owned(), true));
        }
    }

    #[test]
    fn values_that_mean_nothing_are_usage_errors() {
        for arguments in [
            &["a.wasm", "--ping-timeout", "0s"][..],
            &["a.wasm", "--max-payload", "0"],
            &["a.wasm", "--max-waiting-events", "0"],
            &["a.wasm", "--listen", "3000"],
            &["a.wasm", "--path", "socket.io"],
            &["a.wasm", "--env", "NAME"],
            &["a.wasm", "--cors-origin", "example.org"],
            &["a.wasm", "--cors-origin", "https://example.org/page"],
            &["a.wasm", "--reuse", "0"],
            &[],
        ] {
            assert!(config(arguments).unwrap_err().is::<clap::Error>(), "{arguments:?}");
        }
    }

    #[test]
    fn values_are_read() {
        let config = config(&[
            "a.wasm",
            "--listen",
            "[::1]:0",
            "--path",
            "/rt",
            "--env",
            "A=b=c",
            "--cors-origin",
            "https://Example.org,http://localhost:8080",
            "--max-sessions-per-address",
            "20",
            "--handlers",
            "7",
        ])
        .unwrap();
        assert_eq!(config.listen.to_string(), "[::1]:0");
        assert_eq!(config.path, "/rt/");
        assert_eq!(config.grants.env, [("A".to_owned(), "b=c".to_owned())]);
        let origins = ["https://example.org", "http://localhost:8080"].map(str::to_owned);
        assert_eq!(config.cors_origins, CorsOrigins::Only(origins.to_vec()));
        assert_eq!(config.client.sessions_per_address, Some(20));
        assert_eq!(config.handler.instances, 7);
    }
}
