"""Options as keywords of a function: refused when unknown, listed by `help`, named in errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

from tco.ask.question import Name, Names
from tco.errors import TcoError, UsageError, nearest, printable

F = TypeVar("F", bound=Callable[..., Any])

_FLAG = re.compile(r"--(?P<name>[a-z][a-z-]*[a-z]|[xy]\b)(?:[ =](?P<value>[0-9$][^\s;,]*))?")


def asks(*records: Any, without: Iterable[str] = ()) -> Callable[[F], F]:
    """Return a function whose keywords are the options of some records.

    Args:
        records: Options as `tco.ask.question` declares them, a later one before an earlier one.
        without: Options of the first record that the function does not have.
    """
    left_out = set(without)
    options = {
        name: hint
        for record in records
        for name, hint in record.__annotations__.items()
        if record is not records[0] or name not in left_out
    }

    def decorated(function: F) -> F:
        @wraps(function)
        def call(*names: Any, **said: Any) -> Any:
            _refuse_unknown(function.__name__, said, known)
            _refuse_no_text(function.__name__, zip(places, names, strict=False))
            _refuse_no_text(function.__name__, _named(said, texts))
            try:
                return function(*names, **said)
            except TcoError as error:
                raise type(error)(in_python(str(error), known)) from None

        signature, known = _signature(function, options)
        own = {n: hint for record in records[1:] for n, hint in record.__annotations__.items()}
        places, texts = _places(function), {**_places_by_name(function), **_texts(own)}
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__doc__ = f"{inspect.getdoc(function)}\n\n{_listed(options)}"
        return call  # type: ignore[return-value]

    return decorated


def apart(said: Mapping[str, Any], record: Any) -> tuple[Any, Any]:
    """Return what was said of the options of a record, and the rest."""
    own = record.__annotations__
    return (
        {name: value for name, value in said.items() if name in own},
        {name: value for name, value in said.items() if name not in own},
    )


def in_python(text: str, known: Iterable[str]) -> str:
    """Return a message with the options in it as keywords.

    >>> in_python("how many tokens a month? for example --tokens 50B", ["tokens"])
    'how many tokens a month? for example tokens="50B"'
    """
    names = set(known)

    def keyword(match: re.Match[str]) -> str:
        name = match["name"].replace("-", "_")
        if name not in names:
            return match[0]
        return f'{name}="{match["value"]}"' if match["value"] else name

    return _FLAG.sub(keyword, text)


def _refuse_unknown(function: str, said: Iterable[str], known: Mapping[str, Any]) -> None:
    """Raise an error for a keyword that there is not.

    Raises:
        UsageError: With the nearest ones.
    """
    for name in said:
        if name in known and known[name].kind is inspect.Parameter.POSITIONAL_ONLY:
            raise UsageError(f"{function}: give {name} first, without its name")
        if name not in known:
            near = ", ".join(nearest(name, known))
            shown = printable(name, 40)
            raise UsageError(f"{function}: no option called {shown!r}; did you mean {near}?")


Text = tuple[str, bool, bool]
"""A name that is asked for as text: what it is called, whether it may be None, or several."""


def _places(function: Callable[..., Any]) -> list[Text]:
    """Return what stands first in a call, as far as it is text; a repeated one often enough."""
    found: list[Text] = []
    for p in inspect.signature(function).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            return [(p.name, False, False)] * MOST_NAMES
        if p.kind is p.KEYWORD_ONLY or not str(p.annotation).startswith("str"):
            break
        found.append((p.name, p.default is None, False))
    return found


MOST_NAMES = 1000


def _places_by_name(function: Callable[..., Any]) -> dict[str, Text]:
    return {text[0]: text for text in _places(function)}


def _texts(options: Mapping[str, Any]) -> dict[str, Text]:
    """Return the options that are text and nothing else; those of a question have readers."""
    kinds = {name: hint.__origin__ for name, hint in options.items()}
    return {n: (n, True, kind == Names) for n, kind in kinds.items() if kind in (Name, Names)}


def _named(said: Mapping[str, Any], texts: Mapping[str, Text]) -> Iterable[tuple[Text, Any]]:
    return ((texts[name], value) for name, value in said.items() if name in texts)


def _refuse_no_text(function: str, said: Iterable[tuple[Text, Any]]) -> None:
    """Raise an error for a name that is no text.

    Raises:
        UsageError: With what was given instead.
    """
    for (name, optional, several), value in said:
        some = value if several and isinstance(value, Collection) else (value,)
        if value is None and optional:
            continue
        if not all(isinstance(one, str) for one in some):
            shown = printable(repr(value), 40)
            raise UsageError(f"{function}: {name} is a text, for example 'gpt-4.1', not {shown}")


def _signature(
    function: Callable[..., Any], options: Mapping[str, Any]
) -> tuple[inspect.Signature, Mapping[str, Any]]:
    """Return the parameters of a function, its options by their names, and those that are named."""
    plain = inspect.signature(function)
    named = [p for p in plain.parameters.values() if p.kind is not p.VAR_KEYWORD]
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [p for p in named if p.kind is not keyword]
    own += [inspect.Parameter(name, keyword, default=None) for name in options]
    signature = plain.replace(parameters=own)
    return signature, {p.name: p for p in own}


def _listed(options: Mapping[str, Any]) -> str:
    """Return the options by their headings, as the help of the command has them."""
    panels: dict[str, list[str]] = {}
    for name, hint in options.items():
        flag = hint.__metadata__[0]
        panels.setdefault(flag.panel, []).append(f"    {name}: {flag.text}")
    return "\n\n".join("\n".join([f"{panel}:", *lines]) for panel, lines in panels.items())
