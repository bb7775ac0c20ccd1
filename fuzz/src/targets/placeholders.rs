//! The check of placeholders, which is what both clients' and guests' payloads go through, against the rule on values.
//!
//! The first byte of the input is the number of attachments, the rest a text.

use serde_json::Value;
use serde_json::value::RawValue;

use socket_io::check_placeholders;

/// Compares where the text is JSON that values can hold.
pub fn run(data: &[u8]) {
    let Some((attachments, text)) = data.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let attachments = usize::from(*attachments) % 8;
    // No text must do harm, JSON or not.
    let legal = check_placeholders(text, attachments).is_ok();
    if serde_json::from_str::<&RawValue>(text).is_err() {
        return;
    }
    let Ok(value) = serde_json::from_str(text) else { return };
    match is_legal(&value, attachments as u64) {
        // A member that a later one of its name replaces is gone from the value, but the host looks into it.
        true => assert!(legal || members_of_text(text) > members(&value), "refused: {text}"),
        false => assert!(!legal, "taken: {text}"),
    }
}

/// The rule as the reference has it, but for `num`, which must be an integer by its spelling.
fn is_legal(value: &Value, attachments: u64) -> bool {
    match value {
        Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => {
            object.get("num").and_then(Value::as_u64).is_some_and(|num| num < attachments)
        }
        Value::Object(object) => object.values().all(|value| is_legal(value, attachments)),
        Value::Array(array) => array.iter().all(|value| is_legal(value, attachments)),
        _ => true,
    }
}

/// Members of all objects in a value.
fn members(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
        Value::Array(array) => array.iter().map(members).sum(),
        _ => 0,
    }
}

/// Members of all objects in a JSON text: its colons outside strings.
fn members_of_text(text: &str) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => inside = !inside,
            b':' if !inside => count += 1,
            _ => {}
        }
    }
    count
}
