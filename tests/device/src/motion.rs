//! The passes of motion estimation, one after another as the plan says.

use inkcast_frame::{Picture, Plane};
use inkcast_kernels::motion::{Addresses, Arguments, MotionReport, Plan};

unsafe extern "C" {
    fn inkcast_motion_size() -> usize;
    fn inkcast_motion_pass(arguments: *const Arguments, step: i32, level: i32, layers: i32);
}

/// What was found.
#[derive(Debug)]
pub struct Estimated {
    /// From the new frame to the previous one.
    pub flow: Plane<[f32; 2]>,
    /// Trust in it.
    pub confidence: Plane,
    /// A word of `inkcast_kernels::device::Verdict`.
    pub verdict: u32,
    /// What most of the picture does in its middle.
    pub camera: [f32; 2],
    /// The rest.
    pub report: MotionReport,
}

/// Motion from luma `current` to luma `previous`, and whether the pictures, if there are any, differ. `is_first`: there is
/// no previous frame. A mean confidence below `least_confidence` counts as a scene cut.
pub fn estimate(
    previous: &Plane,
    current: &Plane,
    pictures: Option<[&Picture; 2]>,
    is_first: bool,
    least_confidence: f32,
) -> Estimated {
    let (width, height) = current.size();
    assert_eq!(previous.size(), (width, height), "sizes of the two frames");
    let pixels = pictures.map_or([0; 2], |both| both.map(|picture| picture.data().len()));
    assert_eq!(pixels[0], pixels[1], "sizes of the two pictures");
    let plan = Plan::new(width, height, pixels[0]);
    // Nothing that a pass reads before another wrote it may seem right.
    let mut memory = vec![f32::NAN; plan.words()];
    let (mut flow, mut confidence) = (Plane::new(width, height), Plane::new(width, height));
    let mut report = MotionReport { scene_cut: 7, luma_differs: 7, picture_differs: 7, ..MotionReport::default() };
    let (mut verdict, mut camera) = (7u32, [f32::NAN; 2]);
    let is_first = u32::from(is_first);
    let addresses = Addresses {
        memory: memory.as_mut_ptr() as u64,
        report: &raw mut report as u64,
        verdict: &raw mut verdict as u64,
        camera: camera.as_mut_ptr() as u64,
        luma: [previous, current].map(|luma| luma.data().as_ptr() as u64),
        pictures: pictures.map_or([0; 2], |both| both.map(|picture| picture.data().as_ptr() as u64)),
        is_first: &raw const is_first as u64,
        flow: flow.data_mut().as_mut_ptr() as u64,
        confidence: confidence.data_mut().as_mut_ptr() as u64,
    };
    let arguments = plan.arguments(&addresses, least_confidence);
    // SAFETY: it only says how large a structure is.
    assert_eq!(unsafe { inkcast_motion_size() }, size_of::<Arguments>(), "the structure of the C++ side");
    for pass in plan.passes() {
        // SAFETY: the addresses are those of memory of the sizes that the plan asks for, which lives on and is used by
        // nobody else until the last pass is done.
        unsafe { inkcast_motion_pass(&arguments, pass.step as i32, pass.level as i32, pass.blocks[2] as i32) };
    }
    Estimated { flow, confidence, verdict, camera, report }
}
