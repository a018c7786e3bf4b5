"""Laws of reading DICOM: damage is an error with a remedy and never a traceback; a box is a part of the whole."""

import functools
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

import phantoms
import phantoms_dicom as made
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.io.dicom_series import source_of, volumes_of


@functools.cache
def sound() -> dict[str, bytes]:
    """Small files of several kinds."""
    rng = np.random.default_rng(71)
    planted = (phantoms.volume(rng, (3, 36, 40)) + 1024).astype(np.uint16)
    deflated = made.cine(rng, planted)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    kinds = {
        "enhanced": (made.enhanced_ct(rng, planted), None),
        "run-length": (made.cine(rng, planted), RLELossless),
        "jpeg2000": (made.enhanced_ct(rng, planted), JPEG2000Lossless),
        "nuclear": (made.nuclear(rng, planted, "RECON TOMO", SliceVector=[1, 2, 3]), None),
        "dose": (made.dose(rng, planted.astype(np.uint32), [0.0, 2.0, 4.0]), None),
        "deflated": (deflated, None),
    }
    with tempfile.TemporaryDirectory() as folder:
        return {k: made.write(Path(folder) / k, d, syntax).read_bytes() for k, (d, syntax) in kinds.items()}


def opened(raw: bytes, folder: Path) -> None:
    path = folder / "a.dcm"
    path.write_bytes(raw)
    try:
        for volume in volumes_of([path]):
            source_of(volume).read()
    except SourceError as error:
        assert "\n" not in error.message
        assert error.remedy
        assert not any(secret in error.message for secret in ("Made", "MADE-UP", "1900"))


@settings(deadline=None, max_examples=150, derandomize=True)
@given(
    kind=st.sampled_from(["enhanced", "run-length", "jpeg2000", "nuclear", "dose", "deflated"]),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255), st.booleans()), max_size=6),
    kept=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_damage_is_an_error_with_a_remedy(kind, places, kept):
    raw = bytearray(sound()[kind])
    for share, value, early in places:
        raw[int(share * (min(len(raw), 4000) - 1 if early else len(raw) - 1))] = value
    with tempfile.TemporaryDirectory() as folder:
        opened(bytes(raw[: max(1, int(kept * len(raw)))]), Path(folder))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    kind=st.sampled_from(["enhanced", "run-length", "jpeg2000", "nuclear", "dose", "deflated"]),
    corners=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 36), st.integers(0, 40)), min_size=2, max_size=2),
)
def test_a_box_is_a_part_of_the_whole(kind, corners):
    box = Box(tuple(map(min, *corners)), tuple(map(max, *corners)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dcm"
        path.write_bytes(sound()[kind])
        source = source_of(volumes_of([path])[0])
        part, whole = source.read(box), source.read()
    np.testing.assert_array_equal(part.data, whole.crop(box).data)
    assert part.grid == whole.crop(box).grid
