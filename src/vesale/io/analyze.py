"""Header and image in two files: Analyze 7.5, and NIfTI-1 and -2 pairs (.hdr and .img), as sources and as masks.

Analyze 7.5 has no orientation: left and right cannot be known, unless SPM wrote a matrix (.mat) beside it.
"""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1PairHeader
from nibabel.nifti2 import Nifti2PairHeader
from nibabel.spm99analyze import Spm99AnalyzeHeader

from vesale.core.errors import SourceError
from vesale.core.grid import Box, Vector
from vesale.core.image import Array, Description, Image, Provenance, Source

from .lazy import Deferred, digest_files, quiet, reading
from .nifti import Place, arranged, place_of
from .pixels import COLOURS, whole_numbers
from .place import RAS_TO_LPS, invertible, oriented, unoriented
from .volume_bytes import Stored, guard, load

Header = Any
"""nibabel's header of any of these kinds; its methods have no types."""
LEFT_OR_RIGHT = "Analyze 7.5 has no orientation: left and right cannot be known"
_RGB = 128
_MATRIX_BYTES = 2**16
"""An SPM matrix file is smaller than this."""


def open_pair(path: Path) -> Source:
    """A volume (z, y, x), or (y, x), from either of its two files; a fourth dimension becomes channels.

    A NIfTI pair has the geometry of a NIfTI file. SourceError when one of the two is missing, or the header does not
    fit the image's bytes.
    """
    header_file, image_file = pair(path)
    with reading(path, "Analyze or a NIfTI pair", quote=False):
        header, is_nifti = _header(header_file)
        stored = _stored((header_file, image_file), header, is_nifti)
        notes = guard(stored)
        place = place_of(header_file, header) if is_nifti else _place(header_file, header)
    files = (header_file, image_file)
    name = "nifti-pair" if is_nifti else "analyze"
    description = Description(name, digest_files(files), notes=(*notes, *place.notes), files=files)
    return Deferred(description, place.channels, (place.grid,), partial(_load, files, stored))


def read_mask(path: Path) -> Image:
    """Class numbers of a pair, as integers; colours and several volumes are refused."""
    source = open_pair(path)
    if len(source.channels) != 1:
        raise SourceError(f"{path}: a mask holds one volume, not {len(source.channels)}", "save one volume")
    image = source.read()
    provenance = Provenance(source.description.sha256)
    return Image(whole_numbers(path, image.data), image.grid, "labels", ("label",), provenance)


def pair(path: Path) -> tuple[Path, Path]:
    """The header and the image of a pair, given either."""
    is_header = path.suffix.casefold() == ".hdr"
    wanted = ".img" if is_header else ".hdr"
    for ending in (wanted, wanted.upper()):
        other = path.with_suffix(ending)
        if other.is_file():
            return (path, other) if is_header else (other, path)
    raise SourceError(f"{path}: no {path.stem}{wanted} beside it", "a header (.hdr) and its image (.img) stay together")


def _header(path: Path) -> tuple[Header, bool]:
    """The header as it stands, and whether it is NIfTI's."""
    raw = path.read_bytes()[:600]
    if raw[344:348] == b"ni1\x00" and len(raw) >= 348:
        kind: Any = Nifti1PairHeader
    elif raw[4:8] == b"ni2\x00" and len(raw) >= 540:
        kind = Nifti2PairHeader
    elif len(raw) >= 348 and 348 in (int.from_bytes(raw[:4], "little"), int.from_bytes(raw[:4], "big")):
        kind = Spm99AnalyzeHeader
    else:
        raise SourceError(f"{path}: neither the header of Analyze 7.5 nor of a NIfTI pair", "export it again")
    size = kind.template_dtype.itemsize
    with quiet():
        return kind(raw[:size], check=False), kind is not Spm99AnalyzeHeader


def _stored(files: tuple[Path, Path], header: Header, is_nifti: bool) -> Stored:
    shape = tuple(int(n) for n in header.get_data_shape())
    dtype = header.get_data_dtype()
    if dtype.kind not in "iufcV" or len(shape) < 2 or min(shape, default=0) < 1:
        raise SourceError(f"{files[0]}: samples or a shape that are no image's", "export it again")
    with files[1].open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            raise SourceError(
                f"{files[1]}: the image of a pair is packed with gzip", "unpack it, or save it as .nii.gz"
            )
    offset = float(header["vox_offset"])
    if not (offset >= 0 and math.isfinite(offset)):
        raise SourceError(f"{files[0]}: the image does not start at a place in its file", "export it again")
    each = dtype.itemsize if dtype.fields else 1
    sizes = (each, *shape) if dtype.fields else shape
    return Stored(files[0], files[1], sizes, "u1" if dtype.fields else dtype.str, int(offset))


def _load(files: tuple[Path, Path], stored: Stored, box: Box) -> Array:
    with reading(files[0], "Analyze or a NIfTI pair", quote=False):
        header, is_nifti = _header(files[0])
        whole = load(stored, Box((0,) * len(stored.sizes), stored.sizes[::-1]))[0]
        if len(stored.sizes) > len(header.get_data_shape()):  # colours: red, green, blue[, alpha] of each sample
            whole = whole.view(header.get_data_dtype())[..., 0]
        samples = arranged(files[0], whole.T, header) if is_nifti else _arranged(whole.T, header)
        return np.ascontiguousarray(samples[(slice(None), *box.slices)])


def _arranged(raw: Array, header: Header) -> Array:
    """(x, y, z[, t]) of Analyze to (channel, z, y, x); SPM's factor, where there is one, makes float32."""
    slope, _ = header.get_slope_inter()
    if raw.dtype.fields is not None:
        raw = np.stack([raw[name] for name in ("R", "G", "B")], axis=-1)
    elif slope is not None and slope != 1:
        raw = (raw.astype(np.float64) * slope).astype(np.float32)
    spatial, channels = _layout(header)
    return raw.reshape((*spatial, len(channels)), order="F").T


def _layout(header: Header) -> tuple[tuple[int, ...], tuple[str, ...]]:
    shape = tuple(int(n) for n in header.get_data_shape())
    rest = math.prod(shape[3:])
    if int(header["datatype"]) == _RGB and rest == 1:
        return shape[:3], COLOURS
    return shape[:3], ("grey",) if rest == 1 else tuple(f"volume {i}" for i in range(rest))


def _place(path: Path, header: Header) -> Place:
    spatial, channels = _layout(header)
    if header.get_data_dtype().kind == "c" or sum(n > 1 for n in header.get_data_shape()[3:]) > 1:
        raise SourceError(f"{path}: complex samples, or more than one dimension beside space", "save one volume a file")
    slope, _ = header.get_slope_inter()
    notes = [] if slope in (None, 1) else ["the values are multiplied by SPM's scale factor"]
    matrix = _spm_matrix(path.with_suffix(".mat"))
    if matrix is not None and len(spatial) == 3:
        grid, more = oriented(spatial, RAS_TO_LPS @ matrix[:3, :3], RAS_TO_LPS @ (matrix @ [1.0, 1, 1, 1])[:3])
        return Place(grid, channels, (*notes, "the orientation is SPM's, from the .mat file beside it", *more))
    sizes = [abs(float(v)) for v in header["pixdim"][1 : 1 + len(spatial)]]
    grid, more = unoriented(spatial, sizes)
    if grid.spacing is not None and bytes(header["vox_units"]).rstrip(b"\x00 ") != b"mm":
        notes.append("the unit of length is not stated: taken as millimetres")
    return Place(grid, channels, (*notes, LEFT_OR_RIGHT, *more))


def _spm_matrix(path: Path) -> Vector | None:
    """SPM's `mat`: voxel, counted from 1, to millimetres in RAS; None where there is no such file or matrix."""
    if not path.is_file() or path.stat().st_size > _MATRIX_BYTES:
        return None
    import scipy.io

    with reading(path, "SPM's matrix", quote=False):
        found = scipy.io.loadmat(path, variable_names=["mat"]).get("mat")
    matrix = None if found is None else np.asarray(found, float)
    if matrix is None or matrix.shape != (4, 4) or not invertible(matrix[:3, :3]):
        return None
    return matrix
