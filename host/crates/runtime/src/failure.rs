//! Why a guest trapped, in one line.

use std::fmt::Write as _;

use wasmtime::{Error, WasmBacktrace};

/// Most frames that are shown: the innermost ones, which tell the most.
const FRAMES: usize = 8;

/// What wasmtime says, and what it means for whoever wrote the handler.
const PLAIN: [(&str, &str); 2] = [
    (
        "async-lifted export failed to produce a result",
        "the handler waits for a promise that never settles: nothing is left that could settle it",
    ),
    ("call stack exhausted", "call stack exhausted: functions call each other too deeply, perhaps without an end"),
];

/// The reason and the innermost functions: `wasm trap: … (in abort < panic < handle)`.
///
/// Names come from the guest, so they may be long and contain control characters. Functions of an interpreter that has none
/// are not shown: their numbers tell nobody anything.
pub fn trap_text(error: &Error) -> String {
    let mut text = plain(&error.root_cause().to_string());
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return text;
    };
    if backtrace.frames().iter().all(|frame| frame.func_name().is_none()) {
        return text;
    }
    for (position, frame) in backtrace.frames().iter().take(FRAMES).enumerate() {
        text.push_str(if position == 0 { " (in " } else { " < " });
        let _ = match frame.func_name() {
            // The alternate form omits the hash.
            Some(name) => write!(text, "{:#}", rustc_demangle::demangle(name)),
            None => write!(text, "function {}", frame.func_index()),
        };
    }
    text.push(')');
    text
}

fn plain(reason: &str) -> String {
    let known = PLAIN.iter().find(|(said, _)| reason.ends_with(said));
    known.map_or(reason, |(_, meaning)| meaning).to_owned()
}
