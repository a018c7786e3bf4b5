"""A programme on made patients: who is set aside, who is not and why; nobody on half of what was taken.

Two eyes and clinical facts exist in no data at hand: these patients are made (phantoms_programme).
"""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import phantoms_programme as made
from vesale.core.errors import CohortError, NotRegistered, PackageError
from vesale.core.programme import load_programme
from vesale.core.task import Category, Partition, Task
from vesale.engine.confined import Confinement
from vesale.engine.logbook import Logbook
from vesale.engine.programme_opened import open_programme
from vesale.engine.programme_results import Judged, patient_report, read_patient_results, truth_of
from vesale.engine.programme_run import Room, read_patients
from vesale.engine.programme_study import ProgrammeWish, _moved, study_programme
from vesale.io.cohort import read_cohort
from vesale.verbs.read import Opener

pytestmark = [pytest.mark.train, pytest.mark.slow]
SHIPPED = Path(__file__).parents[3] / "programmes" / "diabetic-retinopathy.toml"
WEAK = ("decision.alpha=0.3", "decision.delta=0.3")
"""So weak a promise that 30 patients can keep it."""
STEP = {"name", "model", "ran", "why", "prediction"}


class World:
    """Packages, and a programme calibrated on made patients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = made.packages(folder / "packages")
        self.cohort = made.patients(folder / "calibration", np.random.default_rng(0), 30, 0.45)
        self.plain = open_programme(SHIPPED, self.find, WEAK)
        self.was = read_cohort(self.cohort.folder)
        self.run = folder / "run"
        self.report = study_programme(self.was, self.plain, Opener(None), ProgrammeWish(self.run), lambda _: None)
        self.opened = open_programme(self.run / "model", self.find)

    def find(self, name):
        return self.packages / str(name)

    def read(self, folder: Path, out: Path, opened=None, language="en"):
        room = Room(out, Logbook(None), language=language)
        summary = read_patients([str(folder)], opened or self.opened, room, Opener(None), lambda _: None)
        said = {}
        for path in sorted(out.glob("*/programme.json")):
            said[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
        return summary, said


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("programme"))


def draw(folder: Path, **eyes):
    """A patient `p` for every keyword: its eyes, side by side in a table."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, rows = np.random.default_rng(5), []
    for subject, members in eyes.items():
        for i, eye in enumerate(members):
            name = f"{subject}-{i}.png"
            Pillow.fromarray(made.photograph(eye, rng)).save(folder / name)
            facts = {"age": 50, "diabetes_years": 6}
            rows.append({"exam": name[:-4], "subject": subject, "image": name, "laterality": eye.side, **facts})
    made.write_table(folder, rows)
    return folder


GOOD = (made.Eye("right"), made.Eye("left"))


@pytest.fixture(scope="module")
def several(world, tmp_path_factory):
    """Patients of every kind, read with the calibrated programme."""
    folder = tmp_path_factory.mktemp("several")
    draw(
        folder / "new",
        fine=GOOD,
        ill=(made.Eye("right", 10, 7), made.Eye("left")),
        dark=(made.Eye("right"), made.Eye("left", dark=True)),
        again=(made.Eye("right"), made.Eye("left", dark=True), made.Eye("left")),
        half=(made.Eye("right"),),
        near=(made.Eye("right"), made.Eye("left", exudates=3, exudates_away=0.4)),
        broken=GOOD,
        gone=GOOD,
        dead=GOOD,
    )
    (folder / "new" / "broken-1.png").write_bytes(b"no picture")
    (folder / "new" / "gone-1.png").unlink()
    for i in range(2):
        (folder / "new" / f"dead-{i}.png").write_bytes(b"no picture")
    summary, said = world.read(folder / "new", folder / "out")
    return folder / "out", summary, said


def codes(said):
    return {r["code"] for r in said["reasons"]}


def test_a_healthy_patient_is_set_aside_under_the_promise(several):
    _, _, said = several
    fine = said["fine"]
    assert (fine["decision"], fine["status"], fine["reasons"]) == ("no_refer", "reported", [])
    assert fine["promise"]["alpha"] == 0.3
    assert fine["promise"]["n_calibration"] == 30
    assert fine["promise"]["approximate"]
    assert fine["risk"]["probabilities"]["refer"] < fine["threshold"]
    assert set(fine["sentence"]) == {"en", "fr"}
    assert "set aside" in fine["sentence"]["en"]


def test_the_worst_eye_decides(several):
    ill = several[2]["ill"]
    assert ill["decision"] == "refer"
    assert ill["promise"] is None
    assert next(r["exam"] for r in ill["reasons"] if r["code"] == "finding") == "ill-0"
    assert ill["order"] == "urgent"
    assert "proliferative" in ill["sentence"]["en"]
    assert "proliférante (œil droit)" in ill["sentence"]["fr"]


def test_an_eye_that_cannot_be_graded_refers_its_patient(several):
    dark = several[2]["dark"]
    assert (dark["decision"], dark["order"]) == ("refer", "retake")
    assert "low_quality" in codes(dark)
    steps = {s["name"]: s for s in dark["exams"][1]["steps"]}
    assert not steps["grade"]["ran"]
    assert "Photograph quality is Bad" in steps["grade"]["why"]
    assert not dark["exams"][1]["usable"]


def test_a_second_good_field_of_that_eye_is_enough(several):
    again = several[2]["again"]
    assert again["decision"] == "no_refer"
    assert [e["usable"] for e in again["exams"]] == [True, False, True]


def test_a_patient_of_whom_one_eye_was_photographed_is_not_set_aside(several):
    assert codes(several[2]["half"]) == {"incomplete"}
    assert "left eye" in several[2]["half"]["sentence"]["en"]


def test_exudates_near_the_fovea_refer_soon(several):
    assert several[2]["near"]["order"] == "soon"
    measured = {s["name"]: s for s in several[2]["near"]["exams"][1]["steps"]}["fundus"]
    assert measured["numbers"]["edema_measured"] == 2.0


@pytest.mark.parametrize("who", ["broken", "gone"])
def test_nobody_is_set_aside_on_half_of_what_was_taken(several, who):
    """A photograph that cannot be read, and one that the table names but the disk has not."""
    said = several[2][who]
    assert said["decision"] == "refer"
    assert "unreadable" in codes(said)


def test_a_patient_without_any_readable_photograph_fails_alone(several):
    _, summary, said = several
    assert (said["dead"]["status"], said["dead"]["decision"]) == ("failed", None)
    assert summary.counts == {"exams": 9, "reported": 2, "referred": 6, "declined": 0, "failed": 1}
    assert {f.input.split("/")[0] for f in summary.failures} == {"broken", "gone", "dead"}


def test_the_files_are_those_of_the_interface(several):
    out, _, said = several
    for name, one in said.items():
        assert (out / name / "index.html").is_file()
        wanted = {"subject", "status", "reasons", "risk", "decision", "promise", "exams", "sentence"}
        assert set(one) >= wanted
        for exam in one["exams"]:
            assert set(exam) >= {"exam", "view", "laterality", "steps"}
            for step in exam["steps"]:
                assert set(step) >= STEP
                assert step["prediction"] is None or (out / name / step["prediction"]).is_file()
                assert step["ran"] or step["why"]


def test_the_worklist_has_a_line_a_patient_urgent_first(several):
    out, _, said = several
    with (out / "worklist.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {r["subject"] for r in rows} == set(said)
    order = [r["order"] for r in rows]
    ranks = ["urgent", "soon", "routine", "retake", "unsure", "none"]
    assert [ranks.index(o) for o in order] == sorted(ranks.index(o) for o in order)
    assert order[0] == "urgent"
    assert order[-1] == "none"


def test_papilledema_is_never_trained_and_only_measured(several):
    out, _, said = several
    steps = {s["name"]: s for s in said["fine"]["exams"][0]["steps"]}
    assert "never trained here" in steps["papilledema"]["why"]
    assert not steps["papilledema"]["ran"]
    assert 0 < steps["margin"]["numbers"]["margin_width"] < 1
    page = (out / "fine" / "index.html").read_text(encoding="utf-8")
    assert "never trained here" in page
    assert "width of the disc" in page


def test_without_a_calibration_nothing_is_promised_and_nobody_set_aside(world, tmp_path):
    folder = draw(tmp_path / "new", fine=GOOD)
    _, said = world.read(folder, tmp_path / "out", world.plain)
    assert (said["fine"]["decision"], said["fine"]["status"]) == ("refer", "referred")
    assert codes(said["fine"]) == {"not_calibrated"}
    assert said["fine"]["risk"] is None
    assert said["fine"]["promise"] is None
    assert said["fine"]["score"] is not None


def test_another_package_voids_the_promise(world, tmp_path):
    trust = replace(world.opened.trust, packages={**world.opened.trust.packages, "grade": "another"})
    folder = draw(tmp_path / "new", fine=GOOD)
    _, said = world.read(folder, tmp_path / "out", replace(world.opened, trust=trust))
    assert said["fine"]["decision"] == "refer"
    assert "other packages (grade)" in said["fine"]["reasons"][0]["message"]


def test_a_step_without_its_package_is_said_and_the_promise_goes(world, tmp_path):
    models = {k: m for k, m in world.opened.models.items() if k != "lesions"}
    from vesale.core.screened import Why

    absent = {"lesions": Why("programme.why.no_package", {"model": "retinal-lesions"})}
    folder = draw(tmp_path / "new", fine=GOOD)
    _, said = world.read(folder, tmp_path / "out", replace(world.opened, models=models, absent=absent))
    assert said["fine"]["decision"] == "refer"
    steps = {s["name"]: s for s in said["fine"]["exams"][0]["steps"]}
    assert "no package called retinal-lesions" in steps["lesions"]["why"]


def test_a_needed_package_that_is_not_here_stops_before_anything_is_read():
    def nothing(name):
        raise NotRegistered(f"no model package at {name}")

    with pytest.raises(PackageError, match="grade needs the package retinopathy-grade"):
        open_programme(SHIPPED, nothing)


def test_folders_are_patients_and_the_side_is_told_from_the_disc(world, tmp_path):
    rng = np.random.default_rng(9)
    for side in ("right", "left"):
        (tmp_path / "in" / "anna").mkdir(parents=True, exist_ok=True)
        picture = made.photograph(made.Eye(side), rng)
        Pillow.fromarray(picture).save(tmp_path / "in" / "anna" / f"{side[0]}.png")
    _, said = world.read(tmp_path / "in", tmp_path / "out")
    assert {e["laterality"] for e in said["anna"]["exams"]} == {"right", "left"}
    assert all(e["laterality_measured"] for e in said["anna"]["exams"])
    assert codes(said["anna"]) == {"uncertain"}  # every calibration patient had an age: nothing was learned without
    assert "age" in said["anna"]["reasons"][0]["message"]


def test_a_calibrated_programme_is_a_package(world):
    manifest = json.loads((world.run / "model" / "MANIFEST.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == {"programme.toml", "fusion.json", "trust.json", "card.json", "card.md"}
    assert world.opened.trust.n == 30
    assert world.opened.programme == world.plain.programme
    assert set(world.opened.trust.packages) == {"quality", "disc", "lesions", "grade"}
    path = world.run / "model" / "trust.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(b'"n": 30', b'"n": 99'))
    try:
        with pytest.raises(PackageError, match=r"trust.json is changed"):
            open_programme(world.run / "model", world.find)
    finally:
        path.write_bytes(before)


def test_calibration_patients_are_judged_by_folds_that_left_them_out(world):
    found = read_patient_results(world.run / "out_of_fold", world.was.cohort)
    truth = {str(r["subject"]): r["referable.truth"] == "refer" for r in found.results.rows}
    assert truth == world.cohort.referable
    measures = world.report.measures["patient"]
    assert measures["sensitivity"].n + measures["specificity"].n == 30
    assert measures["sensitivity"].value >= 0.9
    assert world.report.refer.alpha == 0.3
    document = json.loads((world.run / "report.json").read_text(encoding="utf-8"))
    assert {w["prevalence"] for w in document["operating"]["workload"]} == {0.05, 0.1, 0.2}
    assert len(document["operating"]["decision_curve"]["model"]) == 99
    assert all(p["mark"] == "s" for p in document["operating"]["published"])


def test_a_patient_who_was_not_read_is_told(world, tmp_path):
    other = made.patients(tmp_path / "other", np.random.default_rng(8), 1, prefix="x")
    more = read_cohort(other.folder).cohort
    both = replace(world.was.cohort, exams=(*world.was.cohort.exams, *more.exams))
    found = read_patient_results(world.run / "out_of_fold", both)
    assert found.unread == ("x000",)
    report = patient_report(found, Judged("vesale evaluate"), tmp_path / "report")
    assert {"exam": "x000", "reason": "not read"} in report.cohort["excluded"]
    assert "not_read" in [code for code, _ in report.warnings]


def test_a_package_named_by_its_path_is_found_from_the_calibrated_programme(world, tmp_path):
    text = SHIPPED.read_text(encoding="utf-8").replace(
        'model = "retinopathy-grade"', 'model = "near/retinopathy-grade"'
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "p.toml").write_text(text, encoding="utf-8")
    shutil.copytree(world.packages / "retinopathy-grade", tmp_path / "mine" / "near" / "retinopathy-grade")
    opened = open_programme(tmp_path / "mine" / "p.toml", world.find, WEAK)
    moved = _moved(opened.programme, opened.source.parent, tmp_path / "run" / "model")
    assert moved.step("grade").model == "../../mine/near/retinopathy-grade"
    assert moved.step("lesions").model == "retinal-lesions"


def test_a_report_in_french_has_no_hole(world, tmp_path):
    found = read_patient_results(world.run / "out_of_fold", world.was.cohort)
    patient_report(found, Judged("vesale evaluate", language="fr"), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Courbe de décision" in page
    assert "Essais publiés" in page


def test_a_truth_that_is_not_known_is_left_out(world):
    programme = world.plain.programme
    exams = world.was.cohort.exams[:2]
    assert truth_of(programme, exams) in (True, False)
    bare = [replace(e, truth={}, traits={}) for e in exams]
    assert truth_of(programme, bare) is None
    empty = [replace(e, truth={"grade": None}, traits={"edema": 0.0}) for e in exams]
    assert truth_of(programme, empty) is None
    worst = [replace(exams[0], truth={"grade": 3.0}), *empty]
    assert truth_of(programme, worst) is True


def test_a_cohort_without_truth_cannot_calibrate(world, tmp_path):
    was = read_cohort(draw(tmp_path / "new", fine=GOOD))
    with pytest.raises(CohortError, match="no patient's truth"):
        study_programme(was, world.plain, Opener(None), ProgrammeWish(tmp_path / "run"), lambda _: None)


def test_answers_of_a_study_take_the_place_of_the_package(world, tmp_path):
    """The kept answers of every calibration photograph give the same calibration as the package that made them."""
    kept = tmp_path / "grade"
    for path in sorted((world.run / "out_of_fold").glob("*/grade/*/prediction.json")):
        (kept / path.parent.name).mkdir(parents=True)
        (kept / path.parent.name / "prediction.json").write_bytes(path.read_bytes())
    wish = ProgrammeWish(tmp_path / "run", {"grade": kept})
    with Confinement():
        study_programme(world.was, world.plain, Opener(None), wish, lambda _: None)
    again = open_programme(tmp_path / "run" / "model", world.find).trust
    assert again.answers == "out_of_fold"
    assert again.fusion == world.opened.trust.fusion
    assert again.refer == world.opened.trust.refer


CELLS = """
name = "cells"
title = { en = "Too many cells", fr = "Trop de cellules" }
[[steps]]
name = "focus"
model = "focus"
needed = true
[[steps]]
name = "nuclei"
model = "nuclei"
when = { step = "focus", answer = "sharp" }
[[steps]]
name = "counts"
measure = "regions"
masks = { nuclei = "nuclei.nucleus" }
[[features]]
name = "count"
step = "counts"
output = "nuclei.count"
fuse = "mean"
[[rules]]
name = "crowded"
when = { step = "counts", output = "nuclei.count", at_least = 5 }
because = { en = "five nuclei or more", fr = "cinq noyaux ou plus" }
urgency = "soon"
[[truth]]
column = "label"
answer = "crowded"
"""


def test_a_programme_of_another_domain_needs_no_code(tmp_path):
    """Dishes of cells, no sides, no retina: two packages, a count and a rule."""
    label = made._quality()
    made.write_package(
        tmp_path / "focus", Task("focus", {"label": Category(("blurred", "sharp"))}), label, {"label": 2}
    )
    discs = [*made._marks(), made._node("Identity", ["HE"], "mask")]
    made.write_package(
        tmp_path / "nuclei", Task("nuclei", {"mask": Partition(("nucleus",), exclusive=False)}), discs, {"mask": 4}
    )
    (tmp_path / "cells.toml").write_text(CELLS, encoding="utf-8")
    opened = open_programme(tmp_path / "cells.toml", lambda name: tmp_path / str(name))
    draw(tmp_path / "new", few=(made.Eye(haemorrhages=2),), many=(made.Eye(haemorrhages=7),))
    room = Room(tmp_path / "out", Logbook(None), language="fr")
    read_patients([str(tmp_path / "new")], opened, room, Opener(None), lambda _: None)
    said = {n: json.loads((tmp_path / "out" / n / "programme.json").read_text()) for n in ("few", "many")}
    assert codes(said["few"]) == {"not_calibrated"}
    assert said["many"]["order"] == "soon"
    assert said["many"]["sentence"]["fr"].startswith("À un médecin : cinq noyaux ou plus")
    assert load_programme(tmp_path / "out" / "programme.toml").name == "cells"


def test_the_engine_knows_no_retina():
    """What is said of eyes in the engine is the words of two sides; everything else is in ops/ and the TOML."""
    words = ("fundus", "fovea", "exudate", "retin", "macul", "hba1c", "disc_")
    for path in sorted((Path(__file__).parents[3] / "src/vesale/engine").glob("programme*.py")):
        text = path.read_text(encoding="utf-8").lower()
        assert [w for w in words if w in text] == [], path.name
