"""What `tco train` and `tco embed` ask: their words are read here and now, and answered later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tco import units
from tco.ask import varied
from tco.ask.fields import QUESTION, one_of
from tco.ask.question import IDLE_IN_EMBED, IDLE_IN_TRAIN, IDLE_UNRENTED, IDLE_UNSERVED
from tco.errors import UsageError, printable

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.ask.asked import Ask
    from tco.ask.question import EmbedOptions, Question, TrainOptions

METHODS = ("lora", "full")


def train(models: tuple[str, ...], said: TrainOptions, question: Question) -> tuple[Ask, Question]:
    """Return the question what tuning some models costs, and the whole of it.

    Raises:
        UsageError: A value that cannot be read, or none where one is needed.
    """
    if not models:
        raise UsageError("which model? for example tco train llama-3.3-70b --training-tokens 100M")
    if (size := said.get("training_tokens")) is None:
        raise UsageError("how many tokens are trained on? for example --training-tokens 100M")
    tokens = more_than_0(size, "--training-tokens", units.number)
    refresh = said.get("refresh")
    anew = None if refresh is None else more_than_0(refresh, "--refresh", units.months)
    named = varied.several(said.get("method"))
    ways: Any = tuple(_read(one_of(*METHODS), word, "--method") for word in named) or METHODS
    pairs = varied.texts_of(question.get("set"))
    if (epochs := said.get("epochs")) is not None:
        pairs.append(f"training.epochs={more_than_0(epochs, '--epochs', units.number)!r}")
    if (within := said.get("within")) is not None:
        pairs.append(f"training.within_h={_hours(more_than_0(within, '--within', units.seconds))}")
    whole: Any = {**question, "set": pairs}

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.training import TrainAsk
        from tco.analysis.training import train as trained

        job = TrainAsk(models=models, training_tokens=tokens, ways=ways, refresh_months=anew)
        idle = IDLE_IN_TRAIN if inputs.volume_given else (*IDLE_IN_TRAIN, *IDLE_UNSERVED)
        return _with_idle(trained(inputs, job), inputs, idle)

    return ask, whole


def embed(said: EmbedOptions) -> Ask:
    """Return the question what embedding a corpus, and queries every month, costs.

    Raises:
        UsageError: A value that cannot be read.
    """
    corpus, queries, length, params = (
        None if (value := said.get(name)) is None else more_than_0(value, flag, read)
        for name, flag, read in (
            ("corpus", "--corpus", units.number),
            ("queries", "--queries", units.requests_per_month),
            ("query_tokens", "--query-tokens", units.number),
            ("params", "--params", units.number),
        )
    )

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.embedding import EmbedAsk
        from tco.analysis.embedding import embed as embedded

        job = EmbedAsk(
            corpus_tokens=corpus or 0.0,
            queries=queries or 0.0,
            query_tokens=length or 0.0,
            params=params,
        )
        idle = IDLE_IN_EMBED if params is not None else (*IDLE_IN_EMBED, *IDLE_UNRENTED)
        return _with_idle(embedded(inputs, job), inputs, idle)

    return ask


def _with_idle(result: Any, inputs: Inputs, idle: Sequence[str]) -> Any:
    """Return a result that warns of what was said, mostly in a file, and changes nothing in it."""
    by = inputs.request.origins
    said = [f"{f.key} ({by[f.target]})" for f in QUESTION if f.name in idle and f.target in by]
    words = (f"no part in this answer: {', '.join(said)}",) if said else ()
    return replace(result, warnings=(*result.warnings, *words))


def more_than_0(value: Any, flag: str, read: Callable[[Any], float]) -> float:
    """Return a quantity that is more than 0.

    Raises:
        UsageError: It cannot be read, or is not; the text begins with the flag.
    """
    number: float = _read(read, value, flag)
    if number <= 0:
        raise UsageError(f"{flag}: {printable(str(value), 40)}: must be more than 0")
    return number


def _read(read: Callable[[Any], Any], value: Any, flag: str) -> Any:
    try:
        return read(value)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def _hours(seconds: float) -> str:
    return repr(seconds / units.SECONDS_PER_HOUR)
