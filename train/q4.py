"""4-bit blocks (Q4_0): 32 weights share one fp16 scale; 18 bytes a block."""

import torch

BLOCK = 32
BLOCK_BYTES = 18


def unpack(blocks: torch.Tensor) -> torch.Tensor:
    """Dequantise uint8 [rows, 18 * cols / 32] into float32 [rows, cols].

    Byte j of a block's 16 data bytes holds weight j in its low nibble and weight j + 16 in
    its high nibble; weight = (nibble - 8) * scale.
    """
    rows, width = blocks.shape
    parts = blocks.reshape(rows, width // BLOCK_BYTES, BLOCK_BYTES)
    scale = parts[..., :2].contiguous().view(torch.float16).float()
    data = parts[..., 2:]
    nibbles = torch.cat([data & 15, data >> 4], dim=-1).float()
    return ((nibbles - 8.0) * scale).reshape(rows, -1)


def pack(weights: torch.Tensor) -> torch.Tensor:
    """Quantise float [rows, cols] (cols a multiple of 32) into uint8 [rows, 18 * cols / 32].

    Each block's scale is the one of four candidates around the ggml choice (the weight of
    largest magnitude maps to nibble 0) with the smallest squared error.
    """
    rows, cols = weights.shape
    values = weights.float().reshape(rows, cols // BLOCK, BLOCK)
    extreme = values.gather(-1, values.abs().argmax(-1, keepdim=True))
    best_error = best_scale = best_nibbles = None
    for divisor in (-8.0, -7.5, -7.0, 7.0):
        scale = (extreme / divisor).half()
        divide = torch.where(scale == 0, torch.ones_like(values), scale.float())
        nibbles = (values / divide + 8).round().clamp(0, 15)
        error = ((nibbles - 8) * scale.float() - values).square().sum(-1, keepdim=True)
        if best_error is None:
            best_error, best_scale, best_nibbles = error, scale, nibbles
            continue
        better = error < best_error
        best_error = torch.where(better, error, best_error)
        best_scale = torch.where(better, scale, best_scale)
        best_nibbles = torch.where(better, nibbles, best_nibbles)
    nibbles = best_nibbles.to(torch.uint8)
    data = nibbles[..., :16] | (nibbles[..., 16:] << 4)
    scale_bytes = best_scale.contiguous().view(torch.uint8)
    return torch.cat([scale_bytes, data], dim=-1).reshape(rows, -1)
