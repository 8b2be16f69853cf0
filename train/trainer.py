"""One stage of training: steps, learning rate, checkpoints, exact resume."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from train import batches, loss
from train.interaction import Interaction
from train.shards import Shard

SAVE_SECONDS = 60


@dataclass
class Plan:
    """What a stage trains on and how fast it learns."""

    name: str
    epochs: int = 4  # how often each shard is met
    groups: int = 16  # queries of a step
    negatives: int = 8  # drawn for each query of a step
    rate: float = 3e-4  # of the projections, at its peak
    weigh_rate: float = 1e-4
    scorer_rate: float = 5e-3  # of their linear part
    inner_rate: float = 0.0  # of their inner units: learned freely they fit the training sources
    seed: int = 1
    weights: loss.Weights = field(default_factory=loss.Weights)


def group_logits(model: Interaction, shard: Shard, queries, documents, present, idf, seen=None):
    """Logits by depth, [groups, size] each, of the groups that batches.sample drew."""
    groups, places = np.nonzero(present)
    features = model.read(shard, queries[groups], documents[groups, places], idf, seen)
    at = torch.from_numpy(groups), torch.from_numpy(places)
    return {depth: torch.zeros(present.shape).index_put(at, v) for depth, v in model(features).items()}


def make_optimizer(model: Interaction, plan: Plan) -> torch.optim.Optimizer:
    """Adam; each part of the model has its own rate."""
    scorers = model.scorers.values()
    parts = [
        (plan.rate, model.project.parameters()),
        (plan.weigh_rate, model.weigh.parameters()),
        (plan.scorer_rate, [p for scorer in scorers for p in scorer.linear.parameters()]),
        (plan.inner_rate, [p for scorer in scorers for p in (*scorer.up.parameters(), scorer.down.weight)]),
    ]
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
        self.visit, self.done, self.seconds = saved["place"]
        return True

    def save(self) -> None:
        """Write the checkpoint that resume() reads."""
        saved = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        save_atomically(saved | {"place": (self.visit, self.done, self.seconds)}, self.progress_file)

    def train_step(self, shard: Shard, rows: np.ndarray, seen: list[torch.Tensor]) -> dict:
        """One optimizer step; returns its loss and how often each depth ranks the positive top."""
        rng = np.random.default_rng([self.plan.seed, self.done])
        queries, documents, present = batches.sample(shard, rows, rng, self.plan.negatives)
        factor = rate_factor((self.done + 1) / self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        logits = group_logits(self.model, shard, queries, documents, present, self.idf, seen)
        mask = torch.from_numpy(present)
        value = loss.total(logits, mask, self.plan.weights)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.done += 1
        top = {
            depth: (v.detach().masked_fill(~mask, -1e4).argmax(-1) == 0).float().mean().item()
            for depth, v in logits.items()
        }
        return {"loss": value.item(), **top}

    def train_visit(self) -> dict:
        """All steps of the next visit; returns and logs their mean."""
        started = time.process_time()
        number, order = self.visits[self.visit]
        seen = self.model.glance(self.shards[number])
        found = [self.train_step(self.shards[number], rows, seen) for rows in order]
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
        """Train until the stage ends, saving now and then."""
        saved_at = time.monotonic()
        while self.visit < len(self.visits):
            self.train_visit()
            if time.monotonic() - saved_at > SAVE_SECONDS:
                self.save()
                saved_at = time.monotonic()
