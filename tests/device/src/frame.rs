use std::marker::PhantomData;

use inkcast_frame::{FrameView, FrameViewMut};

/// A frame as the C++ side sees it: `Frame<Byte>` of `device/frame.cuh`.
#[repr(C)]
pub(crate) struct FrameArgument<'a> {
    planes: [*mut u8; 3],
    strides: [i32; 3],
    width: i32,
    height: i32,
    frame: PhantomData<&'a mut u8>,
}

impl<'a> FrameArgument<'a> {
    /// To be read only, which the other side's `const` makes sure of.
    pub fn read(frame: &'a FrameView<'_>) -> Self {
        let planes = frame.planes().iter().map(|plane| (plane.data.as_ptr().cast_mut(), plane.stride));
        Self::new(planes, (frame.info().width, frame.info().height))
    }

    /// To be written.
    pub fn write(frame: &'a mut FrameViewMut<'_>) -> Self {
        let size = (frame.info().width, frame.info().height);
        Self::new(frame.planes_mut().iter_mut().map(|plane| (plane.data.as_mut_ptr(), plane.stride)), size)
    }

    /// In place of a frame that is not there.
    pub fn none() -> Self {
        Self::new(std::iter::empty(), (0, 0))
    }

    fn new(planes: impl Iterator<Item = (*mut u8, usize)>, (width, height): (usize, usize)) -> Self {
        let length = |length: usize| i32::try_from(length).expect("a side of a frame fits 31 bits");
        let (mut addresses, mut strides) = ([std::ptr::null_mut(); 3], [0; 3]);
        for (index, (address, stride)) in planes.enumerate() {
            (addresses[index], strides[index]) = (address, length(stride));
        }
        let (width, height) = (length(width), length(height));
        FrameArgument { planes: addresses, strides, width, height, frame: PhantomData }
    }
}
