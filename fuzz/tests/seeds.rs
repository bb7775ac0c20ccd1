//! Runs every target on its seeds, without a fuzzer: what was found once stays found.

use std::fs;
use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use fuzz::targets::{decoder, json, payload, placeholders, server, session, store, transcode};

/// One after another, because targets look at the counters of the process.
#[test]
fn nothing_is_found_in_the_seeds() {
    replay("payload", payload::run);
    replay("decoder", decoder::run);
    replay("placeholders", placeholders::run);
    replay("json", json::run);
    replay("transcode", transcode::run);
    replay("session", |data| script::<session::Script>(data).run());
    replay("store", |data| script::<store::Script>(data).run());
    replay("server", |data| script::<server::Script>(data).run());
}

fn replay(target: &str, run: impl Fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut seeds: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!seeds.is_empty(), "no seeds for {target}");
    seeds.sort();
    for seed in seeds {
        println!("{}", seed.display());
        run(&fs::read(seed).unwrap());
    }
}

/// As libFuzzer's own entry makes it from bytes.
fn script<'a, S: Arbitrary<'a>>(data: &'a [u8]) -> S {
    S::arbitrary_take_rest(Unstructured::new(data)).unwrap()
}
