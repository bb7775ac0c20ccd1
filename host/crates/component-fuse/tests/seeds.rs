//! Components behave alike, joined or not: the seeds of the fuzz target `fuse`, and some hundred random components.

#![expect(clippy::indexing_slicing, reason = "indices come from the lists that they are used on")]

mod differential;

use std::fs;
use std::path::Path;

use differential::{Compared, Outcome, run};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

#[test]
fn the_seeds_of_the_fuzz_target_behave_alike() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/seeds/fuse");
    let mut seeds: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(!seeds.is_empty());
    for seed in seeds {
        println!("{}", seed.display());
        let seed = fs::read(&seed).unwrap();
        let is_component = seed[0] % 2 == 0;
        let is_joined = matches!(run(&seed, None), Outcome::Joined(_));
        assert!(is_joined || !is_component);
    }
}

/// The same ones each time.
#[test]
fn random_components_behave_alike() {
    let mut runner = TestRunner::deterministic();
    let mut compared = 0;
    for _ in 0..300 {
        let bytes = vec(any::<u8>(), 500..4000).new_tree(&mut runner).unwrap().current();
        let outcome = run(&[&[1], bytes.as_slice()].concat(), None);
        compared += u32::from(outcome == Outcome::Joined(Compared::Completely));
    }
    assert!(compared > 100, "only {compared} were joined");
}
