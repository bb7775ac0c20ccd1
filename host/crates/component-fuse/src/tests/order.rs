//! What happens when, as far as anyone can tell.

use super::{binary, instances, joined, outcome};

/// A component that calls `tick` when it is instantiated, and whose modules are joined.
const TICKS: &str = r#"(component $ticks
    (import "tick" (func $tick))
    (core module $nothing)
    (core module $ticks (import "host" "tick" (func $tick)) (start $tick))
    (core func $tick (canon lower (func $tick)))
    (core instance $host (export "tick" (func $tick)))
    (core instance (instantiate $nothing))
    (core instance (instantiate $ticks (with "host" (instance $host)))))"#;

/// Instances of modules and of `$ticks`, in some order.
fn component(made: &str) -> String {
    format!(
        r#"(component
            (import "tick" (func $tick))
            {TICKS}
            (core module $a)
            (core module $b (func (export "run") (param i32) (result i32) (local.get 0)))
            (core module $traps (memory 1) (data (i32.const 65536) "x"))
            {made}
            (core instance $b (instantiate $b))
            (func (export "run") (param "n" u32) (result u32) (canon lift (core func $b "run"))))"#
    )
}

const A: &str = "(core instance (instantiate $a))";
const TRAPS: &str = "(core instance (instantiate $traps))";
const INNER: &str = r#"(instance (instantiate $ticks (with "tick" (func $tick))))"#;

#[test]
fn components_start_when_they_did() {
    let orders: [(&[&str], usize); 6] = [
        (&[A, TRAPS, INNER], 3),
        (&[TRAPS, INNER], 3),
        (&[A, INNER], 3),
        (&[INNER, A], 2),
        (&[INNER, A, TRAPS], 2),
        (&[INNER, TRAPS], 2),
    ];
    for (made, expected) in orders {
        let text = component(&made.concat());
        let after = joined(&text).unwrap();
        assert_eq!(outcome(&after), outcome(&binary(&text)), "{made:?}");
        assert_eq!(instances(&after), expected, "{made:?}");
    }
    assert_eq!(outcome(&binary(&component(&[A, TRAPS, INNER].concat()))), (None, Vec::new()));
    assert_eq!(outcome(&binary(&component(&[A, INNER, TRAPS].concat()))), (None, vec!["tick".to_owned()]));
}
