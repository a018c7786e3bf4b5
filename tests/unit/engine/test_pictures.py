"""Pictures as answers: their spread covers as promised, wrong ones are told; what is known without the signal."""

import json
from dataclasses import replace

import numpy as np
import pytest

import phantoms_seen as made
from vesale.core.errors import ShapeError
from vesale.core.grid import Grid
from vesale.core.image import Description, Held, Image, Provenance
from vesale.core.prediction import AnsweredPicture, Evidence, GateVerdict, Prediction
from vesale.core.recipe import Decode, Recipe
from vesale.core.task import Picture, Task
from vesale.engine.picture_rows import picture_measures
from vesale.engine.pictures import answer_picture, picture_errors, picture_trust
from vesale.engine.publish import publish
from vesale.engine.raw import Raw
from vesale.engine.results import load_results, measured, read_results, write_results
from vesale.engine.samples import Sample, view_picture
from vesale.engine.without_signal import NAME, seen_before, without_signal
from vesale.io.cohort import read_cohort
from vesale.trust.state import OutputTrust

OUTPUT = Picture(("grey",), size=(12, 12), low=0.0, high=255.0, bound=40.0)
TASK = Task("seen", {"picture": OUTPUT}, from_signal=True)
SIGNAL = Image(np.zeros((3, 1, 1), np.float32), Grid((1, 1)), "signal", ("a", "b", "c"), Provenance("made"))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    pictures = made.made_pictures(40)
    labels = [{"label": "odd" if i % 2 else "even"} for i in range(40)]
    folder = made.write_seen(tmp_path_factory.mktemp("seen"), made.answers_to(pictures, 10, 0.1), pictures, labels)
    return read_cohort(folder).cohort


def raw_of(cohort, exam, rng, sigma=20.0):
    """The truth with noise whose size is stated half as large as it is."""
    truth = view_picture(cohort, exam.views[0], "picture", OUTPUT)
    scale = sigma * np.where(np.arange(144).reshape(12, 12) % 2, 0.2, 1.0)[None]
    said = (truth + scale * rng.normal(size=truth.shape)).astype(np.float32)
    spread = (scale / 2).astype(np.float32)
    raw = Raw(exam.id, exam.subject, {}, {"picture": (said,)}, (SIGNAL,), np.zeros(1), ("x",), ())
    return replace(raw, spreads={"picture": (spread,)})


def test_the_spread_holds_as_many_samples_as_promised(cohort):
    rng = np.random.default_rng(0)
    raws = {e.id: raw_of(cohort, e, rng) for e in cohort}
    half = list(cohort)[:20]
    trust = picture_trust("picture", OUTPUT, lambda: ((e, raws[e.id]) for e in half), (cohort, 0.9, False))
    assert trust.guarantee is not None
    assert (trust.guarantee.of, trust.guarantee.given, trust.guarantee.n) == ("picture", True, 20)
    inside = []
    for exam in list(cohort)[20:]:
        answer, sure = answer_picture(OUTPUT, "picture", raws[exam.id], trust)
        truth = view_picture(cohort, exam.views[0], "picture", OUTPUT)
        inside.append((np.abs(answer.pictures[0].data - truth) <= answer.spreads[0].data).mean())
        assert answer.level == 0.9
        assert answer.pictures[0].grid == Grid((12, 12))
        assert sure == pytest.approx(float((answer.spreads[0].data <= 40).mean()))
    assert 0.88 < np.mean(inside) < 0.97


def test_too_few_trials_promise_nothing(cohort):
    rng = np.random.default_rng(0)
    few = [(e, raw_of(cohort, e, rng)) for e in list(cohort)[:8]]
    trust = picture_trust("picture", OUTPUT, lambda: iter(few), (cohort, 0.9, True))
    assert trust.spread is None
    assert trust.guarantee is not None
    assert (trust.guarantee.given, trust.guarantee.needed) == (False, 9)
    answer, sure = answer_picture(OUTPUT, "picture", few[0][1], trust)
    assert (answer.level, sure) == (None, 0.0)
    np.testing.assert_array_equal(answer.spreads[0].data, few[0][1].spreads["picture"][0])  # as it was stated


def test_a_picture_is_wrong_when_too_many_samples_are(cohort):
    exam = cohort.exams[0]
    truth = view_picture(cohort, exam.views[0], "picture", OUTPUT)
    for share, wrong in ((0.05, ()), (0.2, ((),))):
        said = truth.copy()
        said.reshape(-1)[: int(share * 144)] += 41
        image = Image(said, Grid((12, 12)), "intensity", ("grey",), Provenance("made"))
        answer = AnsweredPicture(("grey",), None, (image,))
        assert picture_errors("picture", OUTPUT, answer, (exam, cohort, 0.9)) == wrong
    assert picture_errors("picture", replace(OUTPUT, bound=None), answer, (exam, cohort, 0.9)) is None


def test_a_true_picture_of_another_size_is_refused(cohort):
    with pytest.raises(ShapeError, match="the recipe names 1 x 9 x 9"):
        view_picture(cohort, cohort.exams[0].views[0], "picture", replace(OUTPUT, size=(9, 9)))


def test_written_answers_are_measured_and_their_table_gives_the_same_again(tmp_path, cohort):
    rng = np.random.default_rng(1)
    source = Held(SIGNAL, Description("npz", "0"))
    evidence = Evidence({"name": "m", "version": "1", "digest": "d"}, "r", (), "none", "float32", "0", 0, 0.0)
    for exam in cohort:
        raw = raw_of(cohort, exam, rng, 60.0)
        answer, _ = answer_picture(OUTPUT, "picture", raw, OutputTrust(spread=2.0, level=0.9))
        said = Prediction(exam.id, exam.subject, "referred", (), {"picture": answer}, GateVerdict("pass"), evidence)
        done = publish(tmp_path / exam.id, said, raw, [source])
        assert done.outputs["picture"].files == ("picture.tiff",)
        assert (tmp_path / exam.id / "overlay.png").read_bytes().startswith(b"\x89PNG")
        document = json.loads((tmp_path / exam.id / "prediction.json").read_text())["outputs"]["picture"]
        assert document["file"] == "picture.tiff"
        assert (document["shape"], document["dtype"]) == ([12, 12], "float32")
        assert document["spread_file"] == "picture.spread.tiff"
    results = read_results(tmp_path, cohort, TASK)
    found = measured(results).measures["picture"]
    assert {"pcc", "mse", "ssim", "psnr_db", "psnr_affine_db", "inside", "pairwise", "within_class"} < set(found)
    assert found["permutation_p"].value == pytest.approx(1e-4)
    assert 0.6 < found["pcc"].value < 1
    assert found["pairwise"].value > 0.9
    write_results(results, tmp_path)
    again = measured(load_results(tmp_path / "exams.csv", TASK, tmp_path / "histograms.npz")).measures["picture"]
    for name, number in found.items():
        assert again[name].value == pytest.approx(number.value, rel=1e-6)
        assert again[name].n == number.n


def samples(pictures, first):
    return [
        Sample(
            f"e{first + i}", f"s{first + i}", np.zeros((1, 3, 1, 1), np.float32), pictures={"picture": 255 * p[None]}
        )
        for i, p in enumerate(pictures.astype(np.float32))
    ]


def test_the_mean_picture_is_what_must_be_beaten(tmp_path):
    pictures = made.made_pictures(30)
    pairs = [(samples(pictures[:20], 0), samples(pictures[20:], 20))]
    known = without_signal(Recipe(TASK), pairs, tmp_path)
    mean = pictures[:20].mean(axis=0)
    assert known.measures["picture"]["mse"].value == pytest.approx(((mean - pictures[20:]) ** 2).mean(), rel=1e-5)
    np.testing.assert_allclose(known.pictures["picture"]["e25"][0], 255 * mean, rtol=1e-5)
    assert NAME.startswith("no signal")
    assert known.warnings == ()
    assert "none of 10 held-out pictures" in known.findings[0].message
    assert without_signal(Recipe(Task("t", {"picture": OUTPUT})), pairs, tmp_path).measures == {}


def test_a_picture_that_was_trained_on_and_its_twin_are_told(tmp_path):
    pictures = made.made_pictures(12)
    twin = np.clip(0.9 * pictures[1] + 0.02, 0, 1)
    judged = samples(np.stack([pictures[0], twin, pictures[11]]), 20)
    learned = samples(pictures[:10], 0)
    (finding,) = seen_before("picture", [(learned, judged)], None, OUTPUT)
    assert finding.severity == "warning"
    assert "of 3 held-out pictures" in finding.message
    assert set(finding.exams) == {"e20", "e21"}
    np.save(tmp_path / "prior.npy", (255 * pictures[11:]).astype(np.float32))
    recipe = Recipe(TASK, decode=Decode(prior="prior.npy"))
    known = without_signal(recipe, [(learned[2:], judged[2:])], tmp_path)
    assert known.warnings[0][0] == "picture_seen"
    assert set(known.findings[0].exams) == {"e22"}


def test_measures_of_nothing_known_are_none():
    rows = [{"picture.truth": "a", "picture.pcc": None, "picture.mse": 0.1}] * 6
    found = picture_measures("picture", rows, None, list("abcdef"))
    assert set(found) == {"mse"}
