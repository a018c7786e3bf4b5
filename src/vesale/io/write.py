"""Answered masks to files that other programs open: PNG, NIfTI and, through `segmentation.py`, DICOM SEG.

Which file an answer gets follows its source's format (INTERFACES, `files`). Overlays and reports are not written here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from vesale.core.errors import ShapeError
from vesale.core.image import Array, Image, Source
from vesale.core.prediction import AnsweredPartition

from .inputs import exam_id

DEEPEST = 65535
"""A confidence p is stored in a PNG as p * 65535, rounded (INTERFACES)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One view of an answer: what is to be written, under which stem, beside which source."""

    folder: Path
    stem: str
    names: tuple[str, ...]
    exclusive: bool
    source: Source


def write_partition(folder: Path, name: str, answer: AnsweredPartition, sources: Sequence[Source]) -> AnsweredPartition:
    """Write every view's mask and confidence into `folder` and return the answer with its file names.

    `labels` lie on level 0 of their source: (1, *shape) when exclusive, else (class, *shape). ShapeError when they do
    not. A raster gets PNG, NIfTI gets NIfTI with the source's own affine, DICOM gets a segmentation object.
    """
    if len(answer.labels) != len(sources) or len(answer.confidence) not in (0, len(sources)):
        raise ShapeError(f"{name}: {len(answer.labels)} masks for {len(sources)} sources")
    folder.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    confidence_files: list[str] = []
    for i, (labels, source) in enumerate(zip(answer.labels, sources, strict=True)):
        stem = exam_id(name) if i == 0 else f"{exam_id(name)}.{i + 1}"
        page = Page(folder, stem, answer.names, answer.exclusive, source)
        files += _write_mask(page, _fitting(labels, page))
        if answer.confidence:
            confidence_files += _write_confidence(page, _fitting(answer.confidence[i], page))
    return replace(answer, files=tuple(files), confidence_files=tuple(confidence_files))


def write_png(path: Path, array: Array) -> Path:
    """A PNG of (y, x) uint8, uint16 or bool, or (y, x, 3) uint8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(np.ascontiguousarray(array)).save(path, format="PNG")
    return path


def _fitting(image: Image, page: Page) -> Array:
    """The samples, after a look at whether they fit the source and the names."""
    data, shape = image.data, page.source.levels[0].shape
    wanted = 1 if page.exclusive else len(page.names)
    if data.shape != (wanted, *shape):
        raise ShapeError(f"{page.stem}: a mask of shape {data.shape} for a source of {(wanted, *shape)}")
    return data


def _write_mask(page: Page, labels: Array) -> list[str]:
    if page.exclusive and labels.size and (labels.min() < 0 or labels.max() >= len(page.names)):
        raise ShapeError(f"{page.stem}: labels from {labels.min()} to {labels.max()} for {len(page.names)} names")
    return _writer(page)(page, labels)


def _writer(page: Page) -> Callable[[Page, Array], list[str]]:
    """By the source's format; of any other, a PNG in the plane and NIfTI of a stack."""
    flat = len(page.source.levels[0].shape) == 2
    return MASK_WRITERS.get(page.source.description.format, _png_mask if flat else _nifti_mask)


def _write_confidence(page: Page, confidence: Array) -> list[str]:
    volume = _writer(page) is not _png_mask
    files = []
    for part, plane in _parts(page, confidence):
        if volume:
            files.append(_write_nifti(page, f"{page.stem}{part}.confidence.nii.gz", plane.astype(np.float32)))
        else:
            name = f"{page.stem}{part}.confidence.png"
            write_png(page.folder / name, np.rint(plane.clip(0, 1) * float(DEEPEST)).astype(np.uint16))
            files.append(name)
    return files


def _parts(page: Page, data: Array) -> list[tuple[str, Array]]:
    """('', plane) when exclusive, else ('.class', plane) for each class; no two parts are alike."""
    if page.exclusive:
        return [("", data[0])]
    parts: list[str] = []
    for name in page.names:
        clean, n = exam_id(name), 1
        while (part := f".{clean}" if n == 1 else f".{clean}-{n}").casefold() in (p.casefold() for p in parts):
            n += 1
        parts.append(part)
    return list(zip(parts, data, strict=True))


def _png_mask(page: Page, labels: Array) -> list[str]:
    files = []
    for part, plane in _parts(page, labels):
        files.append(f"{page.stem}{part}.mask.png")
        write_png(page.folder / files[-1], _indices(page, plane) if page.exclusive else (plane != 0) * np.uint8(255))
    return files


def _nifti_mask(page: Page, labels: Array) -> list[str]:
    return [
        _write_nifti(page, f"{page.stem}{part}.mask.nii.gz", _indices(page, plane))
        for part, plane in _parts(page, labels)
    ]


def _dicom_mask(page: Page, labels: Array) -> list[str]:
    from .segmentation import Drawn, write_segmentation

    name, description = f"{page.stem}.seg.dcm", page.source.description
    planes = labels[0] if page.exclusive else labels
    drawn = Drawn(description.files, page.names, page.exclusive, description.frames)
    write_segmentation(page.folder / name, planes, drawn)
    return [name]


def _indices(page: Page, plane: Array) -> Array:
    return plane.astype(np.uint8 if len(page.names) <= 256 else np.uint16)


def _write_nifti(page: Page, name: str, data: Array) -> str:
    from . import nifti

    description = page.source.description
    header = nifti.source_header(description.files[0]) if description.format == "nifti" else None
    nifti.write_nifti(page.folder / name, data, page.source.levels[0], header)
    return name


MASK_WRITERS: dict[str, Callable[[Page, Array], list[str]]] = {
    **dict.fromkeys(("nifti", "nifti-pair", "analyze", "metaimage", "nrrd"), _nifti_mask),
    "dicom": _dicom_mask,
}
"""Formats whose masks are no PNG, even in the plane."""
