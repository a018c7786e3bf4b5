"""The inner loops of the ray-caster, compiled by numba (extra `present`); cameras and presets live in `raycast.py`."""

import math
from typing import Any

import numpy as np
from numba import njit, prange

BLOCK = 8
"""Samples along a side of the cubes that are skipped whole when nothing in them is opaque."""
OPAQUE = 0.99
"""A ray ends where less than this is missing."""


def compiled(**options: Any) -> Any:
    """njit, kept on disk between runs where a folder can be written."""

    def decorate(function: Any) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder for its cache
            return njit(**options)(function)

    return decorate


@compiled(parallel=True)
def extremes(volume: Any) -> Any:
    """(2, bz, by, bx) smallest and largest sample of each cube, with the next sample along each axis."""
    depth, height, width = volume.shape
    shape = ((depth + BLOCK - 1) // BLOCK, (height + BLOCK - 1) // BLOCK, (width + BLOCK - 1) // BLOCK)
    out = np.empty((2, shape[0], shape[1], shape[2]), np.float32)
    for cube in prange(shape[0] * shape[1]):
        bz, by = cube // shape[1], cube % shape[1]
        for bx in range(shape[2]):
            low = volume[bz * BLOCK, by * BLOCK, bx * BLOCK]
            high = low
            for z in range(bz * BLOCK, min(depth, bz * BLOCK + BLOCK + 1)):
                for y in range(by * BLOCK, min(height, by * BLOCK + BLOCK + 1)):
                    for x in range(bx * BLOCK, min(width, bx * BLOCK + BLOCK + 1)):
                        low = min(low, volume[z, y, x])
                        high = max(high, volume[z, y, x])
            out[0, bz, by, bx] = low
            out[1, bz, by, bx] = high
    return out


@compiled(fastmath=True, inline="always")
def _sample(volume: Any, z: float, y: float, x: float) -> Any:
    """Trilinear; beyond the outermost samples, the outermost sample."""
    z = min(max(z, 0.0), volume.shape[0] - 1.0)
    y = min(max(y, 0.0), volume.shape[1] - 1.0)
    x = min(max(x, 0.0), volume.shape[2] - 1.0)
    iz, iy, ix = int(z), int(y), int(x)
    jz = min(iz + 1, volume.shape[0] - 1)
    jy = min(iy + 1, volume.shape[1] - 1)
    jx = min(ix + 1, volume.shape[2] - 1)
    fz, fy, fx = np.float32(z - iz), np.float32(y - iy), np.float32(x - ix)
    one = np.float32(1)
    a = volume[iz, iy, ix] * (one - fx) + volume[iz, iy, jx] * fx
    b = volume[iz, jy, ix] * (one - fx) + volume[iz, jy, jx] * fx
    c = volume[jz, iy, ix] * (one - fx) + volume[jz, iy, jx] * fx
    d = volume[jz, jy, ix] * (one - fx) + volume[jz, jy, jx] * fx
    return (a * (one - fy) + b * fy) * (one - fz) + (c * (one - fy) + d * fy) * fz


@compiled(fastmath=True, inline="always")
def _between(table: Any, column: int, at: float) -> Any:
    """A running sum (entry, column) at a place between its entries."""
    i = min(int(at), table.shape[0] - 2)
    return table[i, column] + (table[i + 1, column] - table[i, column]) * (at - i)


@compiled(fastmath=True, inline="always")
def _clip(start: Any, ray: Any, shape: Any) -> Any:
    """First and last step at which a ray is inside the volume."""
    first, last = -1e18, 1e18
    for axis in range(3):
        if abs(ray[axis]) < 1e-12:
            if start[axis] < 0 or start[axis] > shape[axis] - 1:
                return 1.0, 0.0
        else:
            a = (0 - start[axis]) / ray[axis]
            b = (shape[axis] - 1 - start[axis]) / ray[axis]
            first, last = max(first, min(a, b)), min(last, max(a, b))
    return first, last


@compiled(fastmath=True, inline="always")
def _leap(place: float, ray: float) -> float:
    """Steps until a ray leaves its cube along one axis."""
    if abs(ray) < 1e-12:
        return 1e18
    edge = (int(place) // BLOCK + (1 if ray > 0 else 0)) * BLOCK
    return (edge - place) / ray


@compiled(fastmath=True, inline="always")
def _gradient(volume: Any, z: float, y: float, x: float, world: Any) -> Any:
    """Central differences in the world: value per mm along x, y, z."""
    gz = (_sample(volume, z + 1, y, x) - _sample(volume, z - 1, y, x)) * 0.5
    gy = (_sample(volume, z, y + 1, x) - _sample(volume, z, y - 1, x)) * 0.5
    gx = (_sample(volume, z, y, x + 1) - _sample(volume, z, y, x - 1)) * 0.5
    return (
        world[0, 0] * gz + world[0, 1] * gy + world[0, 2] * gx,
        world[1, 0] * gz + world[1, 1] * gy + world[1, 2] * gx,
        world[2, 0] * gz + world[2, 1] * gy + world[2, 2] * gx,
    )


@compiled(fastmath=True, inline="always")
def _shaded(volume: Any, place: Any, world: Any, look: Any, light: Any) -> Any:
    """(how strongly the colour shines, how much white is added, length of the gradient): Blinn-Phong, head light."""
    gx, gy, gz = _gradient(volume, place[0], place[1], place[2], world)
    length = math.sqrt(gx * gx + gy * gy + gz * gz)
    if length < 1e-6:
        return light[0] + light[1], 0.0, length
    facing = abs(gx * look[0] + gy * look[1] + gz * look[2]) / length
    # The light is where the eye is, so the half-way vector of Blinn's highlight is the ray itself.
    return light[0] + light[1] * facing, light[2] * facing ** light[3], length


@compiled(fastmath=True, inline="always")
def _segment(tables: Any, before: float, after: float) -> Any:
    """Mean extinction and colour between two values, from running sums of the transfer function."""
    if abs(after - before) < 0.5:
        before = min(max(0.5 * (before + after) - 0.25, 0.0), tables.shape[0] - 1.5)
        after = before + 0.5
    share = 1.0 / (after - before)
    density = (_between(tables, 0, after) - _between(tables, 0, before)) * share
    if density <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    share /= density
    return (
        density,
        (_between(tables, 1, after) - _between(tables, 1, before)) * share,
        (_between(tables, 2, after) - _between(tables, 2, before)) * share,
        (_between(tables, 3, after) - _between(tables, 3, before)) * share,
    )


@compiled(fastmath=True)
def _follow(volume: Any, active: Any, path: Any, tables: Any, optics: Any, out: Any) -> None:
    """One ray (start, step), front to back, into out (red, green, blue, opacity)."""
    start, ray = path[0], path[1]
    scale, world, look, light = optics
    first, last = _clip(start, ray, volume.shape)
    step, end = math.ceil(first), math.floor(last)
    top = tables.shape[0] - 1.001
    known, before = False, 0.0
    red, green, blue, seen = 0.0, 0.0, 0.0, 0.0
    while step <= end:
        z, y, x = start[0] + step * ray[0], start[1] + step * ray[1], start[2] + step * ray[2]
        z, y, x = max(z, 0.0), max(y, 0.0), max(x, 0.0)
        is_active = active[int(z) // BLOCK, int(y) // BLOCK, int(x) // BLOCK]
        if not is_active and not known:
            leap = min(_leap(z, ray[0]), _leap(y, ray[1]), _leap(x, ray[2]))
            step += max(1, math.ceil(leap + 1e-9))
            continue
        if not known:
            back = 1 if step > first + 1 else 0
            value = _sample(volume, z - back * ray[0], y - back * ray[1], x - back * ray[2])
            before = min(max((value - scale[0]) * scale[1], 0.0), top)
        after = min(max((_sample(volume, z, y, x) - scale[0]) * scale[1], 0.0), top)
        density, r, g, b = _segment(tables, before, after)
        if density > 1e-7:
            half = (z - 0.5 * ray[0], y - 0.5 * ray[1], x - 0.5 * ray[2])
            strength, white, steepness = _shaded(volume, half, world, look, light)
            if light[4] > 0:
                density *= min(1.0, steepness / light[4])
            weight = (1.0 - seen) * (1.0 - math.exp(-density * scale[2]))
            red += weight * min(1.0, r * strength + white)
            green += weight * min(1.0, g * strength + white)
            blue += weight * min(1.0, b * strength + white)
            seen += weight
            if seen > OPAQUE:
                break
        before, known = after, is_active
        step += 1
    out[0], out[1], out[2], out[3] = red, green, blue, seen


@compiled(parallel=True, fastmath=True)
def cast(volume: Any, active: Any, frame: Any, size: Any, tables: Any, optics: Any) -> Any:
    """(rows, columns, 4) float32, colours times opacity.

    volume (z, y, x); active (bz, by, bx) of cubes; frame (4, 3): start of the first ray, and the steps down, right and
    along a ray, all in indices; tables (entry, 4) running sums of extinction per mm and of it times red, green, blue;
    optics: (value of the first entry, entries per value, mm per step), (3, 3) from an index gradient to one in the
    world, the unit vector along the rays, and (ambient, diffuse, specular, its power, gradient of full opacity or 0).
    """
    rows, columns = size
    out = np.zeros((rows, columns, 4), np.float32)
    for turn in prange(rows):
        # Neighbouring rows cost alike: dealt out like cards, each thread gets as much of the body as of the air.
        row = turn * 2 if turn * 2 < rows else (turn - (rows + 1) // 2) * 2 + 1
        path = np.empty((2, 3), np.float64)
        path[1] = frame[3]
        for column in range(columns):
            for axis in range(3):
                path[0, axis] = frame[0, axis] + row * frame[1, axis] + column * frame[2, axis]
            _follow(volume, active, path, tables, optics, out[row, column])
    return out
