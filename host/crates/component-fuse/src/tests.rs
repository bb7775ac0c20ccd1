mod ahead;
mod hostile;
mod order;

use wasmparser::{Instance as CoreInstance, Parser, Payload};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, StoreContextMut};

use super::fuse;

/// As `wit-component` links: trampolines through a table first, as what they call needs the memory of the module that
/// calls them.
const TRAMPOLINES: &str = r#"(component
    (import "log" (func $log (param "text" string)))
    (core module $trampolines
        (type $t (func (param i32 i32)))
        (table (export "$imports") 1 1 funcref)
        (func (export "0") (param i32 i32)
            (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0))))
    (core module $main
        (import "host" "log" (func $log (param i32 i32)))
        (type $number (func (result i32)))
        (memory (export "memory") 1)
        (table 2 funcref)
        (elem (i32.const 0) $five $six)
        (data (i32.const 8) "hello")
        (func $five (result i32) (i32.const 5))
        (func $six (result i32) (i32.const 6))
        (func $run (export "run") (param i32) (result i32)
            (call $log (i32.const 8) (i32.const 5))
            (call_indirect (type $number) (local.get 0))))
    (core module $fixup
        (import "" "$imports" (table 1 funcref))
        (import "" "0" (func $log (param i32 i32)))
        (elem (i32.const 0) func $log))
    (core instance $t (instantiate $trampolines))
    (core instance $host (export "log" (func $t "0")))
    (core instance $m (instantiate $main (with "host" (instance $host))))
    (alias core export $m "memory" (core memory $memory))
    (core func $lowered (canon lower (func $log) (memory $memory)))
    (core instance $rest (export "$imports" (table $t "$imports")) (export "0" (func $lowered)))
    (core instance (instantiate $fixup (with "" (instance $rest))))
    (func (export "run") (param "n" u32) (result u32) (canon lift (core func $m "run"))))"#;

/// As languages are linked dynamically: a module with everything that is shared, libraries that put themselves where they
/// are told to, and one more module that is given instances as they are.
const LIBRARIES: &str = r#"(component
    (import "log" (func $log (param "text" string)))
    (core module $env
        (memory (export "memory") 1)
        (table (export "table") 4 funcref)
        (global (export "memory_base") i32 (i32.const 16))
        (global (export "table_base") i32 (i32.const 1))
        (global (export "count") (mut i32) (i32.const 40)))
    (core module $library
        (import "env" "memory" (memory 1))
        (import "env" "table" (table 4 funcref))
        (import "env" "memory_base" (global $memory i32))
        (import "env" "table_base" (global $table i32))
        (import "env" "count" (global $count (mut i32)))
        (type $number (func (result i32)))
        (elem (global.get $table) func $letter $counted)
        (data (global.get $memory) "A")
        (data $passive "B")
        (func $letter (result i32) (i32.load8_u (global.get $memory)))
        (func $counted (result i32)
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (global.get $count))
        (func (export "number") (param i32) (result i32)
            (call_indirect (type $number) (i32.add (global.get $table) (local.get 0))))
        (func (export "replace") (memory.init $passive (global.get $memory) (i32.const 0) (i32.const 1))))
    (core module $last
        (import "library" "number" (func $number (param i32) (result i32)))
        (import "library" "replace" (func $replace))
        (import "env" "memory" (memory 1))
        (func $start (if (i32.ne (i32.load8_u (i32.const 16)) (i32.const 65)) (then unreachable)) (call $replace))
        (start $start)
        (func (export "run") (param i32) (result i32) (call $number (local.get 0))))
    (core instance $e (instantiate $env))
    (core instance $l (instantiate $library (with "env" (instance $e))))
    (core instance $last (instantiate $last (with "library" (instance $l)) (with "env" (instance $e))))
    (func (export "run") (param "n" u32) (result u32) (canon lift (core func $last "run"))))"#;

/// With a resource that the last of several modules destroys.
const RESOURCE: &str = r#"(component
    (core module $before
        (func (export "nothing") (param i32) unreachable))
    (core module $main
        (import "before" "nothing" (func (param i32)))
        (global $destroyed (export "destroyed") (mut i32) (i32.const 0))
        (func (export "destroy") (param i32) (global.set $destroyed (local.get 0))))
    (core module $user
        (import "resource" "new" (func $new (param i32) (result i32)))
        (import "resource" "drop" (func $drop (param i32)))
        (import "main" "destroyed" (global $destroyed (mut i32)))
        (func (export "run") (param i32) (result i32)
            (call $drop (call $new (i32.add (local.get 0) (i32.const 5))))
            (global.get $destroyed)))
    (core instance $b (instantiate $before))
    (alias core export $b "nothing" (core func $nothing))
    (core instance $m (instantiate $main (with "before" (instance $b))))
    (alias core export $m "destroy" (core func $destroy))
    (type $resource (resource (rep i32) (dtor (core func $destroy))))
    (core func $new (canon resource.new $resource))
    (core func $drop (canon resource.drop $resource))
    (core instance $r (export "new" (func $new)) (export "drop" (func $drop)))
    (core instance $u (instantiate $user (with "resource" (instance $r)) (with "main" (instance $m))))
    (func (export "run") (param "n" u32) (result u32) (canon lift (core func $u "run"))))"#;

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn joined(text: &str) -> Option<Vec<u8>> {
    fuse(&binary(text)).unwrap()
}

/// What `run` returns for 0 and 1, and what was logged.
fn run(component: &[u8]) -> (u32, u32, Vec<String>) {
    let (returned, logged) = outcome(component);
    let (zero, one) = returned.unwrap();
    (zero, one, logged)
}

/// The same; nothing is returned where something traps, or there is no instance.
fn outcome(component: &[u8]) -> (Option<(u32, u32)>, Vec<String>) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, Vec::new());
    let returned = call(&mut store, component).ok();
    (returned, store.into_data())
}

fn call(store: &mut Store<Vec<String>>, component: &[u8]) -> wasmtime::Result<(u32, u32)> {
    let engine = store.engine().clone();
    let mut linker = Linker::<Vec<String>>::new(&engine);
    let log = |mut store: StoreContextMut<'_, Vec<String>>, (text,): (String,)| {
        store.data_mut().push(text);
        Ok(())
    };
    linker.root().func_wrap("log", log)?;
    let tick = |mut store: StoreContextMut<'_, Vec<String>>, ()| {
        store.data_mut().push("tick".to_owned());
        Ok(())
    };
    linker.root().func_wrap("tick", tick)?;
    let instance = linker.instantiate(&mut *store, &Component::new(&engine, component)?)?;
    let run = instance.get_typed_func::<(u32,), (u32,)>(&mut *store, "run")?;
    Ok((run.call(&mut *store, (0,))?.0, run.call(&mut *store, (1,))?.0))
}

/// Core instances that are made, in components within as well.
fn instances(component: &[u8]) -> usize {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Payload::InstanceSection(instances) = payload.unwrap() else { continue };
        let made = |instance: &CoreInstance<'_>| matches!(instance, CoreInstance::Instantiate { .. });
        count += instances.into_iter().filter(|instance| made(instance.as_ref().unwrap())).count();
    }
    count
}

#[test]
fn trampolines_join_who_jumps_on_them() {
    let before = binary(TRAMPOLINES);
    let after = joined(TRAMPOLINES).unwrap();
    assert_eq!((instances(&before), instances(&after)), (3, 2));
    assert_eq!(run(&after), run(&before));
    assert_eq!(run(&after), (5, 6, vec!["hello".to_owned(); 2]));
}

#[test]
fn libraries_join_what_they_share() {
    let before = binary(LIBRARIES);
    let after = joined(LIBRARIES).unwrap();
    assert_eq!((instances(&before), instances(&after)), (3, 1));
    assert_eq!(run(&after), run(&before));
    assert_eq!(run(&after), (66, 41, Vec::new()));
}

#[test]
fn resources_are_destroyed_by_the_function_that_they_name() {
    let before = binary(RESOURCE);
    let after = joined(RESOURCE).unwrap();
    assert_eq!((instances(&before), instances(&after)), (3, 2));
    assert_eq!(run(&after), run(&before));
    assert_eq!(run(&after), (5, 6, Vec::new()));
}

#[test]
fn functions_keep_their_names() {
    let after = joined(TRAMPOLINES).unwrap();
    for name in ["five", "six", "run"] {
        assert!(after.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
}

#[test]
fn a_module_that_is_given_instances_as_they_are_sees_the_same() {
    // What starts ends the group, so that the last module is on its own.
    let text = LIBRARIES.replace("(data $passive \"B\")", "(data $passive \"B\") (func $nothing) (start $nothing)");
    let after = joined(&text).unwrap();
    assert_eq!(instances(&after), 2);
    assert_eq!(run(&after), (66, 41, Vec::new()));
}

#[test]
fn components_in_components_are_joined() {
    let outer = format!(
        r#"(component
            (import "log" (func $log (param "text" string)))
            (component $inner {}
            (instance $i (instantiate $inner (with "log" (func $log))))
            (export "run" (func $i "run")))"#,
        TRAMPOLINES.strip_prefix("(component").unwrap()
    );
    let after = joined(&outer).unwrap();
    assert_eq!(instances(&after), 2);
    assert_eq!(run(&after), (5, 6, vec!["hello".to_owned(); 2]));
}

#[test]
fn what_cannot_be_joined_is_left() {
    let single = "(component (core module $a) (core instance (instantiate $a)))";
    assert_eq!(joined(single), None);
    assert_eq!(joined("(component)"), None);
    let twice = "(component (core module $a) (core instance (instantiate $a)) (core instance (instantiate $a)))";
    assert_eq!(joined(twice), None);
    let exported = TRAMPOLINES.replace("(core instance $t", "(export \"m\" (core module $fixup)) (core instance $t");
    assert_eq!(joined(&exported), None);
    let debuggable = TRAMPOLINES.replace("(core module $main", "(core module $main (@custom \".debug_info\" \"\")");
    assert_eq!(joined(&debuggable), None, "line numbers are worth more than speed");
}

#[test]
fn names_that_make_no_sense_are_left_out() {
    let text = |names: &str| {
        format!(
            r#"(component
                (core module (func (export "f") (result i32) i32.const 7) (@custom "name" "{names}"))
                (core module
                    (import "f" "f" (func (result i32)))
                    (func (export "run") (param i32) (result i32) (i32.add (call 0) (local.get 0))))
                (core instance (instantiate 0))
                (core instance (instantiate 1 (with "f" (instance 0))))
                (alias core export 1 "run" (core func))
                (func (export "run") (param "n" u32) (result u32) (canon lift (core func 0))))"#
        )
    };
    // Of function 0 only, of function 255, too, and of more functions than it says.
    for names in ["\\01\\04\\01\\00\\01x", "\\01\\08\\02\\00\\01x\\ff\\01\\01y", "\\01\\04\\7f\\00\\01x", "\\ff"] {
        let after = joined(&text(names)).unwrap();
        assert_eq!(instances(&after), 1);
        assert_eq!(run(&after), (7, 8, Vec::new()));
    }
}

/// Code may only refer to functions that something outside of code names.
#[test]
fn functions_that_were_named_by_exports_can_be_referred_to() {
    let text = r#"(component
        (core module $a
            (type $number (func (result i32)))
            (table 1 funcref)
            (func $five (export "five") (result i32) (i32.const 5))
            (func (export "run") (param i32) (result i32)
                (table.set (i32.const 0) (ref.func $five))
                (i32.add (local.get 0) (call_indirect (type $number) (i32.const 0)))))
        (core module $b (import "a" "five" (func (result i32))))
        (core instance $a (instantiate $a))
        (core instance $b (instantiate $b (with "a" (instance $a))))
        (func (export "run") (param "n" u32) (result u32) (canon lift (core func $a "run"))))"#;
    let after = joined(text).unwrap();
    assert_eq!(instances(&after), 1);
    assert_eq!(run(&after), (5, 6, Vec::new()));
}

#[test]
fn one_module_can_be_two_arguments() {
    let text = r#"(component
        (core module $a
            (func (export "x") (result i32) (i32.const 5))
            (func (export "y") (param i32) (result i32) (local.get 0)))
        (core module $b (import "a" "x" (func (result i32))))
        (core module $user
            (import "p" "x" (func $x (result i32)))
            (import "q" "y" (func $y (param i32) (result i32)))
            (func $start)
            (start $start)
            (func (export "run") (param i32) (result i32) (i32.add (call $x) (call $y (local.get 0)))))
        (core instance $a (instantiate $a))
        (core instance $b (instantiate $b (with "a" (instance $a))))
        (core instance (instantiate $user (with "p" (instance $a)) (with "q" (instance $a))))
        (core instance $user (instantiate $user (with "p" (instance $a)) (with "q" (instance $a))))
        (func (export "run") (param "n" u32) (result u32) (canon lift (core func $user "run"))))"#;
    let after = joined(text).unwrap();
    assert_eq!(instances(&after), 3);
    assert_eq!(run(&after), (5, 6, Vec::new()));
}
