//! Makes components of several core modules.

use std::collections::BTreeMap;

use arbitrary::{Error, Result, Unstructured};
use wasm_encoder::{
    CanonicalOption, ComponentBuilder, ComponentExportKind, ComponentTypeRef, ComponentValType, FuncType, ModuleArg,
    PrimitiveValType, ValType,
};
use wasmparser::{Validator, WasmFeatures};

use super::linked::linked;
use super::observer::observer;
use super::types::{Import, Shape, Type, shape, signature};
use super::writer::only_imports;

/// Makes a core module of any instructions. It may import what the given module imports.
pub type AnyModule = fn(&mut Unstructured<'_>, Vec<u8>) -> Result<Vec<u8>>;

/// How deep components are put into components.
const DEPTH: u32 = 1;

/// Imports of one module, at most.
const IMPORTS: usize = 24;

/// A valid component of steps that are read from bytes; `None` if these make none.
pub fn component(data: &[u8], any: Option<AnyModule>) -> Option<Vec<u8>> {
    let made = Assembly::make(&mut Unstructured::new(data), any, DEPTH).ok()?;
    let component = made.component.finish();
    Validator::new_with_features(WasmFeatures::all()).validate_all(&component).ok()?;
    Some(component)
}

/// A core function, table and so on of the component.
#[derive(Clone)]
struct Entity {
    ty: Type,
    origin: Origin,
}

#[derive(Clone)]
enum Origin {
    Export {
        instance: u32,
        name: String,
    },
    /// A function that the component makes, and its index.
    Component(u32),
}

/// Numbers of the entities that imports come from, by the module and the name of the import.
type Sources = BTreeMap<(String, String), usize>;

/// The functions that it imports.
#[derive(Clone, Copy)]
struct Host {
    log: u32,
    number: u32,
    text: u32,
}

/// A component that is being written.
struct Assembly {
    component: ComponentBuilder,
    host: Host,
    entities: Vec<Entity>,
    /// Names of exports, and the types of core functions that they are when lowered.
    exports: Vec<(String, FuncType)>,
    any: Option<AnyModule>,
    /// How deep components may still be put into this one.
    depth: u32,
}

impl Assembly {
    fn make(u: &mut Unstructured<'_>, any: Option<AnyModule>, depth: u32) -> Result<Self> {
        let mut component = ComponentBuilder::default();
        let mut import = |name: &str, param: Option<PrimitiveValType>, result: Option<PrimitiveValType>| {
            let (ty, mut function) = component.type_function(None);
            let params: Vec<_> = param.iter().map(|ty| ("p", ComponentValType::Primitive(*ty))).collect();
            function.params(params).result(result.map(ComponentValType::Primitive));
            component.import(name, ComponentTypeRef::Func(ty))
        };
        let host = Host {
            log: import("log", Some(PrimitiveValType::U32), None),
            number: import("number", None, Some(PrimitiveValType::U32)),
            text: import("text", Some(PrimitiveValType::String), None),
        };
        let mut assembly = Self { component, host, entities: Vec::new(), exports: Vec::new(), any, depth };
        assembly.lower(host.log, signature(&[ValType::I32], &[]), None);
        assembly.lower(host.number, signature(&[], &[ValType::I32]), None);
        for _ in 0..u.int_in_range(2..=6)? {
            assembly.step(u)?;
        }
        assembly.observe(u)?;
        Ok(assembly)
    }

    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match (u.int_in_range(0..=15)?, self.any) {
            (8..=10, Some(any)) => self.instance(u, |u, imports| any(u, only_imports(imports)))?,
            (0..=10, _) => self.instance(u, |u, imports| {
                let start = u.ratio(1, 8)?;
                linked(u, imports, start)
            })?,
            (11, _) => self.lower(self.host.log, signature(&[ValType::I32], &[]), None),
            (12, _) => {
                if let Some(memory) = self.memory(u)? {
                    self.lower(self.host.text, signature(&[ValType::I32, ValType::I32], &[]), Some(memory));
                }
            }
            (13, _) => self.resource(u)?,
            (14, _) if self.depth > 0 => self.nest(u)?,
            _ => self.lift_one(u)?,
        }
        Ok(())
    }

    /// Makes a module with some imports, and one instance of it, or two.
    fn instance(
        &mut self,
        u: &mut Unstructured<'_>,
        module: impl FnOnce(&mut Unstructured<'_>, &[Import]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let chosen = self.choose(u, IMPORTS, (1, 3))?;
        self.instance_of(u, &chosen, module)
    }

    fn instance_of(
        &mut self,
        u: &mut Unstructured<'_>,
        chosen: &[usize],
        module: impl FnOnce(&mut Unstructured<'_>, &[Import]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let (imports, sources) = self.name(u, chosen)?;
        let mut module = module(u, &imports)?;
        let Some(Shape { imports: needed, exports }) = shape(&module) else { return Err(Error::IncorrectFormat) };
        if u.ratio(1, 30)? {
            // A module with debug information is not joined.
            let name = ".debug_info";
            module.extend([0, name.len() as u8 + 1, name.len() as u8]);
            module.extend(name.as_bytes());
        }
        let module = self.component.core_module_raw(None, &module);
        for _ in 0..if u.ratio(1, 20)? { 2 } else { 1 } {
            let instance = self.instantiate(module, &needed, &sources)?;
            for (name, ty) in &exports {
                let origin = Origin::Export { instance, name: name.clone() };
                self.entities.push(Entity { ty: ty.clone(), origin });
            }
        }
        Ok(())
    }

    /// Chooses what a module may import: most tables, memories and globals, and functions with a likelihood.
    fn choose(&self, u: &mut Unstructured<'_>, most: usize, functions: (u8, u8)) -> Result<Vec<usize>> {
        let mut chosen = Vec::new();
        for number in (0..self.entities.len()).rev() {
            let is_function = matches!(self.entities[number].ty, Type::Function(_));
            let (part, of) = if is_function { functions } else { (2, 3) };
            if chosen.len() < most && u.ratio(part, of)? {
                chosen.push(number);
            }
        }
        chosen.reverse();
        Ok(chosen)
    }

    /// Names imports after the instance that exports them, or after lists that are made for them.
    fn name(&self, u: &mut Unstructured<'_>, chosen: &[usize]) -> Result<(Vec<Import>, Sources)> {
        let direct = u.arbitrary::<bool>()?;
        let mut imports = Vec::new();
        let mut sources = Sources::new();
        for number in chosen {
            let Entity { ty, origin } = &self.entities[*number];
            let (module, name) = match origin {
                Origin::Export { instance, name } if direct => (format!("i{instance}"), name.clone()),
                _ => (format!("l{}", number % 2), format!("e{number}")),
            };
            sources.insert((module.clone(), name.clone()), *number);
            imports.push(Import { module, name, ty: ty.clone() });
        }
        Ok((imports, sources))
    }

    fn instantiate(&mut self, module: u32, needed: &[(String, String)], sources: &Sources) -> Result<u32> {
        let mut args: BTreeMap<&str, u32> = BTreeMap::new();
        for (module, _) in needed {
            if let Some(instance) = module.strip_prefix('i').and_then(|number| number.parse().ok()) {
                args.insert(module, instance);
            }
        }
        for list in ["l0", "l1"] {
            let names: Vec<_> = needed.iter().filter(|(module, _)| module == list).collect();
            if names.is_empty() {
                continue;
            }
            let mut exports = BTreeMap::new();
            for needed in names {
                let Some(number) = sources.get(needed) else { return Err(Error::IncorrectFormat) };
                exports.insert(needed.1.as_str(), (self.entities[*number].ty.kind(), self.index(*number)));
            }
            let exports: Vec<_> = exports.into_iter().map(|(name, (kind, index))| (name, kind, index)).collect();
            args.insert(list, self.component.core_instantiate_exports(None, exports));
        }
        let args: Vec<_> = args.into_iter().map(|(name, instance)| (name, ModuleArg::Instance(instance))).collect();
        Ok(self.component.core_instantiate(None, module, args))
    }

    /// The core index of an entity. Each call makes a new alias of an export.
    fn index(&mut self, number: usize) -> u32 {
        let Entity { ty, origin } = self.entities[number].clone();
        match origin {
            Origin::Component(index) => index,
            Origin::Export { instance, name } => self.component.core_alias_export(None, instance, &name, ty.kind()),
        }
    }

    /// Chooses an entity with a fitting type.
    fn find(&self, u: &mut Unstructured<'_>, is: impl Fn(&Type) -> bool) -> Result<Option<usize>> {
        let found: Vec<_> = (0..self.entities.len()).filter(|number| is(&self.entities[*number].ty)).collect();
        Ok(if found.is_empty() { None } else { Some(*u.choose(&found)?) })
    }

    /// The index of a memory that can hold strings.
    fn memory(&mut self, u: &mut Unstructured<'_>) -> Result<Option<u32>> {
        let found = self.find(u, |ty| matches!(ty, Type::Memory(ty) if !ty.memory64))?;
        Ok(found.map(|number| self.index(number)))
    }

    fn lower(&mut self, function: u32, ty: FuncType, memory: Option<u32>) {
        let index = self.component.lower_func(None, function, memory.map(CanonicalOption::Memory));
        self.entities.push(Entity { ty: Type::Function(ty), origin: Origin::Component(index) });
    }

    /// Exports a core function, if one has parameters and results that need no memory.
    fn lift_one(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let can = |ty: &Type| matches!(ty, Type::Function(ty) if component_types(ty).is_some());
        if let Some(number) = self.find(u, can)? {
            let name = format!("export{}", self.exports.len());
            self.lift(u, number, &name)?;
        }
        Ok(())
    }

    fn lift(&mut self, u: &mut Unstructured<'_>, number: usize, name: &str) -> Result<()> {
        let Type::Function(core) = self.entities[number].ty.clone() else { return Ok(()) };
        let Some((params, result)) = component_types(&core) else { return Ok(()) };
        let function = self.index(number);
        let mut options = Vec::new();
        if u.ratio(1, 4)? {
            options.extend(self.memory(u)?.map(CanonicalOption::Memory));
            let results = signature(core.results(), &[]);
            if let Some(number) = self.find(u, |ty| *ty == Type::Function(results.clone()))? {
                options.push(CanonicalOption::PostReturn(self.index(number)));
            }
        }
        let (ty, mut written) = self.component.type_function(None);
        let names: Vec<_> = (0..params.len()).map(|number| format!("p{number}")).collect();
        let params: Vec<_> = names.iter().map(String::as_str).zip(params.iter().copied()).collect();
        written
            .params(params.into_iter().map(|(name, ty)| (name, ComponentValType::Primitive(ty))).collect::<Vec<_>>());
        written.result(result.map(ComponentValType::Primitive));
        let lifted = self.component.lift_func(None, function, ty, options);
        self.component.export(name, ComponentExportKind::Func, lifted, None);
        self.exports.push((name.to_owned(), core));
        Ok(())
    }

    /// Adds a resource, which a function may destroy, and the functions that make and drop handles.
    fn resource(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let destroys = Type::Function(signature(&[ValType::I32], &[]));
        let destructor = self.find(u, |ty| *ty == destroys)?;
        let destructor = destructor.map(|number| self.index(number));
        let resource = self.component.type_resource(None, ValType::I32, destructor);
        let new = self.component.resource_new(resource);
        let drop = self.component.resource_drop(resource);
        let rep = self.component.resource_rep(resource);
        let takes = signature(&[ValType::I32], &[ValType::I32]);
        for (index, ty) in [(new, Type::Function(takes.clone())), (drop, destroys), (rep, Type::Function(takes))] {
            self.entities.push(Entity { ty, origin: Origin::Component(index) });
        }
        Ok(())
    }

    /// Adds a component. Its exports become functions that modules may import.
    fn nest(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let inner = Self::make(u, self.any, self.depth - 1)?;
        // Only one: wasmtime 48 panics where one has the function that destroys a resource, and another one comes after.
        self.depth = 0;
        let exports = inner.exports;
        let component = self.component.component(None, inner.component);
        let Host { log, number, text } = self.host;
        let args = [("log", log), ("number", number), ("text", text)];
        let instance = self.component.instantiate(
            None,
            component,
            args.map(|(name, index)| (name, ComponentExportKind::Func, index)),
        );
        for (name, ty) in exports {
            let function = self.component.alias_export(instance, &name, ComponentExportKind::Func);
            self.lower(function, ty, None);
        }
        Ok(())
    }

    /// Adds the observer, and exports functions.
    fn observe(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let before = self.entities.len();
        let start = u.ratio(1, 3)?;
        let chosen = self.choose(u, 3 * IMPORTS, (4, 5))?;
        self.instance_of(u, &chosen, |u, imports| observer(u, imports, start))?;
        for number in before..self.entities.len() {
            let Origin::Export { name, .. } = self.entities[number].origin.clone() else { continue };
            // The second instance, if there is one, has the same names.
            if self.exports.iter().all(|(other, _)| *other != name) {
                self.lift(u, number, &name)?;
            }
        }
        for _ in 0..u.int_in_range(1..=4)? {
            self.lift_one(u)?;
        }
        Ok(())
    }
}

/// The parameters and the result of a lifted core function, if they need no memory.
fn component_types(ty: &FuncType) -> Option<(Vec<PrimitiveValType>, Option<PrimitiveValType>)> {
    let primitive = |ty: &ValType| match ty {
        ValType::I32 => Some(PrimitiveValType::U32),
        ValType::I64 => Some(PrimitiveValType::U64),
        ValType::F32 => Some(PrimitiveValType::F32),
        ValType::F64 => Some(PrimitiveValType::F64),
        ValType::V128 | ValType::Ref(_) => None,
    };
    let params: Option<Vec<_>> = ty.params().iter().map(primitive).collect();
    let results: Option<Vec<_>> = ty.results().iter().map(primitive).collect();
    let (params, results) = (params?, results?);
    (params.len() <= 16 && results.len() <= 1).then_some((params, results.first().copied()))
}
