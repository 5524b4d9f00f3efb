"""What was said of bills and changes none of those shown, or not as one may expect."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, SelfOption, Tier
from tco.analysis.report import ONLY_WITH, entering
from tco.catalog.lookup import find_model
from tco.engine.shapes import number

ELSEWHERE = ("energy.", "own.pue", "own.host_power", "own.idle_", "own.light_", "own.full_")
"""Settings that enter the energy of any GPUs, rented ones too, and so not only bills."""

SIFTING = ("serving.", "rent.", "fleet.", "plan.")
"""Settings that may leave an own set-up out, so that its bill is not there to be entered."""

IMAGES = "workload.images_per_request"


def caveats(
    inputs: Inputs, used: Sequence[Option], tried: Collection[Tier] = ()
) -> tuple[str, ...]:
    """Return what the bills of some options do not follow though it was said.

    Args:
        inputs: The question.
        used: The options whose bills are shown.
        tried: Kinds of options that were looked at, those left out included.
    """
    idle = sorted({*_idle_settings(inputs, used, tried), *_idle_words(inputs, used)})
    return (*_idle_line(idle), *_images(inputs), *_short_horizon(inputs, used))


def _idle_line(idle: Sequence[str]) -> Iterator[str]:
    if idle:
        was = "was" if len(idle) == 1 else "were"
        enters = "enters" if len(idle) == 1 else "enter"
        yield f"{', '.join(idle)} {was} given and {enters} none of these bills"


def _by_flag(inputs: Inputs, field: str) -> str:
    """Return the flag that gave a field or a setting; empty when it was no flag."""
    by = inputs.request.origins.get(field, "")
    return by if by.startswith("--") else ""


def _idle_settings(
    inputs: Inputs, used: Sequence[Option], tried: Collection[Tier]
) -> Iterator[str]:
    """Return the settings given by flag that enter no bill; in doubt none."""
    entered = {s.path for s in entering(inputs, used)}
    own = any(isinstance(o, SelfOption) for o in used)
    for path in inputs.request.settings:
        flag = _by_flag(inputs, path)
        needs = ONLY_WITH.get(path)
        enters = path in entered and (needs is None or needs(inputs, used))
        doubtful = own and path.startswith(ELSEWHERE)
        doubtful |= not own and "self" in tried and path.startswith(SIFTING)
        if flag and not enters and not doubtful:
            yield path if flag.startswith("--set") else flag


def _idle_words(inputs: Inputs, used: Sequence[Option]) -> Iterator[str]:
    """Return the price of power without machines of one's own, tokenizers of other models."""
    owned = any(isinstance(o, SelfOption) and o.owned is not None for o in used)
    if _by_flag(inputs, "electricity") and not owned:
        yield f"--electricity {inputs.request.electricity}"
    if _by_flag(inputs, "ownership") and not owned:
        yield f"--ownership {inputs.request.ownership}"
    models = {o.model for o in used}
    for name, ratio in inputs.request.tokenizers if _by_flag(inputs, "tokenizers") else ():
        if find_model(inputs.catalog, name) not in models:
            yield f"--tokenizer {name}={ratio:g}"


def _images(inputs: Inputs) -> Iterator[str]:
    """Return that images do not add to a month whose tokens are given."""
    if inputs.request.tokens is not None and number(inputs.settings.value(IMAGES)) > 0.0:
        yield "--tokens is held, so images take the place of text: say --requests to add them"


def _short_horizon(inputs: Inputs, used: Sequence[Option]) -> Iterator[str]:
    """Return that bought GPUs are spread over longer than they are said to be needed."""
    own = [o.owned for o in used if isinstance(o, SelfOption) and o.owned is not None]
    known = inputs.settings.value("own.life_months")
    lives = [number(known if gpu.life_months is None else gpu.life_months) for gpu in own]
    months = number(inputs.settings.value("horizon.months"))
    if inputs.settings.given("horizon.months") and max(lives, default=0.0) > months:
        yield (
            f"bought GPUs are spread over {max(lives):g} months, longer than the horizon of "
            f"{months:g}: tco horizon follows the cash"
        )
