"""Late interaction in PyTorch, read from a model directory: the reference that goldens are made with.

The forward of a pair, its features and tensors are described in train/README.md ("The model").
"""

import torch
from reference_models import Reference
from safetensors.torch import load_file
from torch.nn.functional import normalize

DEPTHS = ("tiny", "turbo", "base")


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
        """(token ids, [states [tokens, hidden] after each layer], unit vector, whether it was cut) of a text."""
        encoding = self.encoder.tokenizer.encode(self.section[f"{role}_prefix"] + text)
        ids = torch.tensor([encoding.ids])
        model = self.encoder.model
        states = model(ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
        states = [layer[0] for layer in states]
        return encoding.ids, states, normalize(states[-1].mean(dim=0), dim=0), bool(encoding.overflowing)

    def linear(self, name, x):
        """x [..., in] through the layer `name`, with its bias if it has one."""
        bias = self.tensors.get(f"{name}.bias")
        return torch.nn.functional.linear(x, self.tensors[f"{name}.weight"], bias)

    def weights(self, name, ids, states):
        """How much each content token counts: its rarity times a learned factor."""
        return self.tensors["idf"][ids] * self.linear(name, states)[:, 0].exp()

    def match(self, depth, query, document):
        """[forward, reverse] of (ids, states after the depth's layer, final states), content tokens alone."""
        ids, states, final = query
        asked = self.linear(f"{depth}.query", states)
        if f"{depth}.ask.weight" in self.tensors:
            asked = asked + self.linear(f"{depth}.ask", final)
        wanted = self.weights(f"{depth}.query_weight", ids, final)
        ids, states, _ = document
        seen = normalize(self.linear(f"{depth}.document", states), dim=-1)
        scale = seen.abs().amax(dim=1, keepdim=True) / 127  # as int8 with a scale for each token holds it
        seen = (seen / scale).round() * scale
        offered = self.weights(f"{depth}.document_weight", ids, states)
        if len(asked) == 0 or len(seen) == 0:
            return [0.0, 0.0]
        similar = normalize(asked, dim=-1) @ seen.T
        forward = wanted @ similar.amax(dim=1) / wanted.sum()
        reverse = offered @ similar.amax(dim=0) / offered.sum()
        return [forward.item(), reverse.item()]

    def cosine(self, depth, query_vector, states, vector):
        """The query's vector against the document's: mapped from its mean state, or its own at the last layer."""
        if f"{depth}.vector.weight" in self.tensors:
            mean = states.mean(dim=0) if len(states) else states.new_zeros(states.shape[1])
            vector = normalize(self.linear(f"{depth}.vector", mean), dim=0)
        return (query_vector @ vector).item()

    @torch.inference_mode()
    def compare(self, query, document):
        """(features of base, {depth: logit}) of a query and a document that read() gave."""
        features, logits = [], {}
        for depth in DEPTHS:
            layer = self.depths[depth]["layer"]
            sides = []
            for role, (tokens, read, *_) in (("query", query), ("document", document)):
                content = slice(self.section["interaction"]["opening"][role], -1)
                sides.append((torch.tensor(tokens[content], dtype=torch.long), read[layer][content], read[-1][content]))
            features += self.match(depth, *sides)
            features.append(self.cosine(depth, query[2], sides[1][1], document[2]))
            logits[depth] = self.linear(f"{depth}.linear", torch.tensor(features)).item()
        return features, logits

    def score(self, query, document):
        """{depth: logit} and, for looking closer, the features of base, of one pair."""
        document = self.read("document", document)
        features, logits = self.compare(self.read("query", query), document)
        return {"document_ids": document[0], "truncated": document[3], "features": features, "logits": logits}

    def scores(self, query, documents):
        """[{depth: calibrated logit}] by document: the score's logit, as Podium prints it."""
        query = self.read("query", query)
        found = [self.compare(query, self.read("document", document))[1] for document in documents]
        return [{depth: self.calibrated(depth, logit) for depth, logit in logits.items()} for logits in found]

    def calibrated(self, depth, logit):
        """scale * logit + bias of a depth."""
        calibration = self.depths[depth]["calibration"]
        return calibration["scale"] * logit + calibration["bias"]
