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
