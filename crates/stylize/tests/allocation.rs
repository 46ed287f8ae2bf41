//! Frames are processed in memory that was taken at the first ones.

use std::alloc::System;

use inkcast_frame::{FrameInfo, OwnedFrame};
use inkcast_generator::Package;
use inkcast_kit::motion::{Motion, Scene};
use inkcast_stylize::{Compute, Settings, Stylizer, WorkingSize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Frames that are counted.
const FRAMES: usize = 40;

// One test, so that nothing else allocates beside it.
#[test]
fn no_memory_is_taken_for_a_frame() {
    let scene = Scene::new(4, Motion::Shift(1.5, -0.5), 330, 190);
    let frames: Vec<OwnedFrame> = (0..4 + FRAMES)
        .map(|index| {
            let picture = scene.picture(index);
            let bytes = picture.data().iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
            OwnedFrame::from_planes(FrameInfo::new(inkcast_frame::Format::Rgb, 330, 190).unwrap(), vec![bytes]).unwrap()
        })
        .collect();
    let half = WorkingSize::Within { width: 165, height: 95 };
    for (style, working_size) in [("ink", WorkingSize::Full), ("halftone", WorkingSize::Full), ("ink", half)] {
        let settings = Settings { style: style.to_string(), working_size, steadiness: 1.0, ..Settings::default() };
        let compute = Compute { threads: 2, ..Compute::default() };
        let mut stylizer = Stylizer::new(Package::embedded().unwrap(), compute).unwrap();
        let mut comic = OwnedFrame::new(*frames[0].info());
        let mut draw = |source: &OwnedFrame, comic: &mut OwnedFrame| {
            stylizer.process(&source.view(), &mut comic.view_mut(), &settings).unwrap()
        };
        for source in &frames[..4] {
            draw(source, &mut comic);
        }
        let region = Region::new(ALLOCATOR);
        for source in &frames[4..] {
            let report = draw(source, &mut comic);
            assert!(!report.scene_cut && !report.repeated, "this frame would be no fair one");
        }
        let taken = region.change();
        // The thread pool's queue of jobs grows by a block every few dozen of them.
        let most = FRAMES / 4;
        assert!(
            taken.allocations <= most && taken.bytes_allocated < 64 * 1024,
            "{style}, {working_size}: {} allocations, {} bytes in {FRAMES} frames",
            taken.allocations,
            taken.bytes_allocated
        );
    }
}
