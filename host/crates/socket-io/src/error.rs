//! What can be wrong with a packet.

/// What is wrong with what a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first character is no type.
    #[error("unknown packet type")]
    UnknownType,
    /// Only servers send it.
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
    /// Not the JSON that this type of packet has.
    #[error("invalid payload")]
    Payload,
    /// An event name that the protocol itself uses.
    #[error("reserved event name")]
    ReservedName,
    /// Its number is that of no attachment.
    #[error("placeholder of an attachment that is not there")]
    Placeholder,
    /// The attachments of the packet before have not all come.
    #[error("text where an attachment is due")]
    AttachmentsDue,
    /// No packet before has attachments.
    #[error("attachment where none is due")]
    UnexpectedBinary,
}
