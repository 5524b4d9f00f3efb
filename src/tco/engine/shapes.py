"""What the formulas need to know of a model and of a GPU; every field a number or an array.

Shapes: any field may be an array; all fields of one call broadcast against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
# As text: `numpy.typing` is not imported at run time, it costs a start more than the formulas.
Floats: TypeAlias = "NDArray[np.float64]"
Indices: TypeAlias = "NDArray[np.int64]"
Flags: TypeAlias = "NDArray[np.bool_]"
Number: TypeAlias = "float | NDArray[np.float64]"
Flag: TypeAlias = "bool | NDArray[np.bool_]"

ROUND_OFF = 1e-9
"""Slack below which a load counts as exactly a whole number of replicas, or of units [1]."""


def number(value: object) -> float:
    """Return one figure of a result as a plain float."""
    return float(np.asarray(value, dtype=float))


def column(value: Number, count: int) -> Floats:
    """Return a number or a column as one value a row [count]."""
    return np.broadcast_to(np.asarray(value, dtype=float).reshape(-1), (count,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """The dimensions of a transformer that decide its memory and its speed.

    Args:
        params: All weights, routed experts included [1].
        active_params: Weights that one token passes through [1].
        routed_params: Weights of the routed experts; 0 for a dense model [1].
        experts: Routed experts per layer; 1 for a dense model [1].
        experts_per_token: Routed experts that one token uses; 1 for a dense model [1].
        layers: Transformer layers [1].
        attention_layers: Layers that keep a KV cache; the others are linear or state-space [1].
        hidden_size: Width of the residual stream [1].
        heads: Query heads [1].
        kv_heads: Key-value heads; 1 for latent attention (MLA) [1].
        head_dim: Width of a head; for MLA the latent width, `kv_lora_rank + rope` [1].
        vocab_size: Rows of the embedding [1].
        tied_embeddings: The output matrix is the embedding itself.
        mla: Latent attention: the cache holds one vector per token and layer.
        full_attention_share: Share of `attention_layers` that see the whole context [1].
        window_tokens: Tokens that the other layers see; `inf` when there are none [token].
        index_topk: Tokens that sparse attention reads; `inf` when attention is dense [token].
        state_bytes: Fixed state of linear layers per sequence [byte].
        outside: The model was not held against anything built like it.
    """

    params: Number
    active_params: Number
    layers: Number
    hidden_size: Number
    heads: Number
    kv_heads: Number
    head_dim: Number
    vocab_size: Number
    routed_params: Number = 0.0
    experts: Number = 1.0
    experts_per_token: Number = 1.0
    attention_layers: Number = np.nan
    tied_embeddings: Flag = False
    mla: Flag = False
    full_attention_share: Number = 1.0
    window_tokens: Number = np.inf
    index_topk: Number = np.inf
    state_bytes: Number = 0.0
    outside: Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuShape:
    """What a GPU can do at most, and the share of it that kernels reach.

    Args:
        memory_bytes: Memory of one GPU; "80 GB" is 80 GiB [byte].
        bandwidth_bytes_per_s: Datasheet memory bandwidth [byte/s].
        flops_16, flops_8, flops_4: Dense peak by operand width; NaN where it has none [flop/s].
        kernel_share_16, kernel_share_8, kernel_share_4: Share of that peak that matrix kernels
            measured on their own reach [1].
        link_bytes_per_s: GPU-to-GPU bandwidth, one direction [byte/s].
        link_joins: GPUs that the link joins, at most; `inf` for all of a server [1].
        beyond_bytes_per_s: Bandwidth to the GPUs that it does not join, one direction [byte/s].
        pcie: The link is PCIe, not NVLink or Infinity Fabric.
        rocm: AMD's, on which engines run through ROCm.
        measured: The kernel shares are measurements, not judgment.
        admits_more: Engines take on more requests at once by default: large memory, not an A100.
    """

    memory_bytes: Number
    bandwidth_bytes_per_s: Number
    flops_16: Number
    flops_8: Number = np.nan
    flops_4: Number = np.nan
    kernel_share_16: Number = 0.70
    kernel_share_8: Number = 0.50
    kernel_share_4: Number = 0.35
    link_bytes_per_s: Number
    link_joins: Number = np.inf
    beyond_bytes_per_s: Number = np.nan
    pcie: Flag = False
    rocm: Flag = False
    measured: Flag = False
    admits_more: Flag = False
