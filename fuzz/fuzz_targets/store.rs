#![no_main]

use fuzz::targets::store::Script;

libfuzzer_sys::fuzz_target!(|script: Script| script.run());
