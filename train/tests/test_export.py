"""4-bit blocks, exported directories, and what is fitted after training."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training tests need PyTorch")

from safetensors.torch import load_file, save_file

from train import calibrate, export, q4, shards
from train.interaction import OPENING, Interaction
from train.tests.conftest import CONFIG, LAYERS, SIZES


def test_calibration_finds_the_slope_that_made_the_labels():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20000, generator=generator) * 3
    drawn = torch.rand(20000, generator=generator)
    relevant = drawn < torch.sigmoid(0.5 * logits - 1)
    slope, offset = calibrate.fit(logits.numpy(), relevant.numpy())
    assert slope == pytest.approx(0.5, abs=0.03)
    assert offset == pytest.approx(-1, abs=0.06)


def test_stopping_early_reads_on_what_may_reach_the_top():
    rng = np.random.default_rng(0)
    base = np.arange(30.0)
    noisy = {"tiny": base + rng.uniform(-2, 2, 30), "turbo": base + rng.uniform(-1, 1, 30), "base": base}
    scores, read = calibrate.stop_early(noisy, {"tiny": 4.0, "turbo": 2.0})
    assert np.argsort(-scores)[:10].tolist() == list(range(29, 19, -1))
    assert read[0] == 30
    assert read[2] <= read[1] < 20
    _, everything = calibrate.stop_early(noisy, {"tiny": 99.0, "turbo": 99.0})
    assert everything == [30, 30, 30]


def test_widened_lists_keep_their_own_pairs_first_and_gain_only_others():
    shard = shards.Shard.__new__(shards.Shard)
    pairs = np.array([(0, 3, 1), (0, 4, 0), (1, 3, 0), (1, 7, 2)])
    shard.arrays = {"pairs": pairs, "window_offsets": np.arange(151)}
    wide = calibrate.widen(shard, np.random.default_rng(0))
    assert (wide.pairs[:4] == pairs).all()
    assert (wide.pairs[4:, 2] == 0).all()
    for query in (0, 1):
        documents = wide.pairs[wide.pairs[:, 0] == query, 1]
        assert len(documents) == len(set(documents)) == calibrate.WIDE
    assert (shard.pairs == pairs).all()


def test_unpack_reads_low_nibbles_first():
    block = torch.zeros(1, 18, dtype=torch.uint8)
    block[0, :2] = torch.tensor([0.5], dtype=torch.float16).view(torch.uint8)
    block[0, 2] = 8 + 3 + (8 - 2) * 16
    values = q4.unpack(block)
    assert values[0, 0] == 1.5
    assert values[0, 16] == -1.0
    assert values[0, 1] == -4.0


@pytest.fixture
def trained():
    """A model whose parts all matter, and an idf table."""
    torch.manual_seed(0)
    model = Interaction(CONFIG["hidden_size"], LAYERS, SIZES).eval()
    with torch.no_grad():
        for scorer in model.scorers.values():
            scorer.mean.normal_()
            scorer.deviation.uniform_(0.5, 2)
            scorer.linear.weight.normal_()
        for reader in model.readers:
            for part in (reader.ask, reader.query_weight, reader.document_weight):
                part.weight.normal_(std=0.2)
    return model, np.linspace(0, 9, 40, dtype=np.float16).astype(np.float32)


@pytest.fixture
def exported(trained, weights, tmp_path):
    start, out = tmp_path / "start", tmp_path / "out"
    start.mkdir()
    save_file(weights, start / "model.safetensors")
    section = {"pooling": "mean", "query_prefix": "query: ", "document_prefix": "passage: ", "calibration": {}}
    (start / "config.json").write_text(json.dumps(CONFIG | {"architectures": ["BertModel"], "podium": section}))
    calibration = {depth: {"scale": 2.0, "bias": -1.0} for depth in ("tiny", "turbo", "base")}
    export.export(*trained, start, out, {"calibration": calibration, "margins": {"tiny": 3.0, "turbo": 2.0}})
    return start, out


def test_export_keeps_the_start_and_reads_back(trained, exported):
    start, out = exported
    assert (out / "model.safetensors").read_bytes() == (start / "model.safetensors").read_bytes()
    assert "interaction.turbo.ask.weight" in load_file(out / "interaction.safetensors")
    depths = json.loads((out / "config.json").read_text())["podium"]["interaction"]["depths"]
    assert [(d["layer"], d["margin"]) for d in depths.values()] == [(1, 3.0), (2, 2.0), (4, 0.0)]
    again, idf = export.load_exported(out)
    assert (idf == trained[1]).all()
    features = torch.randn(50, 9)
    for depth, logits in trained[0](features).items():
        assert torch.allclose(again(features)[depth], logits, atol=1e-5)


def test_the_reference_of_the_goldens_agrees(trained, exported):
    """scripts/reference_interaction.py, written apart, on the exported tensors."""
    pytest.importorskip("transformers", reason="the reference encoder is that of transformers")
    sys.path.append(str(Path(__file__).parents[2] / "scripts"))
    from reference_interaction import Interaction as Reference

    reference = Reference.__new__(Reference)
    held = load_file(exported[1] / export.HEADS)
    reference.tensors = {name.removeprefix("interaction."): tensor.float() for name, tensor in held.items()}
    reference.depths = {"turbo": {"layer": 2}}
    states = {"query": torch.randn(9, 32), "document": torch.randn(14, 32)}
    final = torch.randn(9, 32)
    ids = {kind: torch.randint(0, 40, (len(x),)) for kind, x in states.items()}

    class Pair:
        """What a shard gives, for one query and one document."""

        arrays = {f"{kind}_offsets": np.array([0, len(x)]) for kind, x in states.items()}
        arrays |= {f"{kind}_tokens": x.numpy() for kind, x in ids.items()}
        arrays |= {f"{kind}_vectors": np.ones((1, 32), np.float32) for kind in states}

        def opened(self, kind, layer):
            return (final if (kind, layer) == ("query", 4) else states[kind]).numpy()

    model, idf = trained
    features = torch.randn(9)
    with torch.no_grad():
        read = model.read(Pair(), np.array([0]), np.array([0]), idf)[0, 3:6].tolist()
        wanted = [*read, model(features[None])["base"].item()]
    content = {kind: slice(OPENING[kind], -1) for kind in states}
    found = reference.match(
        "turbo",
        (ids["query"][content["query"]], states["query"][content["query"]], final[content["query"]]),
        (ids["document"][content["document"]], states["document"][content["document"]], None),
    )
    found.append(reference.cosine("turbo", torch.ones(32), states["document"][content["document"]], None))
    found.append(reference.linear("base.linear", features).item())
    assert found == pytest.approx(wanted, abs=3e-3)  # matrices are exported in half precision
