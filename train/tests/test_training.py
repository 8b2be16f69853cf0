"""A tiny end-to-end training must learn a planted rule, and resume exactly."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training tests need PyTorch")

from train import data, evaluate, mine, shards, trainer
from train.encoder import FrozenEncoder
from train.interaction import OPENING, Interaction, rounded
from train.tests.conftest import CONFIG, LAYERS, SIZES, planted_rows

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
    model = Interaction(CONFIG["hidden_size"], LAYERS, SIZES)
    model.begin([shard], IDF)
    trainer.fit_scorers(model, [shard], IDF)
    plan = trainer.Plan(name, epochs, rate=1e-2, scorer_rate=2e-2)
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
    assert all((scorer.linear.weight >= 0).all() for scorer in stage.model.scorers.values())


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


def plain_features(model, number, layer, shard, q, d):
    """The definition, for one pair and layer: forward match, reverse match, cosine."""
    reader = model.readers[number]
    sides = []
    for kind, text in (("query", q), ("document", d)):
        content = slice(OPENING[kind], -1)
        states = [shard.packed(kind, [text], at).flat[content] for at in (layer, LAYERS[-1])]
        sides.append((*states, torch.from_numpy(IDF[shard.tokens(kind, text)[content]])))
    (x, final, wanted), (y, _, offered) = sides
    normalize = torch.nn.functional.normalize
    similar = normalize(reader.query(x) + reader.ask(final), dim=-1) @ normalize(reader.document(y), dim=-1).T
    wanted = wanted * reader.query_weight(final)[:, 0].exp()
    offered = offered * reader.document_weight(y)[:, 0].exp()
    vector = torch.from_numpy(shard.document_vectors[d])
    if layer != LAYERS[-1]:
        vector = normalize(reader.vector(y.mean(0)), dim=0)
    return [
        wanted @ similar.amax(1) / wanted.sum(),
        offered @ similar.amax(0) / offered.sum(),
        vector @ torch.from_numpy(shard.query_vectors[q]),
    ]


def test_features_and_their_gradients_are_those_of_the_definition(shard):
    torch.manual_seed(0)
    model = Interaction(CONFIG["hidden_size"], LAYERS, SIZES)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    queries, documents = np.array([3, 0, 3, 1]), np.array([2, 5, 0, 2])
    found = model.read(shard, queries, documents, IDF)
    wanted = torch.stack([
        torch.stack(sum([plain_features(model, i, layer, shard, q, d) for i, layer in enumerate(LAYERS)], []))
        for q, d in zip(queries, documents, strict=True)
    ])  # fmt: skip
    assert torch.allclose(found, wanted, atol=1e-6)
    parts = [reader.document.weight for reader in model.readers] + [
        reader.query_weight.weight for reader in model.readers
    ]
    grads = [torch.autograd.grad(value.square().sum(), parts) for value in (found, wanted)]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*grads, strict=True))


def test_texts_without_content_match_nothing(shard):
    class Empty:
        arrays = shard.arrays | {"document_offsets": np.array([0, 4, *shard.document_offsets[2:]])}
        opened = shard.opened

    model = Interaction(CONFIG["hidden_size"], LAYERS, SIZES)
    with torch.no_grad():
        found = model.read(Empty, np.array([1, 1]), np.array([0, 3]), IDF)
    assert (found[0, [0, 1, 3, 4, 6, 7]] == 0).all()
    assert found.isfinite().all()


def test_rounded_vectors_keep_their_direction():
    vectors = torch.nn.functional.normalize(torch.randn(50, 128), dim=-1)
    held = rounded(vectors)
    steps = held * 127 / vectors.abs().amax(-1, keepdim=True)
    assert torch.allclose(steps, steps.round(), atol=1e-3)
    assert (held - vectors).abs().max() <= vectors.abs().max() / 254 + 1e-6


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
