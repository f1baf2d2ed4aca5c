#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::session_cookie::check(data));
