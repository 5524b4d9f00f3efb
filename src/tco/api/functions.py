"""The questions as functions: keywords say what flags say, and the answers have types.

Nothing here reads the environment, prints, or exits; what is wrong is an exception of `tco.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from tco.api.answers import (
    Breakeven,
    BreakevenElsewhere,
    BreakevenOverview,
    Comparison,
    Embedding,
    Explanation,
    Mix,
    MonteCarlo,
    Outlook,
    Portfolio,
    Sizing,
    Swings,
    Tuning,
    WhatIfs,
    WinnerMap,
    answer_of,
)
from tco.api.keywords import apart, asks
from tco.ask import jobs, questions
from tco.ask.asked import Ask, answered, asked_of, given
from tco.ask.layers import read
from tco.ask.question import (
    NOT_OF_EMBED,
    NOT_OF_SIZE,
    NOT_OF_TRAIN,
    Amount,
    BreakevenOptions,
    EmbedOptions,
    HorizonOptions,
    Name,
    Names,
    Pairs,
    PlanOptions,
    Question,
    SensitivityOptions,
    SizeOptions,
    Spread,
    Spreads,
    Switch,
    TrainOptions,
)
from tco.ask.sensitivity import sensitivity as asked_how_sure
from tco.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@asks(Question)
def compare(**question: Unpack[Question]) -> Comparison:
    """Return what a month costs, every way there is to serve it, cheapest first.

    >>> import tco
    >>> answer = tco.compare(tokens="50B", model="llama-3.3-70b", as_of="2026-11-21")
    >>> answer.options[0].id
    'deepinfra/llama-3.3-70b'
    """
    return _answer(questions.compare(), question)  # type: ignore[no-any-return]


@overload
def breakeven(
    a: str, b: str, *, growth: Amount = None, **question: Unpack[Question]
) -> Breakeven: ...
@overload
def breakeven(*, against: Name = None, **question: Unpack[Question]) -> BreakevenOverview: ...
@overload
def breakeven(
    a: str, b: str, *, over: str, range: Spread | None = None, **question: Unpack[Question]
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
    **question: Unpack[Question],
) -> WinnerMap: ...
@asks(Question, BreakevenOptions)
def breakeven(a: str | None = None, b: str | None = None, **said: Any) -> Any:
    """Return from which volume B is cheaper than A: never, once, or on several intervals.

    With `over`, for which values of another variable; with `map`, who is cheapest over two. Without
    A and B, each open model on own GPUs against its cheapest host and against a closed model.

    >>> import tco
    >>> answer = tco.breakeven("gpt-4.1", "self/llama-3.3-70b", as_of="2026-11-21")
    >>> answer.wins[-1][1] is None  # cheaper from there on, for good
    True
    """
    own, question = apart(said, BreakevenOptions)
    return _answer(questions.breakeven(a, b, own), question)


@overload
def sensitivity(
    a: str | None = None, b: str | None = None, **question: Unpack[Question]
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
    **question: Unpack[Question],
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
    **question: Unpack[Question],
) -> MonteCarlo: ...
@overload
def sensitivity(
    a: str | None = None,
    b: str | None = None,
    *,
    what_if: str | Sequence[str],
    among: Names = None,
    **question: Unpack[Question],
) -> WhatIfs: ...
@asks(Question, SensitivityOptions)
def sensitivity(a: str | None = None, b: str | None = None, **said: Any) -> Any:
    """Return which assumption moves the difference of two options, and where the answer turns.

    With `grid`, who is cheaper over two variables; with `draws`, how sure the answer is when
    everything uncertain is drawn at once; with `what_if`, the bills under changes.

    >>> import tco
    >>> answer = tco.sensitivity(tokens="50B", as_of="2026-11-21")
    >>> abs(answer.rows[0].swing_usd) >= abs(answer.rows[1].swing_usd)
    True
    """
    own, question = apart(said, SensitivityOptions)
    return _answer(asked_how_sure(a, b, own, _file(question)), question)


@asks(Question, SizeOptions, without=NOT_OF_SIZE)
def size(
    model: str,
    /,
    *,
    demand: Amount = None,
    concurrency: Amount = None,
    **said: Unpack[Question],
) -> Sizing:
    """Return where a model fits, how fast it serves there, and what that costs at full load.

    Where nothing serves it within the limits, the rows say why.

    >>> import tco
    >>> answer = tco.size("llama-3.3-70b", gpu="h100-sxm", as_of="2026-11-21")
    >>> {row.gpu for row in answer.rows}
    {'h100-sxm'}
    """
    extra: SizeOptions = {"demand": demand, "concurrency": concurrency}
    own, question = apart({**said, **extra}, SizeOptions)
    ask, whole = questions.size(model, own, question)
    return _answer(ask, whole)  # type: ignore[no-any-return]


@asks(Question, PlanOptions)
def plan(
    api: str | None = None,
    own: str | None = None,
    *,
    curve: Name = None,
    buy: Switch = None,
    **question: Unpack[Question],
) -> Mix | Portfolio:
    """Return the cheapest mix: a base load on own GPUs, the rest to an API by the token.

    A scenario `file` with tasks is answered by a portfolio instead: which model serves which task.

    >>> import tco
    >>> answer = tco.plan(tokens="500B", profile="chat", model="glm-5.2", as_of="2026-11-21")
    >>> type(answer).__name__
    'Mix'
    """
    said: PlanOptions = {"curve": curve, "buy": buy}
    return _answer(questions.plan(api, own, said, _file(question)), question)  # type: ignore[no-any-return]


@asks(Question, HorizonOptions)
def horizon(
    *names: str, growth: Amount = None, discounting: Name = None, **question: Unpack[Question]
) -> Outlook:
    """Return what options come to over months or years: cash when it is paid, saving, payback.

    The first name is what is paid today, the others are what could be done instead.

    >>> import tco
    >>> answer = tco.horizon("gpt-4.1", "self/glm-5.2", tokens="1T", as_of="2026-11-21")
    >>> type(answer).__name__
    'Outlook'
    """
    own: HorizonOptions = {"growth": growth, "discounting": discounting}
    return _answer(questions.horizon(names, own), question)  # type: ignore[no-any-return]


@asks(Question, TrainOptions, without=NOT_OF_TRAIN)
def train(
    *models: str,
    training_tokens: Amount = None,
    epochs: Amount = None,
    refresh: Amount = None,
    method: Names = None,
    within: Amount = None,
    **question: Unpack[Question],
) -> Tuning:
    """Return what tuning some models costs: by the token, or on rented GPUs, cheapest first.

    >>> import tco
    >>> answer = tco.train("gpt-4.1-mini", training_tokens="5M", as_of="2026-11-21")
    >>> answer.rows[0].id
    'openai/gpt-4.1-mini:any'
    """
    said: TrainOptions = {
        "training_tokens": training_tokens,
        "epochs": epochs,
        "refresh": refresh,
        "method": method,
        "within": within,
    }
    ask, whole = jobs.train(models, said, question)
    return _answer(ask, whole)  # type: ignore[no-any-return]


@asks(Question, EmbedOptions, without=NOT_OF_EMBED)
def embed(
    *,
    corpus: Amount = None,
    queries: Amount = None,
    query_tokens: Amount = None,
    params: Amount = None,
    **question: Unpack[Question],
) -> Embedding:
    """Return what embedding a corpus once, and queries every month, costs, cheapest first.

    >>> import tco
    >>> answer = tco.embed(corpus="10B", model="embed-v4", as_of="2026-11-21")
    >>> {row.model for row in answer.rows}
    {'embed-v4'}
    """
    said: EmbedOptions = {
        "corpus": corpus,
        "queries": queries,
        "query_tokens": query_tokens,
        "params": params,
    }
    return _answer(jobs.embed(said), question)  # type: ignore[no-any-return]


@asks(Question)
def explain(name: str, /, **question: Unpack[Question]) -> Explanation:
    """Return every term of one bill: quantity, unit, rate, amount, who said so, and when.

    >>> import tco
    >>> answer = tco.explain("gpt-4.1", tokens="50B", as_of="2026-11-21")
    >>> abs(sum(line.amount_usd for line in answer.option.lines) - answer.option.monthly_usd) < 0.01
    True
    """
    return _answer(questions.explain(name), question)  # type: ignore[no-any-return]


@asks(Question, without=("tokens", "requests", "users", "peak"))
def curve(name: str, volumes: ArrayLike, /, **question: Unpack[Question]) -> NDArray[np.float64]:
    """Return what an option costs [USD/month] at each of some volumes [token/month].

    A name that stands for several set-ups costs, at each volume, what the cheapest does there.

    >>> import tco
    >>> usd = tco.curve("openai/gpt-4.1", [1e9, 2e9], set={"people.api_fte": 0}, as_of="2026-11-21")
    >>> bool(abs(usd[1] / usd[0] - 2) < 1e-9)
    True
    """
    import numpy as np

    from tco.analysis.costs import costs

    at = np.asarray(volumes, dtype=float)
    if not np.all(np.isfinite(at) & (at >= 0)):
        raise UsageError("every volume must be a number, 0 or more")
    said = asked_of([read(given(question), UsageError)], _file(question))
    usd: NDArray[np.float64] = answered(lambda inputs: costs(inputs, name, at), said)
    return usd


def _answer(ask: Ask, question: Mapping[str, Any]) -> Any:
    """Return the answer to a question, with what was said of it."""
    said = asked_of([read(given(question), UsageError)], _file(question))
    return answer_of(answered(ask, said))


def _file(question: Mapping[str, Any]) -> str | None:
    """Return the path of the scenario file, if there is one."""
    return str(question.get("file") or "") or None
