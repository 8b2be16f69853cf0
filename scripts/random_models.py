"""Checkpoints with random weights, in the layouts real rerankers are published in.

The weights are scaled so that the logits of different texts differ clearly while no layer saturates: then a wrong
position, a swapped projection or a missing bias moves a logit far beyond any tolerance.
"""

import json
import math
from pathlib import Path

import torch
from reference_models import empty_model, plain_to_flash
from safetensors.torch import save_file

BERT_TOKENIZER_CONFIG = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "mask_token": "[MASK]",
}
XLMR_TOKENIZER_CONFIG = {
    "tokenizer_class": "XLMRobertaTokenizer",
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}


def encoder_config(vocabulary, hidden, layers, heads, inner, positions):
    """The config.json fields that all BERT-like checkpoints share."""
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "max_position_embeddings": positions,
        "hidden_act": "gelu",
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "position_embedding_type": "absolute",
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
    }


def xlmr_config(**sizes):
    """config.json as in bge-reranker and mmarco-mMiniLM."""
    return {
        "architectures": ["XLMRobertaForSequenceClassification"],
        "model_type": "xlm-roberta",
        **encoder_config(**sizes),
        "layer_norm_eps": 1e-05,
        "type_vocab_size": 1,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "torch_dtype": "float32",
    }


def flash_config(**sizes):
    """config.json as in jina-reranker-v2-base-multilingual: no model_type, an auto_map instead."""
    config = xlmr_config(**sizes)
    del config["model_type"]
    config["auto_map"] = {
        "AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig",
        "AutoModel": "modeling_xlm_roberta.XLMRobertaModel",
        "AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification",
    }
    return config | {"use_flash_attn": True, "emb_pooler": None, "num_labels": 1, "torch_dtype": "bfloat16"}


def bert_config(**sizes):
    """config.json as in the ms-marco MiniLM cross-encoders."""
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        **encoder_config(**sizes),
        "layer_norm_eps": 1e-12,
        "type_vocab_size": 2,
        "pad_token_id": 0,
        "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity",
    }


def roberta_config(**sizes):
    """config.json as in RoBERTa cross-encoders."""
    return xlmr_config(**sizes) | {"architectures": ["RobertaForSequenceClassification"], "model_type": "roberta"}


def camembert_config(**sizes):
    """config.json as in CamemBERT cross-encoders."""
    return xlmr_config(**sizes) | {"architectures": ["CamembertForSequenceClassification"], "model_type": "camembert"}


def electra_config(embedding=None, **sizes):
    """config.json as in ms-marco-electra-base; electra-small has embeddings narrower than its layers."""
    return bert_config(**sizes) | {
        "architectures": ["ElectraForSequenceClassification"],
        "model_type": "electra",
        "embedding_size": embedding or sizes["hidden"],
    }


def distilbert_config(vocabulary, hidden, layers, heads, inner, positions):
    """config.json as in DistilBERT cross-encoders, with names of its own."""
    return {
        "architectures": ["DistilBertForSequenceClassification"],
        "model_type": "distilbert",
        "vocab_size": vocabulary,
        "dim": hidden,
        "n_layers": layers,
        "n_heads": heads,
        "hidden_dim": inner,
        "max_position_embeddings": positions,
        "activation": "gelu",
        "pad_token_id": 0,
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
    }


def mpnet_config(**sizes):
    """config.json as in all-mpnet-base-v2, with a head."""
    return xlmr_config(**sizes) | {
        "architectures": ["MPNetForSequenceClassification"],
        "model_type": "mpnet",
        "relative_attention_num_buckets": 32,
    }


def deberta_config(buckets=256, share=True, **sizes):
    """config.json as in mxbai-rerank-v1."""
    return bert_config(**sizes) | {
        "architectures": ["DebertaV2ForSequenceClassification"],
        "model_type": "deberta-v2",
        "layer_norm_eps": 1e-7,
        "type_vocab_size": 0,
        "relative_attention": True,
        "max_relative_positions": -1,
        "position_buckets": buckets,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": share,
        "pos_att_type": ["p2c", "c2p"] if share else "p2c|c2p",
        "position_biased_input": not share,
        "pooler_hidden_act": "gelu",
        "pooler_hidden_size": sizes["hidden"],
        "pooler_dropout": 0,
    }


def jina_v1_config(**sizes):
    """config.json as in jina-reranker-v1-turbo-en: says "bert" and names no classifier."""
    config = bert_config(**sizes) | {
        "architectures": ["JinaBertModel"],
        "auto_map": {"AutoModel": "jinaai/jina-bert-implementation--modeling_bert.JinaBertModel"},
        "position_embedding_type": "alibi",
        "feed_forward_type": "geglu",
        "emb_pooler": "mean",
    }
    for absent in ("id2label", "label2id", "sbert_ce_default_activation_function"):
        del config[absent]
    return config


def gte_config(theta=20000, factor=8.0, **sizes):
    """config.json as in gte-multilingual-reranker-base."""
    return xlmr_config(**sizes) | {
        "architectures": ["NewForSequenceClassification"],
        "model_type": "new",
        "layer_norm_eps": 1e-12,
        "position_embedding_type": "rope",
        "rope_theta": theta,
        "rope_scaling": {"type": "ntk", "factor": factor},
        "pack_qkv": True,
    }


def modernbert_config(pooling="mean", every=3, local=128, **sizes):
    """config.json as in gte-reranker-modernbert-base."""
    config = encoder_config(**sizes) | {
        "architectures": ["ModernBertForSequenceClassification"],
        "model_type": "modernbert",
        "norm_eps": 1e-5,
        "pad_token_id": 1,
        "global_attn_every_n_layers": every,
        "local_attention": local,
        "global_rope_theta": 160000.0,
        "local_rope_theta": 10000.0,
        "classifier_pooling": pooling,
        "classifier_activation": "gelu",
        "hidden_activation": "gelu",
        "reference_compile": False,
        "attn_implementation": "eager",
    }
    del config["hidden_act"], config["position_embedding_type"]
    return config


def qwen3_config(vocabulary, hidden, layers, heads, inner, positions, groups=8, head_dim=128, theta=1e6, scaling=None):
    """config.json as in Qwen3-Reranker."""
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "head_dim": head_dim,
        "intermediate_size": inner,
        "max_position_embeddings": positions,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": theta,
        "rope_scaling": scaling,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "attention_bias": False,
    }


def jina_v3_config(projector=512, **sizes):
    """config.json as in jina-reranker-v3; projector_size stands only here, in the published file the tensors say it."""
    return qwen3_config(**sizes) | {
        "architectures": ["JinaForRanking"],
        "auto_map": {"AutoModel": "modeling.JinaForRanking"},
        "projector_size": projector,
    }


def qwen2_config(**sizes):
    """config.json as in mxbai-rerank-v2."""
    config = qwen3_config(**sizes) | {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}
    del config["head_dim"], config["attention_bias"]
    return config


# Families whose positions count from 0; the others count from pad_token_id + 1.
FROM_ZERO = (
    bert_config,
    electra_config,
    distilbert_config,
    deberta_config,
    jina_v1_config,
    gte_config,
    modernbert_config,
    qwen3_config,
    qwen2_config,
    jina_v3_config,
)


@torch.no_grad()
def random_tensors(config, seed):
    """{plain Hugging Face name: float32 tensor} of the class the config names."""
    with torch.device("meta"):  # only for names and shapes
        model = empty_model(config)
    generator = torch.Generator().manual_seed(seed)
    return {name: random_tensor(name, tensor.shape, generator) for name, tensor in model.named_parameters()}


def random_tensor(name, shape, generator):
    """One parameter, drawn by its role."""
    noise = torch.randn(shape, generator=generator)
    if "norm" in name.lower() or name.endswith(("_ln.weight", "_ln.bias")):
        return (1.0 if name.endswith("weight") else 0.0) + 0.1 * noise
    if name.endswith("bias"):
        return 0.1 * noise
    if any(table in name for table in ("word_embeddings", "tok_embeddings", "embed_tokens")):
        return noise
    if "relative_attention_bias" in name:
        return noise
    if "embeddings" in name:  # positions and token types: present, but quieter than the words
        return 0.4 * noise
    if name in ("classifier.weight", "classifier.out_proj.weight"):
        return 3.0 * noise / math.sqrt(shape[1])
    # Attention must look somewhere: with unit gain a query sees the plain mean of a long document.
    seeing = ("query.weight", "key.weight", "q_lin.weight", "k_lin.weight", "attn.q.weight", "attn.k.weight",
              "query_proj.weight", "key_proj.weight", "q_proj.weight", "k_proj.weight")  # fmt: skip
    gain = 1.7 if name.endswith(seeing) else 1.2
    return gain * noise / math.sqrt(shape[1])


def write_json(path, value):
    """Indented UTF-8 JSON."""
    Path(path).write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_checkpoint(directory, config, tensors, *, dtype=torch.float32, flash=False, shards=1, position_ids=False):
    """config.json and model.safetensors (or shards with their index) of a published-looking checkpoint."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / "config.json", config)
    stored = {name: tensor.to(dtype) for name, tensor in (plain_to_flash(tensors) if flash else tensors).items()}
    if position_ids:  # a buffer that exports of transformers < 4.31 carry; loaders must step over it
        stored["roberta.embeddings.position_ids"] = torch.arange(config["max_position_embeddings"])[None]
    if shards == 1:
        save_file(stored, directory / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = sorted(stored), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        first, end = (len(names) * i // shards for i in (shard, shard + 1))
        part = {name: stored[name] for name in names[first:end]}
        save_file(part, directory / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    size = sum(tensor.numel() * tensor.element_size() for tensor in stored.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    write_json(directory / "model.safetensors.index.json", index)
