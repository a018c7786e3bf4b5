"""What a study says of itself: the model's card, its rules in words, its losses by step."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..core.exam import Cohort
from ..core.model import Card
from ..core.recipe import Recipe
from ..ops.machine import machine, peak_rss_mb
from ..render.calibration_section import correction_sentence, promise_sentence
from ..render.extras import Accepts, Series
from ..trust.refer import without_threshold
from ..trust.state import Trust
from .events import Fitted, Progress


def card_of(recipe: Recipe, learned: Cohort, fitted: Sequence[Fitted], name: str | None) -> Card:
    """The card of a model before it is measured; its digest is filled in when the package is written."""
    steps = sum(f.steps for f in fitted)
    early = [f.part for f in fitted if f.steps < recipe.train.steps]
    what = "signals" if recipe.task.from_signal else "images"
    return Card(
        name=name or recipe.task.name,
        version="1",
        digest="",
        cohort=_cohort(recipe, learned),
        intended_use=recipe.card.intended_use or f"To help a reader {_purpose(recipe)} in {what} like its own.",
        licence=recipe.card.licence,
        use=recipe.card.use,
        data=recipe.card.data,
        citation=recipe.card.citation,
        modalities=recipe.task.modalities,
        limits=_limits(recipe, learned, early),
        training={
            "seconds": round(sum(f.seconds for f in fitted), 1),
            "steps": steps,
            "fits": len(fitted),
            "aborted": early,
            "machine": machine(),
            "precision": recipe.train.precision,
            "threads": recipe.train.threads,
            "seed": recipe.seed,
            "weights": fitted[-1].digest[:16],
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "vesale": version("vesale"),
        },
    )


def _cohort(recipe: Recipe, learned: Cohort) -> dict[str, Any]:
    """Whom it was learned from; all unknown of a network that came from elsewhere."""
    if recipe.validate.mode == "given":
        return dict.fromkeys(("digest", "subjects", "exams", "split_by_subject"))
    return {
        "digest": learned.digest,
        "subjects": len(learned.subjects),
        "exams": len(learned),
        "split_by_subject": learned.subjects_known,
    }


def rule_in_words(trust: Trust) -> str:
    """The refer rule as fitted, for a reader."""
    rule = trust.refer
    if rule is None:
        return "No refer rule: the recipe names no bound for what is wrong, so every exam goes to a reader."
    prices = ", ".join(f"{kind} counts {price:g}" for kind, price in rule.prices.items())
    wanted = f"at most {rule.alpha:.3g} errors an exam reported alone, counted at their price ({prices}, others 1)"
    if not rule.prices:
        wanted = f"at most {100 * rule.alpha:.3g}% wrong of those reported alone"
    wanted += f", with confidence {100 * (1 - rule.delta):.3g}%"
    if rule.threshold is None:
        return f"Wanted: {wanted}. {without_threshold(rule)} Wrong means: {trust.error}."
    spent = f", which counts {rule.cost:.3g}" if rule.prices and rule.cost is not None else ""
    return (
        f"{wanted[0].upper()}{wanted[1:]}: an exam is reported alone when its confidence reaches {rule.threshold:.3f}; "
        f"on {rule.n} calibration subjects that was {rule.reported}, {rule.wrong} of them wrong{spent}. "
        f"Wrong means: {trust.error}."
    )


def promises_in_words(trust: Trust) -> dict[str, str]:
    """Output -> how its probabilities are corrected and what is promised of it, for the card."""
    said = {}
    for name, fitted in trust.outputs.items():
        promise = "" if fitted.guarantee is None else promise_sentence(fitted.guarantee)
        parts = [correction_sentence(fitted.candidates), promise, fitted.note or ""]
        said[name] = " ".join(dict.fromkeys(p for p in parts if p))
    return {name: text for name, text in said.items() if text}


def gate_in_words(trust: Trust) -> str:
    """What the gate compares, and how often it errs."""
    gate = trust.gate
    if gate is None:
        return "No gate: too few exams to know what is usual."
    kind = "by a fitted tail, as there are few exams" if gate.approximate else "by counting"
    looked_at, noun = "picture's brightness, contrast, sharpness, colour and layout", "pictures"
    if trust.reference is not None:
        looked_at, noun = "signal's level, spread, shape, gaps and likeness to the mean signal", "signals"
    seen = ", and what the network sees in it," if gate.spaces else ""
    by = " Each answer that enough exams bear out is compared with the exams of that answer." if trust.by_answer else ""
    return (
        f"Before any answer the {looked_at}{seen} are compared with "
        f"{gate.n} exams; {gate.false_alarm_rate:.0%} of usual {noun} are declined in error ({kind}).{by}"
    )


def accepts_of(trust: Trust) -> Accepts | None:
    """The gate for a report's picture: its calibration scores, its threshold, and what the files were like."""
    gate, known = trust.gate, trust.known
    if gate is None:
        return None
    ranges = known.ranges if known else {}
    return Accepts(
        tuple(gate.scores.tolist()),
        gate.threshold,
        gate.false_alarm_rate,
        gate.n,
        gate.approximate,
        None,
        known.devices if known else (),
        known.body_parts if known else (),
        ranges.get("side"),
        ranges.get("pixel_mm"),
    )


def losses(events: Path) -> tuple[Series, ...]:
    """Loss by step of each part, the last run of it."""
    found: dict[str, dict[int, float]] = {}
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["event"] == Progress.__name__:
            found.setdefault(event["part"], {})[int(event["step"])] = float(event["loss"])
    return tuple(
        Series(part, tuple(float(s) for s in sorted(v)), tuple(v[s] for s in sorted(v))) for part, v in found.items()
    )


def _purpose(recipe: Recipe) -> str:
    kinds = {"category": "name", "quantity": "grade or measure", "partition": "outline", "picture": "see"}
    parts = []
    for name, output in recipe.task.outputs.items():
        what = ", ".join(getattr(output, "scored", ())) or name
        parts.append(f"{kinds.get(output.kind, 'see')} {what}")
    return " and ".join(parts)


def _limits(recipe: Recipe, learned: Cohort, early: Sequence[str]) -> tuple[str, ...]:
    limits = [
        "An aid to a trained reader, not a medical device.",
        "What it was not shown it cannot know: other devices, sites and diseases need `vesale evaluate` first.",
    ]
    if recipe.validate.mode == "given":
        limits.append(
            "The network was learned elsewhere. If it learned from exams that it was calibrated or tested on, its "
            "numbers and promises are too good; nothing here can know."
        )
    elif not learned.subjects_known:
        limits.append("The table named no subjects, so images of one patient may stand on both sides.")
    if early:
        limits.append(f"The clock ended {', '.join(early)} before the planned steps were done.")
    return tuple(limits)
