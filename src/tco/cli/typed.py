"""The command as it was typed, so that a report can say how to make it again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tco.ask.fields import QUESTION
from tco.cli.flags import Command
from tco.cli.options import Output, Question

if TYPE_CHECKING:
    from tco.render.report.page import Asked

HOW = {f.name for f in fields(Output)} | {"plot"}
"""Options that say how an answer is written, not what is asked."""


def asked_for(as_of: str) -> Asked:
    """Return the command that runs now, and the flags of its question.

    Variables are written as the flags that say the same.

    Args:
        as_of: The day whose prices were used, so that the same command finds them again.
    """
    from tco.render.report.page import Asked

    context = Command.running
    own: list[str] = []
    shared: list[str] = []
    for param in context.command.params:
        if param.name not in HOW:
            words = list(_words(param, context.params.get(param.name or "")))
            (shared if param.name in Question.__annotations__ else own).extend(words)
    shared += _variables(context.params)
    if "--as-of" not in shared:
        shared += ["--as-of", as_of]
    name = (context.info_name or "").split()
    return Asked(whole=(*name, *own, *shared), question=tuple(shared))


def _words(param: Any, value: Any) -> Iterator[str]:
    """Return an option and its value as they are typed; nothing where it was not said."""
    if value is None or value is False or value == ():
        return
    flag = max(param.opts, key=len) if param.param_type_name == "option" else None
    for one in value if isinstance(value, list | tuple) else [value]:
        if flag is not None:
            yield flag
        if one is not True:
            yield str(one)


def _variables(said: dict[str, Any]) -> Iterator[str]:
    """Return what variables say that flags did not, as flags."""
    for field in QUESTION:
        value = os.environ.get(field.variable, "").strip()
        if not value or said.get(field.name) not in (None, ()):
            continue
        for one in value.split(";") if field.target == "options" else [value]:
            yield from (field.flag, one.strip())
    file = os.environ.get("TCO_FILE")
    if file and not said.get("file"):
        yield from ("--file", file)
