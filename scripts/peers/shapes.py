"""Networks that one would use for the same purpose instead, in their sizes, with random weights: times do not depend on
what the weights are. Written from the descriptions of the networks; both normalise over the whole picture."""

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Adds nodes; every method returns the name of the value it makes."""

    def __init__(self, width, height):
        self.nodes, self.constants = [], []
        self.random = numpy.random.default_rng(1)
        self.size = {"rgb": (3, height, width)}

    def node(self, op, inputs, shape, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        self.size[name] = shape
        return name

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def conv(self, x, outputs, kernel, stride=1, groups=1):
        channels, height, width = self.size[x]
        pad = kernel // 2
        if pad:
            pads = self.constant(numpy.array([0, 0, pad, pad, 0, 0, pad, pad], numpy.int64))
            x = self.node("Pad", [x, pads], (channels, height + 2 * pad, width + 2 * pad), mode="reflect")
        shape = (outputs, channels // groups, kernel, kernel)
        deviation = (2 / (shape[1] * kernel * kernel)) ** 0.5
        weight = self.constant(self.random.normal(0, deviation, shape).astype(numpy.float32))
        size = (outputs, -(-height // stride), -(-width // stride))
        return self.node("Conv", [x, weight], size, kernel_shape=[kernel] * 2, strides=[stride] * 2, group=groups)

    def instance_norm(self, x):
        channels = self.size[x][0]
        ones, zeros = numpy.ones(channels, numpy.float32), numpy.zeros(channels, numpy.float32)
        inputs = [x, self.constant(ones), self.constant(zeros)]
        return self.node("InstanceNormalization", inputs, self.size[x])

    def layer_norm(self, x):
        """Over all channels at once, then a scale and a shift for each."""
        channels, height, width = self.size[x]
        flat = self.constant(numpy.array([1, 1, channels * height * width], numpy.int64))
        whole = self.constant(numpy.array([1, channels, height, width], numpy.int64))
        one, zero = self.constant(numpy.ones(1, numpy.float32)), self.constant(numpy.zeros(1, numpy.float32))
        y = self.node("Reshape", [x, flat], (1, 1, 1))
        y = self.node("InstanceNormalization", [y, one, zero], (1, 1, 1))
        y = self.node("Reshape", [y, whole], self.size[x])
        scale = self.constant(self.random.uniform(0.5, 1.5, (1, channels, 1, 1)).astype(numpy.float32))
        shift = self.constant(self.random.uniform(-0.5, 0.5, (1, channels, 1, 1)).astype(numpy.float32))
        return self.node("Add", [self.node("Mul", [y, scale], self.size[x]), shift], self.size[x])

    def relu(self, x):
        return self.node("Relu", [x], self.size[x])

    def leaky(self, x):
        return self.node("LeakyRelu", [x], self.size[x], alpha=0.2)

    def add(self, a, b):
        return self.node("Add", [a, b], self.size[a])

    def up(self, x, mode, **attributes):
        channels, height, width = self.size[x]
        scales = self.constant(numpy.array([1, 1, 2, 2], numpy.float32))
        return self.node("Resize", [x, "", scales], (channels, 2 * height, 2 * width), mode=mode, **attributes)

    def save(self, path, output):
        def value(name):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *self.size[name]])

        graph = helper.make_graph(self.nodes, "peer", [value("rgb")], [value(output)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def johnson(path, width, height):
    """Johnson, Alahi and Li 2016, "Perceptual losses for real-time style transfer", with instance norm (Ulyanov et al.
    2016) and up-sampling before convolutions, as fast-neural-style programs have it."""
    g = Graph(width, height)
    x = "rgb"
    for outputs, kernel, stride in [(32, 9, 1), (64, 3, 2), (128, 3, 2)]:
        x = g.relu(g.instance_norm(g.conv(x, outputs, kernel, stride)))
    for _ in range(5):
        y = g.relu(g.instance_norm(g.conv(x, 128, 3)))
        x = g.add(x, g.instance_norm(g.conv(y, 128, 3)))
    for outputs in (64, 32):
        x = g.up(x, "nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")
        x = g.relu(g.instance_norm(g.conv(x, outputs, 3)))
    g.save(path, g.conv(x, 3, 9))


def anime_gan(path, width, height):
    """AnimeGANv2 (Chen et al. 2020; the generator that the second version was published with)."""
    g = Graph(width, height)

    def layer(x, outputs, kernel=3, stride=1, groups=1):
        return g.leaky(g.layer_norm(g.conv(x, outputs, kernel, stride, groups)))

    def inverted(x, outputs):
        inner = 2 * g.size[x][0]
        y = layer(layer(x, inner, 1), inner, 3, groups=inner)
        y = g.layer_norm(g.conv(y, outputs, 1))
        return g.add(x, y) if g.size[x] == g.size[y] else y

    x = layer(layer(layer("rgb", 32, 7), 64, stride=2), 64)
    x = layer(layer(x, 128, stride=2), 128)
    x = layer(x, 128)
    for _ in range(4):
        x = inverted(x, 256)
    x = layer(x, 128)
    linear = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    x = layer(layer(g.up(x, **linear), 128), 128)
    x = layer(layer(layer(g.up(x, **linear), 64), 64), 32, 7)
    y = g.conv(x, 3, 1)
    g.save(path, g.node("Tanh", [y], g.size[y]))
