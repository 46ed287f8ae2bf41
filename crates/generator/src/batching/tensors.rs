use std::sync::Arc;
use std::time::Duration;

use candle_core::{Device, Result, Tensor};

use super::MOST;
use super::queue::{Member, Queue};
use super::registry::{Key, Registry};
use crate::{CandleOps, Folded, GeneratorError};

/// What the network is given for one frame: [`Folded::forward`]'s `rgb` and `carried` with one picture each.
#[derive(Debug)]
struct Inputs {
    rgb: Tensor,
    carried: Option<Tensor>,
}

/// The layers, or why there are none; candle's errors cannot be given to several.
type Answer = std::result::Result<Tensor, String>;

type Frames = Queue<Inputs, Answer>;

/// A stream's share in the network of one style on one device.
#[derive(Debug)]
pub struct SharedNetwork {
    member: Member<Inputs, Answer>,
    /// Kept, so that others find it.
    _queue: Arc<Frames>,
}

/// The networks that streams have now.
static SHARED: Registry<Frames> = Registry::new();

impl SharedNetwork {
    /// Joins the streams that have the same weights on `device` and the same window, or is the first of them.
    ///
    /// A frame waits for `window` at most for those of other streams. Streams on a CUDA device have to share it as Candle
    /// knows it, not only its index.
    pub fn join(folded: &Folded, device: &Device, window: Duration) -> std::result::Result<Self, GeneratorError> {
        let queue = SHARED.share(Key::new(folded, device, window)?, || {
            let folded = folded.to_device(device)?;
            let queue = Queue::start(window, MOST, move |frames| forward(&folded, &frames));
            Ok(queue.map_err(candle_core::Error::from)?)
        })?;
        Ok(SharedNetwork { member: queue.join(), _queue: queue })
    }

    /// [`Folded::forward`] for one picture, together with those that other streams hand in.
    pub fn forward(&self, rgb: Tensor, carried: Option<Tensor>) -> Result<Tensor> {
        match self.member.run(Inputs { rgb, carried }) {
            Ok(Ok(layers)) => Ok(layers),
            Ok(Err(reason)) => candle_core::bail!("{reason}"),
            Err(ended) => candle_core::bail!("{ended}"),
        }
    }
}

/// The layers of frames, those of one size and kind as one batch.
fn forward(folded: &Folded, frames: &[Inputs]) -> Vec<Answer> {
    let kind = |frame: &Inputs| (frame.rgb.dims().to_vec(), frame.carried.is_some());
    let mut answers: Vec<Option<Answer>> = frames.iter().map(|_| None).collect();
    while let Some(first) = answers.iter().position(Option::is_none) {
        let together: Vec<usize> =
            (first..frames.len()).filter(|&at| kind(&frames[at]) == kind(&frames[first])).collect();
        let layers = forward_batch(folded, &together.iter().map(|&at| &frames[at]).collect::<Vec<_>>());
        for (place, &at) in together.iter().enumerate() {
            let own = layers.as_ref().map_err(ToString::to_string);
            // A copy, so that a result begins where its memory does.
            let own = own.and_then(|layers| {
                layers.narrow(0, place, 1).and_then(|own| own.force_contiguous()).map_err(|error| error.to_string())
            });
            answers[at] = Some(own);
        }
    }
    answers.into_iter().flatten().collect()
}

fn forward_batch(folded: &Folded, frames: &[&Inputs]) -> Result<Tensor> {
    let stack = |tensors: Vec<&Tensor>| match tensors[..] {
        [one] => Ok(one.clone()),
        _ => Tensor::cat(&tensors, 0),
    };
    let rgb = stack(frames.iter().map(|frame| &frame.rgb).collect())?;
    let carried: Vec<&Tensor> = frames.iter().filter_map(|frame| frame.carried.as_ref()).collect();
    let carried = if carried.is_empty() { None } else { Some(stack(carried)?) };
    folded.forward(&CandleOps, &rgb, carried.as_ref())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::Package;

    const LONG: Duration = Duration::from_secs(20);

    /// A picture and what is carried to it, of `width` x 16 pixels, different for each seed.
    fn inputs(width: usize, seed: usize) -> (Tensor, Tensor) {
        let values = |planes: usize| {
            let values: Vec<f32> =
                (0..planes * 16 * width).map(|i| ((i + 7) * (seed + 3) % 101) as f32 / 100.0).collect();
            Tensor::from_vec(values, (1, planes, 16, width), &Device::Cpu).unwrap()
        };
        (values(3), values(5))
    }

    fn values(layers: &Tensor) -> Vec<f32> {
        layers.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn every_stream_gets_the_layers_of_its_own_picture_and_past() {
        let folded = Package::embedded().unwrap().fold("ink").unwrap();
        let window = LONG + Duration::from_millis(1);
        let begin = Barrier::new(3);
        thread::scope(|scope| {
            // Two sizes in one batch.
            for (stream, width) in [(0, 16), (1, 16), (2, 32)] {
                let (folded, begin) = (&folded, &begin);
                scope.spawn(move || {
                    let shared = SharedNetwork::join(folded, &Device::Cpu, window).unwrap();
                    for frame in 0..3 {
                        begin.wait();
                        let (rgb, carried) = inputs(width, 10 * stream + frame);
                        let alone = folded.forward(&CandleOps, &rgb, Some(&carried)).unwrap();
                        let together = shared.forward(rgb, Some(carried)).unwrap();
                        for (together, alone) in values(&together).iter().zip(values(&alone)) {
                            assert!((together - alone).abs() < 1e-5, "{together} {alone}");
                        }
                    }
                    // Nobody waits for one who is through.
                    begin.wait();
                });
            }
        });
    }

    #[test]
    fn streams_share_what_is_the_same_and_nothing_else() {
        let package = Package::embedded().unwrap();
        let (ink, noir) = (package.fold("ink").unwrap(), package.fold("noir").unwrap());
        let join =
            |folded: &Folded, window| SharedNetwork::join(folded, &Device::Cpu, Duration::from_millis(window)).unwrap();
        let first = join(&ink, 3);
        assert!(Arc::ptr_eq(&first._queue, &join(&package.fold("ink").unwrap(), 3)._queue));
        for other in [join(&noir, 3), join(&ink, 4)] {
            assert!(!Arc::ptr_eq(&first._queue, &other._queue));
        }
        let gone = Arc::downgrade(&first._queue);
        drop(first);
        assert!(gone.upgrade().is_none(), "the last stream takes the network with it");
    }

    #[test]
    fn a_picture_of_an_impossible_size_fails_alone() {
        let folded = Package::embedded().unwrap().fold("ink").unwrap();
        let (rgb, carried) = inputs(16, 1);
        let odd = Tensor::zeros((1, 3, 16, 15), candle_core::DType::F32, &Device::Cpu).unwrap();
        let frames = [Inputs { rgb: odd, carried: None }, Inputs { rgb, carried: Some(carried) }];
        let answers = forward(&folded, &frames);
        assert!(answers[0].as_ref().unwrap_err().contains("multiples of 4"), "{answers:?}");
        assert_eq!(answers[1].as_ref().unwrap().dims(), [1, 4, 16, 16]);
    }
}
