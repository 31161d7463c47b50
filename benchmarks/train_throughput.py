"""Images per second of archscope's training loop against the loop that people write.

    python benchmarks/train_throughput.py              # about 15 minutes on 2 cores
    python benchmarks/train_throughput.py --errors     # the same test error? about 15 minutes more
    python benchmarks/train_throughput.py --limits     # how near to the machine's limits? 5 minutes

The loop that people write: fp32, NCHW, a DataLoader with 2 workers, crop and flip by Pillow an
image at a time, SGD, one process with a thread a core. `loader`: the same without a DataLoader.
Ours, as a sweep runs it: two trials side by side with one thread each; and one with two threads.
Networks: the four of the CIFAR proxy's range. Each measurement is a process of its own that warms
up, then trains for a fixed time; all variants take turns, and medians of the rounds are shown.
Data are random images: the arithmetic is the same for all.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

NETWORKS = (
    "cifar_resnext11_1x64d@0.25",
    "cifar_resnext11_8x16d@0.25",
    "cifar_resnext20_1x64d@0.5",
    "cifar_resnext20_8x16d@0.5",
)
# variant: (loop, processes, threads of each)
VARIANTS = {
    "common": ("common", 1, 2),
    "common, no DataLoader": ("plain", 1, 2),
    "ours, 1 trial on 2 threads": ("ours", 1, 2),
    "ours, 2 trials on 1 thread": ("ours", 2, 1),
}
OURS = "ours, 2 trials on 1 thread"
BATCH, IMAGES = 128, 20_000
SHAPE = 10, (3, 32, 32)  # classes, channels and pixels
WARM_UP, WINDOW = 4.0, 10.0  # seconds
GOAL, LEAST = 4.0, 3.5


class Meter:
    """Counts images between the end of the warm-up and the end of the window."""

    def __init__(self, window: float = WINDOW) -> None:
        self.began, self.window = time.perf_counter(), window
        self.first: tuple[float, int] | None = None
        self.images = 0

    def add(self, images: int) -> bool:
        """Count a batch; whether the window is over."""
        now = time.perf_counter()
        self.images += images
        if self.first is None:
            if now - self.began >= WARM_UP:
                self.first = now, self.images
            return False
        if now - self.first[0] < self.window:
            return False
        self.rate = (self.images - self.first[1]) / (now - self.first[0])
        return True


def ours(name: str, dataset, *, epochs: int = 50, seed: int = 1, meter: Meter | None = None):
    """The loop of a sweep's worker; with a meter it stops at the window's end."""
    from archscope.arch.names import parse
    from archscope.training.devices import inventory
    from archscope.training.job import Job
    from archscope.training.loop import train
    from archscope.training.recipe import recipe

    class Over(Exception):
        pass

    def step(done: int, total: int) -> None:
        del total
        if meter is not None and meter.add(BATCH if done >= BATCH else done):
            raise Over

    precision = "bf16" if inventory().bf16_cpu else "fp32"
    job = Job(parse(name), recipe("proxy", epochs=epochs, lr=0.1), seed, "cpu", precision)
    try:
        return train(job, dataset, on_step=step)
    except Over:
        return None


class Pictures:
    """A map-style data set as tutorials have it: an image at a time, by Pillow."""

    def __init__(self, split, mean, std, border: str) -> None:
        from PIL import Image

        self.images = [Image.fromarray(image.transpose(1, 2, 0)) for image in split.images]
        self.labels = split.labels.tolist()
        self.mean, self.std = mean, std
        # Ours pads the normalised image with zeros, which is the mean colour.
        self.border = tuple(map(round, mean)) if border == "mean" else 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int):
        import numpy as np
        import torch
        from PIL import Image, ImageOps

        image = ImageOps.expand(self.images[index], 4, self.border)
        left, top = (int(n) for n in torch.randint(0, 9, (2,)))
        image = image.crop((left, top, left + 32, top + 32))
        if torch.rand(()) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        pixels = torch.from_numpy(np.asarray(image, dtype=np.float32).transpose(2, 0, 1).copy())
        mean, std = torch.tensor(self.mean)[:, None, None], torch.tensor(self.std)[:, None, None]
        return (pixels - mean) / std, self.labels[index]


def common(
    name: str,
    dataset,
    *,
    epochs: int = 50,
    seed: int = 1,
    workers: int = 2,
    border: str = "mean",
    meter: Meter | None = None,
):
    """The loop that people write; returns the final test error (%) without a meter."""
    import torch
    from torch.utils.data import DataLoader

    from archscope.arch.names import parse
    from archscope.nn.build import build
    from archscope.training.recipe import learning_rate, recipe

    torch.manual_seed(seed)
    model = build(parse(name))
    plan = recipe("proxy", epochs=epochs, lr=0.1)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    pictures = Pictures(dataset.train, dataset.mean, dataset.std, border)
    loader = DataLoader(pictures, batch_size=BATCH, shuffle=True, num_workers=workers)
    for epoch in range(epochs):
        model.train()
        for step, (x, y) in enumerate(loader):
            rate = learning_rate(plan, epoch + (step + 0.5) / len(loader))
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            if meter is not None and meter.add(len(y)):
                return None
    return _test_error(model, dataset)


def _test_error(model, dataset) -> float:
    import torch

    model.eval()
    mean, std = (torch.tensor(v)[:, None, None] for v in (dataset.mean, dataset.std))
    wrong = 0
    with torch.no_grad():
        images, labels = map(torch.from_numpy, (dataset.test.images, dataset.test.labels))
        for x, y in zip(images.split(250), labels.split(250), strict=True):
            wrong += int((model((x - mean) / std).argmax(1) != y).sum())
    return 100 * wrong / len(labels)


def measure(loop: str, name: str, threads: int) -> float:
    """In the process of one measurement: images per second."""
    if loop == "ours":
        from archscope.training.devices import tune_malloc

        tune_malloc()
    import torch

    from archscope.sweep.run.speed import random_dataset

    torch.set_num_threads(threads)
    dataset, meter = random_dataset(*SHAPE, IMAGES), Meter()
    if loop == "ours":
        ours(name, dataset, meter=meter)
    else:
        common(name, dataset, workers=2 if loop == "common" else 0, meter=meter)
    return meter.rate


def run_variant(variant: str, name: str) -> float:
    """Images per second of all processes of a variant together."""
    loop, processes, threads = VARIANTS[variant]
    command = [sys.executable, __file__, "--measure", loop, name, str(threads)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(processes)
    ]
    rates = [json.loads(process.communicate()[0]) for process in running]
    assert all(process.returncode == 0 for process in running)
    return sum(rates)


def throughput(rounds: int, networks: list[str]) -> int:
    """The table of images per second and ratios; 1 where a goal is missed."""
    from pairs import machine

    rates: dict[str, dict[str, list[float]]] = {n: {v: [] for v in VARIANTS} for n in networks}
    for number in range(rounds):
        for name in networks:
            for variant in VARIANTS:
                rates[name][variant].append(run_variant(variant, name))
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    print(f"images per second, medians of {rounds} interleaved rounds; {machine()}")
    ratios = []
    for name in networks:
        print(name)
        for variant, found in rates[name].items():
            ratio = statistics.median(
                mine / base for mine, base in zip(found, rates[name]["common"], strict=True)
            )
            print(f"  {variant:28} {statistics.median(found):8.1f}  {ratio:5.2f}x")
            if variant == OURS:
                ratios.append(ratio)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(
        f"geometric mean of {OURS}: {mean:.2f}x (goal {GOAL}x), least {min(ratios):.2f}x "
        f"(goal {LEAST}x)"
    )
    return int(mean < GOAL or min(ratios) < LEAST)


def limits(networks: list[str]) -> int:
    """How near ours comes to what the machine can do, and where its time goes; one thread."""
    import torch
    from pairs import machine

    from archscope.arch.names import parse
    from archscope.cost.memory import ELEMENT_BYTES
    from archscope.cost.peak import measure_peak
    from archscope.cost.roofline import Load, layers, roofline_seconds
    from archscope.sweep.run.speed import random_dataset
    from archscope.training.devices import inventory, tune_malloc

    tune_malloc()
    torch.set_num_threads(1)
    precision = "bf16" if inventory().bf16_cpu else "fp32"
    peak = measure_peak("cpu", precision)
    print(f"one thread, {precision}; {machine()}")
    print(
        f"peak {peak.flops / 1e9:.0f} GFLOP/s, {peak.bandwidth / 1e9:.1f} GB/s: {peak.method}\n"
        "share of the peak: multiply-adds of convolutions and linear layers, forward and backward;"
        "\nshare of the bandwidth: parameters, inputs and outputs of each layer, moved once a pass;"
        "\nroofline: the time that the layers need at these limits, of the time that was taken"
    )
    dataset = random_dataset(*SHAPE, IMAGES)
    for name in networks:
        meter = Meter()
        ours(name, dataset, meter=meter)
        rows = layers(parse(name), Load(BATCH, ELEMENT_BYTES[precision], training=True))
        step = BATCH / meter.rate
        flops = sum(2 * row.times * row.macs for row in rows)
        moved = sum(row.times * row.moved for row in rows)
        print(
            f"{name}: {meter.rate:.0f} images/s, {flops / step / 1e9:.0f} GFLOP/s "
            f"({flops / step / peak.flops:.0%} of the peak), {moved / step / 1e9:.1f} GB/s "
            f"({moved / step / peak.bandwidth:.0%} of the bandwidth), roofline "
            f"{roofline_seconds(rows, peak) / step:.0%}"
        )
        shares = profile(name, dataset)
        print("  " + ", ".join(f"{what} {share:.0%}" for what, share in shares.items()))
    return 0


# What an operator of torch's profile is to a reader; the first that matches.
PARTS = {
    "convolutions, backward": ("convolution_backward",),
    "convolutions, forward": ("convolution", "conv2d"),
    "batch norm, backward": ("batch_norm_backward",),
    "batch norm, forward": ("batch_norm",),
    "ReLU and sums": ("relu", "threshold_backward", "aten::add", "aten::add_"),
    "conversions and copies": ("copy_", "contiguous"),
    "optimizer": ("sgd", "zero_"),
    "augmentation": ("aten::take", "aten::where", "aten::index", "aten::sub_", "aten::div_"),
}


def profile(name: str, dataset, steps: int = 40) -> dict[str, float]:
    """The share of a loop's time that each kind of operator takes, by torch's profiler."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    class Some(Meter):
        def add(self, images: int) -> bool:
            self.images += 1
            return self.images >= steps

    ours(name, dataset, meter=Some())  # warms up
    with profiler(activities=[ProfilerActivity.CPU]) as found:
        ours(name, dataset, meter=Some())
    times = dict.fromkeys([*PARTS, "everything else"], 0.0)
    for event in found.key_averages():
        matches = (part for part, keys in PARTS.items() if any(key in event.key for key in keys))
        times[next(matches, "everything else")] += event.self_cpu_time_total
    total = sum(times.values())
    return {part: time / total for part, time in times.items()}


def errors(
    name: str, seeds: int, samples: int, epochs: int, border: str, data_dir: str | None
) -> int:
    """Test errors of both loops after equal epochs, with a verdict; CIFAR-10 or built-in data."""
    import torch

    from archscope.data.load import load, prepare
    from archscope.data.view import View
    from archscope.reporting.judge.verdicts import verdicts

    torch.set_num_threads(2)
    info = prepare("cifar10", data_dir=data_dir) if data_dir else prepare("shapes")
    dataset = load(info, View(samples=samples))
    found: dict[str, dict[int, float]] = {"ours": {}, "common": {}}
    for seed in range(1, seeds + 1):
        outcome = ours(name, dataset, epochs=epochs, seed=seed)
        found["ours"][seed] = outcome.metrics["test_error"]
        found["common"][seed] = common(name, dataset, epochs=epochs, seed=seed, border=border)
        print(
            f"{name}, seed {seed}: ours {found['ours'][seed]:.2f} %, "
            f"common {found['common'][seed]:.2f} %",
            file=sys.stderr,
            flush=True,
        )
    (verdict,) = verdicts(found, [("ours", "common")], resolve=2.0)
    print(f"{name}, {samples} images, {epochs} epochs, {seeds} seeds: {verdict.sentence()}")
    return int(verdict.kind == "worse")


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", nargs=3, metavar=("LOOP", "NETWORK", "THREADS"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", help="all four; with --errors the first alone")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--data-dir", help="CIFAR-10 for --errors; without it, built-in data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument(
        "--border",
        choices=("mean", "black"),
        default="mean",
        help="around the crops of the common loop: as in ours, or as many write it",
    )
    given = parser.parse_args()
    if given.measure:
        loop, name, threads = given.measure
        print(json.dumps(measure(loop, name, int(threads))))
        return 0
    networks = given.networks.split(",") if given.networks else list(NETWORKS)
    if given.errors:
        chosen = networks if given.networks else networks[:1]
        asked = given.seeds, given.samples, given.epochs, given.border, given.data_dir
        return max(errors(name, *asked) for name in chosen)
    return limits(networks) if given.limits else throughput(given.rounds, networks)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    raise SystemExit(main())
