use std::time::Duration;

use inkcast_kernels::conv_f16::cuda::DeviceInput;
use inkcast_kernels::device::{DeviceContext, DevicePlane};

use crate::batching::{HalfBatch, HalfStream, Key, Registry};
use crate::half_network::cuda::StreamFrame;
use crate::{Folded, GeneratorError, HalfNetwork};

/// The batches that streams have now.
static SHARED: Registry<HalfBatch<DeviceContext>> = Registry::new();

/// The network by Inkcast's own kernels, together with others that have pictures of the same size. What a frame brings is
/// copied, as it goes to another thread.
pub(super) struct SharedHalves {
    device: DeviceContext,
    folded: Folded,
    window: Duration,
    joined: Option<Joined>,
}

/// A stream with pictures of one size, and its frame there.
struct Joined {
    picture: (usize, usize),
    stream: HalfStream<DeviceContext>,
    frame: StreamFrame,
}

impl SharedHalves {
    pub fn new(device: DeviceContext, folded: &Folded, window: Duration) -> Self {
        SharedHalves { device, folded: folded.clone(), window, joined: None }
    }

    pub fn set_style(&mut self, folded: &Folded) {
        (self.folded, self.joined) = (folded.clone(), None);
    }

    pub fn run(&mut self, input: DeviceInput<'_>, layers: &mut DevicePlane<[i16; 4]>) -> Result<(), GeneratorError> {
        let picture = input.picture.size();
        // After an error it joins anew.
        let mut joined = match self.joined.take().filter(|joined| joined.picture == picture) {
            Some(joined) => joined,
            None => self.join(picture)?,
        };
        joined.frame.fill(&self.device, input)?;
        joined.frame = joined.stream.run(joined.frame)?;
        joined.frame.exchange(layers);
        self.joined = Some(joined);
        Ok(())
    }

    fn join(&self, picture: (usize, usize)) -> Result<Joined, GeneratorError> {
        let SharedHalves { device, folded, window, .. } = self;
        let key = Key::new(folded, device.candle(), *window)?.of_size(picture);
        let start = || HalfBatch::start(HalfNetwork::new(device.clone(), folded)?, picture, *window);
        let stream = SHARED.share(key, start)?.join();
        let frame = StreamFrame::new(device, picture, folded.architecture().carried_input)?;
        Ok(Joined { picture, stream, frame })
    }
}
