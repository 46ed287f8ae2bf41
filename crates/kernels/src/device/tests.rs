use inkcast_kit::variants;

use inkcast_frame::Plane;

use super::{DeviceBuffer, DeviceContext, DevicePlane, PinnedBuffer};
use crate::pyramid::cuda::halve;

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

#[test]
fn copies_on_the_card_come_back() {
    let Some(device) = card() else { return };
    let values: Vec<u32> = (0..100_000).map(|value| value ^ 0x5a5a).collect();
    let mut pinned = PinnedBuffer::new(&device, values.len()).unwrap();
    pinned.values_mut().unwrap().copy_from_slice(&values);
    let mut first = DeviceBuffer::new(&device, values.len()).unwrap();
    first.upload_from(&device, &pinned).unwrap();
    let mut second = DeviceBuffer::new(&device, values.len()).unwrap();
    second.copy_from(&device, &first).unwrap();
    first.clear(&device).unwrap();
    let mut back = PinnedBuffer::new(&device, values.len()).unwrap();
    second.download_to(&device, &mut back).unwrap();
    assert!(back.values().unwrap() == values);
    first.download_to(&device, &mut back).unwrap();
    assert!(back.values().unwrap().iter().all(|&value| value == 0));
}

#[test]
fn a_recording_on_the_card_runs_again_with_new_values_and_in_branches() {
    let Some(device) = card() else { return };
    let branch = device.branch().unwrap();
    let mut source = DevicePlane::new(&device, 64, 64).unwrap();
    let halves = [(); 2].map(|()| DevicePlane::new(&device, 32, 32).unwrap());
    let [mut here, mut there] = halves;
    let mut work = || {
        branch.join(&device)?;
        halve(&branch, &source, &mut there)?;
        halve(&device, &source, &mut here)?;
        device.join(&branch)
    };
    // Once before, so that the kernel is loaded.
    work().unwrap();
    let mut graph = device.record(work).unwrap();
    for value in [1.0f32, 2.5] {
        let values = Plane::from_fn(64, 64, |_, _| value);
        source.values_mut().upload(&device, values.data()).unwrap();
        graph.launch().unwrap();
        for half in [&here, &there] {
            assert!(half.download(&device).unwrap().data().iter().all(|&half| half == value), "{value}");
        }
    }
}
