"""Writes the checkpoints that `make bench` measures: the shapes of published rerankers with random weights.

    python bench/checkpoints.py FOLDER

base: 12 layers of 768, as jina-reranker-v2-base and bge-reranker-base, with a small vocabulary (speed does not depend
on it); small: 12 layers of 384, as mmarco-mMiniLM-L12, with the vocabulary and tokenizer of the default model.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from random_models import XLMR_TOKENIZER_CONFIG, random_tensors, write_checkpoint, write_json, xlmr_config  # noqa: E402

SHAPES = {
    "base": {"vocabulary": 30522, "hidden": 768, "layers": 12, "heads": 12, "inner": 3072, "positions": 514},
    "small": {"vocabulary": 250037, "hidden": 384, "layers": 12, "heads": 12, "inner": 1536, "positions": 514},
}


def main():
    """Write what is not there."""
    for name, sizes in SHAPES.items():
        directory = Path(sys.argv[1]) / name
        if (directory / "tokenizer.json").exists():
            continue
        config = xlmr_config(**sizes)
        write_checkpoint(directory, config, random_tensors(config, seed=1))
        write_json(directory / "tokenizer_config.json", XLMR_TOKENIZER_CONFIG | {"model_max_length": 512})
        shutil.copy(ROOT / "models" / "default" / "tokenizer.json", directory)


if __name__ == "__main__":
    main()
