//! `host.toml` and the real binary: every kind of mistake is one message with its place and a hint, and nothing is served.

use std::fs;

use super::*;

/// A file of settings in a folder of its own, with an empty `a.wasm` beside it.
fn file(text: &str) -> Fixture {
    let file = Fixture::new("host.toml", text.as_bytes());
    fs::write(file.0.with_file_name("a.wasm"), b"").unwrap();
    fs::write(file.0.with_file_name("empty.txt"), b"\n").unwrap();
    file
}

fn with(file: &Fixture, command: &[&str]) -> Command {
    let mut host = Command::new(binary());
    host.args(command).current_dir(file.0.parent().unwrap());
    host
}

const A: &str = "[[namespace]]\ncomponent = \"a.wasm\"\n";

#[test]
fn every_mistake_is_told_with_its_place_and_a_hint() {
    // What stands before the namespace, the place and words of the message, and words of the hint.
    let settings = [
        ("max-paylod = 1", "1:1: there is no setting `max-paylod`", "did you mean `max-payload`?"),
        ("\n  max_payload = 1", "2:3: there is no setting `max_payload`", "did you mean `max-payload`?"),
        ("zzz = 1", "1:1: there is no setting `zzz`", "host run --help"),
        ("config = \"other.toml\"", "1:1: there is no setting `config`", ""),
        ("[server]\nlisten = \"127.0.0.1:0\"", "1:2: there is no setting `server`", "without a table"),
        ("listen = 3000", "1:10: `listen` cannot be `3000`: write ADDRESS:PORT", "--listen"),
        ("listen = true", "1:10: `listen` cannot be of the type boolean", "text"),
        ("listen = [\"127.0.0.1:0\"]", "1:10: `listen` cannot be of the type array", "text"),
        ("listen = 1.5", "1:10: `listen` cannot be of the type float", "text"),
        ("max-payload = \"many\"", "1:15: `max-payload` cannot be `many`: not a size", "--max-payload"),
        ("max-payload = 0", "1:15: `max-payload` cannot be `0`: must be more than 0", "--max-payload"),
        ("max-payload = -1", "1:15: `max-payload` cannot be `-1`", "--max-payload"),
        ("ping-timeout = \"soon\"", "1:16: `ping-timeout` cannot be `soon`: not a time", "--ping-timeout"),
        ("ping-timeout = 20", "1:16: `ping-timeout` cannot be `20`: not a time", "--ping-timeout"),
        ("max-rooms = 1979-05-27", "1:13: `max-rooms` cannot be of the type datetime", "number"),
        ("reuse = \"many\"", "1:9: `reuse` cannot be `many`", "--reuse"),
        (
            "log-format = \"xml\"",
            "1:14: `log-format` cannot be `xml`: not one of its values: write `pretty` or `json`",
            "",
        ),
        ("install = \"yes\"", "1:11: `install` cannot be of the type string", "`true` or `false`"),
        (
            "cors-origin = [\"example.org\"]",
            "1:16: `cors-origin` cannot be `example.org`: write scheme",
            "--cors-origin",
        ),
        ("allow-net = [1.5]", "1:14: `allow-net` cannot be of the type float", "list"),
        ("env = \"A=1\"", "1:7: `env` cannot be of the type string", "a table"),
        ("env = { \"A=B\" = \"1\" }", "1:9: this is no environment variable", "no `=`"),
        ("env = { A = true }", "1:13: `A` cannot be of the type boolean", "text"),
        ("env = { A = { file = \"nowhere\" } }", "1:22: cannot read the secret file `nowhere`", "relative to the file"),
        (
            "env = { A = { env = \"NOT_SET_ANYWHERE\" } }",
            "the environment variable `NOT_SET_ANYWHERE` is not set",
            "set it",
        ),
        ("env = { A = { vault = \"x\" } }", "1:15: a secret cannot come from `vault`", "file"),
        ("env = { A = { env = \"A\", file = \"B\" } }", "1:13: a secret comes from one place", "write"),
        ("path = { file = \"empty.txt\" }", "1:8: the secret is no value of `path`", "--path"),
        ("listen = \"127.0.0.1:0", "1:", "the file is TOML"),
        ("reuse = 1\nreuse = 2", "2:1: ", "the file is TOML"),
        ("static = \"nowhere\"", "1:10: --static `nowhere` does not exist", "folder"),
        ("max-unsent = \"1kB\"", "1:14: --max-unsent 1kB is less than --max-payload 1MB", "--max-unsent"),
        ("cors-origin = [\"*\", \"https://x.org\"]", "1:15: --cors-origin is `*` and also names origins", "drop"),
    ];
    for (text, says, hints) in settings {
        check(&file(&format!("{text}\n{A}")), says, hints);
    }
    let namespaces = [
        ("", "1:1: this file has no namespace, and no component is given", "[[namespace]]"),
        ("[namespace]\ncomponent = \"a.wasm\"", "1:1: `namespace` is no list of tables", "[[namespace]]"),
        ("namespace = \"/a\"", "1:13: `namespace` is no list of tables", "[[namespace]]"),
        ("namespace = [1]", "1:14: a namespace is a table", "[[namespace]]"),
        ("[[namespace]]\npath = \"/a\"", "1:1: this namespace has no `component`", "component ="),
        ("[[namespace]]\ncomponent = \"b.wasm\"", "2:13: there is no `b.wasm`", "relative to"),
        ("[[namespace]]\ncomponent = 1", "2:13: `component` cannot be of the type integer", "text"),
        (
            "[[namespace]]\npath = \"chat\"\ncomponent = \"a.wasm\"",
            "2:8: namespace `chat` does not begin with `/`",
            "write `/chat`",
        ),
        (
            "[[namespace]]\npath = \"/a\"\ncomponent = \"a.wasm\"\n[[namespace]]\npath = \"/a\"\ncomponent = \"a.wasm\"",
            "5:8: there are two namespaces `/a`",
            "its own path",
        ),
        ("[[namespace]]\ncomponet = \"a.wasm\"", "2:1: there is no setting `componet`", "did you mean `component`?"),
        (
            "[[namespace]]\ncomponent = \"a.wasm\"\nlisten = \"127.0.0.1:0\"",
            "3:1: `listen` is a setting of the whole host",
            "move it",
        ),
        (
            "[[namespace]]\ncomponent = \"a.wasm\"\nhandler-time = 5",
            "3:16: `handler-time` cannot be `5`: not a time",
            "--handler-time",
        ),
        (
            "[[namespace]]\ncomponent = \"a.wasm\"\nhandler-command-bytes = \"1kB\"",
            "3:25: --handler-command-bytes 1kB is less than --max-payload 1MB",
            "--handler-command-bytes",
        ),
    ];
    for (text, says, hints) in namespaces {
        check(&file(text), says, hints);
    }
}

fn check(file: &Fixture, says: &str, hints: &str) {
    for command in ["run", "check"] {
        let error = refused(with(file, &[command]));
        error.says("host.toml:");
        error.says(says);
        error.hints(hints);
    }
}

#[test]
fn without_a_file_and_without_a_component() {
    let elsewhere = Fixture::new("other.txt", b"");
    let error = refused(with(&elsewhere, &["run"]));
    error.says("nothing to serve");
    error.hints("host new");
    let error = refused(with(&elsewhere, &["run", "--config", "nowhere.toml"]));
    error.says("cannot read nowhere.toml");
    let error = refused(with(&elsewhere, &["check"]));
    error.says("cannot read host.toml");
}

#[test]
fn a_file_and_a_component_that_both_say_what_is_served() {
    let file = file(A);
    let error = refused(with(&file, &["run", "b.wasm", "--config", "host.toml"]));
    error.says("host.toml:1:1: this file says what is served, and the command line names `b.wasm` too");
}

#[test]
fn what_the_command_line_has_is_not_looked_for_in_the_file() {
    let file = file(&format!("admin = \"127.0.0.1:9000\"\nmax-unsent = \"8MiB\"\n{A}"));
    for flags in [["--admin", "0.0.0.0:9000"], ["--max-unsent", "1kB"]] {
        let error = refused(with(&file, &[&["run"][..], &flags].concat()));
        assert!(error.0.starts_with(&format!("error: {}", flags[0])), "{}", error.0);
    }
}

#[test]
fn what_the_file_says_is_served_with_its_settings() {
    let chat = guest(CHAT);
    let file = file(&format!(
        "listen = \"127.0.0.1:0\"\nstatic = \".\"\n[[namespace]]\ncomponent = '{chat}'\nhandler-time = \"1s\"\n"
    ));
    let checked = with(&file, &["check"]).output().unwrap();
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let host = Running::start(with(&file, &["run"]));
    assert!(host.first_line.starts_with("listening on http://127.0.0.1:"), "{}", host.first_line);
    let other = Fixture::new("elsewhere.txt", b"");
    let path = file.path();
    // Its paths are relative to the file, wherever the host is started.
    let host = Running::start(with(&other, &["run", "--config", &path]));
    assert!(host.first_line.starts_with("listening on http://127.0.0.1:"), "{}", host.first_line);
}

#[test]
fn a_stray_file_does_not_matter_where_a_component_is_named() {
    let file = file("this is no TOML");
    let host = Running::start(with(&file, &["run", &guest(CHAT), "--listen", "127.0.0.1:0"]));
    assert!(host.first_line.starts_with("listening on http://127.0.0.1:"), "{}", host.first_line);
}

#[test]
fn config_shows_each_setting_with_its_origin_and_no_secret() {
    let file = file(&format!(
        "max-payload = \"2MB\"\nmax-rooms = 7\nreuse = 3\nenv = {{ OPEN = \"visible\", KEY = {{ file = \"key\" }} }}\nallow-net = [\"open.example\", {{ file = \"net\" }}]\n{A}env = {{ OWN = \"hush\" }}\n"
    ));
    fs::write(file.0.with_file_name("key"), "s3cret\n").unwrap();
    fs::write(file.0.with_file_name("net"), "hidden.example\n").unwrap();
    let mut command = with(&file, &["config", "--max-rooms", "9", "--env", "FLAG=flagged"]);
    let output = command.env("HOST_REUSE", "5").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    let has = |setting: &str, origin: &str| {
        let line =
            shown.lines().find(|line| line.starts_with(setting)).unwrap_or_else(|| panic!("no {setting} in\n{shown}"));
        assert!(line.ends_with(&format!("# {origin}")), "{line}");
    };
    has("max-payload = \"2MB\"", "host.toml:1:15");
    has("max-rooms = \"9\"", "command line");
    has("reuse = \"5\"", "HOST_REUSE");
    has("# ping-timeout = \"20s\"", "default");
    has("# static ", "default");
    has("\"KEY\" = { file = \"key\" }", "host.toml:4:33");
    has("# \"OPEN\" = (not shown)", "host.toml:4:16");
    has("# \"FLAG\" = (not shown)", "command line");
    has("# env.\"OWN\" = (not shown)", "host.toml:8:15");
    has("allow-net = [\"open.example\", { file = \"net\" }]", "host.toml:5:13");
    for secret in ["s3cret", "hidden.example", "visible", "hush", "flagged"] {
        assert!(!shown.contains(secret), "{secret} in\n{shown}");
    }
    // What it shows is a file itself, apart from what it does not show.
    let again = super::Fixture::new("host.toml", shown.as_bytes());
    fs::write(again.0.with_file_name("a.wasm"), b"").unwrap();
    fs::write(again.0.with_file_name("key"), "s3cret\n").unwrap();
    fs::write(again.0.with_file_name("net"), "hidden.example\n").unwrap();
    let output = with(&again, &["config"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}
