//! The command line: one file a subcommand. Flags and environment variables in, checked `config` values out.

pub mod build;
mod cache;
pub mod inspect;
mod limits;
mod net;
pub mod new;
pub mod run;
mod units;

/// Serves Socket.IO; every event runs a sandboxed WebAssembly component.
#[derive(Debug, clap::Parser)]
#[command(name = "host", version, max_term_width = 120, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Run(Box<run::Run>),
    Build(build::Build),
    New(new::New),
    Inspect(inspect::Inspect),
}
