use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

use crate::GeneratorError;

/// The environment variable that says who computes convolutions on a CUDA device.
pub const CONVOLUTIONS_VARIABLE: &str = "INKCAST_CUDA_CONV";

/// Who computes convolutions on a CUDA device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convolutions {
    /// Candle's own kernels, in 32-bit floats.
    Candle,
    /// NVIDIA's cuDNN through Candle, in 32-bit floats.
    Cudnn,
    /// Inkcast's kernels for tensor cores, in 16-bit floats.
    Own,
}

impl Convolutions {
    /// What `INKCAST_CUDA_CONV` names, or without it what this build of Candle uses.
    ///
    /// # Errors
    /// If it names nothing that there is, or what this build does not have.
    pub fn choose() -> Result<Self, GeneratorError> {
        Convolutions::named(std::env::var_os(CONVOLUTIONS_VARIABLE).as_deref())
    }

    /// As [`Convolutions::choose`] for this value of the variable; an empty one is none.
    fn named(name: Option<&OsStr>) -> Result<Self, GeneratorError> {
        match name {
            Some(name) if !name.is_empty() => name.to_string_lossy().parse(),
            _ => Ok(Convolutions::of_candle()),
        }
    }

    /// Candle takes cuDNN where it is built with it, and has no switch.
    fn of_candle() -> Self {
        if cfg!(feature = "cudnn") { Convolutions::Cudnn } else { Convolutions::Candle }
    }
}

impl FromStr for Convolutions {
    type Err = GeneratorError;

    fn from_str(name: &str) -> Result<Self, GeneratorError> {
        let refused = |reason: &str| {
            Err(GeneratorError::Convolutions(format!("{CONVOLUTIONS_VARIABLE} is \"{name}\", {reason}")))
        };
        match (name, Convolutions::of_candle()) {
            ("own", _) => Ok(Convolutions::Own),
            ("candle", Convolutions::Candle) => Ok(Convolutions::Candle),
            ("cudnn", Convolutions::Cudnn) => Ok(Convolutions::Cudnn),
            ("candle", _) => refused("but with the feature cudnn, as here, Candle uses cuDNN: build with cuda alone"),
            ("cudnn", _) => refused("but this build has no cuDNN: build with `--features cudnn`"),
            _ => refused("it can be candle, cudnn or own"),
        }
    }
}

impl fmt::Display for Convolutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Convolutions::Candle => "candle",
            Convolutions::Cudnn => "cudnn",
            Convolutions::Own => "own",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_can_be_named_and_is_the_default() {
        let default = Convolutions::of_candle();
        for there in [default, Convolutions::Own] {
            assert_eq!(there.to_string().parse::<Convolutions>().unwrap(), there);
        }
        assert_ne!(default, Convolutions::Own, "what has not run on a card yet is not the default");
        assert_eq!(Convolutions::named(None).unwrap(), default);
        assert_eq!(Convolutions::named(Some(OsStr::new(""))).unwrap(), default);
        assert_eq!(Convolutions::named(Some(OsStr::new("own"))).unwrap(), Convolutions::Own);
    }

    #[test]
    fn what_is_not_there_is_refused_with_the_way_out() {
        let absent = if cfg!(feature = "cudnn") { "candle" } else { "cudnn" };
        let message = absent.parse::<Convolutions>().unwrap_err().to_string();
        assert!(message.contains(CONVOLUTIONS_VARIABLE) && message.contains("build with"), "{message}");
        for wrong in ["Own", "tensor-cores"] {
            let message = wrong.parse::<Convolutions>().unwrap_err().to_string();
            assert!(message.contains("candle, cudnn or own") && message.contains(CONVOLUTIONS_VARIABLE), "{message}");
        }
    }
}
