"""One DICOM file as a source and as a mask; series of them live in `dicom_series.py`, segmentations in
`segmentation_read.py`."""

from pathlib import Path

import numpy as np

from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.core.image import Image, Source

from . import pixels
from .dicom_frames import frames
from .dicom_header import read_header, refuse
from .dicom_series import open_series, source_of, volumes_of
from .lazy import digest


def open_dicom(path: Path) -> Source:
    """The image, volume or run of frames in a file: grey values after the modality transform, or red, green, blue.

    Whole-number values stay integers, others are float32; MONOCHROME1 is turned over so that bright is dense; PET is
    in SUV where the header allows. The spacing is None when the file has none. SourceError when it holds several
    volumes (they are listed), or none.
    """
    header = read_header(path)
    if header.is_directory:
        from .dicom_directory import open_directory

        return open_directory(path)
    if header.is_slide:
        from .slide_dicom import open_dicom_slide

        return open_dicom_slide(path)
    return open_series([path])


def read_mask(path: Path, grid: Grid | None = None) -> Image:
    """Stored numbers of a file, as a secondary capture holds a mask, or the classes of a segmentation object.

    `grid`: the image's, on which a segmentation is laid where its frames fit.
    """
    header = read_header(path)
    if header.is_mask:
        from .segmentation_read import read_segmentation_mask

        return read_segmentation_mask(path, grid)
    refuse(header)
    found = volumes_of([path])
    if len(found) > 1 or header.pixels is None:
        raise SourceError(f"{path}: {len(found)} volumes in one file are no mask", "export one")
    source = source_of(found[0])
    raw = list(frames(path, header.pixels, [s.plane.index for s in found[0].slices]))
    stored = raw[0] if len(source.levels[0].shape) == 2 else np.stack(raw)
    return pixels.as_labels(path, stored, source.levels[0], digest(path))
