//! The scripts that carry out calls within Redis, each as a whole.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Value};

/// A script, which the server keeps by its digest until it restarts.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    digest: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) get: Script,
    pub(super) has: Script,
    pub(super) list: Script,
    pub(super) set: Script,
    pub(super) delete: Script,
    pub(super) increment: Script,
    pub(super) swap: Script,
    pub(super) clear: Script,
    pub(super) sweep: Script,
}

macro_rules! reads {
    ($file:literal) => {
        concat!(include_str!("scripts/read.lua"), include_str!($file))
    };
}

macro_rules! writes {
    ($file:literal) => {
        concat!(include_str!("scripts/read.lua"), include_str!("scripts/write.lua"), include_str!($file))
    };
}

impl Scripts {
    pub(super) async fn load(connection: &mut MultiplexedConnection) -> RedisResult<Self> {
        Ok(Self {
            get: Script::load(connection, reads!("scripts/get.lua")).await?,
            has: Script::load(connection, reads!("scripts/has.lua")).await?,
            list: Script::load(connection, reads!("scripts/list.lua")).await?,
            set: Script::load(connection, writes!("scripts/set.lua")).await?,
            delete: Script::load(connection, writes!("scripts/delete.lua")).await?,
            increment: Script::load(connection, writes!("scripts/increment.lua")).await?,
            swap: Script::load(connection, writes!("scripts/swap.lua")).await?,
            clear: Script::load(connection, writes!("scripts/clear.lua")).await?,
            sweep: Script::load(connection, writes!("scripts/sweep.lua")).await?,
        })
    }
}

impl Script {
    async fn load(connection: &mut MultiplexedConnection, text: &'static str) -> RedisResult<Self> {
        let digest = redis::cmd("SCRIPT").arg("LOAD").arg(text).query_async(connection).await?;
        Ok(Self { text, digest })
    }

    /// Runs it on the keys of a store. `now`: nothing for the server's own time.
    pub(super) async fn run(
        &self,
        connection: &mut MultiplexedConnection,
        keys: &[String],
        now: &str,
        arguments: &(dyn Fn(&mut Cmd) + Send + Sync),
    ) -> RedisResult<Value> {
        let command = |name, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(keys.len()).arg(keys).arg(now);
            arguments(&mut command);
            command
        };
        match command("EVALSHA", &self.digest).query_async(connection).await {
            // The server has restarted.
            Err(error) if error.code() == Some("NOSCRIPT") => command("EVAL", self.text).query_async(connection).await,
            result => result,
        }
    }
}
