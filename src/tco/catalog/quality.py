"""How good a model is, as far as a public score tells, and the class that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tco.catalog.models import Classes, Model, Score

ModelClass = Literal["small", "mid", "flagship", "unknown"]
BENCHMARK = "arena-text"


def quality(model: Model, benchmark: str = BENCHMARK) -> Score | None:
    """Return the score of a model; None where nobody has measured it.

    Without an effort before with one: an effort raises tokens, and so the bill, together with the
    score, so that the one with an effort must not stand beside a bill without its tokens unless
    `Score.effort` is told. Of several the newest counts.
    """
    some = [s for s in model.scores if s.benchmark == benchmark and s.low is not None]
    plain = [s for s in some if s.effort is None]
    return max(plain or some, key=lambda s: (s.seen is not None, s.seen), default=None)


def model_class(model: Model, classes: Classes | None) -> ModelClass:
    """Return the class of a model by the rule of `docs/catalog.md`.

    Closed weights: where their maker places them in its own line. Open weights: the band of score
    in which closed ones of a class lie. `unknown` where neither is known.
    """
    if model.line is not None:
        return model.line
    if model.weights == "closed" or classes is None:
        return "unknown"
    score = quality(model, classes.benchmark)
    if score is None:
        return "unknown"
    if score.value >= classes.flagship_from:
        return "flagship"
    return "mid" if score.value >= classes.mid_from else "small"
