//! Patch search.

use inkcast_frame::Plane;

use crate::bordered::{Bordered, BorderedArgument};
use crate::plane::PlaneArgument;

/// `Search` of `search/body.cuh`.
#[repr(C)]
struct SearchArgument<'a> {
    previous: BorderedArgument<'a>,
    current: BorderedArgument<'a>,
    coarser: PlaneArgument<'a, [f32; 2]>,
    /// `a`, `b`, `tx`, `ty`.
    prior: [f32; 4],
    noise: f32,
    reach: i32,
}

unsafe extern "C" {
    fn inkcast_search(
        search: SearchArgument<'_>,
        alone: PlaneArgument<'_, [f32; 4]>,
        next: PlaneArgument<'_, [f32; 4]>,
        doubt: PlaneArgument<'_, f32>,
        changed: PlaneArgument<'_, i32>,
        found: PlaneArgument<'_, [f32; 4]>,
    );
}

/// What `inkcast_kernels::search::search_row` finds in all rows of patches: flow `x` and `y`, error and contrast of each
/// patch into `found`, which has a place for each patch. The prior is `a`, `b`, `tx`, `ty` of the similarity.
pub fn search(
    previous: Bordered<'_>,
    current: Bordered<'_>,
    coarser: Option<&Plane<[f32; 2]>>,
    prior: [f32; 4],
    noise: f32,
    reach: usize,
    found: &mut Plane<[f32; 4]>,
) {
    let (columns, rows) = found.size();
    let patches = |length: usize| length.saturating_sub(8).div_ceil(4) + 1;
    assert_eq!(previous.size(), current.size(), "sizes of the two frames");
    assert_eq!((columns, rows), (patches(current.size().0), patches(current.size().1)), "patches of the frame");
    assert!(coarser.is_none_or(|flow| flow.width() > 0 && flow.height() > 0), "a coarser level with pixels");
    let coarser = coarser.map_or_else(PlaneArgument::none, PlaneArgument::read);
    let (previous, current, reach) = (previous.argument(), current.argument(), reach as i32);
    let (mut alone, mut next) = (Plane::new(columns, rows), Plane::new(columns, rows));
    let (mut doubt, mut changed) = (Plane::new(columns, rows), Plane::new(columns, 2 * rows));
    // SAFETY: patches of the frame lie within its border, and there is a place for each in what is written.
    unsafe {
        inkcast_search(
            SearchArgument { previous, current, coarser, prior, noise, reach },
            PlaneArgument::write(&mut alone),
            PlaneArgument::write(&mut next),
            PlaneArgument::write(&mut doubt),
            PlaneArgument::write(&mut changed),
            PlaneArgument::write(found),
        );
    }
}
