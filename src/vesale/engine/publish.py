"""A prediction as the folder that others rely on: prediction.json, masks, confidences and the picture with outlines."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..core.image import Description, Source
from ..core.prediction import Answer, AnsweredPartition, AnsweredPicture, Prediction
from ..io.write import write_partition
from ..io.write_picture import write_picture
from ..render.composite import composite
from ..render.documents import dumps, prediction_document
from ..render.overlay import overlay, thumbnail
from ..render.seen_strip import answered_strip
from ..render.sheet import volume_overlay
from .logbook import Logbook, sign
from .raw import Raw

LONGEST = 1024
"""Long side of the picture of an exam on which nothing is outlined."""


def publish(
    folder: Path, prediction: Prediction, raw: Raw | None, sources: Sequence[Source], book: Logbook | None = None
) -> Prediction:
    """Write the folder of an exam; `sources` holds the first input of each view. Outputs come back with their files.

    `book`: the log that the answer is entered into before it is written.

    A signal has no picture to draw on: the overlay of one shows the picture that was decoded from it, if there is one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outputs: dict[str, Answer] = {}
    for name, answer in prediction.outputs.items():
        if isinstance(answer, AnsweredPartition):
            answer = write_partition(folder, name, answer, sources)
        if isinstance(answer, AnsweredPicture):
            answer = write_picture(folder, name, answer, sources)
        outputs[name] = answer
    prediction = replace(prediction, outputs=outputs)
    if raw is not None and raw.images and raw.images[0].kind != "signal":
        (folder / "overlay.png").write_bytes(_drawn(prediction, raw, sources[0].description))
    elif seen := next((a for a in outputs.values() if isinstance(a, AnsweredPicture)), None):
        (folder / "overlay.png").write_bytes(answered_strip(seen))
    if book is not None:
        prediction = sign(prediction, folder, _files(prediction), book)
    (folder / "prediction.json").write_text(dumps(prediction_document(prediction)) + "\n", encoding="utf-8")
    return prediction


def _files(prediction: Prediction) -> list[str]:
    """The masks, confidences, pictures and spreads that the outputs name."""
    partitions = [a for a in prediction.outputs.values() if isinstance(a, AnsweredPartition)]
    pictures = [a for a in prediction.outputs.values() if isinstance(a, AnsweredPicture)]
    named = [name for a in partitions for name in (*a.files, *a.confidence_files)]
    return named + [name for a in pictures for name in (*a.files, *a.spread_files)]


def _drawn(prediction: Prediction, raw: Raw, about: Description) -> bytes:
    image, shown = raw.images[0], composite(raw.images[0])
    if len(shown) != len(image.data):
        image = replace(image, data=shown, channels=("red", "green", "blue"))
    for answer in prediction.outputs.values():
        if isinstance(answer, AnsweredPartition):
            labels = answer.labels[0].data
            if image.data.ndim == 4:
                return volume_overlay(image, labels, answer.names, answer.exclusive, about)
            return overlay(shown, labels, answer.names, answer.exclusive)
    if image.data.ndim == 4:
        return volume_overlay(image, about=about)
    return thumbnail(shown, min(LONGEST, max(image.grid.shape)))
