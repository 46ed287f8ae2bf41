use std::marker::PhantomData;

use inkcast_frame::Plane;

/// A plane as the C++ side sees it: `Plane<T>` of `device/language.cuh`.
#[repr(C)]
pub(crate) struct PlaneArgument<'a, T> {
    data: *mut T,
    width: i32,
    height: i32,
    plane: PhantomData<&'a mut T>,
}

impl<'a, T: Copy + Default> PlaneArgument<'a, T> {
    /// To be read only, which the other side's `const` makes sure of.
    pub fn read(plane: &'a Plane<T>) -> Self {
        Self::new(plane.data().as_ptr().cast_mut(), plane.size())
    }

    /// To be written.
    pub fn write(plane: &'a mut Plane<T>) -> Self {
        Self::new(plane.data_mut().as_mut_ptr(), plane.size())
    }

    /// No plane, where the other side takes a null pointer as such.
    pub fn none() -> Self {
        PlaneArgument { data: std::ptr::null_mut(), width: 0, height: 0, plane: PhantomData }
    }

    fn new(data: *mut T, (width, height): (usize, usize)) -> Self {
        let length = |length: usize| i32::try_from(length).expect("a side of a plane fits 31 bits");
        PlaneArgument { data, width: length(width), height: length(height), plane: PhantomData }
    }
}
