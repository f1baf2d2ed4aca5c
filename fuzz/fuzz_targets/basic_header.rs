#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::basic_header::check(data));
