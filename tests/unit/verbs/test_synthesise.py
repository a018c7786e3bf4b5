"""Made pictures carry the structures that their masks say, and their table says that they are made, and of whom."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import vesale
from tests.phantoms_painting import SIDE, lesion_cohort, retina, spotted
from vesale.cli.__main__ import main
from vesale.core.errors import CohortError
from vesale.core.recipe import Recipe, Validate
from vesale.core.task import Partition, Task
from vesale.engine.division import HeldOut, divide
from vesale.io.cohort import read_cohort
from vesale.verbs.synthesise import SynthesisWish

NAMES = ("HE", "EX")


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def opened(path: Path) -> np.ndarray:
    return np.asarray(Pillow.open(path)).astype(float)


def test_what_was_painted_lies_under_its_mask_and_has_the_light_of_its_place(tmp_path):
    cohort = lesion_cohort(tmp_path / "cohort")
    done = vesale.synthesise(cohort, tmp_path / "out")
    assert done.structures > 0
    for row in (r for r in table(tmp_path / "out") if r["made"] == "yes"):
        picture = opened(tmp_path / "out" / row["image"])
        host = opened(cohort / f"{row['host']}.png")
        changed = np.abs(picture - host).max(-1)
        masks = {n: opened(tmp_path / "out" / row[f"mask_{n}"]) > 0 for n in NAMES}
        near = np.zeros((SIDE, SIDE), bool)
        for mask in masks.values():
            near |= mask
        grown = np.asarray(Pillow.fromarray(near).convert("L").resize((SIDE, SIDE))) > 0
        far = ~_dilated(grown, 5)
        assert changed[far].max() == 0, "nothing changes away from what was painted"
        if masks["HE"].any():
            assert np.median((picture / np.maximum(host, 1))[masks["HE"]][:, 1]) < 0.75
        if masks["EX"].any():
            assert np.median((picture / np.maximum(host, 1))[masks["EX"]][:, 1]) > 1.25


def _dilated(mask: np.ndarray, times: int) -> np.ndarray:
    from scipy import ndimage

    return ndimage.binary_dilation(mask, iterations=times)


def test_the_table_says_what_is_made_and_of_whom(tmp_path):
    cohort = lesion_cohort(tmp_path / "cohort")
    done = vesale.synthesise(cohort, tmp_path / "out", SynthesisWish(count=4))
    rows = table(tmp_path / "out")
    made = [r for r in rows if r["made"] == "yes"]
    assert len(made) == len(done.made) == 4
    assert {r["exam"] for r in rows if r["made"] == "no"} == {f"eye{i}" for i in range(5)}
    subject = {r["exam"]: r["subject"] for r in rows}
    for row in made:
        assert row["subject"] == subject[row["donor"]] == subject[row["host"]], "one subject, on one side of any split"


def test_the_same_seed_makes_the_same_pictures(tmp_path):
    cohort = lesion_cohort(tmp_path / "cohort")
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        vesale.synthesise(cohort, tmp_path / name, SynthesisWish(seed=seed))
    first, same, other = ([p.read_bytes() for p in sorted((tmp_path / n / "images").iterdir())] for n in "abc")
    assert first == same != other


def test_made_exams_are_learned_from_and_never_measured_on(tmp_path):
    vesale.synthesise(lesion_cohort(tmp_path / "cohort"), tmp_path / "out")
    cohort = read_cohort(tmp_path / "out").cohort
    recipe = Recipe(Task("t", {"mask": Partition(NAMES, exclusive=False)}), validate=Validate(folds=2))
    split = divide(cohort, recipe)
    held = HeldOut(recipe, split, tmp_path, {}).cohort
    assert sum(e.made for e in split.learned) == 2
    assert {e.id for e in held} == {f"eye{i}" for i in range(5)}


def test_pictures_from_elsewhere_are_painted_on_when_their_user_says_so(tmp_path):
    cohort = lesion_cohort(tmp_path / "cohort", ill=2, free=0)
    other = tmp_path / "other"
    other.mkdir()
    Pillow.fromarray(retina(50)).save(other / "clean.png")
    (other / "labels.csv").write_text("image\nclean.png\n", encoding="utf-8")
    done = vesale.synthesise(cohort, tmp_path / "out", SynthesisWish(onto=other, structures=("HE",), alone=True))
    rows = table(tmp_path / "out")
    assert [r["host"] for r in rows] == ["clean"]
    assert "mask_EX" not in rows[0]
    assert "user's word" in done.notes[0]


def test_without_anyone_to_give_or_to_get_it_says_what_to_do(tmp_path):
    ill = lesion_cohort(tmp_path / "ill", ill=2, free=0)
    with pytest.raises(CohortError, match="nothing to paint on") as caught:
        vesale.synthesise(ill, tmp_path / "out")
    assert "--onto" in str(caught.value.remedy)
    with pytest.raises(CohortError, match="no exam to learn from"):
        vesale.synthesise(lesion_cohort(tmp_path / "free", ill=0), tmp_path / "out")
    with pytest.raises(CohortError, match="no masks of MA"):
        vesale.synthesise(ill, tmp_path / "out", SynthesisWish(structures=("MA",)))


def test_the_command_says_what_was_made(tmp_path, capsys):
    cohort = lesion_cohort(tmp_path / "cohort")
    assert main(["synthesise", str(cohort), "--out", str(tmp_path / "out"), "--count", "1"]) == 0
    assert "1 pictures made" in capsys.readouterr().out
    assert main(["synthesise", str(cohort), "--out", str(tmp_path / "again"), "--json"]) == 0
    assert '"schema": "vesale/synthesis/1"' in capsys.readouterr().out


def test_the_phantom_has_what_it_says():
    picture, masks = spotted(0)
    plain = retina(0)
    inside = masks["HE"] & (plain[..., 1] > 20) & ~masks["EX"]
    assert np.median(picture[inside][:, 1] / plain[inside][:, 1]) < 0.6


def test_one_mask_of_several_structures_is_refused(tmp_path):
    cohort = lesion_cohort(tmp_path / "cohort", ill=1, free=1)
    index = np.asarray(Pillow.open(cohort / "eye0_HE.png")) // 255
    index[:4, :4] = 2
    Pillow.fromarray(index).save(cohort / "eye0_HE.png")
    with pytest.raises(CohortError, match="several structures"):
        vesale.synthesise(cohort, tmp_path / "out")


def test_what_tests_a_model_neither_gives_nor_gets(tmp_path):
    cohort = lesion_cohort(tmp_path / "cohort")
    lines = (cohort / "labels.csv").read_text(encoding="utf-8").splitlines()
    split = ["split", "train", "test", "train", "train", "test"]
    table_again = "\n".join(f"{a},{b}" for a, b in zip(lines, split, strict=True))
    (cohort / "labels.csv").write_text(table_again, encoding="utf-8")
    done = vesale.synthesise(cohort, tmp_path / "out", SynthesisWish(count=6))
    made = [r for r in table(tmp_path / "out") if r["made"] == "yes"]
    assert {r["donor"] for r in made} <= {"eye0", "eye2"}
    assert {r["host"] for r in made} == {"eye3"}
    assert {r["split"] for r in made} == {"train"}
    assert done.hosts == 1
