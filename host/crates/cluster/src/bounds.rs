//! Bounds on one message between nodes, and why a message is refused.

/// Bounds on one message, both when it is read and when it is written. Beyond them it is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the text and of its attachments together, and of the message that is made of them.
    pub bytes: usize,
    /// Objects and arrays inside each other. Each takes up to 48 bytes while a message is read or written.
    pub depth: usize,
    /// Attachments of one message.
    pub attachments: usize,
}

/// Deep enough for data; notepack recurses, and would fail at a few thousand.
const DEPTH: usize = 512;

impl Bounds {
    /// Four times what a client's packet may have, because other nodes may have other limits.
    pub(crate) const DEFAULT: Self = Self { bytes: 4 << 20, depth: DEPTH, attachments: 1_000 };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why a message of another node is dropped, or one cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More than [`Bounds::bytes`].
    #[error("the message is too large")]
    TooLarge,
    /// More than [`Bounds::depth`].
    #[error("the message is nested too deeply")]
    TooDeep,
    /// More than [`Bounds::attachments`].
    #[error("the message has too many attachments")]
    TooManyAttachments,
    /// A text that is not JSON.
    #[error("the message is not valid JSON")]
    Json,
    /// Bytes that are not msgpack, or of an extension type that nobody sends.
    #[error("the message is not valid msgpack")]
    Msgpack,
    /// A text that is not base64.
    #[error("the message is not valid base64")]
    Base64,
    /// An object that looks like a placeholder, of an attachment that does not exist.
    #[error("the message has a placeholder of a missing attachment")]
    Placeholder,
    /// A member is missing or of another type. The text names it.
    #[error("the message has no valid {0}")]
    Member(&'static str),
    /// A type of message that nobody sends.
    #[error("the message has an unknown type")]
    UnknownType,
    /// An event name that the protocol uses itself.
    #[error("the message has a reserved event name")]
    ReservedName,
}
