//! Core modules of any instructions, by wasm-smith.

use arbitrary::{Result, Unstructured};
use wasm_smith::{Config, Module};

/// Makes a module that may import what `available` imports.
pub fn module(u: &mut Unstructured<'_>, available: Vec<u8>) -> Result<Vec<u8>> {
    let length = u.int_in_range(0..=600)?;
    let bytes = u.bytes(length.min(u.len()))?;
    let config = Config {
        available_imports: Some(available),
        export_everything: true,
        gc_enabled: u.ratio(1, 6)?,
        // Random code mostly traps.
        disallow_traps: u.ratio(7, 8)?,
        exceptions_enabled: u.ratio(1, 4)?,
        memory64_enabled: u.ratio(1, 4)?,
        min_funcs: 1,
        max_funcs: 30,
        max_imports: 40,
        max_instructions: 60,
        max_types: 40,
        max_values: 6,
        max_globals: 16,
        max_tags: 4,
        max_element_segments: 5,
        max_elements: 6,
        max_data_segments: 5,
        // Small, as all of it is looked at after every call.
        max_memories: 4,
        max_memory32_bytes: 3 << 16,
        max_memory64_bytes: 3 << 16,
        memory_max_size_required: true,
        max_tables: 6,
        max_table_elements: 12,
        table_max_size_required: true,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        ..Config::default()
    };
    Ok(Module::new(config, &mut Unstructured::new(bytes))?.to_bytes())
}
