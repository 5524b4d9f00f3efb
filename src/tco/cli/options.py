"""How a command runs: the options that commands share, seen by typer one by one, and stderr."""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache, cached_property, partial
from typing import Annotated, Any, ClassVar, get_origin, is_typeddict

import typer
from typer import Argument, Option
from typer.core import TyperCommand, TyperGroup

from tco.ask.fields import ANSWER, Field, fields_of
from tco.ask.options import Output, QuestionOptions
from tco.errors import TcoError, UsageError

# Options declared once and shared: a command takes them as one record, typer sees each of them.

Function = Callable[..., None]


class Flagged:
    """A command whose parameters that are records become one option a field.

    A record is a dataclass, its fields `Annotated[type, typer.Option(...)]`, or a `TypedDict` whose
    options are declared (`tco.ask.fields`), those that the command does not take left out;
    annotations must be objects, not texts. Options are made when typer first asks for them.
    """

    def __init__(self, function: Function) -> None:
        """Keep the command."""
        self.function = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__annotations__: dict[str, Any] = {}

    def __call__(self, **values: Any) -> None:
        """Run the command with the values of its options."""
        for p in _parameters(self.function):
            if p.name in self._records:
                options = self._records[p.name]
                values[p.name] = p.annotation(**{o.name: values.pop(o.name) for o in options})
        guarded(self.function, **values)

    @cached_property
    def _records(self) -> dict[str, list[inspect.Parameter]]:
        return {
            p.name: options_of(p.annotation, self.__name__)
            for p in _parameters(self.function)
            if _is_record(p.annotation)
        }

    @cached_property
    def __signature__(self) -> inspect.Signature:
        return inspect.Signature(
            [
                option
                for p in _parameters(self.function)
                for option in self._records.get(
                    p.name, [p.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
                )
            ]
        )


def flags(function: Function) -> Flagged:
    """Return a command that takes its records' fields as options."""
    return Flagged(function)


def word(name: str, text: str) -> Any:
    """Return how a word that follows a command is declared: what stands for it, what it is."""
    return Argument(metavar=name, help=text, show_default=False)


@cache
def _parameters(function: Function) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _is_record(annotation: Any) -> bool:
    some = annotation.__origin__ if get_origin(annotation) is Annotated else annotation
    return is_dataclass(some) or is_typeddict(some)


def some(*names: str, **texts: str) -> dict[str, str]:
    """Return which of the declared options a command takes; some are told in other words."""
    return {**dict.fromkeys(names, ""), **texts}


def options_of(record: Any, command: str = "") -> list[inspect.Parameter]:
    """Return the options that a record stands for; a command does not take all of them.

    Args:
        record: A dataclass, a `TypedDict`, or one of which only `some` are meant: `Annotated`.
    """
    kind = inspect.Parameter.KEYWORD_ONLY
    if get_origin(record) is Annotated:
        texts = record.__metadata__[0]
        declared = [f for n, f in fields_of(record.__origin__).items() if n in texts]
        chosen = [field._replace(text=texts[field.name] or field.text) for field in declared]
    elif is_typeddict(record):
        chosen = [f for f in fields_of(record).values() if command not in f.but.split()]
    else:
        return _options_of_dataclass(record)
    return [
        inspect.Parameter(field.name, kind, annotation=_of_typer(field), default=None)
        for field in chosen
    ]


def _options_of_dataclass(record: Any) -> list[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            f.name, kind, annotation=f.type, default=None if f.default is MISSING else f.default
        )
        for f in fields(record)
    ]


def _of_typer(field: Field) -> Any:
    """Return an option as typer wants it declared."""
    declared = flag(field.panel, field.metavar, field.text, *field.flags)
    if field.metavar is None:
        return Annotated[bool | None, declared]
    return Annotated[list[str] | None if field.many else str | None, declared]


class _Lean:
    """Takes the values of parameters as they are.

    Our options are texts, lists of texts and switches, read by `tco.units` later. Typer 0.29 would
    build a pydantic adapter for each of them, which takes longer than a comparison.
    """

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters, `--help` included."""
        params = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            _take_as_is(param)
            if ctx.resilient_parsing:
                param._custom_shell_complete = _complete
        return params

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Return the commands or options that begin so."""
        from tco.cli.complete import plain_help

        plain_help()
        return super().shell_complete(ctx, incomplete)  # type: ignore[misc]


class Group(_Lean, TyperGroup):
    """A command that has commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return a command by its name.

        Raises:
            UsageError: There is no such command.
        """
        if not ctx.resilient_parsing and args[0] not in self.list_commands(ctx):
            from tco.cli.mend import no_command

            path = ctx.command_path.split()[1:]
            raise UsageError(no_command(args[0], path, self.list_commands(ctx), typed))
        return super().resolve_command(ctx, args)


class Command(_Lean, TyperCommand):
    """A command that lists its options by panel."""

    running: ClassVar[Any] = None
    """The context of the command that runs now: every option, and what was typed for it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            UsageError: A volume stands where a name belongs.
        """
        Command.running = ctx
        _refuse_volumes(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options under the heading of their panel, in the order of declaration."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx)
            if row is not None:
                heading = getattr(param, "rich_help_panel", None) or "Other"
                panels.setdefault(heading, []).append(row)
        for heading, rows in panels.items():
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=26)


def _refuse_volumes(ctx: Any) -> None:
    """Raise an error for a volume among the names of a command: `tco plan 50B`."""
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        some = value if isinstance(value, list | tuple) else [value]
        if param.param_type_name == "argument" and param.name != "volume":
            for word in some:
                if word and word[0].isdigit():
                    from tco.cli.mend import stray

                    error = stray(word, ctx.command_path.split()[1:], typed)
                    if error is not None:
                        raise error


def _complete(ctx: Any, param: Any, incomplete: str) -> list[str]:
    """Return what a value that begins so can be."""
    from tco.cli.complete import complete

    return complete(ctx, param, incomplete)


def _take_as_is(param: Any) -> None:
    """Let a parameter hand on what was typed; nothing is converted, so nothing can be refused."""
    lean = isinstance(param.process_value, partial)
    if hasattr(param, "get_runtime_param") and not lean:  # older typers do without pydantic
        param.process_value = partial(_as_typed, param, param.process_value)


def _as_typed(param: Any, convert: Callable[..., Any], ctx: Any, value: Any) -> Any:
    """Return the value of a parameter after its callback; typer complains of a missing one."""
    if value is None and param.required:
        return convert(ctx, value)
    if value is None and getattr(param, "multiple", False):
        value = ()
    return value if param.callback is None else param.callback(ctx, param, value)


# Options of the command line alone.

Text = str | None
Texts = list[str] | None
Switch = bool | None


def flag(panel: str, metavar: str | None, text: str, *names: str) -> Any:
    """Return an option under the heading of its panel."""
    return Option(*names, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


Plot = Annotated[Switch, flag(ANSWER, None, "A picture under the answer.", "--plot")]
"""For the commands whose answer can be drawn with characters."""


# The options that the commands of `tco catalog` share, and how they are read.

DAYS = {"d": 1, "w": 7, "y": 365}

Files = Annotated[list[str] | None, word("[FILES]...", "Data files.")]


Data = Annotated[
    QuestionOptions,
    some("as_of", catalog="Catalog file laid over the shipped ones; repeat for more."),
]
"""Which catalog is meant, on which day."""

FindingsOutput = Annotated[
    Output,
    some(
        "color",
        "quiet",
        format="table, json, csv, md, github, sarif or llm.",
        export="Also write it to a file: sarif=out.sarif.",
        top="At most so many findings.",
    ),
]
"""How findings are written."""


def read(*records: Any, formats: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return what flags and `TCO_*` variables say, by the name of the option; flags win.

    Args:
        records: Options as they were typed.
        formats: The formats there are, if not the usual ones.

    Raises:
        UsageError: A value that cannot be read.
    """
    from tco.cli.answer import warn_of_variables

    warn_of_variables()
    known = {**fields_of(QuestionOptions), **fields_of(Output)}
    said: dict[str, Any] = {}
    for name, given in (pair for record in records for pair in record.items()):
        value, where = given, known[name].flag
        if value in (None, []):
            value, where = _variable(known[name])
        if value is not None:
            said[name] = _read(known[name], value, where, formats)
    refuse_report(said)
    return said


REPORTLESS = ("catalog", "claims", "config", "diff", "import", "render")


def refuse_report(output: Mapping[str, Any]) -> None:
    """Raise `UsageError` where a report is asked for and the command that runs has none to draw."""
    from tco.errors import UsageError

    words = Command.running.command_path.split()[1:] if Command.running else []
    if "html" in dict(output.get("export", ())) and words and words[0] in REPORTLESS:
        raise UsageError(
            f"--export html=FILE: tco {' '.join(words)} has no report, the commands that answer "
            "draw one; it writes json, csv, md, github and llm"
        )


def _variable(field: Any) -> tuple[Any, str]:
    text = os.environ.get(field.variable, "").strip()
    return (([text] if field.many else text) if text else None), field.variable


def _read(field: Any, value: Any, where: str, formats: tuple[str, ...] | None) -> Any:
    from tco.ask.fields import one_of
    from tco.errors import UsageError

    reader = field.read
    if field.name == "format" and formats is not None:
        reader = one_of(*formats)
    if field.name == "export" and formats is not None:
        reader = _export(formats)
    try:
        if field.many:
            return tuple(reader(part) for text in value for part in str(text).split(","))
        return reader(value)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _export(formats: tuple[str, ...]) -> Any:
    from tco.ask.fields import export, one_of

    def reader(value: str) -> tuple[str, str]:
        kind, _, path = value.partition("=")
        if kind in formats and path.strip():
            return one_of(*formats)(kind), path.strip()
        return export(value)

    return reader


def today() -> date:
    """Return the day of the user's own clock."""
    from tco.ask import layers

    return layers.today()


def day_or_edition(text: str | None) -> date | None:
    """Return a day, today when nothing was said; None for `edition`."""
    from tco.ask.fields import day
    from tco.errors import UsageError

    typed = text or os.environ.get("TCO_AS_OF", "").strip()
    if not typed:
        return today()
    if typed.lower() == "edition":
        return None
    try:
        return day(typed)
    except UsageError as error:
        raise UsageError(f"{'--as-of' if text else 'TCO_AS_OF'}: {error}") from None


def days(text: str) -> int:
    """Return a time of whole days.

    >>> days("90d"), days("2w"), days("1y")
    (90, 14, 365)
    """
    from tco.errors import UsageError, printable

    number, unit = text.strip().lower()[:-1], text.strip().lower()[-1:]
    if unit not in DAYS or not number.isdecimal() or len(number) > 5:
        shown = printable(text, 40)
        raise UsageError(f"--horizon: {shown!r} is no time; write 90d, 12w or 1y")
    return int(number) * DAYS[unit]


# What a user sees when something goes wrong: one line on stderr, and an exit code.

EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_PIPE = 141  # 128 + SIGPIPE


def guarded(function: Callable[..., None], **values: Any) -> None:
    """Call `function`; whatever it raises becomes one line and the exit code of its kind.

    Raises:
        typer.Exit: Something was raised.
    """
    _unsaid.clear()
    try:
        function(**values)
        sys.stdout.flush()
        if _unsaid:
            raise typer.Exit(UsageError.exit_code)
    except TcoError as error:
        say(f"tco: {error.typed}")
        raise typer.Exit(error.exit_code) from None
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        silence()
        raise typer.Exit(EXIT_PIPE) from None
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        _report(error)
        raise typer.Exit(EXIT_BUG) from None


@contextmanager
def usage_in_one_line() -> Iterator[None]:
    """Say what a parser complains of in one line, as everything else that goes wrong.

    Raises:
        typer.Exit: It complained.
    """
    try:
        yield
    except TcoError as error:
        say(f"tco: {error.typed}")
        raise typer.Exit(error.exit_code) from None
    except COMPLAINT as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise  # it is the help
        from tco.cli.mend import complaint

        say(f"tco: {complaint(error, typed)}")
        raise typer.Exit(error.exit_code) from None


COMPLAINT: Any = typer.BadParameter.__base__
"""What the parser raises, whichever copy of click typer brings along."""


typed: list[str] = []
"""The words of the command that runs, for messages that say what may have been meant."""


def _report(error: Exception) -> None:
    """Say that this is our mistake; with TCO_DEBUG=1 show where."""
    if os.environ.get("TCO_DEBUG", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    say(f"tco: internal error, please report it with the command you typed: {what}")


_unsaid: list[str] = []
"""Messages that could not be written: whoever relies on the answer lacks them."""


def say(line: str) -> None:
    """Write a message to stderr, in whatever encoding it has; a reader that left is no error."""
    stream = sys.stderr
    encoding = getattr(stream, "encoding", None) or "utf-8"
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in line)
    try:
        stream.write(clean.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()
    except BrokenPipeError:
        return
    except (OSError, ValueError, AttributeError):  # no room, closed, or closed before the start
        _unsaid.append(line)


def open_streams() -> None:
    """Take the places of closed streams, so that no file that is opened gets theirs.

    Raises:
        SystemExit: There is no stdout to answer on.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    if sys.stdout is None:
        say("tco: stdout is closed: there is nowhere to answer")
        sys.exit(UsageError.exit_code)


def silence() -> None:
    """Point stdout nowhere, so that the interpreter does not complain of the pipe when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


# How far a long run has come: one line on stderr, only for people.

PATIENCE_S = 2.0
EVERY_S = 0.2
WIDTH = 30


class Progress:
    """A bar that appears after two seconds and is wiped off at the end.

    Nothing is written unless stderr is a terminal.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """Start the clock."""
        self._wanted = not quiet and sys.stderr.isatty()
        self._begun = self._written = time.monotonic()
        self._shown = False

    def __call__(self, share: float) -> None:
        """Show that a share of the work is done [1]."""
        now = time.monotonic()
        due = now - self._begun >= PATIENCE_S and now - self._written >= EVERY_S
        if not self._wanted or not due or share <= 0:
            return
        left = (now - self._begun) * (1.0 - share) / share
        bar = "#" * round(share * WIDTH)
        sys.stderr.write(f"\r[{bar:<{WIDTH}}] {share:4.0%}, {left:.0f} s left ")
        sys.stderr.flush()
        self._written, self._shown = now, True

    def __enter__(self) -> Progress:
        """Return the bar."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the line."""
        if self._shown:
            sys.stderr.write("\r" + " " * (WIDTH + 30) + "\r")
            sys.stderr.flush()
