//! Errors of packets.

/// Why a client's packet is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first character is no packet type.
    #[error("unknown packet type")]
    UnknownType,
    /// A CONNECT_ERROR packet, which only servers may send.
    #[error("a client may not send CONNECT_ERROR")]
    ConnectError,
    /// The count is missing, zero, or no number.
    #[error("illegal number of attachments")]
    AttachmentCount,
    /// More attachments than one packet may have.
    #[error("too many attachments")]
    TooManyAttachments,
    /// More bytes than one packet may have, attachments included.
    #[error("packet too large")]
    TooLarge,
    /// The id is missing, or larger than JavaScript can count.
    #[error("illegal or missing acknowledgement id")]
    Id,
    /// The payload is not the JSON that this type of packet has.
    #[error("invalid payload")]
    Payload,
    /// An event name that the protocol uses itself.
    #[error("reserved event name")]
    ReservedName,
    /// A placeholder with a number that no attachment has.
    #[error("placeholder of a missing attachment")]
    Placeholder,
    /// A text came before all attachments of the previous packet.
    #[error("text instead of an attachment")]
    AttachmentsDue,
    /// An attachment came, but no packet waits for one.
    #[error("unexpected attachment")]
    UnexpectedBinary,
}
