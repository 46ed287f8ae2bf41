//! How long a run is and what is kept of it: keys of `[fit]` that every way of training has.

use anyhow::{Result, ensure};
use serde::Deserialize;

/// The keys of `[fit]` that the loop of a run reads. Others are those of the method.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Schedule {
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps between two lines of progress.
    pub log_every: u64,
    /// Steps between two checkpoints, each with a measurement.
    pub checkpoint_every: u64,
    /// Checkpoints that are kept besides the best; older ones are deleted.
    #[serde(default = "keep")]
    pub keep: usize,
    /// A run ends after this many checkpoints in a row that are no better than the best. 0: never.
    #[serde(default)]
    pub patience: u64,
    /// A run fails when a total loss stays above this many times its running median. 0: never.
    #[serde(default = "divergence")]
    pub divergence: f32,
}

/// What `fit.keep` is if it is not given.
pub fn keep() -> usize {
    3
}

/// What `fit.divergence` is if it is not given.
pub fn divergence() -> f32 {
    20.0
}

#[derive(Deserialize)]
struct Configuration {
    fit: Schedule,
}

impl Schedule {
    /// Takes it out of the text of a configuration and checks it; errors name the key.
    pub fn parse(config: &str) -> Result<Self> {
        let Configuration { fit } = toml::from_str(config)?;
        ensure!(fit.steps > 0, "fit.steps must be at least 1");
        ensure!(fit.log_every > 0, "fit.log-every must be at least 1");
        ensure!(fit.checkpoint_every > 0, "fit.checkpoint-every must be at least 1");
        ensure!(fit.keep > 0, "fit.keep must be at least 1");
        let is_factor = fit.divergence == 0.0 || (fit.divergence > 1.0 && fit.divergence.is_finite());
        ensure!(is_factor, "fit.divergence is {}, it must be 0 or more than 1", fit.divergence);
        Ok(fit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: &str = "[fit]\nsteps = 9\nlog-every = 1\ncheckpoint-every = 3\nof-the-method = 1\n";

    #[test]
    fn what_is_not_given_has_a_default() {
        let schedule = Schedule::parse(SHORTEST).unwrap();
        assert_eq!((schedule.keep, schedule.patience, schedule.divergence), (3, 0, 20.0));
        let schedule = Schedule::parse(&format!("{SHORTEST}keep = 5\npatience = 2\ndivergence = 0")).unwrap();
        assert_eq!((schedule.keep, schedule.patience, schedule.divergence), (5, 2, 0.0));
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        for (text, expected) in [
            (SHORTEST.replace("steps = 9", "steps = 0"), "fit.steps"),
            (SHORTEST.replace("log-every = 1", ""), "log-every"),
            (SHORTEST.replace("checkpoint-every = 3", "checkpoint-every = 0"), "fit.checkpoint-every"),
            (format!("{SHORTEST}keep = 0"), "fit.keep"),
            (format!("{SHORTEST}patience = -1"), "patience"),
            (format!("{SHORTEST}divergence = 0.5"), "fit.divergence is 0.5"),
            ("[model]\n".to_string(), "fit"),
        ] {
            let error = format!("{:#}", Schedule::parse(&text).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
