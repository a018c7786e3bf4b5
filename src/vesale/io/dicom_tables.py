"""Look-up tables of a DICOM header: palettes (PS3.3 C.7.6.3.1.5, segmented C.7.9.2) and modality tables (C.11.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from vesale.core.errors import SourceError
from vesale.core.image import Array

from . import dicom_elements as element

_COLOURS = ("Red", "Green", "Blue")
_DISCRETE, _LINEAR = 0, 1
MOST_ENTRIES = 2**16


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Entries for stored values from `first` on; what lies outside gets the nearest entry."""

    first: int
    entries: NDArray[np.uint16] = field(repr=False)
    """(n,) values, or (n, 3) red, green, blue."""

    @property
    def is_deep(self) -> bool:
        """Whether more than eight bits are used; some writers fill only the low byte of 16-bit entries."""
        return bool(self.entries.max(initial=0) > 255)

    def look_up(self, stored: Array) -> Array:
        found: Array = self.entries[np.clip(stored.astype(np.int64) - self.first, 0, len(self.entries) - 1)]
        return found


def palette(data: Dataset, signed: bool, little: bool) -> Table | None:
    """The colours of PALETTE COLOR; None when there is none. ValueError when it is damaged."""
    descriptors = [element.numbers(data, f"{c}PaletteColorLookupTableDescriptor") for c in _COLOURS]
    if not all(len(d) == 3 for d in descriptors):
        return None
    columns = []
    for colour, descriptor in zip(_COLOURS, descriptors, strict=True):
        n = int(descriptor[0]) or MOST_ENTRIES
        plain, cut = f"{colour}PaletteColorLookupTableData", f"Segmented{colour}PaletteColorLookupTableData"
        if plain in data:
            columns.append(_numbers(data[plain].value, n, little))
        elif cut in data:
            raw = data[cut].value
            wide = descriptor[2] > 8 or not isinstance(raw, (bytes, bytearray))
            columns.append(_expanded(_words(raw, wide, little), n))
        else:
            return None
    if len({len(c) for c in columns}) != 1:
        raise ValueError("palettes of different lengths")
    return Table(_first(descriptors[0][1], signed), np.stack(columns, -1))


def modality(data: Dataset, signed: bool, little: bool) -> Table | None:
    """The table that stands for slope and intercept; None when there is none. ValueError when it is damaged."""
    found = element.item(data, "ModalityLUTSequence")
    descriptor = element.numbers(found, "LUTDescriptor")
    if len(descriptor) != 3 or "LUTData" not in found:
        return None
    n = int(descriptor[0]) or MOST_ENTRIES
    return Table(_first(descriptor[1], signed), _numbers(found["LUTData"].value, n, little))


def _first(said: float, signed: bool) -> int:
    """The first stored value, whose sign the header's own representation decides."""
    whole = int(said)
    if signed:
        return whole - 2**16 if whole >= 2**15 else whole
    return whole + 2**16 if whole < 0 else whole


def _numbers(raw: Any, n: int, little: bool) -> NDArray[np.uint16]:
    """`n` entries, of 16 bits, or of 8 when there are no more bytes than that."""
    wide = not isinstance(raw, (bytes, bytearray)) or len(raw) >= 2 * n
    words = _words(raw, wide, little)
    if len(words) < n:
        raise ValueError(f"a table of {n} entries with {len(words)}")
    return words[:n]


def _words(raw: Any, wide: bool, little: bool) -> NDArray[np.uint16]:
    if not isinstance(raw, (bytes, bytearray)):
        values: Sequence[int] = [raw] if isinstance(raw, int) else list(raw)
        return (np.asarray(values, np.int64) & 0xFFFF).astype(np.uint16)
    if wide:
        return np.frombuffer(raw, "<u2" if little else ">u2", len(raw) // 2).astype(np.uint16)
    # two entries of 8 bits are one word, the first in its lower half
    entries = np.frombuffer(raw, np.uint8)
    if not little:
        entries = entries[: len(entries) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    return entries.astype(np.uint16)


def _expanded(words: NDArray[np.uint16], n: int) -> NDArray[np.uint16]:
    """Segments to entries: discrete ones as they are, linear ones from the last entry up to their own."""
    entries: list[int] = []
    at = 0
    while at + 2 < len(words) and len(entries) < n:
        kind, length = int(words[at]), int(words[at + 1])
        if kind == _DISCRETE:
            entries += [int(v) for v in words[at + 2 : at + 2 + length]]
            at += 2 + length
        elif kind == _LINEAR and entries and length:
            start, stop = entries[-1], int(words[at + 2])
            entries += [round(start + (stop - start) * (i + 1) / length) for i in range(length)]
            at += 3
        else:
            raise SourceError(f"a palette in segments of kind {kind}, which is not read", "export it as RGB")
    if len(entries) < n:
        raise ValueError(f"a palette of {n} entries with {len(entries)}")
    return np.array(entries[:n], np.uint16)
