"""Files to sources: one file per format, chosen by content first. What is done to samples lives in ops and engine."""

from collections.abc import Callable, Sequence
from pathlib import Path

from vesale.core.errors import SourceError
from vesale.core.grid import Grid
from vesale.core.image import Image, Source
from vesale.core.registry import Registry

from .address import address_of
from .formats import kind_of, unknown, zarr_root

READERS: Registry[Callable[[Path], Source]] = Registry(
    "reader",
    {
        "png": "vesale.io.raster:open_raster",
        "jpeg": "vesale.io.raster:open_raster",
        "bmp": "vesale.io.raster:open_raster",
        "gif": "vesale.io.raster:open_raster",
        "tiff": "vesale.io.tiff_kinds:open_any_tiff",
        "slide": "vesale.io.slide_openslide:open_vendor",
        "zarr": "vesale.io.ome_zarr:open_ome_zarr",
        "nifti": "vesale.io.nifti:open_nifti",
        "metaimage": "vesale.io.metaimage:open_metaimage",
        "nrrd": "vesale.io.nrrd:open_nrrd",
        "analyze": "vesale.io.analyze:open_pair",
        **dict.fromkeys(("mat", "mat73", "npy", "npz", "hdf5", "csv"), "vesale.io.signals:open_signal_file"),
        "dicom": "vesale.io.dicom:open_dicom",
        "folder": "vesale.io.dicom_series:open_folder",
    },
)
MASK_READERS: Registry[Callable[[Path], Image]] = Registry(
    "mask reader",
    {
        "png": "vesale.io.raster:read_mask",
        "jpeg": "vesale.io.raster:read_mask",
        "bmp": "vesale.io.raster:read_mask",
        "gif": "vesale.io.raster:read_mask",
        "tiff": "vesale.io.tiff_kinds:read_any_mask",
        "zarr": "vesale.io.ome_zarr:read_mask",
        "nifti": "vesale.io.nifti:read_mask",
        "metaimage": "vesale.io.metaimage:read_mask",
        "nrrd": "vesale.io.nrrd:read_mask",
        "analyze": "vesale.io.analyze:read_mask",
        "dicom": "vesale.io.dicom:read_mask",
    },
)


def open_source(path: Path | str) -> Source:
    """The image at `path`, its header read and its pixels not yet; a folder is one DICOM series or one OME-Zarr.

    `responses.mat#fmriTrn[12]` is one trial of a file of signals (`address.py`). SourceError (unreadable) when there is
    no such file, no reader for it, or it is damaged.
    """
    where = Path(path)
    address = address_of(where)
    if address is not None:
        from .signals import open_signal

        return open_signal(address)
    return READERS[_format(where)](where)


def open_mask(path: Path | str, grid: Grid | None = None) -> Image:
    """The labels at `path`, kind 'labels', one channel of the stored numbers: palette indices, bilevel as 0 and 1.

    `grid`: of the image that it was drawn on; a DICOM segmentation, which leaves empty planes out, is laid on it.
    SourceError when it is coloured, fractional or lossy: then nobody can know which class a pixel has.
    """
    where = Path(path)
    kind = _format(where)
    if kind not in MASK_READERS.table:
        raise SourceError(f"{where}: a {kind} is no mask", "give one file")
    if kind == "dicom":
        from .dicom import read_mask

        return read_mask(where, grid)
    return MASK_READERS[kind](where)


def open_mask_on(path: Path, images: Sequence[Path]) -> Image:
    """The labels at `path` as `open_mask` gives them; a DICOM segmentation laid on the grid of the first image."""
    if not images or _format(path) != "dicom":
        return open_mask(path)
    from .dicom_header import read_header

    return open_mask(path, open_source(images[0]).levels[0] if read_header(path).is_mask else None)


def _format(path: Path) -> str:
    if path.is_dir():
        return "folder" if zarr_root(path) is None else "zarr"
    kind = kind_of(path)
    if kind == "zip":
        raise SourceError(f"{path}: a zip is a set of inputs, not one image", "unpack it, or give it to `vesale read`")
    if kind is None:
        raise unknown(path, tuple(k for k in READERS if k != "folder"))
    return kind
