import io
import json

import numpy as np
import pytest

from vesale.core.errors import PackageError
from vesale.trust.gate import fit_gate, judge
from vesale.trust.refer import fit_refer
from vesale.trust.state import OutputTrust, Trust, from_files, to_files

NAMES = ("brightness.mean", "brightness.median", "contrast.deviation", "contrast.range", "sharpness.native")
NAMES += ("sharpness.whole", "sharpness.half", "colour.red", "layout.top", "layout.size")


def trust():
    rng = np.random.default_rng(0)
    gate = fit_gate(rng.normal(size=(60, len(NAMES))), NAMES, 0.02)
    refer = fit_refer(rng.random(200), rng.random(200) < 0.001, [str(i) for i in range(200)], 0.05, 0.1)
    outputs = {"grade": OutputTrust(1.25, 0.9, (0.1, 0.2 / 3), n=200), "age": OutputTrust(note="too few")}
    return Trust(outputs, refer, gate, True, "the answer is not the truth", 200)


def through_files(value):
    document, arrays = to_files(value)
    held = io.BytesIO()
    np.savez(held, **arrays)
    held.seek(0)
    with np.load(held, allow_pickle=False) as loaded:
        return from_files(json.loads(json.dumps(document, allow_nan=False)), dict(loaded))


def test_a_gate_judges_the_same_after_its_files():
    before = trust()
    after = through_files(before)
    picture = np.random.default_rng(1).normal(size=len(NAMES)) * 2
    assert judge(after.gate, picture) == judge(before.gate, picture)
    assert (after.outputs, after.refer, after.error) == (before.outputs, before.refer, before.error)


def test_nothing_fitted_is_a_trust_too():
    empty = Trust({}, None, None, False, "", 0)
    assert through_files(empty) == empty
    assert to_files(empty)[1] == {}


def test_the_document_bears_its_schema():
    document, arrays = to_files(trust())
    assert document["schema"] == "vesale/trust/1"
    with pytest.raises(PackageError, match="vesale/trust/1"):
        from_files({**document, "schema": "vesale/trust/2"}, arrays)


def test_what_is_missing_is_named():
    document, arrays = to_files(trust())
    with pytest.raises(PackageError, match="gate_scale"):
        from_files(document, {k: v for k, v in arrays.items() if k != "gate_scale"})
    with pytest.raises(PackageError, match=r"refer\.alpha: missing"):
        from_files({**document, "refer": {}}, arrays)
    with pytest.raises(PackageError, match="n_calibration"):
        from_files({**document, "n_calibration": "many"}, arrays)
