"""One engine on token ids, for bench/run.py: builds its form of a checkpoint, then encodes what standard input names.

    python bench/peers.py ENGINE DIRECTORY THREADS

A line "FILE BATCH" asks for the sequences of FILE (see bench/encode.cc) in padded batches of BATCH, the longest first;
the answer is a line with the seconds it took, the processor seconds of the process, and the first sequence's logit.
Engines: torch-fp32, torch-bf16, onnx-fp32, onnx-int8, openvino-fp32, openvino-bf16, openvino-int8.
"""

import logging
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

PAD = 1  # of XLM-R


def read_ids(path):
    """The sequences of a file of token ids."""
    numbers = np.fromfile(path, dtype=np.int32)
    sequences, at = [], 1
    for _ in range(numbers[0]):
        sequences.append(numbers[at + 1 : at + 1 + numbers[at]].astype(np.int64))
        at += 1 + numbers[at]
    return sequences


def batches(sequences, size):
    """(indices, ids, mask) of padded batches of sequences that are about equally long."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    for first in range(0, len(order), size):
        members = order[first : first + size]
        longest = len(sequences[members[0]])
        ids = np.full((len(members), longest), PAD, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, i in enumerate(members):
            ids[row, : len(sequences[i])] = sequences[i]
            mask[row, : len(sequences[i])] = 1
        yield members, ids, mask


def torch_model(directory):
    """The checkpoint in PyTorch, with its fused attention."""
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(directory, attn_implementation="sdpa").eval()


def torch_engine(directory, threads, precision):
    """What sentence-transformers' CrossEncoder runs, less its tokenizer."""
    import torch

    torch.set_num_threads(threads)
    model = torch_model(directory)
    if precision == "bf16":
        model = model.to(torch.bfloat16)

    def run(ids, mask):
        with torch.inference_mode():
            return model(torch.from_numpy(ids), torch.from_numpy(mask)).logits.float().numpy()

    return run


def exported(directory):
    """The checkpoint as an ONNX file, exported once."""
    import torch

    path = Path(directory) / "model.onnx"
    if not path.exists():
        model = torch_model(directory)
        model.config.use_cache = False
        example = torch.ones((2, 8), dtype=torch.int64)
        axes = {0: "batch", 1: "length"}
        torch.onnx.export(model, (example, example), str(path), input_names=["input_ids", "attention_mask"],
                          output_names=["logits"], dynamic_axes={"input_ids": axes, "attention_mask": axes},
                          opset_version=17, dynamo=False)  # fmt: skip
    return path


def onnx_engine(directory, threads, precision):
    """ONNX Runtime with its transformer fusions; int8: dynamic, per channel."""
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers.optimizer import optimize_model

    path = Path(directory) / f"model-{precision}.onnx"
    if not path.exists():
        fused = optimize_model(str(exported(directory)), model_type="bert")
        fused.save_model_to_file(str(Path(directory) / "model-fp32.onnx"))
        if precision == "int8":
            quantize_dynamic(str(Path(directory) / "model-fp32.onnx"), str(path), per_channel=True,
                             reduce_range=True, weight_type=QuantType.QInt8,
                             extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def openvino_engine(directory, threads, precision):
    """OpenVINO; int8: static activations by NNCF on random text of the model's vocabulary."""
    import openvino

    path = Path(directory) / f"openvino-{'int8' if precision == 'int8' else 'fp32'}.xml"
    core = openvino.Core()
    if not path.exists():
        model = openvino.convert_model(str(exported(directory)))
        if precision == "int8":
            import nncf

            random = np.random.default_rng(0)
            samples = [random.integers(5, 30000, (4, 128)) for _ in range(20)]
            data = nncf.Dataset([{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in samples])
            model = nncf.quantize(model, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples))
        openvino.save_model(model, str(path), compress_to_fp16=False)
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise SystemExit("OpenVINO has no bf16 on this processor")
    hints = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
             "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}  # fmt: skip
    request = core.compile_model(str(path), "CPU", hints).create_infer_request()
    return lambda ids, mask: request.infer({"input_ids": ids, "attention_mask": mask})[0]


def main():
    """Answer lines until there are none."""
    engine, directory, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    library, precision = engine.split("-")
    answers = os.fdopen(os.dup(1), "w")  # libraries print to standard output as they like
    os.dup2(2, 1)
    build = {"torch": torch_engine, "onnx": onnx_engine, "openvino": openvino_engine}[library]
    run = build(directory, threads, precision)
    print("ready", engine, file=answers, flush=True)
    for line in sys.stdin:
        path, batch = line.split()
        sequences, first = read_ids(path), 0.0
        start, processor = time.perf_counter(), time.process_time()
        for members, ids, mask in batches(sequences, int(batch)):
            logits = run(ids, mask)
            if 0 in members:
                first = float(logits[members.index(0)][0])
        print(time.perf_counter() - start, time.process_time() - processor, first, file=answers, flush=True)


if __name__ == "__main__":
    main()
