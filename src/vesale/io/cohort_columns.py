"""Which column of a table means what: as INTERFACES names them, as the user says, or in a spelling that is known."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from ..core.errors import CohortError
from ..core.exam import Split
from ..core.report import Finding
from .cohort_table import Table, found, number

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "subject": (
        *("patient", "patient_id", "patientid", "subject_id", "subjectid", "case", "case_id", "caseid"),
        *("participant", "participant_id", "person", "person_id"),
    ),
    "exam": ("exam_id", "examid", "study_id", "studyid"),
    "image": (
        *("filename", "file_name", "file", "path", "filepath", "file_path", "image_path", "image_file"),
        *("image_filename", "image_name", "image_id", "img", "img_path"),
    ),
    "mask": ("segmentation", "mask_path", "segmentation_path", "mask_file"),
    "picture": ("picture_path", "picture_file", "stimulus", "stimulus_path"),
    "roi": ("fov", "roi_path", "field_of_view"),
    "split": ("set", "partition", "subset"),
    "fold": (),
    "view": (),
    "laterality": ("eye", "side"),
}
LABELS = frozenset({"label", "class", "category", "target", "diagnosis", "grade", "finding", "quality", "score"})
IDENTIFYING = frozenset(
    [
        *("name", "patient_name", "patientname", "first_name", "last_name", "surname", "family_name", "given_name"),
        *("birth_date", "birthdate", "date_of_birth", "dob", "patientbirthdate", "address", "phone", "email"),
    ]
)
"""Never traits: nobody can be told from a trait."""
SPLITS: Mapping[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("calibration", "cal"), "calibration"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """How the table's columns are spelt when it is not as INTERFACES has it; None: by name."""

    subject: str | None = None
    exam: str | None = None
    image: str | None = None
    labels: tuple[str, ...] = ()
    """Exactly these are labels; when empty, those called as in `LABELS`, or `label_<something>`."""
    mask: str | None = None
    roi: str | None = None
    split: str | None = None
    fold: str | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column holds what; None: the table has no such column."""

    single: Mapping[str, str]
    """exam, subject, split, fold, roi, view, laterality -> column"""
    inputs: Mapping[str, str]
    """Name of the input -> column."""
    masks: Mapping[str, str]
    """'' or the class -> column."""
    pictures: Mapping[str, str]
    """'' or the output's name -> column."""
    labels: tuple[str, ...]
    traits: tuple[str, ...]


def assign(table: Table, given: Columns) -> tuple[Roles, list[Finding]]:
    """The role of every column, and a note for each that was recognised by another spelling.

    CohortError when a column that the user named is not there, or when no column holds images.
    """
    said = {f.name: getattr(given, f.name) for f in fields(given) if f.name != "labels"}
    named = {role: _named(table, column, role) for role, column in said.items() if column is not None}
    labels = tuple(_named(table, column, "label") for column in given.labels)
    free: dict[str, str] = {}
    for column in (c for c in table.columns if c not in (*named.values(), *labels)):
        free.setdefault(_plain(column), column)
    single, notes = _singles(table, named, free)
    inputs, masks = _several("image", single, free), _several("mask", single, free)
    pictures = _several("picture", single, free)
    taken = {*single.values(), *inputs.values(), *masks.values(), *pictures.values(), *labels}
    single = {role: column for role, column in single.items() if role not in ("image", "mask", "picture")}
    rest = [c for c in table.columns if c not in taken]
    if not inputs:
        near = difflib.get_close_matches("image", table.columns, n=1)
        hint = f"did you mean {near[0]}? say so: --image {near[0]}" if near else "name the column: --image COLUMN"
        raise CohortError(f"{table.name}: no column `image`; the columns are {', '.join(table.columns)}", hint)
    if not given.labels:
        labels = tuple(c for c in rest if _plain(c) in LABELS or _plain(c).startswith("label_"))
    traits = [c for c in rest if c not in labels]
    personal = [c for c in traits if _plain(c) in IDENTIFYING]
    notes += [_personal(column) for column in personal]
    return Roles(single, inputs, masks, pictures, labels, tuple(c for c in traits if c not in personal)), notes


def split_name(text: str) -> Split | None:
    """The split that a cell names, in any of its known spellings."""
    return SPLITS.get(text.strip().casefold())


def _personal(column: str) -> Finding:
    text = (f"column {column} may say who somebody is; it was not read", "take it out of the table")
    return found("table", "note", text, f"column {column}", lines=[1])


def _plain(column: str) -> str:
    return re.sub(r"[\s\-]+", "_", column.strip()).casefold()


def _named(table: Table, column: str, role: str) -> str:
    name = column.strip()
    if name in table.columns:
        return name
    near = difflib.get_close_matches(name, table.columns, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(table.columns)}"
    raise CohortError(f"{table.name}: no column {name} (given as {role})", hint)


def _singles(table: Table, named: Mapping[str, str], free: dict[str, str]) -> tuple[dict[str, str], list[Finding]]:
    """Role -> column for the roles that one column fills, the user's word before the name before other spellings."""
    single, notes = dict(named), []
    for role in SPELLINGS:
        if role not in single and role in free:
            single[role] = free.pop(role)
    for role, others in SPELLINGS.items():
        options = [o for o in others if o in free]
        if role in single or not options or _parts(role, free):
            continue
        single[role] = free.pop(options[0])
        text = (f"column {single[role]} is read as {role}", f"call it {role}; if it is something else, by another name")
        notes.append(found("table", "note", text, f"column {single[role]}", lines=[1]))
    return _folds(table, single, notes)


def _several(role: str, single: Mapping[str, str], free: Mapping[str, str]) -> dict[str, str]:
    """What `image` (`mask`) or else each `image_<input>` (`mask_<class>`) names -> column."""
    if role in single:
        return {"image" if role == "image" else "": single[role]}
    return _parts(role, free)


def _parts(role: str, free: Mapping[str, str]) -> dict[str, str]:
    """<input> -> column `image_<input>`; image_path and its like are spellings of `image`, not inputs."""
    start, n = f"{role}_", len(role) + 1
    return {c[n:]: c for k, c in free.items() if k.startswith(start) and len(k) > n and k not in SPELLINGS[role]}


def _folds(table: Table, single: dict[str, str], notes: list[Finding]) -> tuple[dict[str, str], list[Finding]]:
    """A column `fold` that names splits is the split; a column `split` of bare numbers is the fold."""
    for role, other in (("fold", "split"), ("split", "fold")):
        if role not in single or other in single:
            continue
        cells = {row.cells.get(single[role], "") for row in table.rows} - {""}
        is_other = [(number(c) is not None) if other == "fold" else bool(split_name(c)) for c in cells]
        if cells and all(is_other):
            single[other] = single.pop(role)
            text = (f"column {single[other]} is read as {other}, by what stands in it", f"rename it {other}")
            notes.append(found("table", "note", text, f"column {single[other]}", lines=[1]))
            break
    return single, notes
