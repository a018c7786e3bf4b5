"""From photographs that were read to the decision about a patient, its promise and the sentence that says why.

A patient is set aside only when no rule is met, everything that is asked for was seen, and the calibrated risk is below
the threshold that the promise allows; every cause against it is kept. Reading the photographs is programme_steps.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..core.exam import Trait
from ..core.prediction import Promise, Status
from ..core.programme import Programme
from ..core.screened import PLACES, Cause, Decided, Patient, Photograph, Place, Why
from ..trust.fuse import SCORE
from ..trust.set_aside import ProgrammeTrust
from .programme_opened import OpenedProgramme
from .programme_patients import Person
from .programme_values import meets, patient_values

Seen = tuple[tuple[Photograph, ...], tuple[Cause, ...]]
"""Photographs of a patient as read, and what their steps demand of the patient."""


def decided(person: Person, seen: Seen, opened: OpenedProgramme, given: float | None = None) -> Patient:
    """The patient: risk, decision, every cause, promise.

    `given`: a risk that takes the place of the fusion's (a study's, by folds that left the patient out).
    """
    photographs, demanded = seen
    programme = opened.programme
    values = patient_values(programme, photographs, person.traits)
    facts = {f.column: person.traits.get(f.column) for f in programme.facts}
    common = (person, photographs, values, facts)
    if not _read(photographs):
        message = "; ".join(dict.fromkeys(_messages(photographs)))
        cause = Cause("unreadable", Why("programme.cause.unreadable", {"message": message}))
        return replace(_patient(*common), status="failed", decision=None, causes=(cause,), place="retake")
    found = tuple(_rules_met(programme, photographs))
    against = (*found, *demanded, *_unseen(programme, photographs))
    risk = _risk(opened, values) if given is None and _usable(photographs) else given
    against = (*against, *_risky(opened, values, risk))
    patient = _patient(*common)
    trust = opened.trust
    missing = trust.fusion.missing(values) if trust and trust.fusion and risk is not None else ()
    limit = None if trust is None or trust.refer is None or trust.refer.threshold is None else 1 - trust.refer.threshold
    done = replace(
        patient,
        status=_status(against, photographs),
        decision="refer" if against else "no_refer",
        causes=against,
        place=_place(programme, found, against),
        risk=risk,
        threshold=limit,
        missing=missing,
        notes=(*person.notes, *_bad_facts(programme, person.traits, values)),
    )
    return done if against or trust is None or risk is None else replace(done, promise=promise_of(trust, risk))


def forced(person: Person, seen: Seen, programme: Programme) -> bool:
    """Whether the patient is referred whatever its risk: by a rule, by what was not seen, by what a step demands."""
    photographs, demanded = seen
    against = (*_rules_met(programme, photographs), *demanded, *_unseen(programme, photographs))
    return bool(against) or not _read(photographs)


def imageable(photographs: Sequence[Photograph], programme: Programme) -> bool:
    """Whether everything that is asked for was photographed well enough to be read."""
    return _read(photographs) and not any(True for _ in _unseen(programme, photographs))


def promise_of(trust: ProgrammeTrust, risk: float) -> Promise | None:
    """What is promised of a patient who is set aside."""
    rule = trust.refer
    if rule is None:
        return None
    return Promise(
        rule.alpha,
        rule.delta,
        rule.n,
        trust.error,
        trust.approximate,
        confidence=1 - risk,
        threshold=rule.threshold,
    )


def _risk(opened: OpenedProgramme, values: Mapping[str, float | None]) -> float | None:
    return opened.trust.fusion.risk(values) if opened.trust and opened.trust.fusion else None


def _patient(
    person: Person,
    photographs: tuple[Photograph, ...],
    values: Mapping[str, float | None],
    facts: Mapping[str, Trait],
) -> Patient:
    plain: Decided = "refer"
    start: Place = "unsure"
    who = (person.subject, "referred", plain, (), photographs, start)
    return Patient(*who, score=values[SCORE], values=values, facts=facts, notes=person.notes)  # type: ignore[arg-type]


def _read(photographs: Sequence[Photograph]) -> bool:
    """Whether any package could open any photograph."""
    return any(s.prediction is not None and s.prediction.status != "failed" for p in photographs for s in p.steps)


def _usable(photographs: Sequence[Photograph]) -> bool:
    return any(p.usable for p in photographs)


def _messages(photographs: Sequence[Photograph]) -> Iterator[str]:
    for photograph in photographs:
        for step in photograph.steps:
            if step.prediction is not None:
                yield from (r.message for r in step.prediction.reasons)


def _rules_met(programme: Programme, photographs: Sequence[Photograph]) -> Iterator[Cause]:
    """A cause for every rule and usable photograph that meets it, in the programme's order: gravest first. Of rules on
    the same answer of a photograph only the first counts: what is severe need not be said to be moderate."""
    told: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for rule in programme.rules:
        about = frozenset((c.step, c.output) for c in rule.when)
        for photograph in photographs:
            steps = {s.name: s for s in photograph.steps}
            if (photograph.exam, about) in told or not photograph.usable:
                continue
            if all(meets(c, steps) for c in rule.when):
                told.add((photograph.exam, about))
                words = {"because": dict(rule.because) or rule.name, "eye": _eye(photograph)}
                yield Cause("finding", Why("programme.cause.finding", words), exam=photograph.exam)


def _unseen(programme: Programme, photographs: Sequence[Photograph]) -> Iterator[Cause]:
    """What was not photographed, or not well enough."""
    if not programme.sides.names:
        for photograph in photographs:
            if not photograph.usable:
                yield _ungradable(photograph)
        return
    for side in programme.sides.names:
        of_side = [p for p in photographs if p.laterality == side]
        if not of_side and programme.sides.incomplete == "refer":
            yield Cause("incomplete", Why("programme.cause.incomplete", {"side": _side_words(side)}))
        if of_side and not any(p.usable for p in of_side):
            yield from (_ungradable(p) for p in of_side)
    unknown = [p for p in photographs if p.laterality not in programme.sides.names]
    yield from (_ungradable(p) for p in unknown if not p.usable)


def _ungradable(photograph: Photograph) -> Cause:
    """The reason that a package gave when it declined; else that its quality was not good enough."""
    codes = [
        r.code
        for s in photograph.steps
        if s.prediction is not None and s.prediction.status in ("declined", "failed")
        for r in s.prediction.reasons
    ]
    why = Why("programme.cause.ungradable", {"eye": _eye(photograph)})
    return Cause(codes[0] if codes else "low_quality", why, exam=photograph.exam)


def _risky(opened: OpenedProgramme, values: Mapping[str, float | None], risk: float | None) -> Iterator[Cause]:
    """Why the calibrated risk does not allow to set the patient aside."""
    trust = opened.trust
    if trust is None:
        yield Cause("not_calibrated", Why("programme.cause.not_calibrated"))
        return
    if opened.changed:
        steps = ", ".join(opened.changed)
        yield Cause("not_calibrated", Why("programme.cause.other_packages", {"steps": steps}))
    if trust.fusion is None or trust.refer is None or trust.refer.threshold is None:
        n, least = (trust.refer.n, trust.refer.needed) if trust.refer else (trust.n, 0)
        code = "too_few_calibration" if trust.refer is None or n < least else "uncertain"
        yield Cause(code, Why("programme.cause.no_threshold", {"n": str(n)}), float(n), float(least))
        return
    if risk is None:
        return
    unheard = trust.fusion.unheard(values)
    if unheard:
        yield Cause("uncertain", Why("programme.cause.unheard", {"names": ", ".join(unheard)}))
    if not trust.refer.reports(1 - risk):
        yield Cause("uncertain", Why("programme.cause.risk"), risk, 1 - trust.refer.threshold)


def _status(against: Sequence[Cause], photographs: Sequence[Photograph]) -> Status:
    if not against:
        return "reported"
    return "referred" if _usable(photographs) else "declined"


def _place(programme: Programme, found: Sequence[Cause], against: Sequence[Cause]) -> Place:
    """The gravest rule that was met, else photographs to take again, else not sure, else set aside."""
    if not against:
        return "none"
    urgencies = {str(dict(r.because) or r.name): r.urgency for r in programme.rules}
    met: list[Place] = [urgencies[str(c.why.values["because"])] for c in found]
    if met:
        return min(met, key=PLACES.index)
    again = {"incomplete", "low_quality", "unreadable", "unlike_training", "wrong_modality"}
    return "retake" if any(c.code in again for c in against) else "unsure"


def _bad_facts(programme: Programme, traits: Mapping[str, Trait], values: Mapping[str, float | None]) -> Iterator[Why]:
    for fact in programme.facts:
        if traits.get(fact.column) is not None and values[fact.column] is None:
            yield Why("programme.note.bad_fact", {"fact": dict(fact.title) or fact.column})


def _eye(photograph: Photograph) -> str | Mapping[str, str]:
    if photograph.laterality is None:
        return photograph.exam
    return _side_words(photograph.laterality)


def _side_words(side: str) -> str | Mapping[str, str]:
    return SIDE_WORDS.get(side, side)


SIDE_WORDS: Mapping[str, Mapping[str, str]] = {
    "right": {"en": "right eye", "fr": "œil droit"},
    "left": {"en": "left eye", "fr": "œil gauche"},
}
