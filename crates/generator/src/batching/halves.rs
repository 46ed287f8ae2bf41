use std::sync::Arc;
use std::time::Duration;

use super::MOST;
use super::queue::{Member, Queue};
use crate::half_network::Machine;
use crate::{GeneratorError, HalfNetwork};

/// A frame with its layers, or why it has none.
type Answer<F> = (F, Result<(), String>);

/// [`HalfNetwork`] for streams whose pictures have one size.
pub struct HalfBatch<M: Machine>(Queue<M::Frame, Answer<M::Frame>>);

/// A stream's share in a [`HalfBatch`].
pub struct HalfStream<M: Machine> {
    member: Member<M::Frame, Answer<M::Frame>>,
    /// Kept, so that others find it.
    _batch: Arc<HalfBatch<M>>,
}

impl<M: Machine> HalfBatch<M> {
    /// Runs frames whose pictures have the size `picture`, up to eight at once. A frame waits for `window` at most for
    /// those of other streams.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(mut network: HalfNetwork<M>, picture: (usize, usize), window: Duration) -> Result<Self, GeneratorError>
    where
        HalfNetwork<M>: Send + 'static,
    {
        let work = move |mut frames: Vec<M::Frame>| {
            let done = run(&mut network, picture, &mut frames).map_err(|error| error.to_string());
            frames.into_iter().map(|frame| (frame, done.clone())).collect()
        };
        Ok(HalfBatch(Queue::start(window, MOST, work).map_err(candle_core::Error::from)?))
    }

    /// One more stream.
    pub fn join(self: &Arc<Self>) -> HalfStream<M> {
        HalfStream { member: self.0.join(), _batch: self.clone() }
    }
}

impl<M: Machine> HalfStream<M> {
    /// Draws the layers of a frame, together with those that other streams hand in, and gives it back. What it brings is
    /// to be there in the order of the machine, and so are the layers.
    ///
    /// # Errors
    /// If the machine fails, for all frames of the batch.
    pub fn run(&self, frame: M::Frame) -> Result<M::Frame, GeneratorError> {
        match self.member.run(frame) {
            Ok((frame, Ok(()))) => Ok(frame),
            Ok((_, Err(reason))) => Err(GeneratorError::Shared(reason)),
            Err(ended) => Err(GeneratorError::Shared(ended.to_string())),
        }
    }
}

fn run<M: Machine>(
    network: &mut HalfNetwork<M>,
    picture: (usize, usize),
    frames: &mut [M::Frame],
) -> Result<(), GeneratorError> {
    network.fit(picture, frames.len())?;
    let (inputs, mut layers): (Vec<_>, Vec<_>) = frames.iter_mut().map(M::parts).unzip();
    network.run(&inputs, &mut layers)
}
