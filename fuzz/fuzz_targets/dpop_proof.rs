#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::dpop_proof::check(data));
