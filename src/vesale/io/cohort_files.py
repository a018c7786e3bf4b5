"""The files that a cohort names: which are there, their digests, and what was probably meant; nothing is decoded."""

import difflib
import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path

from ..core.exam import Exam
from ..core.report import Finding
from .address import split
from .cohort_table import found
from .companions import companions
from .formats import ZARR_MARKS, zarr_root

NAMED = 50
"""So many missing files have a finding, and a near miss, of their own; the rest share one."""
COMPARED = 5_000
"""With so many names of a folder a name is compared for slips of the pen."""
SEARCHED = 200_000
"""So many files under the table's folder are looked through for a near miss."""


def present(
    root: Path, exams: Sequence[Exam], bad: Collection[str]
) -> tuple[list[Exam], dict[str, str], list[Finding]]:
    """The exams all of whose files are there, but for the `bad`; the digest of each file; and what is missing."""
    owners: dict[str, list[tuple[Exam, int | None]]] = {}
    for exam in exams:
        for view in exam.views:
            for path in view.paths:
                owners.setdefault(path, []).append((exam, view.line))
    with ThreadPoolExecutor(2) as pool:
        digests = dict(zip(owners, pool.map(lambda p: _digest(root / p), owners), strict=True))
    missing: dict[str, list[tuple[Exam, int | None]]] = {}
    for path, digest in digests.items():
        if digest is None:  # the trials of one file are missed together
            fragment = split(root / path)[1]
            file = path if fragment is None else path.removesuffix(f"#{fragment}")
            missing.setdefault(file, []).extend(owners[path])
    lost = list(missing)
    tree = _tree(root) if lost else {}
    findings = [_lost(root, path, missing[path], tree) for path in lost[:NAMED]]
    if len(lost) > NAMED:
        findings.append(_more([owner for path in lost[NAMED:] for owner in missing[path]], len(lost) - NAMED))
    gone = {*bad, *(name for f in findings for name in f.exams)}
    kept = [exam for exam in exams if exam.id not in gone]
    used = {path for exam in kept for view in exam.views for path in view.paths}
    return kept, {p: d for p, d in digests.items() if d is not None and p in used}, findings


def _digest(path: Path) -> str | None:
    """sha256 of a file's bytes; of a folder, over its files' digests in the order of their names; None: not there.

    A detached header counts with its data; of one trial of a file, its address counts too (two trials differ).
    """
    try:
        if not path.is_dir():
            parts = [_file_digest(part) for part in companions(path)]
            fragment = split(path)[1]
            if len(parts) == 1 and fragment is None:
                return parts[0]
            return hashlib.sha256("".join([*parts, fragment or ""]).encode()).hexdigest()
        whole = hashlib.sha256()
        inside = members(path)
        for member in inside:
            with member.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").hexdigest().encode())
    except (OSError, ValueError):
        return None
    return whole.hexdigest() if inside else None


def _file_digest(path: Path) -> str:
    stat = path.stat()
    return _digested(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _digested(path: Path, size: int, changed: int) -> str:
    """Of a file that a hundred trials share: once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def members(folder: Path) -> list[Path]:
    """The files of a folder that is one image, in the order of their names."""
    names = ZARR_MARKS if zarr_root(folder) is not None else ()  # some of which are hidden, and say what it shows
    return sorted(p for p in folder.rglob("*") if p.is_file() and (not p.name.startswith(".") or p.name in names))


def exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _lost(
    root: Path, path: str, owners: Sequence[tuple[Exam, int | None]], tree: Mapping[str, Sequence[str]]
) -> Finding:
    near = _near(root, path, tree)
    hint = f"; did you mean {near}?" if near else ""
    kind, what = ("unreadable", "cannot be opened") if exists(root / path) else ("missing_file", "no such file")
    text = (f"{what}: {path}{hint}", "correct the path, or take the row away; paths are relative to the table")
    return found(kind, "error", text, path, [exam.id for exam, _ in owners], [line for _, line in owners])


def _more(owners: Sequence[tuple[Exam, int | None]], files: int) -> Finding:
    text = (f"no such file: {files} more", "paths are relative to the table: does it lie in the right folder?")
    exams = [exam.id for exam, _ in owners]
    return found("missing_file", "error", text, "|".join(sorted(exams)), exams, [line for _, line in owners])


def _near(root: Path, path: str, tree: Mapping[str, Sequence[str]]) -> str | None:
    """The file that was probably meant: another case or ending, another folder, or a slip in one part of the path."""
    return _walk(root, path, slips=False) or _elsewhere(path, tree) or _walk(root, path, slips=True)


def _walk(root: Path, path: str, slips: bool) -> str | None:
    here, parts = root, []
    for part in path.split("/"):
        name = part if exists(here / part) else _similar(part, here, slips)
        if name is None:
            return None
        parts.append(name)
        here = here / name
    return "/".join(parts)


def _similar(part: str, folder: Path, slips: bool) -> str | None:
    names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    folded = [n for n in names if n.casefold() == part.casefold()]
    stems = [n for n in names if n.partition(".")[0].casefold() == part.partition(".")[0].casefold()]
    close = difflib.get_close_matches(part, names[:COMPARED], n=1) if slips else []
    return next(iter(folded or stems or close), None)


def _elsewhere(path: str, tree: Mapping[str, Sequence[str]]) -> str | None:
    """The one file of that name, or of that name without its ending, anywhere under the table's folder."""
    name = path.rpartition("/")[2]
    matches = tree.get(name.partition(".")[0].casefold(), ())
    exact = [m for m in matches if m.rpartition("/")[2] == name] or matches
    return exact[0] if len(exact) == 1 else None


def _tree(root: Path) -> dict[str, list[str]]:
    """Stem -> the files of that stem under the folder."""
    stems: dict[str, list[str]] = {}
    for path in islice(root.rglob("*"), SEARCHED):
        if path.is_file():
            stems.setdefault(path.name.partition(".")[0].casefold(), []).append(path.relative_to(root).as_posix())
    return stems
