//! What a client got on a connection: responses, then perhaps a WebSocket's frames, each of which is checked.

use crate::targets::reference;
use engine_io::packet::Packet;

/// Checks all that can be told apart; a response without the body that its head promises (to HEAD) ends that.
pub fn check(mut bytes: &[u8]) {
    while let Some((head, body)) = split_head(bytes) {
        if head.starts_with("HTTP/1.1 101 ") {
            return check_frames(body);
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        bytes = body.get(length.unwrap_or(0)..).unwrap_or_default();
    }
}

fn split_head(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let head = str::from_utf8(&bytes[..end]).ok().filter(|head| head.starts_with("HTTP/1.1 "))?;
    Some((head, &bytes[end..]))
}

fn check_frames(mut bytes: &[u8]) {
    /// A message whose last fragment has not come.
    struct Begun {
        text: bool,
        data: Vec<u8>,
    }
    let mut begun: Option<Begun> = None;
    while let Some((first, data, rest)) = split_frame(bytes) {
        bytes = rest;
        let (last, opcode) = (first & 0x80 != 0, first & 0xf);
        assert_eq!(first & 0x70, 0, "no extension was agreed on");
        match opcode {
            0 => begun.as_mut().expect("a message to go on with").data.extend_from_slice(data),
            1 | 2 => {
                assert!(begun.is_none(), "a message ends before the next one");
                begun = Some(Begun { text: opcode == 1, data: data.to_vec() });
            }
            8 => return assert!(rest.is_empty(), "nothing follows a close frame"),
            9 | 10 => assert!(last && data.len() <= 125, "control frames are short"),
            other => panic!("opcode {other}"),
        }
        if last
            && opcode < 8
            && let Some(Begun { text: true, data }) = begun.take()
        {
            check_packet(str::from_utf8(&data).expect("text is UTF-8"));
        }
    }
}

fn check_packet(text: &str) {
    if let Packet::Message(text) = Packet::decode(text).expect("an Engine.IO packet") {
        assert!(reference::parts(text).is_some(), "a Socket.IO packet");
    }
}

/// The first byte of a frame, its data, and what follows; none where it has not come as a whole.
fn split_frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [first, length, rest @ ..] = bytes else { return None };
    let (length, rest) = match length {
        0..126 => (usize::from(*length), rest),
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        _ => panic!("a server does not mask"),
    };
    let (data, rest) = rest.split_at_checked(length)?;
    Some((*first, data, rest))
}
