"""`vesale dossier RUN`: the evidence of a study as HTML and PDF: card, numbers, three lists, what is open."""

from pathlib import Path

from ..engine.dossier import Written, read_answers, write_dossier

__all__ = ["Written", "dossier", "read_answers"]


def dossier(run: Path) -> Written:
    """(Re)write RUN/dossier from what lies in RUN and from what its user wrote in RUN/dossier/answers.toml."""
    return write_dossier(run)
