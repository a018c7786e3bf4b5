"""What a cohort's files and pictures give away: shortcuts, burned-in text, masks that do not fit, odd labels.

This opens files and asks `trust` (shortcuts, marks, mask_fit, label_outliers); copies and leaks are found elsewhere.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ..core.errors import VesaleError
from ..core.exam import Cohort, Exam
from ..core.image import Array, Image, Source
from ..core.report import Finding, Severity
from ..io import open_mask_on, open_source
from ..io.cohort_table import found
from ..io.header_facts import BURNED_IN, Fact, header_facts
from ..metrics.intervals import clopper_pearson
from ..ops.thumbnail import fitting
from ..trust.appearance import image_statistics
from ..trust.label_outliers import Outliers, label_outliers
from ..trust.marks import Box, Mark, erase, find_marks, joined_boxes, mark_pattern, opposite, overlap, said
from ..trust.mask_fit import SIDE, Misfit, Pair, misfits
from ..trust.probes import Cell, Question, questions
from ..trust.shortcuts import Evidence, cue_findings, mark_findings, place_findings, thin_findings
from ..trust.traces import Traces, strokes_of, traces_of
from .looking import DECODED, Inspected, Key
from .text import Line, can_read, lines_of

Bytes = NDArray[np.uint8]
READ = 16
"""Pictures in which letters are looked for, evenly spread; and again where they are found only now and then."""
READ_MORE = 24
FEW_PATTERNS = 600
"""Exams whose strokes inside a mark are compared."""
LAID = 600
"""Exams whose masks are laid over their images."""
SEEN = re.compile(r"magnification|objective|view|position|laterality|modality|stain|plane|projection")
"""Traits that a picture must look like, as it need not look like its hospital."""
MOST_CLASSES = 10
"""A column of more values is no class to be mistaken."""
LISTED = 20
"""Exams in one finding's message."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Of one image, some kilobytes."""

    traces: Traces | None
    facts: Mapping[str, Fact]
    statistics: NDArray[np.float64]
    """`image_statistics`, and the colours of sixteen areas."""


def keep(image: Image, source: Source) -> Kept | None:
    """What is kept of an image while its samples are there; None of a signal."""
    picture = as_bytes(image)
    if picture is None:
        return None
    traces = traces_of(picture)
    _, statistics = image_statistics(picture.astype(np.float32) / np.float32(255))
    areas = np.zeros(0) if traces is None else traces.cells[..., :4].reshape(4, 4, 4, 4, 4).mean(axis=(1, 3)).ravel()
    return Kept(traces, header_facts(source), np.concatenate([statistics, areas.astype(float)]))


def as_bytes(image: Image) -> Bytes | None:
    """The plane that a picture shows, or the middle one of a volume, (C, H, W) in 0 to 255; None of a signal."""
    data = image.data
    if image.kind == "signal" or data.ndim not in (3, 4):
        return None
    plane = data[:, data.shape[1] // 2] if data.ndim == 4 else data
    if plane.dtype == np.uint8:
        return plane
    values = np.nan_to_num(plane.astype(np.float32))
    low, high = np.percentile(values[..., ::3, ::3], [0.5, 99.5])
    return np.asarray(np.clip((values - low) / max(float(high - low), 1e-12) * 255, 0, 255), np.uint8)


def suspicions(cohort: Cohort, looks: Mapping[Key, Inspected], name: str) -> list[Finding]:
    """Everything that this module looks for; `name`: of `keep` among what was examined."""
    exams, there = kept_of(cohort, looks, name)
    if not exams:
        return []
    evidence = Evidence(exams, [k.facts for k in there], [k.traces for k in there])
    labels = sorted({name for exam in exams for name in exam.truth})
    asked = [q for label in labels for q in questions(label, [exam.truth.get(label) for exam in exams])]
    findings = [*cue_findings(evidence, asked), *thin_findings(evidence, asked)]
    places, marks = place_findings(evidence, asked), list(_marks(cohort, evidence, asked))
    findings += [*places, *marks, *_declared(evidence)]
    statistics = np.array([k.statistics for k in there if len(k.statistics) == len(there[0].statistics)])
    if len(statistics) == len(exams):
        findings += _labels(exams, labels, statistics)
    return findings + list(_masks(cohort))


def kept_of(cohort: Cohort, looks: Mapping[Key, Inspected], name: str) -> tuple[list[Exam], list[Kept]]:
    """The exams of which something was kept, and what."""
    pairs = [(exam, k) for exam in cohort if (k := _kept(exam, looks, name)) is not None]
    return [exam for exam, _ in pairs], [k for _, k in pairs]


def _kept(exam: Exam, looks: Mapping[Key, Inspected], name: str) -> Kept | None:
    path = next(iter(exam.views[0].inputs.values()), None)
    look = looks.get(("image", path)) if path else None
    value = look.examined.get(name) if look else None
    return value if isinstance(value, Kept) else None


def _picture(cohort: Cohort, exam: Exam) -> Bytes | None:
    path = next(iter(exam.views[0].inputs.values()))
    try:
        return as_bytes(open_source(cohort.root / path).read())
    except VesaleError:
        return None


def _spread(n: int, wanted: int) -> list[int]:
    return list(range(n)) if n <= wanted else [int((i + 0.5) * n / wanted) for i in range(wanted)]


# Marks and letters ----------------------------------------------------------------------------------------------------


def _marks(cohort: Cohort, evidence: Evidence, asked: Sequence[Question]) -> Iterator[Finding]:
    """Marks at one place, what they tell of the labels, and letters anywhere in a sample."""
    marks = find_marks([t.strokes for t in evidence.traces if t is not None])
    read = _letters(cohort, evidence.exams) if can_read() else {}
    boxes = [m.box for m in marks]
    for mark in marks:
        yield _mark_found(
            mark, [line for lines in read.values() for line in lines if overlap(line.box, mark.box)], read
        )
        if asked:
            index = _spread(len(evidence.exams), FEW_PATTERNS)
            patterns, seen = _patterns(cohort, [evidence.exams[i] for i in index], mark.box)
            index = [i for i, s in zip(index, seen, strict=True) if s]
            subset = [Question(q.name, q.value, q.target[index]) for q in asked]
            yield from mark_findings(mark, patterns, subset, [evidence.subjects[i] for i in index])
    strays = {e: [line for line in lines if not any(overlap(line.box, b) for b in boxes)] for e, lines in read.items()}
    yield from _letters_found({e: lines for e, lines in strays.items() if lines}, len(read), evidence.exams)


def _letters(cohort: Cohort, exams: Sequence[Exam]) -> dict[str, list[Line]]:
    """Exam -> lines, of an even sample; of a larger one where some have letters and most have not."""
    read: dict[str, list[Line]] = {}
    for wanted in (READ, READ_MORE):
        for i in _spread(len(exams), wanted):
            exam = exams[i]
            if exam.id not in read and (picture := _picture(cohort, exam)) is not None:
                read[exam.id] = lines_of(picture)
        if not any(read.values()):
            break
    return read


def _patterns(cohort: Cohort, exams: Sequence[Exam], box: Box) -> tuple[dict[Box, NDArray[np.float64]], list[bool]]:
    rows: dict[Box, list[NDArray[np.float64]]] = {b: [] for b in (box, *opposite(box))}
    seen = []
    for exam in exams:
        picture = _picture(cohort, exam)
        seen.append(picture is not None)
        if picture is not None:
            strokes = strokes_of(picture if len(picture) >= 3 else np.repeat(picture[:1], 3, axis=0))
            for b, patterns in rows.items():
                patterns.append(mark_pattern(picture, strokes, b))
    return {b: np.array(patterns) for b, patterns in rows.items()}, seen


def _mark_found(mark: Mark, lines: Sequence[Line], read: Mapping[str, Sequence[Line]]) -> Finding:
    what = f"a mark that reads as {_commonest(lines)}" if lines else "a mark of thin strokes"
    message = (
        f"{what} stands at the {said(mark.box)} of {mark.share:.0%} of the pictures (boxes of its size elsewhere: "
        f"{mark.elsewhere:.0%}); what it says is not kept"
    )
    remedy = f"look whether it names anybody; set {erase([mark.box])}"
    finding = found("burned_in_text", "warning", (message, remedy), f"mark|{said(mark.box)}")
    sure = 0.99 if lines else round(1 - mark.elsewhere / max(mark.share, 1e-9), 3)
    return replace(finding, confidence=sure, boxes=(mark.box,))


def _commonest(lines: Sequence[Line]) -> str:
    kinds = [line.looks for line in lines]
    return max(sorted(set(kinds)), key=kinds.count)


def _letters_found(strays: Mapping[str, Sequence[Line]], looked: int, exams: Sequence[Exam]) -> Iterator[Finding]:
    if not strays:
        return
    longest = {e: max(lines, key=lambda line: line.length) for e, lines in strays.items()}
    boxes = joined_boxes([line.box for lines in strays.values() for line in lines])
    low, high = clopper_pearson(len(strays), looked)
    where = ", ".join(dict.fromkeys(said(line.box) for line in longest.values()))
    message = (
        f"letters stand in {len(strays)} of {looked} pictures looked at ({low:.0%} to {high:.0%} of all), for instance "
        f"at the {where}; longest line {max(line.length for line in longest.values())} signs, which are not kept"
    )
    small = [b for b in boxes if (b[2] - b[0]) * (b[3] - b[1]) <= 0.12]
    remedy = "look whether they name anybody and take them out of the pictures" + (
        f"; {erase(small)} covers those that were found" if small and len(small) <= 4 else ""
    )
    serious = any(line.length >= 4 for lines in strays.values() for line in lines)
    order = {exam.id: i for i, exam in enumerate(exams)}
    names = sorted(strays, key=order.__getitem__)
    lines_at = [view.line for exam in exams if exam.id in strays for view in exam.views[:1]]
    text = (message, remedy)
    finding = found("burned_in_text", "warning" if serious else "note", text, "letters", names, lines_at)
    yield replace(finding, confidence=round(float(np.mean([line.score for line in longest.values()])), 3))


def _declared(evidence: Evidence) -> Iterator[Finding]:
    """DICOM files that say themselves that they bear text."""
    said_so = [e for e, facts in zip(evidence.exams, evidence.facts, strict=True) if facts.get(BURNED_IN) == "YES"]
    if said_so:
        message = f"{len(said_so)} DICOM files say that text is burned in (BurnedInAnnotation = YES)"
        text = (message, "look at them before they leave the house; paint the text black with look.erase")
        lines = [exam.views[0].line for exam in said_so]
        yield found("burned_in_text", "warning", text, "declared", [e.id for e in said_so], lines)


# Labels ---------------------------------------------------------------------------------------------------------------


def _labels(exams: Sequence[Exam], labels: Sequence[str], statistics: NDArray[np.float64]) -> Iterator[Finding]:
    """Of every label, and of every trait that shows in the picture: a wrong magnification is a wrong label, too."""
    traits = sorted({name for exam in exams for name in exam.traits if SEEN.search(name.lower())} - set(labels))
    columns = {name: [exam.truth.get(name) for exam in exams] for name in labels}
    columns |= {name: [exam.traits.get(name) for exam in exams] for name in traits}
    for name, cells in columns.items():
        texts = [_class(cell) for cell in cells]
        if 2 <= len({t for t in texts if t is not None}) <= MOST_CLASSES:
            outliers = label_outliers(statistics, texts, [exam.subject for exam in exams])
            yield from _labels_found(exams, name, outliers) if outliers else ()


def _class(cell: Cell) -> str | None:
    """None of what is unknown, or several at once."""
    if isinstance(cell, str):
        return None if ";" in cell else cell
    return None if cell is None else f"{cell:g}"


def _labels_found(exams: Sequence[Exam], label: str, outliers: Outliers) -> Iterator[Finding]:
    pairs: dict[tuple[str, str], list[tuple[Exam, float]]] = defaultdict(list)
    for suspect in outliers.suspects:
        pairs[suspect.label, suspect.looks].append((exams[suspect.index], suspect.confidence))
    for (own, other), listed in pairs.items():
        names = [exam.id for exam, _ in listed]
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        message = (
            f"{len(names)} exams with {label} = {own} look like {other} by colour, texture and layout, the surest "
            f"first: {', '.join(names[:LISTED])}{more}"
        )
        remedy = (
            "look at each: a wrong label, or a right one of an unusual picture; correct the table where it is wrong"
        )
        lines = [exam.views[0].line for exam, _ in listed]
        finding = found("label_outlier", "note", (message, remedy), f"{label}|{own}|{other}", names, lines)
        yield replace(finding, confidence=round(listed[0][1], 3), measure=outliers.rate)


# Masks ----------------------------------------------------------------------------------------------------------------


def _masks(cohort: Cohort) -> Iterator[Finding]:
    """Class by class: the first view of an even choice of exams."""
    classes = sorted({name for exam in cohort for view in exam.views[:1] for name in view.masks})
    for kind in classes:
        having = [exam for exam in cohort if kind in exam.views[0].masks]
        chosen = [having[i] for i in _spread(len(having), LAID)]
        laid = [(exam, pair) for exam in chosen if (pair := pair_of(cohort, exam, kind)) is not None]
        if laid:
            faults, _ = misfits([pair for _, pair in laid], [exam.subject for exam, _ in laid])
            yield from _misfits_found([exam for exam, _ in laid], kind, faults)


def pair_of(cohort: Cohort, exam: Exam, kind: str) -> Pair | None:
    view = exam.views[0]
    image = cohort.root / next(iter(view.inputs.values()))
    try:
        source = open_source(image)
        if len(source.levels[0].shape) != 2 or prod(source.levels[0].shape) * len(source.channels) > DECODED:
            return None
        picture = as_bytes(source.read())
        labels = open_mask_on(cohort.root / view.masks[kind], [image]).data
    except VesaleError:
        return None
    if picture is None or labels.shape[1:] != picture.shape[1:]:
        return None
    size = fitting(picture.shape[1:], SIDE)
    mask = _shrunk((labels[0] != 0).astype(np.uint8) * np.uint8(255), size) / np.float32(255)
    return Pair(np.stack([_shrunk(c, size) for c in picture[:3]]).astype(np.uint8), mask, picture.shape[1] / size[0])


def _shrunk(plane: Array, size: tuple[int, int]) -> NDArray[np.float32]:
    picture = Pillow.fromarray(np.ascontiguousarray(plane))
    return np.asarray(picture.resize((size[1], size[0]), Pillow.Resampling.BOX), np.float32)


_TOLD = {
    "swapped": "the mask of {exam}{kind} fits its image badly, and that of {other} fits it well: swapped?",
    "mirrored": "the mask of {exam}{kind} fits its image only when it is mirrored",
    "inverted": "the mask of {exam}{kind} marks what the others leave out: inverted?",
    "shifted": "the mask of {exam}{kind} fits its image better when it is moved by {move}: shifted?",
    "full": "the mask of {exam}{kind} covers the whole picture",
    "empty": "the mask of {exam}{kind} is empty, which most are not",
}
_DO = {
    "swapped": "lay both masks over both images and correct the table",
    "mirrored": "lay it over its image; export it again in the image's orientation",
    "inverted": "lay it over its image; exchange background and foreground",
    "shifted": "lay it over its image; export it again at the image's origin",
    "full": "outline it again, or take the exam out",
    "empty": "if nothing is there to outline, this is right; else outline it",
}


def _misfits_found(exams: Sequence[Exam], kind: str, faults: Sequence[Misfit]) -> Iterator[Finding]:
    for fault in faults:
        exam, other = exams[fault.index], None if fault.other is None else exams[fault.other]
        told = {"exam": exam.id, "kind": f" ({kind})" if kind else "", "other": other.id if other else ""}
        message = _TOLD[fault.kind].format(**told, move=_move(fault.shift))
        if fault.better > 0:
            message += f" (agreement {fault.own:.2f}, then {fault.better:.2f})"
        concerned = [exam, *([other] if other else [])]
        lines = [e.views[0].line for e in concerned]
        severity: Severity = "note" if fault.kind == "empty" else "warning"
        key = f"{fault.kind}|{kind}|{exam.id}"
        names = [e.id for e in concerned]
        yield replace(
            found("mask_mismatch", severity, (message, _DO[fault.kind]), key, names, lines), confidence=fault.confidence
        )


def _move(shift: tuple[float, float] | None) -> str:
    """What undoes it."""
    if shift is None:
        return ""
    down, right = shift
    return (
        f"{abs(down):.0f} samples {'up' if down > 0 else 'down'}, {abs(right):.0f} {'left' if right > 0 else 'right'}"
    )
