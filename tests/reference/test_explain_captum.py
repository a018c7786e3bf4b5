"""Ours against Captum: occlusion window by window, and the explained number of logits against that of probabilities."""

import numpy as np
import pytest

from vesale.core.grid import Grid
from vesale.core.image import Image, Provenance
from vesale.core.pipeline import Pipeline
from vesale.core.recipe import Look
from vesale.core.task import Category, Partition, Quantity, Task
from vesale.engine.aiming import Target, read_off
from vesale.engine.occlude import WINDOW, losses
from vesale.engine.sight import sight_of

torch = pytest.importorskip("torch")
captum = pytest.importorskip("captum.attr")

pytestmark = pytest.mark.train


@pytest.mark.parametrize("coarse", [False, True])
def test_occlusion_is_captums(coarse):
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.Tanh(), torch.nn.AdaptiveAvgPool2d(6), torch.nn.Flatten(),
        torch.nn.Linear(144, 1),
    ).eval()  # fmt: skip
    made = Pipeline(Task("made", {"out": Quantity("mm")}), Look(channels=1, size=(48, 48)))
    target = Target("out", made.task.outputs["out"], None)
    data = np.random.default_rng(0).integers(0, 255, (1, 48, 48)).astype(np.uint8)
    sight = sight_of([Image(data, Grid((48, 48)), "intensity", ("grey",), Provenance("made"))], made, target, None)

    def run(batch):
        with torch.no_grad():
            return {"out": net(torch.from_numpy(np.ascontiguousarray(batch))).numpy()}

    found = losses(run, sight, (made, target), coarse)
    side = round(WINDOW * 48)
    step = side if coarse else side // 2
    with torch.no_grad():
        wanted = captum.Occlusion(lambda x: net(x)[:, 0]).attribute(
            torch.from_numpy(sight.planes), (1, side, side), (1, step, step), baselines=torch.from_numpy(sight.faded)
        )
    assert found == pytest.approx(wanted.numpy()[:, 0], abs=1e-5)


@pytest.mark.parametrize(
    ("output", "index", "width"),
    [
        (Category(("a", "b", "c")), 1, 3),
        (Category(("a", "b", "c"), exclusive=False), 2, 3),
        (Quantity("mm"), None, 1),
        (Quantity(steps=("a", "b", "c", "d")), None, 3),
        (Quantity(steps=("a", "b", "c", "d")), 2, 3),
        (Partition(("a", "b", "c")), 1, 3),
    ],
)
def test_logits_and_probabilities_give_the_same_number(output, index, width):
    from vesale.engine.attribute import odds
    from vesale.nets.heads import activate

    target = Target("out", output, index)
    logits = torch.randn(5, width, *((4, 6) if target.dense else ()), dtype=torch.float64)
    if isinstance(output, Quantity) and output.steps:
        logits = logits.sort(1, descending=True).values  # P(step > k) falls with k
    wanted = read_off(activate(output, logits).numpy(), target)
    assert odds(logits, target).numpy() == pytest.approx(wanted, abs=1e-6)
