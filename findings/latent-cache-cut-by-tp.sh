#!/usr/bin/env bash
# A planner that knows latent attention (MLA) cuts its cache over tensor-parallel GPUs; there it is copied to each.
#
# Guess:   a tool that sizes DeepSeek's cache by its 576 numbers a token and layer is right on eight GPUs, too.
# Seen:    chimeraforge divides the cache by min(TP, heads): for 671B in FP8 on 16 GPUs of 141 GB 2,504 sequences of
#          8k fit; with a copy a GPU it would be 156. One more doubling of GPUs (8 to 16) gives 4.1 times the room.
#          workingset, another planner, counts 16 copies on 16 GPUs under plain TP (of GLM-5.3, latent too), and one
#          only where decode context parallelism is switched on.
# Matters: sixteen times the users of a server makes own GPUs look cheaper than they are, most of all for the models
#          that are cheapest to serve.
# Version: chimeraforge 0.76.0, workingset 0.2.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q chimeraforge==0.76.0 workingset==0.2.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

from chimeraforge.planner.models import VRAMModel
from workingset import model

GIB, CONTEXT, LAYERS, WIDTH = 1024**3, 8192, 61, 576
SHAPE = {"n_layers": LAYERS, "n_kv_heads": 128, "d_head": 56, "kv_elems_per_token_per_layer": WIDTH}
planner = VRAMModel()
room = {tp: planner.max_concurrent_seqs(671, "FP8", SHAPE, CONTEXT, 141, kv_bytes=2, tp=tp) for tp in (8, 16)}
one = planner.kv_cache_gb(SHAPE, CONTEXT, 1, 2)
print(f"a sequence takes {one:.3f} GiB ({LAYERS} x {WIDTH} x 2 bytes x {CONTEXT} = "
      f"{LAYERS * WIDTH * 2 * CONTEXT / GIB:.3f} GiB)")
print(f"sequences on TP 8 and 16: {room[8]:,} and {room[16]:,}; with a copy a GPU {room[16] // 16:,} on 16")
latent = next(m for m in model.MODELS.values() if m.name.startswith("GLM-5.3 "))
h200 = model.GPUS["H200"]
copies = {how: model.kv_replication(latent, model.Topology("t", 1, 16, h200, how))[0] for how in ("replicate", "dcp")}
print(f"workingset: copies of the latent cache on 16 GPUs: {copies}")
if room != {8: 611, 16: 2504} or copies != {"replicate": 16.0, "dcp": 1.0}:
    sys.exit(f"changed: {room} sequences, {copies} copies")
PY
