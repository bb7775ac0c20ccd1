//! The module that shows what is in memories, globals and tables, and calls functions that a component cannot export.

use arbitrary::{Result, Unstructured};
use wasm_encoder::{
    BlockType, ExportKind, Function, GlobalType, InstructionSink, MemArg, MemoryType, TableType, ValType,
};

use super::code::callable;
use super::types::{Import, Type, signature, signatures};
use super::writer::Writer;

/// The function that shows what is in memories, globals and tables.
pub const STATE: &str = "state";

/// The local with a digest of what was seen so far, and the local that counts.
const SEEN: u32 = 0;
const COUNT: u32 = 1;

/// A module with [`STATE`], and with a function for each table and function that it imports. `start`: whether it has a
/// start function.
pub fn observer(u: &mut Unstructured<'_>, imports: &[Import], start: bool) -> Result<Vec<u8>> {
    let mut writer = Writer::default();
    for import in imports {
        writer.import(import);
    }
    let state = writer.function(signature(&[], &[ValType::I64]));
    writer.export(STATE, ExportKind::Func, state);
    writer.body(&look(&writer));
    for (number, import) in imports.iter().filter(|import| matches!(import.ty, Type::Table(_))).enumerate() {
        let Type::Table(table) = &import.ty else { continue };
        if callable(table) {
            poke(u, &mut writer, number as u32)?;
        }
    }
    for (number, import) in imports.iter().filter(|import| matches!(import.ty, Type::Function(_))).enumerate() {
        let Type::Function(ty) = &import.ty else { continue };
        if ty.params().iter().all(|param| is_defaultable(*param)) {
            call(&mut writer, number as u32, ty.params(), ty.results());
        }
    }
    if start {
        let start = writer.function(signature(&[], &[]));
        let mut body = Function::new([]);
        body.instructions().end();
        writer.body(&body);
        writer.start = Some(start);
    }
    Ok(writer.finish())
}

/// Adds a function that calls an element of a table.
fn poke(u: &mut Unstructured<'_>, writer: &mut Writer, table: u32) -> Result<()> {
    let ty = u.choose(&signatures())?.clone();
    let function = writer.function(signature(&[ValType::I32], &[ValType::I64]));
    writer.export(&format!("poke{table}"), ExportKind::Func, function);
    let index = writer.ty(&ty);
    let mut body = Function::new([(1, ValType::I64)]);
    let mut code = body.instructions();
    code.local_get(0).table_size(table).i32_lt_u().if_(BlockType::Empty);
    code.local_get(0).table_get(table).ref_is_null().i32_eqz().if_(BlockType::Empty);
    for param in ty.params() {
        default(&mut code, *param);
    }
    code.local_get(0).call_indirect(table, index);
    for result in ty.results().iter().rev() {
        see(&mut code, *result, 1);
    }
    code.end().end().local_get(1).end();
    writer.body(&body);
    Ok(())
}

/// Adds a function that calls another one, and returns a digest of all results.
fn call(writer: &mut Writer, callee: u32, params: &[ValType], results: &[ValType]) {
    let function = writer.function(signature(&[], &[ValType::I64]));
    writer.export(&format!("call{callee}"), ExportKind::Func, function);
    let mut body = Function::new([(1, ValType::I64)]);
    let mut code = body.instructions();
    for param in params {
        default(&mut code, *param);
    }
    code.call(callee);
    for result in results.iter().rev() {
        see(&mut code, *result, SEEN);
    }
    code.local_get(SEEN).end();
    writer.body(&body);
}

/// The body of [`STATE`].
fn look(writer: &Writer) -> Function {
    let mut body = Function::new([(2, ValType::I64)]);
    let mut code = body.instructions();
    for (index, GlobalType { val_type, .. }) in (0..).zip(&writer.has.globals) {
        code.global_get(index);
        see(&mut code, *val_type, SEEN);
    }
    for (index, TableType { table64, .. }) in (0..).zip(&writer.has.tables) {
        let count = |code: &mut InstructionSink<'_>| {
            code.table_size(index);
            if !table64 {
                code.i64_extend_i32_u();
            }
        };
        count(&mut code);
        see(&mut code, ValType::I64, SEEN);
        each(&mut code, 1, count, |code| {
            code.local_get(COUNT);
            if !table64 {
                code.i32_wrap_i64();
            }
            code.table_get(index).ref_is_null();
            see(code, ValType::I32, SEEN);
        });
    }
    for (memory_index, MemoryType { memory64, .. }) in (0..).zip(&writer.has.memories) {
        let count = |code: &mut InstructionSink<'_>| {
            code.memory_size(memory_index);
            if !memory64 {
                code.i64_extend_i32_u();
            }
            code.i64_const(1 << 16).i64_mul();
        };
        count(&mut code);
        see(&mut code, ValType::I64, SEEN);
        each(&mut code, 8, count, |code| {
            code.local_get(COUNT);
            if !memory64 {
                code.i32_wrap_i64();
            }
            code.i64_load(MemArg { offset: 0, align: 0, memory_index });
            see(code, ValType::I64, SEEN);
        });
    }
    code.local_get(SEEN).end();
    body
}

/// Writes a loop with [`COUNT`] from 0 to `end`.
fn each(
    code: &mut InstructionSink<'_>,
    step: i64,
    end: impl Fn(&mut InstructionSink<'_>),
    body: impl Fn(&mut InstructionSink<'_>),
) {
    code.i64_const(0).local_set(COUNT).block(BlockType::Empty).loop_(BlockType::Empty).local_get(COUNT);
    end(code);
    code.i64_ge_u().br_if(1);
    body(code);
    code.local_get(COUNT).i64_const(step).i64_add().local_set(COUNT).br(0).end().end();
}

/// Takes a value from the stack into the digest in a local.
fn see(code: &mut InstructionSink<'_>, ty: ValType, seen: u32) {
    match ty {
        ValType::I32 => code.i64_extend_i32_u(),
        ValType::I64 => code,
        ValType::F32 => code.i32_reinterpret_f32().i64_extend_i32_u(),
        ValType::F64 => code.i64_reinterpret_f64(),
        ValType::V128 => code.i64x2_extract_lane(1),
        ValType::Ref(_) => code.ref_is_null().i64_extend_i32_u(),
    };
    code.local_get(seen)
        .i64_xor()
        .i64_const(1)
        .i64_add()
        .i64_const(0x9e37_79b9_7f4a_7c15_u64.cast_signed())
        .i64_mul()
        .i64_const(29)
        .i64_rotl();
    code.local_set(seen);
}

fn is_defaultable(ty: ValType) -> bool {
    !matches!(ty, ValType::Ref(ty) if !ty.nullable)
}

fn default(code: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::I32 => code.i32_const(1),
        ValType::I64 => code.i64_const(2),
        ValType::F32 => code.f32_const(3.0.into()),
        ValType::F64 => code.f64_const(4.0.into()),
        ValType::V128 => code.v128_const(5),
        ValType::Ref(ty) => code.ref_null(ty.heap_type),
    };
}
