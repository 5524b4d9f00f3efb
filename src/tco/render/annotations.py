"""A result for a pull request: workflow commands of GitHub Actions, then the page in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tco.render.output import page
from tco.render.table import View

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


class Note(NamedTuple):
    """One annotation; without a file it stands at the top of the run."""

    level: str
    title: str
    message: str
    file: str = ""
    line: int = 0


def text(result: Any, view: View) -> str:
    """Return one command a finding, a failed check, a reason to fail or a warning; then the page.

    The commands are what a runner reads from stdout, the page is for the job's summary.
    """
    commands = [_command(note) for note in notes(result)]
    return "\n".join([*commands, "", _inert(page(result, view))])


def notes(result: Any) -> Iterator[Note]:
    """Return what is to be seen beside the change: the worst first, the verdict last."""
    name = command_of(result.schema)
    for found in getattr(result, "findings", ()):
        where = f"{found.where}: " if found.where else ""
        yield Note(
            level=LEVELS[found.severity],
            title=f"{found.rule} {found.name}",
            message=f"{where}{found.message}; {found.advice}",
            file=found.file,
            line=found.line,
        )
    for failure in getattr(result, "failures", ()):
        yield Note("error", f"{name} {failure.rule}", failure.message)
    for check in getattr(result, "checks", ()):
        if check.state != "passed":
            yield Note("error", f"{name} {check.rule}", check.message, check.file, check.line)
    for warning in result.warnings:
        yield Note("warning", name, warning)
    verdict = _verdict(result)
    if verdict:
        yield Note("notice", name, verdict)


def command_of(schema: str) -> str:
    """Return the command that a result is of.

    >>> command_of("tco.catalog-check/1")
    'tco catalog check'
    """
    return schema.partition("/")[0].replace(".", " ").replace("catalog-", "catalog ")


def _verdict(result: Any) -> str:
    """Return the answer in a sentence; empty where a result has none."""
    if hasattr(result, "findings"):
        from tco.render.screens.catalog import summary

        return summary(result)
    return str(getattr(result, "verdict", ""))


def _command(note: Note) -> str:
    place = f"file={_property(note.file)},line={note.line}," if note.file else ""
    return f"::{note.level} {place}title={_property(note.title)}::{_data(note.message)}"


def _data(text: str) -> str:
    """Return a message so that it cannot end the command or begin another."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _inert(markdown: str) -> str:
    """Return Markdown without lines that a runner takes for commands; it shows the same."""
    lines = (
        line.replace("::", "\\::", 1) if line.lstrip().startswith("::") else line
        for line in markdown.replace("\r", "\n").split("\n")
    )
    return "\n".join(lines)
