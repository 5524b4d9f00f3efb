"""What fits on the GPUs of a replica: weights, KV cache, largest batch, longest context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tco.engine.constants import VISIBLE_SHARE

if TYPE_CHECKING:
    from tco.engine.layout import Layout
    from tco.engine.shapes import Flag, GpuShape, ModelShape, Number


# Of an 8-bit latent cache, the rotary part stays in 16 bits, and a scale of 4 bytes goes with every
# 128 values of the rest: 656 bytes a token and layer of DeepSeek-V3 (vLLM's fp8_ds_mla).
MLA_ROPE_DIM = 64.0
LATENT_SCALE_BYTES = 4.0 / 128.0


def embedding_params(model: ModelShape) -> Number:
    """Return the weights of embedding and output matrix [1].

    V·H, twice unless they are tied.
    """
    return np.where(model.tied_embeddings, 1.0, 2.0) * model.vocab_size * model.hidden_size


def embedding_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the memory of embedding and output matrix; one of them where they are tied [byte]."""
    input_bytes = np.where(model.tied_embeddings, 0.0, layout.embedding_bytes)
    return (input_bytes + layout.output_bytes) * model.vocab_size * model.hidden_size


def other_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the bytes of a weight outside the routed experts, embeddings apart [byte]."""
    mixed = np.greater(model.routed_params, 0.0) & np.isfinite(layout.other_bytes)
    return np.where(mixed, layout.other_bytes, layout.weight_bytes)


def dense_params(model: ModelShape) -> Number:
    """Return the weights that every token reads, embeddings apart [1]."""
    return np.maximum(model.params - model.routed_params - embedding_params(model), 0.0)


def attention_layers(model: ModelShape) -> Number:
    """Return the layers that keep a KV cache: all of them unless the model says otherwise [1]."""
    return np.where(np.isnan(model.attention_layers), model.layers, model.attention_layers)


def visible_tokens(model: ModelShape, context_tokens: Number) -> Number:
    """Return the tokens that the mean attention layer sees of `context_tokens` [token].

    s·n + (1-s)·min(n, window), s being the share of layers with full attention.
    """
    share = model.full_attention_share
    return share * context_tokens + (1.0 - share) * np.minimum(context_tokens, model.window_tokens)


def kv_bytes_per_token(model: ModelShape, layout: Layout) -> Number:
    """Return the KV cache of one token, copies over GPUs not counted [byte].

    2·L·n_kv·d·b for grouped queries; L·d·b for latent attention, d being the latent width. A latent
    cache in 8 bits keeps its rotary part in 16 and has scales; kernels of sparse attention read no
    other, so that it is in 8 bits there whatever was asked for.
    """
    grouped = 2.0 * model.kv_heads * model.head_dim * layout.kv_bytes
    small = np.less_equal(layout.kv_bytes, 1.0) | np.isfinite(model.index_topk)
    rest = (model.head_dim - MLA_ROPE_DIM) * (1.0 + LATENT_SCALE_BYTES)
    latent = np.where(small, rest + 2.0 * MLA_ROPE_DIM, model.head_dim * layout.kv_bytes)
    return attention_layers(model) * np.where(model.mla, latent, grouped)


def kv_copies(model: ModelShape, layout: Layout) -> Number:
    """Return how often tensor parallelism stores the same KV entry [1].

    A KV head cannot be cut, so beyond n_kv GPUs it is copied; a latent cache always is. With
    data-parallel attention each GPU keeps only its own sequences.
    """
    copies = np.where(model.mla, layout.tp, np.maximum(1.0, layout.tp / model.kv_heads))
    return np.where(np.logical_or(layout.dp_attention, layout.layer_split), 1.0, copies)


def kv_bytes_per_sequence(model: ModelShape, layout: Layout, context_tokens: Number) -> Number:
    """Return the memory that one sequence of `context_tokens` [token] takes on a replica [byte]."""
    held = kv_bytes_per_token(model, layout) * visible_tokens(model, context_tokens)
    return kv_copies(model, layout) * held + model.state_bytes


def weights_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the weights of one replica over all its GPUs [byte].

    emb + (P - emb)·b: every expert must be in memory, however few a token uses. With data-parallel
    attention each GPU holds all weights but the experts'.
    """
    routed = model.routed_params * layout.weight_bytes
    copies = np.where(layout.dp_attention, layout.gpus, 1.0)
    return (stored_bytes(model, layout) - routed) * copies + routed


def stored_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the weights as they lie on a disk, each of them once [byte]."""
    dense = dense_params(model) * other_bytes(model, layout)
    return embedding_bytes(model, layout) + dense + model.routed_params * layout.weight_bytes


def free_bytes(model: ModelShape, gpu: GpuShape, layout: Layout) -> Number:
    """Return what is left for the KV cache; negative when the weights do not fit [byte].

    n·(memory·visible·share - reserve) - weights.
    """
    usable = gpu.memory_bytes * VISIBLE_SHARE * layout.memory_share - layout.reserve_bytes
    return layout.gpus * usable - weights_bytes(model, layout)


def fits(model: ModelShape, gpu: GpuShape, layout: Layout, context_tokens: Number) -> Flag:
    """Return whether weights and one sequence of `context_tokens` [token] fit."""
    return np.asarray(max_batch(model, gpu, layout, context_tokens)) >= 1.0


def max_batch(model: ModelShape, gpu: GpuShape, layout: Layout, context_tokens: Number) -> Number:
    """Return the sequences of `context_tokens` [token] that fit in one replica; 0 when none [1]."""
    room = np.maximum(free_bytes(model, gpu, layout), 0.0)
    return np.floor(room / kv_bytes_per_sequence(model, layout, context_tokens))


def max_context_tokens(
    model: ModelShape, gpu: GpuShape, layout: Layout, batch: Number = 1.0
) -> Number:
    """Return the longest context that `batch` [1] sequences can each have; 0 when none [token]."""
    room = np.maximum(free_bytes(model, gpu, layout) / batch - model.state_bytes, 0.0)
    tokens = room / (kv_copies(model, layout) * kv_bytes_per_token(model, layout))
    share = model.full_attention_share
    finite_window = np.where(np.isinf(model.window_tokens), 0.0, model.window_tokens)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = (tokens - (1.0 - share) * finite_window) / share
    return np.floor(np.where(tokens > finite_window, beyond, tokens))


def cache_tokens(model: ModelShape, gpu: GpuShape, layout: Layout) -> Number:
    """Return the tokens that the KV cache holds; 0 when the weights do not fit [token].

    vLLM prints this figure at start-up. Every layer is taken to keep every token.
    """
    room = np.maximum(free_bytes(model, gpu, layout), 0.0)
    return np.floor(room / (kv_copies(model, layout) * kv_bytes_per_token(model, layout)))
