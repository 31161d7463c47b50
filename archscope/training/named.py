"""The recipes of the papers and of the authors' programs, by name, with their sources; no torch.

Learning rates that were published for other batches stand in proportion to 128 images.
"""

from __future__ import annotations

from dataclasses import replace

from archscope.data.batches.augmentation import Augmentation
from archscope.training.parts import AdamW, Recipe, RmsProp, Schedule, Sgd

_SLOWLY = Schedule("exponential", factor=0.97, warmup=5 / 350, every=2.4)
_FOR_BOTH = (
    "regnet",
    "efficientnet",
    "efficientnet-pycls",
    "mnasnet",
    "mobilenet-v2",
    "mobilenet-v3",
    "repvgg",
    "vgg",
    "squeezenet",
    "shufflenet",
    "convnext",
)

RECIPES: dict[str, Recipe] = {
    # Appendix A of the paper; the authors' program drops at epochs 148 and 223.
    "resnext": Recipe("resnext", epochs=300, schedule=Schedule(milestones=(150, 225))),
    "wrn": Recipe(
        "wrn",
        epochs=200,
        schedule=Schedule(milestones=(60, 120, 160), factor=0.2),
        augmentation=Augmentation(padding="reflect"),
    ),
    # Pixels / 255 are the data set's part; dropout 0.4 is the network's (wrn_16_8-drop0.4).
    "wrn-svhn": Recipe(
        "wrn-svhn",
        epochs=160,
        sgd=Sgd(lr=0.01),
        schedule=Schedule(milestones=(80, 120)),
        augmentation=Augmentation.NONE,
    ),
    # Section 4.1; 100 epochs and a drop every 30 as in the authors' program, which varies colour
    # and brightness as well, of which the paper says nothing: not done here.
    "resnext-imagenet": Recipe(
        "resnext-imagenet",
        epochs=100,
        batch=256,
        sgd=Sgd(weight_decay=1e-4),
        schedule=Schedule(milestones=(30, 60, 90)),
        augmentation=Augmentation(pad=0, area=0.08),
    ),
    # RegNet, as its program pycls: 0.8 for batches of 1,024, 5 of the 100 epochs to rise.
    "regnet": Recipe(
        "regnet",
        epochs=100,
        sgd=Sgd(weight_decay=5e-5),
        schedule=Schedule("cosine", warmup=0.05),
    ),
    # The paper, and its program: 0.256 for batches of 4,096, times 0.97 every 2.4 epochs of 350, of
    # which 5 to rise (as EfficientNetV2's paper says). AutoAugment and averaged weights: not done.
    "efficientnet": Recipe(
        "efficientnet",
        epochs=350,
        sgd=None,
        rmsprop=RmsProp(),
        schedule=_SLOWLY,
        label_smoothing=0.1,
        drop_path=0.2,
    ),
    # The schedule by which pycls trains it (0.4 for batches of 256), the rest as its paper has it.
    "efficientnet-pycls": Recipe(
        "efficientnet-pycls",
        epochs=100,
        sgd=Sgd(lr=0.2, weight_decay=1e-5, decay_on="weights"),
        schedule=Schedule("cosine"),
        label_smoothing=0.1,
        drop_path=0.2,
    ),
    # Section 5 of its paper has EfficientNet's numbers, and its program the epochs and the labels.
    "mnasnet": Recipe(
        "mnasnet",
        epochs=350,
        sgd=None,
        rmsprop=RmsProp(),
        schedule=_SLOWLY,
        label_smoothing=0.1,
    ),
    # The authors' program (slim): 0.045 for each 96 images of a batch, times 0.98 every 2.5 epochs,
    # 700,000 batches of 768, 1 under the root. Section 6 of the paper has the drop at each epoch.
    "mobilenet-v2": Recipe(
        "mobilenet-v2",
        epochs=420,
        sgd=None,
        rmsprop=RmsProp(lr=0.06, eps=1.0, weight_decay=4e-5),
        schedule=Schedule("exponential", factor=0.98, every=2.5),
        label_smoothing=0.1,
    ),
    # torchvision's: 0.064 for batches of 1,024. The paper says 0.1 for 4,096, times 0.99 every 3
    # epochs, and not how many; AutoAugment and random erasing are not done here.
    "mobilenet-v3": Recipe(
        "mobilenet-v3",
        epochs=600,
        sgd=None,
        rmsprop=RmsProp(decay_on="all"),
        schedule=Schedule("exponential", factor=0.973, every=2),
    ),
    # The authors' program, with half its rate for half its batches of 256.
    "repvgg": Recipe(
        "repvgg",
        epochs=120,
        sgd=Sgd(lr=0.05, nesterov=False, weight_decay=1e-4, decay_on="weights"),
        schedule=Schedule("cosine"),
    ),
    # torchvision's, for networks without norms: 0.01 for batches of 256, of which their papers say
    # that it fell three times, and not when.
    "vgg": Recipe(
        "vgg",
        epochs=90,
        sgd=Sgd(lr=0.005, nesterov=False, weight_decay=1e-4),
        schedule=Schedule(milestones=(30, 60)),
    ),
    # The authors' solver: 0.04 for batches of 512, in a straight line to zero over 170,000.
    "squeezenet": Recipe(
        "squeezenet",
        epochs=68,
        sgd=Sgd(lr=0.01, nesterov=False, weight_decay=2e-4),
        schedule=Schedule("onecycle"),
    ),
    # Section 4.2 (CIFAR): 64,000 batches of 128, a drop at 32,000 and at 48,000.
    "resnet": Recipe(
        "resnet",
        epochs=164,
        sgd=Sgd(nesterov=False, weight_decay=1e-4),
        schedule=Schedule(milestones=(82, 123)),
    ),
    # torchvision's.
    "resnet-imagenet": Recipe(
        "resnet-imagenet",
        epochs=90,
        batch=256,
        sgd=Sgd(nesterov=False, weight_decay=1e-4),
        schedule=Schedule(milestones=(30, 60)),
        augmentation=Augmentation(pad=0, area=0.08),
    ),
    # The authors' program: 0.5 for batches of 1,024, in a straight line to zero over 240 epochs.
    "shufflenet": Recipe(
        "shufflenet",
        epochs=240,
        sgd=Sgd(lr=0.0625, weight_decay=4e-5, decay_on="weights"),
        schedule=Schedule("onecycle"),
        label_smoothing=0.1,
    ),
    # Section 4.2 (CIFAR).
    "densenet": Recipe(
        "densenet",
        epochs=300,
        batch=64,
        sgd=Sgd(weight_decay=1e-4),
        schedule=Schedule(milestones=(150, 225)),
    ),
    # Table 5: 4e-3 for batches of 4,096, 20 of 300 epochs to rise; the drop path is that of the
    # smallest. Its Mixup, CutMix, RandAugment, random erasing and averaged weights: not done here.
    "convnext": Recipe(
        "convnext",
        epochs=300,
        sgd=None,
        adamw=AdamW(lr=1.25e-4),
        schedule=Schedule("cosine", warmup=20 / 300),
        label_smoothing=0.1,
        drop_path=0.1,
    ),
    # Peak chosen on CIFAR-10 (JPEG): resnext11_1x64d@0.125, 20,000 images, 10 epochs, one seed:
    # final test error 38.8 % at 0.1, 35.5 % at 0.3, 35.8 % at 0.6.
    "proxy": Recipe("proxy", epochs=10, sgd=Sgd(lr=0.3), schedule=Schedule("onecycle", warmup=0.2)),
}
# What these published is for ImageNet: for 32x32 images it is their crops that differ.
RECIPES |= {
    f"{name}-imagenet": replace(
        RECIPES[name], name=f"{name}-imagenet", augmentation=Augmentation(pad=0, area=0.08)
    )
    for name in _FOR_BOTH
}
