#!/usr/bin/env bash
# The parameter count of a packed 4-bit checkpoint is that of its containers: an eighth.
#
# Guess:   huggingface_hub's `parameter_count` of a checkpoint is the number of its weights; the files say their format.
# Seen:    a layer of 512 x 1,024 weights in 4 bits lies in 512 x 128 numbers of type I32 (compressed-tensors, GPTQ,
#          AWQ alike): 65,536 are counted, not 524,288. Scales and shapes are counted as parameters, too. Two to a byte
#          (NVFP4 of modelopt: U8) it is half. A program that multiplies by a size per dtype gets the bytes right,
#          and everything that is per weight (FLOPs, another precision, "70B") wrong.
# Matters: such a count given as the size of one's own model makes it eight times too fast, and a choice of another
#          precision eight times too small.
# Version: huggingface-hub 2.4.0, safetensors 0.8.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q huggingface-hub==2.4.0 safetensors==0.8.0 numpy==2.3.5
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys

import numpy as np
from huggingface_hub import parse_local_safetensors_file_metadata
from safetensors.numpy import save_file

LAYERS, OUT, IN = 4, 512, 1024
REAL = LAYERS * OUT * IN


def count(packed: dict[str, np.ndarray]) -> dict[str, int]:
    save_file({f"layers.{n}.up_proj.{k}": v for n in range(LAYERS) for k, v in packed.items()}, "model.safetensors")
    return parse_local_safetensors_file_metadata("model.safetensors").parameter_count


int4 = count({
    "weight_packed": np.zeros((OUT, IN // 8), np.int32), "weight_scale": np.zeros((OUT, IN // 128), np.float16),
    "weight_shape": np.array([OUT, IN], np.int64)})
fp4 = count({"weight": np.zeros((OUT, IN // 2), np.uint8)})
print(f"weights: {REAL:,}; counted of packed INT4: {int4}; of packed FP4: {fp4}")
if int4 != {"I32": REAL // 8, "F16": REAL // 128, "I64": LAYERS * 2} or fp4 != {"U8": REAL // 2}:
    sys.exit("changed: packed weights are counted in another way")
PY
