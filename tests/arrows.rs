//! Holds the code to the shape that ARCHITECTURE.md gives it: imports go one way, some modules never name some
//! libraries, and no file grows long without a reason.
//!
//! The source is read as text: a path that begins with `crate::` counts wherever it stands, also in macros and tests.
//! So that nothing hides, a module is left by `crate::…` only, never by `super::…`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with what it may import, beside itself and what these import in turn. A nested module is one of its own.
const ARROWS: [(&str, &[&str]); 17] = [
    ("main", &["app", "cli"]),
    ("cli", &["app", "build"]),
    ("build", LEAVES),
    ("app", &["adapter", "guest", "http"]),
    ("http", &["engine_io::transport"]),
    ("engine_io::transport", &["engine_io"]),
    ("guest", &["gateway", "runtime"]),
    ("adapter", &["gateway"]),
    ("gateway", &["engine_io", "socket_io"]),
    ("engine_io", LEAVES),
    ("socket_io", LEAVES),
    ("runtime", LEAVES),
    ("config", &[]),
    ("hint", &[]),
    ("machine", &[]),
    ("private_dir", &[]),
    ("telemetry", &[]),
];

const LEAVES: &[&str] = &["config", "hint", "machine", "private_dir", "telemetry"];

/// Modules and the libraries that their code must not name.
const NEVER_NAMED: [(&str, &str); 7] = [
    ("engine_io", "wasmtime"),
    ("engine_io::transport", "wasmtime"),
    ("socket_io", "wasmtime"),
    ("gateway", "wasmtime"),
    ("adapter", "wasmtime"),
    ("http", "wasmtime"),
    ("runtime", "hyper"),
];

/// A longer file says in its header why, with these words.
const LONG: usize = 500;
const LONG_BECAUSE: &str = "500 lines";

#[test]
fn imports_go_one_way() {
    let mut wrong = String::new();
    for file in host_files() {
        for (number, line) in file.code() {
            for target in imports(line) {
                if !allowed(&file.module, target) {
                    let _ = writeln!(wrong, "{}:{number}: {} must not import {target}", file.path, file.module);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against ARCHITECTURE.md:\n{wrong}");
}

#[test]
fn every_module_has_its_arrows() {
    for file in host_files() {
        assert!(ARROWS.iter().any(|(module, _)| *module == file.module), "{} is in no module of ARROWS", file.path);
    }
}

#[test]
fn modules_are_left_by_crate_paths_only() {
    let mut wrong = String::new();
    for file in host_files() {
        let mut depth = file.depth;
        for (number, line) in file.code() {
            if line.contains("#[cfg(test)]") {
                // What follows is one module deeper.
                depth += 1;
            }
            if line.contains(&"super::".repeat(depth)) {
                let _ = writeln!(wrong, "{}:{number}: write `crate::`", file.path);
            }
        }
    }
    assert!(wrong.is_empty(), "imports that the other tests do not see:\n{wrong}");
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut wrong = String::new();
    for file in host_files() {
        for (_, library) in NEVER_NAMED.iter().filter(|(module, _)| *module == file.module) {
            for (number, _) in file.code().filter(|(_, line)| line.contains(library)) {
                let _ = writeln!(wrong, "{}:{number}: {} must not name {library}", file.path, file.module);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn long_files_say_why() {
    for path in ["host/src", "guest-sdk/src", "xtask/src"].into_iter().flat_map(|dir| rust_files(&root().join(dir))) {
        let text = fs::read_to_string(&path).unwrap();
        let header: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let lines = text.lines().count();
        let file = path.display();
        assert!(lines <= LONG || header.contains(LONG_BECAUSE), "{file} has {lines} lines: split it, or say why not");
    }
}

#[test]
fn the_scanner_sees_every_form_of_import() {
    let seen = |line| imports(line).collect::<Vec<_>>();
    assert_eq!(seen("use crate::config::ClientLimits;"), ["config"]);
    assert_eq!(seen("use crate::engine_io::transport::Endpoint;"), ["engine_io::transport"]);
    assert_eq!(seen("use crate::engine_io::{CloseReason, Session};"), ["engine_io"]);
    assert_eq!(seen("let x = f(crate::hint::error(a), crate::telemetry::metrics());"), ["hint", "telemetry"]);
    assert_eq!(seen("use crate::{app, hint::{self, HintExt}, telemetry};"), ["app", "hint", "telemetry"]);
    assert_eq!(seen("use host::{app, cli::Cli};"), ["app", "cli"]);
    assert_eq!(seen("use localhost::x;"), [""; 0]);
}

/// Whether the arrows lead from a module to another.
fn allowed(from: &str, to: &str) -> bool {
    let direct = ARROWS.iter().find(|(module, _)| *module == from).map_or(&[][..], |(_, targets)| targets);
    from == to || (!LEAVES.contains(&from) && LEAVES.contains(&to)) || direct.iter().any(|next| allowed(next, to))
}

/// Modules that a line names by `crate::` or, in the program, by `host::`.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    ["crate::", "host::"].into_iter().flat_map(move |root| {
        line.match_indices(root).filter(|(at, _)| !line[..*at].ends_with(is_word)).flat_map(move |(at, _)| {
            let path = &line[at + root.len()..];
            match path.strip_prefix('{') {
                Some(group) => first_names(group),
                None => vec![module(path)],
            }
        })
    })
}

/// The module at the beginning of a path.
fn module(path: &str) -> &str {
    const NESTED: &str = "engine_io::transport";
    if path.starts_with(NESTED) { NESTED } else { path.split(|c| !is_word(c)).next().unwrap_or_default() }
}

/// The modules of a group, `app, hint::{self, HintExt}}…`, without what is nested in them.
fn first_names(group: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.push(module(group[start..at].trim()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct SourceFile {
    /// Relative to `host/src`.
    path: String,
    /// One of [`ARROWS`].
    module: String,
    /// How many modules the file is deep: `super::` repeated as often leads out of its top-level module.
    depth: usize,
    text: String,
}

impl SourceFile {
    /// Lines with their numbers, without comments. A `use` of several lines is one.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(i, line)| (i + 1, line));
        lines.map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
    }
}

/// All but `lib.rs`, which only names modules, and files of tests, which may use what is above what they test.
fn host_files() -> Vec<SourceFile> {
    let src = root().join("host/src");
    let is_test = |path: &Path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        name.ends_with("_tests") || name == "test_support"
    };
    let files = rust_files(&src).into_iter().filter(|path| !path.ends_with("lib.rs") && !is_test(path));
    files
        .map(|path| {
            let relative = path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
            let names: Vec<&str> = relative.trim_end_matches(".rs").split('/').filter(|name| *name != "mod").collect();
            let nested = names.len() > 1 && names[..2] == ["engine_io", "transport"];
            let module = if nested { names[..2].join("::") } else { names[0].to_owned() };
            let text = joined_uses(&fs::read_to_string(&path).unwrap());
            SourceFile { depth: names.len(), path: relative, module, text }
        })
        .collect()
}

/// Puts every `use …{ … };` that rustfmt has broken onto its first line, and keeps the number of lines.
fn joined_uses(text: &str) -> String {
    let mut joined = String::new();
    let mut open = 0;
    for line in text.lines() {
        let begins = line.trim_start().trim_start_matches("pub ").starts_with("use ");
        if open > 0 || begins && !line.contains(';') {
            joined.push_str(line.trim());
            open += 1;
            if line.contains(';') {
                joined.push_str(&"\n".repeat(open));
                open = 0;
            }
        } else {
            joined.push_str(line);
            joined.push('\n');
        }
    }
    joined
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
