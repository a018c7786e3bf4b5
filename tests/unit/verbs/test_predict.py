"""One image, one prediction, nothing written; the same as `read` says of it."""

import json

import pytest

from vesale.core.errors import NotRegistered, PackageError, SourceError
from vesale.core.prediction import AnsweredCategory, AnsweredPartition

pytestmark = [pytest.mark.train, pytest.mark.slow]


def test_a_prediction_is_what_read_writes(tiny_package, tmp_path):
    from vesale.engine.opened import open_model
    from vesale.verbs.predict import predict
    from vesale.verbs.read import read

    studied = tiny_package["discs"]
    image = sorted((studied.cohort / "images").iterdir())[3]
    before = sorted(p.name for p in image.parent.iterdir())
    said = predict(image, open_model(studied.model))
    assert sorted(p.name for p in image.parent.iterdir()) == before
    read([image], studied.model, tmp_path / "out")
    written = json.loads((tmp_path / "out" / said.exam / "prediction.json").read_text(encoding="utf-8"))
    answer = said.outputs["label"]
    assert isinstance(answer, AnsweredCategory)
    assert written["outputs"]["label"]["probabilities"] == pytest.approx(dict(answer.probabilities))
    assert written["status"] == said.status
    assert written["evidence"]["inputs"][0]["sha256"] == said.evidence.inputs[0].sha256


def test_a_mask_has_the_size_of_its_image(tiny_package):
    from vesale.verbs.predict import predict

    studied = tiny_package["lines"]
    image = sorted((studied.cohort / "images").iterdir())[0]
    answer = predict(image, studied.model).outputs["mask"]
    assert isinstance(answer, AnsweredPartition)
    assert answer.labels[0].data.shape == answer.confidence[0].data.shape == (1, 48, 48)
    assert set(answer.labels[0].data.ravel().tolist()) <= {0, 1}
    assert answer.regions[0].samples == int((answer.labels[0].data == 1).sum())
    assert answer.regions[0].area_mm2 is None, "a PNG has no scale"


def test_what_cannot_be_used_is_said(tiny_package, tmp_path):
    from vesale.verbs.predict import predict

    studied = tiny_package["discs"]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    with pytest.raises(SourceError):
        predict(broken, studied.model)
    with pytest.raises(SourceError):
        predict(tmp_path / "absent.png", studied.model)
    image = sorted((studied.cohort / "images").iterdir())[0]
    with pytest.raises(NotRegistered):
        predict(image, "no-such-model")
    with pytest.raises(PackageError):
        predict(image, tmp_path)
