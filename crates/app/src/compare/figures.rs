use serde::Serialize;

/// What was measured: means over all frames, or over all pairs of neighbouring frames between which there is no cut. Nothing
/// stands where there was nothing to measure.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Frames of the source that were read.
    pub frames_src: u64,
    /// Frames of the stylised video that were read.
    pub frames_out: u64,
    /// Frames of the video without the temporal term that were read.
    pub frames_pf: Option<u64>,
    /// Cuts in the source.
    pub cuts: u64,
    /// Pairs of frames, besides cuts, for which there was no flow.
    pub pairs_without_flow: u64,
    /// Warping error of the source itself.
    pub e_warp_src: Option<f64>,
    /// Warping error of the stylised video.
    pub e_warp_out: Option<f64>,
    /// Warping error of the video without the temporal term.
    pub e_warp_pf: Option<f64>,
    /// `e_warp_pf` over `e_warp_out`.
    pub gain: Option<f64>,
    /// `e_warp_out` over `e_warp_src`.
    pub ratio_to_src: Option<f64>,
    /// Mean change from frame to frame where the source stands still, in grey levels.
    pub flat_flicker: Option<f64>,
    /// The same without the temporal term.
    pub flat_flicker_pf: Option<f64>,
    /// 95th percentile of the gradient, in grey levels a pixel.
    pub sharp: Option<f64>,
    /// The same without the temporal term.
    pub sharp_pf: Option<f64>,
    /// `sharp` over `sharp_pf`.
    pub sharp_kept: Option<f64>,
    /// Mean difference to the video without the temporal term where something was covered, in grey levels.
    pub ghost: Option<f64>,
    /// Mean difference to the source, in grey levels.
    pub change: Option<f64>,
    /// Share of flat pixels, stylised.
    pub flat_out: Option<f64>,
    /// Share of flat pixels, source.
    pub flat_src: Option<f64>,
    /// Share of dark pixels, stylised.
    pub ink_out: Option<f64>,
    /// Share of dark pixels, source.
    pub ink_src: Option<f64>,
    /// Share of the pixels that the warping error is a mean over.
    pub seen: Option<f64>,
    /// Share of the pixels that stand still.
    pub still: Option<f64>,
}

/// What the figures mean, for the help. Lines are short enough for any terminal.
pub const MEANINGS: &str = "\
  warping error   mean square of the difference between a frame and the one
                  before it, moved along the source's flow, over pixels that both
                  show, RGB in 0..1 (Lai et al., ECCV 2018; which pixels both
                  show: Ruder et al., GCPR 2016)
  flat flicker    mean change from frame to frame where the source neither moves
                  nor changes, in grey levels of 255
  sharpness       95th percentile of luma's gradient (Scharr), grey levels a pixel
  flatness        share of pixels with a range of luma below 2 grey levels in the
                  3x3 pixels around them
  ink             share of pixels with luma below 40 grey levels
  gain            warping error per frame / stylised: what steadiness removes
  ratio           warping error stylised / source
  sharpness kept  sharpness stylised / per frame: 1 means that nothing is blurred
  ghosting        mean difference to the video per frame where pixels had been
                  covered, in grey levels
  change          mean difference to the source, in grey levels
  seen            share of pixels that both frames show, by the flow
  still           share of pixels where the source neither moves nor changes
  cuts            places where luma changes by more than 30 grey levels on average
                  and the histograms correlate by less than 0.8";

impl Figures {
    /// What everyone who reads the figures should know: videos of different lengths, pairs without flow.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut compare = |frames: u64, name: &str| {
            if frames != self.frames_src {
                let least = frames.min(self.frames_src);
                notes.push(format!(
                    "the source has {} frames and {name} has {frames}; only the first {least} are compared",
                    self.frames_src
                ));
            }
        };
        compare(self.frames_out, "the stylised video");
        if let Some(frames) = self.frames_pf {
            compare(frames, "the per-frame video");
        }
        if self.pairs_without_flow > 0 {
            notes.push(format!(
                "no motion was found between {} pairs of frames that are no cuts; they are left out",
                self.pairs_without_flow
            ));
        }
        notes
    }

    /// The figures as an aligned table.
    pub fn table(&self) -> String {
        let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
        let fixed =
            |value: Option<f64>, digits: usize| value.map_or("-".to_string(), |value| format!("{value:.digits$}"));
        let given = |text: String| if self.frames_pf.is_some() { text } else { String::new() };
        let columns = [
            ["".to_string(), "source".to_string(), "stylised".to_string(), given("per frame".to_string())],
            ["frames".to_string(), count(Some(self.frames_src)), count(Some(self.frames_out)), count(self.frames_pf)],
            [
                "warping error".to_string(),
                fixed(self.e_warp_src, 6),
                fixed(self.e_warp_out, 6),
                given(fixed(self.e_warp_pf, 6)),
            ],
            [
                "flat flicker".to_string(),
                String::new(),
                fixed(self.flat_flicker, 3),
                given(fixed(self.flat_flicker_pf, 3)),
            ],
            ["sharpness".to_string(), String::new(), fixed(self.sharp, 2), given(fixed(self.sharp_pf, 2))],
            ["flatness".to_string(), fixed(self.flat_src, 3), fixed(self.flat_out, 3), String::new()],
            ["ink".to_string(), fixed(self.ink_src, 3), fixed(self.ink_out, 3), String::new()],
        ];
        let single = [
            ("gain", given(fixed(self.gain, 3))),
            ("ratio", fixed(self.ratio_to_src, 3)),
            ("sharpness kept", given(fixed(self.sharp_kept, 3))),
            ("ghosting", given(fixed(self.ghost, 2))),
            ("change", fixed(self.change, 2)),
            ("seen", fixed(self.seen, 3)),
            ("still", fixed(self.still, 3)),
            ("cuts", self.cuts.to_string()),
        ];
        let mut table = String::new();
        for [name, source, stylised, per_frame] in columns {
            table += format!("{name:<14}  {source:>10}  {stylised:>10}  {per_frame:>10}").trim_end();
            table.push('\n');
        }
        for (name, value) in single.into_iter().filter(|(_, value)| !value.is_empty()) {
            table += &format!("{name:<14}  {:>10}  {value:>10}\n", "");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_columns_only_for_what_was_given() {
        let alone =
            Figures { frames_src: 12, frames_out: 12, e_warp_out: Some(0.000321), cuts: 2, ..Figures::default() };
        let table = alone.table();
        assert!(table.contains("\nwarping error            -    0.000321\n"), "{table}");
        assert!(!table.contains("per frame") && !table.contains("gain"), "{table}");
        let with = Figures { frames_pf: Some(12), gain: Some(1.5), ..alone };
        assert!(with.table().contains("per frame") && with.table().contains("1.500"), "{}", with.table());
    }

    #[test]
    fn different_lengths_are_noted() {
        let equal = Figures { frames_src: 9, frames_out: 9, frames_pf: Some(9), ..Figures::default() };
        assert!(equal.notes().is_empty());
        let shorter = Figures { frames_out: 7, pairs_without_flow: 3, ..equal };
        let notes = shorter.notes();
        assert_eq!(notes.len(), 2);
        assert!(notes[0].contains("has 9 frames") && notes[0].contains("has 7") && notes[0].contains("first 7"));
    }
}
