//! How output becomes lines of the log.

use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct Log(Mutex<Vec<(Level, String)>>);

impl Sink for &Log {
    fn line(&self, level: Level, line: &str) {
        self.0.lock().push((level, line.to_owned()));
    }
}

fn printed(writes: &[(Channel, &[u8])]) -> Vec<(Level, String)> {
    let log = Log::default();
    let mut lines = Lines::new(&log);
    for (channel, bytes) in writes {
        lines.print(*channel, bytes);
    }
    drop(lines);
    log.0.into_inner()
}

use Channel::{Stderr, Stdout};

#[test]
fn lines_come_whole_from_each_channel() {
    let lines = printed(&[(Stdout, b"he"), (Stderr, b"oh\r\n"), (Stdout, b"llo\n\nwor"), (Stdout, b"ld")]);
    let expected = [(Level::WARN, "oh"), (Level::INFO, "hello"), (Level::INFO, "world")];
    assert_eq!(lines, expected.map(|(level, line)| (level, line.to_owned())));
}

#[test]
fn stderr_can_say_the_level() {
    for (print, level, line) in [
        ("<3>a", Level::ERROR, "a"),
        ("<0>a", Level::ERROR, "a"),
        ("<4>", Level::WARN, ""),
        ("<4><3>a", Level::WARN, "<3>a"),
        ("<6>a", Level::INFO, "a"),
        ("<7>a", Level::DEBUG, "a"),
        ("<8>a", Level::WARN, "<8>a"),
        ("<3 a", Level::WARN, "<3 a"),
    ] {
        let expected = if line.is_empty() { vec![] } else { vec![(level, line.to_owned())] };
        assert_eq!(printed(&[(Stderr, print.as_bytes())]), expected, "{print}");
    }
    assert_eq!(printed(&[(Stdout, b"<3>a")]), [(Level::INFO, "<3>a".to_owned())]);
}

#[test]
fn lines_cannot_be_forged() {
    assert_eq!(
        printed(&[(Stdout, b"a\rERROR b\x1b[2J\xff\n")]),
        [(Level::INFO, "a\\rERROR b\\u{1b}[2J\u{fffd}".to_owned())]
    );
}

#[test]
fn long_lines_are_split_between_characters() {
    let text = "é".repeat(LINE);
    let text = format!("x{text}\n");
    let lines = printed(&[(Stdout, text.as_bytes())]);
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|(_, line)| line.len() <= LINE && !line.contains('\u{fffd}')));
    assert_eq!(lines.iter().map(|(_, line)| line.as_str()).collect::<String>() + "\n", text);
}

#[test]
fn a_line_that_just_fits_is_not_split() {
    let line = [&[b'x'; LINE][..], b"\n"].concat();
    assert_eq!(printed(&[(Stdout, &line)]).len(), 1);
}

#[test]
fn an_event_cannot_fill_the_log() {
    let line = [b'x'; 1023];
    let line = [&line[..], b"\n"].concat();
    let writes: Vec<_> = (0..1000).map(|_| (Stderr, line.as_slice())).collect();
    let lines = printed(&writes);
    assert_eq!(lines.len(), EVENT / 1024 + 1);
    assert!(lines.last().unwrap().1.starts_with("(output truncated"));
}

#[test]
fn as_much_as_allowed_is_not_truncated() {
    let all = vec![b'x'; EVENT];
    assert!(printed(&[(Stdout, &all)]).iter().all(|(_, line)| line.starts_with('x')));
}

proptest! {
    #[test]
    fn no_line_has_a_line_in_it(writes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
        let writes: Vec<_> = writes.iter().map(|bytes| (Stdout, bytes.as_slice())).collect();
        for (_, line) in printed(&writes) {
            prop_assert!(!line.contains(['\n', '\r']));
        }
    }
}
