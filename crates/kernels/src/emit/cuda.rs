//! The variant on a CUDA device: prints a page and writes it out in one go.

use super::numbers;
use crate::device::{
    DeviceBuffer, DeviceContext, DeviceError, DeviceFrame, DevicePlane, FrameArgument, Grid, Module, launch, module,
};
use crate::print::cuda::{DevicePress, PageHow};

const KERNELS: Module = module!("emit");

/// [`super::emit`] of a [`FinishedPage`](crate::print::FinishedPage) on a device: `layers` through `press`, mixed with
/// `source` as `how`, one value, says. `frame` is as wide as the picture, or twice as wide for a page that shows both.
///
/// `alpha` lends its alpha where it has the frame's size and both have alpha.
pub fn emit(
    device: &DeviceContext,
    press: &DevicePress,
    how: &DeviceBuffer<PageHow>,
    source: &DevicePlane<[u8; 4]>,
    layers: &DevicePlane<[i16; 4]>,
    alpha: Option<&DeviceFrame>,
    frame: &mut DeviceFrame,
) -> Result<(), DeviceError> {
    let info = *frame.info();
    let (width, height) = source.size();
    assert_eq!((layers.size(), press.size(), how.len()), ((width, height), (width, height), 1), "sizes of a page");
    assert!(info.height == height && (info.width == width || info.width == 2 * width), "size of the frame");
    let bytes = frame.argument(device);
    let (columns, rows) = (press.columns.argument(device), press.rows.argument(device));
    let (how, source, layers) = (how.address(device), source.argument(device), layers.argument(device));
    // SAFETY: the arguments are those of the kernels in `cuda.cu`; planes are of one size, tables were made for it, and the
    // frame has this format. A page reads inside of its planes at every column, whatever `how` says.
    unsafe {
        match numbers::packed(&info, alpha.map(DeviceFrame::info)) {
            Some(to) => {
                let alpha = alpha.map_or(FrameArgument::NONE, |alpha| alpha.argument(device));
                let grid = Grid::pixels(info.width, info.height);
                launch!(
                    device,
                    KERNELS,
                    "emit_packed",
                    grid,
                    press.numbers,
                    columns,
                    rows,
                    how,
                    source,
                    layers,
                    alpha,
                    to,
                    bytes,
                )
            }
            None => {
                let grid = Grid::pixels(info.width.div_ceil(2), info.height.div_ceil(2));
                let to = numbers::planar(&info);
                launch!(
                    device,
                    KERNELS,
                    "emit_planar",
                    grid,
                    press.numbers,
                    columns,
                    rows,
                    how,
                    source,
                    layers,
                    to,
                    bytes,
                )
            }
        }
    }
}
