//! A component behaves alike, joined or not: components from bytes, and what can be seen of them when they run.
//!
//! [`run`] is a fuzz target (`fuzz/` at the root of the repository) and runs on seeds and random bytes in `seeds.rs`.
//!
//! `component` makes components: of modules as toolchains link them (`linked`, `code`), and of one that shows what is in
//! memories, globals and tables (`observer`). `behaviour` runs them. The fuzz target adds modules of any instructions.
//! They come from wasm-smith, which is no dependency here: its features would make cargo build wasmtime twice.

mod behaviour;
mod code;
mod component;
mod linked;
mod observer;
mod types;
mod writer;

use wasmparser::{Instance, Parser, Payload, Validator, WasmFeatures};

pub use behaviour::Compared;
use behaviour::Difference;
pub use component::AnyModule;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It makes no component, or an invalid one.
    NoComponent,
    /// There was nothing to join.
    NotJoined,
    /// The component was joined.
    Joined(Compared),
}

/// Reads an input. After an even first byte come the bytes of a component, and after an odd one steps that make a
/// component. These may have modules that `any` makes.
///
/// # Panics
///
/// If the joined component is worse.
pub fn run(input: &[u8], any: Option<AnyModule>) -> Outcome {
    let Some((kind, rest)) = input.split_first() else { return Outcome::NoComponent };
    if kind % 2 == 0 {
        return check(rest, false);
    }
    component::component(rest, any).map_or(Outcome::NoComponent, |component| check(&component, true))
}

/// Joins a component, and compares both. If it was `made` here, it is valid and must not be refused.
fn check(component: &[u8], made: bool) -> Outcome {
    let joined = match component_fuse::fuse(component) {
        Ok(Some(joined)) => joined,
        Ok(None) => return Outcome::NotJoined,
        Err(error) => {
            assert!(!made, "a valid component is refused: {error}");
            return Outcome::NoComponent;
        }
    };
    if let Err(error) = Validator::new_with_features(WasmFeatures::all()).validate_all(&joined) {
        panic!("the joined component is invalid: {error}");
    }
    assert!(joined.len() <= 3 * component.len() + 1000, "{} bytes became {}", component.len(), joined.len());
    assert!(instances(&joined) <= instances(component), "there are more instances");
    match behaviour::compare(component, &joined) {
        Ok(compared) => Outcome::Joined(compared),
        Err(Difference { before, after }) => panic!("it did\n{before}\njoined, it did\n{after}"),
    }
}

/// How many core instances are made from modules, also in components inside the component.
fn instances(component: &[u8]) -> usize {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Ok(Payload::InstanceSection(instances)) = payload else { continue };
        count += instances.into_iter().filter(|instance| matches!(instance, Ok(Instance::Instantiate { .. }))).count();
    }
    count
}
