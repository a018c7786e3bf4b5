"""An image's channels put in the order in which a model was taught them, or refused; no samples are changed."""

from collections.abc import Sequence

from ..core.errors import ShapeError
from ..core.image import Image, Step
from ..core.recipe import Look

PLAIN = {1: ("grey",), 3: ("red", "green", "blue")}
"""What one and three channels are when nobody names them."""


def arranged(image: Image, look: Look) -> tuple[Image, tuple[str, ...]]:
    """The image with its channels in `look.names`' order, and notes on what was decided.

    ShapeError when a channel that the model needs is not among the image's, or their number differs. Grey and colour
    pictures go either way: a model of colours sees grey thrice, one of grey the mean.
    """
    have, want = image.channels, look.names or PLAIN.get(look.channels, ())
    if len(have) == 1 and not look.names:
        have = PLAIN[1]
    if _alike(have, want) or (have in PLAIN.values() and want in PLAIN.values()):
        return image, ()
    if len(have) != look.channels:
        raise ShapeError(
            f"the image has {_counted(have)}, the model sees {_counted(want) if want else look.channels}",
            "give images with the channels that the model was learned from",
        )
    if not want or _unnamed(have) or _unnamed(want):
        return image, ("its channels bear no names that the model knows: they are taken in the file's order",)
    places = {name.casefold(): i for i, name in enumerate(have)}
    missing = [name for name in want if name.casefold() not in places]
    if missing:
        hint = "" if look.names else ", or name them in look.names and learn from such images"
        raise ShapeError(
            f"the image's channels are {', '.join(have)}; the model was learned from {', '.join(want)}",
            f"give images that have {', '.join(missing)}{hint}",
        )
    order = [places[name.casefold()] for name in want]
    step = Step("channels", (("order", str(order)),))
    found = Image(image.data[order], image.grid, image.kind, tuple(want), image.provenance.then(step))
    return found, (f"its channels were put into the model's order: {', '.join(want)}",)


def _alike(a: Sequence[str], b: Sequence[str]) -> bool:
    return [n.casefold() for n in a] == [n.casefold() for n in b]


def _unnamed(names: Sequence[str]) -> bool:
    return any(n.startswith("channel ") and n.removeprefix("channel ").isdigit() for n in names)


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} channel{'s' * (len(names) != 1)} ({', '.join(names)})"
