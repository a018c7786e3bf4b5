"""Explanations in words, on a picture and in the page: both languages, and nothing failed looks like a reason."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from vesale.core.explanation import Aim, Explanation, Faithfulness, Neighbour, Structure
from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.prediction import AnsweredCategory, Evidence, GateVerdict, Prediction, Reason
from vesale.core.report import Measure
from vesale.render.attribution import Legend, attribution_picture, coloured_over
from vesale.render.explain_page import ExplainedRow, explain_page
from vesale.render.explain_words import EXPLAIN
from vesale.render.explanation import (
    aim_line,
    evidence_of,
    explanation_document,
    map_of,
    neighbour_line,
    structure_line,
    verdict_line,
)

BAD = "<script>alert(1)</script>"


def measure(name, value=0.2, low=0.1, high=0.3):
    return Measure(name, value, low, high, 12, "trial", method="made")


def faithful(*failed):
    parts = (measure(n) for n in ("deletion", "insertion", "randomised_weights"))
    return Faithfulness(*parts, failed)


def image(shape, channels=1, kind="intensity"):
    data = np.random.default_rng(0).integers(0, 255, (channels, *shape)).astype(np.uint8)
    names = ("grey",) if channels == 1 else tuple(f"c{i}" for i in range(channels))
    return Image(data, Grid(shape), kind, names, Provenance("made"))


def attribution(shape, low=-1.0):
    data = np.linspace(low, 1, int(np.prod(shape)), dtype=np.float32).reshape(1, *shape)
    return Image(data, Grid(shape), "intensity", ("attribution",), Provenance("made"))


def explanation(*failed, aim=None):
    aim = aim or Aim("label", f"tumour {BAD}", "log-odds", 2.0, -1.0)
    return Explanation("occlusion", aim, (attribution((40, 40)),), (None,), faithful(*failed))


def prediction(said=None):
    model = {"name": f"m {BAD}", "version": "1", "digest": "ab"}
    evidence = Evidence(model, "r", (), "onnxruntime", "float32", "0.1.0", 0, 1.0, explanation=said)
    answer = AnsweredCategory(True, "tumour", {"tumour": 0.9, "none": 0.1}, True)
    reason = Reason("uncertain", "Not sure.", 0.5, 0.8)
    return Prediction(f"e {BAD}", None, "referred", (reason,), {"label": answer}, GateVerdict("pass"), evidence)


def test_every_sentence_is_said_in_both_languages():
    assert all(len(pair) == 2 and all(pair) for pair in EXPLAIN.values())
    for key, (english, french) in EXPLAIN.items():
        fields = [{w.split("}")[0] for w in text.split("{")[1:]} for text in (english, french)]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize(
    ("structure", "english", "french"),
    [
        (
            Structure("tumour", 3, 49, 12.3, None, ("upper", "left"), None, 0.64),
            "tumour: 3 separate regions, the largest 12.3 mm², upper left of the picture; they hold 64 % of the "
            "attribution.",
            "tumour : 3 régions séparées, la plus grande 12,3 mm², en haut à gauche de l'image ; elles portent 64 % de "
            "l'attribution.",
        ),
        (
            Structure("tumour", 1, 49, None, None, ("middle", "centre"), None, None),
            "tumour: one region of 49 pixels, centre of the picture.",
            "tumour : une région de 49 pixels, au centre de l'image.",
        ),
        (
            Structure("nodule", 2, 900, None, 450.0, None, (3, 9), 0.0),
            "nodule: 2 separate regions, the largest 450 mm³, in slices 3 to 9; they hold 0 % of the attribution.",
            "nodule : 2 régions séparées, la plus grande 450 mm³, des coupes 3 à 9 ; elles portent 0 % de "
            "l'attribution.",
        ),
        (
            Structure("cell", 0, 0, None, None, None, None, None),
            "No cell was outlined.",
            "Aucun cell n'a été tracé.",
        ),
    ],
)
def test_findings_in_words(structure, english, french):
    def plain(text):
        return text.replace("\u00a0", " ").replace("\u202f", " ")

    assert plain(structure_line(structure)) == english
    assert plain(structure_line(structure, "fr")) == french


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_explained_and_whether_it_may_be_believed(language):
    number = Aim("size", None, "mm", 3.5, 1.25)
    region = Aim("mask", "tumour", "log-odds", 3.5, 1.25, "structure", 812)
    assert "mm" in aim_line(number, language)
    assert "812" in aim_line(region, language)
    assert "3" in aim_line(Aim("label", "x", "log-odds", 3.5, 1.25), language)
    good, bad = verdict_line(faithful(), language), verdict_line(faithful("insertion"), language)
    assert good != bad
    untried = Faithfulness(measure("deletion"), measure("insertion"), measure("randomised_weights", None, None, None),
                           ("randomised_weights",))  # fmt: skip
    assert verdict_line(untried, language) != verdict_line(faithful("randomised_weights"), language)
    assert "e1" in neighbour_line(Neighbour("e1", 0.5, 0.9), language)


def test_the_document_has_what_others_rely_on():
    files = {"occlusion": ["occlusion.png", "occlusion.npz"]}
    said = explanation_document(prediction(), [explanation("deletion")], files, [Neighbour("e1", 0.5, 0.9)])
    assert said["schema"] == "vesale/explanation/1"
    assert said["method"] == "occlusion"
    assert said["files"] == files["occlusion"]
    assert said["faithfulness"]["deletion"]["value"] == 0.2
    assert said["passed"] is False
    assert said["neighbours"] == [{"exam": "e1", "distance": 0.5, "nearer": 0.9}]
    nothing = explanation_document(prediction(), [], {})
    assert nothing["method"] is None
    assert nothing["passed"] is False
    assert nothing["reasons"]


def test_the_evidence_holds_the_weaker_of_both_curves():
    weak = Faithfulness(measure("deletion", 0.3), measure("insertion", 0.1), measure("randomised_weights"), ())
    told = evidence_of(Explanation("occlusion", Aim("o", None, "mm", 1, 0), (), (), weak), "occlusion.png")
    assert told["faithfulness"]["value"] == 0.1
    assert told["passed"] is True
    shown = map_of(prediction(told))
    assert shown is not None
    assert shown.passed
    assert map_of(prediction()) is None


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("failed", [(), ("deletion",), ("deletion", "insertion", "randomised_weights")])
def test_a_page_says_in_red_words_what_failed_and_runs_nothing(language, failed):
    row = ExplainedRow(
        prediction(), (explanation(*failed),), {"occlusion": ("e/occlusion.png",)}, {"occlusion": ("e/occlusion.npz",)}
    )
    text = explain_page({"name": f"m {BAD}"}, [row], (), language)
    assert BAD not in text
    assert ('class="verdict failed" role="alert"' in text) == bool(failed)
    assert ('<figure class="refused">' in text) == bool(failed)
    empty = explain_page({"name": "m"}, [ExplainedRow(prediction(), notes=("nothing outlined",))], (), language)
    assert "nothing outlined" in empty


@pytest.mark.parametrize(
    ("shape", "channels", "levels"),
    [
        ((40, 60), 1, None),
        ((40, 60), 3, None),
        ((30, 200), 1, None),
        ((3000, 500), 1, None),
        ((9, 40, 30), 1, (1, 4, 7)),
        ((5, 20, 20), 2, None),
    ],
)
def test_pictures_of_every_shape(shape, channels, levels):
    png = attribution_picture(image(shape, channels), attribution(shape), Legend("x", "mm", "occlusion"), levels)
    picture = Pillow.open(io.BytesIO(png))
    assert picture.format == "PNG"
    assert max(picture.size) <= 2048
    assert min(picture.size) >= 60


def test_a_map_of_nothing_leaves_the_picture_as_it_is():
    picture = np.full((20, 30, 3), 90, np.uint8)
    assert np.array_equal(coloured_over(picture, np.zeros((20, 30), np.float32), 0.0), picture)
    shape = (20, 30)
    blank = Image(np.zeros((1, *shape), np.float32), Grid(shape), "intensity", ("attribution",), Provenance("made"))
    assert attribution_picture(image(shape), blank, Legend("x", None, "occlusion"))


def test_for_is_orange_and_against_is_blue_as_strong_as_they_are():
    values = np.repeat(np.array([1.0, 0.0, -1.0, 0.05, 0.3, 0.45], np.float32), 20)[None].repeat(21, axis=0)
    out = coloured_over(np.full((*values.shape, 3), 90, np.uint8), values, 1.0).astype(int)[10, 10::20]
    strong, nothing, against, next_to_nothing, weak, stronger = out
    assert strong[0] > strong[2] + 40
    assert against[2] > against[0] + 40
    assert (nothing == 90).all()
    assert (next_to_nothing == 90).all()
    assert 0 < abs(weak - 90).sum() < abs(stronger - 90).sum() < abs(strong - 90).sum()
