"""A finding that names no exam is drawn: exams of both classes with the place outlined, or the cue class by class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms_shortcuts as phantoms
from vesale.core.exam import Cohort, Exam, View
from vesale.engine.shortcut_pictures import _sides
from vesale.render.cue_chart import cue_chart
from vesale.render.side_by_side import HEIGHT, boxed
from vesale.verbs.check import Wanted, check

YELLOW = np.array([255, 255, 0])


@pytest.mark.parametrize(("change", "kind"), [(phantoms.stamped, "shortcut"), (phantoms.recoded, "metadata_shortcut")])
def test_every_finding_of_a_shortcut_has_its_picture(tmp_path: Path, change: phantoms.Change, kind: str) -> None:
    checked = check(phantoms.cohort(tmp_path / "in", change), wanted=Wanted(tmp_path / "out"))
    findings = [f for f in checked.findings if f.kind == kind]
    assert findings
    for finding in findings:
        assert finding.picture is not None
        with Pillow.open(tmp_path / "out" / finding.picture) as opened:
            picture = np.asarray(opened.convert("RGB"))
        outlined = (picture == YELLOW).all(axis=2).sum()
        if finding.boxes:
            assert picture.shape[1] > 3 * HEIGHT  # two exams of each class
            assert outlined > 100
        else:
            assert finding.cue is not None
            assert outlined == 0


def exams(values: list[str | float]) -> list[Exam]:
    return [Exam(f"e{i}", f"s{i}", (View({"image": "x"}, {}),), {"y": v}) for i, v in enumerate(values)]


def test_sides_are_the_two_classes_by_name() -> None:
    sides = _sides(exams(["a", "b"] * 20), ("y", "b"))
    assert {name: {e.truth["y"] for e in listed} for name, listed in sides.items()} == {"y = a": {"a"}, "y = b": {"b"}}


def test_sides_of_three_classes_are_one_and_the_rest() -> None:
    sides = _sides(exams(["a", "b", "c"] * 20), ("y", "b"))
    assert set(sides) == {"y \u2260 b", "y = b"}


def test_sides_of_a_quantity_are_its_ends() -> None:
    sides = _sides(exams([float(i) for i in range(80)]), ("y", None))
    low, high = sides.values()
    assert max(e.truth["y"] for e in low) < 21  # type: ignore[type-var]
    assert min(e.truth["y"] for e in high) > 58  # type: ignore[type-var]


def test_a_place_is_outlined_where_it_is() -> None:
    picture = boxed(np.zeros((100, 200, 3), np.uint8), [(0.1, 0.5, 0.3, 0.75)])
    rows, columns = np.nonzero((picture == YELLOW).all(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((11, 28, 101, 148), abs=1)


@pytest.mark.parametrize(
    "groups", [{"a": [1.0, 2.0], "b": [3.0]}, {"a": ["x", "y"] * 9, "b": [str(i) for i in range(9)]}]
)
def test_a_chart_has_something_on_it(groups: dict[str, list[str | float]]) -> None:
    chart = cue_chart(groups, "file.size", "fr")
    assert chart.shape == (320, 640, 3)
    assert (chart < 200).any(axis=2).mean() > 0.005


def test_nothing_is_drawn_of_what_was_not_examined(tmp_path: Path) -> None:
    from vesale.core.report import Finding
    from vesale.engine.shortcut_pictures import shortcut_drawings

    finding = Finding("x", "shortcut", "warning", "m", "r", boxes=((0, 0, 1, 1),))
    assert shortcut_drawings([finding], Cohort("c", tmp_path, ()), {}, "traces") == {}
