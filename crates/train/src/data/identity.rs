use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;
use sha2::{Digest, Sha256};

use super::Flow;
use crate::looks::{Analysis, Look, Scale};
use crate::pictures;

/// What a file holds, whatever its name: SHA-256 of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Content([u8; 32]);

impl Content {
    /// Reads a file.
    pub fn of(path: &Path) -> Result<Self> {
        let fail = || format!("cannot read {}", path.display());
        let mut digest = Sha256::new();
        let mut file = File::open(path).with_context(fail)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer).with_context(fail)? {
                0 => return Ok(Content(digest.finalize().into())),
                count => digest.update(&buffer[..count]),
            }
        }
    }

    /// A number drawn for one purpose. It depends on nothing but the content and the seed, so that other files that come
    /// or go do not change it.
    pub fn draw(&self, purpose: &str, seed: u64) -> u64 {
        let digest =
            Sha256::new().chain_update(self.0).chain_update(seed.to_le_bytes()).chain_update(purpose).finalize();
        u64::from_le_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
    }

    /// 16 hexadecimal digits that change with the content and with `settings`.
    pub fn key(&self, settings: &str) -> String {
        format!("{:016x}", self.draw(settings, 0))
    }

    /// What two files hold together.
    pub fn with(&self, other: &Content) -> Self {
        Content(Sha256::new().chain_update(self.0).chain_update(other.0).finalize().into())
    }
}

/// A digest of how all looks draw a made-up picture: it changes whenever a look does, and prepared pictures of before are
/// no longer used.
pub(super) fn looks_version() -> String {
    let source = pictures::scaled_to(&made_up(0), 72);
    let analysis = Analysis::at_scale(&pictures::to_rgb(&source), Scale::ONE);
    let mut digest = Sha256::new().chain_update(source.as_raw());
    for look in Look::ALL {
        digest.update(look.name());
        let bytes =
            analysis.layers(look).data().iter().flatten().map(|&value| pictures::to_byte(value)).collect::<Vec<_>>();
        digest.update(bytes);
    }
    version(digest)
}

/// The same for how motion is estimated.
pub(super) fn motion_version() -> Result<String> {
    let mut digest = Sha256::new();
    for (_, tensor) in Flow::estimate(&made_up(0), &made_up(5))?.tensors(0)? {
        digest.update(tensor.data());
    }
    Ok(version(digest))
}

fn version(digest: Sha256) -> String {
    digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A picture whose disc is moved by this.
fn made_up(shift: u32) -> RgbImage {
    RgbImage::from_fn(120, 90, |x, y| {
        let grain = ((x * 7919 + y * 104_729) % 23) as u8;
        let inside = (x as f32 - 60.0 - shift as f32).hypot(y as f32 - 45.0) < 30.0;
        image::Rgb(match (inside, (x / 20 + y / 15) % 3) {
            (true, 0) => [230, 150 + grain, 110],
            (true, _) => [30 + grain, 20, (x * 2) as u8],
            (false, 1) => [(255 - y) as u8, 240, 200 + grain],
            (false, _) => [60, 90 + grain, (120 + y) as u8],
        })
    })
}
