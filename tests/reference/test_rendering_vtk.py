"""Our ray-caster against VTK's, on the same camera, transfer function and light; skipped where vtk is not installed."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

import phantoms_present
from vesale.core.grid import Grid
from vesale.ops.body import framed
from vesale.ops.raycast import VIEWS, Camera, Transfer, fitted, on_black, render

pytest.importorskip("numba")
core = pytest.importorskip("vtkmodules.vtkRenderingCore", reason="pip install vtk to compare renderings with VTK's")
pytestmark = pytest.mark.slow

BONE = Transfer(
    ((-1000, 0, (0.7, 0.3, 0.2)), (150, 0, (0.7, 0.3, 0.2)), (350, 0.6, (1, 0.9, 0.8)), (1000, 0.9, (1, 1, 1)))
)
SKIN = Transfer(
    ((-1000, 0, (0.9, 0.7, 0.6)), (-450, 0, (0.9, 0.7, 0.6)), (-200, 0.7, (0.9, 0.7, 0.6)), (1000, 0.7, (1, 1, 1)))
)
GLASS = Transfer(
    ((-1000, 0, (0.2, 0.5, 1)), (-700, 0.01, (0.2, 0.5, 1)), (0, 0.03, (0.9, 0.4, 0.3)), (1000, 0.2, (1, 1, 1)))
)


def by_vtk(volume, grid, transfer, camera, screen, step):
    """(rows, columns, 3) uint8 of VTK's fixed-point ray-cast mapper."""
    import vtkmodules.vtkRenderingOpenGL2
    import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401  # registers the window
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
    from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper

    image = vtkImageData()
    image.SetDimensions(*volume.shape[::-1])
    image.SetSpacing(*grid.spacing[::-1])
    image.SetOrigin(*grid.origin)
    image.GetPointData().SetScalars(numpy_to_vtk(volume.ravel(), deep=True))
    mapper = vtkFixedPointVolumeRayCastMapper()
    mapper.SetInputData(image)
    mapper.SetAutoAdjustSampleDistances(0)
    mapper.SetSampleDistance(step * min(grid.spacing))
    mapper.SetImageSampleDistance(1.0)
    opacity, colour = vtkPiecewiseFunction(), core.vtkColorTransferFunction()
    for value, alpha, (red, green, blue) in transfer.points:
        opacity.AddPoint(value, alpha)
        colour.AddRGBPoint(value, red, green, blue)
    looks = core.vtkVolumeProperty()
    looks.SetScalarOpacity(opacity)
    looks.SetColor(colour)
    looks.SetInterpolationTypeToLinear()
    looks.SetScalarOpacityUnitDistance(1.0)
    looks.ShadeOn()
    looks.SetAmbient(transfer.ambient)
    looks.SetDiffuse(transfer.diffuse)
    looks.SetSpecular(transfer.specular)
    looks.SetSpecularPower(transfer.power)
    actor = core.vtkVolume()
    actor.SetMapper(mapper)
    actor.SetProperty(looks)
    renderer, window = core.vtkRenderer(), core.vtkRenderWindow()
    renderer.AddVolume(actor)
    light = core.vtkLight()
    light.SetLightTypeToHeadlight()
    light.SetAmbientColor(1, 1, 1)  # black by default: then the ambient term would have no light
    renderer.AddLight(light)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.AddRenderer(renderer)
    window.SetSize(screen.size[1], screen.size[0])
    eye = renderer.GetActiveCamera()
    eye.ParallelProjectionOn()
    eye.SetFocalPoint(*screen.middle)
    eye.SetPosition(*(screen.middle - 1000 * camera.look))
    eye.SetViewUp(*camera.up)
    eye.SetParallelScale(screen.size[0] * screen.pixel / 2)
    renderer.ResetCameraClippingRange()
    window.Render()
    reader = core.vtkWindowToImageFilter()
    reader.SetInput(window)
    reader.ReadFrontBufferOff()
    reader.Update()
    seen = vtk_to_numpy(reader.GetOutput().GetPointData().GetScalars())
    return seen.reshape(*screen.size, 3)[::-1]


@pytest.mark.parametrize(("name", "transfer"), [("bone", BONE), ("skin", SKIN), ("glass", GLASS)])
@pytest.mark.parametrize(
    "camera", [VIEWS["anterior"], VIEWS["left"], VIEWS["superior"], Camera(35, 20), Camera(200, -40)]
)
def test_a_rendering_looks_like_vtks(name, transfer, camera, record_property):
    volume = phantoms_present.surfaces()
    grid = Grid(volume.shape, (1.6, 0.8, 0.9), (-20.0, 5.0, -7.0), ((0, 0, 1), (0, 1, 0), (1, 0, 0)), "patient")
    volume, grid = framed(volume, grid, -1000)
    screen = fitted(grid, (camera,), 200)
    ours = on_black(render(volume, grid, transfer, camera, screen))
    theirs = by_vtk(volume, grid, transfer, camera, screen, 0.5)
    assert theirs.max() > 60, "VTK drew something"
    alike = structural_similarity(ours, theirs, channel_axis=-1)
    record_property("figure", f"rendering {name} from {camera.azimuth:g}/{camera.elevation:g}: SSIM to VTK {alike:.4f}")
    assert alike > 0.97
    assert np.abs(ours.astype(int) - theirs).mean() < 4
