//! Bounds on the sessions of an endpoint.

use std::net::IpAddr;
use std::time::Duration;

/// What the clients of an endpoint may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLimits {
    /// Bytes of one message, and of the body of one polling request. Beyond: the session is closed (`parse error`), a
    /// POST is answered 413.
    pub payload: usize,
    /// Time between two pings.
    pub ping_interval: Duration,
    /// Time that a client has to answer a ping. Beyond: the session is closed (`ping timeout`).
    pub ping_timeout: Duration,
    /// Time from the opening of a second transport to the end of the upgrade. Beyond: the new transport is closed.
    pub upgrade_timeout: Duration,
    /// Bytes of one session's outbox. Beyond: volatile packets are dropped, then the session is closed.
    pub unsent_bytes: usize,
    /// Bytes that clients make the host keep, all together. Beyond seven eighths: new sessions are refused. Beyond: the
    /// sessions that hold most are closed.
    pub clients_memory: usize,
    /// Sessions at once. Beyond: further ones are refused.
    pub sessions: usize,
    /// Sessions at once from one address, or one IPv6 /64; none: as many as `sessions`.
    pub sessions_per_address: Option<usize>,
    /// Sessions at once that have joined no namespace. Beyond: the oldest of the address that has most of them is closed.
    pub unjoined: usize,
    /// Those of one address, or one IPv6 /64. Beyond: its oldest is closed.
    pub unjoined_per_address: PerAddress,
}

/// A bound for each address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PerAddress {
    /// None.
    Unbounded,
    /// For public addresses only: a reverse proxy, behind which all clients have one address, mostly has a private one.
    Public(usize),
    /// For every address.
    Every(usize),
}

impl PerAddress {
    /// The bound for an address.
    pub(crate) fn of(self, address: IpAddr) -> Option<usize> {
        match self {
            Self::Unbounded => None,
            Self::Public(_) if is_private(address) => None,
            Self::Public(limit) | Self::Every(limit) => Some(limit),
        }
    }
}

/// Loopback, private networks, link-local, and the addresses that carriers and clouds share (RFC 6598).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_loopback() || address.is_private() || address.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            payload: 1_000_000,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            unsent_bytes: 4 << 20,
            clients_memory: usize::MAX,
            sessions: 100_000,
            sessions_per_address: None,
            unjoined: 10_000,
            unjoined_per_address: PerAddress::Public(200),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_in_private_networks_are_not_bounded_by_default() {
        for (address, private) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("169.254.0.1", true),
            ("100.64.0.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("100.128.0.1", false),
            ("203.0.113.1", false),
            ("2001:db8::1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(PerAddress::Public(2).of(address), if private { None } else { Some(2) }, "{address}");
            assert_eq!((PerAddress::Every(2).of(address), PerAddress::Unbounded.of(address)), (Some(2), None));
        }
    }
}
