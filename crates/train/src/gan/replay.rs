//! Pictures that generators made a while ago.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, rngs::StdRng};

/// A buffer of generated pictures (Shrivastava et al. 2017, as Zhu et al. 2017 use it): the discriminator learns from
/// earlier pictures too, so that generators do not go round in circles.
pub struct Replay {
    capacity: usize,
    /// `[channels, height, width]`.
    shape: [usize; 3],
    pictures: Vec<Vec<f32>>,
}

impl Replay {
    /// An empty buffer for pictures of this shape.
    pub fn new(capacity: usize, shape: [usize; 3]) -> Self {
        Replay { capacity, shape, pictures: Vec::new() }
    }

    /// Gives a batch `[N, C, H, W]` for the discriminator in exchange for new pictures of the same shape.
    ///
    /// Until the buffer is full, a new picture is kept and handed out. Then, in half of the cases, drawn for each
    /// picture, it takes the place of a random old one, which is handed out; in the other half it is handed out itself.
    pub fn exchange(&mut self, new: &Tensor, rng: &mut StdRng) -> Result<Tensor> {
        ensure!(new.dims()[1..] == self.shape, "the buffer has pictures {:?}, not {:?}", self.shape, new.dims());
        let mut values = new.flatten_all()?.to_vec1::<f32>()?;
        for picture in values.chunks_exact_mut(self.shape.iter().product()) {
            if self.pictures.len() < self.capacity {
                self.pictures.push(picture.to_vec());
            } else if self.capacity > 0 && rng.random_bool(0.5) {
                let old = rng.random_range(0..self.capacity);
                self.pictures[old].swap_with_slice(picture);
            }
        }
        Ok(Tensor::from_vec(values, new.shape(), &Device::Cpu)?)
    }

    /// Pictures `[capacity, C, H, W]`, zeros where there are none yet, and how many there are.
    pub fn state(&self, prefix: &str) -> Result<HashMap<String, Tensor>> {
        let [channels, height, width] = self.shape;
        let mut values = self.pictures.concat();
        values.resize(self.capacity * channels * height * width, 0.0);
        let pictures = Tensor::from_vec(values, (self.capacity, channels, height, width), &Device::Cpu)?;
        let count = Tensor::new(&[self.pictures.len() as i64], &Device::Cpu)?;
        Ok(HashMap::from([(format!("{prefix}.pictures"), pictures), (format!("{prefix}.count"), count)]))
    }

    /// A buffer of the same size with what [`Replay::state`] gave; names and shapes have been checked.
    pub fn restored(&self, prefix: &str, state: &HashMap<String, Tensor>) -> Result<Self> {
        let count = state[&format!("{prefix}.count")].to_vec1::<i64>()?[0];
        let is_possible = usize::try_from(count).is_ok_and(|count| count <= self.capacity);
        ensure!(is_possible, "tensor {prefix}.count is {count}, it must lie in 0..{}", self.capacity);
        let values = state[&format!("{prefix}.pictures")].flatten_all()?.to_vec1::<f32>()?;
        let pictures = values.chunks_exact(self.shape.iter().product()).take(count as usize).map(<[f32]>::to_vec);
        Ok(Replay { pictures: pictures.collect(), ..Replay::new(self.capacity, self.shape) })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// One-pixel pictures of these values.
    fn batch(values: &[f32]) -> Tensor {
        Tensor::from_slice(values, (values.len(), 1, 1, 1), &Device::Cpu).unwrap()
    }

    fn values(batch: &Tensor) -> Vec<f32> {
        batch.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn it_fills_first_and_then_swaps_half_of_the_pictures() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut replay = Replay::new(50, [1, 1, 1]);
        let first: Vec<f32> = (0..50).map(|value| value as f32).collect();
        assert_eq!(values(&replay.exchange(&batch(&first), &mut rng).unwrap()), first);
        let (mut kept, mut known) = (0, first);
        for value in 50..1050 {
            let value = value as f32;
            let given = values(&replay.exchange(&batch(&[value]), &mut rng).unwrap())[0];
            if given == value {
                kept += 1;
            } else {
                // It was in the buffer, is there no longer, and the new one took its place.
                let place = known.iter().position(|&old| old == given).unwrap();
                known[place] = value;
            }
        }
        // A fair coin thrown a thousand times stays within five standard deviations of 16.
        assert!((421..=579).contains(&kept), "{kept}");
        assert_eq!(replay.pictures.concat(), known);
    }

    #[test]
    fn a_restored_buffer_goes_on_with_the_same_pictures() {
        let mut rng = StdRng::seed_from_u64(2);
        let mut replay = Replay::new(3, [1, 1, 1]);
        replay.exchange(&batch(&[1.0, 2.0]), &mut rng).unwrap();
        let state = replay.state("old").unwrap();
        let mut again = Replay::new(3, [1, 1, 1]).restored("old", &state).unwrap();
        assert_eq!(again.pictures, [[1.0], [2.0]]);
        let (mut one, mut two) = (StdRng::seed_from_u64(3), StdRng::seed_from_u64(3));
        for value in 3..40 {
            let new = batch(&[value as f32]);
            let (a, b) = (replay.exchange(&new, &mut one).unwrap(), again.exchange(&new, &mut two).unwrap());
            assert_eq!(values(&a), values(&b));
        }
        let wrong = HashMap::from([
            ("old.pictures".to_string(), batch(&[0.0, 0.0, 0.0])),
            ("old.count".to_string(), Tensor::new(&[4i64], &Device::Cpu).unwrap()),
        ]);
        let error = replay.restored("old", &wrong).err().unwrap().to_string();
        assert!(error.contains("old.count is 4"), "{error}");
    }
}
