"""Readings whose groups are known: cohorts and prediction folders for tests of the audit."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

EVIDENCE = {"model": {"name": "made", "version": "1", "digest": "0" * 12}}


def readings(folder: Path, predictions: Mapping[str, tuple[str, Mapping[str, float]]]) -> Path:
    """`exam -> (status, probabilities)` as a folder of predictions, the answer being the most probable name."""
    for exam, (status, p) in predictions.items():
        (folder / exam).mkdir(parents=True, exist_ok=True)
        answer = max(p, key=lambda n: p[n])
        output = {"kind": "category", "exclusive": True, "answer": answer, "probabilities": dict(p), "set": None}
        said = {"exam": exam, "status": status, "outputs": {} if status == "declined" else {"label": output}}
        (folder / exam / "prediction.json").write_text(json.dumps({**said, "evidence": EVIDENCE}), encoding="utf-8")
    return folder


def cohort(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A labels.csv with one small picture an exam."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for row in rows:
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(folder / row["image"])
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def biased(folder: Path, n: int = 120, missed: float = 0.75, seed: int = 0) -> tuple[Path, Path]:
    """(cohort, readings): of `n` exams the ill women are missed with this chance, everyone else is answered right."""
    rng = np.random.default_rng(seed)
    rows, said = [], {}
    for i in range(n):
        sex, ill = "FM"[i % 2], (i // 2) % 2 == 0
        right = not (ill and sex == "F" and rng.random() < missed)
        p = 0.9 if ill == right else 0.1
        name = f"e{i:03d}"
        rows.append(
            {
                "exam": name,
                "subject": f"s{i:03d}",
                "image": f"{name}.png",
                "label": "ill" if ill else "healthy",
                "sex": sex,
                "age": 20 + (i * 7) % 60,
                "site": ["north", "south", "south", "west"][(i // 4) % 4] if i > 5 else "tiny",
            }
        )
        said[name] = ("referred" if i % 11 == 0 else "reported", {"healthy": 1 - p, "ill": p})
    return cohort(folder / "cohort", rows), readings(folder / "readings", said)
