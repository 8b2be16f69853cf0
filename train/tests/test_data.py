"""Reading, cutting, tokenising, drawing and mining rows; finding overlaps."""

import gzip
import json
import sys

import numpy as np
import pytest

from train import check_overlap, data, metrics, mine, mixtures
from train.tests.conftest import planted_rows


def write_rows(folder, rows, name="rows.jsonl.gz"):
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / name, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def row(query="w1 a1", pos=("w2 b1",), neg=(), **other):
    base = {"query": query, "pos": list(pos), "neg": list(neg), "stage": 1}
    return base | {"lang_q": "en", "lang_d": "en", "source": "planted"} | other


def test_blank_and_repeated_texts_are_dropped(tmp_path):
    write_rows(tmp_path, [
        row(neg=["w3", " ", "w3", "w2 b1"]), row(query="  "), row(pos=[" "]), row(query="w9"),
    ])  # fmt: skip
    rows = list(data.read_rows(tmp_path))
    assert [(r["query"], r["neg"]) for r in rows] == [("w1 a1", ["w3"]), ("w9", [])]
    assert [r["line"] for r in rows] == [0, 3]


def test_corpus_round_trip_keeps_texts_once_and_cuts_long_ones(tmp_path, tokenizer):
    long = " ".join(["w5"] * 700)
    rows = [row(pos=["w2", "w3"], neg=["w4"]), row(query="w6", pos=["w3"], neg=[long])]
    write_rows(tmp_path / "train", rows)
    data.prepare(data.read_rows(tmp_path / "train"), tokenizer, tmp_path / "corpus")
    corpus = data.Corpus.open(tmp_path / "corpus")
    assert corpus.documents(0, "pos").tolist() == [0, 1]
    assert corpus.documents(1, "pos").tolist() == [1]
    assert tokenizer.decode(corpus.text("query", 0).tolist()).startswith("<s> que ry : w1 a1")
    cut = corpus.text("document", int(corpus.documents(1, "neg")[0]))
    assert len(cut) == data.document_limit(long)
    assert cut[-1] == 2
    assert corpus.places() == {("rows.jsonl.gz", 0), ("rows.jsonl.gz", 1)}


def test_shards_do_not_overlap_until_a_source_runs_out(tmp_path, tokenizer):
    write_rows(tmp_path, planted_rows(300, 1))
    data.prepare(data.read_rows(tmp_path), tokenizer, tmp_path / "corpus")
    corpus = data.Corpus.open(tmp_path / "corpus")
    drawn = [mixtures.draw(corpus, {"planted": 1.0}, 100, n, 5) for n in range(4)]
    assert len(set(np.concatenate(drawn[:3]))) == 300
    assert set(drawn[3]) == set(drawn[0])
    assert (drawn[1] == mixtures.draw(corpus, {"planted": 1.0}, 100, 1, 5)).all()


def test_bm25_prefers_rare_shared_words():
    texts = [np.array(t) for t in ([1, 2, 3], [1, 4, 5], [1, 6, 6])]
    scores = mine.Bm25(texts).scores(np.array([1, 6]))
    assert scores.argmax() == 2
    assert scores[0] == pytest.approx(scores[1])


def test_metrics_against_hand_computed_values():
    gains = np.array([0, 2, 0, 1])
    assert metrics.ndcg(gains) == pytest.approx((2 / np.log2(3) + 1 / np.log2(5)) / (2 + 1 / np.log2(3)))
    assert metrics.mrr(gains) == 0.5
    assert metrics.recall(gains, 3) == 0.5


def write_development(folder, query, document):
    write_rows(folder, [{"id": "q", "text": query}], "queries.jsonl.gz")
    write_rows(folder, [{"id": "d", "text": document}], "corpus.jsonl.gz")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")


PASSAGE = " ".join(f"word{i}" for i in range(40))


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (row(query="What  IS it"), "query"),
        (row(pos=[PASSAGE.upper()]), "positive"),
        (row(pos=["before " + PASSAGE + " after"]), "near positive"),
        (row(pos=[" ".join(f"word{i}" for i in range(0, 40, 2))]), None),
        (row(), None),
    ],
)
def test_overlap_check_catches_a_planted_duplicate(tmp_path, monkeypatch, capsys, planted, found):
    write_development(tmp_path / "dev" / "set", "what is it", PASSAGE)
    write_rows(tmp_path / "train", [row(query="w7"), planted])
    monkeypatch.setattr(sys, "argv", ["check_overlap", "--raw", "--data", str(tmp_path)])
    assert check_overlap.main() == (1 if found else 0)
    assert (f"/ {found} /" in capsys.readouterr().out) == bool(found)
