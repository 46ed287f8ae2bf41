"""Takes turns between Inkcast's engine and its peers; see scripts/bench-peers."""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import shapes

HERE = pathlib.Path(__file__).resolve().parent
# Threads of a peer may look for more work for a while after a run; this is long enough for them to sleep.
PAUSE = 0.03
THREADS = 2


class Contender:
    """A program that runs once for each line it is sent and answers with the milliseconds."""

    def __init__(self, name, command, settings=None):
        self.name, self.times = name, []
        environment = {**os.environ, **(settings or {})}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.kernels = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} stopped; its last words are above")
        return line.strip()

    def run(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.answer())

    def turn(self, warm):
        time.sleep(PAUSE)
        if warm:
            self.run()  # what the others left in the caches is gone after this
        self.times.append(self.run())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def race(contenders, rounds, warm):
    for contender in contenders:
        contender.run()
    for index in range(rounds):
        # Each is first, last and after each other one equally often, so that no order favours anyone.
        for contender in contenders[index % len(contenders) :] + contenders[: index % len(contenders)]:
            contender.turn(warm)
    for contender in contenders:
        contender.close()


def network(size, rounds, options):
    def peer(name, runtime, model, settings=None):
        command = [sys.executable, HERE / "serve.py", runtime, options.out / model, size, str(THREADS)]
        return Contender(name, command, settings)

    def ours(precision):
        program = options.target / "examples" / "engine_times"
        command = [program, "models/inkcast-s", "ink", precision, size, str(THREADS)]
        return Contender(f"Inkcast {precision}", command)

    # oneDNN, which OpenVINO computes with, takes AMX where a processor has it.
    without_amx = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}
    contenders = [
        ours("f32"),
        peer("OpenVINO f32", "openvino", "f32.onnx"),
        peer("ONNX Runtime f32", "onnxruntime", "f32.onnx"),
        ours("int8"),
        peer("OpenVINO int8", "openvino", "int8.onnx"),
        peer("OpenVINO int8, without AMX", "openvino", "int8.onnx", without_amx),
        peer("ONNX Runtime int8", "onnxruntime", "int8-sums.onnx"),
    ]
    race(contenders, rounds, warm=True)
    return contenders


def others(size, rounds, options):
    width, height = map(int, size.split("x"))
    contenders = []
    for name, make in [("Johnson", shapes.johnson), ("AnimeGANv2", shapes.anime_gan)]:
        path = options.out / f"{name}.onnx"
        make(path, width, height)
        for label, runtime in [("OpenVINO", "openvino"), ("ONNX Runtime", "onnxruntime")]:
            command = [sys.executable, HERE / "serve.py", runtime, path, size, str(THREADS)]
            contenders.append(Contender(f"{name}, {label} f32", command))
    race(contenders, rounds, warm=False)
    return contenders


def convert(rounds, options):
    """Seconds and frames a second of whole conversions, programs' start included."""
    clip = options.clip or made_clip(options.out)
    script = [sys.executable, HERE / "convert.py", clip]
    ours = [options.target / "inkcast", "convert", clip, "-o", options.out / "ours.mp4", "--force", "--quiet"]
    ours += ["--threads", str(THREADS)]
    programs = {
        "inkcast convert": ours,
        "OpenCV, ONNX Runtime int8, x264": [*script, options.out / "int8-sums.onnx", options.out / "int8.mp4", str(THREADS)],
        "OpenCV, ONNX Runtime f32, x264": [*script, options.out / "f32.onnx", options.out / "f32.mp4", str(THREADS)],
    }
    times, frames = {name: [] for name in programs}, 0
    for _ in range(rounds):
        for name, command in programs.items():
            start = time.perf_counter()
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            times[name].append(time.perf_counter() - start)
            if name != "inkcast convert":
                frames = int(done.stdout.split()[-1])
    return {"clip": str(clip), "frames": frames, "seconds": times}


def made_clip(out):
    """The clip of assets/ at 1280x720."""
    clip = out / "clip-720p.mp4"
    if not clip.exists():
        pipeline = (
            "filesrc location=assets/people.mp4 ! qtdemux ! h264parse ! avdec_h264 ! videoconvert ! videoscale"
            " ! video/x-raw,width=1280,height=720 ! x264enc pass=qual quantizer=19 ! h264parse ! mp4mux"
            f" ! filesink location={clip}"
        )
        subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True)
    return clip


def spread(times):
    """Half of the times lie within these."""
    quarters = statistics.quantiles(times, n=4) if len(times) > 3 else [min(times), 0, max(times)]
    return quarters[0], quarters[2]


def table(results):
    lines = []
    for size, contenders in results["network"].items():
        base = {"f32": None, "int8": None}
        for contender in contenders:
            if contender["name"].startswith("Inkcast"):
                base[contender["name"].split()[-1]] = statistics.median(contender["ms"])
        lines += [f"**{size}**", "", "| network, 2 threads | median ms | half of the runs | Inkcast takes | kernels |"]
        lines.append("|---|---|---|---|---|")
        for contender in contenders:
            median, (low, high) = statistics.median(contender["ms"]), spread(contender["ms"])
            own = base["int8" if "int8" in contender["name"] else "f32"]
            share = f"{own / median:.2f}x" if own and not contender["name"].startswith("Inkcast") else ""
            name = contender["name"]
            lines.append(f"| {name} | {median:.1f} | {low:.1f} to {high:.1f} | {share} | {contender['kernels']} |")
        lines.append("")
    if "convert" in results:
        whole = results["convert"]
        lines += [f"**A whole conversion**, {whole['frames']} frames of 1280x720" if "clip-720p" in whole["clip"]
                  else f"**A whole conversion**, {whole['frames']} frames"]
        lines += ["", "| program | frames a second | slowest to fastest |", "|---|---|---|"]
        for name, seconds in whole["seconds"].items():
            rate = [whole["frames"] / second for second in seconds]
            lines.append(f"| {name} | {statistics.median(rate):.1f} | {min(rate):.1f} to {max(rate):.1f} |")
        lines.append("")
    return "\n".join(lines)


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(prog="bench-peers")
    parser.add_argument("--target", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="our network only, a few rounds")
    parser.add_argument("--clip", type=pathlib.Path, help="H.264 clip to convert")
    options = parser.parse_args()

    results = {"processor": processor(), "load": os.getloadavg(), "network": {}}

    def add(size, contenders):
        results["network"].setdefault(size, [])
        results["network"][size] += [{"name": c.name, "kernels": c.kernels, "ms": c.times} for c in contenders]

    rounds = 5 if options.quick else 28
    for size in ("640x360", "1280x720", "1920x1080"):
        print(f"{size} ...", file=sys.stderr)
        add(size, network(size, rounds, options))
    if not options.quick:
        print("other networks ...", file=sys.stderr)
        add("1280x720", others("1280x720", 3, options))
        print("whole conversions ...", file=sys.stderr)
        results["convert"] = convert(3, options)
    (options.out / "peers.json").write_text(json.dumps(results, indent=1))
    text = table(results)
    (options.out / "peers.md").write_text(text)
    print(f"{results['processor']}, load {results['load'][0]:.1f} at the start\n\n{text}")


if __name__ == "__main__":
    main()
