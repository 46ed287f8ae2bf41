//! Launches on a CUDA device.

use inkcast_kernels::conv_f16::cuda::{self, DeviceCarried, DeviceConv, DeviceMap, DeviceSource};
use inkcast_kernels::conv_f16::{MapSize, PackedConvF16};
use inkcast_kernels::device::{DeviceContext, DevicePlane};
use inkcast_kernels::shuffle::Source;

use super::Machine;
use crate::GeneratorError;

/// A picture and what is carried from the previous frame, on a device.
#[derive(Debug, Clone, Copy)]
pub struct DeviceInput<'a> {
    /// The picture.
    pub picture: &'a DevicePlane<[u8; 4]>,
    /// What the network may know of the previous frame.
    pub carried: Option<DeviceCarried<'a>>,
}

impl Machine for DeviceContext {
    type Map = DeviceMap;
    type Conv = DeviceConv;
    type Source = DeviceSource;
    type Input<'a> = DeviceInput<'a>;
    type Layers = DevicePlane<[i16; 4]>;

    fn new_map(&self, size: MapSize) -> Result<DeviceMap, GeneratorError> {
        Ok(DeviceMap::new(self, size)?)
    }

    fn new_conv(&self, packed: PackedConvF16) -> Result<DeviceConv, GeneratorError> {
        Ok(DeviceConv::new(self, packed)?)
    }

    fn set_conv(&self, conv: &mut DeviceConv, packed: PackedConvF16) -> Result<(), GeneratorError> {
        Ok(conv.set(self, packed)?)
    }

    fn new_source(&self, source: &Source) -> Result<DeviceSource, GeneratorError> {
        Ok(DeviceSource::new(self, source)?)
    }

    fn set_source(&self, place: &mut DeviceSource, source: &Source) -> Result<(), GeneratorError> {
        Ok(place.set(self, source)?)
    }

    fn enter(&self, conv: &DeviceConv, input: DeviceInput<'_>, output: &mut DeviceMap) -> Result<(), GeneratorError> {
        Ok(cuda::enter(self, conv, input.picture, input.carried, output)?)
    }

    fn conv(&self, conv: &DeviceConv, input: &DeviceMap, output: &mut DeviceMap) -> Result<(), GeneratorError> {
        Ok(cuda::conv(self, conv, input, output)?)
    }

    fn exit(
        &self,
        conv: &DeviceConv,
        map: &DeviceMap,
        input: DeviceInput<'_>,
        source: &DeviceSource,
        layers: &mut DevicePlane<[i16; 4]>,
    ) -> Result<(), GeneratorError> {
        Ok(cuda::exit(self, conv, map, input.picture, source, layers)?)
    }
}
