//! Runs the fuzz target `transcode` on its seeds, and on a few thousand changes of them.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a failed test panics")]

#[path = "../../../../fuzz/src/targets/transcode.rs"]
mod transcode;

use std::fs;
use std::path::Path;

const CHANGES: usize = 200;

#[test]
fn nothing_is_found() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/seeds/transcode");
    let mut seeds: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(seeds.len() > 20);
    seeds.sort();
    let mut random = Random(1);
    for seed in seeds {
        println!("{}", seed.display());
        let bytes = fs::read(seed).unwrap();
        transcode::run(&bytes);
        for _ in 0..CHANGES {
            transcode::run(&random.changed(&bytes));
        }
    }
}

/// The same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    /// A few bytes are replaced, left out or doubled.
    fn changed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] = self.below(256) as u8,
                1 => bytes[at] = b"{}[],:\"\\0-.e"[self.below(12)],
                2 if bytes.len() > 2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        bytes
    }
}
