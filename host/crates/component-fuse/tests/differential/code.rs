//! Bodies of functions.

use arbitrary::{Result, Unstructured};
use wasm_encoder::{BlockType, FuncType, GlobalType, HeapType, InstructionSink, MemArg, RefType, TableType, ValType};

use super::types::signatures;
use super::writer::{Has, Writer};

/// Writes the body of the function `number`: a call through a table, or some steps and the results.
pub fn write_body(
    u: &mut Unstructured<'_>,
    writer: &mut Writer,
    code: &mut InstructionSink<'_>,
    ty: &FuncType,
    number: u32,
) -> Result<()> {
    let tables = writer.has.tables.len() as u32;
    if tables > 0 && u.ratio(1, 4)? {
        // A trampoline.
        for (param, _) in (0..).zip(ty.params()) {
            code.local_get(param);
        }
        let table = u.int_in_range(0..=tables - 1)?;
        if callable(&writer.has.tables[table as usize]) {
            code.i32_const(u.int_in_range(0..=3)?);
            let ty = writer.ty(ty);
            code.call_indirect(table, ty).end();
            return Ok(());
        }
        for _ in ty.params() {
            code.drop();
        }
    }
    for _ in 0..u.int_in_range(0..=6)? {
        step(u, writer, code, ty, number)?;
    }
    for result in ty.results() {
        push(u, &writer.has, code, *result, ty)?;
    }
    code.end();
    Ok(())
}

/// Whether calls through a table can be written here.
pub fn callable(table: &TableType) -> bool {
    table.element_type == RefType::FUNCREF && !table.table64
}

/// Pushes a parameter, a global, or a number.
fn push(
    u: &mut Unstructured<'_>,
    has: &Has,
    code: &mut InstructionSink<'_>,
    ty: ValType,
    own: &FuncType,
) -> Result<()> {
    let params = own.params().iter().zip(0..).filter(|(param, _)| **param == ty).map(|(_, index)| (true, index));
    let globals =
        has.globals.iter().zip(0..).filter(|(global, _)| global.val_type == ty).map(|(_, index)| (false, index));
    let there: Vec<(bool, u32)> = params.chain(globals).collect();
    if !there.is_empty() && u.ratio(3, 4)? {
        match *u.choose(&there)? {
            (true, param) => code.local_get(param),
            (false, global) => code.global_get(global),
        };
        return Ok(());
    }
    match ty {
        ValType::I32 => code.i32_const(u.int_in_range(0..=300)?),
        ValType::I64 => code.i64_const(u.int_in_range(0..=300)?),
        ValType::F32 => code.f32_const(1.5.into()),
        ValType::F64 => code.f64_const(2.5.into()),
        ValType::V128 => code.v128_const(7),
        ValType::Ref(ty) if ty.nullable => code.ref_null(ty.heap_type),
        ValType::Ref(_) => code.unreachable(),
    };
    Ok(())
}

/// Takes a result from the stack, into a global if one fits.
fn pop(u: &mut Unstructured<'_>, has: &Has, code: &mut InstructionSink<'_>, ty: ValType) -> Result<()> {
    let fits = |(global, _): &(&GlobalType, u32)| global.val_type == ty && global.mutable;
    let globals: Vec<u32> = has.globals.iter().zip(0..).filter(fits).map(|(_, index)| index).collect();
    if globals.is_empty() || u.ratio(1, 4)? {
        code.drop();
    } else {
        code.global_set(*u.choose(&globals)?);
    }
    Ok(())
}

/// Does something that leaves the stack as it was.
fn step(
    u: &mut Unstructured<'_>,
    writer: &mut Writer,
    code: &mut InstructionSink<'_>,
    own: &FuncType,
    number: u32,
) -> Result<()> {
    let (functions, tables) = (writer.has.functions.len() as u32, writer.has.tables.len() as u32);
    let (memories, globals) = (writer.has.memories.len() as u32, writer.has.globals.len() as u32);
    match u.int_in_range(0..=7)? {
        // Mostly calls of earlier functions, as these end.
        0..=2 => {
            let last = if u.ratio(1, 10)? { functions - 1 } else { number.saturating_sub(1) };
            let function = u.int_in_range(0..=last)?;
            let ty = writer.has.functions[function as usize].clone();
            if function == number {
                return Ok(());
            }
            for param in ty.params() {
                push(u, &writer.has, code, *param, own)?;
            }
            code.call(function);
            for result in ty.results().iter().rev() {
                pop(u, &writer.has, code, *result)?;
            }
        }
        3 if memories > 0 => {
            let memory_index = u.int_in_range(0..=memories - 1)?;
            let is_64 = writer.has.memories[memory_index as usize].memory64;
            let offset = u.int_in_range(0..=12)?;
            let at = MemArg { offset, align: 0, memory_index };
            let base = |code: &mut InstructionSink<'_>, at: i32| {
                if is_64 {
                    code.i64_const(at.into())
                } else {
                    code.i32_const(at)
                };
            };
            base(code, u.int_in_range(0..=12)?);
            match u.int_in_range(0..=6)? {
                0 => {
                    push(u, &writer.has, code, ValType::I32, own)?;
                    code.i32_store8(at);
                }
                1 => {
                    push(u, &writer.has, code, ValType::I64, own)?;
                    code.i64_store(at);
                }
                2 => {
                    code.i32_load(at);
                    pop(u, &writer.has, code, ValType::I32)?;
                }
                3..=5 if !writer.has.passive_data.is_empty() => {
                    code.i32_const(0).i32_const(1);
                    code.memory_init(memory_index, *u.choose(&writer.has.passive_data)?);
                }
                _ => {
                    code.memory_grow(memory_index);
                    pop(u, &writer.has, code, if is_64 { ValType::I64 } else { ValType::I32 })?;
                }
            }
        }
        4 if globals > 0 => {
            let global = u.int_in_range(0..=globals - 1)?;
            let ty = writer.has.globals[global as usize];
            if ty.mutable {
                push(u, &writer.has, code, ty.val_type, own)?;
                match ty.val_type {
                    ValType::I32 => code.i32_const(3).i32_mul(),
                    ValType::I64 => code.i64_const(3).i64_add(),
                    _ => code,
                };
                code.global_set(global);
            }
        }
        5 | 6 if tables > 0 => {
            let table = u.int_in_range(0..=tables - 1)?;
            let ty = writer.has.tables[table as usize];
            if !callable(&ty) {
                return Ok(());
            }
            let at = u.int_in_range(0..=ty.minimum.saturating_sub(1))? as i32;
            match u.int_in_range(0..=6)? {
                0 | 1 => {
                    let ty = u.choose(&signatures())?.clone();
                    // Only of what is there: most elements are null.
                    code.i32_const(at).table_get(table).ref_is_null().i32_eqz().if_(BlockType::Empty);
                    for param in ty.params() {
                        push(u, &writer.has, code, *param, own)?;
                    }
                    code.i32_const(at);
                    let index = writer.ty(&ty);
                    code.call_indirect(table, index);
                    for result in ty.results().iter().rev() {
                        pop(u, &writer.has, code, *result)?;
                    }
                    code.end();
                }
                2 => {
                    // The function is exported, so that code may name it.
                    code.i32_const(at).ref_func(number).table_set(table);
                }
                3..=5 if !writer.has.passive_elements.is_empty() => {
                    code.i32_const(at).i32_const(0).i32_const(1);
                    code.table_init(table, *u.choose(&writer.has.passive_elements)?);
                }
                _ => {
                    code.ref_null(HeapType::FUNC).i32_const(1).table_grow(table);
                    pop(u, &writer.has, code, ValType::I32)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}
