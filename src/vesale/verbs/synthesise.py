"""`vesale synthesise`: structures of annotated exams painted on pictures without any, as a cohort to learn from.

A made picture says so in its table (`made`), and counts as one subject with the exams that it was made of, so that no
split can part them. What is made is learned from, never measured on.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from ..core.errors import CohortError
from ..core.exam import MADE, Cohort, Exam, View
from ..engine.painting import PLAIN, bearing, names_of, outlined, paint, path_of
from ..io import open_source
from ..io.cohort import Columns, read_cohort
from ..io.inputs import exam_id
from ..io.write import write_png

Cell = str | int | None
LEARNABLE = (None, "train")
"""Splits whose exams may give or get structures: what tests or calibrates stays as it is."""


@dataclass(frozen=True, slots=True)
class SynthesisWish:
    """What a user asks beside the cohort."""

    onto: Path | None = None
    """A cohort of pictures that its user knows to be free of the structures; None: the cohort's own empty ones."""
    structures: tuple[str, ...] = ()
    """Names of the masks to paint; none: all."""
    count: int | None = None
    """How many pictures; None: one of each host."""
    alone: bool = False
    """Leave the annotated exams out of the table, so that it holds made ones alone."""
    seed: int = 0
    columns: Columns = field(default_factory=Columns)


@dataclass(frozen=True, slots=True)
class Synthesised:
    out: Path
    names: tuple[str, ...]
    made: tuple[str, ...]
    """Exams of the made pictures."""
    donors: int
    hosts: int
    structures: int
    """How many were laid in, over all pictures."""
    left_out: int
    """How many found no fitting place."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    cohort: Cohort
    exam: Exam
    view: View


def synthesise(cohort: Path, out: Path, wish: SynthesisWish = SynthesisWish()) -> Synthesised:
    """Write OUT/labels.csv, OUT/images and OUT/masks. CohortError when nobody gives, or nobody gets, structures."""
    read = read_cohort(cohort, wish.columns).cohort
    names = names_of(read, wish.structures)
    able = [e for e in read if e.split in LEARNABLE]
    borne = {e.id: bearing(read, e, names) for e in able}
    donors = [e for e in able if borne[e.id]]
    hosts = [Host(read, e, v) for e in able if borne[e.id] is False for v in e.views]
    notes = []
    if wish.onto is not None:
        other = read_cohort(wish.onto).cohort
        hosts = [Host(other, e, v) for e in other if e.split in LEARNABLE for v in e.views]
        notes.append(f"That nothing to be painted is on the {len(hosts)} pictures of {other.name} is its user's word.")
    _refuse(read, donors, hosts)
    pairs = _pairs(donors, hosts, wish)
    rows, laid = _make(pairs, read, out, (names, wish.seed))
    subjects = {host.exam.subject: donor.subject for donor, host in pairs if host.cohort is read}
    if not wish.alone:
        rows += [_row_of(read, e, v, out, (names, subjects)) for e in read for v in e.views if v.masks]
    _write(out / "labels.csv", rows)
    made = tuple(str(r["exam"]) for r in rows if r[MADE] == "yes")
    givers = len({donor.id for donor, _ in pairs})
    return Synthesised(out, names, made, givers, len(hosts), *laid, tuple(notes))


def synthesis_document(done: Synthesised) -> dict[str, object]:
    """`vesale/synthesis/1`"""
    plain = {"schema": "vesale/synthesis/1", "table": (done.out / "labels.csv").as_posix()}
    return {**plain, **{f.name: getattr(done, f.name) for f in fields(done) if f.name != "out"}}


def synthesis_lines(done: Synthesised) -> list[str]:
    """What was made, for a person."""
    said = (
        f"{len(done.made)} pictures made: {done.structures} structures ({', '.join(done.names)}) "
        f"of {done.donors} exams; "
        f"{done.left_out} found no fitting place"
    )
    return [said, *(f"note    {note}" for note in done.notes), "", f"table  {done.out / 'labels.csv'}"]


def _refuse(read: Cohort, donors: Sequence[Exam], hosts: Sequence[Host]) -> None:
    if not donors:
        raise CohortError(f"{read.name}: no exam to learn from has an outlined structure", "see its masks and splits")
    if not hosts:
        raise CohortError(
            f"{read.name}: no exam is outlined and empty, so there is nothing to paint on",
            "give pictures that are free of it: --onto COHORT",
        )


def _pairs(donors: Sequence[Exam], hosts: Sequence[Host], wish: SynthesisWish) -> list[tuple[Exam, Host]]:
    """(who gives, who gets): a host's subject gets from one donor's subject alone, so that they stay together."""
    rng = np.random.default_rng([wish.seed, 1])
    subjects = sorted({d.subject for d in donors})
    order = [subjects[i] for i in rng.permutation(len(subjects))]
    getting = sorted({h.exam.subject for h in hosts} - set(subjects))
    giver = {subject: order[i % len(order)] for i, subject in enumerate(getting)}
    giver |= {subject: subject for subject in subjects}  # who has both gives to no other
    rounds = [hosts[i] for i in rng.permutation(len(hosts))]
    count = len(rounds) if wish.count is None else wish.count
    pairs = []
    for i in range(count):
        host = rounds[i % len(rounds)]
        own = [d for d in donors if d.subject == giver[host.exam.subject]]
        pairs.append((own[int(rng.integers(len(own)))], host))
    return pairs


def _make(
    pairs: Sequence[tuple[Exam, Host]], read: Cohort, out: Path, how: tuple[Sequence[str], int]
) -> tuple[list[dict[str, Cell]], tuple[int, int]]:
    """The rows of the made pictures, their files written; (structures laid in, left out) in all."""
    names, seed = how
    rows: list[dict[str, Cell]] = []
    laid = left = 0
    for i, (donor, host) in enumerate(pairs):
        rng = np.random.default_rng([seed, 2, i])
        views = [v for v in donor.views if v.masks]
        given = outlined(read, views[int(rng.integers(len(views)))], names)
        there = open_source(host.cohort.root / next(iter(host.view.inputs.values()))).read()
        painted = paint(there, given, rng)
        laid, left = laid + painted.structures, left + painted.left_out
        name = f"made-{i + 1:04d}"
        write_png(out / "images" / f"{name}.png", _as_picture(painted.picture))
        row: dict[str, Cell] = {"exam": name, "subject": donor.subject, "image": f"images/{name}.png"}
        for k, structure in enumerate(names):
            path = f"masks/{name}.{exam_id(structure)}.png"
            write_png(out / path, painted.masks[k] * np.uint8(255))
            row[_column(structure)] = path
        rows.append({**row, MADE: "yes", "donor": donor.id, "host": host.exam.id, "structures": painted.structures,
                     "split": donor.split})  # fmt: skip
    return rows, (laid, left)


def _row_of(
    read: Cohort, exam: Exam, view: View, out: Path, how: tuple[Sequence[str], Mapping[str, str]]
) -> dict[str, Cell]:
    """An annotated exam as it was, but that a host counts as its donor's subject."""
    names, subjects = how
    row: dict[str, Cell] = {"exam": exam.id, "subject": subjects.get(exam.subject, exam.subject)}
    row["image"] = _from(out, read.root / next(iter(view.inputs.values())))
    for name in names:
        path = path_of(view, name)
        row[_column(name)] = None if path is None else _from(out, read.root / path)
    return {**row, MADE: "no", "donor": None, "host": None, "structures": None, "split": exam.split}


def _column(name: str) -> str:
    return PLAIN if name == PLAIN else f"mask_{name}"


def _from(out: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), out.resolve())).as_posix()


def _as_picture(
    data: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    return data[0] if len(data) == 1 else np.moveaxis(data, 0, -1)


def _write(path: Path, rows: Sequence[Mapping[str, Cell]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
