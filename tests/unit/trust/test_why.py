"""One sentence says why: the most telling check, its direction, and how much."""

import pytest

from vesale.core.prediction import Check, GateVerdict
from vesale.trust.why import LOOKS, UNLIKE, reason


def verdict(failed=True, threshold=3.0, **values):
    noun = {} if "level" in values else {"brightness": 0.0}
    checks = tuple(Check(name, abs(v) <= threshold, v) for name, v in (noun | values).items())
    return GateVerdict("fail" if failed else "pass", max(map(abs, values.values())), threshold, 0.02, checks)


def test_what_passes_has_no_reason():
    assert reason(verdict(failed=False, brightness=1.0)) is None


@pytest.mark.parametrize("check", LOOKS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_each_direction_has_its_word(check, sign):
    values = {"level": 0.0} if check in ("spread", "missing") else {}
    why = reason(verdict(**values, **{check: sign * 4.0}))
    assert f" {LOOKS[check][sign > 0]} than" in why.message
    assert "much" not in why.message
    assert "much" in reason(verdict(**values, **{check: sign * 7.0})).message
    assert why.code == ("unlike_training" if check == "size" else "low_quality")


@pytest.mark.parametrize("check", UNLIKE)
def test_what_has_no_direction_is_unlike(check):
    values = {} if check in ("colour", "layout") else {"level": 0.0}
    why = reason(verdict(**(values | {check: 5.0})))
    assert why.code == "unlike_training"
    assert why.message == UNLIKE[check].format(noun="signal" if values else "image")


def test_bad_light_is_named_before_the_colours_that_it_spoils():
    why = reason(verdict(brightness=-4.0, colour=6.0, overall=8.0, features=9.0, together=12.0))
    assert "darker" in why.message
    assert why.code == "unlike_training", "the network is farther off than the light"
    assert reason(verdict(brightness=-4.0, colour=6.0, overall=8.0, features=5.0)).code == "low_quality"
    assert reason(verdict(brightness=-1.0, colour=6.0)).message.startswith("The colours")


def test_the_network_is_named_where_no_look_is_telling():
    why = reason(verdict(brightness=0.5, colour=0.2, overall=1.0, stages=9.0, features=2.0, together=9.2))
    assert "the network sees" in why.message
    assert "the network" not in reason(verdict(brightness=0.5, overall=4.0)).message
