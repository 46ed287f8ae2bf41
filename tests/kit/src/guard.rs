//! Buffers between guards: a read beyond an input brings in NaN, a write beyond an output is found and named.

use std::fmt::Debug;

/// Samples on either side of the buffer. Longer than any vector register, so that a whole stray load or store lands in it.
pub const GUARD: usize = 64;

/// What can be guarded: bytes, floats, pixels of four floats, and bits of 16-bit floats.
pub trait Sample: Copy + Debug {
    /// The guard value at distance `index` from the start of the allocation. NaN where the type has it; bytes vary
    /// with the place so that no constant written over them goes unseen.
    fn guard(index: usize) -> Self;

    /// Whether both have the same bits.
    fn same(self, other: Self) -> bool;
}

impl Sample for f32 {
    fn guard(index: usize) -> Self {
        // A NaN with a payload that no arithmetic gives.
        f32::from_bits(0x7fc5_0000 | (index as u32 & 0xffff))
    }

    fn same(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Sample for u8 {
    fn guard(index: usize) -> Self {
        (index.wrapping_mul(151) >> 1) as u8 ^ 0xa5
    }

    fn same(self, other: Self) -> bool {
        self == other
    }
}

impl Sample for u16 {
    fn guard(index: usize) -> Self {
        // A NaN, read as f16.
        0x7e00 | (index as u16 & 0x1ff)
    }

    fn same(self, other: Self) -> bool {
        self == other
    }
}

impl Sample for [f32; 4] {
    fn guard(index: usize) -> Self {
        [f32::guard(index); 4]
    }

    fn same(self, other: Self) -> bool {
        (0..4).all(|i| self[i].same(other[i]))
    }
}

/// A buffer between two guards of [`GUARD`] samples.
#[derive(Debug, Clone)]
pub struct Guarded<T> {
    memory: Vec<T>,
}

impl<T: Sample> Guarded<T> {
    /// `values` between guards, to be read from.
    pub fn input(values: &[T]) -> Self {
        let mut guarded = Self::output(values.len());
        guarded.values_mut().copy_from_slice(values);
        guarded
    }

    /// A buffer of `len` samples to be written to. It starts as guard values itself, so that [`Guarded::check_written`]
    /// finds what was left out.
    pub fn output(len: usize) -> Self {
        Guarded { memory: (0..len + 2 * GUARD).map(T::guard).collect() }
    }

    /// The samples between the guards.
    pub fn values(&self) -> &[T] {
        &self.memory[GUARD..self.memory.len() - GUARD]
    }

    /// The samples between the guards.
    pub fn values_mut(&mut self) -> &mut [T] {
        let end = self.memory.len() - GUARD;
        &mut self.memory[GUARD..end]
    }

    /// Panics if a guard was written to, and names the first place: `-1` is right before the buffer, `+0` right behind it.
    #[track_caller]
    pub fn check(&self) {
        if let Some(place) = self.overwritten() {
            panic!("overwritten outside the buffer: {place}");
        }
    }

    /// As [`Guarded::check`], and panics too if a sample of the buffer was never written. For bytes a written value
    /// may equal the guard, so ask this of floats only.
    #[track_caller]
    pub fn check_written(&self) {
        self.check();
        if let Some(index) = (GUARD..self.memory.len() - GUARD).find(|&i| self.memory[i].same(T::guard(i))) {
            panic!("sample {} of {} was never written", index - GUARD, self.values().len());
        }
    }

    /// The first guard sample that changed, in words.
    pub fn overwritten(&self) -> Option<String> {
        let end = self.memory.len() - GUARD;
        let index = (0..GUARD).rev().chain(end..end + GUARD).find(|&i| !self.memory[i].same(T::guard(i)))?;
        let value = self.memory[index];
        let place = if index < GUARD { format!("-{}", GUARD - index) } else { format!("+{}", index - end) };
        Some(format!("{place} holds {value:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_used_well_passes() {
        let input = Guarded::input(&[1.0f32, 2.0]);
        let mut output = Guarded::output(2);
        output.values_mut().copy_from_slice(input.values());
        output.check_written();
        input.check();
    }

    #[test]
    fn a_read_beyond_the_input_is_not_a_number() {
        let input = Guarded::input(&[1.0f32]);
        assert!((input.memory[GUARD - 1] * 0.0 + input.memory[GUARD + 1] * 0.0).is_nan());
    }

    #[test]
    fn writes_outside_are_named() {
        let mut output = Guarded::<u8>::output(3);
        output.memory[GUARD - 1] = output.memory[GUARD - 1].wrapping_add(1);
        assert!(output.overwritten().unwrap().starts_with("-1 "));

        let mut output = Guarded::<[f32; 4]>::output(3);
        output.memory[GUARD + 3 + 5][2] = 0.0;
        assert!(output.overwritten().unwrap().starts_with("+5 "));
    }

    #[test]
    #[should_panic(expected = "sample 1 of 2 was never written")]
    fn samples_left_out_are_named() {
        let mut output = Guarded::<f32>::output(2);
        output.values_mut()[0] = 1.0;
        output.check_written();
    }
}
