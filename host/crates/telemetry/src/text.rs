//! Text of guests and clients, made safe for a log: bounded, and unable to forge lines or to control a terminal.

use std::borrow::Cow;

/// Most bytes of a message in an error.
const MESSAGE: usize = 4 << 10;

/// A message as one printable line. Beyond 4 KiB it is cut, and its full length is given.
pub fn message(text: &str) -> String {
    if text.len() <= MESSAGE {
        return printable(text).into_owned();
    }
    let cut = &text[..text.floor_char_boundary(MESSAGE)];
    format!("{}… ({} bytes)", printable(cut), text.len())
}

/// Escapes control characters, and others that would change how a line of text looks.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unfit) {
        return Cow::Borrowed(text);
    }
    let mut fit = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_unfit(char) {
            fit.extend(char.escape_default());
        } else {
            fit.push(char);
        }
    }
    Cow::Owned(fit)
}

/// Control characters other than the tab, line and paragraph separators, and characters that change the direction of
/// text.
fn is_unfit(char: char) -> bool {
    (char.is_control() && char != '\t')
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_is_untouched() {
        assert!(matches!(printable("Grüße\t👋"), Cow::Borrowed("Grüße\t👋")));
    }

    #[test]
    fn lines_and_terminal_codes_are_escaped() {
        assert_eq!(printable("a\nERROR b\r\u{1b}[2J\0\u{2028}\u{202e}"), r"a\nERROR b\r\u{1b}[2J\u{0}\u{2028}\u{202e}");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let text = "é".repeat(3000);
        assert_eq!(message(&text), format!("{}… (6000 bytes)", "é".repeat(2048)));
    }

    proptest! {
        #[test]
        fn nothing_unfit_is_left(text in any::<String>()) {
            prop_assert!(!printable(&text).contains(is_unfit));
        }
    }
}
