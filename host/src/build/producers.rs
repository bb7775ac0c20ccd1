//! The `producers` section: how a component was made.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use wasm_encoder::{ComponentSection, ProducersField, ProducersSection};

/// Adds a `producers` section (tool-conventions) to a component: its language, and its engine. The section that the
/// tools write only names what the engine itself was made with.
///
/// # Errors
///
/// If the file cannot be written to.
pub(super) fn add(component: &Path, language: &str, engine: &str) -> anyhow::Result<()> {
    let mut section = ProducersSection::new();
    section.field("language", ProducersField::new().value(language, ""));
    section.field("processed-by", ProducersField::new().value(engine, ""));
    let mut bytes = Vec::new();
    section.append_to_component(&mut bytes);
    let file = File::options().append(true).open(component);
    file.and_then(|mut file| file.write_all(&bytes)).with_context(|| format!("cannot write {}", component.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use wasmparser::{KnownCustom, Parser, Payload};

    use super::*;

    #[test]
    fn it_can_be_read() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.wasm");
        fs::write(&file, wat::parse_str("(component)").unwrap()).unwrap();
        add(&file, "JavaScript", "QuickJS").unwrap();
        let bytes = fs::read(&file).unwrap();
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(&bytes) {
            let Payload::CustomSection(section) = payload.unwrap() else { continue };
            let KnownCustom::Producers(fields) = section.as_known() else { continue };
            for field in fields {
                names.extend(field.unwrap().values.into_iter().map(|value| value.unwrap().name));
            }
        }
        assert_eq!(names, ["JavaScript", "QuickJS"]);
    }
}
