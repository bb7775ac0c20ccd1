//! Limits on what clients and handlers may use.
//!
//! A value that is invalid by itself is refused when it is parsed (`values`); here values are checked against each
//! other. Settings that are not set get the default of the crate that enforces them.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use engine_io::{PerAddress, SessionLimits};
use gateway::model::{GatewayLimits, RecoveryLimits};
use guest::HandlerLimits;
use runtime::RuntimeLimits;

use super::machine::Machine;
use super::values::{CountOrNone, Size, Time};
use crate::hint;

/// The longest timer of JavaScript: clients use one to wait for ping interval + ping timeout.
const LONGEST_CLIENT_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

/// All linear memory that a 32-bit guest can address.
const LARGEST_GUEST_MEMORY: usize = 4 << 30;

/// Bounds on clients.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Limits of clients")]
pub struct ClientSettings {
    /// Largest packet, attachments included, and largest polling request. Beyond: the session is closed (`parse
    /// error`; status 413 in polling). Handlers cannot send larger packets either.
    #[arg(long, env = "HOST_MAX_PAYLOAD", value_name = "SIZE")]
    max_payload: Option<Size>,

    /// Binary attachments of one packet. Beyond: the session is closed (`parse error`).
    #[arg(long, env = "HOST_MAX_ATTACHMENTS", value_name = "N")]
    max_attachments: Option<usize>,

    /// Time from the opening of a session to the first namespace that its client joins. Beyond: the session is
    /// closed.
    #[arg(long, env = "HOST_CONNECT_TIMEOUT", value_name = "TIME")]
    connect_timeout: Option<Time>,

    /// Time between two pings to a client.
    #[arg(long, env = "HOST_PING_INTERVAL", value_name = "TIME")]
    ping_interval: Option<Time>,

    /// Time that a client has to answer a ping. Beyond: the session is closed (`ping timeout`).
    #[arg(long, env = "HOST_PING_TIMEOUT", value_name = "TIME")]
    ping_timeout: Option<Time>,

    /// Time that the upgrade from polling to WebSocket may take. Beyond: the WebSocket is closed, polling goes on.
    #[arg(long, env = "HOST_UPGRADE_TIMEOUT", value_name = "TIME")]
    upgrade_timeout: Option<Time>,

    /// Events of one socket that wait for its handler. Beyond: its session is not read until one is handled;
    /// nothing is dropped.
    #[arg(long, env = "HOST_MAX_WAITING_EVENTS", value_name = "N")]
    max_waiting_events: Option<NonZeroUsize>,

    /// Bytes that wait to be sent to one session. Beyond: volatile packets are dropped, then the session is closed
    /// as a slow consumer.
    #[arg(long, env = "HOST_MAX_UNSENT", value_name = "SIZE")]
    max_unsent: Option<Size>,

    /// Bytes of one session that wait for handlers. Beyond: the session is not read until some are handled; if a
    /// handler waits for an acknowledgement of its client, it is closed instead. Also the total bytes of the
    /// answers to one broadcast; answers beyond that count as missing.
    #[arg(long, env = "HOST_MAX_UNHANDLED", value_name = "SIZE")]
    max_unhandled: Option<Size>,

    /// Memory for what clients make the host keep, all together: handshakes, `auth`, `data`, rooms, what waits to be
    /// sent or handled, and what recovery keeps. Beyond seven eighths, new sessions are refused; beyond, the sessions
    /// that hold most are closed. [default: a quarter of the memory that this process may use]
    #[arg(long, env = "HOST_CLIENTS_MEMORY", value_name = "SIZE")]
    clients_memory: Option<Size>,

    /// The `auth` that a client joins a namespace with, as JSON. Beyond: CONNECT_ERROR.
    #[arg(long, env = "HOST_MAX_AUTH", value_name = "SIZE")]
    max_auth: Option<Size>,

    /// Sessions at once. Beyond: further ones are refused.
    #[arg(long, env = "HOST_MAX_SESSIONS", value_name = "N")]
    max_sessions: Option<NonZeroUsize>,

    /// Sessions at once from one IP address, or one IPv6 /64. Beyond: further ones are refused. Behind a reverse proxy
    /// all clients have the proxy's address.
    #[arg(long, env = "HOST_MAX_SESSIONS_PER_ADDRESS", value_name = "N|none")]
    max_sessions_per_address: Option<CountOrNone>,

    /// Sessions at once that have joined no namespace. Beyond: the oldest of the address that has most of them is
    /// closed.
    #[arg(long, env = "HOST_MAX_UNJOINED", value_name = "N")]
    max_unjoined: Option<NonZeroUsize>,

    /// Those of one IP address, or one IPv6 /64. Beyond: its oldest is closed. Without this flag, loopback and
    /// private addresses are not bounded, as reverse proxies have them. Give `none`, or more, if yours has a public
    /// one.
    #[arg(long, env = "HOST_MAX_UNJOINED_PER_ADDRESS", value_name = "N|none")]
    max_unjoined_per_address: Option<CountOrNone>,

    /// Namespaces that one session may join. Beyond: CONNECT_ERROR.
    #[arg(long, env = "HOST_MAX_NAMESPACES", value_name = "N")]
    max_namespaces: Option<NonZeroUsize>,

    /// Rooms that one socket may be in, its own included, and rooms that one operator may name. Beyond: the call is
    /// an error to the handler.
    #[arg(long, env = "HOST_MAX_ROOMS", value_name = "N")]
    max_rooms: Option<NonZeroUsize>,
}

/// State that is kept for clients that were cut off.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Connection state recovery")]
pub struct RecoverySettings {
    /// Let a client that was cut off return within this time: it gets its id, rooms and `data` back, and the
    /// packets that it missed. The reference server's time is `2m`. Every event then has one more argument, which
    /// clients send back. [default: clients that return join as new ones]
    #[arg(long, env = "HOST_RECOVERY", value_name = "TIME")]
    recovery: Option<Time>,

    /// Packets that are kept for one namespace. Beyond: the oldest are dropped, and clients that missed them join
    /// as new ones. With `none`, only their bytes and their age are bounded.
    #[arg(long, env = "HOST_RECOVERY_PACKETS", value_name = "N|none")]
    recovery_packets: Option<CountOrNone>,

    /// Bytes of these packets, and as many again for the state of clients that were cut off. Beyond: as above. Packets
    /// for one socket alone take a sixteenth at most; beyond it, this socket's oldest are dropped.
    #[arg(long, env = "HOST_RECOVERY_BYTES", value_name = "SIZE")]
    recovery_bytes: Option<Size>,
}

/// Bounds on handlers.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Limits of handlers")]
pub struct InstanceSettings {
    /// Time that one event may take, waiting included; also one plain HTTP request, bodies included. Beyond: the
    /// handler is stopped, and only this event fails.
    #[arg(long, env = "HOST_HANDLER_TIME", value_name = "TIME")]
    handler_time: Option<Time>,

    /// Memory of one instance, at most 4GiB. Beyond: the handler is stopped, and only this event fails. It also
    /// limits the total size of the sockets that one call fetches; beyond, the call is an error to the handler.
    #[arg(long, env = "HOST_HANDLER_MEMORY", value_name = "SIZE")]
    handler_memory: Option<Size>,

    /// Table elements (function references) of one instance. Beyond: as with memory.
    #[arg(long, env = "HOST_HANDLER_TABLE", value_name = "N")]
    handler_table: Option<NonZeroUsize>,

    /// Commands (emit, join, leave …) that one event may call. Beyond: the call is an error to the handler.
    #[arg(long, env = "HOST_HANDLER_COMMANDS", value_name = "N")]
    handler_commands: Option<NonZeroUsize>,

    /// Bytes of the commands that one event may call. Beyond: the call is an error to the handler.
    #[arg(long, env = "HOST_HANDLER_COMMAND_BYTES", value_name = "SIZE")]
    handler_command_bytes: Option<Size>,

    /// A socket's `data`, as JSON. Beyond: setting it is an error to the handler, and the old value stays.
    #[arg(long, env = "HOST_MAX_SOCKET_DATA", value_name = "SIZE")]
    max_socket_data: Option<Size>,

    /// Body of one plain HTTP request. Beyond: status 413.
    #[arg(long, env = "HOST_MAX_REQUEST_BODY", value_name = "SIZE")]
    max_request_body: Option<Size>,

    /// Plain HTTP requests that wait for an instance; half of all instances may answer requests at once. Beyond:
    /// status 503.
    #[arg(long, env = "HOST_MAX_WAITING_REQUESTS", value_name = "N")]
    max_waiting_requests: Option<NonZeroUsize>,

    /// Memory of all instances together. Half of it is divided evenly, so that every instance has its share; of the
    /// rest, half is divided evenly between components, and half goes to whoever asks first. Beyond: the instance that asks for more is stopped, and only its event
    /// fails. [default: half of the memory that this process may use]
    #[arg(long, env = "HOST_HANDLERS_MEMORY", value_name = "SIZE")]
    handlers_memory: Option<Size>,

    /// Instances at once, that is, events handled at once. Half of them are divided evenly between components; the
    /// rest go to whoever asks first. Beyond: events wait, and those of the component and then of the address that
    /// has the fewest go first. [default:
    /// one for every 8MiB of --handlers-memory, at most 256 for each core, between 16 and 1000]
    #[arg(long, env = "HOST_HANDLERS", value_name = "N")]
    handlers: Option<NonZeroUsize>,

    /// Instances at once for clients of one IP address (IPv6: of one /64 network). Beyond: their events wait. Give
    /// `none` behind a reverse proxy, where all clients have the proxy's address. [default: three for each one that
    /// is left to others, so that a quarter stays free]
    #[arg(long, env = "HOST_HANDLERS_PER_ADDRESS", value_name = "N|none")]
    handlers_per_address: Option<CountOrNone>,

    /// Events that one instance handles, one after the other. With more than 1, whatever a handler leaves in its
    /// memory is still there in the next event, of any client: events cost less, but are no longer isolated from
    /// each other. Namespaces stay isolated. An instance ends early after a trap, when its time is up, when its
    /// memory has grown by 4MiB, or if something still runs after the event. At most a quarter of --handlers are
    /// kept for further events.
    #[arg(long, env = "HOST_REUSE", value_name = "N")]
    reuse: Option<NonZeroU32>,
}

impl ClientSettings {
    /// The limits on clients. Those on packets and on a socket's rooms are the same for handlers.
    ///
    /// # Errors
    ///
    /// If two limits contradict each other.
    pub(super) fn check(&self, machine: &Machine) -> anyhow::Result<GatewayLimits> {
        let usual = GatewayLimits::default();
        let session = SessionLimits {
            payload: size(self.max_payload, usual.session.payload),
            ping_interval: time(self.ping_interval, usual.session.ping_interval),
            ping_timeout: time(self.ping_timeout, usual.session.ping_timeout),
            upgrade_timeout: time(self.upgrade_timeout, usual.session.upgrade_timeout),
            unsent_bytes: size(self.max_unsent, usual.session.unsent_bytes),
            clients_memory: size(self.clients_memory, machine.clients_memory),
            sessions: count(self.max_sessions, usual.session.sessions),
            sessions_per_address: self
                .max_sessions_per_address
                .map_or(usual.session.sessions_per_address, |most| most.0.map(NonZeroUsize::get)),
            unjoined: count(self.max_unjoined, usual.session.unjoined),
            unjoined_per_address: match self.max_unjoined_per_address {
                None => usual.session.unjoined_per_address,
                Some(CountOrNone(None)) => PerAddress::Unbounded,
                Some(CountOrNone(Some(most))) => PerAddress::Every(most.get()),
            },
        };
        if session.ping_interval + session.ping_timeout > LONGEST_CLIENT_TIMER {
            return Err(hint::error(
                format!(
                    "--ping-interval {} and --ping-timeout {} together are longer than a client can wait",
                    Time(session.ping_interval),
                    Time(session.ping_timeout)
                ),
                "keep their sum under 24 days",
            ));
        }
        let limits = GatewayLimits {
            attachments: self.max_attachments.unwrap_or(usual.attachments),
            connect_timeout: time(self.connect_timeout, usual.connect_timeout),
            auth: size(self.max_auth, usual.auth),
            waiting_events: count(self.max_waiting_events, usual.waiting_events),
            unhandled_bytes: size(self.max_unhandled, usual.unhandled_bytes),
            namespaces_per_session: count(self.max_namespaces, usual.namespaces_per_session),
            rooms_per_socket: count(self.max_rooms, usual.rooms_per_socket),
            session,
            ..usual
        };
        let payload = ("--max-payload", limits.session.payload);
        at_least(("--max-unsent", limits.session.unsent_bytes), payload)?;
        at_least(("--max-unhandled", limits.unhandled_bytes), payload)?;
        at_least(("--clients-memory", limits.session.clients_memory), ("--max-unsent", limits.session.unsent_bytes))?;
        Ok(limits)
    }
}

impl RecoverySettings {
    /// The limits on recovery; none if it is off.
    pub(super) fn check(&self) -> Option<RecoveryLimits> {
        let duration = self.recovery?.0;
        let usual = RecoveryLimits::default();
        let packets = self.recovery_packets.map_or(usual.packets, |most| most.0.map(NonZeroUsize::get));
        Some(RecoveryLimits { duration, packets, bytes: size(self.recovery_bytes, usual.bytes) })
    }
}

impl InstanceSettings {
    /// The limits on handlers. Those on one event's use of the gateway are set in `gateway`.
    ///
    /// # Errors
    ///
    /// If two limits contradict each other, or no component could use one.
    pub(super) fn check(
        &self,
        gateway: &mut GatewayLimits,
        machine: &Machine,
    ) -> anyhow::Result<(RuntimeLimits, HandlerLimits)> {
        let (usual, handler) = (RuntimeLimits::default(), HandlerLimits::default());
        let memory = size(self.handler_memory, usual.memory);
        if memory > LARGEST_GUEST_MEMORY {
            return Err(hint::error(
                format!("--handler-memory {} is more than a component can use", Size(memory)),
                "give at most 4GiB",
            ));
        }
        let total_memory = size(self.handlers_memory, machine.handler_memory);
        at_least(("--handlers-memory", total_memory), ("--handler-memory", memory))?;
        gateway.commands = count(self.handler_commands, gateway.commands);
        gateway.command_bytes = size(self.handler_command_bytes, gateway.command_bytes);
        gateway.socket_data = size(self.max_socket_data, gateway.socket_data);
        gateway.commands_time = time(self.handler_time, handler.time);
        let payload = gateway.session.payload;
        at_least(("--handler-command-bytes", gateway.command_bytes), ("--max-payload", payload))?;
        let runtime = RuntimeLimits {
            memory,
            table_elements: count(self.handler_table, usual.table_elements),
            instances: count(self.handlers, machine.instances(total_memory)),
            instances_per_address: self
                .handlers_per_address
                .map_or(usual.instances_per_address, |most| Some(most.0.map_or(usize::MAX, NonZeroUsize::get))),
            total_memory,
            // Beyond this the guest traps. Twice the limit leaves room for calls that are too large, so that they get
            // an error instead.
            host_bytes: gateway.command_bytes.max(payload).saturating_mul(2),
            may_swap: machine.may_swap,
        };
        let handler = HandlerLimits {
            time: time(self.handler_time, handler.time),
            reuse: self.reuse.map_or(handler.reuse, NonZeroU32::get),
            request_body: size(self.max_request_body, handler.request_body),
            waiting_requests: count(self.max_waiting_requests, handler.waiting_requests),
        };
        Ok((runtime, handler))
    }
}

fn size(given: Option<Size>, usual: usize) -> usize {
    given.map_or(usual, |size| size.0)
}

fn time(given: Option<Time>, usual: Duration) -> Duration {
    given.map_or(usual, |time| time.0)
}

fn count(given: Option<NonZeroUsize>, usual: usize) -> usize {
    given.map_or(usual, NonZeroUsize::get)
}

/// Checks that a limit on several things allows the largest one of them.
fn at_least((flag, size): (&str, usize), (part_flag, part): (&str, usize)) -> anyhow::Result<()> {
    if size >= part {
        return Ok(());
    }
    let (size, part) = (Size(size), Size(part));
    Err(hint::error(
        format!("{flag} {size} is less than {part_flag} {part}"),
        format!("give {flag} at least {part}, or a smaller {part_flag}"),
    ))
}
