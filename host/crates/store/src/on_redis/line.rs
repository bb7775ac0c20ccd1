//! A connection that is made again when it is lost.
//!
//! A task of its own watches it. While the first new attempt is made, calls wait for it; if it fails, they fail at once
//! until an attempt succeeds, so that a server that is gone does not hold up handlers. The time between attempts grows to
//! [`LONGEST`].

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, SendError};
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisResult};
use redis_link::Backoff;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::refusal::failed;
use crate::error::Error;

/// Time that an attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Longest time between two attempts.
const LONGEST: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Line {
    state: watch::Receiver<State>,
    keeper: JoinHandle<()>,
}

#[derive(Debug)]
enum State {
    Connecting,
    Up(Link),
    Down(Error),
}

/// A connection as long as it holds.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    /// Told when it is lost.
    lost: Arc<Notify>,
}

impl Link {
    /// It does not answer: another one is to be made.
    pub(super) fn give_up(&self) {
        self.lost.notify_one();
    }
}

impl Line {
    /// Also returns the connection that it begins with.
    ///
    /// # Errors
    ///
    /// If the first attempt fails.
    pub(super) async fn open(client: &Client) -> RedisResult<(Self, MultiplexedConnection)> {
        let link = connect(client).await?;
        let (connection, (told, state)) = (link.connection.clone(), watch::channel(State::Up(link.clone())));
        let keeper = tokio::spawn(keep(client.clone(), link, told));
        Ok((Self { state, keeper }, connection))
    }

    /// The connection, if there is one, or will be after the present attempt.
    pub(super) async fn link(&self) -> Result<Link, Error> {
        let mut state = self.state.clone();
        let state = state.wait_for(|state| !matches!(state, State::Connecting)).await.map_err(|_| Error::closed())?;
        match &*state {
            State::Up(link) => Ok(link.clone()),
            State::Down(error) => Err(error.clone()),
            State::Connecting => Err(Error::closed()),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(client: Client, mut link: Link, told: watch::Sender<State>) {
    let mut backoff = Backoff::new(LONGEST);
    loop {
        let since = Instant::now();
        link.lost.notified().await;
        tracing::warn!("the connection to Redis is lost: key-value stores are unavailable until there is another");
        if since.elapsed() > LONGEST {
            backoff = Backoff::new(LONGEST);
            told.send_replace(State::Connecting);
        } else {
            // One that is lost at once, again and again, is not made again without a pause.
            told.send_replace(State::Down(Error::Unavailable("the connection to Redis is lost".to_owned())));
            sleep(backoff.pause()).await;
        }
        link = loop {
            match connect(&client).await {
                Ok(link) => break link,
                Err(error) => told.send_replace(State::Down(failed(&error))),
            };
            sleep(backoff.pause()).await;
        };
        told.send_replace(State::Up(link.clone()));
        tracing::info!("there is a connection to Redis again");
    }
}

async fn connect(client: &Client) -> RedisResult<Link> {
    let lost = Arc::new(Notify::new());
    let pushed = {
        let lost = lost.clone();
        move |push: PushInfo| -> Result<(), SendError> {
            if push.kind == PushKind::Disconnection {
                lost.notify_one();
            }
            Ok(())
        }
    };
    // Calls have a time limit of their own.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ATTEMPT))
        .set_response_timeout(None)
        .set_push_sender(pushed);
    let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    Ok(Link { connection, lost })
}
