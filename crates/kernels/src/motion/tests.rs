use inkcast_frame::Plane;
use inkcast_kit::motion::{Motion, Scene};

use super::cuda::{DeviceFrames, DeviceMotion};
use crate::device::tests::card;
use crate::device::{DeviceBuffer, DevicePlane};

#[test]
fn motion_on_the_card_is_that_of_its_bodies_on_the_host() {
    let Some(device) = card() else { return };
    for (width, height) in [(1, 1), (41, 19), (80, 45), (137, 90), (320, 181)] {
        let mut motion = DeviceMotion::new(&device, width, height, 0).unwrap();
        let scene = Scene::new(6, Motion::Shift(3.3, -1.7), width, height);
        let other = Scene::new(9, Motion::Still, width, height).frame(0);
        let brighter = Plane::from_fn(width, height, |x, y| 0.8 * scene.frame(1).at(x, y) + 0.1);
        let frames = [scene.frame(0), scene.frame(1), brighter, other.clone(), other];
        for (index, pair) in frames.windows(2).enumerate() {
            for is_first in [false, true] {
                let [previous, current] = [0, 1].map(|i| DevicePlane::with_values(&device, &pair[i]).unwrap());
                let first = DeviceBuffer::with_values(&device, &[u32::from(is_first)]).unwrap();
                let on_card =
                    DeviceFrames { previous: &previous, current: &current, pictures: None, is_first: Some(&first) };
                motion.estimate(&device, &on_card, 0.05).unwrap();
                let expected = inkcast_device::motion::estimate(&pair[0], &pair[1], None, is_first, 0.05);
                let (mut verdict, mut camera) = ([9], [9.0; 2]);
                motion.verdict.download(&device, &mut verdict).unwrap();
                motion.camera.download(&device, &mut camera).unwrap();
                let case = format!("{width}x{height}, pair {index}, first {is_first}");
                assert_eq!((verdict, camera), ([expected.verdict], expected.camera), "{case}");
                assert!(motion.flow.download(&device).unwrap() == expected.flow, "{case}: flow");
                assert!(motion.confidence.download(&device).unwrap() == expected.confidence, "{case}: confidence");
            }
        }
    }
}
