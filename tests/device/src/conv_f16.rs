//! Convolutions on tensor cores, a block of threads after another, with the tensor cores computed from what each thread
//! of a warp holds.

use inkcast_frame::{Layers, Picture, Plane};

use crate::plane::PlaneArgument;

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
    /// Tiles across, tiles down and groups of outputs.
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

unsafe extern "C" {
    fn inkcast_conv_f16(run: &Run, kernel: i32, stride: i32, outputs: i32, map: *const u16, output: *mut u16) -> i32;
    fn inkcast_conv_f16_enter(
        run: &Run,
        outputs: i32,
        picture: PlaneArgument<'_, [u8; 4]>,
        layers: PlaneArgument<'_, [i16; 4]>,
        confidence: PlaneArgument<'_, u8>,
        history: *const u32,
        output: *mut u16,
    ) -> i32;
    fn inkcast_conv_f16_exit(
        run: &Run,
        map: *const u16,
        picture: PlaneArgument<'_, [u8; 4]>,
        source: &[[f32; 4]; 3],
        layers: PlaneArgument<'_, [i16; 4]>,
    ) -> i32;
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
        assert_eq!(map.len(), width * height * channels, "numbers of the input map");
        assert!(map.as_ptr().cast::<u32>().is_aligned(), "pairs of the input map");
    }

    fn check_output(&self, map: &[u16]) {
        let [width, height, outputs] = self.output.map(|number| number as usize);
        assert_eq!(map.len(), width * height * outputs, "numbers of the output map");
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

/// From a picture and what is carried to a map, with the flag that says whether it is to be used.
pub fn enter(
    launch: &Launch<'_>,
    picture: &Picture,
    carried: Option<(&Layers, &Plane<u8>)>,
    history: Option<u32>,
    output: &mut [u16],
) {
    launch.check_output(output);
    assert!(picture.width() > 0 && picture.height() > 0, "a picture");
    let nothing = (Layers::default(), Plane::default());
    let (layers, confidence) = carried.unwrap_or((&nothing.0, &nothing.1));
    for size in [layers.size(), confidence.size()].into_iter().filter(|_| carried.is_some()) {
        assert_eq!(size, picture.size(), "size of what is carried");
    }
    let layers = if carried.is_some() { PlaneArgument::read(layers) } else { PlaneArgument::none() };
    // SAFETY: planes are of one size, or absent; the map and the weights are as large as the function takes them to be.
    let faults = unsafe {
        inkcast_conv_f16_enter(
            &launch.run(),
            launch.outputs as i32,
            PlaneArgument::read(picture),
            layers,
            PlaneArgument::read(confidence),
            history.as_ref().map_or(std::ptr::null(), |history| history),
            output.as_mut_ptr(),
        )
    };
    check(faults);
}

/// From a map to layers.
pub fn exit(launch: &Launch<'_>, input: &[u16], picture: &Picture, source: &[[f32; 4]; 3], layers: &mut Layers) {
    launch.check_input(input);
    assert_eq!(launch.output[2], 16, "outputs of a block of 2x2 pixels");
    assert_eq!(layers.size(), picture.size(), "size of the layers");
    // SAFETY: the planes are of one size; the map and the weights are as large as the function takes them to be.
    let faults = unsafe {
        let (picture, layers) = (PlaneArgument::read(picture), PlaneArgument::write(layers));
        inkcast_conv_f16_exit(&launch.run(), input.as_ptr(), picture, source, layers)
    };
    check(faults);
}
