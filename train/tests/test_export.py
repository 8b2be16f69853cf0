"""4-bit blocks and exported directories."""

import json

import pytest

torch = pytest.importorskip("torch", reason="training tests need PyTorch")

from safetensors.torch import load_file, save_file

from train import calibrate, export, q4
from train.model import Joint, Shape
from train.tests.conftest import CONFIG


def test_calibration_finds_the_slope_that_made_the_labels():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20000, generator=generator) * 3
    drawn = torch.rand(20000, generator=generator)
    relevant = drawn < torch.sigmoid(0.5 * logits - 1)
    slope, offset = calibrate.fit(logits.numpy(), relevant.numpy())
    assert slope == pytest.approx(0.5, abs=0.03)
    assert offset == pytest.approx(-1, abs=0.06)


def test_unpack_reads_low_nibbles_first():
    block = torch.zeros(1, 18, dtype=torch.uint8)
    block[0, :2] = torch.tensor([0.5], dtype=torch.float16).view(torch.uint8)
    block[0, 2] = 8 + 3 + (8 - 2) * 16
    values = q4.unpack(block)
    assert values[0, 0] == 1.5
    assert values[0, 16] == -1.0
    assert values[0, 1] == -4.0


def test_pack_is_exact_on_values_that_fit_and_close_elsewhere():
    torch.manual_seed(0)
    blocks = q4.pack(torch.randn(8, 64))
    again = q4.unpack(q4.pack(q4.unpack(blocks)))
    assert torch.equal(again, q4.unpack(blocks))
    values = torch.randn(64, 96)
    error = (q4.unpack(q4.pack(values)) - values).square().mean().sqrt()
    assert error < 0.12


@pytest.mark.parametrize(("precision", "bound"), [("bf16", 0.01), ("q4_0", 0.2)])
def test_export_keeps_the_start_and_reads_back(weights, tmp_path, precision, bound):
    start, out = tmp_path / "start", tmp_path / "out"
    start.mkdir()
    matrices = {k: q4.pack(v) for k, v in weights.items() if k.endswith(("query.weight",))}
    matrices["embeddings.word_embeddings.weight"] = q4.pack(weights["embeddings.word_embeddings.weight"])
    save_file(weights | matrices, start / "model.safetensors")
    (start / "config.json").write_text(json.dumps(CONFIG))
    torch.manual_seed(0)
    joint = Joint(CONFIG, weights, Shape("residual", 2, 3))
    torch.nn.init.normal_(joint.base.head.weight)
    export.export(joint, start, out, precision)
    before, after = load_file(start / "model.safetensors"), load_file(out / "model.safetensors")
    assert all(torch.equal(after[name], value) for name, value in before.items())
    again = export.load_exported(out)
    x, lengths = torch.randn(3, 7, 32), torch.tensor([7, 5, 6])
    cosine = torch.tensor([0.8, 0.9, 0.85])
    with torch.no_grad():
        wanted = joint.run(x, lengths, lengths - 2, cosine)
        found = again.run(x, lengths, lengths - 2, cosine)
    for depth, logit in wanted.items():
        assert (found[depth] - logit).abs().max() < bound * 10
