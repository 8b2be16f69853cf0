"""A tiny end-to-end training must learn a planted rule, and resume exactly."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training tests need PyTorch")

from train import data, evaluate, mine, shards, trainer
from train.encoder import FrozenEncoder
from train.interaction import Interaction, lexical
from train.tests.conftest import CONFIG, LAYERS, SIZE, planted_rows

ROWS, UNSEEN = 400, 80


def make_shard(folder, rows, tokenizer, weights):
    data.prepare(iter(rows), tokenizer, folder / "corpus")
    corpus = data.Corpus.open(folder / "corpus")
    # no mining: with a handful of documents the neighbours of one are other positives
    shards.build(corpus, FrozenEncoder(CONFIG, weights), {"planted": 1.0}, len(rows), 0, 5, LAYERS,
                 folder / "shard", mined=False)  # fmt: skip
    return shards.Shard(folder / "shard")


@pytest.fixture(scope="module")
def shard(tmp_path_factory, tokenizer, weights):
    return make_shard(tmp_path_factory.mktemp("train"), planted_rows(ROWS, 1), tokenizer, weights)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory, tokenizer, weights):
    return make_shard(tmp_path_factory.mktemp("dev"), planted_rows(UNSEEN, 2), tokenizer, weights)


IDF = np.ones(40, dtype=np.float32)


def new_stage(shard, folder, name="tiny", epochs=8):
    torch.manual_seed(0)
    model = Interaction(CONFIG["hidden_size"], LAYERS, SIZE)
    model.begin(shard, IDF, np.random.default_rng(0))
    plan = trainer.Plan(name, epochs, rate=1e-2, weigh_rate=1e-2, scorer_rate=2e-2)
    folder.mkdir(exist_ok=True)
    return trainer.Stage(model, plan, [shard], IDF, folder)


def accuracy(model, shard, depth):
    """Share of queries whose positive outscores all its negatives."""
    hits = []
    for row, query in enumerate(shard.row_query):
        documents = [shard.positives[row][0], *shard.negatives[row][shard.negatives[row] >= 0]]
        pairs = np.array([(query, d) for d in documents])
        hits.append(evaluate.score_pairs(model.eval(), shard, pairs, IDF)[depth].argmax() == 0)
    return float(np.mean(hits))


def test_every_depth_learns_the_planted_rule(shard, unseen, tmp_path):
    stage = new_stage(shard, tmp_path)
    assert accuracy(stage.model, unseen, "base") < 0.5
    stage.run()
    assert accuracy(stage.model, unseen, "base") > 0.9
    assert accuracy(stage.model, unseen, "turbo") > 0.85
    assert accuracy(stage.model, unseen, "tiny") > 0.6  # one layer of a random encoder


def test_does_not_learn_from_shuffled_positives(unseen, tokenizer, weights, tmp_path):
    rows = planted_rows(ROWS, 1, shuffled=True)
    stage = new_stage(make_shard(tmp_path, rows, tokenizer, weights), tmp_path / "run")
    stage.run()
    assert accuracy(stage.model, unseen, "base") < 0.6


def test_resume_is_exact(shard, tmp_path):
    whole = new_stage(shard, tmp_path / "a", epochs=3)
    losses = [whole.train_visit()["loss"] for _ in range(3)]
    first = new_stage(shard, tmp_path / "b", epochs=3)
    again = [first.train_visit()["loss"]]
    first.save()
    second = new_stage(shard, tmp_path / "b", epochs=3)
    assert second.resume()
    again += [second.train_visit()["loss"] for _ in range(2)]
    assert again == losses
    assert all((a == b).all() for a, b in zip(whole.model.parameters(), second.model.parameters(), strict=True))


def plain_match(model, layer, query, document):
    """The definition, for one pair: weighted mean of the query tokens' best cosines."""
    project = lambda x: torch.nn.functional.normalize(model.project[layer](x), dim=-1)  # noqa: E731
    weight = model.weigh[layer](query).squeeze(-1).softmax(0)
    return (weight * (project(query) @ project(document).T).amax(1)).sum()


@pytest.mark.parametrize("ahead", [False, True])
def test_match_and_its_gradient_are_those_of_the_definition(shard, ahead):
    torch.manual_seed(0)
    model = Interaction(CONFIG["hidden_size"], LAYERS, SIZE)
    seen = model.glance(shard) if ahead else None
    queries, documents = np.array([3, 0, 3, 1]), np.array([2, 5, 0, 2])
    found = model.read(shard, queries, documents, IDF, seen)[:, 3:6]
    grads = []
    wanted = torch.stack([
        torch.stack([
            plain_match(model, i, shard.packed("query", [q], layer).flat, shard.packed("document", [d], layer).flat)
            for i, layer in enumerate(LAYERS)
        ])
        for q, d in zip(queries, documents, strict=True)
    ])  # fmt: skip
    for value in (found, wanted):
        grads.append(torch.autograd.grad(value.square().sum(), [*model.project.parameters()]))
    assert torch.allclose(found, wanted, atol=1e-6)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*grads, strict=True))


def test_lexical_share_counts_distinct_words_and_saturates():
    idf = np.array([0, 1, 2, 4], dtype=np.float32)
    query = np.array([1, 2, 2, 3])
    assert lexical(query, np.array([2, 5, 5]), idf) == pytest.approx(2 / 7)
    assert lexical(query, np.array([2, 2, 3]), idf) == pytest.approx((2 * 2 * 2.2 / 3.2 + 4) / 7)
    assert lexical(query, np.array([], dtype=int), idf) == 0
    assert lexical(np.array([], dtype=int), query, idf) == 0


def test_hardest_negatives_leave_likely_positives_out(shard):
    """A planted scorer: document numbers are their logits, the positive's is 5."""

    class Rows:
        positives = np.array([[5, -1, -1, -1]])
        negatives = np.array([[1, 9, 3, 4, 2, -1]])
        kinds = np.array([[0, 1, 1, 1, 3, 0]])
        row_query = np.array([0])

    score = lambda queries, documents, present: documents.astype(float)  # noqa: E731
    chosen, removed = mine.harden(Rows, score, keep=3)
    assert (chosen[0].tolist(), removed) == ([4, 3, 2, -1, -1, -1], 1)
