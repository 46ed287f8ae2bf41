//! Sums of weighted stretches of memory, and sums of their products: all that convolutions and their gradients consist
//! of, once the numbers lie as [`super::geometry::Geometry`] says.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use inkcast_kernels::Level;

/// Weights in the order in which [`weighted_sums`] reads them.
pub(super) struct Weights {
    rows: usize,
    taps: usize,
    /// Blocks of rows, each by tap, then by row.
    packed: Vec<f32>,
}

/// Sizes of blocks of rows, largest first.
const BLOCKS: [usize; 4] = [8, 4, 2, 1];
/// Rows that [`sums_of_products`] computes at once.
const R: usize = 4;
/// The most lanes that a vector has.
pub(super) const MOST_LANES: usize = 16;
/// Whole tiles of every level: results of [`weighted_sums`] are rounded up to a multiple of this.
pub(super) const TILE: usize = 3 * MOST_LANES;

impl Weights {
    /// `weight(row, tap)` for each row of results and each stretch.
    pub fn new(rows: usize, taps: usize, weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut packed = Vec::with_capacity(rows * taps);
        for (first, count) in blocks(rows) {
            for tap in 0..taps {
                packed.extend((first..first + count).map(|row| weight(row, tap)));
            }
        }
        Weights { rows, taps, packed }
    }
}

/// First row and size of each block.
fn blocks(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let count = BLOCKS.into_iter().find(|&count| count <= rows - first)?;
        first += count;
        Some((first - count, count))
    })
}

/// `results[row * step + i] = sum over taps of weights[row, tap] * source[places[tap] + i]` for each `i` below `count`;
/// what follows up to the next multiple of [`TILE`] is overwritten too.
///
/// # Panics
/// If `step` is no multiple of [`TILE`], or a stretch, rounded up so, reaches beyond its slice.
pub(super) fn weighted_sums(
    level: Level,
    weights: &Weights,
    places: &[usize],
    source: &[f32],
    count: usize,
    results: &mut [f32],
    step: usize,
) {
    let count = count.next_multiple_of(TILE);
    assert!(
        places.len() == weights.taps && weights.packed.len() == weights.rows * weights.taps,
        "weights of other taps"
    );
    assert!(places.iter().all(|place| place + count <= source.len()), "a stretch reaches beyond its source");
    assert!(count <= step && weights.rows * step <= results.len(), "results reach beyond their slice");
    assert!(level.is_available(), "this processor has no {level}");
    // SAFETY: the processor has the level, and the sizes are those asserted above.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Vnni => sums_avx512(weights, places, source, count, results, step),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::AvxVnni => sums_avx2(weights, places, source, count, results, step),
            _ => sums::<[f32; 8], 2, 1>(weights, places, source, count, results, step),
        }
    }
}

/// Adds `sum over i below count of rows[row_places[row] + i] * source[places[tap] + i]` to `results[row * taps + tap]`, for
/// the rows that begin at `row_places` and for pairs of rows and sources, one after another.
///
/// # Panics
/// If a stretch, rounded up to the next multiple of 16, reaches beyond its slice. Up to there, rows must hold zeros.
pub(super) fn sums_of_products(
    level: Level,
    pairs: &[(&[f32], &[f32])],
    row_places: &[usize],
    places: &[usize],
    count: usize,
    results: &mut [f32],
) {
    let count = count.next_multiple_of(MOST_LANES);
    let within = |places: &[usize], slice: &[f32]| places.iter().all(|place| place + count <= slice.len());
    assert!(
        pairs.iter().all(|(rows, source)| within(row_places, rows) && within(places, source)),
        "a stretch reaches beyond its slice"
    );
    assert_eq!(results.len(), row_places.len() * places.len(), "results of other rows and taps");
    assert!(level.is_available(), "this processor has no {level}");
    // SAFETY: the processor has the level, and the sizes are those asserted above.
    unsafe {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Vnni => products_avx512(pairs, row_places, places, count, results),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::AvxVnni => products_avx2(pairs, row_places, places, count, results),
            _ => products::<[f32; 8], 2>(pairs, row_places, places, count, results),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
unsafe fn sums_avx512(
    weights: &Weights,
    places: &[usize],
    source: &[f32],
    count: usize,
    results: &mut [f32],
    step: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { sums::<__m512, 8, 3>(weights, places, source, count, results, step) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn sums_avx2(
    weights: &Weights,
    places: &[usize],
    source: &[f32],
    count: usize,
    results: &mut [f32],
    step: usize,
) {
    // SAFETY: the caller's promise.
    unsafe { sums::<__m256, 4, 2>(weights, places, source, count, results, step) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
unsafe fn products_avx512(
    pairs: &[(&[f32], &[f32])],
    row_places: &[usize],
    places: &[usize],
    count: usize,
    results: &mut [f32],
) {
    // SAFETY: the caller's promise.
    unsafe { products::<__m512, 6>(pairs, row_places, places, count, results) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn products_avx2(
    pairs: &[(&[f32], &[f32])],
    row_places: &[usize],
    places: &[usize],
    count: usize,
    results: &mut [f32],
) {
    // SAFETY: the caller's promise.
    unsafe { products::<__m256, 2>(pairs, row_places, places, count, results) }
}

/// All blocks of rows; at most `MOST` rows and `ACROSS` vectors are computed at once, as many as there are registers for.
///
/// # Safety
/// As asserted by [`weighted_sums`]; the processor has what `L` needs.
#[inline(always)]
unsafe fn sums<L: Lanes, const MOST: usize, const ACROSS: usize>(
    weights: &Weights,
    places: &[usize],
    source: &[f32],
    count: usize,
    results: &mut [f32],
    step: usize,
) {
    // So few stretches that what a tile reads of them stays in the first-level cache for all rows.
    const TOGETHER: usize = 128;
    let (source, results) = (source.as_ptr(), results.as_mut_ptr());
    let chunks = places.chunks(TOGETHER).enumerate();
    // Without any stretch the sums are zero.
    let none = places.is_empty().then_some((0, places));
    for (chunk, places) in chunks.chain(none) {
        for at in (0..count).step_by(ACROSS * L::COUNT) {
            let mut packed = weights.packed.as_ptr();
            for (first, rows) in blocks(weights.rows) {
                // SAFETY: blocks cover the packed weights and the rows of the results one after the other, `count` is a
                // number of whole tiles, and every place has room for `count` numbers behind it.
                unsafe {
                    for part in (0..rows).step_by(MOST) {
                        let weights = packed.add(chunk * TOGETHER * rows + part);
                        let results = results.add((first + part) * step + at);
                        let from = source.add(at);
                        match MOST.min(rows) {
                            8 => tile::<L, 8, ACROSS>(weights, rows, places, from, results, step, chunk > 0),
                            4 => tile::<L, 4, ACROSS>(weights, rows, places, from, results, step, chunk > 0),
                            2 => tile::<L, 2, ACROSS>(weights, rows, places, from, results, step, chunk > 0),
                            _ => tile::<L, 1, ACROSS>(weights, rows, places, from, results, step, chunk > 0),
                        }
                    }
                    packed = packed.add(rows * weights.taps);
                }
            }
        }
    }
}

/// # Safety
/// `R` weights can be read at each multiple of `weight_step`, one for each place; a tile can be read at each place of
/// `source` and written at each of `R` multiples of `step`.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const ACROSS: usize>(
    weights: *const f32,
    weight_step: usize,
    places: &[usize],
    source: *const f32,
    results: *mut f32,
    step: usize,
    add: bool,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[L::zero(); ACROSS]; R];
        let mut weight = weights;
        for &place in places {
            let from = source.add(place);
            let mut values = [L::zero(); ACROSS];
            for v in 0..ACROSS {
                values[v] = L::load(from.add(v * L::COUNT));
            }
            for r in 0..R {
                let w = L::splat(*weight.add(r));
                for v in 0..ACROSS {
                    sums[r][v] = sums[r][v].plus_product(w, values[v]);
                }
            }
            weight = weight.add(weight_step);
        }
        for r in 0..R {
            for v in 0..ACROSS {
                let to = results.add(r * step + v * L::COUNT);
                if add {
                    sums[r][v] = L::load(to).plus_product(L::splat(1.0), sums[r][v]);
                }
                sums[r][v].store(to);
            }
        }
    }
}

/// Blocks of [`R`] rows and `T` taps; those at the end that are not full compute their first stretch again.
///
/// # Safety
/// As asserted by [`sums_of_products`]; the processor has what `L` needs.
#[inline(always)]
unsafe fn products<L: Lanes, const T: usize>(
    pairs: &[(&[f32], &[f32])],
    row_places: &[usize],
    places: &[usize],
    count: usize,
    results: &mut [f32],
) {
    // So short that the stretches of a block of taps stay in the first-level cache for all rows.
    const TOGETHER: usize = 1024;
    for (rows, source) in pairs {
        for start in (0..count).step_by(TOGETHER) {
            let range = start..(start + TOGETHER).min(count);
            for (tap_block, taps) in places.chunks(T).enumerate() {
                let tap_at: [usize; T] = std::array::from_fn(|t| *taps.get(t).unwrap_or(&taps[0]));
                for (row_block, row_places) in row_places.chunks(R).enumerate() {
                    let row_at: [usize; R] = std::array::from_fn(|r| *row_places.get(r).unwrap_or(&row_places[0]));
                    // SAFETY: the range ends at `count` at most, and every place has room for that.
                    let sums: [[f32; R]; T] =
                        unsafe { block::<L, T>(rows.as_ptr(), source.as_ptr(), row_at, tap_at, range.clone()) };
                    for (t, sums) in sums[..taps.len()].iter().enumerate() {
                        for (r, sum) in sums[..row_places.len()].iter().enumerate() {
                            results[(row_block * R + r) * places.len() + tap_block * T + t] += sum;
                        }
                    }
                }
            }
        }
    }
}

/// # Safety
/// `range` is a number of whole vectors and can be read behind each place.
#[inline(always)]
unsafe fn block<L: Lanes, const T: usize>(
    rows: *const f32,
    source: *const f32,
    row_at: [usize; R],
    tap_at: [usize; T],
    range: std::ops::Range<usize>,
) -> [[f32; R]; T] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[L::zero(); R]; T];
        for at in range.step_by(L::COUNT) {
            let mut values = [L::zero(); R];
            for r in 0..R {
                values[r] = L::load(rows.add(row_at[r] + at));
            }
            for t in 0..T {
                let value = L::load(source.add(tap_at[t] + at));
                for r in 0..R {
                    sums[t][r] = sums[t][r].plus_product(values[r], value);
                }
            }
        }
        let mut totals = [[0.0; R]; T];
        for t in 0..T {
            totals[t] = L::totals(sums[t]);
        }
        totals
    }
}

/// Floats side by side. No closures around them: a closure is not compiled for the instruction set of the function that
/// it stands in.
///
/// # Safety
/// All functions need a processor that has the vector; `load` and `store` also room for `COUNT` floats.
trait Lanes: Copy {
    const COUNT: usize;
    unsafe fn zero() -> Self;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// `self + a * b`.
    unsafe fn plus_product(self, a: Self, b: Self) -> Self;
    /// The sums of the lanes of each.
    unsafe fn totals(vectors: [Self; R]) -> [f32; R];
}

impl Lanes for [f32; 8] {
    const COUNT: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        [0.0; 8]
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 8]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + a[lane] * b[lane])
    }
    #[inline(always)]
    unsafe fn totals(vectors: [Self; R]) -> [f32; R] {
        vectors.map(|lanes| lanes.iter().sum())
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for __m256 {
    const COUNT: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's promise; so below.
        unsafe { _mm256_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: as above.
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(to, self) }
    }
    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn totals(vectors: [Self; R]) -> [f32; R] {
        // SAFETY: as above; the array has room for four floats.
        unsafe {
            let mut halves = [_mm_setzero_ps(); R];
            for r in 0..R {
                halves[r] = _mm_add_ps(_mm256_castps256_ps128(vectors[r]), _mm256_extractf128_ps::<1>(vectors[r]));
            }
            let (ab, cd) = (_mm_hadd_ps(halves[0], halves[1]), _mm_hadd_ps(halves[2], halves[3]));
            let mut totals = [0.0; R];
            _mm_storeu_ps(totals.as_mut_ptr(), _mm_hadd_ps(ab, cd));
            totals
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for __m512 {
    const COUNT: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's promise; so below.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_ps(to, self) }
    }
    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn totals(vectors: [Self; R]) -> [f32; R] {
        // SAFETY: as above; what has AVX-512 has AVX.
        unsafe {
            let mut halves = [_mm256_setzero_ps(); R];
            for r in 0..R {
                let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(vectors[r])));
                halves[r] = _mm256_add_ps(_mm512_castps512_ps256(vectors[r]), high);
            }
            <__m256 as Lanes>::totals(halves)
        }
    }
}

#[cfg(test)]
#[path = "tests/stretches.rs"]
mod tests;
