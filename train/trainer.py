"""One stage of training: steps, learning rate, checkpoints, exact resume."""

import json
import time
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
    shards: list[Path]
    passes: int = 1
    groups: int = 8
    negatives: int = 4  # drawn for each query of a step
    rate: float = 1e-4
    head_rate: float = 1e-3
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
    if embed is None:
        layer = joint.shape.join
        texts = (
            shard.packed("query", query_ids, layer),
            shard.packed("document", document_ids, layer),
        )
    else:
        texts = packed_ids(shard, query_ids, document_ids)
    scored = joint.score(*texts, pairs, cosine, embed)
    result = {}
    for depth, values in scored.items():
        result[depth] = torch.zeros(present.shape).index_put(
            (torch.from_numpy(groups), torch.from_numpy(places)), values
        )
    return result


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


class Stage:
    """A stage in progress; everything that the next step depends on is in `state`."""

    def __init__(self, joint: Joint, plan: Plan, folder: Path, embed=None):
        self.joint, self.plan, self.embed = joint, plan, embed
        self.progress_file = folder / f"{plan.name}.progress.pt"
        self.log_file = folder / "log.jsonl"
        self.shards = [Shard(path) for path in plan.shards]
        sizes = [len(shard.row_query) for shard in self.shards]
        self.steps = batches.schedule(sizes, plan.groups, plan.passes, plan.seed)
        self.optimizer = make_optimizer(joint, plan)
        self.step, self.seconds = 0, 0.0
        self.recent: list[dict] = []

    def resume(self) -> bool:
        """Continue from the last checkpoint of this stage, if there is one."""
        if not self.progress_file.exists():
            return False
        saved = torch.load(self.progress_file, weights_only=True)
        self.joint.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.seconds = saved["step"], saved["seconds"]
        return True

    def save(self) -> None:
        """Write the checkpoint that resume() reads."""
        saved = {
            "model": self.joint.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        save_atomically(saved, self.progress_file)

    def progress(self) -> float:
        """Done share of the stage, by processor time when the plan is timed."""
        if self.plan.minutes is not None:
            return self.seconds / (60 * self.plan.minutes)
        return self.step / len(self.steps)

    def train_step(self) -> dict:
        """One optimizer step; returns its loss and how often each depth ranks the positive top."""
        shard_number, rows = self.steps[self.step % len(self.steps)]
        rng = np.random.default_rng([self.plan.seed, self.step])
        queries, documents, present = batches.sample(
            self.shards[shard_number], rows, rng, self.plan.negatives
        )
        factor = rate_factor(max(self.progress(), 1 / len(self.steps)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        shard = self.shards[shard_number]
        logits = group_logits(self.joint, shard, queries, documents, present, self.embed)
        mask = torch.from_numpy(present)
        value = loss.total(logits, mask, self.plan.weights)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.joint.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        top = {
            depth: (v.masked_fill(~mask, -1e4).argmax(-1) == 0).float().mean().item()
            for depth, v in logits.items()
        }
        return {"loss": value.item(), "pairs": int(present.sum()), **top}

    def log(self) -> None:
        """Append the mean of the recent steps to log.jsonl and print it."""
        line = {k: round(float(np.mean([r[k] for r in self.recent])), 4) for k in self.recent[0]}
        line |= {"stage": self.plan.name, "step": self.step, "of": len(self.steps)}
        line["seconds"] = round(self.seconds)
        with self.log_file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        self.recent = []

    def run(self, max_steps: int | None = None) -> bool:
        """Train until the stage ends (True) or `max_steps` more steps are done (False)."""
        last = None if max_steps is None else self.step + max_steps
        saved_at = time.monotonic()
        while self.progress() < 1:
            if last is not None and self.step >= last:
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
