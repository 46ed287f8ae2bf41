//! Where training computes.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use candle_core::{DType, Device};
use inkcast_generator::cuda_device;
use serde::{Deserialize, Serialize};

/// Where steps are computed, as users write it: `cpu`, `cuda` or `cuda:N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrainingDevice {
    /// The CPU.
    #[default]
    Cpu,
    /// The CUDA device with this index.
    Cuda(usize),
}

impl TrainingDevice {
    /// Opens it. There is no falling back: a device that is not there is an error that says why.
    pub fn open(self) -> Result<Device> {
        match self {
            TrainingDevice::Cpu => Ok(Device::Cpu),
            TrainingDevice::Cuda(index) => Ok(cuda_device(index)?),
        }
    }
}

impl FromStr for TrainingDevice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let index = text.strip_prefix("cuda:").and_then(|index| index.parse().ok());
        match (text, index) {
            ("cpu", _) => Ok(TrainingDevice::Cpu),
            ("cuda", _) => Ok(TrainingDevice::Cuda(0)),
            (_, Some(index)) => Ok(TrainingDevice::Cuda(index)),
            _ => bail!("there is no device \"{text}\": it is cpu, cuda or cuda:N"),
        }
    }
}

impl fmt::Display for TrainingDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainingDevice::Cpu => f.write_str("cpu"),
            TrainingDevice::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// The floats that a network computes with in training. Weights, their optimiser and the losses are always `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Floats {
    /// 32 bits.
    #[default]
    F32,
    /// The upper 16 bits of those, on CUDA only.
    Bf16,
}

impl Floats {
    /// As Candle calls them.
    pub fn dtype(self) -> DType {
        match self {
            Floats::F32 => DType::F32,
            Floats::Bf16 => DType::BF16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_written() {
        for device in [TrainingDevice::Cpu, TrainingDevice::Cuda(0), TrainingDevice::Cuda(3)] {
            assert_eq!(device.to_string().parse::<TrainingDevice>().unwrap(), device);
        }
        assert_eq!("cuda".parse::<TrainingDevice>().unwrap(), TrainingDevice::Cuda(0));
        for wrong in ["gpu", "cuda:", "cuda:x", "auto", ""] {
            let error = wrong.parse::<TrainingDevice>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("cuda:N"), "{error}");
        }
    }
}
