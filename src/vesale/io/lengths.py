"""Units of length as files write them, in millimetres; a unit that is none of these is no length."""

MM = {
    "m": 1000.0, "meter": 1000.0, "metre": 1000.0,
    "cm": 10.0, "centimeter": 10.0, "centimetre": 10.0,
    "mm": 1.0, "millimeter": 1.0, "millimetre": 1.0,
    "\u00b5m": 1e-3, "\u03bcm": 1e-3, "um": 1e-3, "micron": 1e-3, "microns": 1e-3, "micrometer": 1e-3,
    "micrometre": 1e-3, "\\u00b5m": 1e-3,
    "nm": 1e-6, "nanometer": 1e-6, "nanometre": 1e-6,
    "pm": 1e-9, "picometer": 1e-9,
    "\u00e5": 1e-7, "\u212b": 1e-7, "angstrom": 1e-7,
    "in": 25.4, "inch": 25.4, "\"": 25.4,
}  # fmt: skip


def millimetres(length: float | str | None, unit: str | None) -> float | None:
    """A length in mm; None when it is no positive number or its unit is no unit of length."""
    scale = MM.get((unit or "").strip()) or MM.get((unit or "").strip().casefold())
    try:
        value = float(length) if length is not None else 0.0
    except ValueError:
        return None
    found = value * scale if scale else 0.0
    return found if 0 < found < float("inf") else None
