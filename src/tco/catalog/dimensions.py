"""How many weights a model has, recomputed from its dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tco.catalog.models import Architecture, Experts


class Recomputed(NamedTuple):
    """Weights in billions, as in `Params`; norms, biases and vision towers are left out."""

    total_b: float
    active_b: float
    routed_b: float


def recomputed_params(architecture: Architecture) -> Recomputed | None:
    """Return the weights that the dimensions add up to; None where they do not tell.

    total = embeddings + attention + feed-forward, summed over the layers; active counts only the
    `per_token` routed experts of each layer, and both embeddings.

    >>> from tco.catalog.models import Architecture
    >>> llama_3_8b = Architecture(
    ...     layers=32, hidden_size=4096, heads=32, kv_heads=8, head_dim=128, vocab_size=128256,
    ...     ffn=14336, sources=["x"])
    >>> round(recomputed_params(llama_3_8b).total_b, 2)
    8.03
    """
    mixers = _token_mixers(architecture)
    blocks = _feed_forward(architecture)
    if mixers is None or blocks is None:
        return None
    embeddings = architecture.vocab_size * architecture.hidden_size
    embeddings *= 1 if architecture.tied_embeddings else 2
    dense, routed, used = blocks
    shared = embeddings + mixers + dense
    return Recomputed((shared + routed) / 1e9, (shared + used) / 1e9, routed / 1e9)


def _token_mixers(a: Architecture) -> int | None:
    """Return the weights of attention, linear layers included [1]."""
    full = a.layers if a.attention_layers is None else a.attention_layers
    if full == a.layers:
        return full * _attention(a)
    if a.linear is None:
        return None
    return full * _attention(a) + (a.layers - full) * _linear_attention(a)


def _attention(a: Architecture) -> int:
    if a.mla is None:
        queries = a.heads * a.head_dim
        keys = a.kv_heads * a.head_dim
        gate = queries if a.output_gate else 0
        return a.hidden_size * (2 * queries + gate + 2 * keys)
    m = a.mla
    nope = m.nope_head_dim or a.head_dim - m.rope_head_dim
    value = m.v_head_dim or nope
    query = a.heads * (nope + m.rope_head_dim)
    query *= 1 if m.q_lora_rank else a.hidden_size
    if m.q_lora_rank:
        query = m.q_lora_rank * (a.hidden_size + query)
    latent = a.hidden_size * (m.kv_lora_rank + m.rope_head_dim)
    unpack = m.kv_lora_rank * a.heads * (nope + value)
    return query + latent + unpack + a.heads * value * a.hidden_size


def _linear_attention(a: Architecture) -> int:
    """Return one gated-delta layer: q, k, v and output gate, two rates a head, output [1]."""
    if a.linear is None:
        return 0
    keys = a.linear.key_heads * a.linear.head_dim
    values = a.linear.value_heads * a.linear.head_dim
    return a.hidden_size * (2 * keys + 3 * values + 2 * a.linear.value_heads)


def _feed_forward(a: Architecture) -> tuple[int, int, int] | None:
    """Return weights outside routed experts, of all routed experts, and of those one token uses."""
    e = a.experts
    if e is None:
        return None if a.ffn is None else (a.layers * _block(a, a.ffn), 0, 0)
    sparse = (a.layers - e.dense_layers) // e.every
    dense_ffn = e.dense_ffn or a.ffn
    if e.expert_ffn is None or (sparse < a.layers and dense_ffn is None):
        return None
    dense = (a.layers - sparse) * _block(a, dense_ffn or 0)
    dense += sparse * (_block(a, e.shared_ffn or 0) + _router(a, e))
    one = a.ffn_matrices * (e.routed_width or a.hidden_size) * e.expert_ffn
    return dense, sparse * e.count * one, sparse * e.per_token * one


def _block(a: Architecture, width: int) -> int:
    return a.ffn_matrices * a.hidden_size * width


def _router(a: Architecture, e: Experts) -> int:
    """Return the router, and the two projections where experts work in a narrower space [1]."""
    narrow = 2 * a.hidden_size * e.routed_width if e.routed_width else 0
    return a.hidden_size * e.count + narrow
