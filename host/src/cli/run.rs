//! `host run`: serves components until it is told to stop.

use std::path::PathBuf;

use telemetry::LogFormat;

use super::build::BuildArgs;
use super::cache::CacheArgs;
use super::log::Format;
use crate::build::{self, Options};
use crate::config::{self, Machine, RunConfig, Settings};

/// Serve components until Ctrl-C or SIGTERM.
///
/// A component is the result of `host build`, or any other component of the world `realtime:gateway/handler` or
/// `async-handler`. Sources are built first. Once everything is loaded and checked, one line on stdout says where the
/// server listens; logs go to stderr.
///
/// The first signal stops the server in order: `$disconnect` runs for every socket, and handlers have 10 s to finish. A
/// second one stops it at once. SIGUSR1 logs the server's current state and its counters.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sizes are written `500kB`, `1MB` (1,000,000) or `1MiB` (1,048,576), times `200ms`, `10s` or `1m 30s`. HOST_LOG (or \
RUST_LOG) says what is logged: `info` by default, `debug`, `host=trace,warn`, `guest=debug,info` …

Examples:
  host run chat.js --install
  host run chat.wasm --static web
  host run chat.wasm --namespace /lobby --listen 0.0.0.0:8080 --cors-origin https://example.org
  host run /chat=chat.wasm /game=game.wasm --handler-time 2s --handler-memory 32MiB")]
pub struct Run {
    /// Component files, or sources, which are built first (see `host build`). `PATH=FILE` serves FILE as the namespace
    /// PATH (`/chat=chat.wasm`); without PATH, the component says which namespace it is.
    #[arg(required = true, value_name = "COMPONENT")]
    components: Vec<PathBuf>,

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

    /// Checks all settings, then builds the sources.
    ///
    /// # Errors
    ///
    /// If settings contradict each other, a namespace is invalid, a folder does not exist, or a source cannot be built.
    pub fn prepare(self) -> anyhow::Result<RunConfig> {
        let options = self.build.clone();
        let config = self.config(&Machine::here())?;
        build_sources(config, |cache| options.options(cache))
    }

    fn config(self, machine: &Machine) -> anyhow::Result<RunConfig> {
        let components = config::mounts(self.components, self.namespace)?;
        self.settings.check(components, self.cache.dir()?, machine)
    }
}

/// Replaces each source by the component that is built from it.
fn build_sources(mut config: RunConfig, options: impl FnOnce(Option<PathBuf>) -> Options) -> anyhow::Result<RunConfig> {
    let options = options(config.cache_dir.clone());
    let env = &config.handler.grants.env.0;
    if let Some((_, mode)) = env.iter().find(|(name, value)| name == "NODE_ENV" && value != "production") {
        tracing::warn!(
            "NODE_ENV is `production` in handlers in JavaScript, and not `{mode}`: it is put in when they are built"
        );
    }
    for component in &mut config.components {
        let built = build::build(&component.file, &options)?;
        component.built = (built != component.file).then_some(built);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{CommandFactory, Parser};
    use edge::CorsOrigins;
    use gateway::model::GatewayLimits;
    use guest::{AllowedHosts, HandlerLimits};
    use runtime::RuntimeLimits;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::config::Mount;
    use crate::hint;

    const MACHINE: Machine = Machine { handler_memory: 1 << 30, clients_memory: 1 << 29, cores: 2, may_swap: false };

    fn config(arguments: &[&str]) -> anyhow::Result<RunConfig> {
        match Cli::try_parse_from(["host", "run", "--no-cache"].iter().chain(arguments))?.command {
            Command::Run(run) => run.config(&MACHINE),
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
        let mut gateway = GatewayLimits::default();
        gateway.session.clients_memory = 1 << 29;
        assert_eq!(*config.handler.gateway, gateway);
        assert_eq!(config.handler.limits, HandlerLimits::default());
        assert_eq!(config.runtime, RuntimeLimits { instances: 128, total_memory: 1 << 30, ..Default::default() });
        assert_eq!(config.components, [Mount { namespace: None, file: "chat.wasm".into(), built: None }]);
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.path, "/socket.io/");
        assert_eq!(config.cors_origins, CorsOrigins::Only(vec![]));
        assert_eq!(*config.handler.grants.network, AllowedHosts::default());
        assert_eq!(config.cache_dir, None);
    }

    #[test]
    fn components_have_namespaces() {
        let pairs = config(&["/chat=chat.wasm", "game.wasm"]).unwrap();
        assert_eq!(
            pairs.components,
            [
                Mount { namespace: Some("/chat".into()), file: "chat.wasm".into(), built: None },
                Mount { namespace: None, file: "game.wasm".into(), built: None }
            ]
        );
        let flag = config(&["chat.wasm", "--namespace", "/"]).unwrap();
        assert_eq!(flag.components, [Mount { namespace: Some("/".into()), file: "chat.wasm".into(), built: None }]);
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
            "--handlers-per-address",
            "none",
        ])
        .unwrap();
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
    fn a_layer_goes_over_another() {
        let settings = |arguments: &[&str]| match Cli::try_parse_from(["host", "run", "a.wasm"].iter().chain(arguments))
            .unwrap()
            .command
        {
            Command::Run(run) => run.settings,
            other => panic!("{other:?}"),
        };
        let above = settings(&["--handlers", "7", "--allow-net", "x.org"]);
        let below = settings(&["--handlers", "9", "--ping-timeout", "3s", "--allow-net", "y.org", "--env", "A=1"]);
        let config = above.over(below).check(Vec::new(), None, &MACHINE).unwrap();
        assert_eq!(config.runtime.instances, 7);
        assert_eq!(config.handler.gateway.session.ping_timeout.as_secs(), 3);
        let network = &config.handler.grants.network;
        assert!(network.allows("x.org", 80) && !network.allows("y.org", 80));
        assert_eq!(config.handler.grants.env.0, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(config.handler.gateway.session.payload, 1_000_000, "what no layer says has its default");
    }

    #[test]
    fn sources_are_not_built_to_check_settings() {
        let config = config(&["nowhere.js"]).unwrap();
        assert_eq!(config.components.first().unwrap().file, Path::new("nowhere.js"));
    }
}
