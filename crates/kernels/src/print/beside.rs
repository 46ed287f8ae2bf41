use inkcast_frame::{LAYER_ONE, LAYER_STEP};

use super::Printed;
use crate::emit::{CHUNK, Page, PageChunk};

/// What of the source is shown beside the print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// The left half of the page is the source, then comes a white line of so many pixels, then the print.
    Split {
        /// Width of the line.
        divider: usize,
    },
    /// The page is twice as wide as the picture: the source, then the print.
    Source,
}

/// A print, and the source where it is shown beside it.
#[derive(Debug, Clone, Copy)]
pub struct FinishedPage<'a> {
    /// What is printed.
    pub printed: Printed<'a>,
    /// What is shown of the source.
    pub beside: Beside,
}

impl Page for FinishedPage<'_> {
    fn draw(&self, x: usize, y: usize, out: &mut PageChunk) {
        let width = self.printed.source.width();
        match self.beside {
            Beside::Nothing => self.printed.draw(x, y, out),
            Beside::Split { divider } => {
                let middle = width / 2;
                if x + CHUNK > middle {
                    self.printed.draw(x, y, out);
                }
                let line = middle..middle + divider;
                for (out, (x, &source)) in out.iter_mut().zip(self.printed.source.row(y).iter().enumerate().skip(x)) {
                    if x < line.start {
                        *out = source.map(to_layer);
                    } else if line.contains(&x) {
                        *out = [LAYER_ONE; 4];
                    }
                }
            }
            Beside::Source => {
                // The print begins where the source ends, which need not be where a chunk does.
                let source = self.printed.source.row(y).iter().skip(x);
                out.iter_mut().zip(source).for_each(|(out, source)| *out = source.map(to_layer));
                let start = x.max(width);
                let mut at = start - width;
                let mut free = &mut out[(start - x).min(CHUNK)..];
                while !free.is_empty() && at < width {
                    let begin = at / CHUNK * CHUNK;
                    let mut drawn = [[0; 4]; CHUNK];
                    self.printed.draw(begin, y, &mut drawn);
                    let count = free.len().min(begin + CHUNK - at);
                    let (now, later) = free.split_at_mut(count);
                    now.copy_from_slice(&drawn[at - begin..at - begin + count]);
                    (free, at) = (later, at + count);
                }
            }
        }
    }
}

fn to_layer(code: u8) -> i16 {
    i16::from(code) * LAYER_STEP
}
