"""What a file says beside its pixels, as far as it could give a label away; texts are hashed, nobody is named.

Of PNG, JPEG and the like the coding; of DICOM the equipment and the exposure (PS3.3 C.7.5.1, C.8). Pixels are not read.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL.ImageFile import ImageFile
from pydicom.filereader import dcmread

from vesale.core.errors import VesaleError
from vesale.core.image import Source

from . import dicom_elements as element
from .lazy import quiet, reading
from .raster import PLUGINS

Fact = str | float
EQUIPMENT = (
    *("Manufacturer", "ManufacturerModelName", "StationName", "InstitutionName", "SoftwareVersions"),
    *("DeviceSerialNumber", "DetectorID", "ProtocolName", "SeriesDescription", "ConvolutionKernel"),
)
"""Texts: only whether two are the same is kept."""
CODES = (
    "Modality",
    "ViewPosition",
    "BodyPartExamined",
    "PhotometricInterpretation",
    "ScanningSequence",
    "ConversionType",
)
NUMBERS = (
    *("KVP", "ExposureTime", "XRayTubeCurrent", "Exposure", "SliceThickness", "RepetitionTime", "EchoTime"),
    *("MagneticFieldStrength", "BitsStored", "WindowCenter", "WindowWidth", "DistanceSourceToDetector"),
)
BURNED_IN = "dicom.BurnedInAnnotation"
"""YES or NO, where the file says it (PS3.3 C.7.6.1)."""


def header_facts(source: Source) -> Mapping[str, Fact]:
    """Name -> text or number; a name that is absent is unknown. Never raises: what cannot be read is left out."""
    about = source.description
    facts: dict[str, Fact] = {"file.format": about.format}
    if not about.files:
        return facts
    path = about.files[0]
    height, width = source.levels[0].shape[-2:]
    facts |= {
        "picture.height": float(height),
        "picture.width": float(width),
        "picture.aspect": round(width / height, 3),
    }
    facts["picture.channels"] = float(len(source.channels))
    try:
        if about.format in PLUGINS:
            facts |= _raster(path, about.format, height * width)
        elif about.format == "dicom":
            facts |= _dicom(path)
    except VesaleError:
        return facts
    return facts


def _raster(path: Path, kind: str, samples: int) -> dict[str, Fact]:
    with reading(path, kind.upper()), quiet(), path.open("rb") as file:
        picture = PLUGINS[kind](file)
        facts: dict[str, Fact] = {"file.bytes_per_pixel": path.stat().st_size / samples, "file.mode": picture.mode}
        info = picture.info
        for name in ("exif", "icc_profile", "dpi", "comment", "progressive", "adobe", "jfif", "gamma", "interlace"):
            facts[f"file.has_{name}"] = str(name in info)
        if "dpi" in info:
            facts["file.dpi"] = _hashed(info["dpi"])
        return facts | _tables(picture)


def _tables(picture: ImageFile) -> dict[str, Fact]:
    """Of a JPEG: its quantisation tables and how colour was subsampled, which name the program that saved it."""
    tables = getattr(picture, "quantization", None)
    if not tables:
        return {}
    layers = getattr(picture, "layer", ())
    first = next(iter(tables.values()))
    return {
        "file.quantisation": _hashed(sorted((k, tuple(v)) for k, v in tables.items())),
        "file.coarseness": float(sum(first)),
        "file.subsampling": _hashed(layers),
    }


def _dicom(path: Path) -> dict[str, Fact]:
    with reading(path, "DICOM", quote=False), quiet():
        data = dcmread(path, stop_before_pixels=True, force=True)
    facts: dict[str, Fact] = {}
    for name in EQUIPMENT:
        said = element.text(data, name)
        facts |= {f"dicom.{name}": _hashed(said)} if said else {}
    for name in CODES:
        code = element.code(data, name)
        facts |= {f"dicom.{name}": code} if code else {}
    for name in NUMBERS:
        values = element.numbers(data, name)
        facts |= {f"dicom.{name}": values[0]} if values else {}
    syntax = str(data.file_meta.get("TransferSyntaxUID", "")) if "file_meta" in dir(data) else ""
    burned = element.code(data, "BurnedInAnnotation")
    return facts | ({"dicom.TransferSyntax": syntax} if syntax else {}) | ({BURNED_IN: burned} if burned else {})


def _hashed(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:10]
