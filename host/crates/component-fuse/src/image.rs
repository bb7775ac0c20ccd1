//! Whether memories have their content ahead of time.
//!
//! Wasmtime makes images of all memories of a module, or of none. Images cost an instance nothing; without them every
//! instance copies the data of all memories. There are none if one offset is unknown, or if the data of one memory lies far
//! apart. (Or if data does not fit into its memory; but then the instance does not start.)

use std::collections::HashMap;

use wasmparser::DataKind;

use super::constant::Constant;
use super::error::Error;
use super::indices::IndexSpace;
use super::member::Member;
use super::numbering::Numbering;

/// An extent up to this size has an image in any case (`Config::memory_guaranteed_dense_image_size`). Of a larger one, at
/// least half must be data.
const GUARANTEED: u64 = 16 << 20;

/// Whether a member has images by itself, and would lose them by being joined with the others.
pub(super) fn would_be_lost(members: &[Member<'_>], numbering: &Numbering) -> Result<bool, Error> {
    let mut all = Filled::default();
    let mut some_have = false;
    for (number, Member { parts, .. }) in members.iter().enumerate() {
        let renumber = numbering.member(number)?;
        let imported = parts.imported(IndexSpace::Memory);
        let mut own = Filled::default();
        for data in parts.data.iter().flat_map(|data| data.clone()) {
            let data = data?;
            let DataKind::Active { memory_index, offset_expr } = data.kind else { continue };
            let memory = renumber.index(IndexSpace::Memory, memory_index)?;
            let start = renumber.value(&offset_expr)?.map(Constant::address);
            all.add(memory, start, data.data.len());
            own.add(memory, start.filter(|_| memory_index >= imported), data.data.len());
        }
        some_have |= own.has_images();
    }
    Ok(some_have && !all.has_images())
}

#[derive(Default)]
struct Filled {
    memories: HashMap<u32, Extent>,
    /// The place of some data is only known to an instance.
    unknown: bool,
}

struct Extent {
    start: u64,
    end: u64,
    bytes: u64,
}

impl Filled {
    fn add(&mut self, memory: u32, start: Option<u64>, length: usize) {
        let bytes = length as u64;
        let Some(start) = start else {
            self.unknown = true;
            return;
        };
        if bytes == 0 {
            return;
        }
        let extent = self.memories.entry(memory).or_insert(Extent { start, end: start, bytes: 0 });
        extent.start = extent.start.min(start);
        extent.end = extent.end.max(start.saturating_add(bytes));
        extent.bytes = extent.bytes.saturating_add(bytes);
    }

    fn has_images(&self) -> bool {
        let dense = |extent: &Extent| extent.end - extent.start < GUARANTEED.max(extent.bytes.saturating_mul(2));
        !self.unknown && !self.memories.is_empty() && self.memories.values().all(dense)
    }
}
