"""Made patients for programmes: fundus-like photographs with disc, vessels and lesions, clinical facts with gaps, and
packages that answer from colours. Two eyes of one patient, and facts about it, exist in no public data at hand."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from vesale.core.model import Card
from vesale.core.recipe import Augment, Look, Net, Recipe, Train, Validate
from vesale.core.task import Category, Output, Partition, Quantity, Task
from vesale.engine.opened import write_model
from vesale.trust.state import OutputTrust, Trust

SHAPE = (120, 150)
RADIUS = 56.0
DISC = 7.0
"""Radius, in samples."""
COLOURS = {
    "background": (0.72, 0.42, 0.35),
    "disc": (1.0, 0.9, 0.55),
    "vessel": (0.6, 0.28, 0.3),
    "MA": (0.7, 0.05, 0.35),
    "HE": (0.45, 0.05, 0.05),
    "EX": (1.0, 1.0, 1.0),
}
Array = NDArray[Any]


@dataclass(frozen=True)
class Eye:
    """What is drawn."""

    side: str = "right"
    microaneurysms: int = 0
    haemorrhages: int = 0
    exudates: int = 0
    exudates_away: float = 3.5
    """Disc diameters from the fovea."""
    dark: bool = False
    """Too dark to be graded."""
    centred: bool = False
    """The disc lies in the middle of the field."""
    blur: float = 0.0
    """Samples over which the disc's margin is spread."""


def disc_at(eye: Eye) -> tuple[float, float]:
    away = 0.0 if eye.centred else 2.3 * DISC
    return SHAPE[0] / 2, SHAPE[1] / 2 + (away if eye.side == "right" else -away)


def fovea_at(eye: Eye) -> tuple[float, float]:
    row, column = disc_at(eye)
    sign = -1 if eye.side == "right" else 1
    return row + 5.0 * DISC * np.sin(np.deg2rad(7)), column + sign * 5.0 * DISC * np.cos(np.deg2rad(7))


def photograph(eye: Eye, rng: np.random.Generator) -> Array:
    """(y, x, 3) uint8."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    field = np.hypot(y - SHAPE[0] / 2, x - SHAPE[1] / 2) <= RADIUS
    picture = np.zeros((*SHAPE, 3))
    picture[field] = COLOURS["background"]
    row, column = disc_at(eye)
    for slope in rng.uniform(-1.6, 1.6, int(rng.integers(4, 9))):  # nobody has the vessels of another
        power = rng.uniform(0.75, 1.05)
        bend = np.abs(y - row - slope * np.sign(column - x) * np.abs(column - x) ** power) < rng.uniform(0.5, 1.1)
        picture[bend & field] = COLOURS["vessel"]
    turn, tilt = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.12)
    uneven = 1 + tilt * (np.cos(turn) * (x - column) + np.sin(turn) * (y - row)) / RADIUS
    picture *= np.clip(uneven, 0.85, 1.12)[..., None]
    away = np.hypot(y - row, x - column)
    amount = (away <= DISC).astype(float) if eye.blur == 0 else np.clip((DISC + eye.blur / 2 - away) / eye.blur, 0, 1)
    amount = (amount * field)[..., None]
    picture = picture * (1 - amount) + np.array(COLOURS["disc"]) * amount
    taken: list[tuple[float, float]] = []
    for name, count, radius in (("MA", eye.microaneurysms, 1.0), ("HE", eye.haemorrhages, 3.0)):
        for _ in range(count):
            at = _free(rng, taken, (row, column))
            picture[np.hypot(y - at[0], x - at[1]) <= radius] = COLOURS[name]
    middle = fovea_at(eye)
    for i in range(eye.exudates):
        turn = 2.4 + 0.9 * i
        at = (
            middle[0] + 2 * DISC * eye.exudates_away * np.sin(turn),
            middle[1] + 2 * DISC * eye.exudates_away * np.cos(turn),
        )
        picture[np.hypot(y - at[0], x - at[1]) <= 2.0] = COLOURS["EX"]
    picture = picture * (0.25 if eye.dark else 1.0) * (1 + 0.01 * rng.normal(size=(*SHAPE, 1)))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _free(rng: np.random.Generator, taken: list[tuple[float, float]], disc: tuple[float, float]) -> tuple[float, float]:
    """A place within the field, off the disc, where nothing lies yet."""
    while True:
        radius, turn = RADIUS * 0.8 * np.sqrt(rng.random()), 2 * np.pi * rng.random()
        at = (SHAPE[0] / 2 + radius * np.sin(turn), SHAPE[1] / 2 + radius * np.cos(turn))
        if all(np.hypot(at[0] - r, at[1] - c) > 9 for r, c in [*taken, disc]):
            taken.append(at)
            return at


def eye_of(grade: int, side: str, rng: np.random.Generator) -> Eye:
    """An eye that a reader would give that grade, as far as counts go."""
    low, high = ((0, 0), (1, 3), (4, 8), (6, 10), (8, 12))[grade]
    bleeds = (0, 0, 1, 4, 7)[grade]
    exudates = 3 if grade >= 2 and rng.random() < 0.4 else 0
    away = 0.5 if rng.random() < 0.5 else 2.2
    count = int(rng.integers(low, high + 1))
    return Eye(side, count, bleeds, exudates, away)


@dataclass(frozen=True)
class Made:
    """A cohort of patients: its folder and, by subject, whether it is referable."""

    folder: Path
    referable: Mapping[str, bool]


def patients(folder: Path, rng: np.random.Generator, n: int, ill: float = 0.3, prefix: str = "p") -> Made:
    """labels.csv with both eyes of `n` patients: grade, edema, age, sex, site, and facts with gaps (hba1c)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, truth = [], {}
    for i in range(n):
        subject, bad = f"{prefix}{i:03d}", bool(rng.random() < ill)
        worst = int(rng.integers(2, 5)) if bad else int(rng.integers(0, 2))
        first = bool(rng.random() < 0.5)
        grades = {"right": worst if first else min(worst, 1), "left": min(worst, 1) if first else worst}
        facts = {
            "age": int(np.clip(rng.normal(62 if bad else 52, 9), 20, 90)),
            "sex": "FM"[int(rng.integers(2))],
            "site": "AB"[int(rng.integers(2))],
            "diabetes_years": int(np.clip(rng.normal(15 if bad else 7, 4), 0, 50)),
            "hba1c": "" if rng.random() < 0.4 else f"{np.clip(rng.normal(8.6 if bad else 7.0, 0.8), 5, 14):.1f}",
        }
        truth[subject] = False
        for side, grade in grades.items():
            eye = eye_of(grade, side, rng)
            name = f"{subject}-{side}.png"
            Pillow.fromarray(photograph(eye, rng)).save(folder / name)
            edema = 0 if eye.exudates == 0 else 2 if eye.exudates_away < 1 else 1
            truth[subject] |= grade >= 2 or edema >= 1
            cells = {"exam": name[:-4], "subject": subject, "image": name, "laterality": side}
            rows.append({**cells, "grade": grade, "edema": edema, **facts})
    write_table(folder, rows)
    return Made(folder, truth)


def write_table(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path = folder / "labels.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


# Packages that answer from colours ------------------------------------------------------------------------------------

LESIONS = ("MA", "HE", "EX", "SE")


def packages(folder: Path) -> Path:
    """fundus-quality, optic-disc, retinal-lesions and retinopathy-grade, as the programme names them."""
    made: dict[str, tuple[dict[str, Output], list[Any], dict[str, int]]] = {
        "fundus-quality": ({"label": Category(("Bad", "Good"))}, _quality(), {"label": 2}),
        "optic-disc": ({"disc": Partition(("OD",), exclusive=False)}, _disc(), {"disc": 4}),
        "retinal-lesions": ({"lesions": Partition(LESIONS, exclusive=False)}, _lesions(), {"lesions": 4}),
        "retinopathy-grade": (
            {
                "grade": Quantity(steps=("0", "1", "2", "3", "4"), action=2),
                "edema": Quantity(steps=("0", "1", "2"), action=1),
            },
            _grade(),
            {"grade": 2, "edema": 2},
        ),
    }
    for name, (outputs, nodes, ranks) in made.items():
        write_package(folder / name, Task(name, outputs), nodes, ranks)
    return folder


def write_package(folder: Path, task: Task, nodes: list[Any], ranks: Mapping[str, int]) -> Path:
    """A package whose network is these ONNX nodes over `image`; nothing of it is calibrated."""
    import onnx
    from onnx import TensorProto, helper
    from safetensors.numpy import save_file

    operations, constants = [n for n in nodes if not isinstance(n, tuple)], [n for n in nodes if isinstance(n, tuple)]
    shape = ["n", 3, "h", "w"]
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    gives = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * rank) for n, rank in ranks.items()]
    kept = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants]
    graph = helper.make_graph(operations, task.name, [given], gives, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / f"{folder.name}.parts"
    beside.mkdir(exist_ok=True)
    onnx.save(model, beside / "model.onnx")
    save_file({"none": np.zeros(1, np.float32)}, beside / "weights.safetensors")
    recipe = Recipe(task, Look(channels=3), Net("foreign", depth=1), Augment(), Train(), Validate("given"))
    trust = Trust({n: OutputTrust() for n in task.outputs}, None, None, True, "nothing is said", 0)
    card = Card(task.name, "1", "", {}, "made for a test")
    write_model(folder, (beside / "model.onnx", beside / "weights.safetensors"), recipe, card, trust)
    for part in beside.iterdir():
        part.unlink()
    beside.rmdir()
    return folder


def _node(kind: str, inputs: Sequence[str], output: str, **options: Any) -> Any:
    from onnx import helper

    return helper.make_node(kind, list(inputs), [output], **options)


def _channels() -> list[Any]:
    """R, G, B, each (n, 1, h, w)."""
    found: list[Any] = [("axis1", np.array([1], np.int64))]
    for i, name in enumerate("RGB"):
        found += [(f"from{name}", np.array([i], np.int64)), (f"to{name}", np.array([i + 1], np.int64))]
        found.append(_node("Slice", ["image", f"from{name}", f"to{name}", "axis1"], name))
    return found


def _over(channel: str, limit: float, name: str, below: bool = False) -> list[Any]:
    """channel - limit (or limit - channel)"""
    ends = [f"{name}_limit", channel] if below else [channel, f"{name}_limit"]
    return [(f"{name}_limit", np.array(limit, np.float32)), _node("Sub", ends, name)]


def _sure(parts: Sequence[str], name: str, slope: float = 60.0) -> list[Any]:
    """sigmoid(slope * min(parts))"""
    return [
        (f"{name}_slope", np.array(slope, np.float32)),
        _node("Min", parts, f"{name}_least"),
        _node("Mul", [f"{name}_least", f"{name}_slope"], f"{name}_steep"),
        _node("Sigmoid", [f"{name}_steep"], name),
    ]


def _marks() -> list[Any]:
    """discs, MA, HE, EX: (n, 1, h, w) probabilities by colour."""
    found = _channels()
    found += [*_over("G", 0.75, "g75"), *_over("B", 0.75, "b75", True), *_sure(["g75", "b75"], "discs")]
    found += [*_over("G", 0.15, "g15", True), *_over("B", 0.2, "b20"), *_over("R", 0.5, "r50")]
    found += _sure(["g15", "b20", "r50"], "MA")
    found += [*_over("B", 0.2, "b20down", True), *_over("R", 0.3, "r30"), *_sure(["g15", "b20down", "r30"], "HE")]
    return [*found, *_over("B", 0.85, "b85"), *_sure(["b85"], "EX"), *_over("B", 2.0, "b200"), *_sure(["b200"], "SE")]


def _quality() -> list[Any]:
    found = [*_channels(), _node("GlobalAveragePool", ["R"], "light4"), ("flat", np.array([0, 1], np.int64))]
    found += [_node("Reshape", ["light4", "flat"], "light"), *_over("light", 0.2, "lit"), *_sure(["lit"], "good", 40.0)]
    found += [("one", np.array(1.0, np.float32)), _node("Sub", ["one", "good"], "bad")]
    return [*found, _node("Concat", ["bad", "good"], "label", axis=1)]


def _disc() -> list[Any]:
    return [*_marks(), _node("Identity", ["discs"], "disc")]


def _lesions() -> list[Any]:
    return [*_marks(), _node("Concat", list(LESIONS), "lesions", axis=1)]


def _grade() -> list[Any]:
    """Cumulative links on the shares of the picture that bleed or bear exudates."""
    found = [*_marks(), ("flat", np.array([0, 1], np.int64)), ("one", np.array(1.0, np.float32))]
    for name in ("MA", "HE", "EX"):
        found += [_node("GlobalAveragePool", [name], f"{name}4"), _node("Reshape", [f"{name}4", "flat"], f"{name}s")]
    found += [
        ("much", np.array(1000.0, np.float32)),
        _node("Add", ["MAs", "HEs"], "reds"),
        _node("Mul", ["reds", "much"], "red"),
    ]
    found.append(_node("Mul", ["EXs", "much"], "white"))
    found += _links("red", (0.15, 1.3, 5.0, 9.0), 2.5, "grade")
    return found + _links("white", (0.8, 1.6), 3.0, "edema")


def _links(score: str, cuts: Sequence[float], slope: float, output: str) -> list[Any]:
    found: list[Any] = []
    for i, cut in enumerate(cuts):
        found += [*_over(score, cut, f"{output}{i}"), *_sure([f"{output}{i}"], f"{output}_over{i}", slope)]
    above = ["one1", *(f"{output}_over{i}" for i in range(len(cuts))), "zero1"]
    found += [
        _node("Mul", [f"{output}_over0", f"{output}_nought"], f"{output}_zero"),
        (f"{output}_nought", np.array(0.0, np.float32)),
    ]
    found.append(_node("Add", [f"{output}_zero", "one"], f"{output}_one"))
    above = [f"{output}_one", *above[1:-1], f"{output}_zero"]
    parts = []
    for i in range(len(above) - 1):
        parts.append(f"{output}_p{i}")
        found.append(_node("Sub", [above[i], above[i + 1]], parts[-1]))
    return [*found, _node("Concat", parts, output, axis=1)]


def with_eye(eye: Eye, **changes: Any) -> Eye:
    return replace(eye, **changes)
