//! The kernels of `cuda.cu`, on a device.

use candle_core::cuda_backend::cudarc::driver::sys::CUfunction_attribute;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut, DeviceRepr};
use half::f16;

use super::{ConvSize, MapSize, PackedConvF16, THREADS};
use crate::device::{
    DeviceBuffer, DeviceContext, DeviceError, DevicePlane, Grid, Module, PlaneArgument, launch, module,
};
use crate::shuffle::{CARRIED_CHANNELS, CHANGE_CHANNELS, PICTURE_CHANNELS, Source};

const KERNELS: Module = module!("conv_f16");

/// Shared memory that a device gives a block of threads without being told before.
const SHARED_BYTES: u32 = 48 << 10;

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for ConvSize {}

/// A map on a device.
#[derive(Debug)]
pub struct DeviceMap {
    size: MapSize,
    bits: DeviceBuffer<u16>,
}

impl DeviceMap {
    /// A map of zeros.
    pub fn new(device: &DeviceContext, size: MapSize) -> Result<Self, DeviceError> {
        Ok(DeviceMap { size, bits: DeviceBuffer::new(device, size.values())? })
    }

    /// Its size.
    pub fn size(&self) -> MapSize {
        self.size
    }

    /// Its numbers, as bits of f16.
    pub fn bits(&self) -> &DeviceBuffer<u16> {
        &self.bits
    }

    /// Its numbers, as bits of f16.
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
    /// A number that an earlier kernel leaves: where it is 0, there is no previous frame, whatever the planes hold.
    pub history: Option<&'a DeviceBuffer<u32>>,
}

/// Runs `conv` on `input` into `output`, or on top of what it holds ([`super::Finish::add`]).
///
/// # Panics
/// If the maps are not of the sizes that the convolution asks for.
pub fn conv(
    device: &DeviceContext,
    conv: &DeviceConv,
    input: &DeviceMap,
    output: &mut DeviceMap,
) -> Result<(), DeviceError> {
    assert_eq!(output.size, conv.packed.output(input.size), "size of a convolution's output");
    // SAFETY: both maps have the sizes that their buffers were made for, and the output is borrowed alone.
    unsafe { start(device, conv, input.size, input.bits.address(device), output.bits.address(device)) }
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
    unsafe { start(device, conv, size, input, output) }
}

/// Unsafe: at the addresses there have to be maps of `size` and of what the convolution makes of it, the second one for
/// nobody else to use.
unsafe fn start(
    device: &DeviceContext,
    conv: &DeviceConv,
    size: MapSize,
    input: u64,
    output: u64,
) -> Result<(), DeviceError> {
    let (kernel, stride) = conv.packed.kernel_and_stride();
    let name = match (kernel, stride, conv.packed.blocks(size).outputs) {
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
    let (sizes, grid) = (conv.packed.size(size), grid(device, name, conv, size)?);
    let (weights, bias) = (conv.weights.address(device), conv.bias.address(device));
    // SAFETY: the arguments are those of `CONV` in `cuda.cu`; weights and bias are packed for these sizes, maps are the
    // caller's promise.
    unsafe { launch!(device, KERNELS, name, grid, sizes, input, weights, bias, output) }
}

/// Runs the first convolution of a network, with a 3x3 kernel, from the bytes of a picture and what is carried: it sees
/// what [`crate::shuffle::unshuffle_carried_row`] gives, or [`crate::shuffle::unshuffle_row`] with zeros for luma if
/// it has [`PICTURE_CHANNELS`] inputs. Sides are completed to multiples of 4.
///
/// # Panics
/// If the planes or the map are not of the sizes that the convolution asks for.
pub fn enter(
    device: &DeviceContext,
    conv: &DeviceConv,
    picture: &DevicePlane<[u8; 4]>,
    carried: Option<DeviceCarried<'_>>,
    output: &mut DeviceMap,
) -> Result<(), DeviceError> {
    let size = conv.packed.entry_size(picture.size());
    assert!(matches!(size.channels, PICTURE_CHANNELS | CARRIED_CHANNELS), "channels of an unshuffled picture");
    assert_eq!(conv.packed.kernel_and_stride(), (3, 1), "kernel and stride of a first convolution");
    assert_eq!(output.size, conv.packed.output(size), "size of a convolution's output");
    let carried = carried.filter(|_| size.channels == CARRIED_CHANNELS);
    if let Some(carried) = &carried {
        assert_eq!([carried.layers.size(), carried.confidence.size()], [picture.size(); 2], "size of what is carried");
        assert!(carried.history.is_none_or(|history| !history.is_empty()), "a number that tells of the previous frame");
    }
    let name = match conv.packed.blocks(size).outputs {
        16 => "conv_f16_enter_16",
        32 => "conv_f16_enter_32",
        _ => "conv_f16_enter_64",
    };
    let history = carried.and_then(|carried| carried.history);
    // SAFETY: the arguments are those of `ENTER` in `cuda.cu`. The planes are of one size, of which the kernel's is made,
    // or absent together; weights and bias are packed for it.
    unsafe {
        launch!(
            device,
            KERNELS,
            name,
            grid(device, name, conv, size)?,
            conv.packed.size(size),
            picture.argument(device),
            carried.map_or(PlaneArgument::NONE, |carried| carried.layers.argument(device)),
            carried.map_or(PlaneArgument::NONE, |carried| carried.confidence.argument(device)),
            history.map_or(0, |history| history.address(device)),
            conv.weights.address(device),
            conv.bias.address(device),
            output.bits.address(device),
        )
    }
}

/// Runs the last convolution of a network, with a 3x3 kernel, and joins what it changes, in the units of layers and the
/// order of [`CHANGE_CHANNELS`], with the source, as [`crate::shuffle::join_row`] does.
///
/// # Panics
/// If the map or the planes are not of the sizes that the convolution asks for.
pub fn exit(
    device: &DeviceContext,
    conv: &DeviceConv,
    input: &DeviceMap,
    picture: &DevicePlane<[u8; 4]>,
    source: &DeviceSource,
    layers: &mut DevicePlane<[i16; 4]>,
) -> Result<(), DeviceError> {
    let output = conv.packed.output(input.size);
    assert_eq!((output.channels, conv.packed.kernel_and_stride()), (CHANGE_CHANNELS, (3, 1)), "a last convolution");
    assert_eq!(layers.size(), picture.size(), "size of the layers");
    assert!(2 * output.width >= picture.width() && 2 * output.height >= picture.height(), "size of the change");
    // SAFETY: the arguments are those of `conv_f16_exit` in `cuda.cu`. It writes inside of planes of one size; the map has
    // the size that it is told, weights and bias are packed for it.
    unsafe {
        launch!(
            device,
            KERNELS,
            "conv_f16_exit",
            grid(device, "conv_f16_exit", conv, input.size)?,
            conv.packed.size(input.size),
            input.bits.address(device),
            conv.weights.address(device),
            conv.bias.address(device),
            picture.argument(device),
            source.0.address(device),
            layers.argument(device),
        )
    }
}

/// The blocks of a launch, for which the kernel is told how much shared memory it may have.
fn grid(device: &DeviceContext, kernel: &'static str, conv: &DeviceConv, input: MapSize) -> Result<Grid, DeviceError> {
    let blocks = conv.packed.blocks(input);
    let shared = blocks.shared_bytes();
    if shared > SHARED_BYTES {
        let attribute = CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let reserved = device.function(&KERNELS, kernel)?.set_attribute(attribute, shared as i32);
        reserved.map_err(|reason| DeviceError::Load { kernel, reason })?;
    }
    Ok(Grid::blocks(blocks.grid.into(), (THREADS, 1, 1), shared))
}
