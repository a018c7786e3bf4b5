"""What a source says of how its picture was made, as the gate keeps it: the header's part of `trust/known.py`."""

import math

from ..core.image import Source
from ..io.formats import SIGNALS
from ..trust.known import Facts


def facts_of(source: Source) -> Facts:
    """Of one input; a signal has no plane."""
    said = dict(source.description.device)
    device = " ".join(said[k] for k in ("manufacturer", "model") if k in said) or None
    pixel = side = None
    if source.description.format not in SIGNALS:
        grid = source.levels[0]
        side = math.sqrt(math.prod(grid.shape[-2:]))
        pixel = None if grid.spacing is None else min(grid.spacing[-2:])
    return Facts(
        device=device,
        modality=source.description.modality,
        body_part=said.get("body_part"),
        kvp=_number(said.get("kvp")),
        field_tesla=_number(said.get("field_tesla")),
        pixel_mm=pixel,
        side=side,
    )


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
