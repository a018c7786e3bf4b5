"""A programme's TOML is decoded once; whatever does not hang together is told by its place."""

from pathlib import Path

import pytest

from vesale.core.encode import to_toml
from vesale.core.errors import RecipeError
from vesale.core.programme import load_programme

SHIPPED = Path(__file__).parents[3] / "programmes" / "diabetic-retinopathy.toml"
SMALL = """
name = "cells"
title = { en = "Cells" }
[[steps]]
name = "focus"
model = "focus"
needed = true
[[steps]]
name = "nuclei"
model = "nuclei"
when = { step = "focus", answer = "sharp" }
[[steps]]
name = "counts"
measure = "regions"
masks = { nuclei = "nuclei.nucleus" }
"""


def load(folder: Path, text: str, *overrides: str):
    path = folder / "made.toml"
    path.write_text(text, encoding="utf-8")
    return load_programme(path, overrides)


def test_the_shipped_programme_is_sound():
    programme = load_programme(SHIPPED)
    assert [s.name for s in programme.steps if s.needed] == ["grade"]
    assert programme.step("papilledema").never_trained
    assert programme.decision.alpha == 0.05
    assert {t.column for t in programme.truth} == {"grade", "edema"}
    words = [
        programme.title,
        programme.asks,
        *(r.because for r in programme.rules),
        *(s.title for s in programme.steps),
    ]
    assert all(set(w) == {"en", "fr"} for w in words)


def test_it_round_trips_through_toml(tmp_path):
    programme = load_programme(SHIPPED)
    assert load(tmp_path, to_toml(programme)) == programme


def test_one_condition_and_one_answer_need_no_list(tmp_path):
    step = load(tmp_path, SMALL).step("nuclei")
    assert step.when[0].answer == ("sharp",)
    assert step.when[0].step == "focus"


def test_settings_are_changed_by_words(tmp_path):
    assert load(tmp_path, SMALL, "decision.alpha=0.02", "sides.incomplete=go_on").decision.alpha == 0.02


def test_a_scale_may_be_finer_than_its_origin():
    (six,) = load_programme(SHIPPED).derived("international")
    assert six.mapping[4] == (4, 5)
    assert six.mapping[:4] == ((0,), (1,), (2,), (3,))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SMALL.replace('step = "focus"', 'step = "focsu"'), "focsu is no earlier step"),
        (SMALL.replace('name = "counts"', 'name = "focus"'), "two steps of one name"),
        (SMALL.replace('measure = "regions"', 'measure = "regions"\nmodel = "x"'), "exactly one of model, measure"),
        (SMALL.replace('answer = "sharp"', 'output = "sharp"'), "asks nothing"),
        (SMALL + "[decision]\nalpha = 1.5\n", "a share between 0 and 1"),
        (SMALL + '[[rules]]\nname = "r"\nbecause = {}\nwhen = { step = "no", at_least = 1 }\n', "no step is called no"),
        (SMALL + '[[scales]]\nname = "b"\nsteps = ["0"]\nreferable = 0\norigin = "a"\n', "no scale is called a"),
        (SMALL.replace("needed = true", "nedeed = true"), "did you mean needed?"),
    ],
)
def test_what_does_not_hang_together_is_told(tmp_path, text, told):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, text)
    assert told in caught.value.message


def test_a_mapping_must_name_steps_of_its_scale(tmp_path):
    text = SHIPPED.read_text(encoding="utf-8").replace("[4, 5]]", "[4, 6]]")
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, text)
    assert "six-step.mapping" in caught.value.message
