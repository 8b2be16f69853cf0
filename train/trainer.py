"""One stage of training: steps, learning rate, checkpoints, exact resume."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from train import batches, loss, mine
from train.interaction import Interaction
from train.shards import Shard

SAVE_SECONDS = 60
RIDGE = 0.05  # on the scorers' weights: features that say the same share a weight


@dataclass
class Plan:
    """What a stage trains on and how fast it learns."""

    name: str
    epochs: int = 1  # how often each shard is met
    groups: int = 16  # queries of a step
    negatives: int = 5  # drawn for each query of a step
    rate: float = 5e-5  # of the projections, at its peak
    scorer_rate: float = 1e-3
    seed: int = 1
    weights: loss.Weights = field(default_factory=loss.Weights)


def group_logits(model: Interaction, shard: Shard, queries, documents, present, idf):
    """Logits by depth, [groups, size] each, of the groups that batches.sample drew."""
    groups, places = np.nonzero(present)
    features = model.read(shard, queries[groups], documents[groups, places], idf)
    at = torch.from_numpy(groups), torch.from_numpy(places)
    return {depth: torch.zeros(present.shape).index_put(at, v) for depth, v in model(features).items()}


def fit_scorers(model: Interaction, shards: list[Shard], idf: np.ndarray, rows: int = 100):
    """Fit the scorers alone on some rows of each shard, against negatives that words alone find, as
    a first stage does, and random ones: e5's own neighbours would teach that its cosine is little worth."""
    drawn, features = [], []
    for number, shard in enumerate(shards):
        chosen = np.random.default_rng([5, number]).permutation(len(shard.row_query))[:rows]
        documents = np.concatenate([shard.positives[chosen, :1], shard.negatives[chosen]], 1)
        present = (documents >= 0) & (np.pad(shard.kinds[chosen], ((0, 0), (1, 0))) != mine.KINDS["vector"])
        groups, places = np.nonzero(present)
        with torch.no_grad():
            features.append(model.read(shard, shard.row_query[chosen][groups], documents[groups, places], idf))
        drawn.append(present)
    present, features = np.concatenate(drawn), torch.cat(features)
    at = tuple(map(torch.from_numpy, np.nonzero(present)))
    for scorer in model.scorers.values():
        count = len(scorer.mean)
        scorer.mean.copy_(features[:, :count].mean(0))
        scorer.deviation.copy_(features[:, :count].std(0).clamp(min=1e-3))
    parameters = [p for scorer in model.scorers.values() for p in scorer.linear.parameters()]
    optimizer, mask = torch.optim.Adam(parameters, lr=0.05), torch.from_numpy(present)
    for _ in range(300):
        optimizer.zero_grad()
        logits = {d: torch.zeros(mask.shape).index_put(at, v) for d, v in model(features).items()}
        (loss.total(logits, mask, loss.Weights(distil=0.0)) + RIDGE * spread(model)).backward()
        optimizer.step()
        keep_rising(model)


def spread(model: Interaction) -> torch.Tensor:
    """The sum of the scorers' squared weights, of features of unit deviation."""
    return sum(scorer.linear.weight.square().sum() for scorer in model.scorers.values())


@torch.no_grad()
def keep_rising(model: Interaction) -> None:
    """No weight of a scorer below zero: a better match never lowers a score. Free weights would
    learn from negatives that share the query's words that sharing words is bad."""
    for scorer in model.scorers.values():
        scorer.linear.weight.clamp_(min=0)


def make_optimizer(model: Interaction, plan: Plan) -> torch.optim.Optimizer:
    """Adam. The last layer's states, made to be compared by cosine, learn a tenth as fast: faster,
    they take on the training sources' ways at the cost of other texts."""
    *lower, last = ([p for p in reader.parameters() if p.requires_grad] for reader in model.readers)
    parts = [(plan.rate, sum(lower, [])), (0.1 * plan.rate, last), (plan.scorer_rate, model.scorers.parameters())]
    settings = [{"params": parameters, "lr": rate, "peak": rate} for rate, parameters in parts]
    return torch.optim.Adam(settings, betas=(0.9, 0.98))


def rate_factor(progress: float) -> float:
    """Share of the peak rate at `progress` in [0, 1]: warm-up over 5 %, then linear to 5 %."""
    return min(progress / 0.05, 1.0) * (1.0 - 0.95 * progress)


def save_atomically(value: dict, path: Path) -> None:
    """torch.save that never leaves half a file under `path`."""
    part = path.with_suffix(".part")
    torch.save(value, part)
    part.replace(path)


class Stage:
    """A stage in progress: in each epoch a visit to every shard; a visit is a function of the
    weights and the optimizer's state before it, which are what a checkpoint keeps."""

    def __init__(self, model: Interaction, plan: Plan, shards: list[Shard], idf: np.ndarray, folder: Path):
        self.model, self.plan, self.shards, self.idf = model, plan, shards, idf
        self.progress_file = folder / f"{plan.name}.progress.pt"
        self.log_file = folder / "log.jsonl"
        self.optimizer = make_optimizer(model, plan)
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        self.visits = []  # (shard number, row numbers [steps, groups]), in order
        for epoch in range(plan.epochs):
            for number in np.random.default_rng([plan.seed, epoch]).permutation(len(shards)):
                rows = len(shards[number].row_query)
                order = batches.order(rows, plan.groups, plan.seed, epoch * len(shards) + number)
                self.visits.append((number, order))
        self.steps = sum(len(order) for _, order in self.visits)
        self.visit, self.done, self.seconds = 0, 0, 0.0

    def resume(self) -> bool:
        """Continue from the last checkpoint of this stage, if there is one."""
        if not self.progress_file.exists():
            return False
        saved = torch.load(self.progress_file, weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average = saved["average"]
        self.visit, self.done, self.seconds = saved["place"]
        return True

    def save(self) -> None:
        """Write the checkpoint that resume() reads."""
        saved = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "average": self.average}
        save_atomically(saved | {"place": (self.visit, self.done, self.seconds)}, self.progress_file)

    def train_step(self, shard: Shard, rows: np.ndarray) -> dict:
        """One optimizer step; returns its loss and how often each depth ranks the positive top."""
        rng = np.random.default_rng([self.plan.seed, self.done])
        queries, documents, present = batches.sample(shard, rows, rng, self.plan.negatives)
        factor = rate_factor((self.done + 1) / self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        logits = group_logits(self.model, shard, queries, documents, present, self.idf)
        mask = torch.from_numpy(present)
        value = loss.total(logits, mask, self.plan.weights) + RIDGE * spread(self.model)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        keep_rising(self.model)
        self.done += 1
        share = 1 / max(1, self.done - self.steps // 2)  # the mean over the second half
        for name, tensor in self.model.state_dict().items():
            self.average[name].lerp_(tensor, share)
        top = {
            depth: (v.detach().masked_fill(~mask, -1e4).argmax(-1) == 0).float().mean().item()
            for depth, v in logits.items()
        }
        return {"loss": value.item(), **top}

    def train_visit(self) -> dict:
        """All steps of the next visit; returns and logs their mean."""
        started = time.process_time()
        number, order = self.visits[self.visit]
        found = [self.train_step(self.shards[number], rows) for rows in order]
        self.visit += 1
        self.seconds += time.process_time() - started
        line = {k: round(float(np.mean([f[k] for f in found])), 4) for k in found[0]}
        line |= {"stage": self.plan.name, "step": self.done, "of": self.steps}
        line |= {"shard": self.shards[number].folder.name, "processor_seconds": round(self.seconds)}
        with self.log_file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        return line

    def run(self) -> None:
        """Train until the stage ends, saving now and then; the model ends as the mean of its states
        over the second half."""
        saved_at = time.monotonic()
        while self.visit < len(self.visits):
            self.train_visit()
            if time.monotonic() - saved_at > SAVE_SECONDS:
                self.save()
                saved_at = time.monotonic()
        self.model.load_state_dict(self.average)
