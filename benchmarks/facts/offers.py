"""Which row of the new offers is which offer of ours, and which is left out, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from facts.blocks import Record

ALIASES = {
    ("nebius", "beam"): "beam-1.0",
    ("wandb", "Beam-1.0-501B-A23B"): "beam-1.0",
    ("together", "Beam-1.0-501B-A23B"): "beam-1.0",
    ("baseten", "NVIDIA-Nemotron-3.5-Super-VL-120B-A12B"): "nemotron-3.5-super-vl",
    ("wandb", "NVIDIA-Nemotron-3.5-Super-VL-120B-A12B"): "nemotron-3.5-super-vl",
    ("together", "NVIDIA-Nemotron-3.5-Super-VL"): "nemotron-3.5-super-vl",
    ("deepinfra", "NVIDIA-Nemotron-3.5-Lightning"): "nemotron-3.5-lightning",
    ("wandb", "NVIDIA-Nemotron-3.5-Lightning-30B-A3B"): "nemotron-3.5-lightning",
    ("deepinfra", "Qwen3-Next-80B-A3B-Instruct"): "qwen3-next-80b-a3b",
    ("alibaba", "qwen3-next-80b-a3b-instruct"): "qwen3-next-80b-a3b",
    ("fireworks", "qwen3-next-80b-a3b-instruct"): "qwen3-next-80b-a3b",
    ("novita", "qwen3-next-80b-a3b-instruct"): "qwen3-next-80b-a3b",
    ("bedrock", "qwen.qwen3-next-80b-a3b"): "qwen3-next-80b-a3b",
    ("bedrock", "zai.glm-4.7-flash"): "glm-4.7-flash",
    ("bedrock", "global.moonshotai.kimi-k3.1"): "kimi-k3.1-pro-highspeed",
    ("bedrock", "openai.gpt-6.2-astra"): "gpt-6.2-astra",
    ("bedrock", "openai.gpt-6.2-sol"): "gpt-6.2-sol",
    ("bedrock", "amazon.nova-2-multimodal-embeddings-v1:0"): "nova-2-multimodal-embeddings",
    ("mistral", "mistral-large-4-0"): "mistral-large-4",
    ("mistral", "mistral-large-4-0-8"): "mistral-large-4",
    ("vertex", "grok-4.20-reasoning"): "grok-4.20",
}
"""Rows whose name is not the model's id in lower case."""
OTHERS = {
    ("azure", "gpt-4o-2024-05-13"): "its row is of the edition 2024-08-06",
    ("novita", "glm-5"): "its row is of glm-5-turbo, another model",
    ("bedrock", "deepseek-v3"): "its row is of DeepSeek V3.1",
    ("bedrock", "moonshotai.kimi-k3.1"): "a regional price of what is shipped as global",
    ("bedrock", "qwen.qwen3-next-80b-a3b-instruct"): "two rows of one model; pi-ai has the other",
    ("azure", "text-embedding-3-small"): "10 % above its maker's price: a regional meter",
    ("azure", "text-embedding-ada-002"): "10 % above its maker's price: a regional meter",
    ("vertex", "multimodalembedding"): "priced by the image, too",
    ("vertex", "text-embedding-preview-0409"): "a preview of an older edition",
    ("vertex", "text-embedding-large-exp-03-07"): "a preview of an older edition",
    ("vertex", "gemini-embedding-2-preview"): "a preview of an older edition",
    ("together", "together-ai-embedding-151m-to-350m"): "a price for a range of models",
    ("together", "together-ai-embedding-up-to-150m"): "a price for a range of models",
    ("nebius", "Qwen3-Next-80B-A3B-Thinking"): "another checkpoint of a shipped model",
    ("openai", "text-embedding-ada-002-v2"): "another name of a shipped offer",
}
"""Rows that are left out, each looked at."""
SAME = 0.005
Row = Mapping[str, Any]


def left_out(row: Row) -> str:
    """Return why a row is not shipped; empty where it is."""
    named = (row["provider"], row["model"])
    if named in OTHERS:
        return OTHERS[named]
    model, lists = str(row["model"]), row["lists"]
    if named in ALIASES:
        return ""
    if "thinking" in model.lower():
        return "another checkpoint of a shipped model"
    if row["provider"] in ("xai", "vertex") and model.startswith("grok-4.20-"):
        return "another name of a shipped offer"
    if model in ("gpt-5.4-pro-2026-03-05",):
        return "another name of a shipped offer"
    if any("/eu-" in str(one.get("key", "")) for one in lists.values()):
        return "a regional price alone"
    return "the lists contradict each other" if _contradict(list(lists.values())) else ""


def _contradict(lists: list[Row]) -> bool:
    first = lists[0]
    return any(
        abs(one[key] - first[key]) > SAME * max(one[key], first[key])
        for one in lists[1:]
        for key in ("input", "output")
    )


def same_model(row: Row) -> str:
    """Return what the provider calls the model."""
    return str(row["model"])


def offered_as(row: Row) -> str:
    """Return the offer that a row is, `PROVIDER/MODEL`."""
    named = (str(row["provider"]), str(row["model"]))
    return f"{named[0]}/{ALIASES.get(named, named[1].lower())}"


HOSTED = "Taken to be open: hosts that are not its maker serve it. No licence was read."
NEW_MODELS: Mapping[str, Record] = {
    "gpt-6.2-astra": {"name": "GPT-6.2 Astra", "org": "OpenAI", "line": "flagship"},
    "gpt-6.2-sol": {"name": "GPT-6.2 Sol", "org": "OpenAI", "line": "flagship"},
    "gpt-6-cyber": {"name": "GPT-6 Cyber", "org": "OpenAI"},
    "gpt-5.4-pro": {"name": "GPT-5.4 Pro", "org": "OpenAI", "line": "flagship"},
    "gpt-5.3-codex": {"name": "GPT-5.3 Codex", "org": "OpenAI"},
    "gpt-5.3-codex-spark": {"name": "GPT-5.3 Codex Spark", "org": "OpenAI"},
    "gemini-4-carbon": {"name": "Gemini 4 Carbon", "org": "Google"},
    "gemini-4-hydrogen": {"name": "Gemini 4 Hydrogen", "org": "Google"},
    "gemini-4-neon": {"name": "Gemini 4 Neon", "org": "Google"},
    "kimi-k3.1-pro-highspeed": {
        "name": "Kimi K3.1 Pro Highspeed",
        "org": "Moonshot AI",
        "weights": "closed",
        "notes": "A faster service of Kimi K3.1 Pro at twice its price; what runs is not said.",
    },
    "deepseek-v4-flash-0731": {
        "name": "DeepSeek V4 Flash 0731",
        "org": "DeepSeek",
        "weights": "open",
        "notes": "An edition of V4 Flash; hosts that are not its maker serve it.",
    },
    "ling-3.0-flash": {"name": "Ling 3.0 Flash", "org": "Ant Group", "weights": "open"},
    "ling-3.0-flash-fast": {
        "name": "Ling 3.0 Flash Fast",
        "org": "Ant Group",
        "weights": "open",
    },
    "mimo-v2.5": {"name": "MiMo V2.5", "org": "Xiaomi", "weights": "open"},
    "mimo-v2.5-pro": {"name": "MiMo V2.5 Pro", "org": "Xiaomi", "weights": "open"},
    "inkling-small": {
        "name": "Inkling Small",
        "org": "Thinking Machines",
        "weights": "open",
    },
    "inkling-2-small": {"org": "Thinking Machines", "name": "Inkling 2 Small", "weights": "open"},
    "hy4": {
        "name": "Hy4",
        "org": "Tencent",
        "notes": "A host that is not its maker sells it at half the price; no licence was read.",
    },
    "hy3": {"name": "Hy3", "org": "Tencent", "weights": "open"},
    "qwen3.6-27b": {"name": "Qwen3.6 27B", "org": "Alibaba", "weights": "open"},
    "qwen3.6-35b-a3b": {"name": "Qwen3.6 35B A3B", "org": "Alibaba", "weights": "open"},
    "qwen3-next-80b-a3b": {
        "name": "Qwen3-Next 80B A3B Instruct",
        "org": "Alibaba",
        "weights": "open",
    },
    "glm-4.7-flash": {"name": "GLM-4.7 Flash", "org": "Z.ai", "weights": "open"},
    "muse-glimmer-30b": {"name": "Muse Glimmer 30B", "org": "Meta", "weights": "open"},
    "nemotron-3.5-lightning": {
        "name": "Nemotron 3.5 Lightning 30B A3B",
        "org": "NVIDIA",
        "weights": "open",
    },
    "text-embedding-004": {
        "name": "Text Embedding 004",
        "org": "Google",
        "kind": "embedding",
    },
    "text-embedding-005": {
        "name": "Text Embedding 005",
        "org": "Google",
        "kind": "embedding",
    },
    "text-multilingual-embedding-002": {
        "name": "Text Multilingual Embedding 002",
        "org": "Google",
        "kind": "embedding",
    },
    "nova-2-multimodal-embeddings": {
        "name": "Nova 2 Multimodal Embeddings",
        "org": "Amazon",
        "kind": "embedding",
        "notes": "The price of text; images, sound and film are priced otherwise.",
    },
    "qwen3-embedding-0.6b": {
        "name": "Qwen3 Embedding 0.6B",
        "org": "Alibaba",
        "kind": "embedding",
        "weights": "open",
    },
    "qwen3-embedding-8b": {
        "name": "Qwen3 Embedding 8B",
        "org": "Alibaba",
        "kind": "embedding",
        "weights": "open",
    },
}
"""Models that the catalog did not have, with what their names and makers say."""
