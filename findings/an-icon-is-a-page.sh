#!/usr/bin/env bash
# A smaller picture is no cheaper: an icon is 2,873 tokens for Idefics3, more than a whole screen; for Qwen2-VL it is
# 4.
#
# Guess:   open models count pictures by their pixels, up to a limit: a thumbnail costs next to nothing anywhere.
# Seen:    Idefics3 first enlarges each picture until its longest edge is 1,456, then cuts it into tiles of 364 and
#          adds the whole: 17 tiles of 169 tokens for 64 x 64, and 13 for 3840 x 2160, for a wide picture has a row
#          less. Qwen2-VL, Pixtral and GLM-4V go by pixels (4, 20, 9 for the icon), but their limits differ: 1,222,
#          2,340 and 7,360 tokens for the screen.
# Matters: "scale the pictures down" saves nothing there, and a square thumbnail is dearer than the screen it was made
#          of. One figure of tokens a picture for all models is wrong by 700 times at one end and 6 at the other.
# Version: transformers 5.24.0, processors with their own defaults (Idefics3-8B's and Pixtral-12B's files say the
#          same); mistral-common 1.13.1 agrees on Pixtral. Pictures are black; marks between tiles are not counted.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q transformers==5.24.0 mistral-common[image]==1.13.1 pillow==12.0.0
HF_HUB_OFFLINE=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

logging.disable(logging.WARNING)
import numpy as np
from mistral_common.protocol.instruct.chunk import ImageChunk
from mistral_common.tokens.tokenizers.image import ImageConfig, ImageEncoder, SpecialImageIDs
from PIL import Image
from transformers.models.glm4v.image_processing_pil_glm4v import Glm4vImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.pixtral.image_processing_pil_pixtral import PixtralImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

SIDES = ((64, 64), (512, 512), (1920, 1080), (3840, 2160))
PER_TILE = (364 // 14 // 2) ** 2  # patches of 14, four of them a token
MARKS = SpecialImageIDs(img=10, img_break=12, img_end=13)
MISTRAL = ImageEncoder(ImageConfig(image_patch_size=16, max_image_size=1024), MARKS)


def by_grid(processor):
    """Return how a processor with a grid of patches counts: four patches are a token."""
    return lambda picture: int(np.prod(processor(picture, return_tensors="np")["image_grid_thw"])) // 4


def idefics3(picture):
    """Return the tokens of the tiles and of the whole."""
    return Idefics3ImageProcessorPil()(picture, return_tensors="np")["pixel_values"].shape[1] * PER_TILE


def pixtral(picture):
    """Return a token a patch of 16, and one at the end of each row."""
    high, wide = PixtralImageProcessorPil()(picture, return_tensors="np")["image_sizes"][0]
    return int(high // 16 * (wide // 16 + 1))


COUNTS = {
    "Idefics3": idefics3,
    "Qwen2-VL": by_grid(Qwen2VLImageProcessorPil()),
    "Pixtral": pixtral,
    "Pixtral (mistral-common)": lambda picture: len(MISTRAL(ImageChunk(image=picture)).tokens),
    "GLM-4V": by_grid(Glm4vImageProcessorPil()),
}
pictures = [Image.fromarray(np.zeros((high, wide, 3), dtype=np.uint8)) for wide, high in SIDES]
seen = {name: [count(picture) for picture in pictures] for name, count in COUNTS.items()}
print(f"{'tokens of a picture':26}" + "".join(f"{f'{wide} x {high}':>13}" for wide, high in SIDES))
for name, counts in seen.items():
    print(f"{name:26}" + "".join(f"{count:13,}" for count in counts))
wanted = {
    "Idefics3": [2873, 2873, 2197, 2197],
    "Qwen2-VL": [4, 324, 1222, 1222],
    "Pixtral": [20, 1056, 2340, 2340],
    "Pixtral (mistral-common)": [20, 1056, 2340, 2340],
    "GLM-4V": [9, 324, 2691, 7360],
}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
