"""Speed of presentations: projections and slabs beside SimpleITK, renderings beside VTK, on one made CT, in turn."""

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesale.core.grid import Grid
from vesale.ops.body import framed
from vesale.ops.orient import PLANES, upright
from vesale.ops.project import How, cut, project, slab
from vesale.ops.raycast import VIEWS, Screen, Transfer, fitted, render
from vesale.ops.window import preset
from vesale.render.planes import shades_of
from vesale.render.presets import PRESETS

Volume = NDArray[np.int16]
Document = dict[str, Any]
SHAPE, SPACING = (248, 512, 512), (1.25, 0.7, 0.7)
AXES = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
PIXELS, STEP = 512, 0.5
FILTERS: Mapping[How, str] = {
    "maximum": "MaximumProjection",
    "average": "MeanProjection",
    "minimum": "MinimumProjection",
}


def measure(runs: int, pair: Callable[..., Document]) -> Document:
    """The pairs of `docs/benchmarks/present.json`; a peer that is not installed is named and left out."""
    volume, pairs = made_ct(), []
    grid = Grid(volume.shape, SPACING, (0.0, 0.0, 0.0), AXES, "patient")
    work = {**_projections(volume), "slice of a 20 mm slab, windowed, 1024 x 1024": _slab(volume, grid)}
    for name, (ours, theirs) in work.items():
        names = ("vesale.ops.project", "SimpleITK")
        pairs.append({**pair(name, names, in_turn(ours, theirs, runs)), "precision": "int16"})
    if find_spec("vtkmodules") is None:
        print("benchmarks.present: vtk is not installed: renderings are left out (pip install vtk)", file=sys.stderr)
        return {"pairs": pairs}
    names = ("vesale.ops.raycast", "VTK vtkFixedPointVolumeRayCastMapper")
    for name, fresh in product(("bone", "skin"), (True, False)):
        ours, theirs = _rendering(volume, grid, PRESETS[name].transfer, fresh)
        view = "first view" if fresh else "further view, VTK's gradients kept"
        work_name = f"rendering of {name}, {PIXELS} x {PIXELS}, {view}"
        pairs.append({**pair(work_name, names, in_turn(ours, theirs, runs)), "precision": "int16"})
    return {"pairs": pairs}


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], runs: int) -> dict[str, list[Document]]:
    """Seconds of each side, one after the other, who begins changing; a first run of each is not counted."""
    sides: dict[str, list[Document]] = {"ours": [], "peer": []}
    work = {"ours": ours, "peer": theirs}
    for run in range(-1, runs):
        for side in ("ours", "peer") if run % 2 == 0 else ("peer", "ours"):
            began = time.perf_counter()
            work[side]()
            seconds = time.perf_counter() - began
            if run >= 0:
                sides[side].append({"seconds": seconds, "peak_rss_mb": None})
    return sides


def made_ct(shape: tuple[int, int, int] = SHAPE) -> Volume:
    """A trunk in Hounsfield units with lungs, a spine, ribs and grain, from a fixed seed."""
    rng = np.random.default_rng(0)
    z, y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    y, x = y[:, None], x[None, :]
    trunk = (y / 0.65) ** 2 + (x / 0.85) ** 2
    lungs = np.minimum(
        ((y + 0.05) / 0.4) ** 2 + ((x - 0.4) / 0.28) ** 2, ((y + 0.05) / 0.4) ** 2 + ((x + 0.4) / 0.28) ** 2
    )
    spine = ((y - 0.42) / 0.13) ** 2 + (x / 0.12) ** 2
    volume = np.empty(shape, np.int16)
    for i, height in enumerate(z):
        plane = np.where(trunk < 1, np.float32(40), np.float32(-1000))
        plane[lungs < 1 - height**2] = -850
        plane[spine < 1] = 350 + 150 * np.cos(40 * height)
        rib = (np.abs(trunk - 0.86) < 0.06) & (np.cos(24 * height + 5 * y) > 0.4)
        plane[rib] = 600
        volume[i] = plane + rng.normal(0, 15, shape[1:]).astype(np.float32)
    return volume


def _simpleitk() -> Any:
    """Without its types: half of its functions have none."""
    import SimpleITK

    return SimpleITK


def _projections(volume: Volume) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    sitk = _simpleitk()
    image = sitk.GetImageFromArray(volume)
    shape = " x ".join(str(n) for n in volume.shape[::-1])
    work: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {}
    for how, name in FILTERS.items():
        for axis, letter in enumerate("zyx"):
            peer = partial(getattr(sitk, name), image, 2 - axis)
            work[f"{how} of {shape} along {letter}"] = partial(project, volume, axis, how), peer
    return work


def _slab(volume: Volume, grid: Grid) -> tuple[Callable[[], Any], Callable[[], Any]]:
    sitk = _simpleitk()
    turned, plane, window = upright(grid), PLANES["axial"], preset("lung")
    start, stop = slab(volume.shape[0], 20.0, SPACING[0], volume.shape[0] / 2)
    image = sitk.GetImageFromArray(volume)
    height, width = volume.shape[1:]

    def ours() -> Any:
        seen = cut(volume, turned, plane, "maximum", (start, stop))
        return shades_of(seen.samples, window, (1024, 1024))

    def theirs() -> Any:
        part = sitk.Extract(image, (width, height, stop - start), (0, 0, start))
        flat = sitk.Extract(sitk.MaximumProjection(part, 2), (width, height, 0), (0, 0, 0))
        large = sitk.Expand(flat, (2, 2), sitk.sitkLinear)
        return sitk.GetArrayFromImage(sitk.IntensityWindowing(large, window.low, window.high, 0, 255))

    return ours, theirs


def _rendering(
    volume: Volume, grid: Grid, transfer: Transfer, fresh: bool
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    wide, around = framed(volume, grid, -1024)
    camera = VIEWS["anterior"]
    near = fitted(around, (camera,), PIXELS)
    screen = Screen((PIXELS, PIXELS), near.pixel, near.middle)
    return lambda: render(wide, around, transfer, camera, screen, STEP), _by_vtk(wide, around, transfer, screen, fresh)


def _by_vtk(volume: Volume, grid: Grid, transfer: Transfer, screen: Screen, fresh: bool) -> Callable[[], Any]:
    """VTK set up once with the same camera, light and transfer function; a call renders: a `fresh` volume, whose
    gradients VTK computes first, or a further view of one that it knows."""
    import vtkmodules.vtkRenderingOpenGL2
    import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401  # registers the window
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
    from vtkmodules.vtkRenderingCore import (
        vtkColorTransferFunction,
        vtkRenderer,
        vtkRenderWindow,
        vtkVolume,
        vtkVolumeProperty,
    )
    from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper

    image, mapper = vtkImageData(), vtkFixedPointVolumeRayCastMapper()
    image.SetDimensions(*volume.shape[::-1])
    image.SetSpacing(*(grid.spacing or ())[::-1])
    image.SetOrigin(*(grid.origin or ()))
    scalars: Any = numpy_to_vtk(volume.ravel())  # type: ignore[no-untyped-call]
    image.GetPointData().SetScalars(scalars)
    mapper.SetInputData(image)
    mapper.SetAutoAdjustSampleDistances(0)
    mapper.SetSampleDistance(STEP * min(grid.spacing or ()))
    mapper.SetImageSampleDistance(1.0)
    opacity, colour, looks = vtkPiecewiseFunction(), vtkColorTransferFunction(), vtkVolumeProperty()
    for value, alpha, rgb in transfer.points:
        opacity.AddPoint(value, alpha)
        colour.AddRGBPoint(value, *rgb)
    looks.SetScalarOpacity(opacity)
    looks.SetColor(colour)
    looks.SetInterpolationTypeToLinear()
    looks.ShadeOn()
    actor, renderer, window = vtkVolume(), vtkRenderer(), vtkRenderWindow()
    actor.SetMapper(mapper)
    actor.SetProperty(looks)
    renderer.AddVolume(actor)
    window.SetOffScreenRendering(1)
    window.AddRenderer(renderer)
    window.SetSize(*screen.size)
    eye, camera = renderer.GetActiveCamera(), VIEWS["anterior"]
    eye.ParallelProjectionOn()
    eye.SetFocalPoint(*screen.middle)
    eye.SetPosition(*(screen.middle - 1000 * camera.look))
    eye.SetViewUp(*camera.up)
    eye.SetParallelScale(screen.size[0] * screen.pixel / 2)
    renderer.ResetCameraClippingRange()

    def run() -> None:
        (image if fresh else eye).Modified()
        window.Render()

    return run
