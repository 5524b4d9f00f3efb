"""Named what-ifs side by side: every option's bill under each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tco.analysis.change.chosen import Weighed, chosen, weighed
from tco.analysis.change.grammar import Said, what_if
from tco.analysis.change.results import WhatIf, WhatIfResult, WhatIfRow
from tco.analysis.cheapest import answers_at, cheaper_but_unsure, least_trust
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, lines
from tco.analysis.report import assumptions_of, stamp, warnings_of
from tco.analysis.settings import Settings
from tco.analysis.verdict import beside_words, rule_words, unsure_words
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats
from tco.errors import UsageError
from tco.show import show_usd

AT_LEAST_ONE = ("workload.peak_to_mean", "own.pue", "serving.max_concurrency")


def what_ifs(inputs: Inputs, names: Sequence[str], texts: Sequence[str]) -> WhatIfResult:
    """Return the bills of some options today and under each what-if.

    A change that takes months comes about by equal factors; its bill is the one of the last month,
    and the mean over the months is told beside it.

    Args:
        inputs: The question, with a volume.
        names: Names of the options; empty for the usual ones.
        texts: The what-ifs, in the grammar of `grammar`.

    Raises:
        UsageError: No volume, or a what-if that cannot be read.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    said = [what_if(text, inputs.settings) for text in texts]
    picked = chosen(inputs, names)
    paths = [_months(one, inputs.settings) for one in said]
    rows = [_row(option, inputs.settings, paths) for option in picked.options]
    least = least_trust(inputs)
    usd = np.array([_bills(row) for row in rows])
    places = answers_at(picked.options, usd, least)
    cheapest = tuple(rows[int(i)].id for i in np.maximum(places, 0))
    today = [weighed(option, inputs) for option in picked.options]
    best = next(row for row in today if row.id == cheapest[0])
    unsure = cheaper_but_unsure(today, best)
    return WhatIfResult(
        schema="tco.what-if/1",
        catalog=stamp(inputs, picked.options),
        what_ifs=tuple(
            WhatIf(name=one.name, changes=tuple(c.text for c in one.changes), months=one.months)
            for one in said
        ),
        options=tuple(rows),
        cheapest=cheapest,
        resolved=picked.said,
        verdict=_words(said, rows, cheapest, best, unsure, least),
        assumptions=assumptions_of(inputs, picked.options),
        warnings=warnings_of(inputs, picked.options),
        best=best.id,
        cheaper_but_unsure=tuple(row.id for row in unsure),
    )


def _months(said: Said, settings: Settings) -> Settings:
    """Return the settings of every month until the what-if has come about, as arrays [months]."""
    count = 1 if said.months is None else int(np.ceil(said.months))
    share = (
        np.ones(1) if said.months is None else np.minimum(np.arange(1, count + 1) / said.months, 1)
    )
    for change in said.changes:
        for path in change.paths:
            now = float(np.asarray(settings.value(path), dtype=float).ravel()[-1])
            goal = now * change.factor if change.factor is not None else change.value
            assert goal is not None
            _refuse(said, path, goal, settings[path].unit)
            settings = settings.with_values({path: _path(now, goal, share)})
    return settings


def _path(now: float, goal: float, share: Floats) -> Floats:
    """Return the values on the way: by equal factors, or evenly where one end is 0."""
    if now > 0 and goal > 0:
        return np.asarray(now * (goal / now) ** share)
    return now + (goal - now) * share


def _refuse(said: Said, path: str, goal: float, unit: str) -> None:
    positive = path.endswith(("_factor", "rent.factor", "headroom", "tpot_s", "kv_bytes"))
    if unit == "share" and goal > 1.0:
        why = "a share is at most 1"
    elif path in AT_LEAST_ONE and goal < 1.0:
        why = "it is at least 1"
    elif positive and goal <= 0.0 and not path.startswith(("price.", "rent.")):
        why = "it must be more than 0"
    else:
        return
    raise UsageError(f"--what-if {said.name!r}: {path} would become {goal:g}, but {why}")


def _row(option: Option, settings: Settings, paths: Sequence[Settings]) -> WhatIfRow:
    bills = [_usd(option, months) for months in paths]
    return WhatIfRow(
        id=option.id,
        tier=option.tier,
        model=option.model,
        base_usd=float(_usd(option, settings)[-1]),
        usd=tuple(_served(float(b[-1])) for b in bills),
        mean_usd=tuple(_served(float(b.mean())) for b in bills),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def _usd(option: Option, settings: Settings) -> Floats:
    return np.atleast_1d(np.asarray(total_usd(lines(option, settings)), dtype=float))


def _served(usd: float) -> float | None:
    return usd if np.isfinite(usd) else None


def _bills(row: WhatIfRow) -> list[float]:
    """Return its bill today and under each what-if, infinite where it cannot serve."""
    return [np.inf if usd is None else usd for usd in (row.base_usd, *row.usd)]


def _words(
    said: Sequence[Said],
    rows: Sequence[WhatIfRow],
    cheapest: Sequence[str],
    best: Weighed,
    unsure: Sequence[Weighed],
    least: int,
) -> str:
    bills = {row.id: row for row in rows}
    today = cheapest[0]
    usd = show_usd(bills[today].base_usd)
    text = [
        unsure_words(best.trust, least),
        f"Today {today} is the cheapest{rule_words(least)}, at {usd} a month.",
        beside_words(unsure),
    ]
    for i, one in enumerate(said):
        winner = cheapest[i + 1]
        then = bills[winner].usd[i]
        how = "it stays so" if winner == today else f"{winner} is"
        text.append(f"With {one.name}: {how}, at {show_usd(then or 0.0)}.")
    return " ".join(filter(None, text))
