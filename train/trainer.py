"""One stage of training: steps, learning rate, checkpoints, exact resume."""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from train import batches, loss
from train.model import Joint, Packed
from train.shards import Shard

SAVE_SECONDS = 180
LOG_STEPS = 20


@dataclass
class Plan:
    """What a stage trains on and how fast it learns."""

    name: str
    shards: int  # how many; each is met once
    groups: int = 8
    negatives: int = 4  # drawn for each query of a step
    rate: float = 1e-4
    head_rate: float = 1e-3
    precision: str = "fp32"  # of the products; bf16 keeps fp32 master weights
    seed: int = 1
    minutes: float | None = None  # stop after so much processor time, not at the last step
    weights: loss.Weights = field(default_factory=loss.Weights)


def group_logits(joint: Joint, shard: Shard, queries, documents, present, embed=None):
    """Logits by depth, [groups, size] each, of the groups that batches.sample drew."""
    groups, places = np.nonzero(present)
    query_ids, query_at = np.unique(queries, return_inverse=True)
    document_ids, document_at = np.unique(documents[present], return_inverse=True)
    pairs = np.stack([query_at[groups], document_at], axis=1)
    query_vectors = torch.from_numpy(shard.query_vectors[queries])
    vectors = torch.from_numpy(shard.document_vectors[documents])
    cosine = torch.einsum("gh,gsh->gs", query_vectors, vectors)[groups, places]
    texts = load_texts(joint, shard, query_ids, document_ids, embed)
    scored = joint.score(*texts, pairs, cosine, embed)
    result = {}
    for depth, values in scored.items():
        result[depth] = torch.zeros(present.shape).index_put(
            (torch.from_numpy(groups), torch.from_numpy(places)), values
        )
    return result


def load_texts(joint: Joint, shard: Shard, queries, documents, embed=None):
    """What joint.score reads of some of a shard's queries and documents."""
    if embed is not None:
        return packed_ids(shard, queries, documents)
    query = shard.packed("query", queries, joint.shape.join)
    document = shard.packed("document", documents, joint.shape.join)
    if joint.shape.variant == "oneway":
        later = shard.packed("document", documents, joint.shape.middle)
        document.flat = torch.cat([document.flat, later.flat], dim=1)
    return query, document


def packed_ids(shard: Shard, queries: np.ndarray, documents: np.ndarray) -> tuple[Packed, Packed]:
    """Token ids for the plain variant: <s> query </s> and </s> document </s>."""
    both = []
    for kind, numbers in (("query", queries), ("document", documents)):
        texts = [shard.tokens(kind, i).astype(np.int64) for i in numbers]
        if kind == "document":
            for text in texts:
                text[0] = 2
        sizes = np.cumsum([0, *map(len, texts)])
        both.append(Packed(torch.from_numpy(np.concatenate(texts)), sizes))
    return both[0], both[1]


def make_optimizer(joint: Joint, plan: Plan) -> torch.optim.Optimizer:
    """AdamW; weight matrices decay, norms, biases and scorers do not; heads learn faster."""
    groups = {"matrix": [], "vector": [], "head": []}
    for name, parameter in joint.named_parameters():
        kind = (
            "head" if not name.startswith("layers.") else ("matrix", "vector")[parameter.ndim < 2]
        )
        groups[kind].append(parameter)
    settings = [
        {"params": groups["matrix"], "weight_decay": 0.01, "peak": plan.rate},
        {"params": groups["vector"], "weight_decay": 0.0, "peak": plan.rate},
        {"params": groups["head"], "weight_decay": 0.0, "peak": plan.head_rate},
    ]
    return torch.optim.AdamW(settings, lr=plan.rate, betas=(0.9, 0.98))


def rate_factor(progress: float) -> float:
    """Share of the peak rate at `progress` in [0, 1]: warm-up over 5 %, then linear to 5 %."""
    return min(progress / 0.05, 1.0) * (1.0 - 0.95 * progress) if progress < 1 else 0.05


def save_atomically(value: dict, path: Path) -> None:
    """torch.save that never leaves half a file under `path`."""
    part = path.with_suffix(".part")
    torch.save(value, part)
    part.replace(path)


class Working:
    """The copy of a model that forward and backward run on: itself (fp32), or one whose layers
    are bfloat16 while the model keeps the fp32 weights that the optimizer moves."""

    def __init__(self, joint: Joint, precision: str):
        self.master = self.copy = joint
        if precision == "bf16":
            self.copy = copy.deepcopy(joint)
            self.copy.layers.to(torch.bfloat16)

    @torch.no_grad()
    def gather_gradients(self) -> None:
        """Move the copy's gradients to the master."""
        if self.copy is self.master:
            return
        for master, working in zip(self.master.parameters(), self.copy.parameters(), strict=True):
            master.grad = None if working.grad is None else working.grad.float()
            working.grad = None

    @torch.no_grad()
    def refresh(self) -> None:
        """Set the copy's weights to the master's."""
        if self.copy is self.master:
            return
        for master, working in zip(self.master.parameters(), self.copy.parameters(), strict=True):
            working.copy_(master)


class Stage:
    """A stage in progress: one shard after the other, each step a function of where it stands.

    `shard_folder(number)` returns the folder of a shard, building it if need be.
    """

    def __init__(
        self,
        joint: Joint,
        plan: Plan,
        shard_folder: Callable[[int], Path],
        folder: Path,
        embed: torch.nn.Module | None = None,
    ):
        self.joint, self.plan, self.embed = joint, plan, embed
        self.working = Working(joint, plan.precision)
        self.shard_folder = shard_folder
        self.progress_file = folder / f"{plan.name}.progress.pt"
        self.log_file = folder / "log.jsonl"
        self.optimizer = make_optimizer(joint, plan)
        self.shard_number, self.step, self.steps_done, self.seconds = 0, 0, 0, 0.0
        self.shard: Shard | None = None
        self.order = np.zeros((0, plan.groups), dtype=np.int64)
        self.recent: list[dict] = []

    def resume(self) -> bool:
        """Continue from the last checkpoint of this stage, if there is one."""
        if not self.progress_file.exists():
            return False
        saved = torch.load(self.progress_file, weights_only=True)
        self.joint.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, value in saved["place"].items():
            setattr(self, name, value)
        self.working.refresh()
        return True

    def save(self) -> None:
        """Write the checkpoint that resume() reads."""
        place = {
            name: getattr(self, name) for name in ("shard_number", "step", "steps_done", "seconds")
        }
        saved = {"model": self.joint.state_dict(), "optimizer": self.optimizer.state_dict()}
        save_atomically(saved | {"place": place}, self.progress_file)

    def progress(self) -> float:
        """Done share of the stage, by processor time when the plan is timed."""
        if self.plan.minutes is not None:
            return self.seconds / (60 * self.plan.minutes)
        within = self.step / len(self.order) if len(self.order) else 0.0
        return (self.shard_number + within) / self.plan.shards

    def turn_to_shard(self) -> None:
        """Have the shard that the next step reads in hand."""
        while self.shard is None or self.step >= len(self.order):
            if self.shard is not None:
                self.shard_number, self.step = self.shard_number + 1, 0
            self.shard = Shard(self.shard_folder(self.shard_number))
            rows = len(self.shard.row_query)
            self.order = batches.order(rows, self.plan.groups, self.plan.seed, self.shard_number)

    def train_step(self) -> dict:
        """One optimizer step; returns its loss and how often each depth ranks the positive top."""
        self.turn_to_shard()
        rng = np.random.default_rng([self.plan.seed, self.shard_number, self.step])
        rows = self.order[self.step]
        queries, documents, present = batches.sample(self.shard, rows, rng, self.plan.negatives)
        factor = rate_factor(max(self.progress(), 0.001))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        model = self.working.copy
        logits = group_logits(model, self.shard, queries, documents, present, self.embed)
        mask = torch.from_numpy(present)
        value = loss.total(logits, mask, self.plan.weights)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        self.working.gather_gradients()
        torch.nn.utils.clip_grad_norm_(self.joint.parameters(), 1.0)
        self.optimizer.step()
        self.working.refresh()
        self.step += 1
        self.steps_done += 1
        top = {
            depth: (v.masked_fill(~mask, -1e4).argmax(-1) == 0).float().mean().item()
            for depth, v in logits.items()
        }
        return {"loss": value.item(), "pairs": int(present.sum()), **top}

    def log(self) -> None:
        """Append the mean of the recent steps to log.jsonl and print it."""
        line = {k: round(float(np.mean([r[k] for r in self.recent])), 4) for k in self.recent[0]}
        line |= {"stage": self.plan.name, "shard": self.shard_number, "step": self.steps_done}
        line |= {"progress": round(self.progress(), 4), "seconds": round(self.seconds)}
        with self.log_file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        self.recent = []

    def run(self, max_steps: int | None = None) -> bool:
        """Train until the stage ends (True) or `max_steps` more steps are done (False)."""
        last = None if max_steps is None else self.steps_done + max_steps
        saved_at = time.monotonic()
        while self.progress() < 1:
            if last is not None and self.steps_done >= last:
                return False
            started = time.process_time()
            self.recent.append(self.train_step())
            self.seconds += time.process_time() - started
            if len(self.recent) >= LOG_STEPS:
                self.log()
            if time.monotonic() - saved_at > SAVE_SECONDS:
                self.save()
                saved_at = time.monotonic()
        return True
