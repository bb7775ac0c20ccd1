//! Types of what core modules import and export.

use wasm_encoder::{ExportKind, FuncType, GlobalType, MemoryType, TableType, ValType};
use wasmparser::types::{CoreTypeId, EntityType};
use wasmparser::{CompositeInnerType, HeapType, Parser, Payload, Validator, WasmFeatures};

/// The type of what modules import and export.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    Function(FuncType),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    Tag(FuncType),
}

impl Type {
    pub fn kind(&self) -> ExportKind {
        match self {
            Self::Function(_) => ExportKind::Func,
            Self::Table(_) => ExportKind::Table,
            Self::Memory(_) => ExportKind::Memory,
            Self::Global(_) => ExportKind::Global,
            Self::Tag(_) => ExportKind::Tag,
        }
    }
}

/// Something that a module may import.
#[derive(Debug, Clone)]
pub struct Import {
    pub module: String,
    pub name: String,
    pub ty: Type,
}

/// A function type.
pub fn signature(params: &[ValType], results: &[ValType]) -> FuncType {
    FuncType::new(params.iter().copied(), results.iter().copied())
}

/// The types of most functions. They are few, so that functions in tables often have the type that a call expects.
pub fn signatures() -> [FuncType; 6] {
    use ValType::{F64, I32, I64};
    [
        signature(&[], &[]),
        signature(&[I32], &[]),
        signature(&[], &[I32]),
        signature(&[I32], &[I32]),
        signature(&[I64, I32], &[I64]),
        signature(&[F64], &[F64, I32]),
    ]
}

/// What a module imports and exports.
#[derive(Default)]
pub struct Shape {
    /// Module and name of each import.
    pub imports: Vec<(String, String)>,
    /// Exports, but those whose types name types of the module.
    pub exports: Vec<(String, Type)>,
}

/// The imports and exports of a valid module.
pub fn shape(module: &[u8]) -> Option<Shape> {
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(module).ok()?;
    let types = types.as_ref();
    let value = |ty: wasmparser::ValType| match ty {
        wasmparser::ValType::Ref(ty) if !matches!(ty.heap_type(), HeapType::Abstract { .. }) => None,
        ty => ValType::try_from(ty).ok(),
    };
    let function = |id: CoreTypeId| {
        let sub = types.get(id)?;
        let CompositeInnerType::Func(ty) = &sub.composite_type.inner else { return None };
        if !sub.is_final || sub.supertype_idx.is_some() {
            return None;
        }
        let params: Option<Vec<_>> = ty.params().iter().map(|ty| value(*ty)).collect();
        let results: Option<Vec<_>> = ty.results().iter().map(|ty| value(*ty)).collect();
        Some(FuncType::new(params?, results?))
    };
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.ok()?;
                    shape.imports.push((import.module.to_owned(), import.name.to_owned()));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.ok()?;
                    let ty = match types.entity_type_from_export(&export)? {
                        EntityType::Func(id) | EntityType::FuncExact(id) => function(id).map(Type::Function),
                        EntityType::Table(ty) => value(wasmparser::ValType::Ref(ty.element_type))
                            .and_then(|_| TableType::try_from(ty).ok())
                            .map(Type::Table),
                        EntityType::Memory(ty) => Some(Type::Memory(ty.into())),
                        EntityType::Global(ty) => {
                            value(ty.content_type).and_then(|_| GlobalType::try_from(ty).ok()).map(Type::Global)
                        }
                        EntityType::Tag(id) => function(id).map(Type::Tag),
                    };
                    shape.exports.extend(ty.map(|ty| (export.name.to_owned(), ty)));
                }
            }
            _ => {}
        }
    }
    Some(shape)
}
