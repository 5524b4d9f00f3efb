"""What a plain scalar of a data file stands for: the YAML 1.2 core schema, without its traps."""

from __future__ import annotations

import math
import re
from typing import Any

from tco.errors import printable

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
FORBIDDEN = re.compile(f"[{_CONTROL}]")  # what could drive a terminal or hide text
_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL"), None) | {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"[-+]?0(?:[0-9_]+|[xob][0-9a-fA-F_]+)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)


class RefusedError(Exception):
    """A value that is left out, with the reason."""


def plain_value(text: str) -> Any:
    """Return what a plain scalar stands for."""
    if not text or text[0] not in "0123456789+-.":
        return _WORDS.get(text, text)
    if _INT.fullmatch(text) and len(text) < 40:
        return int(text)
    if _OCTAL.fullmatch(text):
        plain = text.replace("_", "").lstrip("+-0xob") or "0"
        raise RefusedError(
            f"{printable(text, 40)} reads as octal or hexadecimal in some tools;"
            f" write {printable(plain, 40)}, or put it in quotes if it is text"
        )
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        if math.isinf(number):
            raise RefusedError(f"{printable(text, 40)} is too large for a number")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise RefusedError(f"{text} is not a finite number")
    return text
