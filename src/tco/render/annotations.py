"""A result for a pull request: workflow commands of GitHub Actions, then the page in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tco.render.output import page
from tco.render.words import View

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def text(result: Any, view: View) -> str:
    """Return one command a finding, a failed check, a reason to fail or a warning; then the page.

    The commands are what a runner reads from stdout, the page is for the job's summary.
    """
    return "\n".join([*notes(result), "", _inert(page(result, view))])


def notes(result: Any) -> Iterator[str]:
    """Return the commands of what is seen beside the change: the worst first, the verdict last."""
    name = command_of(result.schema)
    for found in getattr(result, "findings", ()):
        where = f"{found.where}: " if found.where else ""
        yield _command(
            LEVELS[found.severity],
            f"{found.rule} {found.name}",
            f"{where}{found.message}; {found.advice}",
            found.file,
            found.line,
        )
    for failure in getattr(result, "failures", ()):
        yield _command("error", f"{name} {failure.rule}", failure.message)
    for check in getattr(result, "checks", ()):
        if check.state != "passed":
            yield _command("error", f"{name} {check.rule}", check.message, check.file, check.line)
    for warning in result.warnings:
        yield _command("warning", name, warning)
    verdict = _verdict(result)
    if verdict:
        yield _command("notice", name, verdict)


def command_of(schema: str) -> str:
    """Return the command that a result is of.

    >>> command_of("tco.catalog-check/1")
    'tco catalog check'
    """
    return schema.partition("/")[0].replace(".", " ").replace("catalog-", "catalog ")


def _verdict(result: Any) -> str:
    """Return the answer in a sentence; empty where a result has none."""
    if hasattr(result, "findings"):
        from tco.render.screens.check import summary

        return summary(result)
    return str(getattr(result, "verdict", ""))


def _command(level: str, title: str, message: str, file: str = "", line: int = 0) -> str:
    """Return one annotation; without a file it stands at the top of the run."""
    place = f"file={_property(file)},line={line}," if file else ""
    return f"::{level} {place}title={_property(title)}::{_data(message)}"


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
