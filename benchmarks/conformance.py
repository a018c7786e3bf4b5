"""docs/conformance.md from the tables that the readers use: `python -m benchmarks.conformance`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vesale.io.dicom_kinds import DECODERS, READ, REFUSED, VIDEO, uid_name
from vesale.io.formats import SCOPES, UNREAD
from vesale.io.readable import READABLE

ROOT = Path(__file__).parents[1]
HEAD = """# Conformance

What is read, what is refused and why. This page is generated from the tables that the readers use
(`python -m benchmarks.conformance`); tests hold the tables against the readers and against files.

Whatever stands in no row is refused, in one line that names the file, the cause and what to do. What had to be decided
about a file is a note in `prediction.json`; an unknown scale is null, never 1 mm.
"""


def page() -> str:
    """The page in Markdown."""
    return "\n".join([HEAD, *_pictures(), *_scopes(), *_dicom(), *_syntaxes(), *_unread()])


def write_conformance(root: Path) -> Path:
    """Write docs/conformance.md below `root`."""
    path = root / "docs" / "conformance.md"
    path.write_text(page(), encoding="utf-8")
    return path


def _pictures() -> Iterator[str]:
    yield from ("## Pictures, slides, microscopy", "")
    head = ("format", "names", "known by", "read", "refused", "decoded by")
    rows = [
        (r.name, " ".join(f"`{s}`" for s in r.suffixes), r.known_by, r.read, r.refused, r.through)
        for r in READABLE
        if r.name != "DICOM"
    ]
    yield from _table(head, rows)


def _scopes() -> Iterator[str]:
    yield from ("## Volumes and signals", "")
    yield from _table(
        ("format", "names", "read", "refused"),
        [(s.title, " ".join(f"`{x}`" for x in s.suffixes), s.read, "; ".join(s.refused)) for s in SCOPES.values()],
    )


def _dicom() -> Iterator[str]:
    yield from ("## DICOM objects", "")
    yield from _table(("object", "becomes"), [(k.name, k.becomes) for k in READ])
    yield from _table(("refused", "why"), [(k.name, k.becomes) for k in REFUSED])


def _syntaxes() -> Iterator[str]:
    yield from ("## DICOM transfer syntaxes", "")
    yield from _table(
        ("transfer syntax", "UID", "decoded by"), [(uid_name(u) or "", f"`{u}`", by) for u, by in DECODERS.items()]
    )
    videos = ", ".join(f"`{uid}`" for uid in sorted(VIDEO) if uid_name(uid))
    yield from (f"Refused: video ({videos}), pixels held elsewhere (JPIP), and syntaxes private to a maker.", "")


def _unread() -> Iterator[str]:
    yield from ("## Known and not read", "")
    yield from _table(("name", "what it claims to be"), [(f"`{s}`", claim) for s, claim in sorted(UNREAD.items())])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    yield from (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    write_conformance(ROOT)
