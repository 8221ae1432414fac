#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| escucha_fuzz::queries::query(bytes));
