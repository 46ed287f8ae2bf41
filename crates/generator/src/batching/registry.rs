use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use candle_core::{Device, Result};
use sha2::{Digest, Sha256};

use crate::{Folded, GeneratorError};

/// What makes streams share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    /// Of architecture and weights.
    digest: [u8; 32],
    device: String,
    window: Duration,
    /// Where batches are of one size.
    picture: Option<(usize, usize)>,
}

impl Key {
    /// Streams share with those that have the same weights on the same device and the same window. Streams on a CUDA
    /// device have to share it as Candle knows it, not only its index.
    pub fn new(folded: &Folded, device: &Device, window: Duration) -> Result<Self> {
        Ok(Key { digest: digest(folded)?, device: format!("{device:?}"), window, picture: None })
    }

    /// The same for pictures of one size.
    #[cfg(feature = "cuda")]
    pub fn of_size(self, picture: (usize, usize)) -> Self {
        Key { picture: Some(picture), ..self }
    }
}

/// What streams have together now.
pub(crate) struct Registry<T>(Mutex<Vec<(Key, Weak<T>)>>);

impl<T> Registry<T> {
    /// Nothing.
    pub const fn new() -> Self {
        Registry(Mutex::new(Vec::new()))
    }

    /// What others have under this key, or what `start` gives.
    pub fn share(
        &self,
        key: Key,
        start: impl FnOnce() -> std::result::Result<T, GeneratorError>,
    ) -> std::result::Result<Arc<T>, GeneratorError> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|(_, item)| item.strong_count() > 0);
        if let Some(known) = shared.iter().find(|(other, _)| *other == key).and_then(|(_, item)| item.upgrade()) {
            return Ok(known);
        }
        let item = Arc::new(start()?);
        shared.push((key, Arc::downgrade(&item)));
        Ok(item)
    }
}

/// Tells networks apart.
fn digest(folded: &Folded) -> Result<[u8; 32]> {
    let mut digest = Sha256::new();
    digest.update(format!("{:?}", folded.architecture()));
    let mut add = |tensor: &candle_core::Tensor| {
        for value in tensor.flatten_all()?.to_vec1::<f32>()? {
            digest.update(value.to_le_bytes());
        }
        Ok::<(), candle_core::Error>(())
    };
    for conv in folded.convs() {
        add(&conv.weight)?;
        add(&conv.bias)?;
    }
    for value in folded.source_matrix()?.as_flattened() {
        digest.update(value.to_le_bytes());
    }
    Ok(digest.finalize().into())
}
