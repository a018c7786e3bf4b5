"""Brain activity of one event: a 4-D NIfTI, the events of its run (BIDS events.tsv), a mask and a lag to one vector.

Each voxel of the run is freed of its linear trend and given mean 0 and standard deviation 1 over the run; the volumes
that answer an event are averaged. Slow drifts and confounds are taken out where the address asks for it, by nilearn
(`clean_run.py`); haemodynamics are not modelled.
"""

import csv
import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesale.core.errors import SourceError
from vesale.core.image import Description, Source

from . import nifti
from .address import Address
from .clean_run import Cleaning, cleaned, cleaning_of
from .lazy import digest_files, reading
from .trial import as_signal

LAG = 4.0
"""Seconds from an event to the volumes that answer it, unless `&lag=` says otherwise. The blood's answer to a short
event rises over some seconds and is highest about five after it; it differs between people and places, so this is a
convention to begin with and to change, not a measured value."""
MOST_BYTES = 2**29
"""Of a run inside its mask, in single precision."""
_SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}  # xyzt_units: second, millisecond, microsecond
MISSING = ("n/a", "NaN", "nan", "")


@dataclass(frozen=True, slots=True)
class Event:
    onset: float
    duration: float


def open_event(address: Address) -> Source:
    """The mean answer to one event, a value a voxel of the mask (of the whole volume without one), z-scored in its run.

    `FILE_bold.nii.gz#FILE_events.tsv[3]&mask=V1.nii.gz&lag=4`; without a name the events are those that BIDS puts
    beside the run. Volumes from onset + lag to onset + duration + lag count; of a shorter event the nearest one.
    """
    events = read_events(address)
    if address.row is None and len(events) > 1:
        raise SourceError(f"{address.file}: {len(events)} events, and one is an exam", "name one: FILE#EVENTS[1]")
    row = address.row or 1
    if row > len(events):
        raise SourceError(f"{address}: there are {len(events)} events, counted from 1", "correct the row")
    files = companions(address)
    changed = tuple(f.stat().st_mtime_ns for f in files)
    run, step, notes = _run(files, changed, _mask_of(address) is not None, cleaning_of(address))
    first, last, more = window(events[row - 1], step, len(run), lag_of(address))
    values = run[first : last + 1].mean(axis=0, dtype=np.float64).astype(np.float32)
    said = (*notes, *more, f"an event is the mean of its volumes {lag_of(address):g} s later: a convention")
    return as_signal(values, Description("events", digest_files(files), None, said, files))


def count_events(address: Address) -> int:
    """How many events a run has."""
    return len(read_events(address))


def companions(address: Address) -> tuple[Path, ...]:
    """The files that an event is made from: the run, its events, its mask, its confounds."""
    mask, confounds = _mask_of(address), cleaning_of(address).confounds
    more = [p for p in (mask, confounds) if p is not None]
    return (address.file, _events_file(address), *more)


def lag_of(address: Address) -> float:
    try:
        lag = float(address.options.get("lag", LAG))
    except ValueError:
        lag = math.nan
    if not 0 <= lag <= 60:
        raise SourceError(f"{address}: a lag of 0 to 60 seconds is understood", "write &lag=4")
    return lag


def window(event: Event, step: float, count: int, lag: float) -> tuple[int, int, tuple[str, ...]]:
    """(first, last volume, notes): volume i is taken at i * step seconds. SourceError when the run ends before."""
    begin, end = event.onset + lag, event.onset + event.duration + lag
    first, last = math.ceil(begin / step - 1e-6), math.floor(end / step + 1e-6)
    if last < first:
        first = last = round((begin + end) / 2 / step)
    if first >= count or last < 0:
        raise SourceError("an event whose answer lies outside its run", "leave it out, or give a shorter lag")
    notes = ("an event whose answer the run does not hold whole: what there is of it counts",)
    return max(0, first), min(last, count - 1), notes if last >= count or first < 0 else ()


def read_events(address: Address) -> tuple[Event, ...]:
    """Onsets and durations, in seconds, in the order of the file (BIDS: tab-separated, n/a where unknown)."""
    path = _events_file(address)
    with reading(path, "a BIDS events file", quote=False), path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if not rows or "onset" not in rows[0]:
        raise SourceError(f"{path}: no column onset, or no event", "BIDS names the columns onset, duration, trial_type")
    events = []
    for line, row in enumerate(rows, 2):
        onset, duration = (row.get(k) or "" for k in ("onset", "duration"))
        try:
            event = Event(float(onset), 0.0 if duration in MISSING else float(duration))
        except ValueError:
            event = Event(math.nan, 0.0)
        if not (math.isfinite(event.onset) and 0 <= event.duration < math.inf):
            raise SourceError(f"{path}: line {line}: an onset or duration that is no number of seconds", "correct it")
        events.append(event)
    return tuple(events)


def _events_file(address: Address) -> Path:
    """The named file beside the run, or BIDS' own name for it."""
    name = address.file.name
    stem = name.removesuffix(".gz").removesuffix(".nii")
    path = address.file.parent / (address.variable or f"{stem.removesuffix('_bold')}_events.tsv")
    if not path.is_file():
        raise SourceError(f"{address.file}: no events file {path.name} beside it", "name it: FILE#EVENTS.tsv[1]")
    return path


def _mask_of(address: Address) -> Path | None:
    name = address.options.get("mask")
    if not name:
        return None
    path = address.file.parent / name
    if not path.is_file():
        raise SourceError(f"{address.file}: no mask {name}", "the mask's path is relative to the run's folder")
    return path


@lru_cache(maxsize=1)
def _run(
    files: tuple[Path, ...], changed: tuple[int, ...], masked: bool, cleaning: Cleaning
) -> tuple[NDArray[np.float32], float, tuple[str, ...]]:
    """(volume, voxel) of a run, detrended and standardised; seconds between volumes; notes. The last run is kept."""
    source = nifti.open_nifti(files[0])
    step, notes = _seconds_per_volume(files[0])
    count = len(source.channels)
    if count < 3:
        raise SourceError(f"{files[0]}: {count} volumes are no run", "a run is a 4-D NIfTI")
    inside = _inside(files[0], files[2], source) if masked else None
    voxels = math.prod(source.levels[0].shape) if inside is None else int(inside.sum())
    if 4 * voxels * count > MOST_BYTES:
        raise SourceError(f"{files[0]}: {count} volumes of {voxels} voxels are too many at once", "give a mask: &mask=")
    data = source.read().data
    flat = (data.reshape(count, -1) if inside is None else data[:, inside]).astype(np.float32)
    if cleaning.asked:
        return cleaned(flat, step, cleaning), step, (*source.description.notes, *notes, cleaning.note)
    return standardised(flat), step, (*source.description.notes, *notes)


def standardised(run: NDArray[np.float32]) -> NDArray[np.float32]:
    """Columns less their least-squares line over the rows, divided by what is left; constant columns become 0."""
    from scipy.signal import detrend

    level = np.nan_to_num(run.astype(np.float64))
    left = detrend(level, axis=0, type="linear")
    spread = left.std(axis=0)
    flat = spread <= 1e-9 * np.maximum(np.abs(level).max(axis=0), 1e-300)
    return np.asarray(np.where(flat, 0.0, left / np.where(flat, 1.0, spread)), np.float32)


def _inside(path: Path, mask: Path, source: Source) -> NDArray[np.bool_]:
    from . import open_mask

    labels = open_mask(mask)
    grid, own = labels.grid, source.levels[0]
    if grid.shape != own.shape:
        raise SourceError(f"{mask}: the mask is {grid.shape}, the run {own.shape}", "resample it to the run")
    if own.spacing is not None and grid.spacing is not None:
        corners = np.array([[0] * len(own.shape), [n - 1 for n in own.shape]], float)
        if not np.allclose(grid.to_world(corners), own.to_world(corners), atol=0.5 * min(own.spacing)):
            raise SourceError(f"{mask}: the mask lies elsewhere than the run", "resample it to the run")
    inside = np.asarray(labels.data[0] > 0)
    if not inside.any():
        raise SourceError(f"{mask}: the mask is empty", "give a mask that marks voxels")
    return inside


def _seconds_per_volume(path: Path) -> tuple[float, tuple[str, ...]]:
    """From the sidecar that BIDS puts beside a run, else from the header."""
    header = nifti.source_header(path)
    unit = _SECONDS.get(int(header["xyzt_units"]) & 0x38)
    stated = float(header["pixdim"][4]) * unit if unit else math.nan
    sidecar = path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".json")
    said = math.nan
    if sidecar.is_file() and sidecar.stat().st_size < 2**20:
        with reading(sidecar, "a BIDS sidecar", quote=False):
            found = json.loads(sidecar.read_text(encoding="utf-8"))
        value = found.get("RepetitionTime") if isinstance(found, dict) else None
        said = float(value) if isinstance(value, (int, float)) else math.nan
    known = [s for s in (said, stated) if math.isfinite(s) and s > 0]
    if not known:
        raise SourceError(
            f"{path}: the time between its volumes is not stated", "state it in the header, or RepetitionTime"
        )
    differ = len(known) == 2 and abs(known[0] - known[1]) > 0.01 * known[0]
    return known[0], ("header and sidecar state other times between volumes: the sidecar's is used",) if differ else ()
