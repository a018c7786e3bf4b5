"""An Audit to audit.json (INTERFACES): groups, tests, findings; prose and pages live beside this."""

from typing import Any

from ..core.audit import Audit, AuditFinding, Compared, Gap
from .documents import plain, subgroup_document


def audit_document(audit: Audit) -> dict[str, Any]:
    """vesale/audit/1. `tests` holds every comparison; `p` is null where there were too few to say."""
    q = audit.question
    return {
        "schema": "vesale/audit/1",
        **plain(
            {
                "command": audit.command,
                "model": {key: audit.model.get(key) for key in ("name", "version", "digest")},
                "cohort": audit.cohort,
                "by": audit.by,
                "alpha": q.alpha,
                "correction": "Holm, within each family of tests",
                "gap": q.gap,
                "everyone": subgroup_document(audit.everyone),
                "groups": [subgroup_document(g) for g in audit.groups],
                "tests": [_test(t) for t in audit.tests],
                "gaps": [_gap(g) for g in audit.gaps],
                "findings": [_finding(f) for f in audit.findings],
                "notes": [f.message for f in audit.notes],
                "seconds": audit.seconds,
            }
        ),
    }


def _test(test: Compared) -> dict[str, Any]:
    names = ("by", "output", "metric", "of", "a", "b", "value_a", "value_b", "difference", "ratio", "p", "p_corrected")
    return {name: getattr(test, name) for name in (*names, "family", "detectable", "relevant", "both_sides")}


def _gap(gap: Gap) -> dict[str, Any]:
    return {name: getattr(gap, name) for name in ("by", "output", "of", "metric", "difference", "by_chance", "groups")}


def _finding(finding: AuditFinding) -> dict[str, Any]:
    t = finding.test
    where = {"by": t.by, "output": t.output, "metric": t.metric, "of": t.of, "a": t.a, "b": t.b} if t else {}
    return {"kind": finding.kind, "message": finding.message, "severity": finding.severity, **where}
