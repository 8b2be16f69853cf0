"""A tiny end-to-end training must learn a planted rule, and resume exactly."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training tests need PyTorch")

from train import data, evaluate, shards, trainer
from train.model import VARIANTS, FrozenEncoder, Joint, Shape
from train.tests.conftest import CONFIG, planted_rows

ROWS, UNSEEN = 1000, 80


def make_shard(folder, rows, tokenizer, weights):
    data.prepare(iter(rows), tokenizer, folder / "corpus")
    corpus = data.Corpus.open(folder / "corpus")
    frozen = FrozenEncoder(CONFIG, weights)
    # no mining: with a handful of documents the neighbours of one are other positives
    shards.build(corpus, frozen, {"planted": 1.0}, len(rows), 0, 5, (2, 3), folder / "shard",
                 mined=False)  # fmt: skip
    return folder / "shard"


@pytest.fixture(scope="module")
def shard(tmp_path_factory, tokenizer, weights):
    return make_shard(tmp_path_factory.mktemp("train"), planted_rows(ROWS, 1), tokenizer, weights)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory, tokenizer, weights):
    rows = planted_rows(UNSEEN, 2)
    return shards.Shard(make_shard(tmp_path_factory.mktemp("dev"), rows, tokenizer, weights))


def new_stage(shard, weights, folder, variant="residual"):
    joint = Joint(CONFIG, weights, Shape(variant, 2, 3))
    plan = trainer.Plan("tiny", 5, groups=16, rate=4e-3, head_rate=1e-2)
    return trainer.Stage(joint, plan, lambda number: shard, folder)


def accuracy(joint, shard, depth):
    """Share of queries whose positive outscores all its negatives."""
    hits = []
    for row, query in enumerate(shard.row_query):
        documents = [shard.positives[row][0], *shard.negatives[row][shard.negatives[row] >= 0]]
        pairs = np.array([(query, d) for d in documents])
        hits.append(evaluate.score_pairs(joint.eval(), shard, pairs)[depth].argmax() == 0)
    return float(np.mean(hits))


def test_learns_the_planted_rule(shard, unseen, weights, tmp_path):
    stage = new_stage(shard, weights, tmp_path)
    assert accuracy(stage.joint, unseen, "base") < 0.5
    assert stage.run()
    assert accuracy(stage.joint, unseen, "base") > 0.9
    assert accuracy(stage.joint, unseen, "tiny") < 0.5


def test_does_not_learn_from_shuffled_positives(unseen, tokenizer, weights, tmp_path):
    rows = planted_rows(ROWS, 1, shuffled=True)
    stage = new_stage(make_shard(tmp_path, rows, tokenizer, weights), weights, tmp_path)
    stage.run(max_steps=100)
    assert accuracy(stage.joint, unseen, "base") < 0.6


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_takes_a_step(shard, weights, tmp_path, variant, precision):
    join = 0 if variant == "plain" else 2
    joint = Joint(CONFIG, weights, Shape(variant, join, 3))
    embed = FrozenEncoder(CONFIG, weights, 0).embeddings if variant == "plain" else None
    plan = trainer.Plan("tiny", 1, rate=1e-2, precision=precision)
    stage = trainer.Stage(joint, plan, lambda number: shard, tmp_path, embed)
    before = [p.clone() for p in joint.layers.parameters()]
    stage.train_step()
    assert np.isfinite(stage.train_step()["loss"])
    assert any((a != b).any() for a, b in zip(before, joint.layers.parameters(), strict=True))


@pytest.mark.parametrize("stop", [3, ROWS // 16])
def test_resume_is_exact(shard, weights, tmp_path, stop):
    whole = new_stage(shard, weights, tmp_path / "a")
    losses = [whole.train_step()["loss"] for _ in range(stop + 3)]
    (tmp_path / "b").mkdir()
    first = new_stage(shard, weights, tmp_path / "b")
    again = [first.train_step()["loss"] for _ in range(stop)]
    first.save()
    second = new_stage(shard, weights, tmp_path / "b")
    assert second.resume()
    again += [second.train_step()["loss"] for _ in range(3)]
    assert again == losses


@pytest.mark.parametrize("variant", ["residual", "mixed", "oneway"])
def test_starts_at_the_bi_encoder(shard, weights, variant):
    opened = shards.Shard(shard)
    joint = Joint(CONFIG, weights, Shape(variant, 2, 3)).eval()
    scored = evaluate.score_pairs(joint, opened, np.array([[0, 1], [2, 3], [1, 1]]))
    np.testing.assert_array_equal(scored["base"], scored["tiny"])
