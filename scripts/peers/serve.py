"""Runs an ONNX file once for each line on standard input and answers with the milliseconds:
serve.py onnxruntime|openvino MODEL WIDTHxHEIGHT THREADS. The first line out says which kernels run the convolutions."""

import collections
import sys
import tempfile
import time

import numpy


def onnx_runtime(model, picture, threads):
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    with tempfile.NamedTemporaryFile(suffix=".onnx") as optimised:
        options.optimized_model_filepath = optimised.name
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        kinds = collections.Counter(node.op_type for node in onnx.load(optimised.name).graph.node)
    # The output stays where it is, as with OpenVINO: nothing is copied that need not be.
    binding = session.io_binding()
    binding.bind_cpu_input("rgb", picture)
    binding.bind_output(session.get_outputs()[0].name)
    return lambda: session.run_with_iobinding(binding), {k: n for k, n in kinds.items() if "Conv" in k}


def openvino(model, picture, threads):
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        # Floats as floats: where a processor has bfloat16, OpenVINO would take it unasked.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = openvino.Core()
    network = core.read_model(model)
    # The size is known when the network is made, as it is for ours.
    network.reshape({"rgb": picture.shape})
    compiled = core.compile_model(network, "CPU", settings)
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(picture, shared_memory=True))
    kinds = collections.Counter()
    for op in compiled.get_runtime_model().get_ops():
        info = op.get_rt_info()
        if "layerType" in info and info["layerType"].astype(str) == "Convolution":
            kinds[info["primitiveType"].astype(str)] += 1
    return request.infer, dict(kinds)


def main():
    runtime, model, size, threads = sys.argv[1:]
    width, height = map(int, size.split("x"))
    x, y = numpy.meshgrid(numpy.arange(width), numpy.arange(height))
    planes = [x % 190 + (x > y) * 60, y % 190 + (x > y) * 60, (x + y) % 256]
    picture = numpy.ascontiguousarray(numpy.stack(planes)[None] / 255, dtype=numpy.float32)
    make = {"onnxruntime": onnx_runtime, "openvino": openvino}[runtime]
    run, kernels = make(model, picture, int(threads))
    print(", ".join(f"{count} {kind}" for kind, count in kernels.items()), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(f"{(time.perf_counter() - start) * 1e3:.4f}", flush=True)


if __name__ == "__main__":
    main()
