"""NIfTI-1 and NIfTI-2 volumes as sources and as masks; world coordinates become LPS here, at the border."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Grid, Vector
from vesale.core.image import Array, Description, Image, Provenance, Source

from .lazy import Deferred, digest, quiet, reading
from .pixels import COLOURS, native, whole_numbers
from .place import RAS_TO_LPS, oriented, unoriented
from .volume_bytes import Stored, guard

Header = Any
"""nibabel's Nifti1Header; its methods have no types."""
_MM_PER_UNIT = {1: 1000.0, 2: 1.0, 3: 0.001}  # xyzt_units: metre, millimetre, micrometre
_GEOMETRY = (
    *("sform_code", "srow_x", "srow_y", "srow_z"),
    *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
)
_LEVEL = 1  # of gzip, as nibabel has it: a confidence of a hundred megabytes must not take minutes
_COLOUR_TYPES = (128, 2304)  # RGB24, RGBA32


@dataclass(frozen=True, slots=True)
class Place:
    """What the header says of the grid, and what had to be decided."""

    grid: Grid
    channels: tuple[str, ...]
    notes: tuple[str, ...]


def open_nifti(path: Path) -> Source:
    """A volume (z, y, x), or (y, x); a fourth dimension becomes channels 'volume 0', 'volume 1', ...

    The grid follows the sform where it is set, else the qform (NIfTI-1.1 standard, section on orientation), else only
    the voxel sizes, with a note. Samples keep their type unless a slope or intercept applies: then float32.
    """
    with _opened(path) as (_, header):
        place = place_of(path, header)
    description = Description("nifti", digest(path), notes=place.notes, files=(path,))
    return Deferred(description, place.channels, (place.grid,), partial(_load, path))


def read_mask(path: Path) -> Image:
    """Class numbers of a NIfTI file, as integers; colours and several volumes are refused."""
    with _opened(path) as (image, header):
        place = place_of(path, header)
        if len(place.channels) != 1:
            raise SourceError(f"{path}: a mask holds one volume, not {len(place.channels)}", "save one volume")
        data = _samples(path, image, header)
    return Image(whole_numbers(path, data), place.grid, "labels", ("label",), Provenance(digest(path)))


def source_header(path: Path) -> Header:
    """The header as it stands in the file, so that a mask can be written with exactly its geometry."""
    with _opened(path) as (_, header):
        return header


@contextmanager
def _opened(path: Path) -> Iterator[tuple[nib.Nifti1Image, Header]]:
    """The image, its samples not read, and its header as it stands (nibabel mends it: a size of 0 becomes 1)."""
    with reading(path, "NIfTI"), _stream(path) as file:
        with quiet():
            start = file.read(4)
            second = 540 in (int.from_bytes(start, "little"), int.from_bytes(start, "big"))
            kind: Any = nib.Nifti2Image if second else nib.Nifti1Image
            file.seek(0)
            header = kind.header_class.from_fileobj(file, check=False)
            _guard(path, header)
            file.seek(0)
            image = kind.from_stream(file)
        yield image, header


def _guard(path: Path, header: Header) -> None:
    """Refuse sizes that the file cannot hold before anything is allocated by them."""
    shape = tuple(int(n) for n in header.get_data_shape())
    offset = float(header["vox_offset"])
    if min(shape, default=0) < 1 or not 0 <= offset < 2**62:
        return  # no image at all, which is said where its shape is looked at
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    sizes = (*shape, int(header.get_data_dtype().itemsize))
    guard(Stored(path, path, sizes, "u1", 0 if packed else int(offset), "gzip" if packed else "raw"), surplus=False)


def _stream(path: Path) -> Any:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")


def place_of(path: Path, header: Header) -> Place:
    """The grid and the channels of a NIfTI header, whichever file it stands in."""
    spatial, channels = _layout(path, header)
    affine, notes = _affine(header)
    if affine is None:
        grid, more = _bare_grid(header, spatial)
        return Place(grid, channels, (*notes, *more))
    matrix, origin = RAS_TO_LPS @ affine[:3, : len(spatial)], RAS_TO_LPS @ affine[:3, 3]
    grid, more = oriented(spatial, matrix, origin)
    return Place(grid, channels, (*notes, *more))


def _layout(path: Path, header: Header) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The spatial shape (x, y[, z]) and the channels' names."""
    shape = tuple(int(n) for n in header.get_data_shape())
    if header.get_data_dtype().kind == "c":
        raise SourceError(f"{path}: complex samples", "save magnitude, or real and imaginary parts, as volumes")
    if len(shape) < 2 or min(shape) < 1:
        raise SourceError(f"{path}: shape {shape} is no image", "export it again")
    rest = [n for n in shape[3:] if n > 1]
    if len(rest) > 1:
        raise SourceError(f"{path}: shape {shape} has more than one dimension beside space", "save one volume per file")
    if int(header["datatype"]) in _COLOUR_TYPES:
        if rest:
            raise SourceError(f"{path}: several volumes of colours", "save one volume per file")
        return shape[:3], COLOURS
    return shape[:3], tuple(f"volume {i}" for i in range(rest[0])) if rest else ("grey",)


def _affine(header: Header) -> tuple[Vector | None, list[str]]:
    """The 4x4 in RAS millimetres that holds, or None, and what is to be said about it."""
    sform, qform = _sform(header), _qform(header)
    affine = sform if sform is not None else qform
    if affine is None:
        return None, []
    notes = []
    if sform is not None and qform is not None and not np.allclose(sform, qform, atol=0.1, rtol=1e-3):
        notes.append("sform and qform disagree: the sform is used")
    unit = int(header["xyzt_units"]) & 7
    if unit not in _MM_PER_UNIT:
        notes.append("the unit of length is not stated: taken as millimetres")
    elif unit != 2:
        affine = np.diag([_MM_PER_UNIT[unit]] * 3 + [1.0]) @ affine
    return affine, notes


def _sform(header: Header) -> Vector | None:
    return _usable(header.get_sform()) if int(header["sform_code"]) > 0 else None


def _qform(header: Header) -> Vector | None:
    if int(header["qform_code"]) <= 0 or not _positive(header, 3):
        return None
    try:
        return _usable(header.get_qform())
    except HeaderDataError:
        return None


def _usable(affine: Array) -> Vector | None:
    good = np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-12
    return np.asarray(affine, dtype=np.float64) if good else None


def _bare_grid(header: Header, spatial: tuple[int, ...]) -> tuple[Grid, list[str]]:
    n = len(spatial)
    scale = _MM_PER_UNIT.get(int(header["xyzt_units"]) & 7, 1.0)
    sizes = [float(v) * scale for v in header["pixdim"][1 : 1 + n]]
    return unoriented(spatial, sizes)


def _positive(header: Header, n: int) -> bool:
    sizes = np.asarray(header["pixdim"][1 : 1 + n])
    return bool(np.isfinite(sizes).all() and (sizes > 0).all())


def _load(path: Path, box: Box) -> Array:
    with _opened(path) as (image, header):
        return np.ascontiguousarray(_samples(path, image, header)[(slice(None), *box.slices)])


def _samples(path: Path, image: nib.Nifti1Image, header: Header) -> Array:
    """(channel, z, y, x) or (channel, y, x), in the machine's byte order."""
    proxy: Any = image.dataobj
    raw = np.asarray(proxy.get_unscaled())
    proxy.file_like.read()  # to the end, where gzip keeps its checksum
    return arranged(path, raw, header)


def arranged(path: Path, raw: Array, header: Header) -> Array:
    """Samples (x, y[, z, ...]) as the file has them to (channel, [z,] y, x), the slope and intercept applied."""
    spatial, channels = _layout(path, header)
    if raw.dtype.fields is not None:
        raw = np.stack([raw[name] for name in ("R", "G", "B")], axis=-1)
    slope, inter = header.get_slope_inter()
    if (slope, inter) not in ((None, None), (1.0, 0.0)) and raw.dtype.kind != "V":
        raw = (raw.astype(np.float64) * (slope or 1.0) + (inter or 0.0)).astype(np.float32)
    return native(raw).reshape((*spatial, len(channels)), order="F").T


def write_nifti(path: Path, data: Array, grid: Grid, header: Header | None = None) -> Path:
    """Samples (z, y, x) or (y, x) as .nii.gz, where `header` (of a source of that shape) or else `grid` puts them.

    Of a source's header only the geometry is kept: free text, extensions and rescaling are not. An unknown spacing is
    written as 0, never as 1.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kind: Any = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
    new: Header = kind.header_class()
    new.set_data_dtype(data.dtype)
    new.set_data_shape(data.T.shape)
    if header is None:
        _write_place(new, grid)
    else:
        n = len(grid.shape) + 1
        for key in _GEOMETRY:
            new[key] = header[key]
        new["pixdim"][:n] = header["pixdim"][:n]
        new["xyzt_units"] = int(header["xyzt_units"]) & 7
    sizes = new["pixdim"].copy()
    with quiet():
        raw = bytearray(kind(data.T, None, new).to_bytes())
    start = new.template_dtype.fields["pixdim"][1]
    raw[start : start + sizes.nbytes] = sizes.tobytes()  # nibabel makes 1 of 0
    path.write_bytes(gzip.compress(bytes(raw), compresslevel=_LEVEL, mtime=0))
    return path


def _write_place(header: Header, grid: Grid) -> None:
    n = len(grid.shape)
    header.set_xyzt_units("mm")
    header["pixdim"][1 : n + 1] = 0.0 if grid.spacing is None else grid.spacing[::-1]
    if grid.spacing is None or grid.axes is None or len(grid.axes[0]) != 3:
        return
    matrix, offset = grid.affine
    columns = matrix[:, ::-1]
    if n == 2:
        normal = np.cross(columns[:, 0], columns[:, 1])
        columns = np.column_stack([columns, normal / np.linalg.norm(normal)])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = RAS_TO_LPS @ columns, RAS_TO_LPS @ offset
    header.set_qform(affine, 1, strip_shears=True)
    header.set_sform(affine, 1)
