"""The audit in motion: a network that learned by heart is told, and a package holds no picture that it learned from."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

import tiny
from vesale.core.errors import RecipeError
from vesale.core.pipeline import pipeline_of
from vesale.core.recipe import Trust, Validate
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine import privacy
from vesale.engine.privacy import Trained, audit_membership, privacy_facts
from vesale.engine.samples import Sample
from vesale.render.privacy_section import privacy_section

NAMES = ("a", "b")


def samples(rng, count):
    return [
        Sample(f"e{i}", f"s{i}", rng.random((1, 1, 32, 32)).astype(np.float16), {"label": np.array([i % 2], float)})
        for i in range(count)
    ]


@pytest.mark.parametrize(("gain", "betrayed"), [(0.0, False), (3.0, True)])
@pytest.mark.parametrize("design", ["folds", "shadows"])
def test_a_network_that_learned_by_heart_is_told(monkeypatch, gain, betrayed, design):
    rng = np.random.default_rng(3)
    some = samples(rng, 240)
    keys = {float(s.planes[0, 0, 0, 0]) + 2 * float(s.planes[0, 0, 0, 1]): i for i, s in enumerate(some)}
    difficulty = rng.normal(0, 2, len(some))
    if design == "folds":
        learned = {f"fold-{k}": {s.subject for i, s in enumerate(some) if i % 4 != k} for k in range(4)}
        targets = list(learned)
    else:  # the last 80 were held out; two shadows learned from half of the others each
        learned = {f"shadow-{k}": {s.subject for i, s in enumerate(some[:160]) if i % 2 == k} for k in range(2)}
        learned["all"] = {s.subject for s in some[:160]}
        targets = ["all"]
    networks = {part: Trained(part, frozenset(people)) for part, people in learned.items()}

    def opened(part):
        noise = np.random.default_rng(len(part) + sum(map(ord, part))).normal(0, 0.7, len(some))

        def run(planes):
            i = keys[float(planes[0, 0, 0, 0]) + 2 * float(planes[0, 0, 0, 1])]
            odds = difficulty[i] + gain * (some[i].subject in learned[part]) + noise[i]
            p = 1 / (1 + np.exp(-odds))
            return {"label": np.array([[p, 1 - p] if i % 2 == 0 else [1 - p, p]], np.float32)}

        return run

    monkeypatch.setattr(privacy, "open_onnx", opened)
    task = Task("made", {"label": Category(NAMES)})
    found = audit_membership(networks, targets, some, pipeline_of(tiny.recipe(task)), 0)
    assert found.references == (3 if design == "folds" else 1) - (design == "folds")
    assert (found.auc.low > 0.75) if betrayed else (found.auc.low < 0.55)
    assert privacy_section(privacy_facts(found), "fr")["svg"]


@pytest.mark.parametrize(
    ("output", "good", "bad", "truth"),
    [
        (Category(NAMES), [0.9, 0.1], [0.4, 0.6], [0.0]),
        (Category(NAMES, exclusive=False), [0.9, 0.1], [0.6, 0.4], [1.0, 0.0]),
        (Quantity(steps=("0", "1")), [0.9, 0.1], [0.4, 0.6], [0.0]),
        (Quantity(unit="mm"), [3.1], [4.0], [3.0]),
    ],
)
def test_nearer_to_the_truth_is_better_for_every_kind(output, good, bad, truth):
    wanted = np.array(truth, np.float32)
    near, far = (privacy._pooled(np.array(answer, np.float32), wanted, output) for answer in (good, bad))
    assert near > far
    assert np.isnan(privacy._pooled(np.array(good, np.float32), wanted * np.nan, output))


def test_outlines_count_where_the_truth_counts():
    output = Partition(("background", "line"))
    truth = np.array([[[[0, 1], [1, 255]]]], np.uint8)
    p = np.array([[[[0.9, 0.2], [0.2, 0.5]], [[0.1, 0.8], [0.8, 0.5]]]], np.float32)
    expected = -np.log(-(np.log(0.9) + 2 * np.log(0.8)) / 3 + privacy.SURE)
    assert privacy._outlined(p, truth, output) == pytest.approx(expected, rel=1e-5)
    assert np.isnan(privacy._outlined(p, np.full_like(truth, 255), output))


def test_large_images_are_asked_about_in_their_middle():
    made = tiny.recipe(tiny.LINES)
    planes = np.zeros((3, 1, 300, 70), np.float16)
    planes[1, 0, 150, 35] = 1
    labels = {"mask": np.zeros((3, 1, 300, 70), np.uint8)}
    image, truth = privacy._window(Sample("e", "s", planes, {}, labels), pipeline_of(made))
    assert image.shape == (1, 1, 256, 70) and image.sum() == 1
    assert (truth["mask"] == 0).all()


def test_the_parts_of_a_study():
    made = tiny.recipe()
    assert made.parts == ("fold-0", "fold-1", "all")
    assert replace(made, validate=Validate("split")).parts == ("shadow-0", "shadow-1", "all")
    assert replace(made, validate=Validate("none")).parts == ("all",)
    with pytest.raises(RecipeError, match=r"trust\.shadows"):
        Trust(shadows=1)


def test_without_enough_held_out_the_card_says_so():
    facts = privacy_facts(None)
    assert facts == {"membership": None}
    assert "Not measured" in privacy_section(facts, "en")["sentences"][1]
    assert privacy_section({}, "en") is None


@pytest.mark.parametrize("name", ["discs", "lines"])
def test_a_card_says_it_and_a_package_holds_no_training_image(tiny_package, name):
    studied = tiny_package[name]
    told = studied.document("model/card.json")["privacy"]["membership"]
    assert told["auc"]["n"] == told["members"] and told["others"] == told["members"]
    assert 0 <= told["auc"]["low"] <= told["auc"]["value"] <= told["auc"]["high"] <= 1
    assert "Privacy of the model" in (studied.model / "card.md").read_text(encoding="utf-8")
    assert 'id="privacy"' in (studied.run / "report.html").read_text(encoding="utf-8")
    for picture in sorted(studied.cohort.rglob("*.png")):
        row = np.asarray(Pillow.open(picture)).reshape(48, -1)[24]
        forms = [row.tobytes(), *((row / 255).astype(kind).tobytes() for kind in ("f2", "f4", "f8"))]
        for file in studied.model.iterdir():
            content = file.read_bytes()
            if file.suffix == ".npz":
                with np.load(file, allow_pickle=False) as arrays:
                    content += b"".join(arrays[key].tobytes() for key in arrays.files)
            assert len(set(row.tolist())) < 4 or not any(form in content for form in forms), file.name


def test_a_network_of_planes_of_one_size_sees_them_whole():
    """An outline on a fixed size, read without tiles: its model.onnx takes no other size: nothing is cut out."""
    made = tiny.recipe(tiny.LINES)
    whole = replace(made, look=replace(made.look, size=(320, 448)), train=replace(made.train, patch=None))
    planes, labels = np.zeros((1, 1, 320, 448), np.float16), {"mask": np.zeros((1, 1, 320, 448), np.uint8)}
    image, truth = privacy._window(Sample("e", "s", planes, {}, labels), pipeline_of(whole))
    assert image.shape == (1, 1, 320, 448)
    assert truth["mask"].shape == (1, 1, 320, 448)
    by_tiles = replace(made, look=replace(made.look, size=(320, 448)))
    assert privacy._window(Sample("e", "s", planes, {}, labels), pipeline_of(by_tiles))[0].shape == (1, 1, 256, 256)
