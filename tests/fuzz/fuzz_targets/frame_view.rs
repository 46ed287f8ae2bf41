#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    inkcast_fuzz::frame_view(data);
});
