//! The kind of a file, and its imports and exports, before time is spent on compiling it.
//!
//! One pass over the sections; function bodies are skipped.

use std::collections::BTreeSet;

use wasmparser::{Encoding, KnownCustom, Parser, Payload, ProducersSectionReader};

/// The outermost imports and exports of a component.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Interfaces {
    /// Names such as `wasi:cli/stdout@0.2.6`.
    pub imports: Vec<String>,
    /// Names in the same form.
    pub exports: Vec<String>,
    /// The languages and tools that its producers sections name: `Rust`, `rustc 1.95.0`.
    pub made_by: BTreeSet<String>,
}

/// Why bytes are not a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It does not begin like a WebAssembly file.
    #[error("not a WebAssembly file")]
    NotWasm,
    /// It is a core module that is not wrapped into a component.
    #[error("a core WebAssembly module, not a component")]
    CoreModule,
    /// It begins like a WebAssembly file, but the rest is malformed.
    #[error("a damaged WebAssembly file: {0}")]
    Damaged(String),
}

/// Reads the outermost imports and exports.
///
/// # Errors
///
/// If the bytes are not a component. A component that passes may still be invalid inside.
pub fn inspect(bytes: &[u8]) -> Result<Interfaces, InspectError> {
    if !bytes.starts_with(b"\0asm") {
        return Err(InspectError::NotWasm);
    }
    let mut interfaces = Interfaces::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let damaged = |error: wasmparser::BinaryReaderError| InspectError::Damaged(error.to_string());
        match payload.map_err(damaged)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(InspectError::CoreModule),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            // The last end is the component's own, at depth 0.
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    interfaces.imports.push(import.map_err(damaged)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    interfaces.exports.push(export.map_err(damaged)?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) => {
                // A malformed producers section is no reason to refuse a component.
                if let KnownCustom::Producers(producers) = section.as_known() {
                    let _ = add_producers(producers, &mut interfaces.made_by);
                }
            }
            _ => {}
        }
    }
    Ok(interfaces)
}

fn add_producers(
    producers: ProducersSectionReader<'_>,
    made_by: &mut BTreeSet<String>,
) -> Result<(), wasmparser::BinaryReaderError> {
    for field in producers {
        for value in field?.values {
            let value = value?;
            made_by.insert(format!("{} {}", value.name, value.version).trim().to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Interfaces, InspectError> {
        inspect(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn only_the_outermost_names_count() {
        let interfaces = of(r#"(component
            (import "a:b/c@1.0.0" (instance))
            (component (import "inner" (func)) (component))
            (core module (func))
            (instance $i)
            (export "d:e/f" (instance $i)))"#);
        let expected =
            Interfaces { imports: vec!["a:b/c@1.0.0".into()], exports: vec!["d:e/f".into()], ..Interfaces::default() };
        assert_eq!(interfaces, Ok(expected));
    }

    #[test]
    fn makers_are_those_of_all_parts() {
        let made_by = |text: &str| of(text).unwrap().made_by;
        let producers = r#"(@producers (language "Rust" "") (processed-by "rustc" "1.95.0"))"#;
        let component = format!("(component (core module {producers}) (core module {producers}))");
        assert_eq!(made_by(&component), ["Rust".to_owned(), "rustc 1.95.0".to_owned()].into());
        assert_eq!(made_by(r#"(component (@custom "producers" "\ff"))"#), BTreeSet::new());
    }

    #[test]
    fn what_is_no_component_is_named() {
        assert_eq!(of("(module (func))"), Err(InspectError::CoreModule));
        assert_eq!(inspect(b"#!/bin/sh"), Err(InspectError::NotWasm));
        assert_eq!(inspect(b""), Err(InspectError::NotWasm));
        let mut cut = wat::parse_str("(component (core module (func)))").unwrap();
        cut.truncate(cut.len() - 3);
        assert!(matches!(inspect(&cut), Err(InspectError::Damaged(_))));
    }
}
