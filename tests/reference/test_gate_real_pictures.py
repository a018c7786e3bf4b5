"""The gate on real pictures: what it must let pass and what it must stop."""

import numpy as np
import pytest
from PIL import Image

from vesale.metrics.classification import auc
from vesale.trust.gate import fit_gate, image_statistics, judge

pytestmark = pytest.mark.realdata


def picture(path, erase=False, size=None):
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if size:
        image = image.resize(size, Image.Resampling.BOX)
    array = np.array(image, dtype=np.float32).transpose(2, 0, 1) / 255
    if erase:  # the burned-in date
        array[:, : int(0.12 * array.shape[1]), int(0.7 * array.shape[2]) :] = 0
    return array


def rows(pictures):
    return np.array([image_statistics(p)[1] for p in pictures])


def folder(path, **how):
    return rows(picture(p, **how) for p in sorted(path.iterdir()) if p.suffix.lower() in (".jpg", ".png", ".tif"))


def scores(gate, statistics):
    return np.array([judge(gate, s).score for s in statistics])


def told_apart(own, other):
    return auc(np.concatenate([own, other]), np.repeat([0, 1], [len(own), len(other)]))


NAMES = image_statistics(np.zeros((1, 8, 8), np.float32))[0]


def test_what_is_no_fundus_is_told_from_good_and_bad_ones(data, record_property):
    quality = data / "retina/drimdb_quality"
    own = np.concatenate([folder(quality / kind, erase=True) for kind in ("Good", "Bad")])
    outliers = folder(quality / "Outlier", erase=True)
    found, alarms = [], []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(own))
        gate = fit_gate(own[order[:150]], NAMES, 0.05)
        held_out = scores(gate, own[order[150:]])
        found.append(told_apart(held_out, scores(gate, outliers)))
        alarms.append((held_out > gate.threshold).mean())
    record_property("figure", f"DRIMDB outliers: AUROC {np.mean(found):.3f}, false alarms {np.mean(alarms):.3f} of .05")
    assert np.mean(found) > 0.95
    assert np.mean(alarms) < 0.1


def test_twenty_fundi_let_twenty_others_pass(data):
    drive = data / "retina/drive"
    gate = fit_gate(folder(drive / "training/images"), NAMES, 0.02)
    assert gate.approximate
    others = scores(gate, folder(drive / "test/images"))
    assert (others > gate.threshold).sum() <= 2
    foreign = scores(gate, folder(data / "retina/drimdb_quality/Outlier", erase=True))
    assert (foreign > gate.threshold).all()


def shuffled(path, part, most):
    """Statistics of that many pictures drawn at random: the files are sorted by class."""
    with np.load(path, allow_pickle=False) as arrays:
        images = arrays[f"{part}_images"]
    order = np.random.default_rng(0).permutation(len(images))[:most]
    return rows(images[i][None].astype(np.float32) / 255 for i in order)


@pytest.mark.parametrize("trained_on", ["chest", "breast"])
def test_tiny_pictures_of_other_modalities_are_told_apart(data, trained_on, record_property):
    sets = {"chest": data / "medmnist/pneumoniamnist_union.npz", "breast": data / "medmnist/BreastMNIST.npz"}
    own = shuffled(sets.pop(trained_on), "train", 800)
    cut = len(own) * 5 // 8
    gate = fit_gate(own[:cut], NAMES, 0.02)
    held_out = scores(gate, own[cut:])
    others = {name: scores(gate, shuffled(path, "test", 200)) for name, path in sets.items()}
    others["retina"] = scores(gate, folder(data / "retina/drive/training/images", size=(28, 28)))
    found = {name: told_apart(held_out, other) for name, other in others.items()}
    alarms = float((held_out > gate.threshold).mean())
    record_property("figure", f"{trained_on}: AUROC against {found}, false alarms {alarms:.3f} of .02")
    assert min(found.values()) >= 0.98
    assert alarms <= 0.02 + 4 * np.sqrt(0.02 * 0.98 * (1 / cut + 1 / len(held_out)))
