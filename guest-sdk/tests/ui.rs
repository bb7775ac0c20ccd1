//! What the compiler says of mistakes that are easy to make.
//!
//! After a deliberate change: `TRYBUILD=overwrite cargo test -p guest-sdk --test ui`, and read what it wrote.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
