"""What ``import sslse`` offers: models on arrays and tensors, streams, recipes and runs."""

import ast
import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

import sslse
from sslse import front
from sslse.build import build_network
from sslse.bundle import save_bundle
from sslse.cli import main
from sslse.enhance import model as models
from sslse.enhance import pieces
from sslse.enhance.stream import AT_ONCE
from sslse.errors import DataError, RecipeError, RegistryError, RunError

RATE = 16000
STRIDE = 32
NEAR = 1e-5
# What a frame may look at: the whole wave, frames beside it, frames before it.
NETWORKS = {"whole": (None, False), "local": (6, False), "causal": (6, True)}
INTEGERS = "takes floating-point samples in about [-1, 1], not {}; divide 16-bit samples by 32768"
KINDS = {
    "array": lambda x: x,
    "float64 array": lambda x: x.astype(np.float64),
    "tensor": torch.tensor,
    "float64 tensor": lambda x: torch.tensor(x, dtype=torch.float64),
}


@pytest.fixture(scope="module")
def bundles(registry, tiny_sets, tmp_path_factory):
    """Save one network of each kind, with weights that do something."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, (context, causal) in NETWORKS.items():
        looks = {"context": context, "causal": causal} if context else {}
        sets = [
            f"{part}.{key}={value}"
            for part in ("encoder", "decoder")
            for key, value in looks.items()
        ]
        recipe = sslse.load_recipe("quickstart", sets=[*tiny_sets, *map(str.lower, sets)])
        parts = build_network(recipe, registry)
        draws = torch.Generator().manual_seed(0)
        for one in (parameter for part in parts for parameter in part.parameters()):
            if not one.any():
                torch.nn.init.normal_(one, std=0.1, generator=draws)
        save_bundle(folder / f"{name}.safetensors", *parts, recipe)
    return folder


@pytest.fixture(scope="module", params=NETWORKS)
def model(request, bundles):
    return sslse.load(bundles / f"{request.param}.safetensors", device="cpu")


@pytest.fixture(scope="module")
def causal(bundles):
    return sslse.load(bundles / "causal.safetensors", device="cpu")


@pytest.fixture(scope="module")
def whole(bundles):
    return sslse.load(bundles / "whole.safetensors", device="cpu")


@pytest.fixture
def small_pieces(monkeypatch):
    """Let networks that are not causal go through small pieces."""
    for name, seconds in (("PIECE", 0.4), ("BESIDE", 0.1), ("FADE", 0.05)):
        monkeypatch.setattr(pieces, f"{name}_SECONDS", seconds)


def noise(*shape, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def far(one, other):
    """Return by how much two waves of one kind and shape differ."""
    assert type(one) is type(other)
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    return float(abs(one - other).max()) if one.shape[-1] else 0.0


def as_array(wave):
    return wave.numpy() if isinstance(wave, torch.Tensor) else wave


class TestImport:
    """The package is there at once, and says what it offers."""

    def test_it_imports_nothing_before_it_is_asked(self):
        code = "import sys, sslse; print([one for one in sys.modules if one.startswith('sslse')]);"
        code += "print({'torch', 'numpy', 'pydantic', 'pluggy'} & set(sys.modules))"
        command = [sys.executable, "-c", code]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert shown.splitlines() == ["['sslse']", "set()"]

    def test_its_names_are_those_of_the_front(self):
        tree = ast.parse(Path(sslse.__file__).read_text(encoding="utf-8"))
        (typed,) = (
            one
            for one in ast.walk(tree)
            if isinstance(one, ast.ImportFrom) and one.module == "sslse.front"
        )
        names = {one.name for one in typed.names}
        assert names | {"__version__"} == set(sslse.__all__)
        assert names <= set(dir(sslse))
        for name in names:
            assert getattr(sslse, name) is getattr(front, name)

    def test_a_name_that_is_not_there(self):
        with pytest.raises(AttributeError, match="module 'sslse' has no attribute 'lode'"):
            _ = sslse.lode

    def test_they_hide_no_module(self):
        from sslse import recipe, run, train

        assert recipe.Recipe
        assert callable(run.run)
        assert train.__path__


class TestEnhance:
    """Arrays and tensors of any shape come back as they are, enhanced."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("shape", [(700,), (3, 700), (2, 3, 700), (1, 1, 1, 90)])
    def test_the_same_kind_and_shape(self, model, kind, shape):
        wave = KINDS[kind](noise(*shape))
        before = wave.copy() if isinstance(wave, np.ndarray) else wave.clone()
        enhanced = model.enhance(wave, RATE)
        assert far(enhanced, wave) > 1e-3
        assert far(wave, before) == 0

    def test_what_the_network_gives(self, causal):
        wave = noise(2, 20 * STRIDE)
        with torch.no_grad():
            expected = causal.enhancer(torch.tensor(wave)).numpy()
        assert far(causal.enhance(wave, RATE), expected) < NEAR

    def test_batches_are_their_waves(self, model):
        waves = noise(5, 4, 1000)
        together = model.enhance(waves, RATE)
        for place in np.ndindex(5, 4):
            assert far(together[place], model.enhance(waves[place], RATE)) < NEAR

    def test_other_kinds_of_numbers(self, causal):
        wave = noise(500)
        expected = causal.enhance(wave, RATE)
        for kind in (np.float16, np.longdouble, ">f4"):
            enhanced = causal.enhance(wave.astype(kind), RATE)
            assert enhanced.dtype == np.dtype(kind)
            assert np.abs(enhanced.astype(np.float32) - expected).max() < 1e-2
        low = causal.enhance(torch.tensor(wave, dtype=torch.bfloat16), RATE)
        assert low.dtype == torch.bfloat16
        backwards = causal.enhance(wave[::-1], RATE)
        assert far(backwards, causal.enhance(wave[::-1].copy(), RATE)) == 0

    def test_tensors_that_train_stay_out_of_it(self, causal):
        wave = torch.tensor(noise(500), requires_grad=True)
        assert not causal.enhance(wave, RATE).requires_grad

    @pytest.mark.parametrize("samples", [1, 2, STRIDE - 1, STRIDE, STRIDE + 1])
    @pytest.mark.parametrize("rate", [RATE, 8000, 44100])
    def test_short_waves(self, model, samples, rate):
        enhanced = model.enhance(noise(samples), rate)
        assert enhanced.shape == (samples,)
        assert np.isfinite(enhanced).all()

    @pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 100)])
    def test_nothing_gives_nothing(self, causal, shape):
        assert causal.enhance(np.zeros(shape, np.float32), RATE).shape == shape
        assert causal.enhance(torch.zeros(shape), RATE).shape == shape

    def test_other_rates(self, causal):
        wave = noise(2, 4410)
        enhanced = causal.enhance(wave, 44100)
        assert enhanced.shape == wave.shape
        assert np.abs(enhanced[:, 1000:-1000]).mean() > 1e-3

    @pytest.mark.parametrize("call", ["enhance", "encode", "push"])
    @pytest.mark.parametrize(
        ("wave", "message"),
        [
            (np.zeros(9, np.int16), INTEGERS.format("int16")),
            (torch.zeros(9, dtype=torch.int32), INTEGERS.format("int32")),
            (np.zeros(9, complex), INTEGERS.format("complex128")),
            (np.array(["a"]), INTEGERS.format("<U1")),
            (np.array(0.5), "takes waves (..., samples), not a single number"),
            (np.array([0.1, np.nan]), "holds samples that are not finite"),
            (torch.tensor([0.1, -torch.inf]), "holds samples that are not finite"),
            (np.array([1e300]), "holds samples that are not finite"),
            ([0.1, 0.2], "takes a numpy array or a torch tensor, not list"),
        ],
    )
    def test_what_is_no_wave_is_refused(self, causal, call, wave, message):
        if call == "push":
            call = causal.stream(RATE).push
        else:
            call = partial(getattr(causal, call), sample_rate=RATE)
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            call(wave)

    @pytest.mark.parametrize("shape", [(8000, 2), (8000, 1), (3, 8000, 6)])
    @pytest.mark.parametrize("kind", KINDS)
    def test_channels_last_are_refused_with_the_cure(self, causal, shape, kind):
        wave = KINDS[kind](noise(*shape))
        for call in (causal.enhance, causal.encode):
            with pytest.raises(DataError) as caught:
                call(wave, RATE)
            assert str(caught.value) == (
                f"a wave of shape {shape} looks like (samples, channels), but samples come last: "
                "(channels, samples); give wave.T (of more axes: wave.swapaxes(-1, -2))"
            )
        assert causal.enhance(noise(40, 9), RATE).shape == (40, 9)

    @pytest.mark.parametrize("rate", [0, -1, 16000.0, "16000", None])
    def test_what_is_no_rate_is_refused(self, causal, rate):
        message = f"sample_rate: takes a whole number of Hz above 0, not {rate!r}"
        for call in (causal.enhance, causal.encode):
            with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
                call(noise(9), rate)
        assert causal.enhance(noise(9), np.int64(RATE)).shape == (9,)


class TestEncode:
    """The encoder alone."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("shape", [(700,), (3, 700), (2, 3, 700)])
    def test_latents_of_every_wave(self, model, kind, shape):
        wave = KINDS[kind](noise(*shape))
        latent = model.encode(wave, RATE)
        assert latent.shape == (*shape[:-1], 8, 22)
        assert type(latent) is type(wave)
        assert latent.dtype == wave.dtype

    def test_what_the_encoder_gives(self, model):
        wave = noise(3, 20 * STRIDE)
        with torch.no_grad():
            expected = model.enhancer.encoder(torch.tensor(wave)).numpy()
        assert far(model.encode(wave, RATE), expected) < NEAR

    @pytest.mark.parametrize(("samples", "frames"), [(1, 1), (STRIDE, 1), (STRIDE + 1, 2)])
    def test_short_waves_have_their_frames(self, model, samples, frames):
        assert model.encode(noise(samples), RATE).shape == (8, frames)

    def test_it_resamples(self, causal):
        assert causal.encode(noise(2, 800), 8000).shape == (2, 8, 50)

    def test_something_may_be_trained_on_it(self, causal):
        latent = causal.encode(torch.tensor(noise(700)), RATE)
        probe = torch.nn.Linear(8, 1)
        probe(latent.T).mean().backward()
        assert probe.weight.grad.any()

    @pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 100)])
    def test_nothing_has_no_latent(self, causal, shape):
        message = f"a wave of shape {shape} has no samples to encode"
        with pytest.raises(DataError, match=re.escape(message)):
            causal.encode(np.zeros(shape), RATE)


def follow(stream, wave, seed):
    """Push chunks of random sizes, empty ones too."""
    draws = np.random.default_rng(seed)
    given, first = [], 0
    while first < wave.shape[-1]:
        size = int(draws.choice([0, 1, 7, STRIDE, 500, 20000], p=[0.1, 0.1, 0.2, 0.2, 0.3, 0.1]))
        given.append(stream.push(wave[..., first : first + size]))
        first += size
    given.append(stream.finish())
    return torch.cat(given, -1) if isinstance(wave, torch.Tensor) else np.concatenate(given, -1)


class TestStream:
    """Chunks give what the whole gives."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("shape", [(5000,), (1, 5000), (3, 5000)])
    def test_chunks_of_every_kind(self, causal, kind, shape):
        wave = KINDS[kind](noise(*shape))
        channels = shape[0] if len(shape) > 1 else 1
        enhanced = follow(sslse.stream(causal, RATE, channels), wave, seed=len(shape))
        assert far(enhanced, causal.enhance(wave, RATE)) < NEAR

    @pytest.mark.parametrize("seed", range(3))
    def test_chunks_of_any_size(self, causal, seed):
        wave = noise(3000 + seed)
        with torch.no_grad():
            padded = np.pad(wave, (0, -len(wave) % STRIDE))[np.newaxis]
            expected = causal.enhancer(torch.tensor(padded))[0, : len(wave)].numpy()
        assert far(follow(causal.stream(RATE), wave, seed), expected) < NEAR

    @pytest.mark.parametrize("rate", [RATE, 8000, 44100])
    def test_every_network_and_rate(self, model, rate, small_pieces):
        wave = noise(2, 2 * rate + 5)
        enhanced = model.enhance(wave, rate)
        assert far(follow(sslse.stream(model, rate, 2), wave, seed=rate), enhanced) < NEAR

    def test_chunks_larger_than_are_taken_at_once(self, causal):
        wave = noise(AT_ONCE // 16 + 5)
        rows = np.stack([wave] * 16)
        stream = causal.stream(RATE, 16)
        enhanced = np.concatenate([stream.push(rows), stream.finish()], axis=1)
        other = causal.stream(RATE)
        expected = np.concatenate([other.push(wave), other.finish()])
        assert far(enhanced[3], expected) < NEAR

    def test_streams_are_apart(self, causal):
        one, other = causal.stream(RATE), causal.stream(RATE)
        wave = noise(20 * STRIDE)
        given = []
        for chunk in np.split(wave, 10):
            given.append(one.push(chunk))
            other.push(noise(77, seed=3))
        assert far(np.concatenate(given), causal.enhance(wave, RATE)) < NEAR

    def test_a_frame_is_given_as_soon_as_it_is_there(self, causal):
        stream = sslse.stream(causal, RATE)
        assert stream.push(noise(STRIDE - 1)).shape == (0,)
        assert stream.push(noise(1)).shape == (STRIDE,)

    def test_the_latency_of_a_causal_network_is_a_frame(self, causal):
        stream = sslse.stream(causal, RATE)
        assert stream.latency_ms == 1000 * STRIDE / RATE == 2.0
        assert stream.latency_seconds == 0.002

    @pytest.mark.parametrize("rate", [8000, 22050, 48000])
    def test_no_sample_waits_longer_than_the_latency(self, causal, rate):
        stream = sslse.stream(causal, rate)
        taken = given = waited = 0
        for size in np.random.default_rng(0).integers(1, 400, 120):
            taken += int(size)
            given += stream.push(noise(size)).shape[-1]
            waited = max(waited, 1000 * (taken - given) / rate)
        assert 0.8 * stream.latency_ms < waited <= stream.latency_ms < 250

    @pytest.mark.parametrize("network", ["whole", "local"])
    def test_other_networks_wait_for_a_piece(self, bundles, network, small_pieces):
        stream = sslse.stream(bundles / f"{network}.safetensors", RATE, device="cpu")
        taken = given = waited = 0
        for _ in range(3 * RATE // 80):
            taken += 80
            given += stream.push(np.zeros(80, np.float32)).shape[-1]
            waited = max(waited, 1000 * (taken - given) / RATE)
        assert stream.latency_ms - 5 <= waited <= stream.latency_ms

    def test_the_shipped_sizes(self, whole):
        assert sslse.stream(whole, RATE).latency_ms == 9500

    def test_the_kind_of_the_latest_chunk_is_that_of_the_rest(self, causal):
        stream = sslse.stream(causal, RATE)
        stream.push(noise(5))
        stream.push(torch.tensor(noise(1, 5), dtype=torch.float64))
        rest = stream.finish()
        assert (rest.shape, rest.dtype) == ((1, 10), torch.float64)
        again = stream.finish()
        assert (again.shape, again.dtype) == ((1, 0), torch.float64)

    def test_a_stream_without_sound(self, causal):
        rest = sslse.stream(causal, RATE, 2).finish()
        assert (rest.shape, rest.dtype) == ((2, 0), np.float32)

    def test_a_finished_stream_takes_no_more(self, causal):
        stream = causal.stream(RATE)
        stream.finish()
        message = "^the stream is finished; start another one for more sound$"
        with pytest.raises(DataError, match=message):
            stream.push(noise(5))

    @pytest.mark.parametrize(
        ("channels", "shape"), [(2, (5,)), (2, (1, 5)), (1, (2, 5)), (2, (1, 2, 5))]
    )
    def test_chunks_of_other_channels_are_refused(self, causal, channels, shape):
        message = f"a chunk of shape {shape} in a stream of ({channels}, any number of samples)"
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            causal.stream(RATE, channels).push(noise(*shape))

    def test_a_refused_chunk_is_not_taken(self, causal):
        wave = noise(200)
        stream = causal.stream(RATE)
        given = [stream.push(wave[:100])]
        with pytest.raises(DataError):
            stream.push(np.full(5, np.nan))
        given += [stream.push(wave[100:]), stream.finish()]
        assert far(np.concatenate(given), causal.enhance(wave, RATE)) < NEAR

    @pytest.mark.parametrize("channels", [0, -2, 1.0])
    def test_what_is_no_number_of_channels_is_refused(self, causal, channels):
        message = f"channels: takes a whole number above 0, not {channels!r}"
        with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
            sslse.stream(causal, RATE, channels)

    def test_from_a_file(self, bundles, causal):
        wave = noise(300)
        stream = sslse.stream(bundles / "causal.safetensors", RATE, device="cpu")
        assert far(follow(stream, wave, 0), causal.enhance(wave, RATE)) < NEAR

    def test_a_loaded_model_stays_where_it_is(self, causal):
        message = f"{causal.path}: is loaded already; give device and plugins to sslse.load"
        with pytest.raises(RunError, match=re.escape(message)):
            sslse.stream(causal, RATE, device="cpu")


class TestLoad:
    """Models that are there, and what is said of those that are not."""

    def test_a_file_a_folder_and_a_name(self, bundles, tmp_path, monkeypatch):
        content = (bundles / "causal.safetensors").read_bytes()
        (tmp_path / "model.safetensors").write_bytes(content)
        (tmp_path / "shipped").mkdir()
        (tmp_path / "shipped" / "demo.safetensors").write_bytes(content)
        monkeypatch.setattr(models, "PACKAGED", tmp_path / "shipped")
        wave = noise(300)
        made = [
            sslse.load(one, device="cpu")
            for one in (tmp_path, str(tmp_path / "model.safetensors"), "demo")
        ]
        assert [one.causal for one in made] == [True] * 3
        assert [one.sample_rate for one in made] == [RATE] * 3
        assert made[0].path == tmp_path / "model.safetensors"
        for one in made[1:]:
            assert far(one.enhance(wave, RATE), made[0].enhance(wave, RATE)) == 0
        with pytest.raises(RunError) as caught:
            sslse.load("dem")
        assert str(caught.value) == (
            "dem: no such model; did you mean 'demo'? (possible: a run directory, a bundle, a "
            ".safetensors file or demo)"
        )

    def test_what_is_not_there(self, tmp_path, monkeypatch):
        monkeypatch.setattr(models, "PACKAGED", tmp_path)
        possible = "possible: a run directory, a bundle or a .safetensors file"
        with pytest.raises(RunError) as caught:
            sslse.load(tmp_path / "gone")
        assert str(caught.value) == f"{tmp_path / 'gone'}: no such model ({possible})"
        with pytest.raises(RunError) as caught:
            sslse.load(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: has no model.safetensors: no bundle, and no run that is trained to its "
            f"end; {possible}"
        )

    @pytest.mark.parametrize("kept", [0, 4, 100, 5000, -4])
    def test_a_file_that_ends_too_early(self, bundles, tmp_path, kept):
        path = tmp_path / "cut.safetensors"
        path.write_bytes((bundles / "whole.safetensors").read_bytes()[:kept])
        with pytest.raises(RunError, match=f"^{re.escape(str(path))}: cannot be loaded: "):
            sslse.load(path)

    @pytest.mark.parametrize(
        "metadata",
        [None, {"other": "x"}, {"sslse": "x"}, {"sslse": "[]"}, {"sslse": '{"version": "1"}'}],
    )
    def test_a_file_of_something_else(self, tmp_path, metadata):
        path = tmp_path / "other.safetensors"
        save_file({"x": torch.zeros(3)}, path, metadata=metadata)
        with pytest.raises(RunError) as caught:
            sslse.load(path)
        assert str(caught.value) == (
            f"{path}: has no recipe in it, so that its network cannot be built; possible: a "
            "model.safetensors that 'sslse run' or 'sslse export' has written"
        )

    def test_weights_of_another_network(self, bundles, tmp_path):
        path = tmp_path / "mixed.safetensors"
        recipe = models.load(bundles / "whole.safetensors").recipe
        tensors = load_file(bundles / "whole.safetensors")
        tensors["encoder.mix.bias"] = torch.zeros(3)
        about = {"version": "1", "recipe": text_of(bundles / "whole.safetensors")}
        save_file(tensors, path, metadata={"sslse": json.dumps(about)})
        message = (
            f"{path}: cannot be loaded: Error(s) in loading state_dict for Enhancer: size mismatch "
            "for encoder.mix.bias"
        )
        with pytest.raises(RunError, match=f"^{re.escape(message)}"):
            sslse.load(path)
        assert recipe.encoder.options["dim"] == 8

    def test_components_that_are_not_installed(self, bundles, tmp_path, registry):
        path = tmp_path / "unknown.safetensors"
        text = text_of(bundles / "whole.safetensors")
        text = text.replace("encoder:\n  name: conformer", "encoder:\n  name: conformer2", 1)
        about = {"version": "1", "recipe": text}
        save_file({"x": torch.zeros(3)}, path, metadata={"sslse": json.dumps(about)})
        line = text[: text.index("conformer2")].count("\n") + 1
        with pytest.raises(RecipeError) as caught:
            sslse.load(path)
        assert str(caught.value) == (
            f"{path}: recipe:{line}: encoder: no encoder named 'conformer2'; did you mean "
            f"'conformer'? (possible: {', '.join(registry.names('encoder'))})\n"
            f"{path}: recipe:1: was made with plugins that are not here; install them, give "
            "one-file plugins with --plugin FILE.py (from Python: plugins=)"
        )

    def test_what_only_trained_it_need_not_be_installed(self, bundles, tmp_path):
        path = tmp_path / "trained_elsewhere.safetensors"
        text = text_of(bundles / "whole.safetensors")
        text = text.replace("objective:\n  name: byol", "objective:\n  name: not_here", 1)
        assert "not_here" in text
        about = {"version": "1", "recipe": text}
        tensors = load_file(bundles / "whole.safetensors")
        save_file(tensors, path, metadata={"sslse": json.dumps(about)})
        assert sslse.load(path).enhance(noise(50), RATE).shape == (50,)

    def test_a_device_that_is_not_there(self, bundles):
        path = bundles / "whole.safetensors"
        with pytest.raises(RunError, match="--device gpu: unknown device; possible: auto, cpu"):
            sslse.load(path, device="gpu")
        assert sslse.load(path, device=torch.device("cpu")).sample_rate == RATE

    def test_a_network_of_a_one_file_plugin(self, bundles, tmp_path):
        plugin = tmp_path / "halving.py"
        plugin.write_text(
            "from sslse.decoders import ConformerDecoder\n"
            "from sslse.hooks import hookimpl\n"
            "class Halving(ConformerDecoder):\n"
            "    def forward(self, *inputs):\n"
            "        return 0.5 * super().forward(*inputs)\n"
            "@hookimpl\n"
            "def sslse_components(add):\n"
            "    add('decoder', 'halving', Halving, summary='Half as loud')\n"
        )
        path = tmp_path / "halving.safetensors"
        text = text_of(bundles / "causal.safetensors")
        text = text.replace("decoder:\n  name: conformer", "decoder:\n  name: halving", 1)
        tensors = load_file(bundles / "causal.safetensors")
        about = {"version": "1", "recipe": text}
        save_file(tensors, path, metadata={"sslse": json.dumps(about)})
        with pytest.raises(RecipeError, match="no decoder named 'halving'"):
            sslse.load(path)
        wave = noise(300)
        half = sslse.load(path, device="cpu", plugins=[str(plugin)]).enhance(wave, RATE)
        full = sslse.load(bundles / "causal.safetensors", device="cpu").enhance(wave, RATE)
        assert far(half, 0.5 * full) < NEAR
        stream = sslse.stream(path, RATE, device="cpu", plugins=[plugin])
        assert far(follow(stream, wave, 0), half) < NEAR


def text_of(path):
    """Return the recipe that a bundle holds."""
    return models.read_about(path)[1]


class TestRecipe:
    """Recipes as the command line reads them."""

    def test_a_name_and_a_file(self, tmp_path):
        path = tmp_path / "mine.yaml"
        path.write_text("extends: quickstart\nseed: 3\n")
        assert sslse.load_recipe("quickstart").name == "quickstart"
        assert sslse.load_recipe(path).seed == 3

    def test_sets_as_texts_and_as_a_mapping(self):
        sets = {
            "train.epochs": 2,
            "objective": {"name": "simsiam"},
            "train.learning_rate": 1e-5,
            "evaluate.snr_db": [0, 5.0],
            "train.clip_norm": None,
            "encoder.normalize": False,
            "data.cache": "1e3",
            "preset": "paper",
        }
        texts = (
            "train.epochs=2",
            "objective=simsiam",
            "train.learning_rate=1e-5",
            "evaluate.snr_db=[0, 5.0]",
            "train.clip_norm=null",
            "encoder.normalize=false",
            "data.cache='1e3'",
            "preset=paper",
        )
        recipe = sslse.load_recipe("quickstart", sets=sets)
        assert recipe.plain() == sslse.load_recipe("quickstart", sets=texts).plain()
        assert recipe.encoder.options["dim"] == 128
        assert sslse.load_recipe("quickstart", sets="seed=4").seed == 4

    def test_profiles(self, tmp_path):
        path = tmp_path / "mine.yaml"
        path.write_text("data:\n  noise: {name: demo, content: noise}\n")
        recipe = sslse.load_recipe("quickstart", data=path)
        assert recipe.noise.where == f"{path}:2"
        assert sslse.load_recipe("quickstart", data=["demo", path]) == recipe

    def test_every_fault_is_reported(self):
        with pytest.raises(RecipeError) as caught:
            sslse.load_recipe("quickstart", sets={"train.epoch": 2, "objective.tau": 2})
        assert [(one.where, one.path) for one in caught.value.problems] == [
            ("--set", "train.epoch"),
            ("--set", "objective.tau"),
        ]

    @pytest.mark.parametrize(
        "value", [np.float32(1), Path("x"), object, {"a": {1: {2}, 3: Path()}}]
    )
    def test_values_that_no_recipe_holds(self, value):
        message = "^sets: seed: takes plain values, as a recipe does, not "
        if not isinstance(value, dict):
            message += f"{type(value).__name__}$"
        with pytest.raises(RecipeError, match=message):
            sslse.load_recipe("quickstart", sets={"seed": value})

    def test_one_file_plugins(self, tmp_path):
        with pytest.raises(RegistryError, match="plugin cannot be used: no such file"):
            sslse.load_recipe("quickstart", plugins=[tmp_path / "gone.py"])


@pytest.fixture(scope="module")
def trained(tiny_sets, tiny_cache, tmp_path_factory):
    """Train the tiny recipe from Python."""
    folder = tmp_path_factory.mktemp("runs") / "python"
    sets = [*tiny_sets, "train.epochs=2", f"data.cache={tiny_cache}"]
    recipe = sslse.load_recipe("quickstart", sets=sets)
    said, logged, scored = told = [], [], []
    display = SimpleNamespace(
        say=said.append,
        training=lambda line, steps: logged.append((line["step"], steps)),
        evaluating=lambda done, count: scored.append((done, count)),
    )
    summary = sslse.run_recipe(recipe, str(folder), device="cpu", display=display)
    return SimpleNamespace(recipe=recipe, sets=sets, folder=folder, summary=summary, told=told)


@pytest.fixture(params=["float64", "bfloat16", "meta"])
def other_defaults(request):
    """Change what torch takes where nothing is said, as a caller may."""
    if request.param == "meta":
        torch.set_default_device("meta")
    else:
        torch.set_default_dtype(getattr(torch, request.param))
    before = torch.get_default_dtype(), torch.get_default_device()
    yield
    assert (torch.get_default_dtype(), torch.get_default_device()) == before
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def expected(bundles):
    """Give waves, and what each network makes of them under torch's own defaults."""
    models = {name: sslse.load(bundles / f"{name}.safetensors") for name in NETWORKS}
    waves = noise(2, 3000)
    return waves, {
        name: (one.enhance(waves, 22050), one.encode(waves, RATE)) for name, one in models.items()
    }


class TestDefaults:
    """What a caller has made torch's defaults changes nothing."""

    @pytest.mark.parametrize("name", NETWORKS)
    def test_a_model(self, bundles, expected, other_defaults, name):
        waves, results = expected
        model = sslse.load(bundles / f"{name}.safetensors", device="cpu")
        stream = sslse.stream(model, 22050, 2)
        enhanced, encoded = results[name]
        np.testing.assert_array_equal(model.enhance(waves, 22050), enhanced)
        np.testing.assert_array_equal(model.encode(waves, RATE), encoded)
        pushed = [stream.push(waves), stream.finish()]
        np.testing.assert_array_equal(np.concatenate(pushed, axis=1), enhanced)

    @pytest.mark.training
    @pytest.mark.parametrize("other_defaults", ["float64"], indirect=True)
    def test_a_run(self, trained, other_defaults, tmp_path):
        sslse.run_recipe(trained.recipe, tmp_path / "again", device="cpu")
        for name in ("model.safetensors", "evaluation.csv"):
            written = (tmp_path / "again" / name).read_bytes()
            assert written == (trained.folder / name).read_bytes(), name


class TestRun:
    """A run from Python is the command line's."""

    @pytest.mark.training
    def test_it_equals_the_command_lines(self, trained, tmp_path):
        sets = [part for text in trained.sets for part in ("--set", text)]
        out = ["--out", str(tmp_path / "cli"), "--device", "cpu"]
        ended = CliRunner().invoke(main, ["run", "quickstart", *sets, *out])
        assert ended.exit_code == 0, ended.output
        for name in ("model.safetensors", "recipe.yaml", "evaluation.json", "evaluation.csv"):
            written = (trained.folder / name).read_bytes()
            assert written == (tmp_path / "cli" / name).read_bytes(), name
        assert trained.summary == json.loads((trained.folder / "evaluation.json").read_text())

    def test_its_model_loads(self, trained):
        model = sslse.load(trained.folder)
        assert model.recipe.train.epochs == 2
        assert model.enhance(noise(2, 300), RATE).shape == (2, 300)

    def test_it_is_never_overwritten_but_resumed_in_silence(self, trained, capfd):
        with pytest.raises(RunError, match="exists already and is never overwritten"):
            sslse.run_recipe(trained.recipe, trained.folder)
        torch.set_num_threads(2)
        drawn = torch.random.get_rng_state()
        again = sslse.run_recipe(trained.recipe, trained.folder, device="cpu", resume=True)
        assert again == trained.summary
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.random.get_rng_state(), drawn)
        assert capfd.readouterr() == ("", "")

    def test_a_display_is_told(self, trained):
        said, logged, scored = trained.told
        assert any(line.startswith("parameters: ") for line in said)
        assert logged[-1][0] == logged[-1][1] > 0
        assert scored[-1] == (2, 2)
