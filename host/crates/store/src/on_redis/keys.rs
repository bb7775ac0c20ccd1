//! How a store's keys are called in Redis.

/// The keys of one store, in the order in which scripts take them. They share a hash tag, the braces, so that a cluster
/// would keep them together.
pub(super) fn keys(prefix: &str, space: &str) -> [String; 5] {
    let name = encoded(space);
    ["keys", "values", "versions", "ends", "meta"].map(|part| format!("{prefix}:kv:{{{name}}}:{part}"))
}

/// The name without what could end the hash tag or confuse whoever looks at the keys. No two names have the same one.
fn encoded(name: &str) -> String {
    if name.is_empty() {
        // Braces without contents are no hash tag.
        return "%".to_owned();
    }
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'/' | b'-' | b'_' | b'.' => encoded.push(byte.into()),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(keys("host", "/chat")[0], "host:kv:{/chat}:keys");
        assert_eq!(keys("host", "/ä {}:%")[4], "host:kv:{/%C3%A4%20%7B%7D%3A%25}:meta");
        let names = ["", "%", "%25", "/", "/a", "/a}:keys", "a", "{a}", "A"];
        let all: BTreeSet<_> = names.iter().flat_map(|name| keys("host", name)).collect();
        assert_eq!(all.len(), names.len() * 5);
    }
}
