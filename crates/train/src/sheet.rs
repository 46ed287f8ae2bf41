//! Contact sheets: what a network makes of held-out pictures beside what it should.

use anyhow::Result;
use image::RgbImage;
use inkcast_generator::Generator;

use crate::config::Style;
use crate::data::Example;
use crate::looks::print_preview;
use crate::pictures;
use crate::validate::{Cut, compose, run};

/// One row an example: the source, then for each style the look and what the network makes. With `print`, layers are
/// printed simply, otherwise composed as colour under ink.
pub fn rows(
    generator: &Generator,
    styles: &[Style],
    examples: &[Example],
    largest: usize,
    print: bool,
) -> Result<Vec<Vec<RgbImage>>> {
    examples
        .iter()
        .map(|example| {
            let cut = Cut::new(example, largest);
            let source = cut.source(example);
            let mut row = vec![pictures::from_rgb(&source)];
            for style in styles {
                for layers in [cut.layers(example, style.look), run(generator, &style.name, &source)?] {
                    let shown = if print { print_preview(&layers, style.look) } else { compose(&layers) };
                    row.push(pictures::from_rgb(&shown));
                }
            }
            Ok(row)
        })
        .collect()
}
