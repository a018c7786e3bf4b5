"""`vesale predict`: what a model says of one image, nothing written."""

from pathlib import Path

from ..core.prediction import Prediction
from ..engine.opened import OpenedModel, open_model
from ..io import open_source
from ..io.inputs import name_of
from .list import find_model


def predict(image: Path, model: Path | str | OpenedModel) -> Prediction:
    """The prediction of one image (a file, the folder of a DICOM series, a trial's address) by a package, path or name.

    SourceError when the image cannot be read, PackageError when the package cannot be trusted.
    """
    opened = model if isinstance(model, OpenedModel) else open_model(find_model(model))
    return opened.predict_sources((name_of(Path(image)), None), [[open_source(Path(image))]])[0]
