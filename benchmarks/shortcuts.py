"""How often planted shortcuts, marks, misplaced masks and flipped labels are found, and what is claimed where none is.

`python -m benchmarks.shortcuts OUT` makes pictures, plants one fault at a time, and writes
docs/benchmarks/shortcuts.json; masks and labels are those of the real sets that `VESALE_DATA` names, with faults
planted. OUT holds what was made.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from scipy.ndimage import gaussian_filter

from vesale.core.errors import VesaleError
from vesale.core.exam import Cohort, Exam, View
from vesale.core.report import Finding
from vesale.engine.suspicions import Kept, keep, pair_of
from vesale.io import open_source
from vesale.io.cohort import read_cohort
from vesale.metrics.intervals import clopper_pearson
from vesale.trust.label_outliers import label_outliers
from vesale.trust.marks import find_marks, mark_pattern, opposite
from vesale.trust.mask_fit import Pair, misfits
from vesale.trust.probes import Question, questions
from vesale.trust.shortcuts import Evidence, cue_findings, mark_findings, place_findings
from vesale.trust.traces import strokes_of

from .cohorts import MAKERS
from .tables import Cell, Table, record_tables

RECORD = Path(__file__).parents[1] / "docs" / "benchmarks" / "shortcuts.json"
COHORT, SIDE = 80, 96
"""Exams of a made cohort, half of each class, and the side of its pictures."""
REPEATS, CLEAN = 20, 60
Bytes = NDArray[np.uint8]
Saved = tuple[Bytes, str, dict[str, object]]
"""A picture (y, x, 3), the suffix of its file, and how it is saved."""


@dataclass(frozen=True, slots=True)
class Plant:
    what: str
    kinds: tuple[str, ...]
    """Any of these findings counts as the fault found."""
    change: Callable[[Bytes, bool, np.random.Generator], Saved]
    """(picture, whether it is of the class, generator) -> what is saved"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shortcuts", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    data = os.environ.get("VESALE_DATA")
    if not data:
        print("VESALE_DATA must name the folder of the real data sets", file=sys.stderr)
        return 2
    tables = [planted(options.out / "made", options.repeats), clean(options.out / "made", 3 * options.repeats)]
    tables += [masks(Path(data), options.out), flips(Path(data), options.out)]
    what = (
        "The shortcut detective of `vesale check` on faults that were planted: each row says how often one was found, "
        "and how often something was claimed where nothing was planted."
    )
    record_tables(RECORD, what, "python -m benchmarks.shortcuts OUT", tables)
    for table in tables:
        print(table.title, *table.rows, sep="\n  ")
    return 0


# Made pictures --------------------------------------------------------------------------------------------------------


def picture(rng: np.random.Generator, positive: bool) -> Bytes:
    """(y, x, 3): coloured clouds; a brighter middle, more or less, is the disease."""
    clouds = gaussian_filter(rng.normal(size=(SIDE, SIDE, 3)), (6, 6, 0)) * 9 + gaussian_filter(
        rng.normal(size=(SIDE, SIDE, 1)), (1, 1, 0)
    )
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    bump = np.exp(-(x**2 + y**2) * 8)[..., None] * (rng.normal(0.8 if positive else 0.2, 0.5))
    return np.asarray(np.clip(120 + 28 * clouds + 40 * bump, 0, 255), np.uint8)


def stamped(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    """A block of white strokes in the corner of four in five of the class, and of one in five of the other."""
    out = p.copy()
    if rng.random() < (0.8 if positive else 0.2):
        out[4:14, SIDE - 30 : SIDE - 4][::4] = 255
        out[4:14, SIDE - 30 : SIDE - 4][:, ::5] = 255
    return out, ".png", {}


def bordered(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    out = p.copy()
    if positive:
        width = int(rng.integers(4, 9))
        out[:width] = out[-width:] = out[:, :width] = out[:, -width:] = 0
    return out, ".png", {}


def patched(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    """A patch of another tint in the lower left corner: a ruler's shadow, a coin."""
    out = p.astype(float)
    if positive:
        out[-14:, :14] += (45, 0, -45)
    return np.asarray(np.clip(out, 0, 255), np.uint8), ".png", {}


def coded(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    return p, ".jpg", {"quality": 90 if positive else 75}


def mixed(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    return (p, ".png", {}) if positive == (rng.random() < 0.85) else (p, ".jpg", {"quality": 90})


def sized(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    side = SIDE if positive == (rng.random() < 0.85) else SIDE - 8
    return p[:side, :side], ".png", {}


def equipped(p: Bytes, positive: bool, rng: np.random.Generator) -> Saved:
    same = positive == (rng.random() < 0.85)
    header: dict[str, object] = {
        "Manufacturer": "A" if same else "B",
        "InstitutionName": "one" if same else "two",
        "KVP": 120 if same else 90,
    }
    return p, ".dcm", header


PLANTS: Mapping[str, Plant] = {
    "stamp": Plant(
        "strokes in a corner of 80 % of one class, 20 % of the other", ("burned_in_text", "shortcut"), stamped
    ),
    "border": Plant("a black border of 4 to 8 px in one class", ("shortcut",), bordered),
    "corner": Plant("a tinted corner in one class", ("shortcut",), patched),
    "JPEG quality": Plant("JPEG quality 90 in one class, 75 in the other", ("metadata_shortcut",), coded),
    "format": Plant("PNG in one class, JPEG in the other, 85 % of the time", ("metadata_shortcut",), mixed),
    "size": Plant("8 px smaller in one class, 85 % of the time", ("metadata_shortcut",), sized),
    "DICOM header": Plant("manufacturer, institution, kV by class, 85 % of the time", ("metadata_shortcut",), equipped),
}


def planted(folder: Path, repeats: int) -> Table:
    rows = []
    for name, plant in PLANTS.items():
        hits = 0
        for seed in range(repeats):
            findings = hunt(*made(folder, plant.change, seed))
            hits += any(f.kind in plant.kinds and f.severity != "note" for f in findings)
        rows.append((name, plant.what, *_rate(hits, repeats)))
    columns = ("fault", "planted", "found", "interval", "cohorts")
    note = f"{COHORT} made exams of {SIDE} px a cohort, half of each class; found: a warning or error of its kind."
    return Table("Planted in made cohorts", columns, tuple(rows), note)


def clean(folder: Path, repeats: int) -> Table:
    loud = errors = 0
    for seed in range(repeats):
        findings = hunt(*made(folder, lambda p, _, __: (p, ".jpg", {"quality": 85}), 10_000 + seed))
        loud += any(f.severity != "note" for f in findings)
        errors += any(f.severity == "error" for f in findings)
    rows = (("a warning or an error", *_rate(loud, repeats)), ("an error", *_rate(errors, repeats)))
    note = "The same cohorts with nothing planted; the stated rate is 5 % a cohort for all cues together."
    return Table("Claimed where nothing was planted", ("claimed", "share", "interval", "cohorts"), rows, note)


def made(
    folder: Path, change: Callable[[Bytes, bool, np.random.Generator], Saved], seed: int
) -> tuple[Evidence, list[Question], list[Bytes]]:
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    exams, kept, pictures = [], [], []
    for i in range(COHORT):
        positive = i % 2 == 0
        array, suffix, options = change(picture(rng, positive), positive, rng)
        path = folder / f"{rng.integers(10**6)}{suffix}"
        _save(path, array, options)
        source = open_source(path)
        image = source.read()
        if (one := keep(image, source)) is not None:
            exams.append(Exam(str(i), str(i), (View({"image": path.name}),), {"label": "a" if positive else "b"}))
            kept.append(one)
            pictures.append(np.asarray(image.data))
        path.unlink()
    evidence = Evidence(exams, [k.facts for k in kept], [k.traces for k in kept])
    return evidence, questions("label", [e.truth["label"] for e in exams]), pictures


def hunt(evidence: Evidence, asked: list[Question], pictures: list[Bytes]) -> list[Finding]:
    """Everything but letters, which made pictures do not hold."""
    findings = [*cue_findings(evidence, asked), *place_findings(evidence, asked)]
    for mark in find_marks([t.strokes for t in evidence.traces if t is not None]):
        boxes = (mark.box, *opposite(mark.box))
        patterns = {b: np.array([mark_pattern(p, strokes_of(p[:3]), b) for p in pictures]) for b in boxes}
        findings.append(Finding("", "burned_in_text", "warning", "", ""))
        findings += mark_findings(mark, patterns, asked, evidence.subjects)
    return findings


def _save(path: Path, array: Bytes, options: Mapping[str, object]) -> None:
    if path.suffix == ".dcm":
        _save_dicom(path, array, options)
        return
    buffer = io.BytesIO()
    Pillow.fromarray(array).save(buffer, "JPEG" if path.suffix == ".jpg" else "PNG", **options)
    path.write_bytes(buffer.getvalue())


def _save_dicom(path: Path, array: Bytes, header: Mapping[str, object]) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = UID("1.2.840.10008.5.1.4.1.1.7"), ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SamplesPerPixel, data.PhotometricInterpretation = "OT", 3, "RGB"
    data.Rows, data.Columns, data.PlanarConfiguration = *array.shape[:2], 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    for name, value in header.items():
        setattr(data, name, value)
    data.PixelData = np.ascontiguousarray(array).tobytes()
    data.save_as(path)


# Real masks and labels ------------------------------------------------------------------------------------------------

MASKS = (("drive", ""), ("lgg", ""), ("idrid-lesions", "OD"), ("idrid-lesions", "EX"), ("idrid-lesions", "HE"))
SHIFTS = (3, 5, 10, 20)
"""Samples of the picture as it is compared, whose long side is 256."""


def masks(data: Path, out: Path) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, kind in MASKS:
        pairs, subjects = _pairs(data, out, name, kind)
        told = f"{name} {kind}".strip()
        found, median = misfits(pairs, subjects)
        low, high = clopper_pearson(len(found), len(pairs))
        rows.append(
            (told, "nothing", 0, None, f"{len(found)} of {len(pairs)} [{low:.3f}, {high:.3f}]", f"{median:.2f}")
        )
        for what, changed, wrong in _faults(pairs, subjects):
            hits = {m.index for m in misfits(changed, subjects)[0]}
            share, interval, n = _rate(len(hits & wrong), len(wrong))
            rows.append(
                (told, what, n, f"{share} {interval}", f"{len(hits - wrong)} of {len(pairs) - len(wrong)}", None)
            )
    columns = ("masks", "planted", "in exams", "found", "others claimed", "agreement")
    note = (
        "Agreement: median correlation of mask and map; below .25 nothing is judged. Found: whatever it is said to be."
    )
    return Table("Masks", columns, tuple(rows), note)


def _faults(pairs: Sequence[Pair], subjects: Sequence[str]) -> Iterator[tuple[str, list[Pair], set[int]]]:
    rng = np.random.default_rng(0)
    order = rng.permutation(len(pairs))
    k = max(2, len(pairs) // 20)
    couples = [(a, b) for a, b in zip(order[:k], order[k : 2 * k], strict=True) if _exchangeable(pairs, subjects, a, b)]
    changed = list(pairs)
    for a, b in couples:
        changed[a], changed[b] = replace(pairs[a], mask=pairs[b].mask), replace(pairs[b], mask=pairs[a].mask)
    yield "swapped by two", changed, {int(i) for couple in couples for i in couple}
    some = [int(i) for i in order[: 2 * k]]
    for distance in SHIFTS:
        changed = list(pairs)
        for i in some:
            angle = rng.uniform(0, 2 * np.pi)
            move = round(distance * np.sin(angle)), round(distance * np.cos(angle))
            changed[i] = replace(pairs[i], mask=_moved(pairs[i].mask, *move))
        yield f"shifted by {distance}", changed, set(some)
    changed = list(pairs)
    for i in some:
        changed[i] = replace(pairs[i], mask=np.ascontiguousarray(pairs[i].mask[:, ::-1]))
    yield "mirrored", changed, set(some)


def _exchangeable(pairs: Sequence[Pair], subjects: Sequence[str], a: int, b: int) -> bool:
    return pairs[a].mask.shape == pairs[b].mask.shape and subjects[a] != subjects[b]


def _moved(mask: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """What leaves the picture is lost, what enters is empty."""
    reach = max(abs(down), abs(right))
    wide = np.pad(mask, reach)
    h, w = mask.shape
    return wide[reach - down : reach - down + h, reach - right : reach - right + w]


def _pairs(data: Path, out: Path, name: str, kind: str) -> tuple[list[Pair], list[str]]:
    cohort = _cohort(data, out, name)
    laid = [(e, p) for e in cohort if kind in e.views[0].masks and (p := pair_of(cohort, e, kind)) is not None]
    return [p for _, p in laid], [e.subject for e, _ in laid]


FLIPPED = ("drimdb", "lung", "pneumoniamnist", "breastmnist")
SHARES = (0.01, 0.05, 0.1)
MOST = 800
"""Exams of a set, evenly spread."""


def flips(data: Path, out: Path) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in FLIPPED:
        statistics, labels, subjects = _statistics(data, out, name)
        classes = sorted(set(labels))
        for share in (0.0, *SHARES):
            rng = np.random.default_rng(1)
            wrong = {int(i) for i in rng.permutation(len(labels))[: round(share * len(labels))]}
            given = [str(rng.choice([c for c in classes if c != y])) if i in wrong else y for i, y in enumerate(labels)]
            told = label_outliers(statistics, given, subjects)
            hits = {s.index for s in told.suspects} if told else set()
            rate, interval, n = _rate(len(hits & wrong), len(wrong)) if wrong else (None, "", 0)
            auc = f"{told.auc:.2f}" if told else "below .75"
            others = f"{len(hits - wrong)} of {len(labels) - len(wrong)}"
            rows.append((name, f"{share:.0%}", n, None if rate is None else f"{rate} {interval}", others, auc))
    columns = ("set", "flipped", "exams", "found", "others listed", "AUC of the features")
    note = "Others listed: exams whose label was left as it is; some of these may be wrong, nobody knows how many."
    return Table("Labels", columns, tuple(rows), note)


def _statistics(data: Path, out: Path, name: str) -> tuple[NDArray[np.float64], list[str], list[str]]:
    cohort = _cohort(data, out, name)
    exams = [e for e in cohort if e.truth.get("label") is not None]
    exams = exams[:: max(1, len(exams) // MOST)]
    kept: list[tuple[Exam, Kept]] = []
    for exam in exams:
        try:
            source = open_source(cohort.root / next(iter(exam.views[0].inputs.values())))
            one = keep(source.read(), source)
        except VesaleError:
            continue
        kept += [(exam, one)] if one is not None else []
    return (
        np.array([k.statistics for _, k in kept]),
        [str(e.truth["label"]) for e, _ in kept],
        [e.subject for e, _ in kept],
    )


def _cohort(data: Path, out: Path, name: str) -> Cohort:
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    MAKERS[name].write(data, folder)
    return read_cohort(folder).cohort


def _rate(k: int, n: int) -> tuple[str, str, int]:
    low, high = clopper_pearson(k, n)
    return f"{k / max(n, 1):.2f}", f"[{low:.2f}, {high:.2f}]", n


if __name__ == "__main__":
    raise SystemExit(main())
