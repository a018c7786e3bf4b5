"""Planted shortcuts are found with their place and their remedy; where nothing is planted nothing is claimed."""

from pathlib import Path

import numpy as np
import pytest

import phantoms_shortcuts as made
from vesale.core.exam import Exam, View
from vesale.io.cohort import read_cohort
from vesale.trust.probes import questions
from vesale.trust.shortcuts import Evidence, cue_findings, place_findings, thin_findings
from vesale.verbs.check import Checked, check


def loud(checked: Checked) -> list[str]:
    quiet = ("no_subject", "label_outlier")
    return [f.kind for f in checked.findings if f.severity != "note" and f.kind not in quiet]


def test_nothing_is_claimed_of_a_clean_cohort(tmp_path: Path) -> None:
    checked = check(made.cohort(tmp_path, made.plain))
    assert loud(checked) == []
    assert checked.ok


def test_a_stamp_is_found_where_it_stands(tmp_path: Path) -> None:
    checked = check(made.cohort(tmp_path, made.stamped))
    mark = next(f for f in checked.findings if f.kind == "burned_in_text")
    assert "top right" in mark.message
    assert "look.erase=[[" in mark.remedy
    shortcut = next(f for f in checked.findings if f.kind == "shortcut")
    assert shortcut.measure is not None
    assert shortcut.measure.low is not None
    assert shortcut.measure.low > 0.6
    box = eval(mark.remedy.partition("look.erase=")[2])[0]
    top, left, bottom, right = box
    assert top <= 4 / 96
    assert left <= 66 / 96
    assert bottom >= 13 / 96
    assert right >= 91 / 96
    assert (bottom - top) * (right - left) < 0.1


def test_the_remedy_takes_the_shortcut_away(tmp_path: Path) -> None:
    """With the box of the remedy painted black in the files, nothing is left to be found."""
    folder = made.cohort(tmp_path, made.tinted)
    found = [f for f in check(folder).findings if f.kind == "shortcut"]
    assert [("bottom left" in f.message) for f in found] == [True]
    boxes = eval(found[0].remedy.partition("look.erase=")[2])
    from PIL import Image as Pillow

    for path in folder.glob("*.png"):
        picture = np.array(Pillow.open(path))
        h, w = picture.shape[:2]
        for top, left, bottom, right in boxes:
            picture[round(top * h) : round(bottom * h), round(left * w) : round(right * w)] = 0
        Pillow.fromarray(picture).save(path)
    assert [f.kind for f in check(folder).findings if f.kind == "shortcut"] == []


def test_the_quality_of_the_jpeg_is_an_error(tmp_path: Path) -> None:
    checked = check(made.cohort(tmp_path, made.recoded))
    (finding,) = [f for f in checked.findings if f.kind == "metadata_shortcut" and f.severity == "error"]
    assert "file." in finding.message
    assert not checked.ok
    assert check(tmp_path, allow=["metadata_shortcut"]).ok


def evidence(traits: list[dict[str, str]], labels: list[str]) -> Evidence:
    pairs = enumerate(zip(traits, labels, strict=True))
    exams = [Exam(f"e{i}", f"s{i}", (View({"image": "x.png"}),), {"label": y}, dict(t)) for i, (t, y) in pairs]
    return Evidence(exams, [{} for _ in exams], [None] * len(exams))


def test_a_site_that_tells_the_class_is_said() -> None:
    rng = np.random.default_rng(0)
    labels = ["ill" if i % 2 else "well" for i in range(80)]
    sites = [{"site": "north" if (y == "ill") == (rng.random() < 0.9) else "south"} for y in labels]
    found = evidence(sites, labels)
    (finding,) = cue_findings(found, questions("label", labels))
    assert (finding.kind, finding.severity) == ("metadata_shortcut", "warning")
    assert "acquisition.site" in finding.message
    assert place_findings(found, questions("label", labels)) == []


def test_few_subjects_under_a_condition_are_said() -> None:
    labels = ["ill"] * 30 + ["well"] * 30
    lens = [{"magnification": "400x"}] * 20 + [{"magnification": "100x"}] * 37 + [{"magnification": "400x"}] * 3
    (finding,) = thin_findings(evidence(lens, labels), questions("label", labels))
    assert "400x" in finding.message
    assert finding.severity == "note"


def test_too_few_exams_say_nothing() -> None:
    labels = ["ill"] * 7 + ["well"] * 7
    assert questions("label", labels) == []


@pytest.mark.realdata
def test_drive_has_no_shortcut_and_no_misplaced_mask(data: Path, tmp_path: Path) -> None:
    from benchmarks.cohorts import MAKERS

    MAKERS["drive"].write(data, tmp_path)
    assert loud(check(read_cohort(tmp_path))) == []


@pytest.mark.realdata
@pytest.mark.slow
def test_the_date_of_drimdb_is_found_and_predicts_quality(data: Path, tmp_path: Path) -> None:
    from benchmarks.cohorts import MAKERS

    MAKERS["drimdb"].write(data, tmp_path)
    findings = {f.kind: f for f in check(read_cohort(tmp_path)).findings if f.severity == "warning"}
    assert "top right" in findings["burned_in_text"].message
    assert "top right" in findings["shortcut"].message
    assert findings["shortcut"].measure is not None
    assert findings["shortcut"].measure.low is not None
    assert findings["shortcut"].measure.low > 0.6
