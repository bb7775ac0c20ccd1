#![no_main]

use fuzz::targets::server::Script;

libfuzzer_sys::fuzz_target!(|script: Script| script.run());
