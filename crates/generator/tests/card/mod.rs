use inkcast_kernels::device::DeviceContext;
use inkcast_kit::variants;

/// The first CUDA device. Where there is none a test is passed over with a line, or fails if `REQUIRE_VARIANTS` names
/// `cuda`.
pub fn open() -> Option<DeviceContext> {
    match DeviceContext::open(0) {
        Ok(device) => Some(device),
        Err(error) => {
            assert!(!variants::is_required("cuda"), "{}: {error}", variants::REQUIRE);
            println!("skipped: {error}");
            None
        }
    }
}
