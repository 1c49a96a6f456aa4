"""What holds for every augmentation."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

CASES = [
    pytest.param(name, options, id=" ".join([name, *map(str, options.values())]))
    for name, options in (
        ("add_noise", {}),
        ("babble", {}),
        ("band_masking", {}),
        ("band_pass", {}),
        ("clipping", {}),
        ("coloured_noise", {}),
        ("gain", {}),
        ("gain", {"draw": "utterance"}),
        ("high_pass", {}),
        ("low_pass", {}),
        ("packet_loss", {}),
        ("packet_loss", {"conceal": "repeat"}),
        ("polarity", {}),
        ("polarity", {"draw": "view"}),
        ("reverb", {"rooms": 4}),
        ("speed", {"factors": [0.8, 1.25]}),
        ("speed", {"draw": "view"}),
        ("time_masking", {}),
    )
]
MAPPING = [case for case in CASES if case.values[0] in ("gain", "polarity", "speed")]
OCCASIONAL = [case for case in CASES if case.values[0] != "add_noise"]


def changed(augmentation, views, draws, seed=0):
    return augmentation(views, generator=draws(seed))


def test_every_shipped_augmentation_is_a_case(registry):
    shipped = {one.name for one in registry.of_kind("augmentation")}
    assert shipped == {case.values[0] for case in CASES}


@pytest.mark.parametrize(("name", "options"), CASES)
def test_draws_come_from_the_generator_alone(name, options, build, draws, noise):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    augmentation = build(name, **options)
    views = noise(2, 6, 8000)
    first = changed(augmentation, views, draws)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    again = build(name, **options)
    assert torch.equal(changed(again, views, draws), first)
    assert torch.equal(changed(augmentation, views, draws), first)
    assert not torch.equal(changed(augmentation, views, draws, seed=1), first)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_what_comes_in_is_left_as_it_is(name, options, build, draws, noise):
    views = noise(6, 8000).expand(2, 6, 8000)
    before = views.clone()
    changed(build(name, **options), views, draws)
    assert torch.equal(views, before)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_views_and_utterances_differ(name, options, build, draws, noise):
    wave = noise(8000)
    out = changed(build(name, **options), wave.expand(2, 30, 8000), draws)
    rows = {tuple(row[::50].tolist()) for row in out.flatten(0, 1)}
    assert len(rows) >= 2
    views_differ = not torch.equal(out[0], out[1])
    per_view = options.get("draw", "utterance" if name in ("polarity", "speed") else "view")
    assert views_differ == (per_view == "view")


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 7), (1, 3, 401), (3, 5, 4001)])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_odd_shapes(name, options, shape, build, draws, noise):
    views = noise(*shape)
    out = changed(build(name, **options), views, draws)
    assert out.shape == views.shape
    assert out.dtype == torch.float32
    assert out.isfinite().all()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_silence_stays_silence(name, options, build, draws):
    out = changed(build(name, **options), torch.zeros(2, 4, 8000), draws)
    assert torch.equal(out, torch.zeros(2, 4, 8000))


@pytest.mark.parametrize("level", [1e-6, 1e4])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_level_scales_through(name, options, level, build, draws, noise):
    views = noise(2, 4, 8000)
    augmentation = build(name, **options)
    scaled = changed(augmentation, level * views, draws) / level
    torch.testing.assert_close(scaled, changed(augmentation, views, draws), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("name", "options"), OCCASIONAL)
def test_probability_is_the_share_that_changes(name, options, build, draws, noise):
    views = noise(2, 400, 700)
    never = changed(build(name, probability=0.0, **options), views, draws)
    assert torch.equal(never, views)
    always = changed(build(name, probability=1.0, **options), views, draws)
    sometimes = changed(build(name, probability=0.3, **options), views, draws)
    kept = (sometimes == views).all(-1)
    assert torch.equal(sometimes, torch.where(kept.unsqueeze(-1), views, always))
    can_change = (always != views).any(-1)
    share = (~kept).sum() / can_change.sum()
    assert share.item() == pytest.approx(0.3, abs=0.07)
    together = options.get("draw") == "utterance" or (name in ("polarity", "speed") and not options)
    if together:
        assert torch.equal(kept[0], kept[1])


@pytest.mark.parametrize(("name", "options"), MAPPING)
def test_targets_are_mapped_by_the_same_draws(name, options, build, draws, noise):
    """With the same draws a linear map of a sum is the sum of the maps, whatever is in them."""
    augmentation = build(name, **options)
    clean, added = noise(2, 9, 4000, seed=1), noise(2, 9, 4000, seed=2)
    clean[0, 0] = 0.0
    both = changed(augmentation, clean + added, draws)
    apart = changed(augmentation, clean, draws) + changed(augmentation, added, draws)
    torch.testing.assert_close(both, apart)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_which_map_targets_too(name, options, build):
    maps_targets = build(name, **options).applies_to == "both"
    assert maps_targets == (name in {case.values[0] for case in MAPPING})


@pytest.mark.parametrize(("name", "options"), CASES)
def test_only_speed_for_each_view_is_misaligned(name, options, build):
    aligned = build(name, **options).aligned
    assert aligned == ((name, options) != ("speed", {"draw": "view"}))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_no_state(name, options, build, draws, noise):
    augmentation = build(name, **options)
    assert not augmentation.state_dict()
    assert not list(augmentation.parameters())
    held = {key: buffer.clone() for key, buffer in augmentation.named_buffers()}
    attributes = {
        key: value for key, value in vars(augmentation).items() if not isinstance(value, dict)
    }
    changed(augmentation, noise(2, 3, 4000), draws)
    assert all(torch.equal(held[key], buffer) for key, buffer in augmentation.named_buffers())
    assert attributes == {key: vars(augmentation)[key] for key in attributes}


@pytest.mark.parametrize(("name", "options"), CASES)
def test_no_step_waits_for_the_device(name, options, build, draws):
    """Tensors without values: whatever asks for one (item, a mask as an index) fails."""
    augmentation = build(name, **options)
    with FakeTensorMode(allow_non_fake_inputs=True):
        out = changed(augmentation, torch.zeros(2, 4, 4000), draws)
    assert out.shape == (2, 4, 4000)
