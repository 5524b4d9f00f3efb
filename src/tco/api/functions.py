"""The questions as functions: keywords say what flags say, and the answers have types."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from tco.api.answers import (
    Breakeven,
    BreakevenElsewhere,
    BreakevenOverview,
    Comparison,
    Embedding,
    Explanation,
    Frontier,
    Mix,
    MonteCarlo,
    Outlook,
    Portfolio,
    Sizing,
    Swings,
    Tuning,
    Volumes,
    WhatIfs,
    WinnerMap,
    answer_of,
)
from tco.ask import questions
from tco.ask.fields import Amount, Field, Name, Names, Pairs, fields_of
from tco.ask.layers import Ask, answered, given, given_of, read
from tco.ask.options import (
    BreakevenOptions,
    CompareOptions,
    EmbedOptions,
    HorizonOptions,
    PlanOptions,
    QuestionOptions,
    SensitivityOptions,
    SizeOptions,
    Spread,
    Spreads,
    TrainOptions,
)
from tco.ask.questions import sensitivity as asked_how_sure
from tco.ask.synonyms import called_here
from tco.errors import TcoError, UsageError, printable, suggestion

if TYPE_CHECKING:
    from typing import Unpack

    import numpy as np
    from numpy.typing import ArrayLike, NDArray


# Options as keywords of a function: refused when unknown, listed by `help`, named in errors.

F = TypeVar("F", bound=Callable[..., Any])

_FLAG = re.compile(r"--(?P<name>[a-z][a-z-]*[a-z]|[xy]\b)(?:[ =](?P<value>[0-9$][^\s;,]*))?")


def asks(*records: Any) -> Callable[[F], F]:
    """Return a function whose keywords are the options of some records that it takes.

    Args:
        records: Options as `tco.ask.options` declares them, a later one before an earlier one.
    """

    def decorated(function: F) -> F:
        options = {
            name: field
            for record in records
            for name, field in fields_of(record).items()
            if function.__name__ not in field.but.split()
        }

        @wraps(function)
        def call(*names: Any, **keywords: Any) -> Any:
            _refuse_unknown(function.__name__, keywords, known)
            _refuse_no_text(function.__name__, zip(places, names, strict=False))
            _refuse_no_text(function.__name__, _named(keywords, texts))
            try:
                return function(*names, **keywords)
            except TcoError as error:
                raise type(error)(in_python(str(error), known)) from None

        signature, known = _signature(function, options)
        own = {n: field for record in records[1:] for n, field in fields_of(record).items()}
        places = _places(function)
        texts = {**{text[0]: text for text in places}, **_texts(own)}
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__doc__ = f"{inspect.getdoc(function)}\n\n{_listed(options)}"
        return call  # type: ignore[return-value]

    return decorated


def apart(keywords: Mapping[str, Any], record: Any) -> tuple[Any, Any]:
    """Return what was said of the options of a record, and the rest."""
    own = fields_of(record)
    return (
        {name: value for name, value in keywords.items() if name in own},
        {name: value for name, value in keywords.items() if name not in own},
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


def _refuse_unknown(function: str, names: Iterable[str], known: Mapping[str, Any]) -> None:
    """Raise an error for a keyword that there is not.

    Raises:
        UsageError: With the nearest ones.
    """
    for name in names:
        if name in known and known[name].kind is inspect.Parameter.POSITIONAL_ONLY:
            raise UsageError(f"{function}: give {name} first, without its name")
        if name not in known:
            hint = suggestion(called_here(name, known) or name, known)
            raise UsageError(f"{function}: no option called {printable(name, 40)!r}{hint}")


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


def _texts(options: Mapping[str, Field]) -> dict[str, Text]:
    """Return the options that are text and nothing else; those of a question have readers."""
    kinds = {name: field.kind for name, field in options.items()}
    return {n: (n, True, kind == Names) for n, kind in kinds.items() if kind in (Name, Names)}


def _named(keywords: Mapping[str, Any], texts: Mapping[str, Text]) -> Iterable[tuple[Text, Any]]:
    return ((texts[name], value) for name, value in keywords.items() if name in texts)


def _refuse_no_text(function: str, texts: Iterable[tuple[Text, Any]]) -> None:
    """Raise an error for a name that is no text.

    Raises:
        UsageError: With what was given instead.
    """
    for (name, optional, several), value in texts:
        some = value if several and isinstance(value, Collection) else (value,)
        if value is None and optional:
            continue
        if not all(isinstance(one, str) for one in some):
            shown = printable(repr(value), 40)
            raise UsageError(f"{function}: {name} is a text, for example 'gpt-4.1', not {shown}")


def _signature(
    function: Callable[..., Any], options: Mapping[str, Field]
) -> tuple[inspect.Signature, Mapping[str, Any]]:
    """Return the parameters of a function, its options by their names, and those that are named."""
    plain = inspect.signature(function)
    named = [p for p in plain.parameters.values() if p.kind is not p.VAR_KEYWORD]
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [p for p in named if p.kind is not keyword]
    own += [inspect.Parameter(name, keyword, default=None) for name in options]
    signature = plain.replace(parameters=own)
    return signature, {p.name: p for p in own}


def _listed(options: Mapping[str, Field]) -> str:
    """Return the options by their headings, as the help of the command has them."""
    panels: dict[str, list[str]] = {}
    for name, field in options.items():
        panels.setdefault(field.panel, []).append(f"    {name}: {field.text}")
    return "\n\n".join("\n".join([f"{panel}:", *lines]) for panel, lines in panels.items())


# The questions as functions: keywords say what flags say, and the answers have types.
#
# Nothing here reads the environment, prints, or exits; what is wrong is an exception of
# `tco.errors`.


@overload
def compare() -> Volumes: ...
@overload
def compare(
    *, frontier: Literal[False] | None = None, **question: Unpack[QuestionOptions]
) -> Comparison: ...
@overload
def compare(*, frontier: Literal[True], **question: Unpack[QuestionOptions]) -> Frontier: ...
@asks(QuestionOptions, CompareOptions)
def compare(**options: Any) -> Any:
    """Return what a month costs, every way there is to serve it, cheapest first.

    With `frontier`, the cheapest for each level of quality, and what each further point costs.
    Without a volume the answer is `Volumes`: 1B, 10B and 100B tokens a month, each a whole answer.

    >>> import tco
    >>> answer = tco.compare(tokens="50B", model="llama-3.3-70b", as_of="2026-11-21")
    >>> answer.options[0].id
    'deepinfra/llama-3.3-70b'
    """
    own, question = apart(options, CompareOptions)
    return _answer(questions.compare(own, volumes=not question.get("file")), question)


@overload
def breakeven(
    a: str, b: str, *, growth: Amount = None, **question: Unpack[QuestionOptions]
) -> Breakeven: ...
@overload
def breakeven(
    *, against: Name = None, **question: Unpack[QuestionOptions]
) -> BreakevenOverview: ...
@overload
def breakeven(
    a: str, b: str, *, over: str, range: Spread | None = None, **question: Unpack[QuestionOptions]
) -> BreakevenElsewhere: ...
@overload
def breakeven(
    a: str | None = None,
    b: str | None = None,
    *,
    map: str,
    x: Name = None,
    y: Name = None,
    among: Names = None,
    **question: Unpack[QuestionOptions],
) -> WinnerMap: ...
@asks(QuestionOptions, BreakevenOptions)
def breakeven(a: str | None = None, b: str | None = None, **options: Any) -> Any:
    """Return from which volume B is cheaper than A: never, once, or on several intervals.

    With `over`, for which values of another variable; with `map`, who is cheapest over two. Without
    A and B, each open model on own GPUs against its cheapest host and against a closed model.

    >>> import tco
    >>> answer = tco.breakeven("gpt-4.1", "self/llama-3.3-70b", as_of="2026-11-21")
    >>> answer.wins[-1][1] is None  # cheaper from there on, for good
    True
    """
    own, question = apart(options, BreakevenOptions)
    return _answer(questions.breakeven(a, b, own), question)


@overload
def sensitivity(
    a: str | None = None, b: str | None = None, **question: Unpack[QuestionOptions]
) -> Swings: ...
@overload
def sensitivity(
    a: str | None = None,
    b: str | None = None,
    *,
    grid: str,
    x: Name = None,
    y: Name = None,
    among: Names = None,
    **question: Unpack[QuestionOptions],
) -> WinnerMap: ...
@overload
def sensitivity(
    a: str | None = None,
    b: str | None = None,
    *,
    draws: str | float,
    seed: Amount = None,
    vary: Spreads = None,
    correlate: Pairs = None,
    among: Names = None,
    **question: Unpack[QuestionOptions],
) -> MonteCarlo: ...
@overload
def sensitivity(
    a: str | None = None,
    b: str | None = None,
    *,
    what_if: str | Sequence[str],
    among: Names = None,
    **question: Unpack[QuestionOptions],
) -> WhatIfs: ...
@asks(QuestionOptions, SensitivityOptions)
def sensitivity(a: str | None = None, b: str | None = None, **options: Any) -> Any:
    """Return which assumption moves the difference of two options, and where the answer turns.

    With `grid`, who is cheaper over two variables; with `draws`, how sure the answer is when
    everything uncertain is drawn at once; with `what_if`, the bills under changes.

    >>> import tco
    >>> answer = tco.sensitivity(tokens="50B", as_of="2026-11-21")
    >>> abs(answer.rows[0].swing_usd) >= abs(answer.rows[1].swing_usd)
    True
    """
    own, question = apart(options, SensitivityOptions)
    return _answer(asked_how_sure(a, b, own, _file(question)), question)


@asks(QuestionOptions, SizeOptions)
def size(
    model: str | None = None,
    /,
    *,
    demand: Amount = None,
    concurrency: Amount = None,
    **options: Unpack[QuestionOptions],
) -> Sizing:
    """Return where a model fits, how fast it serves there, and what that costs at full load.

    Where nothing serves it within the limits, the rows say why.

    >>> import tco
    >>> answer = tco.size("llama-3.3-70b", gpu="h100-sxm", as_of="2026-11-21")
    >>> {row.gpu for row in answer.rows}
    {'h100-sxm'}
    """
    extra: SizeOptions = {"demand": demand, "concurrency": concurrency}
    own, question = apart({**options, **extra}, SizeOptions)
    ask, whole = questions.size(model, own, question)
    return _answer(ask, whole)  # type: ignore[no-any-return]


@asks(QuestionOptions, PlanOptions)
def plan(
    api: str | None = None,
    own: str | None = None,
    **options: Unpack[PlanOptions],
) -> Mix | Portfolio:
    """Return the cheapest mix: a base load on own GPUs, the rest to an API by the token.

    A scenario `file` with tasks is answered by a portfolio instead: which model serves which task.

    >>> import tco
    >>> answer = tco.plan(tokens="500B", profile="chat", model="glm-5.2", as_of="2026-11-21")
    >>> type(answer).__name__
    'Mix'
    """
    besides, question = apart(options, PlanOptions)
    return _answer(questions.plan(api, own, besides, _file(question)), question)  # type: ignore[no-any-return]


@asks(QuestionOptions, HorizonOptions)
def horizon(*names: str, **options: Unpack[HorizonOptions]) -> Outlook:
    """Return what options come to over months or years: cash when it is paid, saving, payback.

    The first name is what is paid today, the others are what could be done instead.

    >>> import tco
    >>> answer = tco.horizon("gpt-4.1", "self/glm-5.2", tokens="1T", as_of="2026-11-21")
    >>> type(answer).__name__
    'Outlook'
    """
    return _answer(questions.horizon(names), options)  # type: ignore[no-any-return]


@asks(QuestionOptions, TrainOptions)
def train(*models: str, **options: Unpack[TrainOptions]) -> Tuning:
    """Return what tuning some models costs: by the token, or on rented GPUs, cheapest first.

    >>> import tco
    >>> answer = tco.train("gpt-4.1-mini", training_tokens="5M", as_of="2026-11-21")
    >>> answer.rows[0].id
    'openai/gpt-4.1-mini:any'
    """
    own, question = apart(options, TrainOptions)
    ask, whole = questions.train(models, own, question)
    return _answer(ask, whole)  # type: ignore[no-any-return]


@asks(QuestionOptions, EmbedOptions)
def embed(**options: Unpack[EmbedOptions]) -> Embedding:
    """Return what embedding a corpus once, and queries every month, costs, cheapest first.

    >>> import tco
    >>> answer = tco.embed(corpus="10B", model="embed-v4", as_of="2026-11-21")
    >>> {row.model for row in answer.rows}
    {'embed-v4'}
    """
    own, question = apart(options, EmbedOptions)
    return _answer(questions.embed(own), question)  # type: ignore[no-any-return]


@asks(QuestionOptions)
def explain(name: str, /, **question: Unpack[QuestionOptions]) -> Explanation:
    """Return every term of one bill: quantity, unit, rate, amount, who said so, and when.

    >>> import tco
    >>> answer = tco.explain("gpt-4.1", tokens="50B", as_of="2026-11-21")
    >>> abs(sum(line.amount_usd for line in answer.option.lines) - answer.option.monthly_usd) < 0.01
    True
    """
    return _answer(questions.explain(name), question)  # type: ignore[no-any-return]


@asks(QuestionOptions)
def curve(
    name: str, volumes: ArrayLike, /, **question: Unpack[QuestionOptions]
) -> NDArray[np.float64]:
    """Return what an option costs [USD/month] at each of some volumes [token/month].

    A name that stands for several set-ups costs, at each volume, what the cheapest does there.

    >>> import tco
    >>> usd = tco.curve("openai/gpt-4.1", [1e9, 2e9], set={"people.api_fte": 0}, as_of="2026-11-21")
    >>> bool(abs(usd[1] / usd[0] - 2) < 1e-9)
    True
    """
    import numpy as np

    from tco.options.names import costs

    at = np.asarray(volumes, dtype=float)
    if not np.all(np.isfinite(at) & (at >= 0)):
        raise UsageError("every volume must be a number, 0 or more")
    said = given_of([read(given(question), UsageError)], _file(question))
    usd: NDArray[np.float64] = answered(lambda inputs: costs(inputs, name, at), said)
    return usd


def _answer(ask: Ask, question: Mapping[str, Any]) -> Any:
    """Return the answer to a question, with what was said of it."""
    said = given_of([read(given(question), UsageError)], _file(question))
    return answer_of(answered(ask, said))


def _file(question: Mapping[str, Any]) -> str | None:
    """Return the path of the scenario file, if there is one."""
    return str(question.get("file") or "") or None
