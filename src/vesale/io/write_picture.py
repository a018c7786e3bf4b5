"""Answered pictures and their spreads to files: float32 TIFF of a plane, NIfTI of a stack; masks are in `write.py`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesale.core.errors import ShapeError
from vesale.core.image import Image, Source
from vesale.core.prediction import AnsweredPicture

from . import open_source
from .inputs import exam_id


def write_picture(folder: Path, name: str, answer: AnsweredPicture, sources: Sequence[Source]) -> AnsweredPicture:
    """Write `<name>.tiff` (`<name>.2.tiff` of a second view) and `<name>.spread.tiff`, and return the answer with them.

    ShapeError when there is not one picture a view.
    """
    if len(answer.pictures) != len(sources) or len(answer.spreads) not in (0, len(sources)):
        raise ShapeError(f"{name}: {len(answer.pictures)} pictures for {len(sources)} sources")
    folder.mkdir(parents=True, exist_ok=True)
    stems = [exam_id(name) if i == 0 else f"{exam_id(name)}.{i + 1}" for i in range(len(sources))]
    files = [_write(folder, s, p, o) for s, p, o in zip(stems, answer.pictures, sources, strict=True)]
    several = zip(stems, answer.spreads, sources, strict=False)
    spreads = [_write(folder, f"{s}.spread", p, o) for s, p, o in several]
    return replace(answer, files=tuple(files), spread_files=tuple(spreads))


def read_written(path: Path) -> NDArray[np.float32]:
    """The samples of a file that `write_picture` wrote, (channel, *shape)."""
    return np.asarray(open_source(path).read().data, np.float32)


def _write(folder: Path, stem: str, picture: Image, source: Source) -> str:
    if len(picture.grid.shape) == 3:
        from . import nifti

        header = nifti.source_header(source.description.files[0]) if source.description.format == "nifti" else None
        nifti.write_nifti(folder / f"{stem}.nii.gz", picture.data[0], picture.grid, header)
        return f"{stem}.nii.gz"
    import tifffile

    planes = picture.data[0] if len(picture.data) == 1 else np.moveaxis(picture.data, 0, -1)
    kind = "rgb" if planes.ndim == 3 and planes.shape[-1] == 3 else "minisblack"
    tifffile.imwrite(folder / f"{stem}.tiff", np.ascontiguousarray(planes, np.float32), photometric=kind)
    return f"{stem}.tiff"
