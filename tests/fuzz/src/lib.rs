//! What the fuzz targets do with their bytes. Each function takes any input whatever; a panic is a finding, which then
//! becomes a unit test beside the code it was found in. `tests/e2e/tests/fuzz.rs` runs the same functions on seeded
//! random inputs with a stable compiler, so that they keep building and nothing shallow slips through.

use inkcast_frame::{
    Colorimetry, Format, FrameInfo, FrameView, FrameViewMut, Matrix, Picture, PlaneMut, PlaneRef, Range,
};
use inkcast_generator::{Origin, Package};
use inkcast_kernels::Level;
use sha2::{Digest, Sha256};

/// Views of any size, stride and length: refused, or every row of them can be read and written and nothing else is.
/// Tells whether the view was accepted.
pub fn frame_view(data: &[u8]) -> bool {
    let mut input = Input(data);
    let info = input.info(Input::any_size);
    let bytes: Vec<u8> = (0..input.number(4096)).map(|index| index as u8).collect();
    // Mostly as many planes as the format has and strides that fit, so that views are accepted often enough to be read.
    let count = if input.number(8) == 0 { input.number(5) } else { info.format.planes() };
    let shapes: Vec<(usize, usize)> = (0..count)
        .map(|plane| {
            let row_bytes = info.format.plane_layout(plane, info.width, info.height).row_bytes;
            let stride =
                if input.number(8) == 0 { input.any_size() } else { row_bytes.saturating_add(input.number(9)) };
            (stride, input.number(bytes.len() + 1))
        })
        .collect();

    let planes = shapes.iter().map(|&(stride, len)| PlaneRef { data: &bytes[..len], stride });
    let Ok(view) = FrameView::new(info, planes) else {
        return false;
    };
    for plane in 0..info.format.planes() {
        let layout = info.format.plane_layout(plane, info.width, info.height);
        for y in 0..layout.rows {
            let row = view.row(plane, y);
            assert_eq!(row.len(), layout.row_bytes);
            assert_eq!(row[0], (y * shapes[plane].0) as u8);
        }
    }

    let mut copies: Vec<Vec<u8>> = shapes.iter().map(|&(_, len)| bytes[..len].to_vec()).collect();
    let planes = copies.iter_mut().zip(&shapes).map(|(data, &(stride, _))| PlaneMut { data: &mut data[..], stride });
    let mut view = FrameViewMut::new(info, planes).expect("the same frame was accepted for reading");
    for plane in 0..shapes.len() {
        let rows = info.format.plane_layout(plane, info.width, info.height).rows;
        (0..rows).for_each(|y| view.row_mut(plane, y).iter_mut().for_each(|byte| *byte = !*byte));
    }
    drop(view);
    for (plane, copy) in copies.iter().enumerate() {
        let layout = info.format.plane_layout(plane, info.width, info.height);
        let stride = shapes[plane].0;
        for (index, (&new, &old)) in copy.iter().zip(&bytes).enumerate() {
            let is_picture = index / stride < layout.rows && index % stride < layout.row_bytes;
            assert_eq!(new, if is_picture { !old } else { old }, "byte {index} of plane {plane}");
        }
    }
    true
}

/// A package of any manifest and weights: opened, or refused with a sentence. The first two bytes are the manifest's
/// length; its checksum is corrected every other time, because no fuzzer would guess one and see the weights read. Tells
/// whether the package was opened.
pub fn model_package(data: &[u8]) -> bool {
    let Some((&[low, high], rest)) = data.split_first_chunk() else {
        return false;
    };
    let (manifest, weights) = rest.split_at(usize::from(u16::from_le_bytes([low, high])).min(rest.len()));
    let mut manifest = String::from_utf8_lossy(manifest).into_owned();
    if weights.len() % 2 == 0 {
        correct_checksum(&mut manifest, weights);
    }
    let opened = Package::from_bytes("fuzzed", &manifest, weights, Origin::Embedded);
    match &opened {
        Ok(package) => {
            let style = package.style("").expect("a manifest without its default style is refused");
            let vector = package.generator().style(&style.name).expect("a style without its vector is refused");
            package.generator().fold(vector).expect("tensors of the wrong shape are refused");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    opened.is_ok()
}

fn correct_checksum(manifest: &mut String, weights: &[u8]) {
    let key = "sha256 = \"";
    if let Some(start) = manifest.find(key).map(|place| place + key.len())
        && let Some(length) = manifest[start..].find('"')
    {
        let checksum: String = Sha256::digest(weights).iter().map(|byte| format!("{byte:02x}")).collect();
        manifest.replace_range(start..start + length, &checksum);
    }
}

/// Frames of any format, colorimetry and content: the picture can be written as any
/// other format without a byte outside, and RGB comes back as it was.
pub fn yuv(data: &[u8]) {
    let mut input = Input(data);
    let small = |input: &mut Input| 1 + input.number(40);
    let (from, to) = (input.info(small), input.info(small));
    let to = FrameInfo { width: from.width, height: from.height, ..to };
    let padding = input.number(9);

    let source = Memory::new(from, padding, || input.byte());
    let mut picture = Picture::default();
    inkcast_kernels::ingest::ingest(Level::detect(), &source.view(), &mut picture);
    assert_eq!(picture.size(), (from.width, from.height));

    let mut output = Memory::new(to, padding, || 0);
    output.emit(&picture, &source);
    let mut back = Memory::new(from, padding, || 0);
    back.emit(&picture, &source);
    if let Some(order) = from.format.byte_order() {
        let (black, white) = if from.colorimetry.range == Range::Full { (0, 255) } else { (16, 235) };
        for y in 0..from.height {
            let (source, back) = (source.view(), back.view());
            for (a, b) in source.row(0, y).chunks(order.pixel).zip(back.row(0, y).chunks(order.pixel)) {
                for offset in [order.r, order.g, order.b] {
                    assert_eq!(a[offset].clamp(black, white), b[offset]);
                }
                if let Some((offset, true)) = order.fourth {
                    assert_eq!(a[offset], b[offset], "alpha");
                }
            }
        }
    }
}

/// Planes whose rows are padded, the padding marked.
struct Memory {
    info: FrameInfo,
    planes: Vec<(Vec<u8>, usize)>,
}

impl Memory {
    const PADDING: u8 = 0x5a;

    fn new(info: FrameInfo, padding: usize, mut byte: impl FnMut() -> u8) -> Self {
        let planes = (0..info.format.planes())
            .map(|plane| {
                let layout = info.format.plane_layout(plane, info.width, info.height);
                let stride = layout.row_bytes + padding;
                let bytes = (0..stride * layout.rows)
                    .map(|index| if index % stride < layout.row_bytes { byte() } else { Self::PADDING })
                    .collect();
                (bytes, stride)
            })
            .collect();
        Memory { info, planes }
    }

    fn view(&self) -> FrameView<'_> {
        let planes = self.planes.iter().map(|(data, stride)| PlaneRef { data, stride: *stride });
        FrameView::new(self.info, planes).expect("planes were made for this frame")
    }

    fn emit(&mut self, picture: &Picture, alpha: &Memory) {
        let planes = self.planes.iter_mut().map(|(data, stride)| PlaneMut { data, stride: *stride });
        let mut view = FrameViewMut::new(self.info, planes).expect("planes were made for this frame");
        inkcast_kernels::emit::emit(Level::detect(), picture, Some(&alpha.view()), &mut view);
        drop(view);
        for (plane, (data, stride)) in self.planes.iter().enumerate() {
            let layout = self.info.format.plane_layout(plane, self.info.width, self.info.height);
            for row in data.chunks(*stride) {
                assert!(row[layout.row_bytes..].iter().all(|&byte| byte == Self::PADDING), "padding was written to");
            }
        }
    }
}

/// Draws numbers from the input; zeros when it is used up.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first
    }

    /// A number below `end`.
    fn number(&mut self, end: usize) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()])) % end
    }

    /// Mostly small, sometimes as large as the type allows.
    fn any_size(&mut self) -> usize {
        let (small, shift) = (self.number(40), u32::from(self.byte()));
        match shift {
            0..240 => small,
            _ => small.rotate_right(shift % 64),
        }
    }

    fn info(&mut self, mut size: impl FnMut(&mut Self) -> usize) -> FrameInfo {
        let format = Format::ALL[self.number(Format::ALL.len())];
        let matrix = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020][self.number(3)];
        let range = [Range::Full, Range::Limited][self.number(2)];
        // Not through `FrameInfo::new`, which refuses a size of zero: the views have to refuse it too.
        let (width, height) = (size(self), size(self));
        FrameInfo { format, width, height, colorimetry: Colorimetry { matrix, range } }
    }
}
