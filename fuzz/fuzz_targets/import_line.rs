#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::import_line::check(data));
