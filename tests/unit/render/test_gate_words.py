"""Every sentence that the gate can say has its French, and the numbers in it stay."""

import re

import pytest

from vesale.render.gate_words import GATE, translated
from vesale.trust.known import NEWS, WRONG_PART
from vesale.trust.why import LOOKS, MIXED, OTHERWISE, SEEN, SENTENCE, UNLIKE

SAID = [
    *(
        text.format(noun=noun, much=much, how=how)
        for text in (SENTENCE, MIXED)
        for noun in ("image", "signal")
        for much in ("", "much ")
        for pair in LOOKS.values()
        for how in pair
    ),
    *(text.format(noun="image" if check in ("colour", "layout") else "signal") for check, text in UNLIKE.items()),
    *(text.format(noun=noun) for text in (OTHERWISE, SEEN) for noun in ("image", "signal")),
    *(text.format(value=80.5, low=110.0, high=130.0) for text in NEWS.values()),
    WRONG_PART.format(found="KNEE", wanted="CHEST or HEAD"),
    "The file says US; this model reads CT or MR.",
    f"It would be called Bad, but looks unlike the training images of that name: {OTHERWISE.format(noun='image')}",
]


@pytest.mark.parametrize("message", SAID)
def test_it_has_its_french(message):
    french = translated(message, "fr")
    assert french != message
    assert not re.search(r"\b(the|training|than|image is)\b", french)
    assert translated(message, "en") == message
    for number in re.findall(r"\d+(?:\.\d+)?|KNEE|CHEST or HEAD|\bBad\b", message):
        assert number in french or (message.startswith("It would") and number == "Bad" and number in french)


def test_other_sentences_stay():
    assert translated("The model is not sure enough.", "fr") == "The model is not sure enough."


def test_words_of_the_pages_are_there_in_both_languages():
    assert all(english and french and english != french for english, french in GATE.values())
