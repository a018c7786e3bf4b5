"""Readings in the order of their times: quiet while they are alike, an alarm when a device changes."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms
from vesale.cli.__main__ import main
from vesale.core.errors import CohortError
from vesale.engine.stream import stream_of
from vesale.verbs.drift import drift
from vesale.verbs.read import How, read


@pytest.fixture(scope="module")
def months(tmp_path_factory, tiny_package):
    """(before, after): readings of the kind of the training, and of a device that takes darker pictures."""
    folder = tmp_path_factory.mktemp("months")
    cohort = phantoms.category_cohort(folder / "cohort", np.random.default_rng(9), 40, 48)
    dark = folder / "dark"
    shutil.copytree(cohort, dark)
    for picture in dark.rglob("*.png"):
        Pillow.fromarray((np.asarray(Pillow.open(picture)) * 0.55).astype(np.uint8)).save(picture)
    for source, out in ((cohort, "january"), (dark, "february")):
        read([source], tiny_package["discs"].model, folder / out, how=How(log=None))
        summary = folder / out / "summary.json"  # the two are read within a second here
        document = json.loads(summary.read_text(encoding="utf-8"))
        document["started"] = {"january": "2026-01-31T08:00:00Z", "february": "2026-02-28T08:00:00Z"}[out]
        summary.write_text(json.dumps(document), encoding="utf-8")
    return folder / "january", folder / "february"


def test_alike_readings_are_quiet(months, tmp_path, capsys):
    code = main(["drift", str(months[0]), "--reference", str(months[0]), "--out", str(tmp_path), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0 and not found["rung"] and found["readings"] == 40
    assert (tmp_path / "drift.html").is_file()


def test_another_device_rings_and_is_dated(months, tmp_path, capsys):
    arguments = [str(m) for m in reversed(months)]  # in whatever order they are named
    code = main(["drift", *arguments, "--reference", str(months[0]), "--out", str(tmp_path), "--language", "fr"])
    assert code == 1 and "l'alarme a sonné" in capsys.readouterr().out
    found = json.loads((tmp_path / "drift.json").read_text(encoding="utf-8"))
    assert 40 < found["alarms"][0]["at"] <= 80 and abs(found["alarms"][0]["since"] - 41) <= 8
    assert found["evidence"][found["alarms"][0]["at"] - 1] >= 1000


@pytest.mark.parametrize("kind", ["run", "site"])
def test_the_reference_may_be_a_study_or_a_commissioning(months, tmp_path, kind):
    inside = tmp_path / "reference" / ("out_of_fold" if kind == "run" else "readings/commissioned")
    shutil.copytree(months[0], inside)
    assert drift([months[0]], tmp_path / "reference", tmp_path / "out").reference == 40


def test_too_little_to_compare_with_is_said(months, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(CohortError, match=r"no prediction\.json"):
        drift([tmp_path / "none"], months[0], tmp_path / "out")
    few = tmp_path / "few"
    for exam in sorted(p.parent for p in months[0].glob("*/prediction.json"))[:5]:
        shutil.copytree(exam, few / exam.name)
    with pytest.raises(CohortError, match="fewer than 20"):
        drift([months[0]], few, tmp_path / "out")


def test_every_kind_of_answer_gives_numbers(tiny_package):
    outlines = stream_of([tiny_package["lines"].run / "out_of_fold"])
    assert {"declined", "gate", "mask: line"} <= set(outlines)
    names = stream_of([tiny_package["discs"].run / "out_of_fold"])
    assert {"declined", "gate", "label: ring", "label: sure"} <= set(names)
    assert len({len(v) for v in names.values()}) == 1
