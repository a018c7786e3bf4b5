"""What `vesale explain` takes and says in the terminal; the page says more."""

from ..core.errors import RecipeError
from ..render.explanation import neighbour_line, structure_line, verdict_line
from ..render.words import say
from ..verbs.explain import ExplainedExams


def region_of(text: str | None) -> tuple[int, int, int, int] | None:
    """'top,left,bottom,right' as numbers; RecipeError for anything else."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 4 or not all(p.strip().isdigit() for p in parts):
        raise RecipeError(
            f"--region {text}: expected top,left,bottom,right", "four whole numbers of samples: 10,20,90,120"
        )
    top, left, bottom, right = (int(p) for p in parts)
    return top, left, bottom, right


def lines_of(done: ExplainedExams, language: str) -> list[str]:
    """Per exam: each method with its verdict, then what was found and which exams are alike."""
    lines = []
    for row in done.rows:
        if not row.explanations:
            why = "; ".join([*(r.message for r in row.prediction.reasons), *row.notes])
            lines.append(f"{row.prediction.exam}  {say('explain.no_answer', language, why=why)}")
        for e in row.explanations:
            method = say(f"explain.method.{e.method}", language)
            lines.append(
                f"{row.prediction.exam}  {method}{say('colon', language)}{verdict_line(e.faithfulness, language)}"
            )
            lines += [f"  {structure_line(s, language)}" for s in e.structures]
        lines += [f"  {neighbour_line(n, language)}" for n in row.neighbours]
    return lines
