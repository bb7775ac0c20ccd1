//! Whole messages: JSON text with attachments, msgpack, and base64 of msgpack.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::msgpack::{Binary, Writer, read_json, write_json};

/// Node writes padding and does not ask for it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The msgpack of a JSON text; placeholders become the attachments that they stand for. Without attachments, an object
/// that looks like a placeholder is data.
///
/// # Errors
///
/// The text is not JSON, a placeholder has no attachment, or a bound is exceeded.
pub fn to_msgpack(payload: &Payload, bounds: &Bounds) -> Result<Vec<u8>, WireError> {
    let mut out = Writer::with_capacity(payload.json.len().min(bounds.bytes));
    write_json(&mut out, payload, bounds)?;
    Ok(out.into_vec())
}

/// The JSON text of a msgpack value; binary values become attachments, which are parts of `message`.
///
/// # Errors
///
/// It is not msgpack, it has data that looks like a placeholder of a missing attachment, or a bound is exceeded.
pub fn from_msgpack(message: &Bytes, bounds: &Bounds) -> Result<Payload, WireError> {
    if message.len() > bounds.bytes {
        return Err(WireError::TooLarge);
    }
    read_json(message, message, Binary::Attached, bounds)
}

/// As [`to_msgpack`], in base64 with padding.
///
/// # Errors
///
/// As [`to_msgpack`].
pub fn to_base64(payload: &Payload, bounds: &Bounds) -> Result<String, WireError> {
    Ok(BASE64.encode(to_msgpack(payload, bounds)?))
}

/// As [`from_msgpack`], from base64 with or without padding.
///
/// # Errors
///
/// As [`from_msgpack`], and if it is not base64.
pub fn from_base64(text: &str, bounds: &Bounds) -> Result<Payload, WireError> {
    from_msgpack(&unbase64(text, bounds)?, bounds)
}

/// The bytes of base64.
pub(crate) fn unbase64(text: &str, bounds: &Bounds) -> Result<Bytes, WireError> {
    if !fits_in_base64(text.len(), bounds) {
        return Err(WireError::TooLarge);
    }
    BASE64.decode(text).map(Bytes::from).map_err(|_| WireError::Base64)
}

/// Whether base64 of a length can be of bytes within the bound, two more at most.
pub(crate) fn fits_in_base64(len: usize, bounds: &Bounds) -> bool {
    len / 4 <= bounds.bytes.div_ceil(3)
}
