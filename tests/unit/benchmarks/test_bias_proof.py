"""The proof of the audit, small: planted bias is found, none is not; the whole is `python -m benchmarks.bias`."""

import json

import numpy as np
import pytest

from benchmarks import bias
from vesale.metrics.intervals import clopper_pearson


@pytest.mark.parametrize("plant", bias.PLANTS, ids=lambda p: p.name)
def test_a_planted_bias_is_found(plant):
    assert sum(bias.found(plant, 5000 + seed) for seed in range(4)) >= 3


def test_nothing_planted_raises_no_more_alarms_than_stated():
    cries = [bias.cried(bias.quantity, bias.Population(60, (0.3, 0.7)), 9000 + s)[0] for s in range(40)]
    assert clopper_pearson(sum(cries), len(cries))[0] <= bias.ALPHA


def test_the_plants_have_the_stated_size():
    rng = np.random.default_rng(0)
    first = np.arange(40_000) % 3 == 0
    rows = bias.category(rng, first, missed=0.25).rows
    ill = np.array([r["label.truth"] == "ill" for r in rows])
    said = np.array([r["label.prediction"] == "ill" for r in rows])
    assert said[ill & ~first].mean() - said[ill & first].mean() == pytest.approx(0.25, abs=0.02)
    referred = np.array([r["status"] == "referred" for r in bias.category(rng, first, unsure=0.18).rows])
    assert referred[first].mean() - referred[~first].mean() == pytest.approx(0.18, abs=0.02)


def test_the_record_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bias, "PLANTS", bias.PLANTS[3:4])
    monkeypatch.setattr(bias, "NONE", bias.NONE[4:5])
    assert bias.main(["--simulations", "2", "--nulls", "2", "--out", str(tmp_path / "bias.json")]) == 0
    document = json.loads((tmp_path / "bias.json").read_text(encoding="utf-8"))
    assert [t["columns"][0] for t in document["tables"]] == ["bias", "output"]
    assert "lower Dice" in capsys.readouterr().out
