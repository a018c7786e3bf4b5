"""Laws of trust: what is promised holds on simulated populations, within Monte Carlo error, and survives its files."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesale.core.prediction import MaskRisk
from vesale.trust import calibrate, calibrators, conform, control
from vesale.trust.gate import fit_gate, judge
from vesale.trust.refer import ReferRule, fit_refer
from vesale.trust.state import OutputTrust, Trust, from_files, to_files

SHARES = st.floats(0, 1)
SEEDS = st.integers(0, 2**32 - 1)


def exams(n):
    return [f"s{i}" for i in range(n)]


def margin(share, runs):
    """Four standard errors of a share over so many runs."""
    return 4 * np.sqrt(share * (1 - share) / runs)


# Refer ----------------------------------------------------------------------------------------------------------------


def flat(rate):
    """Confidence says nothing."""
    return lambda rng, n: (rng.random(n), rng.random(n) < rate, lambda t: rate)


def stepped(above, below, cut):
    """One error rate above the cut, another below."""

    def draw(rng, n):
        c = rng.random(n)
        whole = above * (1 - cut)
        risk = lambda t: above if t >= cut else (whole + below * (cut - t)) / (1 - t)  # noqa: E731
        return c, rng.random(n) < np.where(c >= cut, above, below), risk

    return draw


def lumps(values, shares, rates):
    """A few confidences that many exams share."""
    values, shares, rates = map(np.array, (values, shares, rates))

    def draw(rng, n):
        i = rng.choice(len(values), n, p=shares)
        risk = lambda t: np.average(rates[values >= t], weights=shares[values >= t])  # noqa: E731
        return values[i], rng.random(n) < rates[i], risk

    return draw


POPULATIONS = {
    "just above alpha everywhere": flat(0.0501),
    "hopeless": flat(0.2),
    "good above, bad below": stepped(0.01, 0.25, 0.5),
    "alpha above, worse below": stepped(0.05, 0.1, 0.5),
    "the surest are the worst": stepped(0.3, 0.02, 0.9),
    "two lumps, one bad": lumps([0.6, 0.9], [0.5, 0.5], [0.12, 0.03]),
    "the sure lump is bad": lumps([0.6, 0.9], [0.6, 0.4], [0.02, 0.09]),
}


SIZES = [(name, 60) for name in POPULATIONS] + [("just above alpha everywhere", 130), ("alpha above, worse below", 130)]


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_the_error_of_the_reported_exceeds_alpha_at_most_delta_often(name, size):
    alpha, delta, runs = 0.05, 0.1, 1000
    rng, broken = np.random.default_rng(11), 0
    who = exams(size)
    for _ in range(runs):
        c, wrong, risk = POPULATIONS[name](rng, size)
        rule = fit_refer(c, wrong, who, alpha, delta)
        broken += rule.threshold is not None and risk(rule.threshold) > alpha
    assert broken / runs <= delta + margin(delta, runs)


def test_exams_of_one_subject_do_not_count_as_many():
    """Ten exams a subject, all right or all wrong together: taken for independent they would break the promise."""
    rng, broken, naive, runs, subjects = np.random.default_rng(5), 0, 0, 1000, 60
    who = [f"s{i // 10}" for i in range(10 * subjects)]
    for _ in range(runs):
        c = rng.random(10 * subjects)
        wrong = np.repeat(rng.random(subjects) < 0.06, 10)
        broken += fit_refer(c, wrong, who, 0.05, 0.1).threshold is not None
        naive += fit_refer(c, wrong, exams(len(who)), 0.05, 0.1).threshold is not None
    assert broken / runs <= 0.1 + margin(0.1, runs) < naive / runs


def test_a_good_model_reports_most():
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(50):
        c = 0.5 + 0.5 * rng.beta(12, 0.8, 400)
        rule = fit_refer(c, rng.random(400) < 1 - c, exams(400), 0.05, 0.1)
        shares.append(rule.reported / 400)
    assert np.mean(shares) > 0.85


@given(SEEDS)
def test_the_rule_does_not_depend_on_the_names_of_subjects_without_repeats(seed):
    rng = np.random.default_rng(seed)
    c, wrong = np.round(rng.random(80), 2), rng.random(80) < 0.03
    order = rng.permutation(80)
    once = fit_refer(c, wrong, exams(80), 0.1, 0.1)
    again = fit_refer(c[order], wrong[order], [f"t{i}" for i in range(80)], 0.1, 0.1)
    assert (once.threshold, once.reported, once.wrong) == (again.threshold, again.reported, again.wrong)


# Conform --------------------------------------------------------------------------------------------------------------


def drawn(rng, n, k=3):
    p = rng.dirichlet(np.full(k, 0.7), n)
    truth = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, k - 1)
    return p**2 / (p**2).sum(axis=1, keepdims=True), truth  # overconfident on purpose


@pytest.mark.parametrize("size", [25, 200])
def test_sets_hold_the_truth_as_often_as_stated(size):
    rng, held, runs = np.random.default_rng(3), [], 150
    for _ in range(runs):
        found = conform.fit_set_threshold(*drawn(rng, size), 0.9)
        p, truth = drawn(rng, 20)
        held += [t in conform.category_set(q, found.thresholds) for q, t in zip(p, truth, strict=True)]
    assert np.mean(held) >= 0.9 - margin(0.9, runs * 5)


def test_class_conditional_sets_hold_each_name():
    rng, held = np.random.default_rng(3), {0: [], 1: []}
    for _ in range(120):
        truth = np.array([0] * 150 + [1] * 30)
        draw = lambda t: np.clip(np.where(t == 1, rng.beta(2, 2, len(t)), rng.beta(1, 6, len(t))), 0, 1)  # noqa: E731
        p1 = draw(truth)
        found = conform.fit_set_threshold(np.stack([1 - p1, p1], 1), truth, 0.9)
        assert found.how == "class_conditional"
        for t in (0, 1):
            new = draw(np.full(10, t))
            held[t] += [t in conform.category_set([1 - q, q], found.thresholds) for q in new]
    assert all(np.mean(h) >= 0.9 - margin(0.9, 600) for h in held.values())


def test_intervals_hold_the_truth_as_often_as_stated():
    rng, held, runs = np.random.default_rng(4), [], 300
    for _ in range(runs):
        half = conform.fit_interval(np.zeros(40), rng.standard_t(3, 40), 0.8)
        held += (np.abs(rng.standard_t(3, 20)) <= half).tolist()
    assert np.mean(held) == pytest.approx(0.8 + 0.01, abs=margin(0.8, runs * 5))


def test_masks_miss_no_more_than_alpha_on_average():
    rng, alpha, missed = np.random.default_rng(6), 0.15, []

    def exams_of(n):
        """Some exams are hard: their whole structure scores low."""
        ease = rng.beta(3, 1, (n, 1))
        return np.stack([np.bincount(row, minlength=64) for row in (rng.beta(4, 2, (n, 200)) * ease * 63).astype(int)])

    for _ in range(200):
        threshold = control.control_false_negatives(exams_of(30), alpha)
        new = exams_of(5)
        missed += (new[:, : round(threshold * 64)].sum(axis=1) / 200).tolist()
    assert alpha - 0.06 < np.mean(missed) <= alpha + 0.02


@given(st.lists(SHARES, min_size=1, max_size=6), st.data())
def test_the_answer_is_always_in_the_set_and_grades_have_no_gap(p, data):
    thresholds = data.draw(st.lists(SHARES, min_size=len(p), max_size=len(p)))
    inside, steps = conform.category_set(p, thresholds), conform.ordinal_set(p, thresholds)
    assert int(np.argmax(p)) in inside
    assert set(inside) <= set(steps)
    assert steps == tuple(range(steps[0], steps[-1] + 1))


@given(SEEDS, st.floats(0.5, 0.95))
def test_a_higher_level_gives_a_wider_interval(seed, level):
    errors = np.random.default_rng(seed).normal(size=60)
    assert conform.fit_interval(errors, errors * 0, level) <= conform.fit_interval(errors, errors * 0, level + 0.03)


# Calibrate ------------------------------------------------------------------------------------------------------------


def test_calibrated_probabilities_stay_as_they_are():
    rng = np.random.default_rng(8)
    p = rng.dirichlet(np.ones(4), 5000)
    truth = (rng.random((5000, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, 3)
    assert calibrate.fit_temperature(p, truth) == pytest.approx(1, abs=0.08)
    q = rng.random((1, 5000))
    truth = (rng.random((1, 5000)) < q).astype(float)
    fitted = calibrators.fit_binary("temperature", q, truth, 1 - truth)
    assert fitted.slopes[0] == pytest.approx(1, abs=0.08)


@given(SEEDS, st.floats(0.05, 20))
def test_a_temperature_keeps_the_order_and_the_sum(seed, temperature):
    p = np.random.default_rng(seed).dirichlet(np.ones(5), 3)
    out = calibrate.apply_temperature(p, temperature)
    np.testing.assert_allclose(out.sum(axis=1), 1)
    assert (np.diff(np.take_along_axis(out, p.argsort(axis=1), axis=1), axis=1) >= -1e-12).all()


@given(SEEDS, st.floats(0.2, 5))
def test_a_temperature_is_undone_by_its_inverse(seed, temperature):
    p = np.random.default_rng(seed).uniform(0.05, 0.95, 6)
    there = calibrate.apply_temperature_binary(p, temperature)
    assert there[0] == pytest.approx(calibrate.apply_temperature(np.array([p[0], 1 - p[0]]), temperature)[0])
    if temperature > 0.5:
        np.testing.assert_allclose(calibrate.apply_temperature_binary(there, 1 / temperature), p, atol=1e-6)


# Gate -----------------------------------------------------------------------------------------------------------------

NAMES = tuple(
    f"{check}.{what}"
    for check, whats in {
        "brightness": ("mean", "median", "p5"),
        "contrast": ("deviation", "range"),
        "sharpness": ("native", "whole", "half"),
        "colour": ("red", "blue"),
        "layout": ("top", "left", "size"),
    }.items()
    for what in whats
)


@pytest.mark.parametrize(("size", "rate"), [(100, 0.05), (300, 0.02), (25, 0.05)])
def test_the_gate_alarms_as_rarely_as_stated(size, rate):
    rng, alarms = np.random.default_rng(9), []
    mix = rng.normal(size=(len(NAMES), len(NAMES)))
    for _ in range(40):
        gate = fit_gate(rng.normal(size=(size, len(NAMES))) @ mix, NAMES, rate)
        alarms += [judge(gate, x).verdict == "fail" for x in rng.normal(size=(20, len(NAMES))) @ mix]
    assert np.mean(alarms) <= rate + margin(rate, 400)


# Files ----------------------------------------------------------------------------------------------------------------

OPTIONAL = st.none() | st.floats(0.01, 20)
OUTPUTS = st.builds(
    OutputTrust,
    temperature=OPTIONAL,
    level=st.none() | SHARES,
    set_thresholds=st.none() | st.lists(SHARES, max_size=5).map(tuple),
    half_width=OPTIONAL,
    threshold=st.lists(SHARES, max_size=3).map(tuple),
    fnr=st.lists(st.builds(MaskRisk, SHARES, SHARES, st.integers(0, 99), st.none() | SHARES), max_size=3).map(tuple),
    n=st.integers(0, 10**6),
    note=st.none() | st.text(max_size=20),
)
RULES = st.builds(ReferRule, SHARES, SHARES, st.none() | SHARES, *[st.integers(0, 10**6)] * 4)


GATES = [fit_gate(np.random.default_rng(seed).normal(size=(20, len(NAMES))), NAMES, 0.05) for seed in range(3)]


@given(st.dictionaries(st.text(max_size=8), OUTPUTS, max_size=3), st.none() | RULES, st.none() | st.sampled_from(GATES))
def test_trust_comes_back_from_its_files_bit_for_bit(outputs, refer, gate):
    before = Trust(outputs, refer, gate, True, "off by more than one step", 17)
    document, arrays = to_files(before)
    held = io.BytesIO()
    np.savez(held, **arrays)
    held.seek(0)
    with np.load(held, allow_pickle=False) as loaded:
        after = from_files(json.loads(json.dumps(document, allow_nan=False)), dict(loaded))
    assert (after.outputs, after.refer, after.error) == (before.outputs, before.refer, before.error)
    assert (after.gate is None) == (gate is None)
    again, more = to_files(after)
    assert again == document
    assert {k: v.tobytes() for k, v in more.items()} == {k: v.tobytes() for k, v in arrays.items()}
