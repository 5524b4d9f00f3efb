"""`tco claims`."""

import contextlib
import io
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from tco.ask.fields import VALUES
from tco.ask.options import Output
from tco.cli.options import flags, word

Name = Annotated[str | None, word("ID", "One claim, by its id.")]
AsOf = Annotated[
    str | None,
    Option(
        metavar="DATE",
        help="The day of today's prices: 2026-11-21.",
        rich_help_panel=VALUES,
        show_default=False,
    ),
]


Rules = Annotated[
    bool,
    Option(
        "--rules",
        help="The rules of thumb alone, on one axis, with what makes each true.",
        rich_help_panel=VALUES,
    ),
]


@flags
def claims(output: Output, name: Name = None, rules: Rules = False, as_of: AsOf = None) -> None:
    """What five articles claim of these costs, recomputed: does it hold, and has it aged?

    \b
      tco claims
      tco claims crazyrouter-breakeven-deepseek
      tco claims --rules
      tco claims --format md
    """
    from tco.ask.options import QuestionOptions
    from tco.cli.answer import deliver, given_by
    from tco.errors import UsageError

    if rules and name is not None:
        raise UsageError("--rules shows all rules of thumb; leave out the id")
    with _plain():
        said = given_by(QuestionOptions(as_of=as_of), output)
        result = _result(said, name, rules=rules)
    deliver(result, said.output)


def _result(options: Any, name: str | None, *, rules: bool) -> Any:
    """Return the claims, one of them, or the rules of thumb; as kept, where nothing changed.

    All of them are more than a thousand questions. An answer rests on the data files, the day and
    this package alone, and is kept under the digest of these, and so are the readings of days that
    are not today's; a user's own file of defaults speaks in every question, so that nothing is kept
    beside one.
    """
    from tco.analysis.claims.judge import ClaimReading
    from tco.catalog.claims import NAME, load_claims
    from tco.catalog.files import shipped_file
    from tco.catalog.load import cache_key, digest_of, load_catalog, recall, remember
    from tco.cli.answer import config_file
    from tco.cli.options import Progress, say, today
    from tco.render import jsonio

    known = load_claims()
    wanted = _wanted(known, name)
    day = options.request.as_of or today()
    catalog = load_catalog()
    out = options.output
    brief = out.get("format", "table") == "table" and not {"export", "fields", "sort"} & out.keys()
    full = name is not None or not brief
    every = ("claims", digest_of([shipped_file(NAME)]))
    words = (*every, str(day), str(name), str(rules), str(full))
    keys = (words, every) if not config_file() else ()
    key, past = [cache_key(catalog.sha256, some, answer=True) for some in keys] or (None, None)
    kept = recall(key)
    if kept is None:
        if len(wanted) > 1 and not rules and not out.get("quiet") and not sys.stderr.isatty():
            say(f"tco: note: {len(wanted)} claims are asked anew, in up to two minutes, and kept")
        with Progress(quiet=bool(out.get("quiet"))) as progress:
            audit = _audit(options, known, catalog, day, progress)
            if (before := recall(past)) is not None:
                audit.known.update(jsonio.checked(dict[str, ClaimReading], json.loads(before)))
            made = audit.rules() if rules else audit.result(wanted, detailed=bool(name), full=full)
        kept = json.dumps(jsonio.document(made)).encode()
        remember(key, kept)
        old = {name: one for name, one in audit.known.items() if one.as_of != audit.today}
        remember(past, json.dumps(jsonio.document(old)).encode())
    return jsonio.from_document(json.loads(kept))[0]


def _audit(options: Any, known: Any, catalog: Any, day: Any, progress: Any) -> Any:
    """Return what asks the claims, question by question."""
    from tco.analysis.claims.audit import Audit
    from tco.analysis.report import stamp
    from tco.options.question import prepare

    inputs = prepare(catalog, options.request, day)
    return Audit(
        claims=known,
        ask=_memory(),
        known={},
        settings=inputs.settings,
        catalog=stamp(inputs, ()),
        today=day.isoformat(),
        progress=progress,
    )


def _wanted(known: Any, name: str | None) -> list[Any]:
    from tco.errors import unknown_name

    found = [c for c in known.claims if name in (None, c.id)]
    if not found:
        raise unknown_name("claim", str(name), [c.id for c in known.claims])
    return found


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """Put the user's variables aside: a claim is asked as it is printed."""
    from tco.ask.layers import FIELDS

    names = ["TCO_FILE", *(field.variable for field in FIELDS)]
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _memory() -> Any:
    """Return what asks command lines, each of them once."""
    answers: dict[tuple[str, str | None], Any] = {}

    def ask(words: str, file: str | None) -> Any:
        key = (words, file)
        if key not in answers:
            answers[key] = _answer_of(words, file)
        return answers[key]

    return ask


def _answer_of(words: str, file: str | None) -> Any:
    """Return what a command line answers, run as any user's, in this process."""
    import tempfile

    from tco.analysis.claims.asking import Reply
    from tco.cli.mend import root

    line = [*shlex.split(words), "--format", "json", "--quiet"]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        folder = ""
        if file is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            path = Path(folder) / "claim.yaml"
            path.write_text(file, encoding="utf-8")
            line = [str(path) if word == path.name else word for word in line]
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        code = _exit_code(root(), line)
    text, said = out.getvalue(), err.getvalue()
    said = said.replace(f"{folder}/", "") if folder else said
    message = " ".join(said.split()).removeprefix("tco: ")
    return Reply(code, json.loads(text) if text.strip() else None, message)


def _exit_code(command: Any, line: list[str]) -> int:
    """Return what a command line exits with."""
    try:
        command.main(line, prog_name="tco")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    return 0
