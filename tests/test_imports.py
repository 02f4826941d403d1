"""Imports point one way, from a room to the rooms below it, and form no circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From top to bottom, as docs/design.md draws them. A module may import from its own room and from
# lower lines; rooms of one line do not know each other.
ROOMS = [
    ["espnet_kd.bin"],
    ["espnet_kd.report"],
    ["espnet_kd.inference"],
    ["espnet_kd.scoring", "espnet_kd.export"],
    ["espnet_kd.streaming"],
    ["espnet_kd.tasks"],
    ["espnet_kd.tasks.checks"],
    ["espnet_kd.registry"],
    ["espnet_kd.enh"],
    ["espnet_kd.enh.separator"],
    ["espnet_kd.enh.layers"],
    ["espnet_kd.enh.fast"],
    ["espnet_kd.distill"],
    ["espnet_kd.corpora.own", "espnet_kd.corpora.mini_chime4"],
    ["espnet_kd.corpora.references"],
    ["espnet_kd.corpora.chime4"],
    ["espnet_kd.corpora.wsj"],
    ["espnet_kd.data", "espnet_kd.jobs"],
    ["espnet_kd"],
]
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}


def modules() -> dict[str, ast.Module]:
    """Syntax tree of every module, by its dotted name."""
    files = [*ROOT.glob("espnet_kd/**/*.py"), *ROOT.glob("benchmarks/*.py")]
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): ast.parse(file.read_text())
        for file in files
    }


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """Modules of this project that one imports, also within its functions."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name in MODULES)


def room(module: str) -> str:
    """The room a module is in: its folder, or the nearest one above that has a level."""
    package = module.rpartition(".")[0]
    if module in LEVEL:
        return module
    return package if package in LEVEL else room(package)


def end(name: str) -> str:
    """What follows the name of a module or a folder on the page."""
    return ".py" if name in MODULES else "/"


def turned(module: str, imported: str) -> bool:
    """Whether an import points upwards, or to another room of the same line."""
    here, there = room(module), room(imported)
    return here != there and LEVEL[there] <= LEVEL[here]


def test_every_room_exists():
    assert {room(name) for name in MODULES if name.startswith("espnet_kd.")} == LEVEL.keys()


def test_the_design_page_lists_the_rooms_from_top_to_bottom():
    page = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    table = page[page.index("| room of `espnet_kd/`") :]
    places = [
        table.find("`" + name.replace("espnet_kd.", "").replace(".", "/") + end(name) + "`")
        for rooms in ROOMS
        for name in rooms
        if name != "espnet_kd"
    ]
    assert -1 not in places
    assert places == sorted(places)


def test_imports_point_downwards():
    wrong = [
        f"{module} imports {imported}"
        for module in MODULES
        if module.startswith("espnet_kd.")
        for imported in imports(module)
        if turned(module, imported)
    ]
    assert wrong == []


def test_no_circle():
    graph = {module: set(imports(module)) - {module} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("espnet_kd.distill.base", "espnet_kd.enh.kd_model"),
        ("espnet_kd.enh.fast.products", "espnet_kd.enh.layers.masks"),
        ("espnet_kd.tasks.checks.chunks", "espnet_kd.tasks.build"),
        ("espnet_kd.scoring.wer", "espnet_kd.report.markdown"),
        ("espnet_kd.scoring.wer", "espnet_kd.export.stock"),
        ("espnet_kd.errors", "espnet_kd.data.audio"),
    ],
)
def test_a_turned_arrow_is_noticed(module, imported):
    assert module in MODULES and imported in MODULES
    assert turned(module, imported)
    assert not turned(imported, module) or LEVEL[room(module)] == LEVEL[room(imported)]


@pytest.mark.parametrize("package", ["espnet_kd.distill", "espnet_kd.enh.layers"])
def test_layers_and_losses_need_no_trainer(package):
    """So that they can be used without ESPnet's trainer and tasks."""
    for module, tree in MODULES.items():
        if module.startswith(f"{package}."):
            names = [
                getattr(node, "module", None) or alias.name
                for node in ast.walk(tree)
                if isinstance(node, (ast.Import, ast.ImportFrom))
                for alias in node.names
            ]
            assert not [n for n in names if n.startswith(("espnet2.tasks", "espnet2.train"))]
