"""vesale: pictures of the body in, numbers, names, maps and pictures out."""

from importlib import import_module
from typing import Any

_SHELF = {
    "audit": "vesale.verbs.audit:audit",
    "check": "vesale.verbs.check:check",
    "Asked": "vesale.verbs.explain:Asked",
    "commission": "vesale.verbs.commission:commission",
    "dossier": "vesale.verbs.dossier:dossier",
    "drift": "vesale.verbs.drift:drift",
    "evaluate": "vesale.verbs.evaluate:evaluate",
    "explain": "vesale.verbs.explain:explain",
    "export": "vesale.verbs.export:export",
    "list": "vesale.verbs.list:list_models",
    "log": "vesale.verbs.log:log",
    "load": "vesale.core.recipe:load",
    "open": "vesale.io:open_source",
    "plan": "vesale.verbs.plan:plan",
    "predict": "vesale.verbs.predict:predict",
    "present": "vesale.verbs.present:present",
    "Presentation": "vesale.render.subject:Presentation",
    "read": "vesale.verbs.read:read",
    "read_cohort": "vesale.io.cohort:read_cohort",
    "Recipe": "vesale.core.recipe:Recipe",
    "synthesise": "vesale.verbs.synthesise:synthesise",
    "study": "vesale.verbs.study:study",
    "train": "vesale.verbs.train:train",
}
__all__ = sorted(_SHELF)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `vesale --help` never waits for torch."""
    if name not in _SHELF:
        raise AttributeError(f"module 'vesale' has no attribute {name!r}")
    module, attribute = _SHELF[name].split(":")
    return getattr(import_module(module), attribute)
