//! The command line: one file for each subcommand. Flags and environment variables in, checked `config` values out.

pub mod build;
mod cache;
pub mod check;
pub mod config;
pub mod environment;
pub mod inspect;
pub mod kv;
mod log;
pub mod new;
pub mod operate;
pub mod plan;
pub mod run;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use crate::config::{Layers, show_defaults};

/// Serves Socket.IO; every event runs a sandboxed WebAssembly component.
#[derive(Debug, clap::Parser)]
#[command(name = "host", version, max_term_width = 120, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Run(Box<run::Run>),
    Check(check::Check),
    Config(Box<config::Config>),
    /// Have a running host take over what is configured now: new revisions of its components, while clients stay connected.
    ///
    /// Exits with 0 when the new revision serves. If anything is wrong, nothing changes there, and this says why.
    Reload(operate::Running),
    /// Have a running host go back to the revision before the last reload; once more: forth again.
    Rollback(operate::Running),
    Build(build::Build),
    New(new::New),
    Inspect(inspect::Inspect),
    Kv(kv::Kv),
    /// The parent of a tool that a build runs: what it starts must end with the build.
    #[command(hide = true)]
    Supervise {
        /// The tool and its arguments.
        #[arg(last = true)]
        words: Vec<OsString>,
    },
}

impl Cli {
    /// Reads the command line and the environment, and returns the layers to which a file can be added. If they are wrong
    /// or ask for help, prints the error or the help and exits.
    pub fn read() -> (Self, Layers) {
        let read = || {
            let layers = Layers::new(Self::program(), std::env::args_os().collect())?;
            Ok((Self::from_arg_matches(layers.given())?, layers))
        };
        read().unwrap_or_else(|error: clap::Error| error.exit())
    }

    fn program() -> clap::Command {
        Self::command().mut_subcommand("run", show_defaults).mut_subcommand("config", show_defaults)
    }
}
