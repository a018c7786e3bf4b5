"""Redo one published speed: our reading beside a plain loop that does the network's work and nothing else.

`python -m benchmarks.speed NAME`; every figure is a median with its range, the two sides in turn, each in a process of
its own. What a plain loop leaves out (gate, calibration, masks, pages) is what the ratio shows.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from vesale.core.decode import decode
from vesale.core.pipeline import Pipeline
from vesale.ops.machine import machine, peak_rss_mb

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "docs" / "benchmarks"
PHOTOGRAPHS, SIDE = 40, 512
RUNS, STARTS = 5, 20
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    model: Path | None
    count: int = PHOTOGRAPHS
    runs: int = RUNS
    side: int = SIDE


@dataclass(frozen=True, slots=True)
class Work:
    help: str
    measure: Callable[[Options], Document]
    """The document of INTERFACES, without `command` and `machine`."""


def folder(options: Options) -> Document:
    """Seconds to read a folder of made photographs, and the memory that it takes."""
    if options.model is None or not (options.model / "model.onnx").is_file():
        raise ValueError("--model must name the folder of a package: the plain loop runs its model.onnx")
    with tempfile.TemporaryDirectory(prefix="vesale-speed-") as scratch:
        pictures = Path(scratch) / "pictures"
        make_photographs(pictures, options.count, options.side)
        sides: dict[str, list[Document]] = {"ours": [], "peer": []}
        for run in range(options.runs):
            for side in ("ours", "peer") if run % 2 == 0 else ("peer", "ours"):
                sides[side].append(_apart(side, pictures, options.model, Path(scratch) / f"{side}-{run}"))
    names = ("vesale.read", "Pillow + ONNX Runtime loop, no gate, no files")
    return {"pairs": [pair(f"{options.count} photographs, {options.side} x {options.side} PNG", names, sides)]}


def start(options: Options) -> Document:
    """Seconds until `vesale --help` has answered, beside a Python that does nothing."""
    sides: dict[str, list[Document]] = {"ours": [], "peer": []}
    commands = {"ours": ["-m", "vesale.cli", "--help"], "peer": ["-c", "pass"]}
    for _ in range(STARTS if options.runs == RUNS else options.runs):
        for side, words in commands.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            sides[side].append({"seconds": time.perf_counter() - began, "peak_rss_mb": None})
    return {"pairs": [pair("start", ("vesale --help", "python -c pass"), sides)]}


def present(options: Options) -> Document:
    """Seconds of projections, a slab and renderings of a made CT, beside SimpleITK and VTK."""
    from .present import measure

    return measure(options.runs, pair)


WORKS: Mapping[str, Work] = {
    "folder": Work(
        f"{PHOTOGRAPHS} made photographs read with --model, beside a plain loop over the same network", folder
    ),
    "present": Work("projections, a slab and renderings of a made CT, beside SimpleITK and VTK", present),
    "start": Work("`vesale --help`, beside a Python that does nothing", start),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 for a bad command."""
    options = _parser().parse_args(arguments)
    if options.side_of:
        print(json.dumps(_side(options.side_of, options.pictures, options.model, options.out)))
        return 0
    if options.list or options.name is None:
        print("\n".join(f"{name:8} {work.help}" for name, work in WORKS.items()))
        return 0 if options.list else 2
    given = Options(options.model, options.count, options.runs)
    try:
        found = WORKS[options.name].measure(given)
    except ValueError as error:
        print(f"benchmarks.speed: {error}", file=sys.stderr)
        return 2
    command = f"python -m benchmarks.speed {options.name}"
    if options.model is not None:
        command += f" --model {options.model.name if options.model.is_absolute() else options.model.as_posix()}"
    document = {"schema": "vesale/speed/1", "command": command, "machine": machine(), **found}
    print(json.dumps(document, indent=2))
    if options.record:
        from .page import write_page

        RECORDS.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
        (RECORDS / f"{options.name}.json").write_text(text, encoding="utf-8")
        write_page(ROOT)
    return 0


def make_photographs(target: Path, count: int, side: int) -> None:
    """Soft coloured fields with grain, drawn from a fixed seed, so that a PNG takes its usual time to decode."""
    target.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(count):
        coarse = Pillow.fromarray(rng.integers(30, 220, (8, 8, 3), np.uint8)).resize(
            (side, side), Pillow.Resampling.BICUBIC
        )
        grain = rng.normal(0, 6, (side, side, 3))
        picture = np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)
        Pillow.fromarray(picture).save(target / f"photograph-{i:03d}.png")


def plain_loop(pictures: Path, package: Path) -> int:
    """Decode, bring to the network's size, run: the least that any reader does. How many photographs were read."""
    from vesale.engine.runtimes import open_onnx

    text = (package / "pipeline.toml").read_text(encoding="utf-8")
    pipeline = decode(Pipeline, tomllib.loads(text))
    run, done = open_onnx(package / "model.onnx"), 0
    for path in sorted(pictures.glob("*.png")):
        with Pillow.open(path) as file:
            picture = file.convert("RGB" if pipeline.look.channels == 3 else "L")
        height, width = pipeline.look.size or (picture.height, picture.width)
        whole = [n + (-n) % pipeline.multiple for n in (height, width)]
        picture = picture.resize((whole[1], whole[0]), Pillow.Resampling.BILINEAR)
        samples = np.asarray(picture, np.float32).reshape(*whole, -1) / 255  # (H, W, C)
        run(np.ascontiguousarray(samples.transpose(2, 0, 1)[None]))
        done += 1
    return done


def pair(work: str, names: tuple[str, str], sides: Mapping[str, Sequence[Document]]) -> Document:
    """Medians; the ratio is ours over the peer's, pair by pair, its median and range."""
    ours, peer = ([s["seconds"] for s in sides[k]] for k in ("ours", "peer"))
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    peaks = {
        k: None if v[0]["peak_rss_mb"] is None else round(max(s["peak_rss_mb"] for s in v), 1) for k, v in sides.items()
    }
    return {
        "work": work,
        "ours": names[0],
        "peer": names[1],
        "unit": "s",
        "precision": "float32",
        "ours_value": statistics.median(ours),
        "peer_value": statistics.median(peer),
        "ours_range": [min(ours), max(ours)],
        "peer_range": [min(peer), max(peer)],
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "runs": len(ratios),
        "peak_rss_mb": peaks,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(WORKS), metavar="NAME")
    parser.add_argument("--list", action="store_true", help="the names")
    parser.add_argument("--model", type=Path, metavar="M", help="folder of a package; `folder` needs it")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks/NAME.json and the page")
    parser.add_argument("--count", type=int, default=PHOTOGRAPHS, help="photographs")
    parser.add_argument("--runs", type=int, default=RUNS, help="pairs")
    parser.add_argument("--side-of", help=argparse.SUPPRESS)  # how this command calls itself, once a side and run
    parser.add_argument("--pictures", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser


def _apart(side: str, pictures: Path, model: Path, out: Path) -> Document:
    """One side, once, in a process of its own: {seconds, peak_rss_mb}."""
    words = ["--side-of", side, "--pictures", str(pictures), "--model", str(model), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", *words],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    document: Document = json.loads(done.stdout.strip().splitlines()[-1])
    return document


def _side(side: str, pictures: Path, model: Path, out: Path) -> Document:
    """Seconds from opening the model to the last answer, imports left out, and the peak of memory."""
    if side == "ours":
        from vesale.verbs.read import read

        began = time.perf_counter()
        summary = read([pictures], model, out)
        seconds, done = time.perf_counter() - began, len(summary.exams) - len(summary.failures)
    else:
        import onnxruntime  # noqa: F401  # imported before the clock starts, as ours is

        began = time.perf_counter()
        done = plain_loop(pictures, model)
        seconds = time.perf_counter() - began
    if done != len(list(pictures.iterdir())):
        raise ValueError(f"{side}: {done} photographs were read of {len(list(pictures.iterdir()))}")
    return {"seconds": seconds, "peak_rss_mb": peak_rss_mb()}


if __name__ == "__main__":
    raise SystemExit(main())
