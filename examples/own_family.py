"""A family of one's own: a plain network in the style of VGG, free in width and depth.

archscope solve --network examples/own_family.py:plainnet --budget 1Mparams
archscope enumerate examples/own_family.py:plainnet_8 --params 500k:2M
archscope compare examples/own_family.py:plainnet_8_32 resnet20
archscope cifar-sweep --preset quick --templates examples/own_family.py:plainnet_8_16,resnet8
"""

from archscope import Act, Axis, Conv, Linear, Names, Norm, Pool, Repeat, Seq, family


@family(
    Names("plainnet[_{depth}[_{width}]]", known=("plainnet_2_32", "plainnet_4_64")),
    Axis("depth", range(1, 17)),
    Axis("width", range(1, 129), channels=True),
    input=(3, 32, 32),
    classes=10,
    channels=1,
)
def plainnet(depth: int, width: int, *, classes: int = 10) -> Seq:
    """Three stages of `depth` 3x3 convolutions, `width` channels wide, then 2 and 4 times that.

    The numbers may be arrays: a `Repeat` has an array of blocks, where a loop would have none.
    """

    def stage(number: int) -> Repeat:
        conv = Conv(width * 2**number, 3, label="conv")
        block = Seq(conv, Norm(label="bn"), Act())
        return Repeat(depth, block, block, label=f"stage{number + 1}")

    pool = Pool("max", 2, 2)
    head = Pool("global"), Linear(classes, label="fc")
    return Seq(stage(0), pool, stage(1), pool, stage(2), *head)


if __name__ == "__main__":
    import archscope

    found = archscope.solve(f"{__file__}:plainnet", "1M params").answers[0].designs[0]
    print(f"plainnet of about 1 M parameters: {found.values}, {found.costs['params']:,} exactly")
