"""Where an installation keeps what is its own: VESALE_HOME, else `.vesale` in the user's folder."""

import os
from pathlib import Path


def home() -> Path:
    """The folder of models, log and key; it need not exist yet."""
    named = os.environ.get("VESALE_HOME")
    return Path(named) if named else Path.home() / ".vesale"


def default_log() -> Path:
    """The log of every reading that names no other."""
    return home() / "log.jsonl"
