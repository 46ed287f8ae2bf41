#include "motion/passes.cuh"

// The steps of `Step` in `motion/plan.rs`.
enum class Step {
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
};

extern "C" size_t inkcast_motion_size() { return sizeof(Motion); }

// What a kernel's threads do, one after another; `layers` is the number of frames or directions.
extern "C" void inkcast_motion_pass(const Motion *arguments, Step step, int at, int layers) {
    const Motion &motion = *arguments;
    const bool is_always_done = step == Step::Start || step == Step::Copy || step == Step::Compare ||
                                step == Step::Judge || step == Step::Settle;
    if (!is_always_done && motion.is_over()) {
        return;
    }
    const OneThread lanes;
    Alone team;
    const Level &level = motion.levels[step == Step::Expose ? 0 : at];
    for (int layer = 0; layer < layers; layer++) {
        switch (step) {
        case Step::Start:
            pass::start(motion);
            break;
        case Step::Copy:
        case Step::Halve:
            for (int j = 0; j < level.height + 2 * BORDER; j++) {
                for (int i = 0; i < level.stride; i++) {
                    step == Step::Copy ? pass::copy(motion, layer, i, j) : pass::halve(motion, at, layer, i, j);
                }
            }
            break;
        case Step::Compare:
            for (int i = 0; i < motion.pixels; i++) pass::compare(motion, i);
            break;
        case Step::Look: {
            noise::Memory for_noise;
            exposure::Memory for_exposure;
            pass::estimate_noise(team, motion, for_noise);
            pass::guess_exposure(team, motion, for_exposure);
            break;
        }
        case Step::Expose:
            if (!motion.state->change.is_none()) {
                for (size_t i = 0; i < pass::values_before(motion, at); i++) pass::expose(motion, i);
            }
            break;
        case Step::Search:
            for (int i = 0; i < level.columns * level.rows; i++) pass::search(lanes, motion, at, layer, i);
            break;
        case Step::Lead:
            for (int row = 0; row < level.rows; row++) pass::lead(team, lanes, motion, at, layer, row);
            break;
        case Step::Fit: {
            camera::Memory memory;
            pass::fit(team, motion, at, layer, memory);
            break;
        }
        case Step::Densify:
            for (int y = 0; y < level.height; y++) {
                for (int x = 0; x < level.width; x++) pass::densify(motion, at, layer, x, y);
            }
            break;
        case Step::Refine:
            for (int row = 0; row < (level.height + BAND - 1) / BAND; row++) {
                for (int column = 0; column < (level.width + ACROSS - 1) / ACROSS; column++) {
                    pass::refine(team, motion, at, layer, column, row);
                }
            }
            break;
        case Step::Correct: {
            exposure::Memory memory;
            pass::correct(team, motion, at, memory);
            break;
        }
        case Step::Cut:
            pass::find_cut(team, motion, at);
            break;
        case Step::Agree:
            for (int y = 0; y < (motion.height + 1) / 2; y++) {
                for (int x = 0; x < (motion.width + 1) / 2; x++) pass::agree(motion, x, y);
            }
            break;
        case Step::Judge:
            for (int y = 0; y < motion.height; y++) {
                for (int x = 0; x < motion.width; x++) motion.report->confidence += pass::judge(motion, x, y);
            }
            break;
        case Step::Settle:
            pass::settle(motion);
            break;
        }
    }
}
