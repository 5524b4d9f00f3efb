#!/usr/bin/env bash
# Voxtral's audio is billed in memory and compute by the half minute: a word of one second is as long as a page.
#
# Guess:   12.5 tokens a second, as the model's configuration says: 13 for a second, 25 for two.
# Seen:    the tokenizer fills each recording up to whole chunks of 30 seconds: 376 tokens for one second, 376 for
#          thirty, 751 for thirty-one. Where a server streams (no chunk length in the configuration) two seconds are 26.
# Matters: a voice assistant's two-second commands take 15 times the cache and the prefill that seconds times rate
#          say, a call center's half-hour calls hardly more. Splitting at pauses multiplies the bill.
# Version: mistral-common 1.13.1, which vLLM and Transformers call for these models; rates, chunk and mel bins are those
#          of Voxtral's published tekken.json; the sound is silence.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q "mistral-common[audio]==1.13.1"
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import numpy as np
from mistral_common.audio import Audio
from mistral_common.protocol.instruct.chunk import AudioChunk
from mistral_common.tokens.tokenizers.audio import AudioConfig, AudioEncoder, AudioSpectrogramConfig, SpecialAudioIDs

RATE, FRAMES, CHUNK = 16_000, 12.5, 30.0
SECONDS = (1, 2, 10, 30, 31, 600)
IDS = SpecialAudioIDs(audio=24, begin_audio=25, streaming_pad=None, text_to_audio=None, audio_to_text=None)
MEL = AudioSpectrogramConfig(num_mel_bins=128, hop_length=160, window_size=400)


def tokens(seconds, chunk):
    """Return the tokens of silence."""
    config = AudioConfig(sampling_rate=RATE, frame_rate=FRAMES, encoding_config=MEL, chunk_length_s=chunk)
    encode = AudioEncoder(config, IDS)
    silence = Audio(np.zeros(int(RATE * seconds), dtype=np.float32), RATE, "wav")
    return len(encode(AudioChunk.from_audio(silence)).tokens)


seen = {seconds: (tokens(seconds, CHUNK), tokens(seconds, None)) for seconds in SECONDS}
print("seconds   tokens   without chunks   seconds x 12.5")
for seconds, (padded, bare) in seen.items():
    print(f"{seconds:7}{padded:9,}{bare:17,}{seconds * FRAMES:17,.1f}")
wanted = {1: (376, 14), 2: (376, 26), 10: (376, 126), 30: (376, 376), 31: (751, 389), 600: (7501, 7501)}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
