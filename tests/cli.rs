//! The command line of the real binary: what it prints, and how it exits.
//!
//! `cargo xtask test` builds the binary and the components first. By hand, `HOST_BIN` and `HOST_GUESTS` say where they
//! are, if not in the target directory that this test was built in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "cli_config.rs"]
mod config;

const CHAT: &str = "chat.wasm";

#[test]
fn a_missing_file() {
    let error = refused(host(["nowhere.wasm"]));
    error.says("nowhere.wasm");
    error.says("No such file or directory");
    error.hints("cargo");
}

#[test]
fn a_file_that_is_not_webassembly() {
    let file = Fixture::new("text.wasm", b"just text");
    let error = refused(host([file.path()]));
    error.says("text.wasm");
    error.says("not a WebAssembly file");
    error.hints(".wasm");
}

#[test]
fn a_core_module_is_told_how_to_become_a_component() {
    let file = Fixture::new("core.wasm", &wat::parse_str("(module)").unwrap());
    let error = refused(host([file.path()]));
    error.says("a core WebAssembly module, not a component");
    error.hints("wasm32-wasip2");
}

#[test]
fn a_component_of_another_world_names_the_missing_export() {
    let file = Fixture::new("empty.wasm", &wat::parse_str("(component)").unwrap());
    let error = refused(host([file.path()]));
    error.says("realtime:gateway/event-handler@0.1.1");
    error.hints("wit");
}

#[test]
fn a_component_that_needs_more_names_the_import() {
    let file = needy();
    let error = refused(host([file.path()]));
    error.says("wasi:keyvalue/store@0.2.0");
    error.hints("WASI");
}

/// A component that imports what no handler gets.
fn needy() -> Fixture {
    let text = r#"(component
        (import "wasi:keyvalue/store@0.2.0" (instance))
        (component $handler)
        (instance $handler (instantiate $handler))
        (export "realtime:gateway/event-handler@0.1.0" (instance $handler)))"#;
    Fixture::new("needy.wasm", &wat::parse_str(text).unwrap())
}

#[test]
fn two_components_on_one_namespace() {
    let error = refused(host([guest(CHAT), guest(CHAT)]));
    error.says("/chat");
    error.hints("give each component its own");
}

#[test]
fn a_namespace_flag_that_contradicts_the_component() {
    let error = refused(host([guest(CHAT), "--namespace".into(), "/other".into()]));
    error.says("/chat");
    error.says("/other");
    error.hints("drop the namespace");
}

#[test]
fn a_namespace_flag_for_two_components() {
    let error = refused(host(["a.wasm", "b.wasm", "--namespace", "/x"]));
    error.says("--namespace `/x`");
    error.hints("/chat=chat.wasm");
}

#[test]
fn a_busy_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = refused(host([guest(CHAT), "--listen".into(), address.clone()]));
    error.says(&address);
    error.says("Address already in use");
    error.hints("--listen");
}

#[test]
fn a_static_folder_that_is_not_there() {
    let error = refused(host([guest(CHAT), "--static".into(), "/nowhere".into()]));
    error.says("--static `/nowhere` does not exist");
    error.hints("folder");
}

#[test]
fn a_value_that_means_nothing_is_a_usage_error() {
    let output = host(["a.wasm", "--ping-timeout", "0s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--ping-timeout"), "{}", text(&output.stderr));
}

#[test]
fn help_names_every_limit_with_its_default_and_variable() {
    let output = host(["--help"]).output().unwrap();
    assert!(output.status.success());
    let help = text(&output.stdout);
    for (flag, default) in [
        ("max-payload", "1MB"),
        ("max-attachments", "10"),
        ("connect-timeout", "45s"),
        ("ping-interval", "25s"),
        ("ping-timeout", "20s"),
        ("max-waiting-events", "64"),
        ("max-unsent", "4MiB"),
        ("max-unhandled", "4MiB"),
        ("max-sessions", "100000"),
        ("max-sessions-per-address", "none"),
        ("max-namespaces", "32"),
        ("handler-time", "10s"),
        ("handler-memory", "128MiB"),
        ("handler-table", "100000"),
        ("handler-commands", "10000"),
        ("handler-command-bytes", "8MiB"),
        ("max-socket-data", "64KiB"),
    ] {
        let at = help.find(&format!("--{flag} <")).unwrap_or_else(|| panic!("no --{flag} in:\n{help}"));
        let variable = format!("HOST_{}", flag.to_uppercase().replace('-', "_"));
        let entry = &help[at..help[at..].find("\n      --").map_or(help.len(), |end| at + end)];
        assert!(entry.contains(&format!("[default: {default}]")), "{entry}");
        assert!(entry.contains(&format!("[env: {variable}=")), "{entry}");
    }
}

#[test]
fn one_line_on_stdout_with_the_real_address_then_sigterm_ends_it_with_success() {
    let mut host = Running::start(host([guest(CHAT), "--listen".into(), "127.0.0.1:0".into()]));
    let port = host.first_line.strip_prefix("listening on http://127.0.0.1:").map(str::parse::<u16>);
    assert!(matches!(port, Some(Ok(1..))), "{}", host.first_line);
    host.signal("TERM");
    let mut rest = String::new();
    host.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(host.child.wait().unwrap().code(), Some(0));
}

#[test]
fn ctrl_c_ends_it_with_success() {
    let mut host = Running::start(host([guest(CHAT), "--listen".into(), "127.0.0.1:0".into()]));
    host.signal("INT");
    assert_eq!(host.child.wait().unwrap().code(), Some(0));
}

#[test]
fn more_clients_are_served_than_the_shell_allows_open_files() {
    const FILES: usize = 64;
    let run = host([guest(CHAT), "--listen".into(), "127.0.0.1:0".into()]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("ulimit -S -n {FILES}; exec \"$0\" \"$@\"")])
        .arg(run.get_program())
        .args(run.get_args());
    limited.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let host = Running::start(limited);
    let address = host.first_line.strip_prefix("listening on http://").unwrap();
    let mut clients: Vec<_> = (0..2 * FILES).map(|_| TcpStream::connect(address).unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut status = [0; 12];
        client.read_exact(&mut status).unwrap();
        assert_eq!(text(&status), "HTTP/1.1 404");
    }
}

#[test]
fn inspect_tells_what_a_component_is() {
    let Output { status, stdout, .. } = subcommand("inspect", [guest(CHAT)]).output().unwrap();
    let stdout = text(&stdout);
    assert_eq!(status.code(), Some(0), "{stdout}");
    let value = |name: &str| {
        let line = stdout.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}:\n{stdout}"));
        line[name.len()..].trim().to_owned()
    };
    assert!(value("size").ends_with("kB"));
    assert_eq!(value("world"), "handler");
    assert_eq!(value("namespace"), "/chat");
    assert_eq!(value("events"), "$connect, $disconnect, joinRoom, message, privateMessage, typing");
    assert!(stdout.contains(" realtime:gateway/socket@0.1.1\n") && !stdout.contains("not granted"), "{stdout}");
}

#[test]
fn inspect_tells_which_flag_grants_an_import() {
    let Output { status, stdout, .. } = subcommand("inspect", [guest("web.wasm")]).output().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(text(&stdout).contains("  (granted with --allow-net HOST)\n"), "{}", text(&stdout));
}

#[test]
fn inspect_tells_what_is_not_granted_and_fails_as_run_does() {
    let Output { status, stdout, stderr } = subcommand("inspect", [needy().path()]).output().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(text(&stdout).contains("wasi:keyvalue/store@0.2.0  (not granted)"), "{}", text(&stdout));
    Refusal(text(&stderr)).says("wasi:keyvalue/store@0.2.0");
}

/// `host run` with arguments.
fn host(arguments: impl IntoIterator<Item = impl Into<String>>) -> Command {
    subcommand("run", arguments)
}

/// A subcommand of the host, without the settings of whoever runs the tests.
fn subcommand(name: &str, arguments: impl IntoIterator<Item = impl Into<String>>) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOST_") {
            command.env_remove(name);
        }
    }
    command.arg(name).args(arguments.into_iter().map(Into::into)).stdin(Stdio::null());
    command.env_remove("RUST_LOG").env("HOST_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    // Hosts of tests that run at the same time cannot share a file.
    command.env("HOST_DATA", "none");
    command
}

/// Runs it until it refuses to start.
fn refused(mut command: Command) -> Refusal {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let stderr = text(&stderr);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert_eq!(text(&stdout), "", "nothing is served");
    assert_eq!(stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "one message:\n{stderr}");
    Refusal(stderr)
}

struct Refusal(String);

impl Refusal {
    /// The message, or one of its causes, has the words.
    fn says(&self, words: &str) {
        let mut lines = self.0.lines().filter(|line| line.starts_with("error: ") || line.starts_with("  caused by: "));
        assert!(lines.any(|line| line.contains(words)), "no `{words}` in:\n{}", self.0);
    }

    /// A hint has the words.
    fn hints(&self, words: &str) {
        let mut lines = self.0.lines().filter(|line| line.starts_with("hint: "));
        assert!(lines.any(|line| line.contains(words)), "no hint with `{words}` in:\n{}", self.0);
    }
}

/// A host that listens; killed where a test fails.
struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    first_line: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).unwrap();
        Self { child, stdout, first_line: first_line.trim_end().to_owned() }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file that lives as long as its test.
struct Fixture(PathBuf);

/// Each has a folder of its own.
static FIXTURES: AtomicUsize = AtomicUsize::new(0);

impl Fixture {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let number = FIXTURES.fetch_add(1, Ordering::Relaxed);
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{}-{number}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(name), bytes).unwrap();
        Self(dir.join(name))
    }

    fn path(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// Where this test, and all that belongs to it, was built.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn binary() -> PathBuf {
    std::env::var_os("HOST_BIN").map_or_else(|| target().join("debug/host"), PathBuf::from)
}

fn guest(file: &str) -> String {
    let guests = std::env::var_os("HOST_GUESTS").map(PathBuf::from);
    let file = guests.unwrap_or_else(|| target().join("wasm32-wasip2/release")).join(file);
    assert!(file.exists(), "{} is missing: run `cargo xtask test`", file.display());
    file.to_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
