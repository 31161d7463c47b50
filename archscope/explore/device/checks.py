"""The checks of a device that train nothing for long: what it is, arithmetic, counts, times."""

from __future__ import annotations

from archscope.arch.names import parse
from archscope.cost.formula import count
from archscope.errors import plural
from archscope.explore.clock.bench import Extras, bench
from archscope.explore.clock.bench_result import Setting
from archscope.explore.clock.fit import fit_machine
from archscope.explore.device.place import NotPossible, Place, Seen
from archscope.explore.latency.fitted import asked_for

_SMALL = "cifar_resnext11_2x64d@0.125"
# TF32, in which cuDNN computes fp32 convolutions, has 11 significant bits, bf16 has 8.
_NEAR = {"fp32": 0.05, "bf16": 0.3}
COUNTED = ("resnet50", "resnext50_32x4d", "mobilenet_v2", "densenet121", "cifar_resnext29_8x64d")
TIMED = ("resnet20", "cifar_resnext20_8x16d@0.5")
_BATCH = {"cpu": 32, "cuda": 256, "mps": 128}
# Named, as drawing from all families takes longer than measuring; a fit takes 20 at least.
FITTED = (
    *("resnet18", "resnet34", "resnet50", "resnext50_32x4d", "mobilenet_v2", "mobilenet_v3_small"),
    *("mobilenet_v3_large", "efficientnet_b0", "shufflenet_v2_x1_0", "mnasnet1_0", "squeezenet1_1"),
    *("regnet_x_400mf", "regnet_y_400mf", "densenet121", "googlenet", "alexnet", "resnet20"),
    *("resnet56", "cifar_resnext29_8x64d@0.5", "cifar_resnext29_1x64d", "cifar_mobilenet_v2"),
    *("wrn_16_4", "preresnet56", "cifar_densenet121"),
)
_FIT_SECONDS = 20.0


def device(on: Place) -> Seen:
    """The device is there, and multiplies two matrices."""
    from archscope.training.on_device import facts

    found = facts(on.device)
    right = found["product"] == 64.0**3
    name = found.get("name", on.device)
    memory = f", {found['memory'] / 1e9:.0f} GB" if "memory" in found else ""
    said = "computes" if right else "miscomputes a product of two matrices of ones"
    return Seen(right, f"torch {found['torch']}", f"{name}{memory}: it {said}.", found)


def arithmetic(on: Place) -> Seen:
    """A step's logits and gradients are those of float64 on the CPU, in fp32 and bf16."""
    from archscope.training.on_device import disagreement

    found = {each: disagreement(parse(_SMALL), on.device, each) for each in _NEAR}
    worst = {each: max(values.values()) for each, values in found.items()}
    passed = all(worst[each] <= near for each, near in _NEAR.items())
    figure = ", ".join(f"{each} {value:.1e}" for each, value in worst.items())
    bounds = " and ".join(f"{near:g} in {each}" for each, near in _NEAR.items())
    return Seen(
        passed,
        figure,
        "Logits and gradients of a step, how far from float64 on the CPU (relative); "
        f"at most {bounds}.",
        {"of": _SMALL, "relative": found, "at_most": _NEAR},
    )


def counts(on: Place) -> Seen:
    """What fvcore counts in a trace on the device is the closed form's."""
    try:
        from archscope.cost.fvcore import count_with_fvcore
        from archscope.nn.build import build

        found = {}
        for name in COUNTED:
            network = parse(name)
            ours = count(network)
            theirs = count_with_fvcore(build(network).to(on.device), network.input)
            found[name] = {
                "params": [int(ours.params), theirs.params],
                "macs": [int(ours.macs), theirs.macs],
            }
    except ModuleNotFoundError as error:
        raise NotPossible(f"Counts are compared with fvcore's; install {error.name}.") from None
    equal = sum(all(one == other for one, other in pairs.values()) for pairs in found.values())
    return Seen(
        equal == len(found),
        f"{equal} of {len(found)} equal",
        "Parameters and multiply-adds: the closed form against fvcore's trace on the device.",
        {"formula_and_trace": found},
    )


def times(on: Place) -> Seen:
    """Latency and training steps, on the device and on the CPU."""
    batch = _BATCH[on.kind]
    asked = [(on.device, "fp32"), (on.device, "bf16")]
    if on.accelerator:
        asked.append(("cpu", "fp32"))
    found: dict[str, dict[str, float]] = {}
    for where, precision in asked:
        setting = Setting(("latency", "step"), batch, 3, precision=precision, device=where)
        timed = bench(TIMED, setting, extras=Extras(memory=False), note=lambda _: None)
        found[f"{where} {precision}"] = {
            f"{one.network.name} {one.mode}": one.timing.median for one in timed.results
        }
    step = f"{parse(TIMED[-1]).name} step"
    rates = {where: batch / values[step] for where, values in found.items()}
    return Seen(
        all(value > 0 for values in found.values() for value in values.values()),
        ", ".join(f"{where} {rate:,.0f}/s" for where, rate in rates.items()),
        f"Images of training steps of {TIMED[-1]}, batch {batch}, CPU on all processors.",
        {"batch": batch, "seconds": found},
    )


def latency_model(on: Place) -> Seen:
    """The model of `bench --fit`, from few seconds; nothing is kept in the cache."""
    asked = asked_for(None, "fp32", on.device)
    from archscope.cost.workload import measuring

    with measuring(asked.threads):
        networks = [parse(name) for name in FITTED]
        model = fit_machine(asked, limit=_FIT_SECONDS, note=lambda _: None, networks=networks)
    about = model.about
    within = 100 * about["within_10_percent"]
    return Seen(
        model.reach < 10,
        f"{within:.0f} % within 10 %",
        f"Fitted to {plural(len(FITTED), 'network')} in a short time (rounds differ by "
        f"{100 * about['disagreement']:.0f} %); archscope bench --fit measures longer.",
        {**model.document(), "reach": model.reach},
    )
