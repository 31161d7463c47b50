"""What a start of `solve` and of `compare --counter formula` imports: their time is that list.

A module that is missing here makes every start slower: import it where it is needed, or add it. How
long a start takes is measured by `benchmarks/cold_start.py`.
"""

import subprocess
import sys

import pytest

START = """
arch.arrays arch.papers.published arch.papers.published_tables arch.quantities arch.rounded
cli.completion cli.help cli.main cli.options.declared cli.options.networks cli.options.output
cli.output cli.patience cli.plain_values documents errors plain_text reporting.table.column
reporting.table.formats reporting.table.render reporting.table.result reporting.table.table
reporting.table.text short_repr
"""
SOLVE = """
arch.times cli.options.latency cli.options.machine
arch.papers.eq4 cli.commands.design.solve cli.commands.design.solve_block
cli.commands.design.solve_rule cli.options.caps cli.options.solving cli.options.spaces
explore.design.templates.bottleneck reporting.networks.templates
"""
COMPARE = """
arch.families.axis arch.families.blocks arch.families.called arch.families.elsewhere
arch.families.family arch.families.keys arch.families.own arch.families.read_name
arch.families.registry arch.families.residual.choices arch.families.residual.depths
arch.families.residual.resnet arch.families.residual.resnext arch.families.spelling arch.inputs
arch.names arch.network arch.nodes.combinators arch.nodes.leaves arch.nodes.node arch.readings
arch.rebuild arch.scaling arch.shape arch.structure arch.sums arch.times arch.windows
cli.commands.networks.compare cli.commands.networks.difference cli.options.latency
cli.options.machine cost.formula explore.networks.compare explore.networks.confirmed
explore.networks.opened files nn.free_memory reporting.facts.nearest_published
reporting.figure.plot reporting.networks.architectures running
"""
# Of the standard library: neither needs one of these, and each takes as long as ten small modules.
SLOW = {"asyncio", "concurrent.futures", "csv", "hashlib", "html", "multiprocessing", "statistics"}

CODE = """
import sys
import typer
before = set(sys.modules)
from archscope.cli.main import main
sys.argv = ["archscope", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print(*set(sys.modules) - before)
"""


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["solve", "--cardinality", "32"], START + SOLVE),
        (["compare", "resnet50", "resnext50_32x4d", "--counter", "formula"], START + COMPARE),
    ],
)
def test_a_start_imports_what_it_needs_and_no_more(arguments, own):
    run = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=True
    )
    imported = set(run.stdout.splitlines()[-1].split())
    ours = {name.removeprefix("archscope.") for name in imported if "archscope." in name}
    packages = {name[:at] for name in ours for at, sign in enumerate(name) if sign == "."}
    assert ours - packages == set(own.split())
    assert not imported & SLOW
