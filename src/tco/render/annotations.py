"""Findings as annotations of a pull request: the workflow commands of GitHub Actions."""

from __future__ import annotations

from tco.catalog.check.finding import CheckReport, Finding
from tco.render.screens.catalog_check import summary

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def text(result: CheckReport) -> str:
    """Return one command a finding, and one with the count."""
    lines = [_command(found) for found in result.findings]
    return "\n".join([*lines, f"::notice title=tco catalog check::{_data(summary(result))}"]) + "\n"


def _command(found: Finding) -> str:
    where = f"{found.where}: " if found.where else ""
    place = f"file={_property(found.file)},line={found.line}"
    title = _property(f"{found.rule} {found.name}")
    message = _data(f"{where}{found.message}; {found.advice}")
    return f"::{LEVELS[found.severity]} {place},title={title}::{message}"


def _data(text: str) -> str:
    """Return a message so that it cannot end the command or begin another."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
