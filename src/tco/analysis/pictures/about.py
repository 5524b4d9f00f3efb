"""What the pictures of a report are about: its options, and the pairs held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tco.analysis.cheapest import cheapest_of, pair_of, rank_of
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option
from tco.analysis.resolve import resolve
from tco.errors import TcoError

MOST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is drawn.

    Args:
        options: Options whose bills are shown.
        pairs: A and B, the most interesting pair first; the next ones for break-evens only.
        left_out: What could not be found again, with the reason.
    """

    options: tuple[Option, ...]
    pairs: tuple[tuple[Option, Option], ...]
    left_out: tuple[str, ...]


def about(inputs: Inputs, answer: Any) -> About:
    """Return what the pictures beside an answer are about.

    Args:
        inputs: The question, with a volume.
        answer: The result of the command.
    """
    ids, two = _named(answer, [spec.name for spec in inputs.request.options])
    options: dict[str, Option] = {}
    left_out = []
    for name in dict.fromkeys(ids):
        try:
            options[name] = resolve(name, inputs).best
        except TcoError as error:
            left_out.append(f"{name}: {error}")
    pairs = [(options[a], options[b]) for a, b in two if a in options and b in options]
    if answer.schema == "tco.compare/1":
        pairs = list(_of_comparison(answer, options))
    for a, b in pairs:
        options |= {a.id: a, b.id: b}
    return About(options=tuple(options.values()), pairs=tuple(pairs), left_out=tuple(left_out))


def _named(answer: Any, described: list[str]) -> tuple[Iterable[str], list[tuple[str, str]]]:
    """Return the ids that an answer is about, and its pairs.

    Args:
        answer: The result.
        described: Options that the user described, which a comparison is about before others.
    """
    kind = answer.schema.removeprefix("tco.").partition("/")[0]
    if kind in ("breakeven", "breakeven-over", "sensitivity"):
        return (answer.a, answer.b), [(answer.a, answer.b)]
    if kind == "breakeven-table":
        return _of_overview(answer)
    if kind == "compare":
        feasible = [o.id for o in answer.options if o.feasible]
        shown = [name for name in feasible if name in answer.shown]
        wanted = [*(name for name in feasible if name in described), *(shown or feasible)]
        return list(dict.fromkeys(wanted))[:MOST], []
    if kind == "map":
        used = [o.id for o in answer.options if o.cells]
        return used[:MOST], [(used[0], name) for name in used[1:2]]
    if kind == "montecarlo":
        saving = answer.saving
        ids = [o.id for o in answer.options]
        return ids[:MOST], [] if saving is None else [(saving.a, saving.b)]
    if kind == "what-if":
        return [o.id for o in answer.options][:MOST], []
    if kind == "plan":
        return (answer.overflow, *answer.own), [(answer.overflow, name) for name in answer.own[:1]]
    return (), []


def _of_overview(answer: Any) -> tuple[Iterable[str], list[tuple[str, str]]]:
    """Return the pair that breaks even first on the same weights, and the first of all."""

    def order(row: Any) -> tuple[bool, bool, float]:
        return row.first is None, not row.same_weights, row.first or 0.0

    rows = sorted(answer.rows, key=order)
    soonest = sorted(answer.rows, key=lambda r: (r.first is None, r.first or 0.0))
    pairs = list(dict.fromkeys((row.a, row.b) for row in (rows[0], soonest[0])))
    return [name for two in pairs for name in two], pairs


def _of_comparison(answer: Any, options: dict[str, Option]) -> Iterator[tuple[Option, Option]]:
    """Return the pair of the verdict, and the same own GPUs against the answer among closed models.

    Args:
        answer: The comparison.
        options: The options that are drawn, cheapest first.
    """
    rows = [o for o in answer.options if o.id in options and o.monthly_usd]
    least = rank_of(answer.min_trust)
    found = pair_of(rows, least)
    if found is None:
        return
    yield options[found[0].id], options[found[1].id]
    closed = cheapest_of([row for row in rows if row.tier == "api"], least)
    if closed is not None and closed.id != found[0].id:
        yield options[closed.id], options[found[1].id]


def prominent(
    options: Iterable[tuple[str, str]], pairs: Iterable[tuple[str, str]], answer: Any
) -> list[str]:
    """Return the options to draw when not all can be: the answer of each tier, and the pairs.

    Args:
        options: Ids and tiers, cheapest first.
        pairs: Ids of options that are held against each other.
        answer: The result, which may say what is cheaper than its answer but not sure enough.
    """
    unsure = getattr(answer, "cheaper_but_unsure", ())
    known = [(name, tier) for name, tier in options if name not in unsure]
    cheapest: dict[str, str] = {}
    for name, tier in known:
        cheapest.setdefault(tier, name)
    wanted = {*cheapest.values(), *(name for two in pairs for name in two)}
    return [name for name, _ in known if name in wanted]
