"""Names of models as several catalogs write them, brought to one form."""

from __future__ import annotations

import re

_NOISE = re.compile(r"-(instruct|chat|it|hf|turbo|fp8|fp4|bf16|versatile|instant|maas|preview)$")
_REVISION = re.compile(r"(-v\d+(:\d+)?|@[\w.-]+|:\w+)$")


def folded(name: str) -> str:
    """Return a model's name without case, separators and what does not change the weights.

    >>> folded("Meta-Llama-3.3-70B-Instruct-Turbo"), folded("llama-3.3-70b")
    ('llama3370b', 'llama3370b')
    """
    text = name.rpartition("/")[2].casefold().replace("_", "-").replace(" ", "-")
    text = text.removeprefix("meta-")
    for pattern in (_REVISION, _NOISE, _NOISE):
        text = pattern.sub("", text)
    return re.sub(r"[^a-z0-9]", "", text)
