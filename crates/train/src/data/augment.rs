use anyhow::{Result, ensure};
use rand::Rng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

/// How crops vary that are drawn from the same pictures, besides their place and being mirrored, which half of them are.
/// Layers are turned with their picture. Changes of colour, exposure and noise are [`super::Damage`]: they are made to
/// the input alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Augment {
    /// Share of crops that are turned by one to three quarters.
    pub turns: f32,
    /// Largest rotation to either side in degrees. It costs sharpness, since pixels are interpolated.
    pub rotation: f32,
    /// Smallest and largest factor that crops are enlarged by; for crops without layers only. Layers must not be scaled,
    /// or their lines would no longer have the one width that the network is to draw; prepare pictures at several sizes
    /// instead.
    pub scale: [f32; 2],
}

impl Default for Augment {
    fn default() -> Self {
        Augment { turns: 0.0, rotation: 0.0, scale: [1.0; 2] }
    }
}

impl Augment {
    /// Refuses numbers out of range by their key.
    pub fn validate(&self) -> Result<()> {
        let Augment { turns, rotation, scale: [least, most] } = *self;
        ensure!((0.0..=1.0).contains(&turns), "augment.turns is {turns}, it must lie in 0..1");
        ensure!((0.0..=45.0).contains(&rotation), "augment.rotation is {rotation}, it must lie in 0..45 degrees");
        ensure!(
            least <= most && least >= 0.5 && most <= 2.0,
            "augment.scale is [{least}, {most}], it must be two numbers in 0.5..2, the smaller one first"
        );
        Ok(())
    }

    /// Refuses what training on layers cannot use.
    pub fn validate_for_layers(&self) -> Result<()> {
        let is_kept = self.scale == [1.0; 2];
        ensure!(is_kept, "augment.scale would change the width of lines: leave it out and use prepare --sizes instead");
        self.validate()
    }

    /// Draws one way to hold the camera.
    pub(super) fn draw(&self, rng: &mut StdRng) -> Pose {
        // Nothing is drawn for what is not varied, so that adding a variation does not change the others.
        let angle = match self.rotation {
            0.0 => 0.0,
            most => rng.random_range(-most..=most).to_radians(),
        };
        let [least, most] = self.scale.map(f32::ln);
        let scale = if least < most { rng.random_range(least..=most).exp() } else { least.exp() };
        let quarters = if self.turns > 0.0 && rng.random::<f32>() < self.turns { rng.random_range(1..4) } else { 0 };
        Pose { angle, scale, quarters }
    }
}

/// How a crop is turned and scaled.
pub(super) struct Pose {
    /// Radians.
    pub angle: f32,
    /// Factor it is enlarged by.
    pub scale: f32,
    /// Quarter turns.
    pub quarters: u8,
}
