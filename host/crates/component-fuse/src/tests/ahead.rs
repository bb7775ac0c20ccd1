//! What wasmtime puts into memories and tables before there are instances.

use proptest::prelude::*;
use wasmparser::{ConstExpr, DataKind, ElementKind, Operator, Parser, Payload};

use super::{LIBRARIES, binary, instances, joined, outcome};

/// The offsets of all segments, where they are known.
fn offsets(component: &[u8]) -> Vec<Option<i32>> {
    let known = |offset: &ConstExpr<'_>| {
        let mut operators = offset.get_operators_reader();
        let Operator::I32Const { value } = operators.read().unwrap() else { return None };
        operators.is_end_then_eof().then_some(value)
    };
    let mut offsets = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ElementSection(elements) => offsets.extend(elements.into_iter().filter_map(|element| {
                let ElementKind::Active { offset_expr, .. } = element.unwrap().kind else { return None };
                Some(known(&offset_expr))
            })),
            Payload::DataSection(data) => offsets.extend(data.into_iter().filter_map(|data| {
                let DataKind::Active { offset_expr, .. } = data.unwrap().kind else { return None };
                Some(known(&offset_expr))
            })),
            _ => {}
        }
    }
    offsets
}

/// Three modules, the last of which shows that all are there.
fn three(a: &str, b: &str) -> String {
    format!(
        r#"(component
            (core module $a {a})
            (core module $b {b})
            (core module $c (func (export "run") (param i32) (result i32) (local.get 0)))
            (core instance $a (instantiate $a))
            (core instance (instantiate $b))
            (core instance $c (instantiate $c))
            (func (export "run") (param "n" u32) (result u32) (canon lift (core func $c "run"))))"#
    )
}

#[test]
fn offsets_become_known() {
    assert_eq!(offsets(&joined(LIBRARIES).unwrap()), [Some(1), Some(16)]);
}

#[test]
fn offsets_that_are_computed_become_known() {
    let base = r#"(global (export "table_base") i32 "#;
    let computed = "(i32.sub (i32.mul (global.get $two) (i32.const 3)) (i32.const 5))";
    let text = LIBRARIES
        .replace(&format!("{base}(i32.const 1)"), &format!("(global $two i32 (i32.const 2)) {base}{computed}"))
        .replace(r#"(global.get $memory) "A""#, r#"(i32.add (global.get $memory) (i32.const -4)) "____A""#);
    let after = joined(&text).unwrap();
    assert_eq!(offsets(&after), [Some(1), Some(12)]);
    assert_eq!(outcome(&after), outcome(&binary(LIBRARIES)));
}

#[test]
fn no_module_loses_its_image_to_others() {
    let dense = "(memory 1) (data (i32.const 0) \"a\")";
    let sparse = "(memory 400) (data (i32.const 0) \"a\") (data (i32.const 20_000_000) \"b\")";
    assert_eq!(joined(&three(dense, sparse)), None);
    assert_eq!(joined(&three(sparse, dense)), None);
    let near = sparse.replace("(i32.const 0) \"a\"", "(i32.const 19_000_000) \"a\"");
    let empty = sparse.replace("(i32.const 0) \"a\"", "(i32.const 0) \"\"");
    for (a, b) in [(dense, near.as_str()), (dense, &empty), (dense, "(memory 400) (data \"passive\")"), ("", sparse)] {
        assert_eq!(instances(&joined(&three(a, b)).unwrap()), 1, "{a} {b}");
    }
}

#[test]
fn no_module_has_its_table_filled_after_one_that_is_computed() {
    let known = "(table 1 funcref) (elem (i32.const 0) func $f) (func $f)";
    let computed = "(table 1 funcref) (elem (i32.const 0) funcref (item (ref.func $f))) (func $f)";
    assert_eq!(instances(&joined(&three(known, known)).unwrap()), 1);
    assert_eq!(instances(&joined(&three(known, computed)).unwrap()), 2);
    assert_eq!(joined(&three(computed, known)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Also where what is put there does not fit.
    #[test]
    fn offsets_are_what_they_were(
        base in prop_oneof![0..70_000, any::<i32>()],
        table in 0..6,
        operator in prop_oneof![Just("add"), Just("sub"), Just("mul")],
        by in prop_oneof![-70_000..70_000, any::<i32>()],
    ) {
        let text = LIBRARIES
            .replace("(i32.const 16))", &format!("(i32.const {base}))"))
            .replace("(i32.const 1))\n", &format!("(i32.const {table}))\n"))
            .replace("(data (global.get $memory) ", &format!("(data (i32.{operator} (global.get $memory) (i32.const {by})) "))
            .replace("(data $passive", "(data (i32.const 16) \"A\") (data $passive");
        prop_assert_eq!(outcome(&joined(&text).unwrap()), outcome(&binary(&text)), "{}", text);
    }
}
