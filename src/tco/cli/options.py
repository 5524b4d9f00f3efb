"""The options that commands share: declared once, taken as records, seen by typer one by one."""

import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar, is_typeddict

import typer
from typer import Argument, Option
from typer.core import TyperCommand, TyperGroup

from tco.ask.options import SERVING, VALUES, VOLUME, WHICH, Flag, QuestionOptions
from tco.cli.guard import guarded, typed
from tco.errors import UsageError

# Options declared once and shared: a command takes them as one record, typer sees each of them.

Function = Callable[..., None]


def flags(function: Function) -> Function:
    """Return a command whose parameters that are records become one option a field.

    A record is a dataclass, its fields `Annotated[type, typer.Option(...)]`, or a `TypedDict`, its
    keys `Annotated[type, Flag(...)]`; annotations must be objects, not texts.
    """
    return flags_without()(function)


def flags_without(*names: str) -> Callable[[Function], Function]:
    """Return the same for a command that does not have some of the options of a `Question`."""

    def decorated(function: Function) -> Function:
        records = {
            p.name: [
                option
                for option in options_of(p.annotation)
                if p.annotation is not QuestionOptions or option.name not in names
            ]
            for p in _parameters(function)
            if _is_record(p.annotation)
        }
        kinds = {p.name: p.annotation for p in _parameters(function)}

        def command(**values: Any) -> None:
            for name, options in records.items():
                values[name] = kinds[name](**{o.name: values.pop(o.name) for o in options})
            guarded(function, **values)

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        flat = [
            option
            for p in _parameters(function)
            for option in records.get(p.name, [p.replace(kind=inspect.Parameter.KEYWORD_ONLY)])
        ]
        command.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
        command.__annotations__ = {}
        return command

    return decorated


def _parameters(function: Function) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _is_record(annotation: Any) -> bool:
    return is_dataclass(annotation) or is_typeddict(annotation)


def options_of(record: Any) -> list[inspect.Parameter]:
    """Return the options that a record stands for."""
    kind = inspect.Parameter.KEYWORD_ONLY
    if is_typeddict(record):
        declared = {name: hint.__metadata__[0] for name, hint in record.__annotations__.items()}
        return [
            inspect.Parameter(name, kind, annotation=_of_typer(flag), default=None)
            for name, flag in declared.items()
        ]
    return [
        inspect.Parameter(
            f.name, kind, annotation=f.type, default=None if f.default is MISSING else f.default
        )
        for f in fields(record)
    ]


def _of_typer(flag: Flag) -> Any:
    """Return an option as typer wants it declared."""
    declared = typer.Option(
        *flag.names,
        metavar=flag.metavar,
        help=flag.text,
        rich_help_panel=flag.panel,
        show_default=False,
    )
    if flag.metavar is None:
        return Annotated[bool | None, declared]
    return Annotated[list[str] | None if flag.many else str | None, declared]


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


# The options that commands share: what is asked, from a floor below, and how it is answered.
#
# Annotations here must be objects, not texts: `tco.cli.options` hands them to typer.

__all__ = (
    "OUTPUT",
    "SERVING",
    "VALUES",
    "VOLUME",
    "WHICH",
    "Output",
    "Plot",
    "QuestionOptions",
    "Switch",
    "Text",
    "Texts",
)

OUTPUT = "Output"

Text = str | None
Texts = list[str] | None
Switch = bool | None


def flag(panel: str, metavar: str | None, text: str, *names: str) -> Any:
    """Return an option under the heading of its panel."""
    return Option(*names, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


_option = flag


Plot = Annotated[Switch, _option(OUTPUT, None, "A picture under the answer.", "--plot")]
"""For the commands whose answer can be drawn with characters."""


@dataclass(eq=False, repr=False)
class Output:
    """How the answer is written, as it was typed."""

    format: Annotated[
        Text,
        _option(OUTPUT, "FMT", "table, json, csv, md, github, llm, focus.", "-o", "--format"),
    ] = None
    export: Annotated[
        Texts, _option(OUTPUT, "FMT=PATH", "Also a file: json=out.json, html=report.html.")
    ] = None
    top: Annotated[Text, _option(OUTPUT, "N", "At most so many rows; 20 in tables.")] = None
    sort: Annotated[Text, _option(OUTPUT, "KEY", "Order of the rows.")] = None
    fields: Annotated[
        Texts, _option(OUTPUT, "A,B", "Only these columns; a wrong one lists them.")
    ] = None
    color: Annotated[Text, _option(OUTPUT, "WHEN", "auto, always or never.")] = None
    quiet: Annotated[Switch, _option(OUTPUT, None, "No warnings on stderr.", "-q", "--quiet")] = (
        None
    )


# The options that the commands of `tco catalog` share, and how they are read.

DAYS = {"d": 1, "w": 7, "y": 365}

Files = Annotated[
    list[str] | None, Argument(metavar="[FILES]...", help="Data files.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Data:
    """Which catalog is meant, on which day."""

    as_of: Annotated[Text, flag(VALUES, "DATE", "The day whose prices hold: 2026-03-01.")] = None
    catalog: Annotated[
        Texts, flag(VALUES, "FILE", "Catalog file laid over the shipped ones; repeat for more.")
    ] = None


@dataclass(frozen=True, slots=True)
class FindingsOutput:
    """How findings are written."""

    format: Annotated[
        Text, flag(OUTPUT, "FMT", "table, json, csv, md, github, sarif or llm.", "-o", "--format")
    ] = None
    export: Annotated[
        Texts, flag(OUTPUT, "FMT=PATH", "Also write it to a file: sarif=out.sarif.")
    ] = None
    top: Annotated[Text, flag(OUTPUT, "N", "At most so many findings.")] = None
    color: Annotated[Text, flag(OUTPUT, "WHEN", "auto, always or never.")] = None
    quiet: Annotated[Switch, flag(OUTPUT, None, "No warnings on stderr.", "-q", "--quiet")] = None


def read(*records: Any, formats: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return what flags and `TCO_*` variables say, by the name of the option; flags win.

    Args:
        records: Options as they were typed.
        formats: The formats there are, if not the usual ones.

    Raises:
        UsageError: A value that cannot be read.
    """
    from tco.ask.fields import OUTPUT as HOW
    from tco.ask.fields import QUESTION
    from tco.cli.answer import warn_of_variables

    known = {f.name: f for f in (*QUESTION, *HOW)}
    said: dict[str, Any] = {}
    for record in records:
        for name in record.__dataclass_fields__:
            value, where = getattr(record, name), known[name].flag
            if value in (None, []):
                value, where = _variable(known[name])
            if value is not None:
                said[name] = _read(known[name], value, where, formats)
    warn_of_variables()
    return said


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
