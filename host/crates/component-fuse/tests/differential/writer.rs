//! Writes a core module, and keeps what its code may use.

use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, ExportKind, ExportSection, FuncType,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, Module,
    StartSection, TableSection, TableType, TagKind, TagType, TypeSection,
};

use super::types::{Import, Type};

/// The sections of a module.
#[derive(Default)]
pub struct Writer {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    pub tables: TableSection,
    pub memories: MemorySection,
    pub globals: GlobalSection,
    exports: ExportSection,
    pub start: Option<u32>,
    pub elements: ElementSection,
    code: CodeSection,
    pub data: DataSection,
    pub has: Has,
}

/// What a module's code may use. The places in the lists are indices.
#[derive(Default)]
pub struct Has {
    pub functions: Vec<FuncType>,
    pub tables: Vec<TableType>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<GlobalType>,
    pub passive_elements: Vec<u32>,
    pub passive_data: Vec<u32>,
}

impl Writer {
    /// Adds a function type.
    pub fn ty(&mut self, ty: &FuncType) -> u32 {
        self.types.ty().func_type(ty);
        self.types.len() - 1
    }

    pub fn import(&mut self, import: &Import) {
        let Import { module, name, ty } = import;
        let entity = match ty {
            Type::Function(ty) => {
                self.has.functions.push(ty.clone());
                EntityType::Function(self.ty(ty))
            }
            Type::Table(ty) => {
                self.has.tables.push(*ty);
                EntityType::Table(*ty)
            }
            Type::Memory(ty) => {
                self.has.memories.push(*ty);
                EntityType::Memory(*ty)
            }
            Type::Global(ty) => {
                self.has.globals.push(*ty);
                EntityType::Global(*ty)
            }
            Type::Tag(ty) => EntityType::Tag(TagType { kind: TagKind::Exception, func_type_idx: self.ty(ty) }),
        };
        self.imports.import(module, name, entity);
    }

    pub fn export(&mut self, name: &str, kind: ExportKind, index: u32) {
        self.exports.export(name, kind, index);
    }

    /// Adds a function. Bodies are added in the same order.
    pub fn function(&mut self, ty: FuncType) -> u32 {
        let index = self.ty(&ty);
        self.functions.function(index);
        self.has.functions.push(ty);
        self.has.functions.len() as u32 - 1
    }

    pub fn body(&mut self, body: &Function) {
        self.code.function(body);
    }

    pub fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&self.tables)
            .section(&self.memories)
            .section(&self.globals)
            .section(&self.exports);
        if let Some(function_index) = self.start {
            module.section(&StartSection { function_index });
        }
        module.section(&self.elements);
        module.section(&DataCountSection { count: self.data.len() });
        module.section(&self.code).section(&self.data);
        module.finish()
    }
}

/// A module that has nothing but imports.
pub fn only_imports(imports: &[Import]) -> Vec<u8> {
    let mut writer = Writer::default();
    for import in imports {
        writer.import(import);
    }
    writer.finish()
}
