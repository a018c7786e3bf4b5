"""Why the gate declines, in one sentence: the most telling check and its direction. The French of it is render's."""

from collections.abc import Mapping

from ..core.prediction import Code, GateVerdict, Reason
from .gate import OVERALL, TOGETHER

MUCH = 2.0
"""Times the threshold from which a deviation is said to be large."""
LOOKS: Mapping[str, tuple[str, str]] = {
    "brightness": ("darker", "brighter"),
    "contrast": ("flatter", "harsher"),
    "sharpness": ("more blurred", "grainier"),
    "size": ("smaller", "larger"),
    "spread": ("weaker", "stronger"),
    "missing": ("more complete", "less complete"),
}
"""Check -> what a low and a high value are called."""
SENTENCE = "The {noun} is {much}{how} than the {noun}s of the training."
MIXED = "The {noun} is unlike the {noun}s of the training: above all, it is {much}{how}."
LEADS = 0.75
"""Share of the network's distances that a fault of quality must reach to be the reason itself, not only its sign."""
UNLIKE: Mapping[str, str] = {
    "colour": "The colours of the {noun} (stain, tint, light) are unlike those of the training's {noun}s.",
    "layout": "The layout of the {noun} (field, frame, position) is unlike that of the training's {noun}s.",
    "level": "The level of the {noun} is unlike that of the training's {noun}s.",
    "shape": "The distribution of the {noun}'s values is unlike that of the training's {noun}s.",
    "agreement": "The {noun} does not follow the pattern of the training's {noun}s.",
}
OTHERWISE = "The {noun} is unlike the {noun}s of the training."
SEEN = "What the network sees in the {noun} is unlike what it saw in the {noun}s of the training."


def reason(verdict: GateVerdict) -> Reason | None:
    """None where the gate does not decline.

    A fault of quality is named where it deviates at least half as much as the worst of looks, for a bad exposure also
    changes colours and shapes; it is low_quality unless the network's distances are well beyond it, as they are for a
    picture of something else. What the network sees is named alone where no look is telling.
    """
    if verdict.verdict != "fail":
        return None
    values = {c.name: c.value for c in verdict.checks if c.value is not None and c.name != TOGETHER}
    noun = "image" if "brightness" in values else "signal"
    looks = {name: v for name, v in values.items() if name in LOOKS or name in UNLIKE}
    spaces = {name: v for name, v in values.items() if name not in looks and name != OVERALL}
    worst = max(looks, key=lambda name: abs(looks[name]))
    limit = verdict.threshold or 0.0
    told = abs(looks[worst]) >= 0.5 * limit and abs(looks[worst]) >= 0.25 * max(spaces.values(), default=0.0)
    if not told:
        message = (SEEN if spaces and max(spaces.values()) >= values.get(OVERALL, 0.0) else OTHERWISE).format(noun=noun)
        return Reason("unlike_training", message, verdict.score, verdict.threshold)
    quality = [name for name in looks if name in LOOKS]
    spoilt = max(quality, key=lambda name: abs(looks[name]), default=worst)
    if spoilt in LOOKS and abs(looks[spoilt]) >= 0.5 * abs(looks[worst]):
        much = "much " if abs(looks[spoilt]) >= MUCH * limit else ""
        leads = abs(looks[spoilt]) >= LEADS * max(spaces.values(), default=0.0)
        text = SENTENCE if leads else MIXED
        message = text.format(noun=noun, much=much, how=LOOKS[spoilt][looks[spoilt] > 0])
        code: Code = "low_quality" if leads and spoilt != "size" else "unlike_training"
        return Reason(code, message, verdict.score, verdict.threshold)
    return Reason("unlike_training", UNLIKE[worst].format(noun=noun), verdict.score, verdict.threshold)
