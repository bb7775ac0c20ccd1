//! Constant expressions whose value is known before there are instances.

use wasm_encoder::Instruction;
use wasmparser::{ConstExpr, Operator};

use super::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constant {
    I32(i32),
    I64(i64),
}

impl Constant {
    /// The value of an expression, if it is known. `global` returns the values of globals that never change.
    pub(super) fn of(expression: &ConstExpr<'_>, global: impl Fn(u32) -> Option<Self>) -> Result<Option<Self>, Error> {
        let mut operands = Vec::new();
        for operator in expression.get_operators_reader() {
            let value = match operator? {
                Operator::End => break,
                Operator::I32Const { value } => Some(Self::I32(value)),
                Operator::I64Const { value } => Some(Self::I64(value)),
                Operator::GlobalGet { global_index } => global(global_index),
                operator => {
                    let (right, left) = (operands.pop(), operands.pop());
                    left.zip(right).and_then(|(left, right)| Self::combined(&operator, left, right))
                }
            };
            let Some(value) = value else { return Ok(None) };
            operands.push(value);
        }
        Ok(operands.pop())
    }

    fn combined(operator: &Operator<'_>, left: Self, right: Self) -> Option<Self> {
        Some(match (operator, left, right) {
            (Operator::I32Add, Self::I32(left), Self::I32(right)) => Self::I32(left.wrapping_add(right)),
            (Operator::I32Sub, Self::I32(left), Self::I32(right)) => Self::I32(left.wrapping_sub(right)),
            (Operator::I32Mul, Self::I32(left), Self::I32(right)) => Self::I32(left.wrapping_mul(right)),
            (Operator::I64Add, Self::I64(left), Self::I64(right)) => Self::I64(left.wrapping_add(right)),
            (Operator::I64Sub, Self::I64(left), Self::I64(right)) => Self::I64(left.wrapping_sub(right)),
            (Operator::I64Mul, Self::I64(left), Self::I64(right)) => Self::I64(left.wrapping_mul(right)),
            _ => return None,
        })
    }

    pub(super) fn instruction(self) -> Instruction<'static> {
        match self {
            Self::I32(value) => Instruction::I32Const(value),
            Self::I64(value) => Instruction::I64Const(value),
        }
    }

    /// As an offset in a memory.
    pub(super) fn address(self) -> u64 {
        match self {
            Self::I32(value) => value.cast_unsigned().into(),
            Self::I64(value) => value.cast_unsigned(),
        }
    }
}
