"""Every sentence exists in both languages with the same blanks, and numbers are said as a doctor writes them."""

import re
import string
from pathlib import Path

import pytest

import vesale.render
from vesale.core.prediction import Code, Status
from vesale.render import words
from vesale.render.metric_words import METRICS
from vesale.render.sentences import MESSAGES, NOUNS

FOLDER = Path(vesale.render.__path__[0])


def blanks(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", MESSAGES)
def test_a_message_has_two_languages_with_the_same_blanks(key):
    english, french = MESSAGES[key]
    assert english.strip()
    assert french.strip()
    assert blanks(english) == blanks(french)


def test_every_metric_of_the_interfaces_is_named_and_explained():
    metrics = (
        "auc accuracy balanced_accuracy sensitivity specificity kappa_quadratic mae dice f1 auprc object_dice "
        "object_f1 hd95_mm psnr_db psnr_affine_db ssim pcc mse pairwise ece brier"
    )
    for metric in metrics.split():
        assert words.metric_name(metric) != metric or metric in {"pcc"}
        assert words.metric_help(metric, "fr")
    assert all(
        key.removesuffix(".help") in METRICS and f"{key.removesuffix('.help')}.help" in METRICS for key in METRICS
    )


def test_every_status_and_every_reason_has_words():
    for status in Status.__args__:
        assert words.say(f"status.{status}", "fr")
        assert words.say(f"status.{status}.help", "fr")
    for code in Code.__args__:
        assert words.say(f"reason.{code}", "fr")


def test_every_message_that_the_code_asks_for_exists():
    asked = set()
    for path in [*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.j2")]:
        asked |= set(re.findall(r"""say\(["']([a-z_.]+)["']""", path.read_text(encoding="utf-8")))
    assert len(asked) > 60
    assert asked <= set(MESSAGES)


def test_no_prose_stands_in_the_templates():
    for path in FOLDER.glob("templates/*.j2"):
        text = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>", " ", path.read_text(encoding="utf-8"), flags=re.S)
        assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {"doctype", "html"}, path.name


def test_counts_agree_in_number():
    assert words.counted(1, "exam") == "1\u00a0exam"
    assert words.counted(0, "exam") == "0\u00a0exams"
    assert words.counted(0, "exam", "fr") == "0\u00a0examen"
    assert words.counted(12345, "pixel", "fr") == "12\u202f345\u00a0pixels"
    assert "not known" in words.counted(None, "subject")
    assert all(len(pair) == 2 and all("|" in text for text in pair) for pair in NOUNS.values())


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0, "0", "0"),
        (0.81234, "0.812", "0,812"),
        (-3.5, "\u22123.5", "\u22123,5"),
        (29412.4, "29412", "29412"),
        (1e-9, "1e\u221209", "1e\u221209"),
    ],
)
def test_decimals(value, english, french):
    assert words.decimal(value) == english
    assert words.decimal(value, 3, "fr") == french


def test_clock_speaks_seconds_minutes_and_hours():
    assert [words.clock(s).replace("\u00a0", " ") for s in (42, 600, 5400)] == ["42 s", "10 min", "1 h 30 min"]


def test_an_unknown_language_or_message_is_an_error_not_a_hole():
    with pytest.raises(KeyError, match="no words in 'de'"):
        words.say("yes", "de")
    with pytest.raises(KeyError):
        words.say("no such message")
