"""The answer on stdout, warnings on stderr, copies in files."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tco.catalog.files import write_atomically
from tco.cli.guard import say, silence
from tco.errors import UsageError, printable
from tco.render.output import page, rendered
from tco.render.table import Block, View
from tco.render.terminal import columns, in_colour, width

# For terminals and pipes that cannot show what our screens are drawn with.
ASCII = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "×": "x",
        "…": "...",
        "█": "#",
        "▒": "=",
        "░": ".",
        "·": "|",
        "−": "-",
        "◆": "*",
    }
)


Report = Callable[[], str]
NO_PICTURE = (
    "--plot: no picture of this answer; compare, breakeven A B, sensitivity and plan have one"
)
NO_REPORTS: Mapping[str, Report] = MappingProxyType({})


Picture = Callable[[int], tuple[Block, ...]]


def deliver(
    result: Any,
    output: Mapping[str, Any],
    reports: Mapping[str, Report] = NO_REPORTS,
    picture: Picture | None = None,
) -> None:
    """Write a result where and how it was asked for.

    Args:
        result: The result.
        output: What was said of how it is written.
        reports: Files that need more than the result, by their format.
        picture: Returns what is drawn under the answer, of some width.

    Raises:
        UsageError: A column, an order or a file to write that there is not; a file only after
            everything else has been written.
    """
    view = View(fields=output.get("fields"), sort=output.get("sort"), top=output.get("top"))
    drawn = picture(columns()) if picture else ()
    kind = output.get("format", "table")
    colour = in_colour(sys.stdout, output.get("color", "auto"))
    shown = view._replace(plot=bool(drawn))
    text = rendered(result, kind, shown, columns=width(), colour=colour, more=drawn)
    write(text.translate(ASCII) if drawn and os.environ.get("TERM") == "dumb" else text, kind)
    if not output.get("quiet"):
        for warning in result.warnings:
            say(f"tco: note: {warning}")
    exports = _exported(result, view, output.get("export", ()), reports)
    failed = [*_summarized(result, kind, view), *exports]
    if picture and not drawn:
        failed.append(NO_PICTURE)
    if failed:
        raise UsageError("; ".join(failed))


def _exported(
    result: Any, view: View, wanted: Iterable[tuple[str, str]], reports: Mapping[str, Report]
) -> Iterator[str]:
    """Write copies of an answer; return why one could not be made or written."""
    for kind, path in wanted:
        try:
            copy = _report(reports) if kind == "html" else rendered(result, kind, view)
        except UsageError as error:
            yield f"--export: {printable(path, 200)}: {error}"
            continue
        reason = _saved(path, copy)
        if reason is not None:
            yield reason


def _report(reports: Mapping[str, Report]) -> str:
    if "html" not in reports:
        raise UsageError("no report of this; compare, breakeven, sensitivity and plan have one")
    return reports["html"]()


def _summarized(result: Any, kind: str, view: View) -> Iterator[str]:
    """Add the page of an answer for GitHub to the summary of the job that runs, if one does."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if kind != "github" or not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(page(result, view) + "\n")
    except (OSError, ValueError) as error:
        yield f"GITHUB_STEP_SUMMARY: {printable(path, 200)}: {_why(error)}"


def write(text: str, kind: str) -> None:
    """Write to stdout whatever its encoding can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        # In JSON a character may be written as \\uXXXX; elsewhere the nearest plain one must do.
        if kind != "json":
            text = text.translate(ASCII)
        errors = "backslashreplace" if kind == "json" else "replace"
        text = text.encode(encoding, errors).decode(encoding)
    try:
        _write_all(sys.stdout, text)
    except BrokenPipeError:
        raise  # a reader that had enough is no error
    except (OSError, ValueError) as error:
        silence()  # what is left in its buffer cannot be written later either
        raise UsageError(f"the answer could not be written: {_why(error)}") from None


def _write_all(stream: Any, text: str) -> None:
    """Write a text to the end, also to a stream without a buffer, which takes what there is room
    for and says how much that was.
    """
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.RawIOBase):
        stream.write(text)
        stream.flush()
        return
    rest = memoryview(text.encode(stream.encoding or "utf-8", stream.errors or "strict"))
    while rest:
        rest = rest[raw.write(rest) or 0 :]


def _saved(path: str, text: str) -> str | None:
    """Write a file in one step; return why that was not possible, or None."""
    data = text.encode("utf-8")
    try:
        write_atomically(path, data)
    except (OSError, ValueError) as error:
        return f"--export: {printable(path, 200)}: {_why(error)}"
    return None


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or "not a path").lower()
