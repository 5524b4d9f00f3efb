"""Write `commands.md`: every command and option, from the declarations that the program reads.

python docs/commands.py     rewrites the page; a test holds it against what this would write
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import typer.main

from tco import errors
from tco.ask.effective import in_effect
from tco.ask.options import OUTPUT, QUESTION, Output, QuestionOptions
from tco.catalog.load import load_catalog
from tco.cli import options
from tco.cli.app import COMMANDS, app
from tco.cli.options import options_of
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.units import in_unit

PAGE = Path(__file__).with_name("commands.md")

HEAD = """# Commands

Written by `python docs/commands.py` from the declarations that the program itself reads; a test
fails when this page differs. `tco COMMAND --help` prints the same.

What a flag says, a variable and a key of the scenario file can say too ([scenario.md](scenario.md)
has a whole file); flags beat variables, variables beat the file, the file beats the user's own
(`~/.config/tco/config.yaml`, or what `TCO_CONFIG` names), and that beats the defaults.
`tco config show --origin` says which it was. A switch is turned off with `--no-`: `--no-all`. What
can be said several times is repeated, or separated by commas. `TCO_FILE` names the scenario file.
The functions of `import tco` take the same options as keywords ([library.md](library.md)).

Quantities are written as people do: `50B`, `500M/day`, `20 req/s`, `35%`, `$2.50/Mtok`,
`$2.10/gpu-h`, `50ms`, `18 months`, and ranges `1B..1T:log25`.
"""

CODES = """
## Exit codes

| code | meaning |
|---:|---|
| 0 | answered; "never breaks even" is an answer |
| {findings} | findings, a threshold exceeded, a check failed |
| {usage} | a flag, a quantity or a combination that cannot be understood |
| {data} | a data or scenario file that cannot be used, a name that no catalog has |
| {infeasible} | no answer: nothing fits, or nothing meets what was asked |
| {bug} | our bug; `TCO_DEBUG=1` shows where |
| {interrupted} | interrupted |

The answer is on stdout, messages are on stderr. `NO_COLOR` and `TERM=dumb` turn colour off,
`COLUMNS` sets the width, `TCO_CACHE_DIR` says where the compiled catalog is kept.
"""

SHARED = {field.name: field for field in (*QUESTION, *OUTPUT)}


def page() -> str:
    """Return the page."""
    codes = CODES.format(
        findings=errors.TcoError.exit_code,
        usage=errors.UsageError.exit_code,
        data=errors.DataError.exit_code,
        infeasible=errors.InfeasibleError.exit_code,
        bug=options.EXIT_BUG,
        interrupted=options.EXIT_INTERRUPTED,
    )
    return "".join([HEAD, *_index(), codes, *_shared(), *_commands()])


def _index() -> Iterator[str]:
    yield "\n| command | |\n|---|---|\n"
    for name, text in COMMANDS.items():
        yield f"| [`tco {name}`](#{_anchor(f'tco {name}')}) | {text} |\n"


def _anchor(title: str) -> str:
    return title.replace(" ", "-")


def _shared() -> Iterator[str]:
    """Return the options that commands share: what each does, what holds without it, its names."""
    catalog = load_catalog()
    inputs = prepare(catalog, Scenario(), date.fromisoformat(catalog.version))
    rows = {row.key: row for row in in_effect(inputs, {})}
    typed = {param.name: param for param in _params("compare")}
    yield "\n## Options that commands share\n"
    for record, title in ((QuestionOptions, "The question"), (Output, "The answer")):
        yield f"\n### {title}\n\n| option | | default | variable | key in the file |\n"
        yield "|---|---|---|---|---|\n"
        for option in options_of(record):
            param, field = typed[option.name], SHARED.get(option.name)
            default = _default(rows.get(field.key)) if field else ""
            key = f"`{field.key}`" if field else ""
            variable = f"`TCO_{option.name.upper()}`"
            yield _row((_name_of(param), param.help, default, variable, key))


def _default(row: Any) -> str:
    """Return what holds when an option is not said."""
    if row is None:
        return ""
    if row.key == "as_of":
        return "today"
    if isinstance(row.value, bool):
        return "on" if row.value else "off"
    if isinstance(row.value, str):
        return str(row.value)
    return f"{row.value:g} months" if row.unit == "months" else in_unit(row.value, row.unit)


def _params(name: str) -> list[Any]:
    """Return the parameters of a command."""
    group: Any = typer.main.get_command(app)
    context = group.context_class(group)
    params: list[Any] = group.get_command(context, name).get_params(context)
    return params


def _typed(names: str, metavar: str | None) -> str:
    return f"`{names} {metavar}`" if metavar else f"`{names}`"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _commands() -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    context = group.context_class(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        inner = getattr(command, "commands", None)
        if inner is None:
            yield from _command(f"tco {name}", command, context)
            continue
        yield f"\n## tco {name}\n\n{COMMANDS[name]}\n"
        for verb, one in inner.items():
            yield from _command(f"tco {name} {verb}", one, context)


def _command(title: str, command: Any, context: Any) -> Iterator[str]:
    """Return a command: what it does, examples, its own options, and which of the shared it has."""
    yield f"\n{'#' * (title.count(' ') + 1)} {title}\n\n"
    yield _prose(command.help)
    own, shared = [], []
    for param in command.get_params(context):
        if param.name == "help":
            continue
        (shared if _is_shared(param) else own).append(param)
    if own:
        yield "\n| | |\n|---|---|\n"
    for param in own:
        yield _row((_name_of(param), param.help or ""))
    yield from _which(shared)


def _is_shared(param: Any) -> bool:
    """Return whether a parameter is a shared option as the table has it."""
    declared = {
        option.name: option.annotation.__metadata__[0]
        for record in (QuestionOptions, Output)
        for option in options_of(record)
    }
    return param.name in declared and declared[param.name].help == param.help


def _name_of(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`"
    return _typed(", ".join(param.opts), None if param.is_flag else param.metavar)


def _which(shared: list[Any]) -> Iterator[str]:
    """Return which of the shared options a command takes, in as few words as possible."""
    names = {param.name for param in shared}
    parts = []
    for record, title in ((QuestionOptions, "the question"), (Output, "the answer")):
        known = [option.name for option in options_of(record)]
        missing = [name for name in known if name not in names]
        if not missing:
            parts.append(f"all of {title}")
        elif len(missing) <= 4:
            parts.append(f"all of {title} but {_flags(missing)}")
        elif len(missing) < len(known):
            parts.append(f"of {title} {_flags([n for n in known if n in names])}")
    if parts:
        yield f"\nShared options: {'; '.join(parts)}.\n"


def _flags(names: list[str]) -> str:
    typed = {field.name: field.flag for field in QUESTION}
    return ", ".join(f"`{typed.get(name) or '--' + name.replace('_', '-')}`" for name in names)


def _prose(text: str) -> str:
    """Return the help of a command: paragraphs, and its examples as a block of code."""
    parts = []
    for part in re.split(r"\n\s*\n", text.strip()):
        if part.startswith("\b"):
            lines = [line[2:] for line in part.splitlines()[1:]]
            parts.append("\n".join(["```sh", *lines, "```"]))
        else:
            parts.append(" ".join(part.split()))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
