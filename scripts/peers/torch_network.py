"""Runs an exported network on a CUDA device with other runtimes, for scripts/gpu:
  torch_network.py network MODEL.onnx WIDTHxHEIGHT...    PyTorch eager, compiled and in bf16, ONNX Runtime, TensorRT
  torch_network.py ceilings                              what the device copies and multiplies at best
The last line out is JSON; times are medians on the device, in milliseconds, the picture already there."""

import json
import statistics
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

ROUNDS = 100


class Network(nn.Module):
    """The graph of an ONNX file, node by node. Weights are parameters, so that the module can change its numbers."""

    def __init__(self, path):
        import onnx
        from onnx import numpy_helper

        super().__init__()
        graph = onnx.load(path).graph
        self.constants = {}
        for index, tensor in enumerate(graph.initializer):
            name = f"constant{index}"
            self.constants[tensor.name] = name
            self.register_buffer(name, torch.from_numpy(numpy_helper.to_array(tensor).copy()))
        self.steps = [
            (node.op_type, tuple(node.input), node.output[0], {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute})
            for node in graph.node
        ]
        self.result = graph.output[0].name

    def forward(self, rgb):
        values = {"rgb": rgb}
        get = lambda name: values[name] if name in values else getattr(self, self.constants[name])
        for kind, inputs, output, attributes in self.steps:
            x = get(inputs[0])
            if kind == "Conv":
                pads = attributes.get("pads", [0, 0, 0, 0])
                if pads[0] != pads[2] or pads[1] != pads[3]:
                    x, pads = functional.pad(x, (pads[1], pads[3], pads[0], pads[2])), [0, 0, 0, 0]
                bias = get(inputs[2]) if len(inputs) > 2 else None
                x = functional.conv2d(x, get(inputs[1]), bias, attributes.get("strides", [1, 1]), pads[:2])
            elif kind == "Relu":
                x = functional.relu(x)
            elif kind == "Add":
                x = x + get(inputs[1])
            elif kind == "SpaceToDepth":
                # ONNX puts the place in the block before the channel, PyTorch behind it.
                n, c, h, w = x.shape
                b = attributes["blocksize"]
                x = x.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)
            elif kind == "DepthToSpace" and attributes.get("mode") == b"CRD":
                x = functional.pixel_shuffle(x, attributes["blocksize"])
            else:
                raise ValueError(f"the exported network has a node {kind} {attributes}, which this script does not know")
            values[output] = x
        return values[self.result]

    def operations(self, rgb):
        """Multiplications and additions of all convolutions."""
        total, original = 0, functional.conv2d

        def counted(x, weight, *rest):
            nonlocal total
            result = original(x, weight, *rest)
            total += 2 * result.numel() * weight[0].numel()
            return result

        functional.conv2d = counted
        try:
            self(rgb)
        finally:
            functional.conv2d = original
        return total


def milliseconds(work):
    """Median time of `work` on the device."""
    for _ in range(10):
        work()
    times = []
    for _ in range(ROUNDS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return round(statistics.median(times), 4)


def network(path, sizes):
    results = {"device": torch.cuda.get_device_name(), "torch": torch.__version__}
    torch.backends.cudnn.benchmark = True
    for size in sizes:
        width, height = map(int, size.split("x"))
        rgb = torch.rand(1, 3, height, width, device="cuda")
        row = results[size] = {}
        with torch.inference_mode():
            module = Network(path).cuda().eval()
            row["operations"] = module.operations(rgb)
            exact = module(rgb)
            half = rgb.bfloat16().contiguous(memory_format=torch.channels_last)
            cases = {
                "eager f32": (module, rgb),
                "compiled f32": (torch.compile(module), rgb),
            }
            small = Network(path).cuda().eval().bfloat16().to(memory_format=torch.channels_last)
            cases["eager bf16 channels-last"] = (small, half)
            cases["compiled bf16 channels-last"] = (torch.compile(small, mode="max-autotune"), half)
            for name, (run, picture) in cases.items():
                try:
                    apart = (run(picture).float() - exact).abs().max().item()
                    row[name] = {"ms": milliseconds(lambda: run(picture)), "apart": apart}
                except Exception as error:  # one peer that fails does not end the others
                    row[name] = {"failed": str(error)[-300:]}
            torch._dynamo.reset()
        for name, make in (("onnxruntime", onnx_runtime), ("tensorrt", tensor_rt)):
            try:
                row[name] = {"ms": milliseconds(make(path, rgb))}
            except Exception as error:
                row[name] = {"failed": f"{type(error).__name__}: {str(error)[-300:]}"}
    return results


def onnx_runtime(path, rgb):
    """The session's own run, input and output on the device."""
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise RuntimeError("this ONNX Runtime has no CUDA")
    session = onnxruntime.InferenceSession(str(path), providers=["CUDAExecutionProvider"])
    n, _, height, width = rgb.shape
    layers = torch.empty(n, 4, height, width, device="cuda")
    binding = session.io_binding()
    binding.bind_input("rgb", "cuda", 0, numpy.float32, tuple(rgb.shape), rgb.data_ptr())
    binding.bind_output(session.get_outputs()[0].name, "cuda", 0, numpy.float32, tuple(layers.shape), layers.data_ptr())
    return lambda: session.run_with_iobinding(binding)


def tensor_rt(path, rgb):
    """An engine in half precision for this one size."""
    import tensorrt

    logger = tensorrt.Logger(tensorrt.Logger.ERROR)
    builder = tensorrt.Builder(logger)
    definition = builder.create_network(0)
    parser = tensorrt.OnnxParser(definition, logger)
    if not parser.parse_from_file(str(path)):
        raise RuntimeError(str(parser.get_error(0)))
    config, profile = builder.create_builder_config(), builder.create_optimization_profile()
    profile.set_shape("rgb", *[tuple(rgb.shape)] * 3)
    config.add_optimization_profile(profile)
    if hasattr(tensorrt.BuilderFlag, "FP16"):
        config.set_flag(tensorrt.BuilderFlag.FP16)
    engine = tensorrt.Runtime(logger).deserialize_cuda_engine(builder.build_serialized_network(definition, config))
    context = engine.create_execution_context()
    n, _, height, width = rgb.shape
    layers = torch.empty(n, 4, height, width, device="cuda")
    context.set_input_shape("rgb", tuple(rgb.shape))
    context.set_tensor_address("rgb", rgb.data_ptr())
    context.set_tensor_address(engine.get_tensor_name(engine.num_io_tensors - 1), layers.data_ptr())
    return lambda: context.execute_async_v3(torch.cuda.current_stream().cuda_stream)


def ceilings():
    """Copies count the bytes read and those written; products are of random numbers, zeros would run faster."""
    block = torch.empty(1 << 30, dtype=torch.float32, device="cuda")
    half = block.numel() // 2
    copied = milliseconds(lambda: block[:half].copy_(block[half:]))
    one, other = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    multiplied = milliseconds(lambda: one @ other)
    host = torch.empty(256 << 20, dtype=torch.uint8).pin_memory()
    place = torch.empty_like(host, device="cuda")
    up = milliseconds(lambda: place.copy_(host, non_blocking=True))
    down = milliseconds(lambda: host.copy_(place, non_blocking=True))
    return {
        "device": torch.cuda.get_device_name(),
        "copy_bytes_per_second": 2 * 4 * half / copied * 1e3,
        "bf16_operations_per_second": 2 * 8192**3 / multiplied * 1e3,
        "upload_bytes_per_second": host.numel() / up * 1e3,
        "download_bytes_per_second": host.numel() / down * 1e3,
    }


def main():
    kind, *arguments = sys.argv[1:]
    print(json.dumps(ceilings() if kind == "ceilings" else network(arguments[0], arguments[1:])))


main()
