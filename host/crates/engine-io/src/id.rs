//! Ids that cannot be guessed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 20 characters, 120 random bits from the operating system's generator.
#[expect(clippy::expect_used, reason = "a host without a random generator must not hand out ids")]
pub fn random() -> String {
    let mut bytes = [0; 15];
    getrandom::fill(&mut bytes).expect("the operating system's random generator works");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_20_url_safe_characters_and_differ() {
        let (a, b) = (super::random(), super::random());
        assert_eq!(a.len(), 20);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
        assert_ne!(a, b);
    }
}
