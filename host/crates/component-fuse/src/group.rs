//! Which core instances of a component can be joined.

use std::collections::HashMap;

use wasmparser::Instance;

use super::error::{Error, MISSING};
use super::indices::IndexSpace;
use super::member::{Member, Source};
use super::scan::{CoreModule, Entity, Item, Scan};

/// Core instances that become one.
#[derive(Default)]
pub(super) struct Group {
    /// Their numbers. None or several.
    pub(super) members: Vec<u32>,
    numbers: HashMap<u32, usize>,
    modules: HashMap<u32, usize>,
    /// How many items come before the first one that needs the members to be instantiated.
    pub(super) end: usize,
}

impl Group {
    /// Chooses the first core instances. Items between them move before them. So the group ends at the first item that
    /// needs more of a member than a name for its export, and where other code may run.
    pub(super) fn of(scan: &Scan<'_>) -> Result<Self, Error> {
        let mut group = Self { end: scan.items.len(), ..Self::default() };
        for (position, item) in scan.items.iter().enumerate() {
            let goes_on = match item {
                Item::Instance(number) => match scan.instance(*number)? {
                    Instance::Instantiate { module_index, .. } => {
                        let module = scan.module(*module_index)?;
                        // Line numbers are worth more than speed.
                        let joins = module.instances == 1 && !module.parts.debuggable;
                        if joins {
                            group.add(*number, *module_index);
                        }
                        joins && !has_to_be_last(module)?
                    }
                    Instance::FromExports(_) => true,
                },
                Item::Other { instantiates, .. } => !instantiates || group.members.is_empty(),
                _ => !uses_exports(scan, item)?,
            };
            if !goes_on {
                let last = matches!(item, Item::Instance(number) if group.number(*number).is_some());
                group.end = position + usize::from(last);
                break;
            }
        }
        Ok(if group.members.len() < 2 { Self::default() } else { group })
    }

    fn add(&mut self, instance: u32, module: u32) {
        self.numbers.insert(instance, self.members.len());
        self.modules.insert(module, self.members.len());
        self.members.push(instance);
    }

    /// Which member an instance is.
    pub(super) fn number(&self, instance: u32) -> Option<usize> {
        self.numbers.get(&instance).copied()
    }

    /// Which member is made from a module.
    pub(super) fn made_from(&self, module: u32) -> Option<usize> {
        self.modules.get(&module).copied()
    }

    /// The members with the sources of their imports; and the indices of functions from outside, in the order of imports.
    /// Only functions can come from outside: nothing else of the core exists before the members.
    pub(super) fn modules<'s>(&self, scan: &'s Scan<'_>) -> Result<(Vec<Member<'s>>, Vec<u32>), Error> {
        let mut members = Vec::new();
        let mut outside = Vec::new();
        for number in &self.members {
            let mut sources = Vec::new();
            for (import, from) in scan.imports(*number)? {
                sources.push(match scan.named(from, import.name)? {
                    Entity::Export((instance, export)) => Source::Member(self.number(instance).ok_or(MISSING)?, export),
                    Entity::Canonical(index) => {
                        outside.push(index);
                        Source::Outside
                    }
                });
            }
            members.push(Member { parts: &scan.module(scan.module_of(*number)?)?.parts, sources });
        }
        Ok((members, outside))
    }
}

/// A start function runs before later members fill memories and tables. And wasmtime fills tables ahead of time only up to
/// the first computed element, so members behind one would cost more.
fn has_to_be_last(module: &CoreModule<'_>) -> Result<bool, Error> {
    Ok(module.parts.start.is_some() || module.parts.computes_elements()?)
}

fn uses_exports(scan: &Scan<'_>, item: &Item<'_>) -> Result<bool, Error> {
    let is_export = |(space, index): &(IndexSpace, u32)| matches!(scan.entity(*space, *index), Ok(Entity::Export(_)));
    Ok(item.uses()?.iter().any(is_export))
}
