//! Core modules of any instructions.

use arbitrary::{Result, Unstructured};
use wasm_smith::{Config, Module};

use super::types::Import;
use super::writer::Writer;

/// A module that wasm-smith makes of bytes; `u` chooses its settings.
pub fn any(bytes: &[u8], u: &mut Unstructured<'_>, imports: &[Import]) -> Result<Vec<u8>> {
    let mut available = Writer::default();
    for import in imports {
        available.import(import);
    }
    let gc = u.ratio(1, 6)?;
    let config = Config {
        available_imports: Some(available.finish()),
        export_everything: true,
        // Random code mostly traps.
        disallow_traps: u.ratio(7, 8)?,
        exceptions_enabled: u.ratio(1, 4)?,
        gc_enabled: gc,
        max_element_segments: 5,
        max_data_segments: 5,
        max_elements: 6,
        max_exports: 100,
        max_funcs: 30,
        max_globals: 16,
        max_imports: 40,
        max_instructions: 60,
        max_memories: 4,
        memory_max_size_required: true,
        max_memory32_bytes: 3 << 16,
        max_memory64_bytes: 3 << 16,
        max_table_elements: 12,
        max_tables: 6,
        table_max_size_required: true,
        max_tags: 4,
        max_types: 40,
        max_values: 6,
        memory64_enabled: u.ratio(1, 4)?,
        min_funcs: 1,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        ..Config::default()
    };
    Ok(Module::new(config, &mut Unstructured::new(bytes))?.to_bytes())
}
