//! Why a guest trapped, in one line.

use std::fmt::Write as _;

use wasmtime::{Error, WasmBacktrace};

/// Most frames that are shown: the innermost ones, which tell the most.
const FRAMES: usize = 8;

/// The reason and the innermost functions: `wasm trap: … (in abort < panic < handle)`.
///
/// Names come from the guest, so they may be long and contain control characters.
pub fn trap_text(error: &Error) -> String {
    let mut text = error.root_cause().to_string();
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return text;
    };
    for (position, frame) in backtrace.frames().iter().take(FRAMES).enumerate() {
        text.push_str(if position == 0 { " (in " } else { " < " });
        let _ = match frame.func_name() {
            // The alternate form omits the hash.
            Some(name) => write!(text, "{:#}", rustc_demangle::demangle(name)),
            None => write!(text, "function {}", frame.func_index()),
        };
    }
    if !backtrace.frames().is_empty() {
        text.push(')');
    }
    text
}
