"""`tco claims`."""

import contextlib
import io
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from tco.cli.flags import flags
from tco.cli.options import VALUES, Output

Name = Annotated[
    str | None, Argument(metavar="ID", help="One claim, by its id.", show_default=False)
]
AsOf = Annotated[
    str | None,
    Option(
        metavar="DATE",
        help="The day of today's prices: 2026-11-21.",
        rich_help_panel=VALUES,
        show_default=False,
    ),
]


@flags
def claims(output: Output, name: Name = None, as_of: AsOf = None) -> None:
    """What five articles claim of these costs, recomputed: does it hold, and has it aged?

    \b
      tco claims
      tco claims crazyrouter-breakeven-deepseek
      tco claims --format md
    """
    from tco.analysis.claims.audit import Audit
    from tco.catalog.claims import load_claims
    from tco.catalog.load import load_catalog
    from tco.cli.ask import asked
    from tco.cli.deliver import deliver
    from tco.cli.options import Question

    known = load_claims()
    with _plain():
        said = asked(Question(as_of=as_of), output)
        ranges = load_catalog().assumptions.assumptions
        today = _today(said.request.as_of)
        audit = Audit(claims=known, ask=_memory(), ranges=ranges, today=today)
        result = audit.result(_wanted(known, name), detailed=name is not None)
    deliver(result, said.output)


def _today(day: Any) -> str:
    from datetime import datetime

    return str((day or datetime.now().astimezone().date()).isoformat())


def _wanted(known: Any, name: str | None) -> list[Any]:
    from tco.errors import unknown_name

    found = [c for c in known.claims if name in (None, c.id)]
    if not found:
        raise unknown_name("claim", str(name), [c.id for c in known.claims])
    return found


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """Put the user's variables aside: a claim is asked as it is printed."""
    from tco.ask.fields import OUTPUT, QUESTION

    names = ["TCO_FILE", *(field.variable for field in (*QUESTION, *OUTPUT))]
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    own = os.environ.get("TCO_CONFIG")
    os.environ["TCO_CONFIG"] = ""
    try:
        yield
    finally:
        del os.environ["TCO_CONFIG"]
        os.environ.update(kept | ({} if own is None else {"TCO_CONFIG": own}))


def _memory() -> Any:
    """Return what asks command lines, each of them once."""
    answers: dict[tuple[str, str | None], Any] = {}

    def ask(words: str, file: str | None) -> Any:
        key = (words, file)
        if key not in answers:
            answers[key] = _asked(words, file)
        return answers[key]

    return ask


def _asked(words: str, file: str | None) -> Any:
    """Return what a command line answers, run as any user's, in this process."""
    import json
    import tempfile

    import typer.main

    from tco.analysis.claims.audit import Reply
    from tco.cli.app import app

    line = [*shlex.split(words), "--format", "json", "--quiet"]
    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        if file is not None:
            path = Path(folder) / "claim.yaml"
            path.write_text(file, encoding="utf-8")
            line = [str(path) if word == path.name else word for word in line]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code(typer.main.get_command(app), line)
    text = out.getvalue()
    message = " ".join(err.getvalue().replace(f"{folder}/", "").split()).removeprefix("tco: ")
    return Reply(code, json.loads(text) if text.strip() else None, message)


def _exit_code(command: Any, line: list[str]) -> int:
    """Return what a command line exits with."""
    try:
        command.main(line, prog_name="tco")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    return 0
