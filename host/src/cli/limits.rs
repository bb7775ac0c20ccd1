//! Flags for the bounds on what clients and handlers may use.
//!
//! A value that means nothing by itself is refused where it is parsed (`units`); here values are held against each
//! other. Defaults are those of [`ClientLimits`] and [`HandlerLimits`], so that `--help` cannot disagree with them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use super::units::{CountOrNone, Size, Time};
use crate::config::{ClientLimits, HandlerLimits, RecoveryLimits};
use crate::{hint, machine};

/// The largest timer of JavaScript: clients wait ping interval + ping timeout with one.
const LONGEST_CLIENT_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// All linear memory that a 32-bit guest can address.
const LARGEST_GUEST_MEMORY: usize = 4 << 30;

/// Bounds on clients.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits of clients")]
pub struct ClientArgs {
    /// Largest packet, attachments included, and largest polling request. Beyond: the session is closed (`parse
    /// error`; status 413 in polling). Handlers cannot send larger packets either.
    #[arg(long, env = "HOST_MAX_PAYLOAD", value_name = "SIZE", default_value_t = Size(client().payload))]
    max_payload: Size,

    /// Binary attachments of one packet. Beyond: the session is closed (`parse error`).
    #[arg(long, env = "HOST_MAX_ATTACHMENTS", value_name = "N", default_value_t = client().attachments)]
    max_attachments: usize,

    /// Time from the opening of a session to the first namespace that its client joins. Beyond: the session is closed.
    #[arg(long, env = "HOST_CONNECT_TIMEOUT", value_name = "TIME", default_value_t = Time(client().connect_timeout))]
    connect_timeout: Time,

    /// Time between two pings to a client.
    #[arg(long, env = "HOST_PING_INTERVAL", value_name = "TIME", default_value_t = Time(client().ping_interval))]
    ping_interval: Time,

    /// Time that a client has to answer a ping. Beyond: the session is closed (`ping timeout`).
    #[arg(long, env = "HOST_PING_TIMEOUT", value_name = "TIME", default_value_t = Time(client().ping_timeout))]
    ping_timeout: Time,

    /// Time that the upgrade from polling to WebSocket may take. Beyond: the WebSocket is closed, polling goes on.
    #[arg(long, env = "HOST_UPGRADE_TIMEOUT", value_name = "TIME", default_value_t = Time(client().upgrade_timeout))]
    upgrade_timeout: Time,

    /// Events of one socket that wait for its handler. Beyond: its session is not read until one is handled; nothing
    /// is dropped.
    #[arg(long, env = "HOST_MAX_WAITING_EVENTS", value_name = "N", default_value_t = count(client().waiting_events))]
    max_waiting_events: NonZeroUsize,

    /// Bytes that wait to be sent to one session. Beyond: volatile packets are dropped, then the session is closed as
    /// a slow consumer.
    #[arg(long, env = "HOST_MAX_UNSENT", value_name = "SIZE", default_value_t = Size(client().unsent_bytes))]
    max_unsent: Size,

    /// Bytes of one session that wait for handlers. Beyond: the session is not read until some are handled; while a
    /// handler waits for its acknowledgement it is read on, and closed.
    #[arg(long, env = "HOST_MAX_UNHANDLED", value_name = "SIZE", default_value_t = Size(client().unhandled_bytes))]
    max_unhandled: Size,

    /// Sessions at once. Beyond: further ones are refused.
    #[arg(long, env = "HOST_MAX_SESSIONS", value_name = "N", default_value_t = count(client().sessions))]
    max_sessions: NonZeroUsize,

    /// Sessions at once from one IP address. Beyond: further ones are refused. Behind a reverse proxy all clients have
    /// the proxy's address.
    #[arg(
        long,
        env = "HOST_MAX_SESSIONS_PER_ADDRESS",
        value_name = "N|none",
        default_value_t = CountOrNone(client().sessions_per_address.and_then(NonZeroUsize::new))
    )]
    max_sessions_per_address: CountOrNone,

    /// Namespaces that one session may join. Beyond: CONNECT_ERROR.
    #[arg(long, env = "HOST_MAX_NAMESPACES", value_name = "N", default_value_t = count(client().namespaces_per_session))]
    max_namespaces: NonZeroUsize,

    /// Rooms that one socket may be in, its own included. Beyond: joining is an error.
    #[arg(long, env = "HOST_MAX_ROOMS", value_name = "N", default_value_t = count(client().rooms_per_socket))]
    max_rooms: NonZeroUsize,
}

/// What is kept for clients that were cut off.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Connection state recovery")]
pub struct RecoveryArgs {
    /// Let a client that was cut off return within this time: it gets its id, rooms and `data` back, and what it
    /// missed. The reference server's time is `2m`. Every event then has one more argument, which clients send back.
    /// [default: clients that return start anew]
    #[arg(long, env = "HOST_RECOVERY", value_name = "TIME")]
    recovery: Option<Time>,

    /// Packets that are kept of one namespace. Beyond: the oldest are dropped, and who missed them starts anew.
    #[arg(long, env = "HOST_RECOVERY_PACKETS", value_name = "N", default_value_t = count(recovery().packets))]
    recovery_packets: NonZeroUsize,

    /// Bytes of these packets, and as many of the sockets that were lost. Beyond: as above.
    #[arg(long, env = "HOST_RECOVERY_BYTES", value_name = "SIZE", default_value_t = Size(recovery().bytes))]
    recovery_bytes: Size,
}

impl RecoveryArgs {
    pub fn limits(&self) -> Option<RecoveryLimits> {
        let duration = self.recovery?.0;
        Some(RecoveryLimits { duration, packets: self.recovery_packets.get(), bytes: self.recovery_bytes.0 })
    }
}

/// Bounds on handlers.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits of handlers")]
pub struct HandlerArgs {
    /// Time that one event may take, waiting included; also one plain HTTP request, bodies included. Beyond: the handler
    /// is stopped, and only this event fails.
    #[arg(long, env = "HOST_HANDLER_TIME", value_name = "TIME", default_value_t = Time(handler().time))]
    handler_time: Time,

    /// Memory of one instance, at most 4GiB. Beyond: the handler is stopped, and only this event fails.
    #[arg(long, env = "HOST_HANDLER_MEMORY", value_name = "SIZE", default_value_t = Size(handler().memory))]
    handler_memory: Size,

    /// Table elements (function references) of one instance. Beyond: as with memory.
    #[arg(long, env = "HOST_HANDLER_TABLE", value_name = "N", default_value_t = count(handler().table_elements))]
    handler_table: NonZeroUsize,

    /// Commands (emit, join, leave …) that one event may call. Beyond: the call is an error to the handler.
    #[arg(long, env = "HOST_HANDLER_COMMANDS", value_name = "N", default_value_t = count(handler().commands))]
    handler_commands: NonZeroUsize,

    /// Bytes of the commands that one event may call. Beyond: the call is an error to the handler.
    #[arg(long, env = "HOST_HANDLER_COMMAND_BYTES", value_name = "SIZE", default_value_t = Size(handler().command_bytes))]
    handler_command_bytes: Size,

    /// A socket's `data`, as JSON. Beyond: setting it is an error to the handler, and the old value stays.
    #[arg(long, env = "HOST_MAX_SOCKET_DATA", value_name = "SIZE", default_value_t = Size(handler().socket_data))]
    max_socket_data: Size,

    /// Body of one plain HTTP request. Beyond: status 413.
    #[arg(long, env = "HOST_MAX_REQUEST_BODY", value_name = "SIZE", default_value_t = Size(handler().request_body))]
    max_request_body: Size,

    /// Plain HTTP requests that wait for an instance; half of all instances may answer requests at once. Beyond:
    /// status 503.
    #[arg(long, env = "HOST_MAX_WAITING_REQUESTS", value_name = "N", default_value_t = count(handler().waiting_requests))]
    max_waiting_requests: NonZeroUsize,

    /// Memory of all instances together. Half of it is dealt out evenly, so that every instance has its share; the rest
    /// goes to who asks first. Beyond: the instance that asks for more is stopped, and only its event fails.
    /// [default: half of the memory that this process may use]
    #[arg(long, env = "HOST_HANDLERS_MEMORY", value_name = "SIZE")]
    handlers_memory: Option<Size>,

    /// Instances at once, which is to say events handled at once. Beyond: events wait in their socket's queue.
    /// [default: one for every 8MiB of --handlers-memory, at most 256 for each core, between 16 and 1000]
    #[arg(long, env = "HOST_HANDLERS", value_name = "N")]
    handlers: Option<NonZeroUsize>,

    /// Events that one instance handles, one after the other. With more than 1, what a handler leaves in its memory is
    /// there when it handles the next event, of whichever client: events are no longer isolated from each other, and
    /// cost less. Namespaces stay isolated. An instance ends early after a trap or when its time is up, when its memory
    /// has grown by 4MiB, and where something goes on after the event. At most a quarter of --handlers waits for further
    /// events.
    #[arg(long, env = "HOST_REUSE", value_name = "N", default_value_t = NonZeroU32::MIN)]
    reuse: NonZeroU32,
}

impl ClientArgs {
    /// # Errors
    ///
    /// Two limits contradict each other.
    pub fn check(&self) -> anyhow::Result<ClientLimits> {
        if self.ping_interval.0 + self.ping_timeout.0 > LONGEST_CLIENT_TIMER {
            return Err(hint::error(
                format!(
                    "--ping-interval {} and --ping-timeout {} together are longer than a client can wait",
                    self.ping_interval, self.ping_timeout
                ),
                "keep their sum under 24 days",
            ));
        }
        let payload = ("--max-payload", self.max_payload);
        at_least(("--max-unsent", self.max_unsent), payload)?;
        at_least(("--max-unhandled", self.max_unhandled), payload)?;
        Ok(ClientLimits {
            payload: self.max_payload.0,
            attachments: self.max_attachments,
            connect_timeout: self.connect_timeout.0,
            ping_interval: self.ping_interval.0,
            ping_timeout: self.ping_timeout.0,
            upgrade_timeout: self.upgrade_timeout.0,
            waiting_events: self.max_waiting_events.get(),
            unsent_bytes: self.max_unsent.0,
            unhandled_bytes: self.max_unhandled.0,
            sessions: self.max_sessions.get(),
            sessions_per_address: self.max_sessions_per_address.0.map(NonZeroUsize::get),
            namespaces_per_session: self.max_namespaces.get(),
            rooms_per_socket: self.max_rooms.get(),
        })
    }
}

impl HandlerArgs {
    /// What a packet may hold, and how many rooms a socket may be in, is the same in both directions: `client` says it.
    ///
    /// # Errors
    ///
    /// Two limits contradict each other.
    pub fn check(&self, client: &ClientLimits) -> anyhow::Result<HandlerLimits> {
        if self.handler_memory.0 > LARGEST_GUEST_MEMORY {
            return Err(hint::error(
                format!("--handler-memory {} is more than a component can use", self.handler_memory),
                "give at most 4GiB",
            ));
        }
        let total_memory = self.handlers_memory.unwrap_or_else(|| Size(machine::handler_memory()));
        at_least(("--handlers-memory", total_memory), ("--handler-memory", self.handler_memory))?;
        at_least(("--handler-command-bytes", self.handler_command_bytes), ("--max-payload", Size(client.payload)))?;
        Ok(HandlerLimits {
            time: self.handler_time.0,
            memory: self.handler_memory.0,
            table_elements: self.handler_table.get(),
            instances: self.handlers.map_or_else(|| machine::instances(total_memory.0), NonZeroUsize::get),
            reuse: self.reuse.get(),
            total_memory: total_memory.0,
            commands: self.handler_commands.get(),
            command_bytes: self.handler_command_bytes.0,
            payload: client.payload,
            attachments: client.attachments,
            socket_data: self.max_socket_data.0,
            rooms_per_socket: client.rooms_per_socket,
            request_body: self.max_request_body.0,
            waiting_requests: self.max_waiting_requests.get(),
        })
    }
}

/// A bound that holds several of a thing must hold the largest one.
fn at_least((flag, size): (&str, Size), (part_flag, part): (&str, Size)) -> anyhow::Result<()> {
    if size >= part {
        return Ok(());
    }
    Err(hint::error(
        format!("{flag} {size} is less than {part_flag} {part}"),
        format!("give {flag} at least {part}, or a smaller {part_flag}"),
    ))
}

fn client() -> ClientLimits {
    ClientLimits::default()
}

fn recovery() -> RecoveryLimits {
    RecoveryLimits::default()
}

fn handler() -> HandlerLimits {
    HandlerLimits::default()
}

/// A default of `config`, none of which is 0.
fn count(default: usize) -> NonZeroUsize {
    NonZeroUsize::new(default).unwrap_or(NonZeroUsize::MIN)
}
