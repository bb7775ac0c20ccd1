//! `host reload` and `host rollback`: ask a host that runs.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::Value;

use super::Cli;
use super::plan::run;
use crate::config::{AdminConfig, Layers};
use crate::hint;

/// Where the host is asked: what its own settings say, if this is started where it was.
#[derive(Debug, clap::Args)]
pub struct Running {
    /// File of settings that the host was started with. [default: host.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "HOST_CONFIG")]
    config: Option<PathBuf>,

    /// Address of its listener for operators. [default: what the file says]
    #[arg(long, value_name = "ADDRESS", env = "HOST_ADMIN")]
    admin: Option<SocketAddr>,

    /// The token of this listener. [default: what the file says]
    #[arg(long, value_name = "TOKEN", env = "HOST_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
}

impl Running {
    /// # Errors
    ///
    /// If it is not known where the host is.
    pub fn admin(self) -> anyhow::Result<AdminConfig> {
        let flag = |name: &str, value: Option<OsString>| {
            value.map(|value| {
                let mut flag = OsString::from(format!("--{name}="));
                flag.push(value);
                flag
            })
        };
        let flags = [
            flag("config", self.config.map(Into::into)),
            flag("admin", self.admin.map(|address| address.to_string().into())),
            flag("admin-token", self.admin_token.map(Into::into)),
        ];
        let words = ["host".into(), "run".into()].into_iter().chain(flags.into_iter().flatten());
        let layers = Layers::new(Cli::program(), words.collect())?;
        let given = run(layers.given())?;
        let run = match given.document(&layers)? {
            Some(document) => run(&layers.host(&document)?)?,
            None => given,
        };
        run.admin()?.ok_or_else(|| {
            hint::error(
                "it is not known where the host answers operators",
                "start it with --admin 127.0.0.1:9000, or with `admin` in its host.toml, and give this command the same",
            )
        })
    }
}

/// What the answer says: the revision that serves now.
///
/// # Errors
///
/// If the host has refused.
pub fn understood(status: u16, body: &str) -> anyhow::Result<u64> {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    if status == 200
        && let Some(revision) = answer.get("revision").and_then(Value::as_u64)
    {
        return Ok(revision);
    }
    let Some(why) = answer.get("error").and_then(Value::as_str) else {
        bail!("the host answered {status}: {}", body.trim());
    };
    let hints = answer.get("hints").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let refused = anyhow::anyhow!("{why}");
    Err(hint::add(refused, &hints.collect::<Vec<_>>().join("; "))).context("the host has changed nothing")
}
