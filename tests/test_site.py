"""The pages of the site that are made, not written; the site itself is built by `make docs`."""

import re
import shlex

import pytest
import typer
from family_pages import family_page
from reference_pages import reference_pages

import archscope
from archscope.arch.families.registry import families
from archscope.arch.papers.published import published_errors
from archscope.cli import app


def test_every_public_name_stands_once_in_the_reference():
    text = "\n".join(text for _, text in reference_pages().values())
    assert sorted(re.findall(r"^::: archscope\.(\w+)$", text, re.M)) == archscope.__all__


@pytest.mark.parametrize("one", families(), ids=lambda one: one.name)
def test_every_family_has_a_page(one):
    page = family_page(one)
    assert page.startswith(f"# {one.name}\n") and one.form in page
    assert all(f"| `{axis.word}` |" in page for axis in one.axes)
    members = page.partition("## Named members")[2].partition("## Commands")[0]
    listed = re.findall(r"^\| `(\S+)` \|(.*)$", members, re.M)
    assert [name for name, _ in listed] == list(one.names.known)
    for name, costs in listed:
        network = archscope.network(name)
        assert f"| {archscope.count(network).params:,} |" in costs
        assert all(str(entry.error) in costs for entry in published_errors(network))
    group = typer.main.get_command(app)
    for line in re.findall(r"^archscope (.+)$", page, re.M):
        command, *words = shlex.split(line)
        group.commands[command].make_context(command, words)
