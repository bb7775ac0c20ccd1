//! `cargo xtask fuzz`: runs the targets of `fuzz/`, one after another.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::install;
use crate::run::{run, step};
use crate::workspace::Workspace;

/// How long each target runs if the command line does not say.
const SECONDS: u64 = 600;

/// The target that runs components. It is built with a feature of its own name, because the other targets do without
/// wasmtime, and without a sanitizer: what it tests is safe Rust, and wasmtime would take several times as long to build
/// and to run.
const RUNS_COMPONENTS: &str = "fuse";

/// Fuzzes one target or all. `arguments` may hold the name of a target and the number of seconds for each.
pub fn fuzz(arguments: &[String]) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let dir = workspace.root.join("fuzz");
    let mut targets = targets(&dir)?;
    let mut seconds = SECONDS;
    for argument in arguments {
        match argument.parse() {
            Ok(number) => seconds = number,
            Err(_) if targets.contains(argument) => targets = vec![argument.clone()],
            Err(_) => bail!("there is no fuzz target `{argument}`; the targets are {}", targets.join(", ")),
        }
    }
    install::cargo_fuzz()?;
    for target in targets {
        step(&format!("fuzzing {target} for {seconds} s"));
        // libFuzzer writes new inputs to the first folder and only reads the others.
        let [corpus, seeds] = ["corpus", "seeds"].map(|kind| dir.join(kind).join(&target));
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
        let mut fuzz = Command::new("cargo");
        fuzz.args(["+nightly", "fuzz", "run", &target]);
        if target == RUNS_COMPONENTS {
            fuzz.args(["--features", &target, "--sanitizer", "none"]);
        }
        fuzz.arg(corpus).arg(seeds).arg("--").current_dir(&dir);
        let bounds = ["-timeout=60", "-max_len=4000", "-len_control=20", "-print_final_stats=1"];
        run(fuzz.arg(format!("-max_total_time={seconds}")).args(bounds))?;
    }
    Ok(())
}

fn targets(dir: &Path) -> anyhow::Result<Vec<String>> {
    let dir = dir.join("fuzz_targets");
    let entries = fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
