"""The statistics of a signal, its likeness to the others, and the gate that judges by them."""

import numpy as np
import pytest

from vesale.trust.activity import against, reference_of, signal_statistics
from vesale.trust.gate import checks_of, fit_gate, judge
from vesale.trust.state import Trust, from_files, to_files
from vesale.trust.why import reason


@pytest.fixture
def rng():
    return np.random.default_rng(41)


def signals(rng, n=60, features=400, unit=1.0):
    """Noise on a pattern that all share."""
    return unit * (np.sin(np.arange(features) / 7) + rng.normal(size=(n, features)))


def looked_at(reference, x, included):
    names, values = signal_statistics(x)
    more, added = against(reference, x, included)
    return (*names, *more), np.concatenate([values, added])


def fitted(train, rate=0.02):
    reference = reference_of(train)
    rows = [looked_at(reference, x, True) for x in train]
    return reference, fit_gate(np.stack([v for _, v in rows]), rows[0][0], rate)


@pytest.mark.parametrize(
    "bad", [np.zeros(5), np.full(5, np.nan), np.array([1e-200, 2e-200]), np.array([3.0]), np.array([1e300, -1e300])]
)
def test_statistics_are_numbers_whatever_comes(bad):
    names, values = signal_statistics(bad)
    assert len(names) == len(values)
    assert np.isfinite(values).all()


def test_only_the_scale_depends_on_the_unit(rng):
    x = rng.normal(size=500) + 2
    (names, a), (_, b) = signal_statistics(x), signal_statistics(1e-13 * x)
    moved = {n for n, p, q in zip(names, a, b, strict=True) if abs(p - q) > 1e-6}
    assert moved == {"spread.deviation", "spread.range"}
    np.testing.assert_allclose(a[names.index("spread.deviation")] - b[names.index("spread.deviation")], 13 * np.log(10))


def test_leaving_one_out_is_what_a_fit_without_it_gives(rng):
    train = signals(rng, 10)
    whole, without = reference_of(train), reference_of(train[1:])
    np.testing.assert_allclose(against(whole, train[0], included=True)[1], against(without, train[0])[1], rtol=1e-9)


def test_responses_that_were_centred_have_no_pattern(rng):
    """Their mean is 0, so leaving one out leaves its own negative: likeness to that must not count."""
    train = signals(rng)
    assert reference_of(train).has_pattern
    centred = reference_of(train - train.mean(0))
    assert not centred.has_pattern
    assert against(centred, train[0] - train.mean(0), included=True)[1][0] == 0.0
    assert not reference_of(rng.normal(size=(60, 400))).has_pattern


@pytest.mark.parametrize("unit", [1.0, 1e-13, 4e4])
def test_the_gate_passes_the_like_and_declines_the_unlike(rng, unit):
    reference, gate = fitted(signals(rng, unit=unit))
    assert checks_of(gate.names) == ("level", "spread", "shape", "missing", "agreement", "overall")
    fresh = signals(rng, 300, unit=unit)
    verdicts = [judge(gate, looked_at(reference, x, False)[1]) for x in fresh]
    assert np.mean([v.verdict == "fail" for v in verdicts]) < 0.08
    spoilt = {
        "flat": 0 * fresh[0],
        "louder": 3 * fresh[0],
        "other features": rng.permutation(fresh[0]),
        "spikes": np.where(rng.random(400) < 0.02, 40 * unit, fresh[0]),
        "gaps": np.where(rng.random(400) < 0.3, np.nan, fresh[0]),
        "another unit": 1000 * fresh[0],
    }
    for name, x in spoilt.items():
        verdict = judge(gate, looked_at(reference, x, False)[1])
        assert verdict.verdict == "fail", name
        why = reason(verdict)
        assert "signal" in why.message
        assert why.code in ("low_quality", "unlike_training")


def test_a_reference_is_kept_bit_for_bit(rng):
    reference, gate = fitted(signals(rng))
    trust = Trust({}, None, gate, True, "", 60, reference=reference)
    document, arrays = to_files(trust)
    back = from_files(document, arrays)
    assert back.reference.n == 60
    np.testing.assert_array_equal(back.reference.total, reference.total)
    np.testing.assert_array_equal(back.reference.squares, reference.squares)
    assert from_files(*to_files(Trust({}, None, None, True, "", 0))).reference is None
