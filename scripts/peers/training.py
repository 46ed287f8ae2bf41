"""Takes turns between a step of training here and the same in PyTorch and stock Candle; see scripts/bench-training."""

import argparse
import pathlib
import statistics
import sys

from bench import HERE, Contender, processor, race, spread


class Step(Contender):
    """Answers with the milliseconds a step took and those that processors worked on it."""

    def __init__(self, name, command):
        self.worked = []
        super().__init__(name, command)

    def run(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        took, worked = map(float, self.answer().split())
        self.last = worked
        return took

    def turn(self, warm):
        super().turn(warm)
        self.worked.append(self.last)


def main():
    parser = argparse.ArgumentParser(prog="bench-training")
    parser.add_argument("--target", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--python", help=argparse.SUPPRESS)
    parser.add_argument("--threads", default="1,2", help="numbers of threads, one table each")
    parser.add_argument("--rounds", type=int, default=15, help="steps of each")
    options = parser.parse_args()
    program = options.target / "examples" / "step_times"
    lines = []
    for threads in options.threads.split(","):
        print(f"{threads} threads ...", file=sys.stderr)
        adversarial = [
            Step("adversarial, own", [program, "adversarial", "own", threads]),
            Step("adversarial, stock Candle", [program, "adversarial", "candle", threads]),
        ]
        if options.python:
            peer = [options.python, HERE / "train_step.py", threads]
            adversarial.insert(1, Step("adversarial, PyTorch", peer))
        default = [
            Step("default model, own", [program, "default", "own", threads]),
            Step("default model, stock Candle", [program, "default", "candle", threads]),
        ]
        lines.append(f"| step, {threads} threads | median ms | half of the runs | processor ms | own takes |")
        lines.append("|---|---|---|---|---|")
        for contenders in (adversarial, default):
            race(contenders, options.rounds, warm=False)
            own = statistics.median(contenders[0].worked)
            for contender in contenders:
                median, (low, high) = statistics.median(contender.times), spread(contender.times)
                worked = statistics.median(contender.worked)
                share = "" if contender is contenders[0] else f"{own / worked:.2f}x"
                lines.append(f"| {contender.name} | {median:.0f} | {low:.0f} to {high:.0f} | {worked:.0f} | {share} |")
        lines.append("")
    print(processor() + "\n\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
