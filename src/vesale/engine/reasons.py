"""Explanations as files: the picture of a map and the map as numbers, beside the prediction that they explain."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.errors import SourceError
from ..core.explanation import Explanation, Method
from ..core.image import Image, Source
from ..core.prediction import Prediction
from ..io.nifti import source_header, write_nifti
from ..render.attribution import Legend, attribution_picture
from ..render.explanation import evidence_of, unit_text
from ..render.words import say
from .explained import Bench, Wish, explained
from .raw import Raw

MEASURED = frozenset({"occlusion"})
"""Methods whose values are in the unit of the explained number; those of the others only compare with each other."""


def with_reasons(
    folder: Path,
    read: tuple[Prediction, Raw],
    views: Sequence[Sequence[Source]],
    how: tuple[Bench, Method, str],
) -> Prediction:
    """The prediction with its evidence.explanation filled, the map's files in `folder`; `how`: bench, method, language.

    Where there is nothing to explain, the evidence stays empty and a note says why.
    """
    bench, method, language = how
    prediction, raw = read
    try:
        explanation = explained(bench, read, views, Wish(methods=(method,)))[0]
    except SourceError as error:
        return replace(prediction, notes=(*prediction.notes, f"no reasons are shown: {error.message}"))
    pictures, _ = write_maps(folder, explanation, raw, [view[0] for view in views], language)
    evidence = replace(prediction.evidence, explanation=evidence_of(explanation, pictures[0]))
    return replace(prediction, evidence=evidence)


def write_maps(
    folder: Path, explanation: Explanation, raw: Raw, sources: Sequence[Source], language: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(pictures, maps as numbers) by name, one each a view."""
    folder.mkdir(parents=True, exist_ok=True)
    aim, method = explanation.aim, explanation.method
    name = aim.name or aim.output
    unit = unit_text(aim, language) if method in MEASURED else None
    legend = Legend(name, unit, say(f"explain.method.{method}", language), language, aim.name is None)
    pictures, numbers = [], []
    for i, (image, drawn, source) in enumerate(zip(raw.images, explanation.maps, sources, strict=True)):
        stem = method if i == 0 else f"{method}.{i + 1}"
        pictures.append(f"{stem}.png")
        bytes_ = attribution_picture(image, drawn, legend, explanation.slices[i], source.description)
        (folder / pictures[-1]).write_bytes(bytes_)
        numbers.append(_write_numbers(folder, stem, drawn, source))
    return tuple(pictures), tuple(numbers)


def _write_numbers(folder: Path, stem: str, drawn: Image, source: Source) -> str:
    """A volume's map as NIfTI on its source's own grid, a picture's as npz; float32, zero where nobody looked."""
    if drawn.data.ndim == 3:
        np.savez_compressed(folder / f"{stem}.npz", attribution=drawn.data[0])
        return f"{stem}.npz"
    about = source.description
    header = source_header(about.files[0]) if about.format == "nifti" and about.files else None
    write_nifti(folder / f"{stem}.nii.gz", drawn.data[0], drawn.grid, header)
    return f"{stem}.nii.gz"
