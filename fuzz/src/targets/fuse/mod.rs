//! Components behave alike, joined or not. That is a test of `component-fuse`, which says more
//! (`tests/differential/mod.rs`); here it gets modules of any instructions, too.

mod any;
#[path = "../../../../host/crates/component-fuse/tests/differential/mod.rs"]
mod differential;

/// Reads bytes as a component, or as steps that make one.
pub fn run(data: &[u8]) {
    differential::run(data, Some(any::module));
}
