use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{values, with_values};

/// How a warp weighs the pixels around a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// The two nearest in each direction, by distance.
    Bilinear,
    /// The four nearest, by cubic convolution (Keys 1981) with the parameter that the player warps with.
    Cubic,
}

/// Keys' parameter; equal to that of the player's warp.
const SHARPNESS: f32 = -0.65;
/// Pixels in each direction that a place reads.
const TAPS: usize = 4;

/// `picture` `[N, C, H, W]` read at `places` `[N, 2, H', W']`: x and y in pixels, counted from the centre of the first
/// one. Beyond the border the outermost pixels count. Differentiable in both.
pub fn warp(picture: &Tensor, places: &Tensor, kernel: Kernel) -> Result<Tensor> {
    let ((batch, _, height, width), (places_batch, two, ..)) = (picture.dims4()?, places.dims4()?);
    if batch != places_batch || two != 2 || height * width == 0 {
        candle_core::bail!("places {:?} do not suit a picture {:?}", places.dims(), picture.dims());
    }
    if !picture.device().is_cpu() {
        return by_gathering(picture, places, kernel);
    }
    picture.contiguous()?.apply_op2(&places.contiguous()?, Warp(kernel))
}

/// The same for other devices: each tap gathers the pixels that lie there.
fn by_gathering(picture: &Tensor, places: &Tensor, kernel: Kernel) -> Result<Tensor> {
    let ((batch, channels, height, width), (_, _, rows, columns)) = (picture.dims4()?, places.dims4()?);
    let pixels = picture.flatten_from(2)?.contiguous()?;
    let (xs, across) = taps_along(&places.narrow(1, 0, 1)?, width, kernel)?;
    let (ys, down) = taps_along(&places.narrow(1, 1, 1)?, height, kernel)?;
    let mut sum: Option<Tensor> = None;
    for (y, down) in ys.iter().zip(&down) {
        let start = (y * width as f64)?;
        for (x, across) in xs.iter().zip(&across) {
            let index = (&start + x)?.to_dtype(DType::U32)?.reshape((batch, 1, rows * columns))?;
            let index = index.broadcast_as((batch, channels, rows * columns))?.contiguous()?;
            let there = pixels.gather(&index, 2)?.reshape((batch, channels, rows, columns))?;
            let part = there.broadcast_mul(&(down * across)?)?;
            sum = Some(match sum {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
    }
    Ok(sum.expect("a kernel has taps"))
}

/// For places `[N, 1, H, W]` along an axis of `length`: the indices of the pixels that count there, as floats, and how
/// much each counts, which depends on the places.
fn taps_along(places: &Tensor, length: usize, kernel: Kernel) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    // What is not a number, alone unequal to itself, becomes zero as in [`taps`].
    let place = places.eq(places)?.where_cond(places, &places.zeros_like()?)?;
    let place = place.clamp(-2.0, length as f64 + 1.0)?;
    let first = place.detach().floor()?;
    let t = (&place - &first)?;
    let offsets = match kernel {
        Kernel::Bilinear => 0..=1,
        Kernel::Cubic => -1..=2,
    };
    let index = |offset: i32| first.affine(1.0, f64::from(offset))?.clamp(0.0, length as f64 - 1.0);
    let indices = offsets.map(index).collect::<Result<_>>()?;
    let weights = match kernel {
        Kernel::Bilinear => vec![t.affine(-1.0, 1.0)?, t],
        Kernel::Cubic => {
            let a = f64::from(SHARPNESS);
            let back = t.affine(-1.0, 1.0)?;
            let near = |d: &Tensor| ((d.affine(a + 2.0, -(a + 3.0))? * d)? * d)?.affine(1.0, 1.0);
            // a d (d - 1)^2 for a distance of 1 + d.
            let far = |d: &Tensor| (d * a)? * d.affine(1.0, -1.0)?.sqr()?;
            vec![far(&t)?, near(&t)?, near(&back)?, far(&back)?]
        }
    };
    Ok((indices, weights))
}

impl Kernel {
    /// Weights of the pixels at -1, 0, 1 and 2 for a place `t` of 0..1 behind pixel 0.
    fn weights(self, t: f32) -> [f32; TAPS] {
        match self {
            Kernel::Bilinear => [0.0, 1.0 - t, t, 0.0],
            Kernel::Cubic => {
                let a = SHARPNESS;
                let near = |d: f32| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
                let far = |d: f32| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
                [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
            }
        }
    }

    /// The pixels that a place reads in a row of `length`, and their weights.
    pub(crate) fn taps(self, place: f32, length: usize) -> ([usize; TAPS], [f32; TAPS]) {
        let (indices, t) = taps(place, length);
        (indices, self.weights(t))
    }

    /// Their derivatives by `t`.
    fn slopes(self, t: f32) -> [f32; TAPS] {
        match self {
            Kernel::Bilinear => [0.0, -1.0, 1.0, 0.0],
            Kernel::Cubic => {
                let a = SHARPNESS;
                let near = |d: f32| (3.0 * (a + 2.0) * d - 2.0 * (a + 3.0)) * d;
                let far = |d: f32| (3.0 * a * d - 10.0 * a) * d + 8.0 * a;
                [far(1.0 + t), near(t), -near(1.0 - t), -far(2.0 - t)]
            }
        }
    }
}

/// The pixels that a place reads in one direction, and how far behind the second of them it lies.
fn taps(place: f32, length: usize) -> ([usize; TAPS], f32) {
    // A place that is not finite, or far away, reads the border as any other beyond it.
    let last = length as f32 + 1.0;
    let place = if place.is_finite() { place.clamp(-2.0, last) } else { 0.0 };
    let first = place.floor();
    let index = |offset: i32| (first as i32 + offset).clamp(0, length as i32 - 1) as usize;
    ([index(-1), index(0), index(1), index(2)], place - first)
}

struct Warp(Kernel);

impl CustomOp2 for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = l1.shape().dims4()?;
        let (_, _, rows, columns) = l2.shape().dims4()?;
        let (pixels, count) = (height * width, rows * columns);
        let (picture, places) = (values(s1, l1)?, values(s2, l2)?);
        let mut warped = vec![0.0; batch * channels * count];
        let pairs = picture.par_chunks(channels * pixels).zip(places.par_chunks(2 * count));
        warped.par_chunks_mut(channels * count).zip(pairs).for_each(|(warped, (picture, places))| {
            for index in 0..count {
                let (xs, tx) = taps(places[index], width);
                let (ys, ty) = taps(places[count + index], height);
                let (across, down) = (self.0.weights(tx), self.0.weights(ty));
                for (plane, warped) in picture.chunks_exact(pixels).zip(warped.chunks_exact_mut(count)) {
                    warped[index] = sum(plane, width, xs, ys, across, down);
                }
            }
        });
        Ok((CpuStorage::F32(warped), (batch, channels, rows, columns).into()))
    }

    fn bwd(
        &self,
        picture: &Tensor,
        places: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batch, channels, height, width) = picture.dims4()?;
        let (_, _, rows, columns) = places.dims4()?;
        let (pixels, count) = (height * width, rows * columns);
        let mut to_picture = vec![0.0; batch * channels * pixels];
        let mut to_places = vec![0.0; batch * 2 * count];
        with_values(picture, |picture| {
            with_values(places, |places| {
                with_values(&grad.contiguous()?, |grad| {
                    let inputs = picture.par_chunks(channels * pixels).zip(places.par_chunks(2 * count));
                    let inputs = inputs.zip(grad.par_chunks(channels * count));
                    let outputs = to_picture.par_chunks_mut(channels * pixels).zip(to_places.par_chunks_mut(2 * count));
                    outputs.zip(inputs).for_each(|((to_picture, to_places), ((picture, places), grad))| {
                        for index in 0..count {
                            let (xs, tx) = taps(places[index], width);
                            let (ys, ty) = taps(places[count + index], height);
                            let (across, down) = (self.0.weights(tx), self.0.weights(ty));
                            let (steeper_x, steeper_y) = (self.0.slopes(tx), self.0.slopes(ty));
                            let planes = picture.chunks_exact(pixels).zip(to_picture.chunks_exact_mut(pixels));
                            for ((plane, to_plane), grad) in planes.zip(grad.chunks_exact(count)) {
                                let grad = grad[index];
                                for (&y, down) in ys.iter().zip(down) {
                                    for (&x, across) in xs.iter().zip(across) {
                                        to_plane[y * width + x] += grad * down * across;
                                    }
                                }
                                to_places[index] += grad * sum(plane, width, xs, ys, steeper_x, down);
                                to_places[count + index] += grad * sum(plane, width, xs, ys, across, steeper_y);
                            }
                        }
                    });
                    Ok(())
                })
            })
        })?;
        let to_picture = Tensor::from_vec(to_picture, picture.shape(), picture.device())?;
        Ok((Some(to_picture), Some(Tensor::from_vec(to_places, places.shape(), places.device())?)))
    }
}

fn sum(
    plane: &[f32],
    width: usize,
    xs: [usize; TAPS],
    ys: [usize; TAPS],
    across: [f32; TAPS],
    down: [f32; TAPS],
) -> f32 {
    ys.iter()
        .zip(down)
        .map(|(&y, down)| {
            let row = &plane[y * width..(y + 1) * width];
            down * xs.iter().zip(across).map(|(&x, across)| across * row[x]).sum::<f32>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    const KERNELS: [Kernel; 2] = [Kernel::Bilinear, Kernel::Cubic];

    fn random(rng: &mut StdRng, shape: (usize, usize, usize, usize), range: std::ops::Range<f32>) -> Tensor {
        let (a, b, c, d) = shape;
        let values: Vec<f32> = (0..a * b * c * d).map(|_| rng.random_range(range.clone())).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn values_by_hand() {
        let ramp = Tensor::new(&[[[[0f32, 10.0, 20.0, 30.0, 40.0]]]], &Device::Cpu).unwrap();
        // Whole pixels copy, the middle is the mean, beyond the border the last pixel counts.
        let places = Tensor::new(&[[[[2f32, 1.5, 2.25, -7.0, 9.0]], [[0f32; 5]]]], &Device::Cpu).unwrap();
        for kernel in KERNELS {
            let warped = warp(&ramp, &places, kernel).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            // Both kernels reproduce a ramp in its middle where the weights are symmetric.
            for (found, expected) in warped.iter().zip([20.0, 15.0, 22.5, 0.0, 40.0]) {
                assert!((found - expected).abs() < 0.3, "{kernel:?} {found} {expected}");
            }
            for (found, expected) in [(warped[0], 20.0), (warped[3], 0.0), (warped[4], 40.0)] {
                assert!((found - expected).abs() < 1e-3, "{kernel:?} {found} {expected}");
            }
        }
        // At 1/4 behind pixel 2, pixel 1 counts far(5/4) = -0.65 (1.953 - 7.813 + 10 - 4) = -0.0914.
        let impulse = Tensor::new(&[[[[0f32, 1.0, 0.0, 0.0, 0.0]]]], &Device::Cpu).unwrap();
        let warped = warp(&impulse, &places, Kernel::Cubic).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!((warped[2] + 0.0914).abs() < 5e-5, "{}", warped[2]);
    }

    #[test]
    fn gathering_gives_the_same_pictures_and_gradients() {
        let mut rng = StdRng::seed_from_u64(4);
        for kernel in KERNELS {
            let picture = Var::from_tensor(&random(&mut rng, (2, 3, 5, 4), -1.0..1.0)).unwrap();
            let places = Var::from_tensor(&random(&mut rng, (2, 2, 3, 6), -3.0..8.0)).unwrap();
            let factors = random(&mut rng, (2, 3, 3, 6), -1.0..1.0);
            let of = |warped: Tensor| {
                let found = (&warped * &factors).unwrap().sum_all().unwrap().backward().unwrap();
                [warped, found.get(&picture).unwrap().clone(), found.get(&places).unwrap().clone()]
            };
            let own = of(warp(&picture, &places, kernel).unwrap());
            let gathered = of(by_gathering(&picture, &places, kernel).unwrap());
            // Where places stop beyond the border, a slope of zero is as good as the other.
            for (own, gathered) in own.iter().zip(&gathered).take(2) {
                let difference = (own - gathered).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
                assert!(difference.to_scalar::<f32>().unwrap() < 1e-5, "{kernel:?}");
            }
            let inside = |value: &f32| (0.01..2.99).contains(value);
            let values = places.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let slopes = [&own[2], &gathered[2]].map(|slope| slope.flatten_all().unwrap().to_vec1::<f32>().unwrap());
            let compared: Vec<usize> = (0..values.len()).filter(|&index| inside(&values[index])).collect();
            assert!(compared.len() > 10);
            for index in compared {
                assert!((slopes[0][index] - slopes[1][index]).abs() < 1e-4, "{kernel:?} {index}");
            }
        }
        let nowhere = Tensor::new(&[[[[f32::NAN, f32::INFINITY]], [[0f32; 2]]]], &Device::Cpu).unwrap();
        let ramp = Tensor::new(&[[[[1f32, 2.0, 3.0]]]], &Device::Cpu).unwrap();
        let found = by_gathering(&ramp, &nowhere, Kernel::Bilinear).unwrap().flatten_all().unwrap();
        assert_eq!(found.to_vec1::<f32>().unwrap(), [1.0, 3.0]);
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let mut rng = StdRng::seed_from_u64(3);
        for kernel in KERNELS {
            let picture = Var::from_tensor(&random(&mut rng, (2, 3, 5, 4), -1.0..1.0)).unwrap();
            // Away from whole pixels, where the bilinear kernel has a corner, and from the border, where places stop.
            let fractions = random(&mut rng, (2, 2, 3, 6), 0.1..0.9);
            let whole = random(&mut rng, (2, 2, 3, 6), 0.0..3.0).floor().unwrap();
            let places = Var::from_tensor(&(whole + fractions).unwrap()).unwrap();
            let factors = random(&mut rng, (2, 3, 3, 6), -1.0..1.0);
            let loss = |picture: &Tensor, places: &Tensor| {
                (warp(picture, places, kernel).unwrap() * &factors).unwrap().sum_all().unwrap()
            };
            let found = loss(&picture, &places).backward().unwrap();
            for (var, is_picture) in [(&picture, true), (&places, false)] {
                let gradient = found.get(var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let values = var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                for index in 0..values.len() {
                    let at = |step: f32| {
                        let mut moved = values.clone();
                        moved[index] += step;
                        let moved = Tensor::from_vec(moved, var.shape(), &Device::Cpu).unwrap();
                        let loss = if is_picture { loss(&moved, &places) } else { loss(&picture, &moved) };
                        f64::from(loss.to_scalar::<f32>().unwrap())
                    };
                    let expected = (at(0.01) - at(-0.01)) / 0.02;
                    let error = (f64::from(gradient[index]) - expected).abs();
                    assert!(error < 2e-3, "{kernel:?} {is_picture} {index}: {} {expected}", gradient[index]);
                }
            }
        }
    }
}
