"""Options declared once and shared: a command takes them as one record, typer sees each of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, is_typeddict

import typer
from typer.core import TyperCommand, TyperGroup

from tco.ask.question import Flag, Question
from tco.cli.guard import guarded
from tco.errors import UsageError, nearest, printable

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
                if p.annotation is not Question or option.name not in names
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
            near = nearest(args[0], self.list_commands(ctx), 1)
            raise UsageError(
                f"no command called {printable(args[0])!r}; did you mean {near[0]}?"
                f" See {ctx.command_path} --help"
            )
        return super().resolve_command(ctx, args)


class Command(_Lean, TyperCommand):
    """A command that lists its options by panel."""

    running: ClassVar[Any] = None
    """The context of the command that runs now: every option, and what was typed for it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        Command.running = ctx
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
