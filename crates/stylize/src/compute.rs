use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use inkcast_generator::Precision;

use crate::{DeviceChoice, StylizeError};

/// Where and how the frames of a stream are computed. It holds for the life of a [`Stylizer`](crate::Stylizer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compute {
    /// The device that the network runs on.
    pub device: DeviceChoice,
    /// The numbers that the network runs in on a CPU.
    pub precision: PrecisionChoice,
    /// Worker threads, 0 for one on each core. The picture does not depend on it.
    pub threads: usize,
    /// How long a frame on a CUDA device waits for those of other stylizers with the same model, style and device, to run
    /// the network on them together; zero for each on its own.
    pub batch_window: Duration,
}

/// The numbers that the network runs in on a CPU, as users write them: `auto`, `f32` or `int8`. On CUDA it is `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PrecisionChoice(pub Precision);

impl PrecisionChoice {
    /// Every choice.
    pub const ALL: [PrecisionChoice; 3] =
        [PrecisionChoice(Precision::Auto), PrecisionChoice(Precision::F32), PrecisionChoice(Precision::Int8)];
}

impl fmt::Display for PrecisionChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Precision::Auto => "auto",
            Precision::F32 => "f32",
            Precision::Int8 => "int8",
        })
    }
}

impl FromStr for PrecisionChoice {
    type Err = StylizeError;

    fn from_str(text: &str) -> Result<Self, StylizeError> {
        let known = PrecisionChoice::ALL.into_iter().find(|choice| choice.to_string() == text);
        match (known, text) {
            (Some(choice), _) => Ok(choice),
            (None, "") => Ok(PrecisionChoice::default()),
            (None, _) => Err(StylizeError::UnknownPrecision { precision: text.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_are_read_as_they_are_written() {
        for choice in PrecisionChoice::ALL {
            assert_eq!(choice.to_string().parse::<PrecisionChoice>().unwrap(), choice);
        }
        assert_eq!("".parse::<PrecisionChoice>().unwrap(), PrecisionChoice::default());
        let error = "int4".parse::<PrecisionChoice>().unwrap_err().to_string();
        assert!(error.contains("\"int4\"") && error.contains("int8"), "{error}");
    }
}
