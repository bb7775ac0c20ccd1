//! The channels of one namespace.

/// The names of a namespace's channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channels {
    /// Broadcasts to no room or to several; the beginning of the channels of single rooms.
    pub broadcasts: String,
    /// What to subscribe to for broadcasts, a pattern.
    pub pattern: String,
    /// Requests.
    pub requests: String,
    /// Responses that every node sees.
    pub responses: String,
    /// Responses for this node only, of Node servers with `publishOnSpecificResponseChannel`.
    pub own_responses: String,
}

impl Channels {
    /// The channels of a namespace, for the node that is called `uid` in it.
    pub fn new(prefix: &str, namespace: &str, uid: &str) -> Self {
        let broadcasts = format!("{prefix}#{namespace}#");
        let mut pattern = String::with_capacity(broadcasts.len() + 1);
        for char in broadcasts.chars() {
            if matches!(char, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(char);
        }
        pattern.push('*');
        let responses = format!("{prefix}-response#{namespace}#");
        let own_responses = format!("{responses}{uid}#");
        Self { broadcasts, pattern, requests: format!("{prefix}-request#{namespace}#"), responses, own_responses }
    }

    /// The channel of a broadcast: that of its room if it has exactly one.
    pub fn broadcast(&self, rooms: &[impl AsRef<str>]) -> String {
        match rooms {
            [room] => format!("{}{}#", self.broadcasts, room.as_ref()),
            _ => self.broadcasts.clone(),
        }
    }

    /// Whether a broadcast on a channel may have this namespace, and a socket that is meant; if not, it need not be
    /// decoded. A channel of the namespace `/a#b` looks like one of a room of `/a`, so the namespace in the message
    /// still decides. `has` tells whether a socket of the namespace is in a room, that of its own id included.
    pub fn may_reach(&self, channel: &str, has: impl Fn(&str) -> bool) -> bool {
        match channel.strip_prefix(&self.broadcasts) {
            Some("") => true,
            Some(room) => room.strip_suffix('#').is_some_and(has),
            None => false,
        }
    }
}
