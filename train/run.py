"""Run the stages, continuing wherever the last call stopped: python -m train.run --work DIR.

Each stage starts from the weights that the stage before it left in <work>/runs/<name>/<stage>.pt.
`--only STAGE` runs one stage (with `--again` from its beginning).
"""

import argparse
import fcntl
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from train import checkpoint, devset, evaluate, mine, mixtures, shards
from train.data import Corpus, load_idf
from train.encoder import FrozenEncoder
from train.interaction import LAYERS, Interaction
from train.trainer import Plan, Stage, fit_scorers, group_logits, save_atomically


@dataclass(frozen=True)
class StagePlan:
    """A stage: how many shards are drawn for it, and how often it meets each and how fast."""

    shards: int
    epochs: int
    rate: float


SHARD_ROWS = 1000
AGAIN = 2  # shards of each other stage that the last one meets
STAGES = {
    "english": StagePlan(3, 1, 1e-4),
    "cross": StagePlan(4, 1, 1e-4),
    "multilingual": StagePlan(5, 1, 1e-4),
    # meets shards of the other stages again, their negatives chosen anew
    "hard": StagePlan(0, 1, 1e-4),
}


@contextmanager
def locked(folder: Path):
    """Hold a shard's lock, so that a second process waits for it instead of building it too."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_shard(args, stage: str, number: int) -> Path:
    """Folder of one of the stage's shards, built if it is not there."""
    folder = args.work / "shards" / f"{stage}-{number}"
    with locked(folder):
        if (folder / "shard.json").exists():
            return folder
        config, weights = checkpoint.load_config(args.start), checkpoint.load_weights(args.start)
        frozen, corpus = FrozenEncoder(config, weights), Corpus.open(args.work / "corpus")
        seed = 100 + list(STAGES).index(stage)
        shards.build(corpus, frozen, mixtures.MIXTURES[stage], SHARD_ROWS, number, seed, LAYERS, folder)
        print(f"built {folder.name}", flush=True)
    return folder


def stage_shards(args, stage: str) -> list[Path]:
    """The folders of a stage's shards; the last stage meets the first two of each of the others."""
    count = STAGES[stage].shards
    wanted = {stage: count} if count else {name: min(plan.shards, AGAIN) for name, plan in STAGES.items()}
    return [build_shard(args, name, number) for name, shards in wanted.items() for number in range(shards)]


def harden_shard(folder: Path, target: Path, model: Interaction, idf: np.ndarray) -> None:
    """Write to `target` the negatives of a shard that `model` finds hardest; once."""
    if target.exists():
        return
    shard = shards.Shard(folder)

    def score(queries, documents, present):
        with torch.no_grad():
            return group_logits(model, shard, queries, documents, present, idf)["base"].numpy()

    negatives, removed = mine.harden(shard, score)
    target.parent.mkdir(exist_ok=True)
    part = target.with_suffix(".part.npz")
    np.savez(part, negatives=negatives)
    part.replace(target)
    print(f"{folder.name}: {removed} negatives left out as likely positives", flush=True)


def open_shards(args, stage: str, folder: Path, model: Interaction, idf: np.ndarray) -> list[shards.Shard]:
    """A stage's shards, in the last stage with the negatives that `model`, left by the one before, chooses."""
    opened = []
    for place in stage_shards(args, stage):
        if STAGES[stage].shards:
            opened.append(shards.Shard(place))
            continue
        chosen = folder / "hardest" / f"{place.name}.npz"
        harden_shard(place, chosen, model, idf)
        opened.append(shards.Shard(place, chosen).without_few())
    return opened


def run_stage(args, stage: str, before: Path | None, folder: Path) -> Path:
    """Train one stage to its end; returns the file with its weights."""
    target, progress = folder / f"{stage}.pt", folder / f"{stage}.progress.pt"
    if args.again:
        chosen = folder.glob("hardest/*.npz") if not STAGES[stage].shards else ()
        for file in (target, progress, *chosen):
            file.unlink(missing_ok=True)
    if target.exists():
        print(f"{stage}: done, {target}", flush=True)
        return target
    idf = load_idf(args.work / "corpus")
    torch.manual_seed(1)
    shape = {"hidden": checkpoint.load_config(args.start)["hidden_size"]}
    model = evaluate.load_model(before) if before else Interaction(**shape)
    opened = open_shards(args, stage, folder, model, idf)
    if before is None:
        model.begin(opened, idf)
        fit_scorers(model, opened, idf)
    plan = Plan(stage, STAGES[stage].epochs, rate=args.rate or STAGES[stage].rate)
    running = Stage(model.train(), plan, opened, idf, folder)
    print(f"{stage}: {len(opened)} shards, resumed: {running.resume()}", flush=True)
    running.run()
    fit_scorers(model, opened, idf)
    save_atomically({"model": model.state_dict(), "shape": shape}, target)
    progress.unlink(missing_ok=True)
    if args.data:
        measure(args, model.eval(), folder / f"{stage}.json", idf)
    return target


def measure(args, model: Interaction, target: Path, idf: np.ndarray) -> None:
    """The development numbers of a finished stage, printed and written to `target`."""
    sets = evaluate.open_sets(args.data, args.work, args.start, devset.Sample())
    result = evaluate.evaluate(sets, model, idf)
    print(evaluate.table(result), flush=True)
    target.write_text(json.dumps(result, indent=1))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, default=Path("models/default"))
    parser.add_argument("--work", type=Path, default=Path("build/train"))
    parser.add_argument("--data", type=Path, help="measure each finished stage on DATA/dev")
    parser.add_argument("--name", default="main", help="folder of this run's weights and log")
    parser.add_argument("--rate", type=float, help="peak learning rate, instead of the stage's")
    parser.add_argument("--only", choices=STAGES, help="run this stage alone")
    parser.add_argument("--again", action="store_true", help="start the stage over")
    parser.add_argument("--build-ahead", action="store_true",
                        help="build shards only, beside a training process")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Run the stages in order."""
    args = arguments()
    torch.set_num_threads(args.threads)
    stages = [stage for stage in STAGES if args.only in (None, stage)]
    if args.build_ahead:
        for stage in stages:
            stage_shards(args, stage)
        return
    folder = args.work / "runs" / args.name
    folder.mkdir(parents=True, exist_ok=True)
    before = None
    for stage in STAGES:
        if stage in stages:
            before = run_stage(args, stage, before, folder)
        elif (folder / f"{stage}.pt").exists():
            before = folder / f"{stage}.pt"
    print(f"finished; last weights: {before}")


if __name__ == "__main__":
    main()
