use inkcast_kit::variants;

use super::DeviceContext;

/// The first CUDA device for a test whose name says that it runs on the card. Where there is none the test is passed over
/// with a line, or fails if `REQUIRE_VARIANTS` names `cuda`.
pub(crate) fn card() -> Option<DeviceContext> {
    match DeviceContext::open(0) {
        Ok(device) => Some(device),
        Err(error) => {
            assert!(!variants::is_required("cuda"), "{}: {error}", variants::REQUIRE);
            println!("skipped: {error}");
            None
        }
    }
}
