#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::webhook_url::check(data));
