"""Late interaction in PyTorch, read from a model directory: the reference that goldens are made with.

The forward of a pair, its features and tensors are described in train/README.md ("The model").
"""

import math
from collections import Counter

import torch
from reference_models import Reference
from safetensors.torch import load_file

DEPTHS = ("tiny", "turbo", "base")
OPENING = 3  # <s> and the two tokens of the prefix


class Interaction:
    """A directory whose head is "late-interaction", ready to answer in float32."""

    def __init__(self, directory):
        self.encoder = Reference(directory)
        self.section = self.encoder.config["podium"]
        self.depths = self.section["interaction"]["depths"]
        tensors = load_file(directory / "interaction.safetensors")
        self.tensors = {name.removeprefix("interaction."): tensor.float() for name, tensor in tensors.items()}

    @torch.inference_mode()
    def read(self, role, text):
        """(token ids, {layer: states [tokens, hidden]}, unit vector, whether it was cut) of a text."""
        encoding = self.encoder.tokenizer.encode(self.section[f"{role}_prefix"] + text)
        ids = torch.tensor([encoding.ids])
        model = self.encoder.model
        states = model(ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
        layers = {depth["layer"]: states[depth["layer"]][0] for depth in self.depths.values()}
        vector = torch.nn.functional.normalize(states[-1][0].mean(dim=0), dim=0)
        return encoding.ids, layers, vector, bool(encoding.overflowing)

    def match(self, depth, query, document):
        """The weighted mean of the query tokens' best cosines, from both sides' states after the depth's layer."""
        get = lambda name: self.tensors[f"{depth}.{name}"]  # noqa: E731
        project = lambda x: torch.nn.functional.normalize(  # noqa: E731
            x @ get("project.weight").T + get("project.bias"), dim=-1
        )
        weight = (query @ get("weigh.weight")[0]).softmax(dim=0)
        best = (project(query) @ project(document).T).max(dim=1).values
        return (weight @ best).item()

    def lexical(self, query, document):
        """The idf-weighted, saturated share of the query's distinct token ids that the document repeats."""
        counts = Counter(document[OPENING:-1])
        idf = {token: self.tensors["idf"][token].item() for token in set(query[OPENING:-1])}
        if not idf:
            return 0.0
        found = sum(weight * counts[token] * 2.2 / (counts[token] + 1.2) for token, weight in idf.items())
        return found / max(sum(idf.values()), 1e-6)

    def head(self, depth, features):
        """The depth's logit of its features."""
        get = lambda name: self.tensors[f"{depth}.{name}"]  # noqa: E731
        x = torch.tensor(features)
        inner = torch.nn.functional.gelu(get("up.weight") @ x + get("up.bias"))
        return (get("linear.weight") @ x + get("linear.bias") + get("down.weight") @ inner).item()

    def score(self, query, document):
        """{depth: logit} and, for looking closer, the features of base, of one pair."""
        asked_ids, asked, asked_vector, _ = self.read("query", query)
        ids, states, vector, cut = self.read("document", document)
        features = [self.lexical(asked_ids, ids), math.log(len(asked_ids)), math.log(len(ids))]
        logits = {}
        for depth in DEPTHS:
            layer = self.depths[depth]["layer"]
            features.append(self.match(depth, asked[layer], states[layer]))
            if depth == "base":
                features.append((asked_vector @ vector).item())
            logits[depth] = self.head(depth, features)
        return {"document_ids": ids, "truncated": cut, "features": features, "logits": logits}

    def probability(self, depth, logit):
        """The calibrated score of a logit."""
        calibration = self.depths[depth]["calibration"]
        return 1 / (1 + math.exp(-(calibration["scale"] * logit + calibration["bias"])))
