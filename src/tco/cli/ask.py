"""From what was typed to a `Request`: flags, `TCO_*` variables, scenario file, user's own file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tco.ask.asked import FIELDS, Asked, asked_of, given, parts
from tco.ask.fields import OUTPUT
from tco.ask.layers import Item, read
from tco.cli.guard import say
from tco.errors import UsageError, nearest, printable

if TYPE_CHECKING:
    from tco.cli.options import Output, Question


def asked(question: Question, output: Output) -> Asked:
    """Return all that was said, read and merged.

    Raises:
        UsageError: A flag or variable that cannot be read, or two that contradict each other.
        DataError: A scenario file that cannot be used.
    """
    typed = {**question, **{f.name: getattr(output, f.name) for f in OUTPUT}}
    layers = [read(given(typed), UsageError), read(_variables(), UsageError)]
    said = asked_of(layers, file_of(question), config_file())
    if not said.output.get("quiet"):
        warn_of_variables()
    return said


def file_of(question: Question) -> str | None:
    """Return the scenario file as it was named, by flag or variable; None without one."""
    return str(question.get("file") or os.environ.get("TCO_FILE") or "") or None


def config_file() -> str | None:
    """Return the file with the user's own defaults, if there is one.

    `TCO_CONFIG` names it, or says that there is none when it is empty.
    """
    named = os.environ.get("TCO_CONFIG")
    if named is not None:
        return named or None
    base = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME", "")
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    path = f"{base or f'{home}/.config'}/tco/config.yaml"
    return path if os.path.isabs(path) and os.path.isfile(path) else None  # noqa: PTH113, PTH117


OTHER_VARIABLES = ("TCO_FILE", "TCO_CONFIG", "TCO_CACHE_DIR", "TCO_DEBUG", "TCO_LOGS_MEMORY")
"""Variables that mean something and are no option."""


def ignored_variables() -> tuple[str, ...]:
    """Return the variables that look like ours and mean nothing."""
    known = {*OTHER_VARIABLES, *(field.variable for field in FIELDS)}
    return tuple(sorted(n for n in os.environ if n.startswith("TCO_") and n not in known))


def warn_of_variables() -> None:
    """Say once which variables mean nothing, and which may have been meant."""
    ignored = ignored_variables()
    if ignored:
        known = [*OTHER_VARIABLES, *(field.variable for field in FIELDS)]
        meant = [f"{printable(n)} (did you mean {nearest(n, known, 1)[0]}?)" for n in ignored]
        say(f"tco: note: ignored, since no option is called so: {', '.join(meant)}")


def _variables() -> Iterator[Item]:
    for field in FIELDS:
        value = os.environ.get(field.variable, "").strip()
        # An option has commas inside, so that several in one variable need another separator.
        texts = value.split(";") if field.target == "options" else [value]
        for raw in parts(field, texts if field.many else value) if value else []:
            yield Item(field, raw, field.variable, field.variable)
