use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Numbers for a while, holding whatever they held before. Each thread keeps what it has used, because memory fresh from
/// the system costs more than filling it.
pub(super) struct Scratch {
    numbers: Vec<f32>,
    len: usize,
}

impl Scratch {
    pub fn of(len: usize) -> Self {
        let mut numbers = KEPT.with_borrow_mut(|kept| {
            // The smallest that is large enough, or else the largest.
            let fits =
                |numbers: &Vec<f32>| if numbers.len() >= len { numbers.len() } else { usize::MAX - numbers.len() };
            let best = (0..kept.len()).min_by_key(|&index| fits(&kept[index]));
            best.map(|index| kept.swap_remove(index)).unwrap_or_default()
        });
        if numbers.len() < len {
            // Cleared first, so that nothing is copied.
            numbers.clear();
            numbers.resize(len, 0.0);
        }
        Scratch { numbers, len }
    }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[..self.len]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[..self.len]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let numbers = std::mem::take(&mut self.numbers);
        // A thread that ends has nothing to keep it in any more.
        let _ = KEPT.try_with(|kept| kept.borrow_mut().push(numbers));
    }
}
