"""A perfect answer costs nothing; what does not count, and what nobody knows, costs nothing either."""

import pytest

torch = pytest.importorskip("torch")

import tiny  # noqa: E402
from vesale.core.task import Category, Partition, Quantity, Task  # noqa: E402
from vesale.engine.batches import Batch  # noqa: E402
from vesale.engine.losses import partition_loss, total_loss  # noqa: E402
from vesale.engine.samples import IGNORED  # noqa: E402

pytestmark = pytest.mark.train
NAN = float("nan")
KINDS = ["auto", "cross_entropy", "dice_cross_entropy", "focal", "scaled_cross_entropy"]
OUTPUTS = {
    "one": (Category(("a", "b", "c")), [[0, 1, 0], [1, 0, 0]], [[-30, 30, -30], [30, -30, -30]]),
    "many": (Category(("a", "b"), exclusive=False), [[0, 1], [1, 1]], [[-30, 30], [30, 30]]),
    "grade": (Quantity(steps=("0", "1", "2")), [[1, 0], [1, 1]], [[30, -30], [30, 30]]),
    "age": (Quantity("years"), [[41.0], [7.5]], [[41.0], [7.5]]),
}


def loss(logits, targets, name, **train):
    output = OUTPUTS[name][0]
    recipe = tiny.recipe(Task("t", {name: output}), **train)
    batch = Batch(torch.zeros(len(targets), 1, 4, 4), {name: torch.tensor(targets, dtype=torch.float32)}, {})
    return total_loss([{name: torch.as_tensor(logits, dtype=torch.float32)}], batch, recipe, {name: 2.0})


@pytest.mark.parametrize("name", OUTPUTS)
def test_perfect_logits_cost_nothing_and_others_do(name):
    _, targets, perfect = OUTPUTS[name]
    assert float(loss(perfect, targets, name)) < 1e-6
    assert float(loss([[0.0] * len(perfect[0])] * 2, targets, name)) > 0.1
    assert float(loss([[-v for v in row] for row in perfect], targets, name)) > 1


@pytest.mark.parametrize("name", OUTPUTS)
def test_unknown_truth_costs_nothing(name):
    _, targets, perfect = OUTPUTS[name]
    wrong = torch.tensor([[1.5] * len(perfect[0])] * 2, requires_grad=True)
    unknown = loss(wrong, [[NAN] * len(targets[0])] * 2, name)
    assert float(unknown.detach()) == 0
    unknown.backward()
    assert (wrong.grad == 0).all()
    half = loss(wrong.detach(), [targets[0], [NAN] * len(targets[0])], name)
    alone = loss(wrong.detach()[:1], targets[:1], name)
    assert torch.allclose(half, alone)


def test_the_spread_of_a_number_sets_its_scale():
    _, targets, _ = OUTPUTS["age"]
    once = loss([[43.0], [9.5]], targets, "age")  # 2 off, and the spread is 2: Huber of 1
    assert float(once) == pytest.approx(0.5)


def test_earlier_stages_count_half():
    output, targets, _ = OUTPUTS["one"]
    recipe = tiny.recipe(Task("t", {"one": output}))
    batch = Batch(torch.zeros(2, 1, 4, 4), {"one": torch.tensor(targets, dtype=torch.float32)}, {})
    logits = {"one": torch.zeros(2, 3)}
    once, twice = (total_loss([logits] * n, batch, recipe, {}) for n in (1, 2))
    assert float(twice) == pytest.approx(1.5 * float(once))


def mask(exclusive):
    torch.manual_seed(0)
    if exclusive:
        return Partition(("background", "x", "y")), torch.randint(0, 3, (2, 1, 8, 8), dtype=torch.uint8)
    return Partition(("p", "q"), exclusive=False), torch.randint(0, 2, (2, 2, 8, 8), dtype=torch.uint8)


def perfect_logits(labels, output):
    if output.exclusive:
        hot = torch.nn.functional.one_hot(labels[:, 0].long().clamp(max=2), 3).permute(0, 3, 1, 2)
        return 60.0 * hot - 30.0
    return 60.0 * (labels == 1) - 30.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exclusive", [True, False])
def test_a_perfect_outline_costs_nothing(kind, exclusive):
    output, labels = mask(exclusive)
    logits = perfect_logits(labels, output)
    assert float(partition_loss(logits, labels, output, kind)) < 0.01
    assert float(partition_loss(-logits, labels, output, kind)) > 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exclusive", [True, False])
def test_samples_that_do_not_count_do_not_change_the_loss(kind, exclusive):
    output, labels = mask(exclusive)
    torch.manual_seed(1)
    logits = torch.randn(2, len(output.names), 8, 8)
    labels[:, :, :, 5:] = IGNORED
    changed = logits.clone()
    changed[:, :, :, 5:] += 7 * torch.randn(changed[:, :, :, 5:].shape)
    before, after = (partition_loss(x, labels, output, kind) for x in (logits, changed))
    assert torch.allclose(before, after, atol=1e-6)
    cut = partition_loss(logits[..., :5], labels[..., :5], output, kind)
    assert torch.allclose(before, cut, atol=1e-5)


@pytest.mark.parametrize("exclusive", [True, False])
def test_nothing_that_counts_costs_nothing_to_learn_from(exclusive):
    output, labels = mask(exclusive)
    labels[:] = IGNORED
    logits = torch.randn(2, len(output.names), 8, 8, requires_grad=True)
    partition_loss(logits, labels, output, "auto").backward()
    assert logits.grad.abs().max() < 1e-6


def test_smoothing_never_rewards_being_surer_than_it_says():
    sure, mild = [[-30.0, 30.0, -30.0]] * 2, [[-2.0, 2.0, -2.0]] * 2
    targets = [[0, 1, 0]] * 2
    assert float(loss(sure, targets, "one", smoothing=0.1)) > float(loss(mild, targets, "one", smoothing=0.1))
    assert float(loss(sure, targets, "one")) < float(loss(mild, targets, "one"))


def test_focal_loss_minds_easy_samples_less():
    easy = [[-2.0, 2.0, -2.0]] * 2
    recipe = {"loss": "focal"}
    targets = [[0, 1, 0]] * 2
    plain, focal = float(loss(easy, targets, "one")), float(loss(easy, targets, "one", **recipe))
    assert focal < 0.01 * plain


def test_scaled_cross_entropy_weighs_rare_names_like_frequent_ones():
    """What the frequency alone would leave costs 1 for each name, however rare it is."""
    output = Partition(("rare", "frequent"), exclusive=False)
    labels = torch.zeros(1, 2, 100, 100, dtype=torch.uint8)
    labels[0, 0, :1, :10] = 1  # one in a thousand
    labels[0, 1, :20] = 1  # one in five
    p = torch.tensor([0.001, 0.2])
    scales = -p * torch.log(p) - (1 - p) * torch.log(1 - p)
    logits = torch.logit(p)[None, :, None, None].expand(1, 2, 100, 100)
    each = [partition_loss(logits[:, i : i + 1], labels[:, i : i + 1], Partition((n,), exclusive=False),
            "scaled_cross_entropy", scales[i : i + 1]) for i, n in enumerate(output.names)]  # fmt: skip
    assert [float(e) for e in each] == pytest.approx([1.0, 1.0], rel=1e-3)
    assert float(partition_loss(logits, labels, output, "scaled_cross_entropy", scales)) == pytest.approx(1.0, rel=1e-3)
    assert float(partition_loss(logits, labels, output, "cross_entropy")) == pytest.approx(
        float(scales.mean()), rel=1e-3
    )
