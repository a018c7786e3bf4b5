"""Slow drifts and confounds out of a run, through nilearn (extra `fmri`): what an address asks for beside its mask.

Everything here looks at one run alone and never at what was seen, so it may be done before trials are split into folds;
what is learned from several trials (voxels, scales over trials) is done inside the folds.
"""

import csv
import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesale.core.errors import MissingExtra, SourceError

from .address import Address
from .lazy import reading

MOST_CONFOUNDS = 1000


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is taken out of each voxel beside its linear trend."""

    highpass: float | None = None
    """Hertz: slower changes are taken out (Butterworth filter)."""
    confounds: Path | None = None
    """A table of one row a volume, as fMRIPrep writes it; every column of numbers is regressed out."""

    @property
    def asked(self) -> bool:
        return self.highpass is not None or self.confounds is not None

    @property
    def note(self) -> str:
        parts = [] if self.highpass is None else [f"changes slower than {self.highpass:g} Hz"]
        parts += [] if self.confounds is None else ["the confounds of its table"]
        return f"{' and '.join(parts)} were taken out of the run by nilearn"


def cleaning_of(address: Address) -> Cleaning:
    """What `&highpass=` and `&confounds=` of an address ask for; SourceError for no frequency, or no such table."""
    highpass = None
    if text := address.options.get("highpass"):
        try:
            highpass = float(text)
        except ValueError:
            highpass = math.nan
        if not 0 < highpass < 10:
            raise SourceError(f"{address}: a high-pass of more than 0 and less than 10 Hz", "write &highpass=0.01")
    name = address.options.get("confounds")
    path = address.file.parent / name if name else None
    if path is not None and not path.is_file():
        raise SourceError(f"{address.file}: no table {name}", "the table's path is relative to the run's folder")
    return Cleaning(highpass, path)


def cleaned(run: NDArray[np.float32], step: float, cleaning: Cleaning) -> NDArray[np.float32]:
    """(volume, voxel) without trend, drifts and confounds, each voxel of mean 0 and standard deviation 1 over the run.

    `step`: seconds between volumes. MissingExtra without nilearn; SourceError when the table has other rows than the
    run has volumes, or the frequency is too high for so few volumes.
    """
    try:
        from nilearn.signal import clean
    except ImportError:
        raise MissingExtra(
            "taking drifts and confounds out of a run needs nilearn, which is not installed",
            "pip install 'vesale[fmri]', or leave highpass and confounds out",
        ) from None
    table = None if cleaning.confounds is None else read_confounds(cleaning.confounds, len(run))
    if cleaning.highpass is not None and cleaning.highpass >= 0.5 / step:
        raise SourceError(f"a high-pass of {cleaning.highpass:g} Hz with a volume every {step:g} s leaves nothing",
                          f"choose less than {0.5 / step:g} Hz")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = clean(
            np.nan_to_num(run.astype(np.float64)),
            detrend=True,
            standardize="zscore_sample",
            confounds=table,
            high_pass=cleaning.highpass,
            t_r=step,
        )
    flat = run.std(axis=0) <= 1e-9 * np.maximum(np.abs(run).max(axis=0), 1e-30)
    return np.asarray(np.where(flat, 0.0, np.nan_to_num(left)), np.float32)


def read_confounds(path: Path, volumes: int) -> NDArray[np.float64]:
    """(volume, column) of every column that holds numbers; an unknown one (n/a) becomes the mean."""
    with reading(path, "a table of confounds", quote=False), path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    values = [[_number(cell) for cell in row] for row in rows[1:]]
    if len(values) != volumes or any(len(row) != len(rows[0]) for row in values):
        raise SourceError(f"{path}: {len(values)} rows for a run of {volumes} volumes", "give one row a volume")
    table = np.array(values, dtype=float)
    table = table[:, np.isfinite(table).sum(axis=0) > volumes // 2]
    if not 1 <= table.shape[1] <= min(MOST_CONFOUNDS, volumes - 2):
        raise SourceError(f"{path}: {table.shape[1]} columns of numbers for {volumes} volumes", "choose fewer, or any")
    return np.where(np.isfinite(table), table, np.nanmean(table, axis=0))


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
