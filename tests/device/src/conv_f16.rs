//! Convolutions on tensor cores, a block of threads after another, with the tensor cores computed from what each thread
//! of a warp holds.

use std::ptr::{null, null_mut};

use inkcast_frame::{Layers, Picture, Plane};

/// The most frames of a launch: `MOST_FRAMES` of `conv_f16/body.cuh`.
const MOST_FRAMES: usize = 8;

/// A convolution's launch, as `inkcast_kernels::conv_f16` makes it.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// Width, height and channels of the input.
    pub input: [i32; 3],
    /// Width, height and outputs before a pixel-shuffle.
    pub output: [i32; 3],
    /// Side of the block of pixels that the outputs of one are spread over.
    pub spread: i32,
    /// Whether the output map is added to.
    pub add: bool,
    /// Whether a ReLU comes last.
    pub relu: bool,
    /// From sums of products to the units of the bias.
    pub scale: f32,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Bits of the packed weights.
    pub weights: &'a [u16],
    /// The packed bias.
    pub bias: &'a [f32],
    /// How many frames are computed.
    pub frames: usize,
    /// Tiles across, tiles down, and groups of outputs for each frame.
    pub grid: [u32; 3],
    /// Outputs of a block.
    pub outputs: usize,
    /// Slots of 16 bytes of a block's shared memory.
    pub slots: usize,
    /// Whether threads and blocks run from the last to the first. Where that changes a result, something depends on an
    /// order that a device does not keep.
    pub backwards: bool,
}

/// `ConvSize` of `conv_f16/body.cuh`.
#[repr(C)]
struct Size {
    input: [i32; 3],
    output: [i32; 3],
    spread: i32,
    add: i32,
    relu: i32,
    scale: f32,
}

/// `Run` of `conv_f16.cpp`.
#[repr(C)]
struct Run {
    size: Size,
    weights: *const u16,
    bias: *const f32,
    grid: [i32; 3],
    slots: i32,
    backwards: i32,
}

/// What a frame brings: a picture, and maybe layers with the trust in them.
pub type Input<'a> = (&'a Picture, Option<(&'a Layers, &'a Plane<u8>)>);

/// `FromPictures` of `conv_f16/body.cuh`.
#[repr(C)]
struct Entries {
    frames: [Entry; MOST_FRAMES],
    width: i32,
    height: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    picture: *const [u8; 4],
    layers: *const [i16; 4],
    confidence: *const u8,
}

/// `ToManyLayers` of `conv_f16/body.cuh`.
#[repr(C)]
struct Exits<'a> {
    frames: [Exit; MOST_FRAMES],
    width: i32,
    height: i32,
    source: &'a [[f32; 4]; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Exit {
    picture: *const [u8; 4],
    layers: *mut [i16; 4],
}

unsafe extern "C" {
    fn inkcast_conv_f16(run: &Run, kernel: i32, stride: i32, outputs: i32, map: *const u16, output: *mut u16) -> i32;
    fn inkcast_conv_f16_enter(run: &Run, outputs: i32, pictures: &Entries, output: *mut u16) -> i32;
    fn inkcast_conv_f16_exit(run: &Run, map: *const u16, layers: &Exits) -> i32;
    safe fn inkcast_half_bits(value: f32) -> u32;
    safe fn inkcast_half_value(half: u32) -> f32;
}

/// Bits of the nearest f16, in place of a device's instruction.
pub fn half_bits(value: f32) -> u16 {
    inkcast_half_bits(value) as u16
}

/// The value of an f16, in place of a device's instruction.
pub fn half_value(half: u16) -> f32 {
    inkcast_half_value(half.into())
}

impl Launch<'_> {
    /// Panics if memory is smaller than the kernel takes it to be.
    fn run(&self) -> Run {
        let groups = (self.output[2] as usize).div_ceil(self.outputs);
        assert!((1..=MOST_FRAMES).contains(&self.frames), "{} frames of a launch", self.frames);
        assert_eq!(self.grid[2] as usize, groups * self.frames, "groups of outputs for each frame");
        let depths = (self.input[2] as usize).div_ceil(16);
        let weights = groups * self.outputs * depths * 16 * self.kernel * self.kernel;
        assert_eq!((self.weights.len(), self.bias.len()), (weights, groups * self.outputs), "packed weights and bias");
        assert!(self.weights.as_ptr().cast::<u32>().is_aligned(), "pairs of weights");
        let Launch { input, output, spread, add, relu, scale, .. } = *self;
        Run {
            size: Size { input, output, spread, add: add.into(), relu: relu.into(), scale },
            weights: self.weights.as_ptr(),
            bias: self.bias.as_ptr(),
            grid: self.grid.map(|count| count as i32),
            slots: self.slots as i32,
            backwards: self.backwards.into(),
        }
    }

    fn check_input(&self, map: &[u16]) {
        let [width, height, channels] = self.input.map(|number| number as usize);
        assert_eq!(map.len(), self.frames * width * height * channels, "numbers of the input map");
        assert!(map.as_ptr().cast::<u32>().is_aligned(), "pairs of the input map");
    }

    fn check_output(&self, map: &[u16]) {
        let [width, height, outputs] = self.output.map(|number| number as usize);
        assert_eq!(map.len(), self.frames * width * height * outputs, "numbers of the output map");
        assert!(map.as_ptr().cast::<u32>().is_aligned(), "pairs of the output map");
    }
}

/// Panics if an access to shared memory was wrong: outside, too early, or not ordered by a barrier.
fn check(faults: i32) {
    assert_eq!(faults, 0, "accesses to shared memory that were wrong; -1 says that there is no such kernel");
}

/// From map to map.
pub fn conv(launch: &Launch<'_>, input: &[u16], output: &mut [u16]) {
    launch.check_input(input);
    launch.check_output(output);
    let (kernel, stride) = (launch.kernel as i32, launch.stride as i32);
    // SAFETY: the maps and the weights are as large and as aligned as the function takes them to be, just checked.
    let faults = unsafe {
        let (input, output) = (input.as_ptr(), output.as_mut_ptr());
        inkcast_conv_f16(&launch.run(), kernel, stride, launch.outputs as i32, input, output)
    };
    check(faults);
}

/// From what each frame brings, all of one size, to maps one after another.
pub fn enter(launch: &Launch<'_>, inputs: &[Input<'_>], output: &mut [u16]) {
    launch.check_output(output);
    let (width, height) = checked(launch, inputs);
    let mut frames = [Entry { picture: null(), layers: null(), confidence: null() }; MOST_FRAMES];
    for (frame, (picture, carried)) in frames.iter_mut().zip(inputs) {
        frame.picture = picture.data().as_ptr();
        if let Some((layers, confidence)) = carried {
            (frame.layers, frame.confidence) = (layers.data().as_ptr(), confidence.data().as_ptr());
        }
    }
    let entries = Entries { frames, width, height };
    // SAFETY: planes are of one size, or absent; the maps and the weights are as large as the function takes them to be.
    let faults = unsafe { inkcast_conv_f16_enter(&launch.run(), launch.outputs as i32, &entries, output.as_mut_ptr()) };
    check(faults);
}

/// From maps one after another to the layers of each frame.
pub fn exit(
    launch: &Launch<'_>,
    input: &[u16],
    inputs: &[Input<'_>],
    source: &[[f32; 4]; 3],
    layers: &mut [&mut Layers],
) {
    launch.check_input(input);
    assert_eq!(launch.output[2], 16, "outputs of a block of 2x2 pixels");
    assert_eq!(layers.len(), inputs.len(), "layers of each frame");
    let (width, height) = checked(launch, inputs);
    let mut frames = [Exit { picture: null(), layers: null_mut() }; MOST_FRAMES];
    for (frame, ((picture, _), layers)) in frames.iter_mut().zip(inputs.iter().zip(layers)) {
        assert_eq!(layers.size(), picture.size(), "size of the layers");
        *frame = Exit { picture: picture.data().as_ptr(), layers: layers.data_mut().as_mut_ptr() };
    }
    let exits = Exits { frames, width, height, source };
    // SAFETY: the planes are of one size; the maps and the weights are as large as the function takes them to be.
    let faults = unsafe { inkcast_conv_f16_exit(&launch.run(), input.as_ptr(), &exits) };
    check(faults);
}

/// The size of all pictures, and of what is carried where there is some.
fn checked(launch: &Launch<'_>, inputs: &[Input<'_>]) -> (i32, i32) {
    assert_eq!(launch.frames, inputs.len(), "frames of a launch");
    let size = inputs[0].0.size();
    assert!(size.0 > 0 && size.1 > 0, "a picture");
    for (picture, carried) in inputs {
        assert_eq!(picture.size(), size, "pictures of one size");
        if let Some((layers, confidence)) = carried {
            assert_eq!([layers.size(), confidence.size()], [size; 2], "size of what is carried");
        }
    }
    let length = |length: usize| i32::try_from(length).expect("a side of a plane fits 31 bits");
    (length(size.0), length(size.1))
}
