//! The listener for operators.

use std::net::SocketAddr;

use super::serve::address;
use super::values::Secret;
use crate::hint;

/// Health, status and reloading.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Operation")]
pub struct AdminSettings {
    /// Address of a second listener, for operators: health, status, reload and rollback. Port 0 takes a free one, which
    /// the log names. Other addresses than loopback ones need --admin-token. [default: none]
    #[arg(long, value_name = "ADDRESS", env = "HOST_ADMIN", value_parser = address)]
    admin: Option<SocketAddr>,

    /// What requests of operators must bring as `authorization: Bearer TOKEN`, those for health excepted. At least 16
    /// characters. Better in the environment or in a file than on a command line, which others may see.
    #[arg(long, value_name = "TOKEN", env = "HOST_ADMIN_TOKEN", hide_env_values = true, value_parser = token)]
    admin_token: Option<Secret>,
}

/// Where operators are answered, and with which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// Needed where the address is not a loopback one.
    pub token: Option<Secret>,
}

/// Shorter tokens could be guessed.
const SHORTEST: usize = 16;

fn token(text: &str) -> Result<Secret, String> {
    if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("a token has at least {SHORTEST} characters, letters, digits and signs without spaces"));
    }
    Ok(Secret(text.to_owned()))
}

impl AdminSettings {
    /// # Errors
    ///
    /// If others than this machine could ask without a token, or there is a token for no listener.
    pub(super) fn check(self) -> anyhow::Result<Option<AdminConfig>> {
        match (self.admin, self.admin_token) {
            (Some(address), None) if !address.ip().is_loopback() => Err(hint::error(
                format!("--admin {address} can be reached from other machines, and there is no --admin-token"),
                "set HOST_ADMIN_TOKEN, or listen on 127.0.0.1",
            )),
            (None, Some(_)) => {
                Err(hint::error("--admin-token is for no listener", "give --admin an address, or drop it"))
            }
            (Some(address), token) => Ok(Some(AdminConfig { address, token })),
            (None, None) => Ok(None),
        }
    }
}
