use std::marker::PhantomData;

/// Luma inside a border of 16 pixels that repeats its edge: the data of `inkcast_kernels::Bordered`.
#[derive(Debug, Clone, Copy)]
pub struct Bordered<'a> {
    data: &'a [f32],
    width: usize,
    height: usize,
}

/// `Bordered<const float>` of `device/bordered.cuh`.
#[repr(C)]
pub(crate) struct BorderedArgument<'a> {
    data: *const f32,
    width: i32,
    height: i32,
    stride: i32,
    plane: PhantomData<&'a f32>,
}

impl<'a> Bordered<'a> {
    const BORDER: usize = 16;

    /// A plane of this size without its border.
    ///
    /// # Panics
    /// If `data` is not as long as rows of a multiple of eight pixels and two borders make it.
    pub fn new(data: &'a [f32], (width, height): (usize, usize)) -> Self {
        let bordered = Bordered { data, width, height };
        assert!(width > 0 && height > 0, "a plane of {width}x{height}");
        assert_eq!(data.len(), bordered.stride() * (height + 2 * Self::BORDER), "values with the border");
        bordered
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(crate) fn argument(&self) -> BorderedArgument<'a> {
        let length = |length: usize| i32::try_from(length).expect("a side of a plane fits 31 bits");
        BorderedArgument {
            data: self.data.as_ptr(),
            width: length(self.width),
            height: length(self.height),
            stride: length(self.stride()),
            plane: PhantomData,
        }
    }

    fn stride(&self) -> usize {
        self.width.next_multiple_of(8) + 2 * Self::BORDER
    }
}
