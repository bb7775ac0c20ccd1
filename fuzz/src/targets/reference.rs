//! Socket.IO packets as `decodeString` of the reference's `socket.io-parser` takes them apart, step for step.

/// The parts of a packet's text.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    pub kind: u8,
    pub attachments: usize,
    pub namespace: &'a str,
    pub id: Option<u64>,
    pub payload: &'a str,
}

/// None where the reference throws; its leniency about numbers (`Number(" ")` is 0) is left out.
pub fn parts(text: &str) -> Option<Parts<'_>> {
    let bytes = text.as_bytes();
    let kind = bytes.first()?.checked_sub(b'0').filter(|kind| *kind <= 6)?;
    let mut at = 1;
    let mut attachments = 0;
    if kind == 5 || kind == 6 {
        let dash = at + text[at..].find('-')?;
        attachments = text[at..dash].parse().ok()?;
        at = dash + 1;
    }
    let mut namespace = "/";
    if bytes.get(at) == Some(&b'/') {
        let end = text[at..].find(',').map_or(text.len(), |comma| at + comma);
        namespace = &text[at..end];
        at = (end + 1).min(text.len());
    }
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let id = if digits == 0 { None } else { Some(text[at..at + digits].parse().ok()?) };
    Some(Parts { kind, attachments, namespace, id, payload: &text[at + digits..] })
}
