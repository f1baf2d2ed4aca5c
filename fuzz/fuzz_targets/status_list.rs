#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::status_list::check(data));
