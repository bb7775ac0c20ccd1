//! What memories have in them before there are instances.
//!
//! Wasmtime makes images of all memories of a module, which cost an instance nothing, or of none, and then every instance
//! copies the data of all: where one offset is not known, and where the data of one memory lies far apart. (Where data does
//! not fit into a memory as well, but such an instance does not start.)

use std::collections::HashMap;

use wasmparser::DataKind;

use super::constant::Constant;
use super::module::Member;
use super::numbering::Numbering;
use super::{Error, Kind};

/// How far data may be apart in any case (`Config::memory_guaranteed_dense_image_size`); beyond it half has to be data.
const GUARANTEED: u64 = 16 << 20;

/// Whether a member has images by itself which it would lose with the others.
pub(super) fn would_be_lost(members: &[Member<'_>], numbering: &Numbering) -> Result<bool, Error> {
    let mut all = Filled::default();
    let mut some_have = false;
    for (number, Member { parts, .. }) in members.iter().enumerate() {
        let renumber = numbering.member(number)?;
        let imported = parts.imported(Kind::Memory);
        let mut own = Filled::default();
        for data in parts.data.iter().flat_map(|data| data.clone()) {
            let data = data?;
            let DataKind::Active { memory_index, offset_expr } = data.kind else { continue };
            let memory = renumber.index(Kind::Memory, memory_index)?;
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
    /// Something is put where only the instance knows.
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
