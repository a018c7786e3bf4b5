"""Where the files of a run say what: one table, fact -> (file, key), and how a value is put into words.

A colleague's file becomes evidence by a row here and its name in an item's `facts`; a file that is not there says
nothing. No fact holds an exam's or a patient's name: lists of findings and exclusions are counted, not quoted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .checklist import Statement
from .documents import measure
from .metric_words import METRICS
from .words import clock, integer, metric_name, percent, say, shown

Form = Literal["any", "count", "seconds", "share", "kinds", "passed", "megabytes"]
Documents = Mapping[str, Any]
"""File, relative to the run -> what is in it."""
MOST = 40
"""Statements of one fact on a page; the rest is in the file."""


@dataclass(frozen=True, slots=True)
class Fact:
    file: str
    key: str
    """Members from the outside in, joined by dots; * stands for every one."""
    en: str
    fr: str
    form: Form = "any"


_CARD, _REPORT, _TRUST, _CHECK = "model/card.json", "report.json", "model/trust.json", "check.json"
_RECIPE, _MANIFEST, _LOG, _AUDIT = "recipe.toml", "model/MANIFEST.json", "log.jsonl.head", "audit.json"
_EXPLAINED = "explanation/explanations.json"
"""As `vesale explain ... --out RUN/explanation` leaves it."""

FACTS: Mapping[str, Fact] = {
    "model": Fact(_CARD, "name", "model", "modèle"),
    "version": Fact(_CARD, "version", "version", "version"),
    "digest": Fact(_CARD, "digest", "digest of the model", "empreinte du modèle"),
    "intended_use": Fact(_CARD, "intended_use", "intended use", "usage prévu"),
    "limits": Fact(_CARD, "limits", "limits", "limites"),
    "licence": Fact(_CARD, "licence", "licence", "licence"),
    "use": Fact(_CARD, "use", "what the data allow", "ce que permettent les données"),
    "data": Fact(_CARD, "data", "data", "données"),
    "citation": Fact(_CARD, "citation", "citation", "citation"),
    "modalities": Fact(_CARD, "modalities", "modalities", "modalités"),
    "learned_subjects": Fact(_CARD, "cohort.subjects", "subjects learned from", "sujets d'apprentissage"),
    "learned_exams": Fact(_CARD, "cohort.exams", "exams learned from", "examens d'apprentissage"),
    "by_subject": Fact(_REPORT, "cohort.split_by_subject", "parts disjoint by subject", "parts disjointes par sujet"),
    "training_seconds": Fact(_CARD, "training.seconds", "learning took", "durée d'apprentissage", "seconds"),
    "training_steps": Fact(_CARD, "training.steps", "steps, all fits", "pas, tous ajustements"),
    "fits": Fact(_CARD, "training.fits", "networks fitted", "réseaux ajustés"),
    "aborted": Fact(
        _CARD, "training.aborted", "fits that the clock ended", "ajustements arrêtés par l'horloge", "count"
    ),
    "machine": Fact(_CARD, "training.machine", "machine", "machine"),
    "software": Fact(_CARD, "training.vesale", "version of vesale", "version de vesale"),
    "memory": Fact(_CARD, "training.peak_rss_mb", "peak of memory", "pic de mémoire", "megabytes"),
    "seed": Fact(_RECIPE, "seed", "seed of everything random", "graine de tout hasard"),
    "privacy": Fact(_CARD, "privacy.membership.auc", "membership inference", "inférence d'appartenance"),
    "privacy_told": Fact(
        _CARD,
        "privacy.membership.sensitivity",
        "members told at a stated share of false accusations",
        "membres reconnus à une part fixée d'accusations fausses",
    ),
    "tested_subjects": Fact(_REPORT, "cohort.subjects", "subjects measured on", "sujets mesurés"),
    "tested_exams": Fact(_REPORT, "cohort.exams", "exams measured on", "examens mesurés"),
    "split": Fact(_REPORT, "cohort.split", "part that was measured on", "part mesurée"),
    "cohort_digest": Fact(_REPORT, "cohort.digest", "digest of these exams", "empreinte de ces examens"),
    "excluded": Fact(_REPORT, "cohort.excluded", "exams left out or declined", "examens exclus ou refusés", "count"),
    "measures": Fact(_REPORT, "measures.*.*", "", ""),
    "per_class": Fact(_REPORT, "per_class.*.*.*", "", ""),
    "subgroups": Fact(_REPORT, "subgroups.*.measures.*.*", "subgroup", "sous-groupe"),
    "subgroup_notes": Fact(_REPORT, "subgroups.*.note", "subgroup", "sous-groupe"),
    "ece": Fact(_REPORT, "calibration.*.ece", "", ""),
    "brier": Fact(_REPORT, "calibration.*.brier", "", ""),
    "coverage": Fact(_REPORT, "coverage.*", "coverage", "couverture"),
    "share_reported": Fact(_REPORT, "refer.share_reported", "", ""),
    "error_reported": Fact(_REPORT, "refer.error_reported", "", ""),
    "baselines": Fact(_REPORT, "baselines.*.*.*", "compared with", "comparé à"),
    "warnings": Fact(_REPORT, "warnings.*.code", "warning", "avertissement"),
    "command": Fact(_REPORT, "command", "command", "commande"),
    "reading_memory": Fact(_REPORT, "peak_rss_mb", "peak of memory, whole study", "pic de mémoire, étude", "megabytes"),
    "refer_alpha": Fact(_TRUST, "refer.alpha", "wrong among those answered alone, at most", "faux admis", "share"),
    "refer_delta": Fact(_TRUST, "refer.delta", "risk that this fails", "risque que cela manque", "share"),
    "refer_threshold": Fact(_TRUST, "refer.threshold", "confidence to answer alone", "confiance pour répondre seul"),
    "refer_n": Fact(_TRUST, "refer.n", "subjects that the rule rests on", "sujets derrière la règle"),
    "refer_reported": Fact(_TRUST, "refer.reported", "of these answered alone", "dont répondus seuls"),
    "refer_wrong": Fact(_TRUST, "refer.wrong", "of these wrong", "dont faux"),
    "error_means": Fact(_TRUST, "error", "wrong means", "faux veut dire"),
    "calibration_n": Fact(_TRUST, "n_calibration", "subjects calibrated on", "sujets de calibration"),
    "approximate": Fact(_TRUST, "approximate", "promise is approximate (cross-fitted)", "promesse approchée (croisée)"),
    "level": Fact(_TRUST, "outputs.*.level", "level of sets and intervals", "niveau des ensembles", "share"),
    "gate_n": Fact(_TRUST, "gate.n", "exams that the input gate knows", "examens connus du filtre"),
    "gate_alarm": Fact(
        _TRUST, "gate.false_alarm_rate", "usual exams that it declines", "examens usuels refusés", "share"
    ),
    "findings": Fact(_CHECK, "findings", "findings of the check", "constats de la vérification", "kinds"),
    "allowed": Fact(_CHECK, "allowed", "kinds of fault gone on with", "défauts admis"),
    "checked_subjects": Fact(_CHECK, "cohort.subjects", "subjects in the table", "sujets dans la table"),
    "checked_exams": Fact(_CHECK, "cohort.exams", "exams in the table", "examens dans la table"),
    "check_excluded": Fact(_CHECK, "excluded", "exams left out by the check", "examens exclus d'emblée", "count"),
    "outputs": Fact(_RECIPE, "task.outputs.*.kind", "output", "sortie"),
    "names": Fact(_RECIPE, "task.outputs.*.names", "names of output", "noms de la sortie"),
    "inputs": Fact(_RECIPE, "task.inputs", "inputs", "entrées"),
    "look": Fact(_RECIPE, "look.*", "preparation", "préparation"),
    "net": Fact(_RECIPE, "net.*", "network", "réseau"),
    "pretrained": Fact(_RECIPE, "net.pretrained", "starts from ImageNet weights", "part de poids ImageNet"),
    "augment": Fact(_RECIPE, "augment.*", "augmentation", "augmentation"),
    "train": Fact(_RECIPE, "train.*", "learning", "apprentissage"),
    "balance": Fact(_RECIPE, "train.balance", "rare classes drawn as often", "classes rares équilibrées"),
    "average": Fact(_RECIPE, "train.average", "weights kept: moving average, decay", "poids gardés : moyenne mobile"),
    "flips": Fact(
        _RECIPE, "validate.flips", "answers of mirror images averaged", "réponses des images miroir moyennées"
    ),
    "validate_mode": Fact(_RECIPE, "validate.mode", "held out by", "mise de côté par"),
    "files": Fact(_MANIFEST, "files", "files of the package, each with its SHA-256", "fichiers, avec SHA-256", "count"),
    "log_entries": Fact(_LOG, "entries", "entries in the log of this run", "entrées du journal"),
    "log_head": Fact(_LOG, "hash", "hash of the last entry", "empreinte de la dernière entrée"),
    "fitted": Fact("events.jsonl", "fitted.*.seconds", "fit", "ajustement", "seconds"),
    "audit_groups": Fact(_AUDIT, "groups.*.measures.*.*", "group", "groupe"),
    "audit_tests": Fact(_AUDIT, "tests.*.difference", "difference", "différence"),
    "audit_findings": Fact(_AUDIT, "findings", "findings of the audit", "constats de l'audit", "kinds"),
    "faithfulness": Fact(
        _EXPLAINED,
        "methods.*",
        "explanations that passed their checks",
        "explications ayant passé leurs contrôles",
        "passed",
    ),
    "acceptance": Fact("acceptance.json", "commissioned.measures.*.*", "at this site", "sur ce site"),
    "acceptance_delivered": Fact("acceptance.json", "delivered.measures.*.*", "as delivered", "tel que livré"),
    "acceptance_advice": Fact("acceptance.json", "advice", "advice", "conseil"),
}


def statements(name: str, documents: Documents, language: str) -> Iterator[Statement]:
    """What the files say of a fact; nothing when the file or the key is not there, or holds nothing."""
    fact = FACTS[name]
    if fact.file not in documents:
        return
    for trail, value in _found(documents[fact.file], fact.key.split("."), ()):
        text = _said(value, fact, trail, language)
        if text:
            yield Statement(_named(fact, trail, value, (documents, language)), text, fact.file, ".".join(trail))


def _found(value: Any, keys: Sequence[str], trail: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(the way to it, value) of everything that the keys lead to."""
    if not keys:
        yield trail, value
        return
    members = _members(value)
    for name in members if keys[0] == "*" else [k for k in members if k == keys[0]]:
        yield from _found(members[name], keys[1:], (*trail, name))


def _members(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    if isinstance(value, list):
        return {str(i): v for i, v in enumerate(value)}
    return {}


def _named(fact: Fact, trail: Sequence[str], value: Any, within: tuple[Documents, str]) -> str:
    """The fact's own name, and what the stars stood for; a metric's name only where the value is a measure."""
    documents, language = within
    own = fact.fr if language == "fr" else fact.en
    stars = [part for part, key in zip(trail, fact.key.split("."), strict=True) if key == "*"]
    if trail[0] in ("subgroups", "groups"):
        group = documents[fact.file][trail[0]][int(trail[1])]
        stars[0] = f"{group.get('by')} = {group.get('value')} (n = {group.get('subjects')})"
    metric = trail[-1]
    if isinstance(value, Mapping) and metric in METRICS:
        others = [s for s in stars if s != metric]
        return " \u00b7 ".join([*([own] if own else []), metric_name(metric, language), *others])
    return " \u00b7 ".join([own, *(s.replace("_", " ") for s in stars)])


def _said(value: Any, fact: Fact, trail: Sequence[str], language: str) -> str:
    if value is None:
        return ""
    return _FORMS[fact.form](value, trail[-1], language)


def _any(value: Any, name: str, language: str) -> str:
    match value:
        case bool():
            return say("yes" if value else "no", language)
        case int():
            return integer(value, language)
        case float():
            return f"{value:.4g}".replace(".", "," if language == "fr" else ".")
        case str():
            return value
        case list():
            texts = [_any(v, name, language) for v in value]
            return (" " if all(t.endswith(".") for t in texts) else ", ").join(texts)
        case {"value": _, "low": _, "high": _, "n": _}:
            method = value.get("method") or ""
            return shown(measure(name, value), language) + (
                f" ({method})" if method and value["value"] is not None else ""
            )
    return ""


def _count(value: Any, name: str, language: str) -> str:
    return integer(len(value), language)


def _seconds(value: Any, name: str, language: str) -> str:
    return clock(float(value), language)


def _share(value: Any, name: str, language: str) -> str:
    return percent(float(value), 0 if 100 * value % 1 == 0 else 1, language)


def _megabytes(value: Any, name: str, language: str) -> str:
    return f"{integer(round(float(value)), language)} MB" if value else ""


def _kinds(value: Any, name: str, language: str) -> str:
    """How many of each kind and severity; none is said to be none."""
    found = Counter((str(f.get("severity")), str(f.get("kind"))) for f in value)
    told = [f"{n} {k.replace('_', ' ')} ({s})" for (s, k), n in sorted(found.items())]
    return ", ".join(told) or say("text.no_findings", language)


def _passed(value: Any, name: str, language: str) -> str:
    return say("dossier.passed", language, passed=value["passed"], explained=value["explained"])


_FORMS: Mapping[Form, Callable[[Any, str, str], str]] = {
    "any": _any,
    "count": _count,
    "seconds": _seconds,
    "share": _share,
    "kinds": _kinds,
    "passed": _passed,
    "megabytes": _megabytes,
}
