//! Launches on a CUDA device.

use inkcast_kernels::conv_f16::cuda::{self, DeviceCarried, DeviceConv, DeviceInput, DeviceMap, DeviceSource};
use inkcast_kernels::conv_f16::{MapSize, PackedConvF16};
use inkcast_kernels::device::{DeviceContext, DeviceError, DevicePlane};
use inkcast_kernels::shuffle::Source;

use super::Machine;
use crate::GeneratorError;

/// A frame of one stream, in memory of its own.
#[derive(Debug)]
pub struct StreamFrame {
    picture: DevicePlane<[u8; 4]>,
    /// Layers and the trust in them, for networks that look back.
    past: Option<(DevicePlane<[i16; 4]>, DevicePlane<u8>)>,
    /// Whether there is something in `past`.
    is_carried: bool,
    layers: DevicePlane<[i16; 4]>,
}

impl StreamFrame {
    /// Memory for frames of this size.
    pub fn new(device: &DeviceContext, (width, height): (usize, usize), looks_back: bool) -> Result<Self, DeviceError> {
        let past = || Ok((DevicePlane::new(device, width, height)?, DevicePlane::new(device, width, height)?));
        Ok(StreamFrame {
            picture: DevicePlane::new(device, width, height)?,
            past: looks_back.then(past).transpose()?,
            is_carried: false,
            layers: DevicePlane::new(device, width, height)?,
        })
    }

    /// Takes over what a frame brings, within the device.
    ///
    /// # Panics
    /// If it is of another size.
    pub fn fill(&mut self, device: &DeviceContext, input: DeviceInput<'_>) -> Result<(), DeviceError> {
        self.picture.values_mut().copy_from(device, input.picture.values())?;
        self.is_carried = input.carried.is_some();
        if let (Some((layers, confidence)), Some(carried)) = (&mut self.past, input.carried) {
            layers.values_mut().copy_from(device, carried.layers.values())?;
            confidence.values_mut().copy_from(device, carried.confidence.values())?;
        }
        Ok(())
    }

    /// Gives the layers in exchange for memory of the same size.
    pub fn exchange(&mut self, layers: &mut DevicePlane<[i16; 4]>) {
        std::mem::swap(&mut self.layers, layers);
    }
}

impl Machine for DeviceContext {
    type Map = DeviceMap;
    type Conv = DeviceConv;
    type Source = DeviceSource;
    type Input<'a> = DeviceInput<'a>;
    type Layers = DevicePlane<[i16; 4]>;
    type Frame = StreamFrame;

    fn parts(frame: &mut StreamFrame) -> (DeviceInput<'_>, &mut DevicePlane<[i16; 4]>) {
        let StreamFrame { picture, past, is_carried, layers } = frame;
        let carried = past.as_ref().filter(|_| *is_carried);
        let carried = carried.map(|(layers, confidence)| DeviceCarried { layers, confidence });
        (DeviceInput { picture, carried }, layers)
    }

    fn new_map(&self, size: MapSize, frames: usize) -> Result<DeviceMap, GeneratorError> {
        Ok(DeviceMap::new(self, size, frames)?)
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

    fn enter(
        &self,
        conv: &DeviceConv,
        inputs: &[DeviceInput<'_>],
        output: &mut DeviceMap,
    ) -> Result<(), GeneratorError> {
        Ok(cuda::enter(self, conv, inputs, output)?)
    }

    fn conv(
        &self,
        conv: &DeviceConv,
        frames: usize,
        input: &DeviceMap,
        output: &mut DeviceMap,
    ) -> Result<(), GeneratorError> {
        Ok(cuda::conv(self, conv, frames, input, output)?)
    }

    fn exit(
        &self,
        conv: &DeviceConv,
        map: &DeviceMap,
        inputs: &[DeviceInput<'_>],
        source: &DeviceSource,
        layers: &mut [&mut DevicePlane<[i16; 4]>],
    ) -> Result<(), GeneratorError> {
        Ok(cuda::exit(self, conv, map, inputs, source, layers)?)
    }
}
