"""The step of `step_times adversarial` (crates/train/examples) in PyTorch: train_step.py THREADS. Each line on standard
input runs one step; the milliseconds it took and those that processors
worked on it come back as a line on standard output."""

import sys
import time

import torch
from torch import nn
from torch.nn import functional


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.enter = nn.Conv2d(7 * 16, 32, 3, padding=1)
        self.blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(32, 32, 3, padding=1) for _ in range(2)]) for _ in range(4)])
        self.exit = nn.Conv2d(32, 48, 3, padding=1)

    def forward(self, picture):
        x = functional.relu(self.enter(functional.pixel_unshuffle(picture, 4)), inplace=True)
        for first, second in self.blocks:
            x = functional.relu(second(functional.relu(first(x), inplace=True)) + x, inplace=True)
        return functional.pixel_shuffle(self.exit(x), 4) + picture[:, :3]


def discriminator():
    layers = []
    for inputs, outputs in ((3, 64), (64, 128), (128, 256)):
        layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(256, 1, 4, padding=1))


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(1)
    generator, judge = generator_and_judge = Generator(), discriminator()
    optimisers = [torch.optim.AdamW(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in generator_and_judge]
    picture, target = torch.rand(4, 7, 256, 256), torch.rand(4, 3, 256, 256)

    def step():
        drawn = generator(picture)
        judge.requires_grad_(True)
        loss = (judge(target) - 1).square().mean() + judge(drawn.detach()).square().mean()
        optimisers[1].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[1].step()
        judge.requires_grad_(False)
        loss = (judge(drawn) - 1).square().mean() + 10 * (drawn - target).abs().mean()
        optimisers[0].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[0].step()

    print(f"PyTorch {torch.__version__}", flush=True)
    for _ in sys.stdin:
        start, worked = time.perf_counter(), time.process_time()
        step()
        print(f"{(time.perf_counter() - start) * 1e3:.2f} {(time.process_time() - worked) * 1e3:.2f}", flush=True)


if __name__ == "__main__":
    main()
