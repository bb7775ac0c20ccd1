//! Core modules as toolchains link them.

use arbitrary::{Result, Unstructured};
use wasm_encoder::{ConstExpr, Elements, ExportKind, Function, GlobalType, MemoryType, RefType, TableType, ValType};

use super::code::{callable, write_body};
use super::types::{Import, signature, signatures};
use super::writer::{Has, Writer};

/// A module that calls imports, fills tables and memories that it shares with others, and calls through tables. `start`:
/// whether it has a start function.
pub fn linked(u: &mut Unstructured<'_>, imports: &[Import], start: bool) -> Result<Vec<u8>> {
    let mut writer = Writer::default();
    for import in imports {
        writer.import(import);
    }
    let imported = writer.has.globals.len();
    define(u, &mut writer, imported)?;
    let bodies = u.int_in_range(1..=5)?;
    let first = writer.has.functions.len() as u32;
    for _ in 0..bodies {
        let ty = u.choose(&signatures())?.clone();
        writer.function(ty);
    }
    if start {
        writer.start = Some(writer.function(signature(&[], &[])));
    }
    let end = writer.has.functions.len() as u32;
    fill(u, &mut writer, imported)?;
    for number in first..end {
        writer.export(&format!("f{number}"), ExportKind::Func, number);
    }
    for (kind, name, count) in [
        (ExportKind::Table, "t", writer.has.tables.len()),
        (ExportKind::Memory, "m", writer.has.memories.len()),
        (ExportKind::Global, "g", writer.has.globals.len()),
    ] {
        for number in 0..count as u32 {
            if u.ratio(3, 4)? {
                writer.export(&format!("{name}{number}"), kind, number);
            }
        }
    }
    for number in first..end {
        let ty = writer.has.functions[number as usize].clone();
        let mut body = Function::new([]);
        write_body(u, &mut writer, &mut body.instructions(), &ty, number)?;
        writer.body(&body);
    }
    Ok(writer.finish())
}

/// Adds tables, memories and globals. Their values may use the first `imported` globals.
fn define(u: &mut Unstructured<'_>, writer: &mut Writer, imported: usize) -> Result<()> {
    for _ in 0..u.int_in_range(0..=2)? {
        let minimum = u.int_in_range(0..=6)?;
        let maximum = if u.arbitrary()? { Some(minimum + 3) } else { None };
        let ty = TableType { element_type: RefType::FUNCREF, table64: false, minimum, maximum, shared: false };
        writer.tables.table(ty);
        writer.has.tables.push(ty);
    }
    for _ in 0..u.int_in_range(0..=1)? {
        let ty = MemoryType {
            minimum: *u.choose(&[1, 1, 2, 0])?,
            // Small, as all of it is looked at after every call.
            maximum: Some(if u.arbitrary()? { 3 } else { 4 }),
            memory64: u.ratio(1, 4)?,
            shared: false,
            page_size_log2: None,
        };
        writer.memories.memory(ty);
        writer.has.memories.push(ty);
    }
    for _ in 0..u.int_in_range(0..=3)? {
        let val_type = *u.choose(&[ValType::I32, ValType::I32, ValType::I64, ValType::F64])?;
        let ty = GlobalType { val_type, mutable: u.arbitrary()?, shared: false };
        let value = constant(u, &writer.has, val_type, imported)?;
        writer.globals.global(ty, &value);
        writer.has.globals.push(ty);
    }
    Ok(())
}

/// A small number, an imported global that does not change, or a calculation with both.
fn constant(u: &mut Unstructured<'_>, has: &Has, ty: ValType, imported: usize) -> Result<ConstExpr> {
    let number = u.int_in_range(0..=5_u8)?;
    let known =
        |number: &u32| has.globals[*number as usize] == GlobalType { val_type: ty, mutable: false, shared: false };
    let globals: Vec<_> = (0..imported as u32).filter(known).collect();
    let plain = match ty {
        ValType::I64 => ConstExpr::i64_const(number.into()),
        ValType::F64 => ConstExpr::f64_const(f64::from(number).into()),
        _ => ConstExpr::i32_const(number.into()),
    };
    if globals.is_empty() || u.ratio(1, 3)? {
        return Ok(plain);
    }
    let global = ConstExpr::global_get(*u.choose(&globals)?);
    Ok(match (ty, u.int_in_range(0..=3)?) {
        (ValType::I32, 0) => global.with_i32_const(number.into()).with_i32_add(),
        (ValType::I32, 1) => global.with_i32_const(number.into()).with_i32_mul(),
        (ValType::I64, 0) => global.with_i64_const(number.into()).with_i64_add(),
        (ValType::I64, 1) => plain.with_global_get(*u.choose(&globals)?).with_i64_sub(),
        _ => global,
    })
}

/// Adds segments of functions and of data.
fn fill(u: &mut Unstructured<'_>, writer: &mut Writer, imported: usize) -> Result<()> {
    let functions: Vec<u32> = (0..writer.has.functions.len() as u32).collect();
    for (number, table) in (0..).zip(writer.has.tables.clone()) {
        if !callable(&table) || u.ratio(1, 3)? {
            continue;
        }
        let mut chosen = Vec::new();
        for _ in 0..u.int_in_range(0..=table.minimum.clamp(1, 4))? {
            chosen.push(*u.choose(&functions)?);
        }
        let expressions: Vec<_> = chosen.iter().map(|function| ConstExpr::ref_func(*function)).collect();
        let is_computed = u.ratio(1, 5)?;
        let elements = match is_computed {
            true => Elements::Expressions(RefType::FUNCREF, expressions.into()),
            false => Elements::Functions(chosen.into()),
        };
        if u.ratio(1, 3)? {
            writer.has.passive_elements.push(writer.elements.len());
            writer.elements.passive(elements);
        } else {
            // Mostly where there is room.
            let offset = match u.ratio(1, 2)? {
                true => ConstExpr::i32_const(0),
                false => constant(u, &writer.has, ValType::I32, imported)?,
            };
            writer.elements.active(Some(number), &offset, elements);
        }
    }
    for (number, memory) in (0..).zip(writer.has.memories.clone()) {
        for _ in 0..u.int_in_range(0..=2)? {
            let bytes = u.bytes(3.min(u.len()))?.to_vec();
            if u.ratio(1, 3)? {
                writer.has.passive_data.push(writer.data.len());
                writer.data.passive(bytes);
            } else {
                let ty = if memory.memory64 { ValType::I64 } else { ValType::I32 };
                let offset = constant(u, &writer.has, ty, imported)?;
                writer.data.active(number, &offset, bytes);
            }
        }
    }
    Ok(())
}
