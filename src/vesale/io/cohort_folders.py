"""Folders without a table to rows: one folder per class, or images and masks paired by name; nothing is read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..core.errors import CohortError
from ..core.report import Finding
from .cohort_columns import split_name
from .cohort_table import Row, Table, found
from .formats import SUFFIXES, header_of, suffix, zarr_root

_IMAGES = re.compile(r"(image|img|original)s?", re.IGNORECASE)
_MASKS = re.compile(
    r"(?:mask|label|annotation|manual|segmentation|gt|ground_?truth|1st_manual|target)s?(?:[_-](?P<name>.+))?",
    re.IGNORECASE,
)
_ROIS = re.compile(r"rois?|fovs?", re.IGNORECASE)
_TAIL = re.compile(
    r"[_-](mask|label|manual|seg|segmentation|gt|annotation|image|img|train|training|test)\d*$", re.IGNORECASE
)


def read_folders(root: Path) -> Table:
    """The rows that the folders under `root` say; CohortError, with what was looked for, when they say nothing.

    A level of folders named after splits (train, val, test) may stand above either arrangement.
    """
    splits = [d for d in _folders(root) if split_name(d.name) and _arranged(d)]
    parts = splits if splits and not _arranged_here(root) else [root]
    rows: list[Row] = []
    findings: list[Finding] = []
    for part in parts:
        cells, faults = _arrangement(root, part)
        given = {"split": part.name} if part is not root else {}
        rows += [Row(None, {**row, **given}) for row in cells]
        findings += faults
    if not rows:
        tables = _tables(root)
        hint = f"; there is {tables[0]}: give its path" if tables else ""
        raise CohortError(
            f"{root}: no cohort: no labels.csv, no folders of images named after classes, and no folder `images` "
            f"beside a folder `masks`{hint}",
            "write a labels.csv with the columns image and label; the paths in it are relative to it",
        )
    findings += [_unread(name) for name in _tables(root)]
    columns = tuple(dict.fromkeys(column for row in rows for column in row.cells))
    return Table(root, root.resolve().name, columns, tuple(rows), tuple(findings))


def _arrangement(root: Path, folder: Path) -> tuple[list[dict[str, str]], list[Finding]]:
    images = [d for d in _folders(folder) if _IMAGES.fullmatch(d.name)]
    masks = {d: m["name"] or "" for d in _folders(folder) if (m := _MASKS.fullmatch(d.name))}
    masks = {d: name for d, name in masks.items() if any(_images(d))}
    if len(images) == 1 and masks:
        return _pairs(root, images[0], masks, [d for d in _folders(folder) if _ROIS.fullmatch(d.name)])
    return _classes(root, folder)


def _arranged_here(folder: Path) -> bool:
    """Whether the folders right under this one are classes that are not splits, or images and masks."""
    return any(any(_images(d)) and not split_name(d.name) for d in _folders(folder))


def _arranged(folder: Path) -> bool:
    return bool(_arrangement(folder, folder)[0])


def _classes(root: Path, folder: Path) -> tuple[list[dict[str, str]], list[Finding]]:
    classes = [d for d in _folders(folder) if any(_images(d)) and not split_name(d.name)]
    if len(classes) < 2 and folder == root:
        return [], []
    rows = [{"image": _relative(root, p), "label": d.name} for d in classes for p in _images(d)]
    strays = sum(1 for d in classes for p in _files(d) if not suffix(p.name))
    text = (f"{strays} files in the folders of the classes are no images and were left out", "none is needed")
    return rows, [found("table", "note", text, f"strays {folder.name}")] if strays else []


def _pairs(
    root: Path, images: Path, masks: Mapping[Path, str], rois: Sequence[Path]
) -> tuple[list[dict[str, str]], list[Finding]]:
    """One row per image; every mask must have its image, and every image at least one mask."""
    names = list(masks.values())
    if len(names) != len(set(names)):
        raise CohortError(
            f"{images.parent}: {' and '.join(d.name for d in masks)} could all be the masks",
            "write a labels.csv that names each image and its mask",
        )
    stems: dict[str, list[Path]] = {}
    for path in _images(images):
        stems.setdefault(_stem(path), []).append(path)
    rows = {p: {"image": _relative(root, p)} for group in stems.values() for p in group}
    findings = []
    columns = {**{d: f"mask_{n}" if n else "mask" for d, n in masks.items()}, **dict.fromkeys(rois[:1], "roi")}
    for folder, column in columns.items():
        for path in _images(folder):
            owner, remark = _owner(root, path, stems, masks.get(folder, ""))
            if owner is None:
                findings.append(remark)
            elif column in rows[owner]:
                findings.append(_ambiguous(_relative(root, path)))
            else:
                rows[owner][column] = _relative(root, path)
    for row in rows.values():
        if not any(column.startswith("mask") for column in row):
            text = (f"{row['image']} has no mask of its name", "add the mask, or move the image away")
            findings.append(found("missing_file", "error", text, row["image"]))
    complete = [row for row in rows.values() if any(column.startswith("mask") for column in row)]
    return complete, findings


def _owner(root: Path, mask: Path, stems: Mapping[str, Sequence[Path]], name: str) -> tuple[Path | None, Finding]:
    """The one image whose stem, without the usual tails on either, is that of the mask."""
    own = _stem(mask)
    short = own.removesuffix(f"_{name}").removesuffix(f"-{name}") if name else own
    for key in dict.fromkeys((own, short, _bare(short))):
        matches = [p for stem, paths in stems.items() for p in paths if key in (stem, _bare(stem))]
        exact = [p for p in matches if _stem(p) == key] or matches
        if len(exact) == 1:
            return exact[0], _ambiguous(_relative(root, mask))
        if exact:
            return None, _ambiguous(_relative(root, mask))
    text = (f"{_relative(root, mask)}: no image has this mask's name", "add the image, or move the mask away")
    return None, found("missing_file", "error", text, _relative(root, mask))


def _ambiguous(mask: str) -> Finding:
    text = (f"{mask}: more than one pairing fits this name", "write a labels.csv that names each image and its mask")
    return found("bad_row", "error", text, mask)


def _folders(folder: Path) -> list[Path]:
    return sorted(d for d in folder.iterdir() if d.is_dir() and not d.name.startswith("."))


def _images(folder: Path) -> Iterator[Path]:
    """Every image under a folder, in name order; a folder of DICOM slices, or an OME-Zarr, in it is one image."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and (_is_series(path) or zarr_root(path) is not None):
            yield path
        elif path.is_dir():
            yield from _images(path)
        elif suffix(path.name) and header_of(path) is None:
            yield path


def _is_series(folder: Path) -> bool:
    files = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
    return len(files) > 1 and all(SUFFIXES.get(suffix(p.name)) == "dicom" for p in files)


def _files(folder: Path) -> Iterator[Path]:
    """Every file under a folder but the hidden ones and those that are parts of one image."""
    for path in folder.iterdir():
        if path.is_dir() and zarr_root(path) is None:
            yield from _files(path)
        elif path.is_file() and not path.name.startswith("."):
            yield path


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name[: name.rindex(".")] if "." in name else name


def _bare(stem: str) -> str:
    """`21` of `21_training_mask`, `21_manual1`, `21_training`."""
    while (shorter := _TAIL.sub("", stem)) != stem:
        stem = shorter
    return stem


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _tables(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir() if p.suffix.casefold() in (".csv", ".tsv"))


def _unread(name: str) -> Finding:
    text = (
        f"{name} was not read: the folder has no labels.csv, so its folders say what is what",
        "if it is the cohort's table, give its path; it may say who was imaged",
    )
    return found("table", "warning", text, name)
