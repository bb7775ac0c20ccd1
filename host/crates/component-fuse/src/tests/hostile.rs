//! Components that are not from a toolchain.

use proptest::prelude::*;

use super::{LIBRARIES, RESOURCE, TRAMPOLINES, binary, fuse, instances, outcome};

/// Modules that are joined, and a third one of which there are many instances.
fn many(users: usize, names: usize) -> Vec<u8> {
    let mut exports = String::new();
    let mut imports = String::new();
    for name in 0..names {
        exports += &format!(r#"(func (export "a rather long name {name}"))"#);
        imports += &format!(r#"(import "a" "a rather long name {name}" (func))"#);
    }
    let user = r#"(core instance (instantiate $user (with "a" (instance $a))))"#.repeat(users);
    binary(&format!(
        r#"(component
            (core module $a {exports})
            (core module $b)
            (core module $user {imports})
            (core instance $a (instantiate $a))
            (core instance (instantiate $b))
            {user})"#
    ))
}

/// Joins it. Time and space that grow with the square of what is given would be minutes and gigabytes.
fn joined(text: &str) -> Option<Vec<u8>> {
    let before = binary(text);
    let after = fuse(&before).unwrap();
    assert!(after.as_ref().is_none_or(|after| after.len() < 3 * before.len()));
    after
}

#[test]
fn nonsense_is_an_error_or_nothing() {
    assert!(fuse(b"").unwrap_or_default().is_none());
    assert!(fuse(b"\0asm\x0d\0\x01\0\x01").is_err());
    let missing = TRAMPOLINES.replace("(with \"host\" (instance $host))", "");
    assert!(fuse(&binary(&missing)).is_err());
    // Two instances of modules that claim to have four billion functions.
    let module = b"\x01\x0f\0asm\x01\0\0\0\x03\x05\xff\xff\xff\xff\x0f";
    let claim = [b"\0asm\x0d\0\x01\0".as_slice(), module, module, b"\x02\x07\x02\0\0\0\0\x01\0"].concat();
    assert!(fuse(&claim).is_err());
}

/// Where one module name stands for many imports.
#[test]
fn compact_imports_are_refused() {
    let imports = b"\x02\x0e\x01\x01a\0\x7f\x02\x01b\0\0\x01c\0\0";
    let module = [b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".as_slice(), imports].concat();
    let component = [b"\0asm\x0d\0\x01\0\x01".as_slice(), &[u8::try_from(module.len()).unwrap()], &module].concat();
    let error = format!("{:?}", fuse(&component).unwrap_err());
    assert!(error.contains("compact imports"), "{error}");
}

#[test]
fn what_is_shown_of_a_module_is_shown_once() {
    let before = many(2, 100);
    let after = fuse(&before).unwrap().unwrap();
    assert_eq!((instances(&before), instances(&after)), (4, 3));
    assert!(after.len() < 2 * before.len());
    let before = many(500, 500);
    assert!(fuse(&before).unwrap().is_none_or(|after| after.len() < 2 * before.len()));
}

#[test]
fn a_long_name_is_not_repeated() {
    let name = "n".repeat(90_000);
    let aliases: String =
        (0..5_000).map(|number| format!(r#"(alias core export $i "f" (core func $f{number}))"#)).collect();
    let used: String = (0..5_000).map(|number| format!(r#"(export "{number}" (func $f{number}))"#)).collect();
    joined(&format!(
        r#"(component
            (core module $a (func (export "{name}")))
            (core module $b (import "i" "f" (func)))
            (core module $user)
            (core instance $a (instantiate $a))
            (alias core export $a "{name}" (core func $f))
            (core instance $i (export "f" (func $f)))
            (core instance $b (instantiate $b (with "i" (instance $i))))
            {aliases}
            (core instance $used {used})
            (core instance (instantiate $user (with "u" (instance $used))))
            (core instance (instantiate $user (with "u" (instance $used)))))"#
    ))
    .unwrap();
}

#[test]
fn many_arguments_cost_no_more_than_they_should() {
    let all = 0..70_000;
    let imports: String = all.clone().map(|number| format!(r#"(import "{number}" "f" (func))"#)).collect();
    let args: String = all.map(|number| format!(r#"(with "{number}" (instance $a))"#)).collect();
    let text = |debug: &str| {
        format!(
            r#"(component
                (core module $a (func (export "f")))
                (core module $b)
                (core module $user {imports} {debug})
                (core instance $a (instantiate $a))
                (core instance (instantiate $b))
                (core instance (instantiate $user {args})))"#
        )
    };
    // Where it is a member, and where it is not.
    assert_eq!(joined(&text("")).map(|after| instances(&after)), Some(1));
    assert_eq!(joined(&text("(@custom \".debug_info\" \"\")")).map(|after| instances(&after)), Some(2));
}

/// Instances that hand on what the one before hands on.
#[test]
fn chains_cost_no_more_than_they_should() {
    let mut chain = String::new();
    for link in 1..900 {
        chain += &format!(
            r#"(alias core export {} "f" (core func $f{link})) (core instance (export "f" (func $f{link})))"#,
            if link == 1 { 0 } else { link }
        );
    }
    let all = 0..70_000;
    let imports: String = all.clone().map(|number| format!(r#"(import "{number}" "f" (func))"#)).collect();
    let args: String = all.map(|number| format!(r#"(with "{number}" (instance 900))"#)).collect();
    let after = joined(&format!(
        r#"(component
            (core module $a (func (export "f")))
            (core module $b)
            (core module $user {imports})
            (core instance (instantiate $a))
            (core instance (instantiate $b))
            {chain}
            (core instance (instantiate $user {args})))"#
    ));
    assert_eq!(after.map(|after| instances(&after)), Some(1));
}

proptest! {
    #[test]
    fn damage_is_no_danger(
        position in any::<prop::sample::Index>(),
        value in any::<u8>(),
        text in prop::sample::select(&[TRAMPOLINES, LIBRARIES, RESOURCE]),
    ) {
        let mut bytes = binary(text);
        let position = position.index(bytes.len());
        bytes[position] = value;
        if let Ok(Some(after)) = fuse(&bytes) {
            prop_assert_eq!(outcome(&after), outcome(&bytes));
        }
    }
}
