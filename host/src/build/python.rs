//! Handlers in Python: a file or a folder, bundled with CPython and the modules that they import.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::sdk::Sdk;
use super::{Options, made, producers, tool};

const GET_PYTHON: &str = "install Python 3.11 or newer with its module venv (on Debian `apt-get install python3-venv`)";

pub(super) fn build(source: &Path, options: &Options) -> anyhow::Result<PathBuf> {
    let cache = options.cache()?;
    let sdk = Sdk::unpack(cache)?;
    made::component(cache, source, &[&sdk.digest], options.rebuild, |component, inputs| {
        let mut python = Command::new("python3");
        // `-B`, because compiled modules must not be left among the SDKs.
        python.arg("-B").arg(sdk.dir.join("guest-sdk/python/build.py")).arg(source);
        python.arg("--output").arg(component).arg("--inputs").arg(inputs);
        python.arg("--cache-dir").arg(cache.join("python"));
        if options.install {
            python.arg("--install");
        }
        tool::build(&mut python, source, GET_PYTHON)?;
        producers::add(component, "Python", "CPython")
    })
}
