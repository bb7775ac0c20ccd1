#![no_main]

use fuzz::targets::session::Script;

libfuzzer_sys::fuzz_target!(|script: Script| script.run());
