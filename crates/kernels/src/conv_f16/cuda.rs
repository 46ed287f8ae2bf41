//! The kernels of `cuda.cu`, on a device.

use candle_core::cuda_backend::cudarc::driver::sys::CUfunction_attribute;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut, DeviceRepr};
use half::f16;

use super::{ConvSize, MOST_FRAMES, MapSize, PackedConvF16, THREADS};
use crate::device::{DeviceBuffer, DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};
use crate::shuffle::{CARRIED_CHANNELS, CHANGE_CHANNELS, PICTURE_CHANNELS, Source};

const KERNELS: Module = module!("conv_f16");

/// Shared memory that a device gives a block of threads without being told before.
const SHARED_BYTES: u32 = 48 << 10;

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for ConvSize {}

/// Maps of one size on a device, one for each of several frames.
#[derive(Debug)]
pub struct DeviceMap {
    size: MapSize,
    frames: usize,
    bits: DeviceBuffer<u16>,
}

impl DeviceMap {
    /// Maps of zeros for up to `frames` frames.
    pub fn new(device: &DeviceContext, size: MapSize, frames: usize) -> Result<Self, DeviceError> {
        Ok(DeviceMap { size, frames, bits: DeviceBuffer::new(device, frames * size.values())? })
    }

    /// The size of each.
    pub fn size(&self) -> MapSize {
        self.size
    }

    /// Their numbers one after another, as bits of f16.
    pub fn bits(&self) -> &DeviceBuffer<u16> {
        &self.bits
    }

    /// Their numbers one after another, as bits of f16.
    pub fn bits_mut(&mut self) -> &mut DeviceBuffer<u16> {
        &mut self.bits
    }
}

/// A convolution whose weights are on a device.
#[derive(Debug)]
pub struct DeviceConv {
    packed: PackedConvF16,
    weights: DeviceBuffer<u16>,
    bias: DeviceBuffer<f32>,
}

impl DeviceConv {
    /// Copies the weights to the device.
    pub fn new(device: &DeviceContext, packed: PackedConvF16) -> Result<Self, DeviceError> {
        let weights = DeviceBuffer::with_values(device, packed.weights())?;
        let bias = DeviceBuffer::with_values(device, packed.bias())?;
        Ok(DeviceConv { packed, weights, bias })
    }

    /// Takes other weights in the same memory, so that recorded launches use them from then on.
    ///
    /// # Panics
    /// If the convolution is not of the same shape.
    pub fn set(&mut self, device: &DeviceContext, packed: PackedConvF16) -> Result<(), DeviceError> {
        assert!(self.packed.is_like(&packed), "weights of a convolution of another shape");
        self.weights.upload(device, packed.weights())?;
        self.bias.upload(device, packed.bias())?;
        self.packed = packed;
        Ok(())
    }

    /// The convolution as it is on the host.
    pub fn packed(&self) -> &PackedConvF16 {
        &self.packed
    }
}

/// [`Source`] on a device.
#[derive(Debug)]
pub struct DeviceSource(DeviceBuffer<[f32; 4]>);

impl DeviceSource {
    /// Copies it to the device.
    pub fn new(device: &DeviceContext, source: &Source) -> Result<Self, DeviceError> {
        Ok(DeviceSource(DeviceBuffer::with_values(device, source.columns())?))
    }

    /// Takes another one in the same memory.
    pub fn set(&mut self, device: &DeviceContext, source: &Source) -> Result<(), DeviceError> {
        self.0.upload(device, source.columns())
    }
}

/// [`crate::shuffle::Carried`] on a device.
#[derive(Debug, Clone, Copy)]
pub struct DeviceCarried<'a> {
    /// The previous layers, moved to where the new picture has them.
    pub layers: &'a DevicePlane<[i16; 4]>,
    /// Trust in them, 255 = full; of the same size.
    pub confidence: &'a DevicePlane<u8>,
}

/// What a frame brings, on a device.
#[derive(Debug, Clone, Copy)]
pub struct DeviceInput<'a> {
    /// The picture.
    pub picture: &'a DevicePlane<[u8; 4]>,
    /// What the network may know of the previous frame, of the same size.
    pub carried: Option<DeviceCarried<'a>>,
}

/// `FromPictures` of `body.cuh`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Entries {
    frames: [Entry; MOST_FRAMES],
    width: i32,
    height: i32,
}

/// Addresses of a picture, and of what is carried or nothing.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Entry {
    picture: u64,
    layers: u64,
    confidence: u64,
}

/// `ToManyLayers` of `body.cuh`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Exits {
    frames: [Exit; MOST_FRAMES],
    width: i32,
    height: i32,
    source: u64,
}

/// Addresses of a picture and of its layers.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Exit {
    picture: u64,
    layers: u64,
}

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for Entries {}

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for Exits {}

/// Runs `conv` on the maps of the first `frames` frames in `input` into those in `output`, or on top of what they hold
/// ([`super::Finish::add`]).
///
/// # Panics
/// If the maps are not of the sizes that the convolution asks for, or are for fewer frames.
pub fn conv(
    device: &DeviceContext,
    conv: &DeviceConv,
    frames: usize,
    input: &DeviceMap,
    output: &mut DeviceMap,
) -> Result<(), DeviceError> {
    assert_eq!(output.size, conv.packed.output(input.size), "size of a convolution's output");
    assert!(frames <= input.frames.min(output.frames), "maps for {frames} frames");
    // SAFETY: both buffers were made for maps of these sizes and as many frames, and the output is borrowed alone.
    unsafe { start(device, conv, input.size, frames, input.bits.address(device), output.bits.address(device)) }
}

/// [`conv`] from and to the memory of Candle's tensors `[height, width, channels]`.
///
/// # Panics
/// If the memory is not as large as the maps are.
pub fn conv_tensor(
    device: &DeviceContext,
    conv: &DeviceConv,
    size: MapSize,
    input: &CudaSlice<f16>,
    output: &mut CudaSlice<f16>,
) -> Result<(), DeviceError> {
    assert_eq!(input.len(), size.values(), "numbers of a convolution's input");
    assert_eq!(output.len(), conv.packed.output(size).values(), "numbers of a convolution's output");
    let (input, _input_in_use) = input.device_ptr(device.stream());
    let (output, _output_in_use) = output.device_ptr_mut(device.stream());
    // SAFETY: the maps are as large as their sizes say, just checked, and the output is borrowed alone.
    unsafe { start(device, conv, size, 1, input, output) }
}

/// Unsafe: at the addresses there have to be `frames` maps of `size` and of what the convolution makes of it, the second
/// ones for nobody else to use.
unsafe fn start(
    device: &DeviceContext,
    conv: &DeviceConv,
    size: MapSize,
    frames: usize,
    input: u64,
    output: u64,
) -> Result<(), DeviceError> {
    let (kernel, stride) = conv.packed.kernel_and_stride();
    let name = match (kernel, stride, conv.packed.blocks(size, frames).outputs) {
        (3, 1, 16) => "conv_f16_3_1_16",
        (3, 1, 32) => "conv_f16_3_1_32",
        (3, 1, _) => "conv_f16_3_1_64",
        (3, _, 16) => "conv_f16_3_2_16",
        (3, _, 32) => "conv_f16_3_2_32",
        (3, _, _) => "conv_f16_3_2_64",
        (_, _, 16) => "conv_f16_1_1_16",
        (_, _, 32) => "conv_f16_1_1_32",
        _ => "conv_f16_1_1_64",
    };
    let (sizes, grid) = (conv.packed.size(size), grid(device, name, conv, size, frames)?);
    let (weights, bias) = (conv.weights.address(device), conv.bias.address(device));
    // SAFETY: the arguments are those of `CONV` in `cuda.cu`; weights and bias are packed for these sizes, maps are the
    // caller's promise.
    unsafe { launch!(device, KERNELS, name, grid, sizes, input, weights, bias, output) }
}

/// Runs the first convolution of a network, with a 3x3 kernel, from the bytes of pictures and what is carried: it sees
/// what [`crate::shuffle::unshuffle_carried_row`] gives, or [`crate::shuffle::unshuffle_row`] with zeros for luma if
/// it has [`PICTURE_CHANNELS`] inputs. Sides are completed to multiples of 4.
///
/// # Panics
/// If the planes or the maps are not of the sizes that the convolution asks for, or there are no frames or too many.
pub fn enter(
    device: &DeviceContext,
    conv: &DeviceConv,
    inputs: &[DeviceInput<'_>],
    output: &mut DeviceMap,
) -> Result<(), DeviceError> {
    let (width, height) = common_size(inputs);
    let size = conv.packed.entry_size((width, height));
    assert!(matches!(size.channels, PICTURE_CHANNELS | CARRIED_CHANNELS), "channels of an unshuffled picture");
    assert_eq!(conv.packed.kernel_and_stride(), (3, 1), "kernel and stride of a first convolution");
    assert_eq!(output.size, conv.packed.output(size), "size of a convolution's output");
    assert!(inputs.len() <= output.frames, "maps for {} frames", inputs.len());
    let mut frames = [Entry::default(); MOST_FRAMES];
    for (frame, input) in frames.iter_mut().zip(inputs) {
        frame.picture = input.picture.values().address(device);
        if let Some(carried) = input.carried.filter(|_| size.channels == CARRIED_CHANNELS) {
            frame.layers = carried.layers.values().address(device);
            frame.confidence = carried.confidence.values().address(device);
        }
    }
    let entries = Entries { frames, width: width as i32, height: height as i32 };
    let name = match conv.packed.blocks(size, inputs.len()).outputs {
        16 => "conv_f16_enter_16",
        32 => "conv_f16_enter_32",
        _ => "conv_f16_enter_64",
    };
    let grid = grid(device, name, conv, size, inputs.len())?;
    let (weights, bias) = (conv.weights.address(device), conv.bias.address(device));
    // SAFETY: the arguments are those of `ENTER` in `cuda.cu`. The planes are of one size, of which the kernel's is made,
    // or absent together; weights and bias are packed for it, and the output has a map for each frame.
    unsafe {
        launch!(
            device,
            KERNELS,
            name,
            grid,
            conv.packed.size(size),
            entries,
            weights,
            bias,
            output.bits.address(device)
        )
    }
}

/// Runs the last convolution of a network, with a 3x3 kernel, and joins what it changes, in the units of layers and the
/// order of [`CHANGE_CHANNELS`], with the pictures of `inputs`, as [`crate::shuffle::join_row`] does.
///
/// # Panics
/// If the maps or the planes are not of the sizes that the convolution asks for, or not as many.
pub fn exit(
    device: &DeviceContext,
    conv: &DeviceConv,
    map: &DeviceMap,
    inputs: &[DeviceInput<'_>],
    source: &DeviceSource,
    layers: &mut [&mut DevicePlane<[i16; 4]>],
) -> Result<(), DeviceError> {
    let (width, height) = common_size(inputs);
    let output = conv.packed.output(map.size);
    assert_eq!((output.channels, conv.packed.kernel_and_stride()), (CHANGE_CHANNELS, (3, 1)), "a last convolution");
    assert!(2 * output.width >= width && 2 * output.height >= height, "size of the change");
    assert!(inputs.len() <= map.frames, "maps for {} frames", inputs.len());
    assert_eq!(layers.len(), inputs.len(), "layers of each frame");
    let mut frames = [Exit::default(); MOST_FRAMES];
    for (frame, (input, layers)) in frames.iter_mut().zip(inputs.iter().zip(layers)) {
        assert_eq!(layers.size(), (width, height), "size of the layers");
        let (picture, layers) = (input.picture.values().address(device), layers.values().address(device));
        *frame = Exit { picture, layers };
    }
    let exits = Exits { frames, width: width as i32, height: height as i32, source: source.0.address(device) };
    let name = "conv_f16_exit";
    let grid = grid(device, name, conv, map.size, inputs.len())?;
    let (weights, bias) = (conv.weights.address(device), conv.bias.address(device));
    // SAFETY: the arguments are those of `conv_f16_exit` in `cuda.cu`. It writes inside of planes of one size that are
    // borrowed alone; there is a map of the size that it is told for each frame, weights and bias are packed for it.
    unsafe {
        launch!(device, KERNELS, name, grid, conv.packed.size(map.size), map.bits.address(device), weights, bias, exits)
    }
}

/// The size of all pictures, and of what is carried where there is some.
fn common_size(inputs: &[DeviceInput<'_>]) -> (usize, usize) {
    assert!((1..=MOST_FRAMES).contains(&inputs.len()), "{} frames of a launch", inputs.len());
    let size = inputs[0].picture.size();
    for DeviceInput { picture, carried } in inputs {
        assert_eq!(picture.size(), size, "pictures of one size");
        if let Some(carried) = carried {
            assert_eq!([carried.layers.size(), carried.confidence.size()], [size; 2], "size of what is carried");
        }
    }
    size
}

/// The blocks of a launch, for which the kernel is told how much shared memory it may have.
fn grid(
    device: &DeviceContext,
    kernel: &'static str,
    conv: &DeviceConv,
    input: MapSize,
    frames: usize,
) -> Result<Grid, DeviceError> {
    let blocks = conv.packed.blocks(input, frames);
    let shared = blocks.shared_bytes();
    if shared > SHARED_BYTES {
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let reserved = device.function(&KERNELS, kernel)?.set_attribute(attribute, shared as i32);
        reserved.map_err(|reason| DeviceError::Load { kernel, reason })?;
    }
    Ok(Grid::blocks(blocks.grid.into(), (THREADS, 1, 1), shared))
}
