"""The reranking service that most people write: FastAPI around a sentence-transformers CrossEncoder.

    python3 scripts/fastapi_reranker.py make FOLDER TOKENIZER    random weights in MiniLM-L6's shape, for both servers
    python3 scripts/fastapi_reranker.py serve FOLDER PORT

Needs fastapi, uvicorn and sentence-transformers (scripts/requirements-bench-server.txt).
"""

import sys


def make(folder, tokenizer):
    """A BERT cross-encoder of six layers of 384 with random weights, and the tokenizer of another model."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    words = AutoTokenizer.from_pretrained(tokenizer)
    config = BertConfig(vocab_size=len(words), hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                        intermediate_size=1536, num_labels=1)  # fmt: skip
    BertForSequenceClassification(config).eval().save_pretrained(folder)
    words.model_max_length = 512
    words.save_pretrained(folder)


def serve(folder, port):
    """POST /v1/rerank: {"query", "documents"} to {"results": [{"index", "relevance_score"}]}."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(folder)
    app = FastAPI()

    class Request(BaseModel):
        query: str
        documents: list[str]

    @app.post("/v1/rerank")
    def rerank(request: Request):
        scores = model.predict([(request.query, document) for document in request.documents])
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return {"results": [{"index": i, "relevance_score": float(scores[i])} for i in order]}

    uvicorn.run(app, port=int(port), log_level="warning")


if __name__ == "__main__":
    {"make": make, "serve": serve}[sys.argv[1]](*sys.argv[2:])
