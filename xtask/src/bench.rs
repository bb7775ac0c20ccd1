//! `cargo xtask bench`: measures the host, the reference server and socketioxide under the same load, for the tables
//! in docs/performance.md.
//!
//! Every round measures every server in turn, so that ratios hold even if the machine's speed drifts.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use crate::install;
use crate::run::{output, run, step};
use crate::workspace::Workspace;

/// A row of the table: a load, the figure of it to show, and the servers that get the load.
struct Row {
    title: &'static str,
    load: &'static str,
    figure: &'static str,
    servers: &'static [&'static str],
}

const HOST: &str = "host";
const REUSE: &str = "host, `--reuse`";
const SCRIPT: &str = "host, JavaScript";
const SCRIPT_REUSE: &str = "host, JavaScript, `--reuse`";
const PYTHON: &str = "host, Python";
const PYTHON_REUSE: &str = "host, Python, `--reuse`";
const REFERENCE: &str = "socket.io";
const SOCKETIOXIDE: &str = "socketioxide";
const ALL: [&str; 8] = [HOST, REUSE, SCRIPT, SCRIPT_REUSE, PYTHON, PYTHON_REUSE, REFERENCE, SOCKETIOXIDE];
const PEERS: &[&str] = &[HOST, REUSE, REFERENCE, SOCKETIOXIDE];

const CPU: &str = "cpu_us";
/// The servers in the rows that show how cost grows with the number of sockets.
const GROWN: &[&str] = &[HOST];

const ROWS: [Row; 10] = [
    Row { title: "echo with ack: CPU, µs", load: "echo", figure: CPU, servers: &ALL },
    Row { title: "one delivery of a broadcast: CPU, µs", load: "broadcast", figure: CPU, servers: PEERS },
    Row { title: "idle connection: memory, bytes", load: "idle", figure: "bytes", servers: PEERS },
    Row { title: "2,000 echos/s: p50, µs", load: "echo --rate 2000", figure: "p50_us", servers: PEERS },
    Row { title: "2,000 echos/s: p99, µs", load: "echo --rate 2000", figure: "p99_us", servers: PEERS },
    Row {
        title: "the same beside 1,000 handlers that sleep: p50, µs",
        load: "--sleepers 1000 echo --rate 2000",
        figure: "p50_us",
        servers: PEERS,
    },
    Row {
        title: "the same beside 1,000 handlers that sleep: p99, µs",
        load: "--sleepers 1000 echo --rate 2000",
        figure: "p99_us",
        servers: PEERS,
    },
    Row { title: "echo beside CROWD idle sockets: CPU, µs", load: "--crowd CROWD echo", figure: CPU, servers: GROWN },
    Row { title: "a delivery among 100: CPU, µs", load: "broadcast --clients 100", figure: CPU, servers: GROWN },
    Row { title: "a delivery among CROWD: CPU, µs", load: "broadcast --clients CROWD", figure: CPU, servers: GROWN },
];

/// Sockets of the largest loads. `CROWD` in a row stands for it, or for what the limit on open files allows.
const CROWD: u64 = 20_000;
/// Files that a server, or its load, has open besides its sockets.
const OTHER_FILES: u64 = 500;

/// Builds everything, measures, and prints a table in Markdown.
pub fn bench(rounds: u32, seconds: u32) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let crowd = crowd()?.to_string();
    build(&workspace)?;
    let mut rows = Vec::new();
    let mut measured: Option<(&Row, Runs)> = None;
    for row in &ROWS {
        let runs = match measured.take() {
            Some((before, runs)) if (before.load, before.servers) == (row.load, row.servers) => runs,
            _ => {
                step(&row.title.replace("CROWD", &crowd));
                measure(&workspace, &row.load.replace("CROWD", &crowd), row.servers, rounds, seconds)?
            }
        };
        rows.push(medians(&runs, row.figure)?);
        measured = Some((row, runs));
    }
    step("events without network, beside bare wasmtime");
    let beside_bare = beside_bare(&workspace, rounds)?;
    print!("{}", table(&rows, &crowd));
    print!("{beside_bare}");
    for (name, component) in [("Rust", "bench"), ("JavaScript", "bench-js"), ("Python", "bench-python")] {
        println!(
            "start to listening, compiled code cached, {name}: {} ms",
            start_time(&workspace, component)?.as_millis()
        );
    }
    Ok(())
}

/// How many sockets the largest loads use: `CROWD`, or as many as the limit on open files allows. Raises that limit, also
/// for the servers and the load, which inherit it.
fn crowd() -> anyhow::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .context("cannot raise the limit on open files")?;
    Ok(limit.maximum.map_or(CROWD, |files| files.saturating_sub(OTHER_FILES).min(CROWD)))
}

fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let tests = workspace.root.join("tests");
    install::wasm_target()?;
    install::node()?;
    install::npm_packages(&tests)?;
    install::npm_packages(&workspace.root.join("guest-sdk/js"))?;
    step("building the host (release profile), socketioxide and the load (many minutes the first time)");
    run(workspace.cargo().args(["build", "--release", "--package", "host", "--package", "e2e-tests", "--bins"]))?;
    let mut peer = workspace.cargo();
    peer.args(["build", "--release", "--manifest-path", "tests/bench/socketioxide/Cargo.toml", "--target-dir"]);
    run(peer.arg(workspace.target()))?;
    crate::build_guests(workspace, &["bench-guest".to_owned(), "probe".to_owned()])?;
    for (source, component) in
        [("tests/bench/bench.js", "bench-js.wasm"), ("tests/bench/bench.py", "bench-python.wasm")]
    {
        let mut build = Command::new(release(workspace, "host"));
        build.args(["build", "--install", source, "--output"]);
        run(build.arg(workspace.guests_dir().join(component)).current_dir(&workspace.root))?;
    }
    Ok(())
}

/// What an event costs without the network, compared with bare wasmtime (`host/crates/guest/benches/event.rs`): one line
/// for each event.
fn beside_bare(workspace: &Workspace, rounds: u32) -> anyhow::Result<String> {
    const EVENTS: [&str; 4] = ["echo", "say", "echo-reused", "say-reused"];
    let home = workspace.target().join("criterion");
    let mean = |event: &str, who: &str| {
        let file = home.join(event).join(who).join("new/estimates.json");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let estimates: Value = serde_json::from_str(&text)?;
        estimates["mean"]["point_estimate"].as_f64().map(|mean| mean / 1e3).context("criterion wrote no mean")
    };
    let mut rows = EVENTS.map(|_| [Vec::new(), Vec::new(), Vec::new()]);
    for _ in 0..rounds {
        let mut criterion = workspace.cargo();
        criterion.args(["bench", "--package", "guest", "--bench", "event", "--", "--warm-up-time=1"]);
        run(criterion.arg("--measurement-time=3").env("CRITERION_HOME", &home))?;
        for ([hosts, bares, ratios], event) in rows.iter_mut().zip(EVENTS) {
            let (host, bare) = (mean(event, "host")?, mean(event, "bare")?);
            hosts.push(host);
            bares.push(bare);
            // Both are from the same round, so that the machine's speed cancels out.
            ratios.push(host / bare);
        }
    }
    let mut text = String::new();
    for (figures, event) in rows.into_iter().zip(EVENTS) {
        let [host, bare, ratio] = figures.map(median);
        let _ = writeln!(text, "`{event}` without network: {host:.1} µs, bare wasmtime {bare:.1} µs: {ratio:.2} ×");
    }
    Ok(text)
}

/// What the load printed, for each server and round.
type Runs = Vec<(&'static str, Vec<Value>)>;

fn measure(
    workspace: &Workspace,
    load: &str,
    servers: &[&'static str],
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<Runs> {
    let mut runs: Runs = servers.iter().map(|server| (*server, Vec::new())).collect();
    for _ in 0..rounds {
        for (server, figures) in &mut runs {
            let server = Server::start(&mut command(workspace, server))?;
            let mut program = Command::new(release(workspace, "load"));
            program.args(["--address", &server.address, "--pid", &server.child.id().to_string()]);
            program.args(["--seconds", &seconds.to_string()]).args(load.split(' '));
            let printed = output(&mut program)?.context("the load is missing")?;
            figures.push(serde_json::from_str(&printed).context("the load did not print JSON")?);
        }
    }
    Ok(runs)
}

/// The median of one figure, for each server.
fn medians(runs: &Runs, figure: &str) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let figures = |(server, runs): &(&'static str, Vec<Value>)| {
        let figures = runs.iter().map(|run| run[figure].as_f64()).collect::<Option<Vec<_>>>();
        Ok((*server, median(figures.with_context(|| format!("the load gave no `{figure}`"))?)))
    };
    runs.iter().map(figures).collect()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn table(rows: &[Vec<(&str, f64)>], crowd: &str) -> String {
    let mut text = format!("\n| | {} |\n|---|{}\n", ALL.join(" | "), "---|".repeat(ALL.len()));
    for (row, figures) in ROWS.iter().zip(rows) {
        let _ = write!(text, "| {} |", row.title.replace("CROWD", crowd));
        for name in ALL {
            let found = figures.iter().find(|(server, _)| *server == name);
            let _ = match found {
                Some((_, figure)) if *figure < 100.0 => write!(text, " {figure:.1} |"),
                Some((_, figure)) => write!(text, " {figure:.0} |"),
                None => write!(text, " |"),
            };
        }
        text.push('\n');
    }
    text
}

fn release(workspace: &Workspace, program: &str) -> std::path::PathBuf {
    workspace.target().join("release").join(program)
}

fn command(workspace: &Workspace, server: &str) -> Command {
    match server {
        REFERENCE => {
            let mut node = Command::new("node");
            node.arg(workspace.root.join("tests/bench/reference.mjs"));
            node
        }
        SOCKETIOXIDE => Command::new(release(workspace, "peer-socketioxide")),
        SCRIPT | SCRIPT_REUSE => host(workspace, "bench-js", server == SCRIPT_REUSE),
        PYTHON | PYTHON_REUSE => host(workspace, "bench-python", server == PYTHON_REUSE),
        _ => host(workspace, "bench", server == REUSE),
    }
}

fn host(workspace: &Workspace, component: &str, reuse: bool) -> Command {
    let mut host = Command::new(release(workspace, "host"));
    let guest = |name: &str| workspace.guests_dir().join(format!("{name}.wasm"));
    host.arg("run").arg(guest(component)).arg(guest("probe")).args([
        "--listen",
        "127.0.0.1:0",
        "--handler-time",
        "1h",
        "--handlers",
        "1100",
    ]);
    host.arg("--cache-dir").arg(cache(workspace));
    if reuse {
        host.args(["--reuse", "1000"]);
    }
    host
}

fn cache(workspace: &Workspace) -> std::path::PathBuf {
    workspace.target().join("bench-cache")
}

/// The fastest of five starts. One start before them compiles the component.
fn start_time(workspace: &Workspace, component: &str) -> anyhow::Result<Duration> {
    let guest = workspace.guests_dir().join(format!("{component}.wasm"));
    let start = || {
        let mut host = Command::new(release(workspace, "host"));
        host.arg("run").arg(&guest).args(["--listen", "127.0.0.1:0", "--cache-dir"]).arg(cache(workspace));
        let begin = Instant::now();
        let server = Server::start(&mut host)?;
        let time = begin.elapsed();
        drop(server);
        anyhow::Ok(time)
    };
    start()?;
    let times = (0..5).map(|_| start()).collect::<anyhow::Result<Vec<_>>>()?;
    times.into_iter().min().context("the host never started")
}

/// A running server. Dropping it kills the process.
struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    address: String,
}

impl Server {
    /// Starts it and waits until it prints its address.
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let name = Path::new(command.get_program()).display().to_string();
        let quiet = command.env("HOST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut server =
            Self { child: quiet.spawn().with_context(|| format!("cannot start {name}"))?, address: String::new() };
        let mut line = String::new();
        BufReader::new(server.child.stdout.take().context("no stdout")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://");
        server.address = address.with_context(|| format!("{name} does not listen"))?.to_owned();
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
