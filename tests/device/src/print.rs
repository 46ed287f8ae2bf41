//! Printing.

use inkcast_frame::{Layers, Picture, Plane};

use crate::plane::PlaneArgument;

/// `Press` of `print/body.cuh`: how colour is printed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[allow(missing_docs)]
pub struct Press {
    pub kind: i32,
    pub paper: [f32; 3],
    pub contrast: f32,
}

/// `PageHow` of `print/body.cuh`: weights, and what is shown of the source.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[allow(missing_docs)]
pub struct PageHow {
    pub ink: f32,
    pub strength: i32,
    pub as_drawn: i32,
    pub beside: i32,
    pub divider: i32,
}

unsafe extern "C" {
    fn inkcast_turn_rows(steps: *const [f32; 4], shift: *const [f64; 2], rows: PlaneArgument<'_, [f32; 4]>);
    fn inkcast_page(
        press: *const Press,
        columns: PlaneArgument<'_, [f32; 4]>,
        rows: PlaneArgument<'_, [f32; 4]>,
        how: *const PageHow,
        source: PlaneArgument<'_, [u8; 4]>,
        layers: PlaneArgument<'_, [i16; 4]>,
        page: PlaneArgument<'_, [i16; 4]>,
    );
    fn inkcast_followed(shift: f64, camera: f32, block: f64) -> f64;
}

/// The rows of screens, a column for each, by their steps to the right and down.
pub fn turn_rows(steps: &[[f32; 4]], shift: [f64; 2], rows: &mut Plane<[f32; 4]>) {
    assert_eq!(steps.len(), rows.width(), "a column for each screen");
    // SAFETY: the function reads as many steps as there are columns, and writes the plane.
    unsafe { inkcast_turn_rows(steps.as_ptr(), &shift, PlaneArgument::write(rows)) }
}

/// Draws a page, with the tables of the press: a row of `columns` and a column of `rows` for each screen.
pub fn page(
    press: &Press,
    columns: &Plane<[f32; 4]>,
    rows: &Plane<[f32; 4]>,
    how: &PageHow,
    source: &Picture,
    layers: &Layers,
    page: &mut Layers,
) {
    let (width, height) = layers.size();
    let screens = [0, 3, 1][press.kind as usize];
    assert!(screens == 0 || (columns.size(), rows.size()) == ((width, screens), (screens, height)), "tables");
    let page_width = if how.beside == 2 { 2 * width } else { width };
    assert_eq!((source.size(), page.size()), ((width, height), (page_width, height)), "sizes of the page");
    // SAFETY: the function reads inside of planes of these sizes and writes the page.
    unsafe {
        inkcast_page(
            press,
            PlaneArgument::read(columns),
            PlaneArgument::read(rows),
            how,
            PlaneArgument::read(source),
            PlaneArgument::read(layers),
            PlaneArgument::write(page),
        );
    }
}

/// How far dots are moved after the camera did.
pub fn followed(shift: f64, camera: f32, block: f64) -> f64 {
    // SAFETY: numbers alone.
    unsafe { inkcast_followed(shift, camera, block) }
}
