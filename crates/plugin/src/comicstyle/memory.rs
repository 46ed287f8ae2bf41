//! Where frames lie: in the memory of the system or in that of a CUDA device, as caps tell.

use std::str::FromStr;
use std::sync::LazyLock;

use gstreamer as gst;

/// The feature of caps whose frames lie on a CUDA device; GStreamer's nvcodec elements write it.
const CUDA_MEMORY: &str = "memory:CUDAMemory";

/// What is taken and given there: the format of NVIDIA's decoders and encoders.
static ON_DEVICE: LazyLock<gst::Caps> = LazyLock::new(|| {
    gst::Caps::from_str(&format!("video/x-raw({CUDA_MEMORY}), format=NV12")).unwrap_or_else(|_| gst::Caps::new_empty())
});

/// Whether GStreamer has a library for frames on a device, and this build the stylizer for them.
pub fn is_shared() -> bool {
    #[cfg(feature = "cuda")]
    return crate::cuda_memory::Functions::get().is_ok();
    #[cfg(not(feature = "cuda"))]
    false
}

/// Whether frames with these caps lie on a CUDA device.
#[cfg(any(feature = "cuda", test))]
pub fn is_on_device(caps: &gst::CapsRef) -> bool {
    caps.features(0).is_some_and(|features| features.contains(CUDA_MEMORY))
}

/// `caps`, and behind them the same frames in the other memory, where that memory takes their format: a frame may come
/// from the system's memory and leave in the device's, and the other way about.
pub fn in_either(caps: &gst::Caps) -> gst::Caps {
    let mut either = caps.clone();
    for (structure, features) in caps.iter_with_features() {
        let mut other = gst::Caps::new_empty();
        if features.contains(CUDA_MEMORY) {
            other.get_mut().expect("nobody else has it yet").append_structure(structure.to_owned());
        } else if features.is_equal(gst::CAPS_FEATURES_MEMORY_SYSTEM_MEMORY.as_ref()) {
            let features = gst::CapsFeatures::new([CUDA_MEMORY]);
            let moved = gst::Caps::builder_full().structure_with_features(structure.to_owned(), features).build();
            other = moved.intersect_with_mode(&ON_DEVICE, gst::CapsIntersectMode::First);
        }
        either.merge(other);
    }
    either
}

/// `caps` without frames on a device.
pub fn in_system_memory(caps: &gst::Caps) -> gst::Caps {
    let mut system = caps.clone();
    system.make_mut().filter_map_in_place(|features, _| {
        if features.contains(CUDA_MEMORY) { gst::CapsFilterMapAction::Remove } else { gst::CapsFilterMapAction::Keep }
    });
    system
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(text: &str) -> gst::Caps {
        gst::init().unwrap();
        gst::Caps::from_str(text).unwrap()
    }

    #[test]
    fn frames_may_change_their_memory() {
        let size = "width=64, height=48";
        for (given, expected) in [
            (
                format!("video/x-raw, format=NV12, {size}"),
                format!("video/x-raw, format=NV12, {size}; video/x-raw(memory:CUDAMemory), format=NV12, {size}"),
            ),
            (
                format!("video/x-raw(memory:CUDAMemory), format=NV12, {size}"),
                format!("video/x-raw(memory:CUDAMemory), format=NV12, {size}; video/x-raw, format=NV12, {size}"),
            ),
            (
                format!("video/x-raw, format={{ RGB, NV12 }}, {size}"),
                format!(
                    "video/x-raw, format={{ RGB, NV12 }}, {size}; video/x-raw(memory:CUDAMemory), format=NV12, {size}"
                ),
            ),
            // A device takes one format only.
            (format!("video/x-raw, format=RGB, {size}"), format!("video/x-raw, format=RGB, {size}")),
        ] {
            assert_eq!(in_either(&caps(&given)), caps(&expected), "{given}");
        }
    }

    #[test]
    fn without_a_device_only_the_system_s_memory_is_left() {
        let both = caps("video/x-raw(memory:CUDAMemory), format=NV12; video/x-raw, format=I420");
        assert_eq!(in_system_memory(&both), caps("video/x-raw, format=I420"));
        assert!(in_system_memory(&caps("video/x-raw(memory:CUDAMemory), format=NV12")).is_empty());
        assert_eq!(in_system_memory(&in_either(&caps("video/x-raw, format=NV12"))), caps("video/x-raw, format=NV12"));
    }

    #[test]
    fn caps_tell_where_frames_lie() {
        assert!(is_on_device(&caps("video/x-raw(memory:CUDAMemory), format=NV12")));
        assert!(!is_on_device(&caps("video/x-raw, format=NV12")));
        // Other devices' memory is neither.
        let other = caps("video/x-raw(memory:GLMemory), format=NV12");
        assert!(!is_on_device(&other));
        assert_eq!(in_either(&other), other);
    }
}
