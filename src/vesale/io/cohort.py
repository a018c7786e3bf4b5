"""A folder or a table to a cohort, with every fault of it; what is in the pixels is looked at in `verbs/check.py`."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import CohortError, SourceError
from ..core.exam import Cohort, Exam, Trait, View
from ..core.report import Finding
from .cohort_columns import SPLITS, Columns, Roles, assign, split_name
from .cohort_files import exists, members, present
from .cohort_folders import read_folders
from .cohort_table import Row, Table, found, read_table
from .cohort_values import Values, typed
from .formats import SUFFIXES, kind_of, suffix, zarr_root
from .inputs import name_of, series_id

__all__ = ["Columns", "ReadCohort", "read_cohort"]


@dataclass(frozen=True, slots=True)
class ReadCohort:
    """The exams that can be used, and everything that was wrong or had to be decided."""

    cohort: Cohort
    findings: tuple[Finding, ...]
    subjects: Mapping[str, str] = field(default_factory=dict)
    """Exam -> subject of every row that says so, those that were left out included."""


def read_cohort(path: Path, columns: Columns = Columns()) -> ReadCohort:  # noqa: B008
    """The cohort at `path`: a table, a folder with labels.csv, or folders of classes or of images and masks.

    Every fault is a finding; an exam with a faulty row or a missing file is left out, and its error says so. A column
    is a label when `columns.labels` names it or, if that is empty, when it is called label, class, category, target,
    diagnosis, grade, finding, quality or score, or label_<something>; a label of numbers becomes float. CohortError
    when there is nothing to read.
    """
    table = _open(Path(path))
    roles, notes = assign(table, columns)
    values = typed(table, roles)
    ids = _exam_ids(table, roles)
    known = any(row.cells.get(roles.single.get("subject", "")) for row in table.rows)
    faults = [*_row_faults(table, roles, ids, known), *_named(values.faults, table, ids)]
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(ids):
        groups.setdefault(name, []).append(i)
    faults += [f for name, rows in groups.items() for f in _contradictions(name, rows, table, roles, values)]
    bad = {name for fault in faults for name in fault.exams}
    exams = [_exam(name, rows, table, roles, values, known) for name, rows in groups.items() if name]
    exams, contents, missing = present(table.root, exams, bad)
    cohort = Cohort(table.name, table.root, tuple(exams), contents, known)
    remarks = [] if known else [_no_subject(len(groups))]
    remarks += _differing_traits(groups, table, roles, values)
    who = roles.single.get("subject", "")
    subjects = {name: cell for row, name in zip(table.rows, ids, strict=True) if (cell := row.cells.get(who))}
    return ReadCohort(cohort, (*table.findings, *notes, *remarks, *values.findings, *faults, *missing), subjects)


def _open(path: Path) -> Table:
    if path.is_file():
        return read_table(path)
    if (path / "labels.csv").is_file():
        return read_table(path / "labels.csv")
    if path.is_dir():
        return read_folders(path)
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    hint = f"did you mean {path.parent / near[0]}?" if near else "give a folder or the path of a labels.csv"
    raise CohortError(f"{path}: no such folder or table", hint)


def _exam_ids(table: Table, roles: Roles) -> list[str]:
    """Exam of each row: its cell, else INTERFACES' name for its first image, with -2, -3 on clashes by order of paths.

    Empty for a row that has neither. A disk may not tell cases apart, so clashes are found without them.
    """
    column = roles.single.get("exam", "")
    ids = [row.cells.get(column, "") for row in table.rows]
    taken = {name.casefold() for name in ids}
    images = [_posix(table.root, _image(row, roles)) for row in table.rows]
    unnamed = [i for i, name in enumerate(ids) if not name and images[i]]
    for i in sorted(unnamed, key=lambda i: (images[i], sorted(table.rows[i].cells.items()))):
        stem = name = _series_id(table.root / images[i]) or name_of(table.root / images[i])
        n = 1
        while name.casefold() in taken:
            n += 1
            name = f"{stem}-{n}"
        taken.add(name.casefold())
        ids[i] = name
    return ids


def _series_id(image: Path) -> str | None:
    """The name that a DICOM file, or a folder of them, gives its exam; None when it is of another kind or damaged."""
    ending = suffix(image.name)
    if (ending and SUFFIXES.get(ending) != "dicom" and not image.is_dir()) or zarr_root(image) is not None:
        return None
    try:
        path = min(members(image)) if image.is_dir() else image
        if kind_of(path) != "dicom":
            return None
        from .dicom_header import read_header  # pydicom takes half a second to import

        series = read_header(path).series
    except (SourceError, OSError, ValueError):
        return None
    return series_id(series) if series else None


def _image(row: Row, roles: Roles) -> str:
    return next((row.cells[c] for c in roles.inputs.values() if row.cells.get(c)), "")


def _row_faults(table: Table, roles: Roles, ids: Sequence[str], known: bool) -> Iterator[Finding]:
    for row, name in zip(table.rows, ids, strict=True):
        ragged = table.ragged.get(row.line or 0)
        faults = [(ragged, "quote cells that hold the delimiter")] if ragged else _cell_faults(row, roles, known, name)
        for message, remedy in faults:
            where = f"line {row.line}: " if row.line else ""
            key = f"{name or row.line}|{message}"
            yield found("bad_row", "error", (where + message, remedy), key, [name] if name else [], [row.line])


def _cell_faults(row: Row, roles: Roles, known: bool, name: str) -> Iterator[tuple[str, str]]:
    for column in roles.inputs.values():
        if not row.cells.get(column):
            yield f"{column} is empty", "write the path of the image, or take the row away"
    subject, split = roles.single.get("subject"), row.cells.get(roles.single.get("split", ""), "")
    if known and subject and not row.cells.get(subject):
        yield f"{subject} is empty, so that its splits cannot be kept apart", "write whose exam it is"
    if split and not split_name(split):
        near = difflib.get_close_matches(split.casefold(), SPLITS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "a split is train, validation, calibration or test"
        yield f"no split is called {split!r}; {hint}", "write train, validation, calibration or test, or leave it empty"
    if name in (".", "..") or any(c in "/\\\x00" for c in name):
        yield f"exam {name!r} cannot be the name of a folder", "use letters, digits, points, - and _"


def _named(faults: Iterable[tuple[int, str, str]], table: Table, ids: Sequence[str]) -> Iterator[Finding]:
    """Findings of (row, message, remedy)."""
    for i, message, remedy in faults:
        line, name = table.rows[i].line, ids[i]
        where = f"line {line}: " if line else ""
        exams = [name] if name else []
        yield found("bad_row", "error", (where + message, remedy), f"{name or line}|{message}", exams, [line])


def _contradictions(name: str, rows: Sequence[int], table: Table, roles: Roles, values: Values) -> Iterator[Finding]:
    """What the views of one exam may not disagree on: subject, split, fold and labels."""
    if not name or len(rows) < 2:
        return
    lines = [table.rows[i].line for i in rows]
    cells: dict[str, set[object]] = {}
    for label in roles.labels:
        cells[label] = {v for i in rows if (v := values.columns[label][i]) is not None}
    for role in ("subject", "split", "fold"):
        if column := roles.single.get(role):
            written = {table.rows[i].cells.get(column, "") for i in rows} - {""}
            cells[column] = {split_name(w) or w for w in written} if role == "split" else set(written)
    for column, different in cells.items():
        if len(different) > 1:
            message = f"exam {name}: its rows disagree on {column}"
            remedy = "rows with one exam are its views and share it; or give each its own exam"
            yield found("bad_row", "error", (message, remedy), f"{name}|{column}", [name], lines)


def _differing_traits(groups: Mapping[str, Sequence[int]], table: Table, roles: Roles, values: Values) -> list[Finding]:
    findings = []
    for column in roles.traits:
        cells = values.columns[column]
        names = [name for name, rows in groups.items() if name and len({cells[i] for i in rows} - {None}) > 1]
        if names:
            text = (
                f"{column} differs between the rows of {len(names)} exams and is left empty for them",
                "a trait belongs to an exam; what belongs to a view is `view` or `laterality`",
            )
            lines = [table.rows[i].line for name in names for i in groups[name]]
            findings.append(found("table", "note", text, f"trait {column}", names, lines))
    return findings


def _exam(name: str, rows: Sequence[int], table: Table, roles: Roles, values: Values, known: bool) -> Exam:
    def one(role: str) -> str | None:
        column = roles.single.get(role, "")
        return next((cell for i in rows if (cell := table.rows[i].cells.get(column))), None)

    def shared(column: str) -> Trait:
        different = {values.columns[column][i] for i in rows} - {None}
        return different.pop() if len(different) == 1 else None

    views = [_view(table.root, table.rows[i], roles) for i in rows]
    return Exam(
        id=name,
        subject=(one("subject") or name) if known else name,
        views=tuple(sorted(views, key=lambda v: (v.view or "", v.laterality or "", v.paths))),
        truth={column: shared(column) for column in roles.labels},
        traits={column: shared(column) for column in roles.traits},
        split=split_name(one("split") or ""),
        fold=one("fold"),
    )


def _view(root: Path, row: Row, roles: Roles) -> View:
    def one(role: str) -> str | None:
        return row.cells.get(roles.single.get(role, "")) or None

    roi = one("roi")
    return View(
        inputs={name: _posix(root, row.cells[c]) for name, c in roles.inputs.items() if row.cells.get(c)},
        masks={name: _posix(root, row.cells[c]) for name, c in roles.masks.items() if row.cells.get(c)},
        pictures={name: _posix(root, row.cells[c]) for name, c in roles.pictures.items() if row.cells.get(c)},
        roi=_posix(root, roi) if roi else None,
        view=one("view"),
        laterality=one("laterality"),
        line=row.line,
    )


def _posix(root: Path, text: str) -> str:
    """Paths written on Windows, too."""
    return text.replace("\\", "/") if "\\" in text and not exists(root / text) else text


def _no_subject(exams: int) -> Finding:
    text = (
        f"no column says who was imaged: each of the {exams} exams counts as its own subject",
        "add a column subject (a pseudonym), or several images of one person may stand on both sides of a split",
    )
    return found("no_subject", "warning", text, "")
