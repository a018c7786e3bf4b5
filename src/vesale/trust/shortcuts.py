"""What predicts a label and is no pathology: the file, the equipment, the border, a place at the edge, a mark.

A cue is reported when the lower end of its interval, at the level corrected for all cues asked, and a permutation test
both say that it predicts. How grave that is depends on the cue (`RULES`): a header cannot show disease; how well a file
compresses can. A place at the edge must beat every place in the middle, for there content predicts, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vesale.core.exam import Exam
from vesale.core.report import Finding, Measure, Severity
from vesale.io.cohort_table import found

from .marks import Box, Mark, erase, opposite, said
from .probes import Cell, Probed, Question, concordance, cross_predicted, paired_difference, probe
from .traces import CELLS, Traces

Floats = NDArray[np.float64]
Fact = str | float

ACQUISITION = re.compile(
    r"(view|position|laterality|site|institution|hospital|cent(re|er)|clinic|location|scanner|device|camera|"
    r"manufacturer|vendor|model|machine|magnification|objective|stain|batch|slide|protocol|source|reader|annotator)"
)
"""Traits that say how an image came about, not who was imaged."""
SURE = 0.05
"""Largest corrected p of a finding."""
REGIONS = 8
"""A picture is cut into so many rows and columns of regions, each of whole cells."""
BETTER = 0.05
"""What a place at the edge must gain in AUC, by the lower end of the interval, on every place in the middle."""
THIN = 5
"""Fewer subjects of a class under a condition than this cannot tell the class from the condition."""
MOST_THIN = 6
NAMED = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """From which strength on a kind of cue is worth saying, and how loudly; strengths are 2 AUC - 1, or root of R2."""

    kind: str
    what: str
    least: float
    error: float | None
    """From here on an error; None: never."""
    severity: Severity
    remedy: str


_COLLECT = "collect the classes in the same way, or compare within each value"
_RESAVE = "save all images in one way (size, format, compression) from the originals, or collect the classes alike"
_HEADER = (
    "network and header never meet, but equipment shows in pixels: balance it over the classes, or test per device"
)
RULES: Mapping[str, Rule] = {
    "file.bytes_per_pixel": Rule("metadata_shortcut", "how well the file compresses", 0.5, None, "note", _RESAVE),
    "file": Rule("metadata_shortcut", "how the file was saved", 0.2, 0.7, "warning", _RESAVE),
    "picture": Rule("metadata_shortcut", "the size of the picture", 0.2, 0.7, "warning", _RESAVE),
    "dicom": Rule("metadata_shortcut", "the DICOM header", 0.2, 0.7, "warning", _HEADER),
    "border": Rule("shortcut", "the width of the plain border", 0.3, None, "warning", 'look.crop="content", or cut it'),
    "mark": Rule("shortcut", "a mark in the picture", 0.2, 0.7, "warning", ""),
    "name": Rule("metadata_shortcut", "the number in the file's name", 0.4, None, "note", _COLLECT),
    "acquisition": Rule("metadata_shortcut", "how the image was taken", 0.2, None, "warning", _COLLECT),
    "trait": Rule(
        "metadata_shortcut", "what is known of the subject", 0.4, None, "note", "report per group: vesale audit"
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Of each exam, its first view: what the probes look at. All in the order of the exams."""

    exams: Sequence[Exam]
    facts: Sequence[Mapping[str, Fact]]
    traces: Sequence[Traces | None]

    @property
    def subjects(self) -> list[str]:
        return [exam.subject for exam in self.exams]


def cue_findings(evidence: Evidence, asked: Sequence[Question], seed: int = 0) -> list[Finding]:
    """Of every cue that is one value an exam."""
    probed = probe(cues_of(evidence), asked, evidence.subjects, seed)
    strong: dict[tuple[str, str, str | None], list[Probed]] = {}
    for one in probed:
        family = _family(one.cue)
        if one.p <= SURE and _strength(one, one.measure.low) >= RULES[family].least:
            strong.setdefault((family, one.question, one.value), []).append(one)
    return [_finding(RULES[family], group, evidence) for (family, _, _), group in strong.items()]


def cues_of(evidence: Evidence) -> dict[str, list[Cell]]:
    """Cue -> one value an exam. Its family stands before the first point."""
    cues: dict[str, list[Cell]] = {}
    for name in sorted({name for facts in evidence.facts for name in facts}):
        cues[name] = [facts.get(name) for facts in evidence.facts]
    for i, side in enumerate(("top", "right", "bottom", "left")):
        cues[f"border.{side}"] = [None if t is None else t.border[i] for t in evidence.traces]
    cues["name.number"] = [_number(exam) for exam in evidence.exams]
    for trait in sorted({name for exam in evidence.exams for name in exam.traits}):
        family = "acquisition" if ACQUISITION.search(trait.lower()) else "trait"
        cues[f"{family}.{trait}"] = [exam.traits.get(trait) for exam in evidence.exams]
    for field in ("view", "laterality"):
        cues[f"acquisition.{field}"] = [getattr(exam.views[0], field) for exam in evidence.exams]
    return cues


def thin_findings(evidence: Evidence, asked: Sequence[Question]) -> list[Finding]:
    """Classes that come under a condition of acquisition with a handful of subjects only."""
    findings = []
    names = sorted({n for exam in evidence.exams for n in exam.traits if ACQUISITION.search(n.lower())})
    for trait, question in ((t, q) for t in names for q in asked if q.value is not None):
        counts = _subjects_by(evidence.exams, trait, question)
        values = {value for value, _ in counts}
        if not 2 <= len(values) <= MOST_THIN:
            continue
        for value in sorted(values, key=str):
            sides = {side: counts.get((value, side), 0) for side in (0.0, 1.0)}
            poor, rich = min(sides.values()), max(sides.values())
            if poor < THIN and rich >= 3 * max(poor, 1):
                side = "without" if sides[0.0] == poor else "with"
                message = (
                    f"{trait} = {_plain(value)} holds {poor} subjects {side} {question.name} = {question.value} and "
                    f"{rich} of the other side: there the two cannot be told apart"
                )
                text = (message, f"collect such exams, or leave {trait} = {_plain(value)} out of what is claimed")
                finding = found("metadata_shortcut", "note", text, f"thin|{trait}|{value}|{question.name}")
                findings.append(replace(finding, cue=f"acquisition.{trait}", asked=(question.name, question.value)))
    return findings


def place_findings(evidence: Evidence, asked: Sequence[Question], seed: int = 0) -> list[Finding]:
    """Places at the edge whose colour and spread predict a class better than any place in the middle."""
    there = [i for i, t in enumerate(evidence.traces) if t is not None]
    if len(there) < 16:
        return []
    cells = np.array([t.cells for t in evidence.traces if t is not None], np.float64)
    subjects = [evidence.exams[i].subject for i in there]
    findings: list[Finding] = []
    for question in asked:
        target = question.target[there]
        binary = target if question.value is not None else np.where(np.isnan(target), np.nan, target > 0.5)
        findings += _place(cells, replace(question, target=binary.astype(np.float64)), subjects, seed)
    return findings


def mark_findings(
    mark: Mark, patterns: Mapping[Box, Floats], asked: Sequence[Question], subjects: Sequence[str], seed: int = 0
) -> list[Finding]:
    """Whether a mark, or what it says, predicts a label: its strokes against those of the boxes opposite.

    `patterns`: box -> (n, d) strokes, of the mark's box and of `opposite`.
    """
    own = patterns[mark.box]
    cues: dict[str, Sequence[Cell] | Floats] = {"mark.strokes": own}
    cues["mark.present"] = [str(bool(row.any())) for row in own]
    findings: list[Finding] = []
    for one in probe(cues, asked, subjects, seed):
        low = _strength(one, one.measure.low)
        if one.p > SURE or low < RULES["mark"].least or any(_same(f, one) for f in findings):
            continue
        question = next(q for q in asked if (q.name, q.value) == (one.question, one.value))
        if _beats_opposite(patterns, mark.box, question, subjects, seed):
            findings.append(_mark_finding(mark, one, low))
    return findings


def _same(finding: Finding, one: Probed) -> bool:
    return finding.message.endswith(_asked(one))


def _asked(one: Probed | Question) -> str:
    name = one.question if isinstance(one, Probed) else one.name
    return f"{name} = {one.value}" if one.value is not None else name


def _family(cue: str) -> str:
    return cue if cue in RULES else cue.partition(".")[0]


def _strength(one: Probed, value: float | None) -> float:
    if value is None:
        return 0.0
    return 2 * value - 1 if one.value is not None else float(np.sqrt(max(value, 0.0)))


def _finding(rule: Rule, group: Sequence[Probed], evidence: Evidence) -> Finding:
    best = group[0]
    low = _strength(best, best.measure.low)
    severity: Severity = "error" if rule.error is not None and low >= rule.error else rule.severity
    others = [one.cue for one in group[1:]]
    more = f" (as do {', '.join(others[:NAMED])})" if others else ""
    message = f"{best.cue} alone{more} tells {_asked(best)}: {rule.what} predicts the label, {_number_of(best.measure)}"
    finding = found(rule.kind, severity, (message, rule.remedy), f"{best.cue}|{_asked(best)}")
    asked = (best.question, best.value)
    return replace(finding, confidence=round(1 - best.p, 3), measure=best.measure, cue=best.cue, asked=asked)


def _number_of(measure: Measure) -> str:
    value, low, high = (f"{v:.2f}" if v is not None else "?" for v in (measure.value, measure.low, measure.high))
    chance = "0.5" if measure.name == "auc" else "0"
    return f"{measure.name.upper()} {value} [{low}, {high}] where chance is {chance}, {measure.n} subjects"


def _number(exam: Exam) -> float | None:
    """The last number in the file's name."""
    path = next(iter(exam.views[0].inputs.values()), "")
    digits = re.findall(r"\d+", path.rpartition("/")[2])
    return float(digits[-1][:12]) if digits else None


def _subjects_by(exams: Sequence[Exam], trait: str, question: Question) -> dict[tuple[Cell, float], int]:
    subjects: dict[tuple[Cell, float], set[str]] = {}
    for exam, side in zip(exams, question.target, strict=True):
        value = exam.traits.get(trait)
        if value is not None and not np.isnan(side):
            subjects.setdefault((value, float(side)), set()).add(exam.subject)
    return {key: len(names) for key, names in subjects.items()}


def _plain(value: Cell) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


# Places ---------------------------------------------------------------------------------------------------------------


def _place(cells: Floats, question: Question, subjects: Sequence[str], seed: int) -> Iterator[Finding]:
    """`question` has a binary target here."""
    scores = _region_scores(cells, question.target, subjects, seed)
    areas = {place: float(concordance(score, question.target)[0]) for place, score in scores.items()}
    edge = [p for p in areas if not _inner(p)]
    best = max(edge, key=lambda p: areas[p])
    middle = max((p for p in areas if _inner(p) and not _beside(p, best)), key=lambda p: areas[p])
    level = 1 - 0.05 / len(edge)
    gain, low, high = paired_difference(scores[best], scores[middle], question.target, subjects, level)
    if low is None or low < BETTER or areas[best] < 0.6:
        return
    places = _grown(best, areas, areas[middle] + max(low, BETTER))
    boxes = _boxes(places)
    left = _after(cells, places, question, subjects, seed)
    measure = Measure("auc", areas[best], None, None, len(set(subjects)), method="5 folds by subject, one region")
    wins = Measure(
        "auc_difference", gain, low, high, len(set(subjects)), level=level,
        method="region at the edge less the best region in the middle; bootstrap over subjects",
    )  # fmt: skip
    severity: Severity = "error" if areas[best] >= 0.85 and low >= 0.15 else "warning"
    where = " and ".join(dict.fromkeys(said(box) for box in boxes))
    high_text = "?" if high is None else f"{high:.2f}"
    message = (
        f"the {where} of the picture alone tells {_asked(question)} (AUC {measure.value:.2f}) better than any place in "
        f"the middle, by {gain:.2f} [{low:.2f}, {high_text}]; with it erased the edge tells it with {left:.2f}"
    )
    finding = found(
        "shortcut", severity, (message, f"look at what stands there; set {erase(boxes)}"), f"place|{_asked(question)}"
    )
    asked = (question.name, question.value)
    yield replace(finding, measure=wins, confidence=round(level, 4), asked=asked, boxes=tuple(boxes))


def _region_scores(cells: Floats, target: Floats, subjects: Sequence[str], seed: int) -> dict[tuple[int, int], Floats]:
    step = CELLS // REGIONS
    out = {}
    for y in range(REGIONS):
        for x in range(REGIONS):
            part = cells[:, y * step : (y + 1) * step, x * step : (x + 1) * step].reshape(len(cells), -1)
            spread = part.std(axis=0)
            part = (part - part.mean(axis=0)) / np.where(spread > 1e-4, spread, np.inf)
            out[y, x] = cross_predicted(part, target, subjects, seed)
    return out


def _inner(place: tuple[int, int]) -> bool:
    return all(0 < v < REGIONS - 1 for v in place)


def _beside(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= 1


def _grown(start: tuple[int, int], areas: Mapping[tuple[int, int], float], least: float) -> set[tuple[int, int]]:
    """The region and those joined to it at the edge that predict as much better than the middle."""
    places, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for other in areas:
            if other not in places and not _inner(other) and _beside(other, here) and areas[other] >= least:
                places.add(other)
                todo.append(other)
    return places


def _boxes(places: set[tuple[int, int]]) -> list[Box]:
    """One box a side that is touched by several regions, else one for all."""
    sides: dict[str, list[tuple[int, int]]] = {}
    last = REGIONS - 1
    for y, x in sorted(places):
        side = "top" if y == 0 else "bottom" if y == last else "left" if x == 0 else "right"
        sides.setdefault(side, []).append((y, x))
    boxes = []
    for group in sides.values():
        ys, xs = [y for y, _ in group], [x for _, x in group]
        boxes.append((min(ys) / REGIONS, min(xs) / REGIONS, (max(ys) + 1) / REGIONS, (max(xs) + 1) / REGIONS))
    return boxes


def _after(
    cells: Floats, places: set[tuple[int, int]], question: Question, subjects: Sequence[str], seed: int
) -> float:
    """AUC of the best region at the edge that is left when these are erased."""
    scores = _region_scores(cells, question.target, subjects, seed)
    left = [float(concordance(s, question.target)[0]) for p, s in scores.items() if not _inner(p) and p not in places]
    return max(left, default=0.5)


# Marks ----------------------------------------------------------------------------------------------------------------


def _beats_opposite(
    patterns: Mapping[Box, Floats], box: Box, question: Question, subjects: Sequence[str], seed: int
) -> bool:
    """Better than the same probe of each box opposite, whose content is as far from the middle."""
    target = question.target if question.value is not None else np.where(question.target > 0.5, 1.0, 0.0)
    target = np.where(np.isnan(question.target), np.nan, target)
    own = cross_predicted(patterns[box], target, subjects, seed)
    for other in opposite(box):
        low = paired_difference(own, cross_predicted(patterns[other], target, subjects, seed), target, subjects)[1]
        if low is None or low <= 0:
            return False
    return True


def _mark_finding(mark: Mark, one: Probed, low: float) -> Finding:
    rule = RULES["mark"]
    severity: Severity = "error" if rule.error is not None and low >= rule.error else rule.severity
    what = "whether it is there" if one.cue == "mark.present" else "what is written there"
    message = (
        f"the mark at the {said(mark.box)}: {what} predicts the label, {_number_of(one.measure)}; the places opposite "
        f"do not: {_asked(one)}"
    )
    finding = found("shortcut", severity, (message, f"set {erase([mark.box])}"), f"mark|{said(mark.box)}|{_asked(one)}")
    asked = (one.question, one.value)
    return replace(finding, confidence=round(1 - one.p, 3), measure=one.measure, asked=asked, boxes=(mark.box,))
