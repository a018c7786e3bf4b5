"""The section of a report that says whether an attack tells whom the model learned from: a picture and a sentence."""

from collections.abc import Mapping
from typing import Any

from .charts import curve_svg
from .documents import measure
from .extras import Curve, Series
from .words import counted, say, shown

CLEARLY = 0.6
"""From this lower end of the interval on the attack is said to succeed often."""


def privacy_section(facts: Mapping[str, Any], language: str) -> Mapping[str, Any] | None:
    """`facts` as a card has them. None when the card says nothing; an unknown is said."""
    if "membership" not in facts:
        return None
    sentences = privacy_sentences(facts, language)
    told = facts["membership"]
    if told is None:
        return {"sentences": sentences, "svg": None}
    x, y = zip(*told["curve"], strict=True)
    title = say("privacy.curve", language)
    labels = (say("privacy.x", language), say("privacy.y", language))
    curve = Curve(title, *labels, (Series("", tuple(x), tuple(y)),), diagonal=True)
    return {"sentences": sentences, "svg": curve_svg(curve, "privacy", language)}


def privacy_sentences(facts: Mapping[str, Any], language: str) -> list[str]:
    """The question, the answer with its interval, and how it was found."""
    question, told = say("privacy.question", language), facts.get("membership")
    if told is None:
        return [question, say("privacy.unknown", language)]
    auc = measure("auc", told["auc"])
    low = auc.low if auc.low is not None else auc.value or 0.0
    key = "betrayed" if low >= CLEARLY else "somewhat" if low > 0.5 else "hidden"
    how = say(
        "privacy.how",
        language,
        members=counted(told["members"], "subject", language),
        others=counted(told["others"], "subject", language),
        references=told["references"],
    )
    caught = shown(measure("sensitivity", told["sensitivity"]), language)
    return [
        question,
        say(f"privacy.{key}", language, auc=shown(auc, language)),
        say("privacy.caught", language, caught=caught),
        how,
    ]
