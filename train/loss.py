"""What training minimises: listwise and pairwise-calibrating losses at every depth."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass
class Weights:
    """Relative weights of the loss's parts."""

    listwise: float = 1.0
    binary: float = 0.3  # keeps sigmoid(logit) near the probability of relevance
    distil: float = 0.5  # the top depth teaches the earlier ones
    earlier: float = 1.0  # weight of the earlier depths' own losses


def listwise(logits: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Softmax cross entropy of column 0 (the positive): logits and present [groups, size]."""
    return -logits.masked_fill(~present, -1e4).log_softmax(-1)[:, 0].mean()


def binary(logits: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Binary cross entropy, positives weighing as much as all the negatives of their group."""
    target = torch.zeros_like(logits)
    target[:, 0] = 1.0
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * present
    negatives = loss[:, 1:].sum(-1) / present[:, 1:].sum(-1).clamp(min=1)
    return 0.5 * (loss[:, 0] + negatives).mean()


def distil(student: torch.Tensor, teacher: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """KL(teacher || student) of the two softmaxes over each group; the teacher gets no gradient."""
    student = student.masked_fill(~present, -1e4).log_softmax(-1)
    teacher = teacher.detach().masked_fill(~present, -1e4).log_softmax(-1)
    return F.kl_div(student, teacher, reduction="batchmean", log_target=True)


def total(logits: dict[str, torch.Tensor], present: torch.Tensor, weights: Weights) -> torch.Tensor:
    """The loss of one batch: logits by depth, each [groups, size] with the positive first."""
    loss = torch.zeros(())
    for depth, values in logits.items():
        own = weights.listwise * listwise(values, present) + weights.binary * binary(values, present)
        if depth == "base":
            loss = loss + own
        else:
            taught = weights.distil * distil(values, logits["base"], present)
            loss = loss + weights.earlier * (own + taught)
    return loss
