"""`vesale export`: a package in a form that other programs read."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.errors import RecipeError
from ..engine.opened import OpenedModel, open_model
from .list import find_model


def export(model: Path | str | OpenedModel, out: Path, form: str = "bioimage") -> Path:
    """Write `out` (a .zip) and give its path. PackageError when the model cannot be used, RecipeError for a form that
    there is not or that has no place for this model.

    bioimage: a model of BioImage.IO, with test tensors from made images; calibration, gate and promise go along as
    attachments, but other programs do not apply them.
    """
    if form not in FORMS:
        raise RecipeError(f"--to {form}: no such form", f"the forms are {', '.join(FORMS)}")
    opened = model if isinstance(model, OpenedModel) else open_model(find_model(model))
    out.parent.mkdir(parents=True, exist_ok=True)
    FORMS[form](opened, out)
    return out


def _bioimage(model: OpenedModel, out: Path) -> None:
    from ..engine.bioimage import write_bioimage

    write_bioimage(model, out)


FORMS: Mapping[str, Callable[[OpenedModel, Path], None]] = {"bioimage": _bioimage}
