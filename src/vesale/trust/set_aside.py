"""Which patients a screening programme may set aside, and what is promised of them. The rule itself is refer.py.

`set_aside`: of the patients set aside at most alpha are referable (Learn then Test, refer.py, with the sureness that a
patient is not referable for confidence). `missed`: of the referable patients at most alpha are set aside: a
distribution-free tolerance limit (Wilks 1941) on the sureness of the referable patients, which needs no assumption
about how many of them there are; as in Neyman-Pearson classification (Tong, Feng, Li 2018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..core.decode import decode
from ..core.errors import PackageError, RecipeError
from .fuse import Fusion
from .refer import ReferRule, fit_refer, needed, would_do

SCHEMA = "vesale/programme-trust/1"
Promised = Literal["set_aside", "missed"]


@dataclass(frozen=True, slots=True)
class ProgrammeTrust:
    """Everything that was fitted for a programme."""

    fusion: Fusion | None
    """None: too few labelled patients; the plain score orders the worklist."""
    refer: ReferRule | None
    """Threshold on 1 - risk from which a patient is set aside; None: nothing is promised."""
    promise: Promised
    error: str
    """What counts as wrong, in words."""
    n: int
    """Calibration patients whose truth is known."""
    positive: int
    imageable: int
    """Of them, those with a usable photograph of every side."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Step -> digest of the package that answered; another one voids the promise."""
    answers: str = "package"
    """package: the packages read the calibration photographs; out_of_fold: answers of networks that had not learned
    from them were given."""
    approximate: bool = True
    """The fusion that answers is not the one of each fold that the rule was fitted on."""


def fit_set_aside(
    sureness: ArrayLike, positive: ArrayLike, subjects: Sequence[str], bounds: tuple[float, float], promise: Promised
) -> ReferRule:
    """The rule: (n,) sureness in [0, 1] that a patient is not referable, 0 where it is referred whatever the risk; (n,)
    whether it is referable. `bounds`: (alpha, delta)."""
    alpha, delta = bounds
    truth = np.asarray(positive, dtype=bool)
    if promise == "missed":
        return _fit_missed(np.asarray(sureness, dtype=float), truth, alpha, delta)
    rule = fit_refer(sureness, truth.astype(float), subjects, alpha, delta)
    if rule.threshold == 0.0:  # every patient passed, also those who are referred anyway: sureness 0 is never set aside
        rule = ReferRule(alpha, delta, float(np.nextafter(0.0, 1.0)), rule.n, rule.reported, rule.wrong, rule.needed)
    more = would_do(sureness, truth.astype(float), subjects, rule)
    return ReferRule(alpha, delta, rule.threshold, rule.n, rule.reported, rule.wrong, rule.needed, would_do=more)


def _fit_missed(sureness: "np.ndarray[Any, np.dtype[np.float64]]", truth: Any, alpha: float, delta: float) -> ReferRule:
    """k is the most misses of n referable patients that still show a rate of at most alpha; the threshold lies just
    above the sureness of the (k + 1)-th surest of them."""
    own = np.sort(sureness[truth])[::-1]
    n, least = len(own), needed(alpha, delta)
    allowed = int(stats.binom.ppf(delta, n, alpha)) if n else -1
    while allowed >= 0 and stats.binom.cdf(allowed, n, alpha) > delta:
        allowed -= 1
    if allowed < 0:
        return ReferRule(alpha, delta, None, n, 0, 0, least, would_do=least)
    threshold = float(np.nextafter(own[allowed], 2.0))
    aside = sureness >= threshold
    return ReferRule(alpha, delta, threshold, n, int(aside.sum()), int((aside & truth).sum()), least)


def to_document(trust: ProgrammeTrust) -> dict[str, Any]:
    """trust.json of a programme's package; the fusion has a file of its own."""
    return {"schema": SCHEMA, **{k: v for k, v in asdict(trust).items() if k != "fusion"}}


def from_documents(document: Mapping[str, Any], fusion: Mapping[str, Any]) -> ProgrammeTrust:
    """The inverse; PackageError when one is of another schema or incomplete."""
    if document.get("schema") != SCHEMA:
        found = document.get("schema")
        raise PackageError(f"trust.json: expected schema {SCHEMA}, found {found!r}", "use the version that wrote it")
    try:
        plain = {k: v for k, v in document.items() if k != "schema"}
        return decode(ProgrammeTrust, {**plain, "fusion": fusion.get("fusion")}, "trust")
    except RecipeError as error:
        raise PackageError(f"trust.json: {error.message}", "the package is damaged: build it again") from None
