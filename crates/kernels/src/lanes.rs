//! Eight floats side by side, so that an operation on rows of eight is written once and runs as plain Rust or in AVX2
//! registers. Every implementation rounds alike, so all give the same bits.

/// A way to compute with eight floats. A value of such a type is the proof that the processor can.
pub(crate) trait Lanes: Copy {
    /// Eight floats.
    type V: Copy;

    /// The same in each lane.
    fn splat(self, value: f32) -> Self::V;
    /// # Safety
    /// Eight floats can be read.
    unsafe fn load(self, from: *const f32) -> Self::V;
    /// # Safety
    /// Eight floats can be written.
    unsafe fn store(self, value: Self::V, to: *mut f32);
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// The larger one; the second where one is not a number.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// The sums of four vectors, each in the order of halving a vector: lanes four apart, then two, then one.
    fn totals(self, vectors: [Self::V; 4]) -> [f32; 4];
}

/// Plain Rust: the definition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain;

impl Plain {
    #[inline(always)]
    fn zip(a: [f32; 8], b: [f32; 8], f: impl Fn(f32, f32) -> f32) -> [f32; 8] {
        let mut out = [0.0; 8];
        for i in 0..8 {
            out[i] = f(a[i], b[i]);
        }
        out
    }
}

impl Lanes for Plain {
    type V = [f32; 8];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        [value; 8]
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::V {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, value: Self::V, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(value) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        Self::zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        Self::zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        Self::zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        Self::zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        Self::zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        Self::zip(a, a, |a, _| a.abs())
    }
    #[inline(always)]
    fn totals(self, vectors: [Self::V; 4]) -> [f32; 4] {
        let mut out = [0.0; 4];
        for (out, v) in out.iter_mut().zip(vectors) {
            *out = ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
        }
        out
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::Lanes;

    /// AVX2 registers. To be used in functions that are compiled for AVX2, into which all of this is inlined.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        /// # Safety
        /// The processor has AVX2.
        #[inline(always)]
        pub(crate) unsafe fn new() -> Self {
            Avx2(())
        }
    }

    impl Lanes for Avx2 {
        type V = __m256;

        #[inline(always)]
        fn splat(self, value: f32) -> __m256 {
            // SAFETY: an `Avx2` exists only where the processor has it; so below.
            unsafe { _mm256_set1_ps(value) }
        }
        #[inline(always)]
        unsafe fn load(self, from: *const f32) -> __m256 {
            // SAFETY: as above, and the caller's promise.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(self, value: __m256, to: *mut f32) {
            // SAFETY: as above, and the caller's promise.
            unsafe { _mm256_storeu_ps(to, value) }
        }
        #[inline(always)]
        fn add(self, a: __m256, b: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_add_ps(a, b) }
        }
        #[inline(always)]
        fn sub(self, a: __m256, b: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_sub_ps(a, b) }
        }
        #[inline(always)]
        fn mul(self, a: __m256, b: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_mul_ps(a, b) }
        }
        #[inline(always)]
        fn div(self, a: __m256, b: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_div_ps(a, b) }
        }
        #[inline(always)]
        fn max(self, a: __m256, b: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_max_ps(a, b) }
        }
        #[inline(always)]
        fn abs(self, a: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
        }
        #[inline(always)]
        fn totals(self, [a, b, c, d]: [__m256; 4]) -> [f32; 4] {
            // SAFETY: as above; the array has room for four floats.
            unsafe {
                let (a, b, c, d) = (halved(a), halved(b), halved(c), halved(d));
                let ab = _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
                let cd = _mm_add_ps(_mm_movelh_ps(c, d), _mm_movehl_ps(d, c));
                let sums = _mm_add_ps(_mm_shuffle_ps::<0b10_00_10_00>(ab, cd), _mm_shuffle_ps::<0b11_01_11_01>(ab, cd));
                let mut out = [0.0; 4];
                _mm_storeu_ps(out.as_mut_ptr(), sums);
                out
            }
        }
    }

    /// Sums of lanes four apart.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn halved(v: __m256) -> __m128 {
        // SAFETY: the caller's promise.
        unsafe { _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v)) }
    }
}

#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    use super::Lanes;

    /// Pairs of NEON registers.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Neon;

    type Pair = [float32x4_t; 2];

    impl Lanes for Neon {
        type V = Pair;

        #[inline(always)]
        fn splat(self, value: f32) -> Pair {
            // SAFETY: every 64-bit ARM processor has NEON; so below.
            unsafe { [vdupq_n_f32(value); 2] }
        }
        #[inline(always)]
        unsafe fn load(self, from: *const f32) -> Pair {
            // SAFETY: as above, and the caller's promise.
            unsafe { [vld1q_f32(from), vld1q_f32(from.add(4))] }
        }
        #[inline(always)]
        unsafe fn store(self, [low, high]: Pair, to: *mut f32) {
            // SAFETY: as above, and the caller's promise.
            unsafe {
                vst1q_f32(to, low);
                vst1q_f32(to.add(4), high);
            }
        }
        #[inline(always)]
        fn add(self, a: Pair, b: Pair) -> Pair {
            // SAFETY: as above.
            unsafe { [vaddq_f32(a[0], b[0]), vaddq_f32(a[1], b[1])] }
        }
        #[inline(always)]
        fn sub(self, a: Pair, b: Pair) -> Pair {
            // SAFETY: as above.
            unsafe { [vsubq_f32(a[0], b[0]), vsubq_f32(a[1], b[1])] }
        }
        #[inline(always)]
        fn mul(self, a: Pair, b: Pair) -> Pair {
            // SAFETY: as above.
            unsafe { [vmulq_f32(a[0], b[0]), vmulq_f32(a[1], b[1])] }
        }
        #[inline(always)]
        fn div(self, a: Pair, b: Pair) -> Pair {
            // SAFETY: as above.
            unsafe { [vdivq_f32(a[0], b[0]), vdivq_f32(a[1], b[1])] }
        }
        #[inline(always)]
        fn max(self, a: Pair, b: Pair) -> Pair {
            // SAFETY: as above.
            unsafe { [vbslq_f32(vcgtq_f32(a[0], b[0]), a[0], b[0]), vbslq_f32(vcgtq_f32(a[1], b[1]), a[1], b[1])] }
        }
        #[inline(always)]
        fn abs(self, a: Pair) -> Pair {
            // SAFETY: as above.
            unsafe { [vabsq_f32(a[0]), vabsq_f32(a[1])] }
        }
        #[inline(always)]
        fn totals(self, vectors: [Pair; 4]) -> [f32; 4] {
            vectors.map(|[low, high]| {
                // SAFETY: as above.
                unsafe {
                    let four = vaddq_f32(low, high);
                    let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
                    vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
                }
            })
        }
    }
}
