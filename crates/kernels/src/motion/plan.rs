use super::{Addresses, Arguments, LevelArguments, MOST_LEVELS};
use crate::Bordered;
use crate::refine::{ACROSS, BAND, TALL, WIDE};
use crate::search::patches_along;

/// The smallest side of the coarsest level in pixels.
const COARSEST: usize = 20;
/// The level at which the two frames are made equally bright, and the one at which a cut is looked for then.
const EXPOSED: usize = 3;
const CUT: usize = 2;
/// Levels, from the finest, whose flow is refined.
const REFINED: usize = 2;

/// Floats in a match of a patch, a flow, and what passes leave for later ones (`Match`, `Flow`, `State`).
const MATCH: usize = 4;
const FLOW: usize = 2;
const STATE: usize = 10;
/// Floats that a tile is refined in (`TileMemory`).
const TILE: usize = 12 * TALL * WIDE;
/// What lies in the memory starts at multiples of this many floats.
const ALIGNED: usize = 64;

/// Threads of a block that works on one thing together, and of one that searches patches with eight threads for each.
const TOGETHER: u32 = 256;
const SEARCHING: u32 = 128;
/// Threads of a block that refines a tile.
const REFINING: u32 = 512;

/// What a pass does, in the words of `passes.cuh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Step {
    Start,
    Copy,
    Compare,
    Halve,
    Look,
    Expose,
    Search,
    Lead,
    Fit,
    Densify,
    Refine,
    Correct,
    Cut,
    Agree,
    Judge,
    Settle,
}

/// A pass: what every thread of a grid does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// What is done.
    pub step: Step,
    /// On which level; for [`Step::Expose`] on those finer than this one.
    pub level: usize,
    /// Blocks along each side of the grid; the last is the number of frames or directions.
    pub blocks: [u32; 3],
    /// Threads of a block.
    pub threads: [u32; 3],
}

/// Everything that the size of the frames decides.
#[derive(Debug, Clone)]
pub struct Plan {
    size: (usize, usize),
    pixels: usize,
    passes: Vec<Pass>,
    levels: Vec<Level>,
    agreement: usize,
    state: usize,
    scratch: [Scratch; 2],
    words: usize,
    exposed: usize,
    coarse: usize,
    half: usize,
}

/// A size of the frames, and where in the memory things of that size begin.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    width: usize,
    height: usize,
    frames: [usize; 2],
    matches: [usize; 2],
    flow: [usize; 2],
    difference: [usize; 2],
}

/// Where working memory of a direction begins.
#[derive(Debug, Clone, Copy)]
struct Scratch {
    alone: usize,
    next: usize,
    doubt: usize,
    changed: usize,
    rough: usize,
    tiles: usize,
}

impl Level {
    fn stride(&self) -> usize {
        Bordered::stride_of(self.width)
    }

    fn rows(&self) -> usize {
        self.height + 2 * Bordered::BORDER
    }

    fn patches(&self) -> (usize, usize) {
        (patches_along(self.width), patches_along(self.height))
    }
}

impl Plan {
    /// For frames whose luma has this size, of at least one pixel, and whose pictures have `pixels` pixels, 0 if they are
    /// not compared.
    pub fn new(width: usize, height: usize, pixels: usize) -> Self {
        assert!(width > 0 && height > 0, "motion of frames without a pixel");
        let mut levels = vec![Level { width, height, ..Level::default() }];
        while levels.len() < MOST_LEVELS && width.min(height) >> levels.len() >= COARSEST {
            let Level { width, height, .. } = levels[levels.len() - 1];
            levels.push(Level { width: width.div_ceil(2), height: height.div_ceil(2), ..Level::default() });
        }
        let exposed = EXPOSED.min(levels.len() - 1);
        let coarse = CUT.min(exposed.saturating_sub(1));
        let half = 1.min(coarse);

        let mut words = 0;
        let mut take = |count: usize| {
            let start = words;
            words += count.next_multiple_of(ALIGNED);
            start
        };
        // The levels of a frame one after another, so that the finer ones are one stretch of memory.
        for which in 0..2 {
            for level in &mut levels {
                level.frames[which] = take(level.stride() * level.rows());
            }
        }
        for level in &mut levels {
            let ((columns, rows), pixels) = (level.patches(), level.width * level.height);
            for direction in 0..2 {
                level.matches[direction] = take(MATCH * columns * rows);
                level.flow[direction] = take(FLOW * pixels);
                level.difference[direction] = take(pixels);
            }
        }
        let (columns, rows) = levels[0].patches();
        let patches = columns * rows;
        let scratch = [(); 2].map(|()| Scratch {
            alone: take(MATCH * patches),
            next: take(MATCH * patches),
            doubt: take(patches),
            changed: take(2 * patches),
            rough: take(FLOW * width * height),
            tiles: take(TILE * width.div_ceil(ACROSS) * height.div_ceil(BAND)),
        });
        let agreement = take(width.div_ceil(2) * height.div_ceil(2));
        let state = take(STATE);
        let (size, passes) = ((width, height), Vec::new());
        let mut plan = Plan { size, pixels, passes, levels, agreement, state, scratch, words, exposed, coarse, half };
        plan.passes = plan.sequence();
        plan
    }

    /// `(width, height)` of luma.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Floats of working memory.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Pixels of the pictures.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// The passes in their order, which are the same for every frame.
    pub fn passes(&self) -> &[Pass] {
        &self.passes
    }

    fn sequence(&self) -> Vec<Pass> {
        let Plan { pixels, exposed, coarse, half, .. } = *self;
        let top = self.levels.len() - 1;
        let mut passes = vec![self.pass(Step::Start, 0, [1, 1, 1], [1, 1, 1])];
        passes.push(self.bordered(Step::Copy, 0));
        if pixels > 0 {
            passes.push(self.line(Step::Compare, 0, pixels));
        }
        passes.extend((1..=top).map(|level| self.bordered(Step::Halve, level)));
        passes.push(self.pass(Step::Look, 0, [2, 1, 1], [TOGETHER, 1, 1]));
        passes.push(self.expose(top + 1));
        passes.extend((exposed..=top).rev().flat_map(|level| self.search(level, 2)));
        if exposed > coarse {
            passes.extend((coarse..exposed).rev().flat_map(|level| self.search(level, 2)));
            passes.push(self.pass(Step::Correct, coarse, [1, 1, 1], [TOGETHER, 1, 1]));
            if coarse > 0 {
                passes.push(self.expose(coarse));
            }
        }
        passes.push(self.pass(Step::Cut, coarse, [1, 1, 1], [TOGETHER, 1, 1]));
        passes.extend((half..coarse).rev().flat_map(|level| self.search(level, 2)));
        if coarse > 0 {
            passes.extend(self.search(0, 1));
        }
        let (width, height) = self.size;
        passes.push(self.area(Step::Agree, 0, (width.div_ceil(2), height.div_ceil(2)), 1));
        passes.push(self.area(Step::Judge, 0, self.size, 1));
        passes.push(self.pass(Step::Settle, 0, [1, 1, 1], [1, 1, 1]));
        passes
    }

    /// Searches a level in one direction or in both.
    fn search(&self, level: usize, directions: u32) -> Vec<Pass> {
        let Level { width, height, .. } = self.levels[level];
        let (columns, rows) = self.levels[level].patches();
        let blocks = (8 * columns * rows).div_ceil(SEARCHING as usize) as u32;
        let mut passes = vec![
            self.pass(Step::Search, level, [blocks, 1, directions], [SEARCHING, 1, 1]),
            self.pass(Step::Lead, level, [rows as u32, 1, directions], [TOGETHER, 1, 1]),
            self.pass(Step::Fit, level, [1, 1, directions], [TOGETHER, 1, 1]),
            self.area(Step::Densify, level, (width, height), directions),
        ];
        if level < REFINED {
            let blocks = [width.div_ceil(ACROSS) as u32, height.div_ceil(BAND) as u32, directions];
            passes.push(self.pass(Step::Refine, level, blocks, [REFINING, 1, 1]));
        }
        passes
    }

    fn expose(&self, end: usize) -> Pass {
        let last = &self.levels[end - 1];
        let values = last.frames[0] + last.stride() * last.rows() - self.levels[0].frames[0];
        self.line(Step::Expose, end, values)
    }

    /// A thread for each value of both frames with their borders.
    fn bordered(&self, step: Step, level: usize) -> Pass {
        self.area(step, level, (self.levels[level].stride(), self.levels[level].rows()), 2)
    }

    fn line(&self, step: Step, level: usize, values: usize) -> Pass {
        self.pass(step, level, [values.div_ceil(TOGETHER as usize) as u32, 1, 1], [TOGETHER, 1, 1])
    }

    fn area(&self, step: Step, level: usize, (width, height): (usize, usize), layers: u32) -> Pass {
        self.pass(step, level, [width.div_ceil(32) as u32, height.div_ceil(8) as u32, layers], [32, 8, 1])
    }

    fn pass(&self, step: Step, level: usize, blocks: [u32; 3], threads: [u32; 3]) -> Pass {
        Pass { step, level, blocks, threads }
    }

    /// What the passes get. `least_confidence` is the mean confidence below which frames count as different scenes.
    pub fn arguments(&self, addresses: &Addresses, least_confidence: f32) -> Arguments {
        let number = |value: usize| i32::try_from(value).expect("sizes of frames fit 31 bits");
        let place = |word: usize| addresses.memory + 4 * word as u64;
        let scratch = |of: fn(&Scratch) -> usize| self.scratch.each_ref().map(|scratch| place(of(scratch)));
        let mut levels = [LevelArguments::default(); MOST_LEVELS];
        for (to, level) in levels.iter_mut().zip(&self.levels) {
            let (columns, rows) = level.patches();
            *to = LevelArguments {
                width: number(level.width),
                height: number(level.height),
                stride: number(level.stride()),
                columns: number(columns),
                rows: number(rows),
                unused: 0,
                frames: level.frames.map(place),
                matches: level.matches.map(place),
                flow: level.flow.map(place),
                difference: level.difference.map(place),
            };
        }
        // The finest flow is the result.
        levels[0].flow[0] = addresses.flow;
        Arguments {
            report: addresses.report,
            state: place(self.state),
            verdict: addresses.verdict,
            camera: addresses.camera,
            luma: addresses.luma,
            pictures: addresses.pictures,
            is_first: addresses.is_first,
            flow: addresses.flow,
            confidence: addresses.confidence,
            agreement: place(self.agreement),
            alone: scratch(|scratch| scratch.alone),
            next: scratch(|scratch| scratch.next),
            doubt: scratch(|scratch| scratch.doubt),
            changed: scratch(|scratch| scratch.changed),
            rough: scratch(|scratch| scratch.rough),
            tiles: scratch(|scratch| scratch.tiles),
            width: number(self.size.0),
            height: number(self.size.1),
            pixels: number(self.pixels),
            count: number(self.levels.len()),
            exposed: number(self.exposed),
            coarse: number(self.coarse),
            half: number(self.half),
            least_confidence,
            levels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_640_by_360() {
        let plan = Plan::new(640, 360, 0);
        let sizes: Vec<_> = plan.levels.iter().map(|level| (level.width, level.height)).collect();
        assert_eq!(sizes, [(640, 360), (320, 180), (160, 90), (80, 45), (40, 23)]);
        let passes = plan.passes();
        let places =
            |step| passes.iter().filter(move |pass| pass.step == step).map(|pass| (pass.level, pass.blocks[2]));
        assert!(places(Step::Search).eq([(4, 2), (3, 2), (2, 2), (1, 2), (0, 1)]));
        assert!(places(Step::Expose).eq([(5, 1), (2, 1)]) && places(Step::Cut).eq([(2, 1)]));
        assert_eq!((passes.len(), Plan::new(640, 360, 1920 * 1080).passes().len()), (36, 37));
    }

    #[test]
    fn grids_cover_what_they_work_on() {
        for (width, height) in [(1, 1), (3, 200), (41, 19), (80, 45), (129, 77), (640, 361)] {
            let plan = Plan::new(width, height, 4 * width * height);
            for pass in plan.passes() {
                let level = &plan.levels[pass.level.min(plan.levels.len() - 1)];
                let [x, y] = [0, 1].map(|i| (pass.blocks[i] * pass.threads[i]) as usize);
                let (columns, rows) = level.patches();
                let is_covered = match pass.step {
                    Step::Copy | Step::Halve => x >= level.stride() && y >= level.rows(),
                    Step::Compare => x >= 4 * width * height,
                    Step::Expose => x >= plan.levels[..pass.level].iter().map(|l| l.stride() * l.rows()).sum(),
                    Step::Search => x >= 8 * columns * rows,
                    Step::Refine => x / 512 * ACROSS >= level.width && y * BAND >= level.height,
                    Step::Lead => pass.blocks[0] as usize == rows,
                    Step::Densify | Step::Judge => x >= level.width && y >= level.height,
                    Step::Agree => x >= width.div_ceil(2) && y >= height.div_ceil(2),
                    Step::Start | Step::Settle => x == 1,
                    Step::Look | Step::Fit | Step::Correct | Step::Cut => pass.threads[0] == TOGETHER,
                };
                assert!(is_covered, "{width}x{height}: {pass:?}");
            }
        }
    }

    #[test]
    fn nothing_in_the_memory_lies_on_something_else() {
        let plan = Plan::new(129, 77, 0);
        let mut stretches = vec![(plan.state, STATE), (plan.agreement, 65 * 39)];
        for level in &plan.levels {
            let ((columns, rows), pixels) = (level.patches(), level.width * level.height);
            for i in 0..2 {
                stretches.push((level.frames[i], level.stride() * level.rows()));
                stretches.push((level.matches[i], MATCH * columns * rows));
                stretches.push((level.flow[i], FLOW * pixels));
                stretches.push((level.difference[i], pixels));
            }
        }
        let (columns, rows) = plan.levels[0].patches();
        for scratch in &plan.scratch {
            stretches.extend([scratch.alone, scratch.next].map(|start| (start, MATCH * columns * rows)));
            stretches.extend([(scratch.doubt, columns * rows), (scratch.changed, 2 * columns * rows)]);
            stretches.extend([(scratch.rough, FLOW * 129 * 77), (scratch.tiles, TILE * 2 * 3)]);
        }
        stretches.sort();
        assert!(stretches.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "{stretches:?}");
        let (last, length) = stretches[stretches.len() - 1];
        assert!(last + length <= plan.words());
    }
}
