use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use inkcast_kernels::{WeightCodes, weight_codes};

use crate::ops::{values, with_values};

/// Each value of a map moved to the nearest of the codes `code * end / 255`.
///
/// Rounding has no gradient that could be followed, so gradients go straight through it (Bengio, Leonard and Courville
/// 2013), but for values that were cut off at either end: theirs is zero, as in Jacob et al. 2018.
pub(super) fn coded_map(map: &Tensor, end: f32) -> Result<Tensor> {
    map.contiguous()?.apply_op1(MapCodes { end })
}

/// Weights `[O, I, K, K]` in their codes. None of them is cut off, so all gradients go straight through.
pub(super) fn coded_weight(weight: &Tensor) -> Result<Tensor> {
    weight.contiguous()?.apply_op1(KernelCodes)
}

const LARGEST: f32 = 255.0;

struct MapCodes {
    end: f32,
}

impl CustomOp1 for MapCodes {
    fn name(&self) -> &'static str {
        "map-codes"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        // From here on floats are whole numbers: a sum with it is rounded half to even, for whole vectors at a time.
        const WHOLE: f32 = 8_388_608.0;
        let (scale, step) = (LARGEST / self.end, self.end / LARGEST);
        let coded = values(storage, layout)?.iter().map(|value| {
            let code = (value * scale).clamp(0.0, LARGEST) + WHOLE - WHOLE;
            code * step
        });
        Ok((CpuStorage::F32(coded.collect()), layout.shape().clone()))
    }

    fn bwd(&self, map: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let scale = LARGEST / self.end;
        // Codes that rounding leads beyond either end.
        let is_kept = |value: f32| (-0.5..LARGEST + 0.5).contains(&(value * scale));
        let passed: Vec<f32> = with_values(map, |map| {
            with_values(&grad.contiguous()?, |grad| {
                Ok(map.iter().zip(grad).map(|(&value, &grad)| if is_kept(value) { grad } else { 0.0 }).collect())
            })
        })?;
        Ok(Some(Tensor::from_vec(passed, map.shape(), map.device())?))
    }
}

struct KernelCodes;

impl CustomOp1 for KernelCodes {
    fn name(&self) -> &'static str {
        "kernel-codes"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (outputs, inputs, kernel, _) = layout.shape().dims4()?;
        let mut coded = Vec::with_capacity(layout.shape().elem_count());
        let taps = kernel * kernel;
        for output in values(storage, layout)?.chunks_exact((inputs * taps).max(1)).take(outputs) {
            let WeightCodes { codes, step } = weight_codes(output, taps);
            coded.extend(codes.iter().map(|&code| f32::from(code) * step));
        }
        Ok((CpuStorage::F32(coded), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.clone()))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    const MAP: [f32; 10] = [-1.0, -0.4, 0.0, 0.4, 0.5, 0.6, 1.5, 254.6, 255.4, 300.0];

    #[test]
    fn codes_of_a_map_by_hand() {
        let map = Tensor::new(&MAP, &Device::Cpu).unwrap();
        let coded = coded_map(&map, 255.0).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(coded, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 255.0, 255.0, 255.0]);
        // An eighth of the range: codes are an eighth apart.
        let coded = coded_map(&(map / 8.0).unwrap(), 255.0 / 8.0).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(coded, [0.0, 0.0, 0.0, 0.0, 0.0, 0.125, 0.25, 31.875, 31.875, 31.875]);
    }

    #[test]
    fn gradients_go_straight_through_but_where_values_were_cut_off() {
        let map = Var::new(&MAP, &Device::Cpu).unwrap();
        let factors = Tensor::new(&[1f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0], &Device::Cpu).unwrap();
        let loss = (coded_map(&map, 255.0).unwrap() * factors).unwrap().sum_all().unwrap();
        let gradient = loss.backward().unwrap().get(&map).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(gradient, [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.0]);
    }

    #[test]
    fn codes_of_codes_are_the_same_and_are_not_cut_off() {
        for end in [0.3f32, 1.0, 1.7, 23.456] {
            let map = Tensor::new(&[0.1 * end, 0.777 * end, end, 2.0 * end], &Device::Cpu).unwrap();
            let coded = Var::from_tensor(&coded_map(&map, end).unwrap()).unwrap();
            let again = coded_map(&coded, end).unwrap();
            assert_eq!(again.to_vec1::<f32>().unwrap(), coded.to_vec1::<f32>().unwrap());
            let gradient = again.sum_all().unwrap().backward().unwrap().get(&coded).unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(gradient, [1.0; 4]);
        }
    }

    #[test]
    fn weights_keep_their_gradients() {
        // Of one tap each: the step of the first output is 0.1, that of the second 0.01.
        let weight = Var::new(&[[[[-12.7f32]], [[0.04]]], [[[1.27]], [[0.026]]]], &Device::Cpu).unwrap();
        let coded = coded_weight(&weight).unwrap();
        let expected = [-12.7, 0.0, 1.27, 0.03];
        let values = coded.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-5), "{values:?}");
        let factors = Tensor::new(&[[[[1f32]], [[2.0]]], [[[3.0]], [[4.0]]]], &Device::Cpu).unwrap();
        let gradient = (coded * &factors).unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = gradient.get(&weight).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(gradient, [1.0, 2.0, 3.0, 4.0]);
    }
}
