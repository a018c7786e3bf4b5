"""What a file's header says of the machine that made its picture: never of the patient, the place or the time.

DICOM's elements stand in PS3.3 C.7.5.1 (General Equipment), C.8.7 and C.8.4 (acquisition); a photograph's are the EXIF
tags Make and Model, which TIFF has too.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset

from . import dicom_elements as element

Device = tuple[tuple[str, str], ...]
"""(what, value) pairs: manufacturer, model, body_part, kvp, field_tesla; those that are stated."""
MAKE, MODEL = 271, 272
LONGEST = 64
_ODD = re.compile(r"[^ -~]+")


def of_dicom(data: Dataset) -> Device:
    """Of a data set before its pixels."""
    voltage, field = element.positive(data, "KVP"), element.positive(data, "MagneticFieldStrength")
    found = {
        "manufacturer": plain(element.text(data, "Manufacturer")),
        "model": plain(element.text(data, "ManufacturerModelName")),
        "body_part": element.code(data, "BodyPartExamined"),
        "kvp": None if voltage is None else f"{voltage:g}",
        "field_tesla": None if field is None else f"{field:g}",
    }
    return pairs(found)


def of_tags(tags: Mapping[int, Any]) -> Device:
    """Of the tags of an EXIF block or of a TIFF page, by number."""
    return pairs({"manufacturer": plain(tags.get(MAKE)), "model": plain(tags.get(MODEL))})


def pairs(found: Mapping[str, str | None]) -> Device:
    return tuple((what, value) for what, value in found.items() if value)


def plain(value: Any) -> str | None:
    """A text of one line in printable ASCII, blanks run together, cut at 64 characters; None when nothing is left."""
    if not isinstance(value, str):
        return None
    return " ".join(_ODD.sub(" ", value).split())[:LONGEST] or None
