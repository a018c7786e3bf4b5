"""Names of an image's channels as files write them, made fit to be kept: short, printable, no two alike."""

from collections.abc import Sequence

LONGEST = 40
_NUMBERED = "channel"


def channel_names(written: Sequence[str | None], count: int) -> tuple[str, ...]:
    """One name a channel; `channel i` where none, or not as many as channels, were written."""
    if count == 1 and not any(_clean(n) for n in written[:1]):
        return ("grey",)
    names = [_clean(n) for n in written] if len(written) == count else []
    names = [n or f"{_NUMBERED} {i}" for i, n in enumerate(names or [""] * count)]
    return tuple(_distinct(names))


def are_numbers(names: Sequence[str]) -> bool:
    """Whether these are no names at all, only places."""
    return any(n.startswith(f"{_NUMBERED} ") and n.removeprefix(f"{_NUMBERED} ").isdigit() for n in names)


def _clean(name: str | None) -> str:
    text = "".join(c if c.isprintable() else " " for c in name or "")
    return " ".join(text.split())[:LONGEST].strip()


def _distinct(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        n, free = 1, name
        while free in found:
            n += 1
            free = f"{name} ({n})"
        found.append(free)
    return found
