//! `host run`: serves components until it is told to stop.

use std::path::{Path, PathBuf};

use telemetry::LogFormat;

use super::build::BuildArgs;
use super::cache::CacheArgs;
use super::log::Format;
use super::plan::Plan;
use crate::config::{self, AdminConfig, Document, File, Layers, Machine, Mount, RunConfig, Settings};
use crate::hint;

/// Serve components until Ctrl-C or SIGTERM.
///
/// A component is the result of `host build`, or any other component of the world `realtime:gateway/handler` or
/// `async-handler`. Sources are built first. Without components, the file host.toml of the current folder says what is
/// served, and how. Once everything is loaded and checked, one line on stdout says where the server listens; logs go to
/// stderr.
///
/// The first signal stops the server in order: `$disconnect` runs for every socket, and handlers have 10 s to finish. A
/// second one stops it at once. SIGHUP reloads: new revisions of components take over while clients stay connected.
/// SIGUSR1 logs the server's current state and its counters.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sizes are written `500kB`, `1MB` (1,000,000) or `1MiB` (1,048,576), times `200ms`, `10s` or `1m 30s`. HOST_LOG (or \
RUST_LOG) says what is logged: `info` by default, `debug`, `host=trace,warn`, `guest=debug,info` …

Examples:
  host run
  host run chat.js --install
  host run chat.wasm --static web
  host run chat.wasm --namespace /lobby --listen 0.0.0.0:8080 --cors-origin https://example.org
  host run /chat=chat.wasm /game=game.wasm --handler-time 2s --handler-memory 32MiB")]
pub struct Run {
    /// Component files, or sources, which are built first (see `host build`). `PATH=FILE` serves FILE as the namespace
    /// PATH (`/chat=chat.wasm`); without PATH, the component says which namespace it is.
    #[arg(value_name = "COMPONENT")]
    components: Vec<PathBuf>,

    /// File of settings and namespaces. A flag overrides the environment, which overrides the file. [default: host.toml,
    /// if no component is given]
    #[arg(long, value_name = "FILE", env = "HOST_CONFIG")]
    config: Option<PathBuf>,

    #[command(flatten)]
    build: BuildArgs,

    /// Namespace of the component, if only one is served. If the component names its namespace, it must be the same.
    #[arg(long, value_name = "PATH", env = "HOST_NAMESPACE")]
    namespace: Option<String>,

    #[command(flatten)]
    cache: CacheArgs,

    /// How log lines look.
    #[arg(long, value_name = "FORMAT", env = "HOST_LOG_FORMAT", value_enum, default_value_t = Format::Pretty)]
    log_format: Format,

    #[command(flatten)]
    settings: Settings,
}

impl Run {
    /// How log lines look.
    pub fn log_format(&self) -> LogFormat {
        self.log_format.into()
    }

    /// Reads the file of settings, if there is one to read. `layers` are of the command line that this was made of.
    ///
    /// # Errors
    ///
    /// If there is nothing to serve, or something is wrong in the file.
    pub fn plan(self, layers: &Layers) -> anyhow::Result<Plan> {
        match self.document(layers)? {
            Some(document) => Plan::with_file(&self.components, document, layers),
            None if self.components.is_empty() => Err(hint::error(
                "nothing to serve: no component is given, and there is no host.toml in this folder",
                "name a component or a source, such as `host run handler.js`; `host new` makes a project with a host.toml",
            )),
            None => Ok(Plan::without_file(self)),
        }
    }

    /// Reads the file of settings, if one is named, or nothing else says what is served.
    pub(super) fn document(&self, layers: &Layers) -> anyhow::Result<Option<Document>> {
        let usual = Path::new(File::NAME);
        let file = match &self.config {
            Some(named) => named,
            None if self.components.is_empty() && usual.exists() => usual,
            None => return Ok(None),
        };
        Document::read(File::read(file)?, &layers.keys()).map(Some)
    }

    /// Checks the settings; `mounts` is what is served.
    pub(super) fn check(self, mounts: Vec<Mount>, machine: &Machine) -> anyhow::Result<RunConfig> {
        self.settings.check(mounts, self.cache.dir()?, machine)
    }

    /// What is served: the components of the command line, and those of a file.
    pub(super) fn mounts(&self, of_file: impl IntoIterator<Item = Mount>) -> anyhow::Result<Vec<Mount>> {
        let mounts = config::mounts(&self.components)?.into_iter().chain(of_file).collect();
        config::named(mounts, self.namespace.clone())
    }

    /// The listener for operators.
    pub(super) fn admin(self) -> anyhow::Result<Option<AdminConfig>> {
        self.settings.admin()
    }

    pub(super) fn build(&self) -> &BuildArgs {
        &self.build
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory;
    use edge::CorsOrigins;
    use gateway::model::GatewayLimits;
    use guest::{AllowedHosts, HandlerLimits};
    use runtime::RuntimeLimits;

    use super::*;
    use crate::cli::{Cli, plan};

    const MACHINE: Machine = Machine { handler_memory: 1 << 30, clients_memory: 1 << 29, cores: 2, may_swap: false };

    fn config(arguments: &[&str]) -> anyhow::Result<RunConfig> {
        let words = ["host", "run", "--no-cache"].iter().chain(arguments).map(OsString::from).collect();
        let layers = Layers::new(Cli::command(), words)?;
        plan::run(layers.given())?.plan(&layers)?.config(&MACHINE)
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
        let mut gateway = GatewayLimits::default();
        gateway.session.clients_memory = 1 << 29;
        assert_eq!(*config.handler.gateway, gateway);
        assert_eq!(config.handler.limits, HandlerLimits::default());
        assert_eq!(config.runtime, RuntimeLimits { instances: 128, total_memory: 1 << 30, ..Default::default() });
        assert_eq!(config.components, [Mount::new(None, "chat.wasm".into())]);
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.path, "/socket.io/");
        assert_eq!(config.cors_origins, CorsOrigins::Only(vec![]));
        assert_eq!(*config.handler.grants.network, AllowedHosts::default());
        assert_eq!(config.cache_dir, None);
        assert_eq!(config.cluster, None);
    }

    #[test]
    fn components_have_namespaces() {
        let pairs = config(&["/chat=chat.wasm", "game.wasm"]).unwrap();
        assert_eq!(
            pairs.components,
            [Mount::new(Some("/chat".into()), "chat.wasm".into()), Mount::new(None, "game.wasm".into())]
        );
        let flag = config(&["chat.wasm", "--namespace", "/"]).unwrap();
        assert_eq!(flag.components, [Mount::new(Some("/".into()), "chat.wasm".into())]);
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
            (&["a.wasm", "--namespace", "/a,b"], "namespace `/a,b` has ',', which clients cannot send in a path"),
            (&["a.wasm", "--static", "/nowhere"], "--static `/nowhere` does not exist"),
            (&["a.wasm", "--static", "/proc/version"], "--static `/proc/version` is not a folder"),
            (&["a.wasm", "--client", "/proc"], "--client `/proc` has no client library"),
            (&["a.wasm", "--env", "A=1", "--env", "A=2"], "--env gives `A` twice"),
            (
                &["a.wasm", "--cors-origin", "*", "--cors-origin", "https://x.org"],
                "--cors-origin is `*` and also names origins",
            ),
            (&["a.wasm", "--allow-net", "*", "--allow-net", "x.org"], "--allow-net is `*` and also names hosts"),
            (&["a.wasm", "--max-payload", "5MiB"], "--max-unsent 4MiB is less than --max-payload 5MiB"),
            (&["a.wasm", "--handlers-memory", "64MiB"], "--handlers-memory 64MiB is less than --handler-memory 128MiB"),
            (&["a.wasm", "--handler-memory", "5GiB"], "--handler-memory 5GiB is more than a component can use"),
            (&["a.wasm", "--cluster", "http://me:secret@x"], "--cluster is not the URL of a Redis"),
            (&["a.wasm", "--cluster", "redis://x", "--cluster-prefix", ""], "--cluster-prefix has 0 bytes"),
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
            &["a.wasm", "--cluster-format", "x"],
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
            "--handlers-per-address",
            "none",
            "--cluster",
            "redis://me:secret@redis.example:7000",
            "--cluster-format",
            "pubsub",
        ])
        .unwrap();
        let cluster = config.cluster.as_ref().unwrap();
        assert_eq!((cluster.format, &*cluster.prefix), (cluster::Format::Pubsub, "socket.io"));
        assert!(!format!("{config:?}").contains("secret"));
        assert_eq!(config.listen.to_string(), "[::1]:0");
        assert_eq!(config.path, "/rt/");
        assert_eq!(config.handler.grants.env.0, [("A".to_owned(), "b=c".to_owned())]);
        let origins = ["https://example.org", "http://localhost:8080"].map(str::to_owned);
        assert_eq!(config.cors_origins, CorsOrigins::Only(origins.to_vec()));
        assert_eq!(config.handler.gateway.session.sessions_per_address, Some(20));
        assert_eq!(config.runtime.instances, 7);
        assert_eq!(config.runtime.instances_per_address, Some(usize::MAX));
    }

    #[test]
    fn sources_are_not_built_to_check_settings() {
        let config = config(&["nowhere.js"]).unwrap();
        assert_eq!(config.components.first().unwrap().file, Path::new("nowhere.js"));
    }
}
