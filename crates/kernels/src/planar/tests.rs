use inkcast_frame::{LAYER_STEP, Plane};
use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;

use super::*;

const SIZES: [(usize, usize); 6] = [(1, 1), (3, 2), (4, 4), (5, 9), (64, 3), (67, 18)];

fn picture(width: usize, height: usize) -> Picture {
    let mut random = Random::new(3);
    Plane::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes())
}

fn previous(width: usize, height: usize) -> (Layers, Plane<u8>) {
    let mut random = Random::new(4);
    let layers =
        Plane::from_fn(width, height, |_, _| [(); 4].map(|()| random.between(0.0, f32::from(LAYER_ONE)) as i16));
    (layers, Plane::from_fn(width, height, |_, _| random.bits() as u8))
}

#[test]
fn sides_are_completed_with_the_last_column_and_row() {
    let picture: Picture = Plane::from_fn(3, 2, |x, y| [51 * x as u8, 51 * y as u8, 255, 9]);
    let mut planes = [0.0; 3 * 16];
    from_picture(&picture, &mut planes);
    assert_eq!(planes[..8], [0.0, 0.2, 0.4, 0.4, 0.0, 0.2, 0.4, 0.4]);
    assert_eq!(planes[16..32], [[0.0; 4], [0.2; 4], [0.2; 4], [0.2; 4]].concat());
    assert_eq!(planes[32..], [1.0; 16]);
}

#[test]
fn layers_are_limited_and_rounded() {
    let mut planes = [0.5; 4 * 16];
    planes[..3].copy_from_slice(&[-0.5, 1.5, 1.0 / 255.0]);
    let mut layers = Layers::new(3, 1);
    to_layers(&planes, &mut layers);
    assert_eq!(layers.data().iter().map(|layer| layer[0]).collect::<Vec<_>>(), [0, LAYER_ONE, LAYER_STEP]);
    assert_eq!(layers.at(2, 0)[1..], [LAYER_ONE / 2; 3]);
}

/// Pictures, what is carried, and the way back, into planes between guards.
type Fill = fn((usize, usize), &mut [f32]);

#[test]
fn the_device_fills_the_same_planes() {
    let fills: [(usize, Fill, Fill); 2] = [
        (
            PICTURE_PLANES,
            |(width, height), planes| from_picture(&picture(width, height), planes),
            |(width, height), planes| inkcast_device::planar::from_picture(&picture(width, height), planes),
        ),
        (
            CARRIED_PLANES,
            |(width, height), planes| {
                let (layers, confidence) = previous(width, height);
                from_carried(Carried { layers: &layers, confidence: &confidence }, planes);
            },
            |(width, height), planes| {
                let (layers, confidence) = previous(width, height);
                inkcast_device::planar::from_carried(&layers, &confidence, planes);
            },
        ),
    ];
    for size in SIZES {
        let (width, height) = padded(size);
        for (count, host, device) in fills {
            let [expected, found] = [host, device].map(|fill| {
                let mut planes = Guarded::<f32>::output(count * width * height);
                fill(size, planes.values_mut());
                planes.check_written();
                planes.values().iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            });
            assert!(expected == found, "{count} planes of {size:?}");
        }
    }
}

#[test]
fn the_device_gives_the_same_layers() {
    for (width, height) in SIZES {
        let (full_width, full_height) = padded((width, height));
        let mut random = Random::new(6);
        let planes: Vec<f32> =
            (0..LAYER_PLANES * full_width * full_height).map(|_| random.between(-0.3, 1.3)).collect();
        let planes = Guarded::input(&planes);
        let [mut expected, mut found] = [Layers::new(width, height), Plane::from_fn(width, height, |_, _| [-1; 4])];
        to_layers(planes.values(), &mut expected);
        inkcast_device::planar::to_layers(planes.values(), &mut found);
        assert!(expected == found, "{width}x{height}");
    }
}

#[cfg(feature = "cuda")]
#[test]
fn planes_on_the_card_are_those_of_the_host() {
    use candle_core::cuda_backend::cudarc::driver::CudaSlice;

    use crate::conv_f16::cuda::DeviceCarried;
    use crate::device::DevicePlane;
    use crate::device::tests::card;

    let Some(device) = card() else { return };
    for (width, height) in SIZES {
        let (full_width, full_height) = padded((width, height));
        let area = full_width * full_height;
        let tensor = |values: &[f32]| -> CudaSlice<f32> { device.stream().clone_htod(values).unwrap() };
        let download = |slice: &CudaSlice<f32>| device.stream().clone_dtoh(slice).unwrap();
        let (picture, (layers, confidence)) = (picture(width, height), previous(width, height));

        let mut expected = vec![0.0; PICTURE_PLANES * area];
        from_picture(&picture, &mut expected);
        let mut found = tensor(&vec![-1.0; expected.len()]);
        let on_device = DevicePlane::with_values(&device, &picture).unwrap();
        cuda::from_picture(&device, &on_device, &mut found).unwrap();
        assert!(download(&found) == expected, "{width}x{height}: picture");

        let mut expected = vec![0.0; CARRIED_PLANES * area];
        from_carried(Carried { layers: &layers, confidence: &confidence }, &mut expected);
        let mut found = tensor(&vec![-1.0; expected.len()]);
        let on_device = (
            DevicePlane::with_values(&device, &layers).unwrap(),
            DevicePlane::with_values(&device, &confidence).unwrap(),
        );
        let carried = DeviceCarried { layers: &on_device.0, confidence: &on_device.1 };
        cuda::from_carried(&device, carried, &mut found).unwrap();
        assert!(download(&found) == expected, "{width}x{height}: what is carried");

        let planes: Vec<f32> = (0..LAYER_PLANES * area).map(|at| at as f32 / area as f32 / 3.0 - 0.2).collect();
        let mut expected = Layers::new(width, height);
        to_layers(&planes, &mut expected);
        let mut found = DevicePlane::new(&device, width, height).unwrap();
        cuda::to_layers(&device, &tensor(&planes), &mut found).unwrap();
        assert!(found.download(&device).unwrap() == expected, "{width}x{height}: layers");
    }
}
