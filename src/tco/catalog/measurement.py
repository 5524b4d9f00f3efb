"""The schema of a row of `throughput.csv`: one measured rate of one set-up."""

from __future__ import annotations

from typing import Literal

from tco.catalog.fields import Count, Id, Positive, Record, Text

Switch = Literal["0", "1"]


class Measurement(Record):
    """One measured rate of one set-up; an empty cell is what is not known."""

    source: Id
    date: Text
    """When it was measured or published: a day, a month, a year or `FIRST..LAST`."""
    model: Text
    """Id or another name of a model of the catalog."""
    gpu: Text
    n_gpus: Count
    """All GPUs that worked on it."""
    replicas: Count | None = None
    """Copies of the model that the rate sums over."""
    tp: Count | None = None
    """Tensor-parallel GPUs of a replica."""
    pp: Count | None = None
    """Pipeline stages of a replica."""
    dp_attention: Switch = "0"
    expert_parallel: Switch = "0"
    layer_split: Switch = "0"
    """Layers are dealt out to GPUs that work one after the other (llama.cpp)."""
    weight_dtype: Text
    kv_dtype: Text
    engine: Text
    engine_version: Text | None = None
    mode: Literal["continuous", "static_batch", "single_stream"]
    isl: Positive
    """Input tokens of a request, mean."""
    osl: Positive
    """Output tokens of a request, mean."""
    concurrency: Positive | None = None
    """Requests in flight over all replicas; empty: as many as fit."""
    max_batch_per_replica: Positive | None = None
    prefill_included: Switch = "1"
    output_tok_s: Positive
    """Output tokens per second over all replicas [token/s]."""
    ttft_ms: Positive | None = None
    tpot_ms: Positive | None = None
    note: Text | None = None


COLUMNS = tuple(Measurement.model_fields)
REQUIRED = tuple(name for name, f in Measurement.model_fields.items() if f.is_required())
