"""A report as one HTML file: its facts and tables, words from a template, charts inside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from tco import __version__
from tco.analysis.charts.curves import Report, prominent
from tco.analysis.compare import TIER_WORDS
from tco.analysis.results import AssumptionResult, Breakdown, OptionResult
from tco.errors import UsageError, install_command
from tco.options.cheapest import cheapest_of, rank_of
from tco.render import words
from tco.render.output import NBSP, screen
from tco.render.report.marks import DASHES, ENDS, PARTS, SERVED, WHOLE, Key, looks, readable_on
from tco.render.screens.breakeven import spans
from tco.render.words import Block, Paragraph, Table, Tone, View, column, number
from tco.units import in_unit, show_share, show_tokens, show_usd

Fact = tuple[str, str, str]
"""One figure: what it is, the figure, and of what."""

# What a report says first: its question, its answer, and the few figures behind it.

PAIRED = ("breakeven", "sensitivity", "montecarlo")
"""Answers about A and B, so that it is worth saying how sure it is which is cheaper."""

TITLES = {
    "explain": "Every term of one bill",
    "size": "Where the model fits, and how fast it serves",
    "horizon": "What the months to come cost",
    "bill": "What was used, and what it costs",
    "profile": "What the traffic is like",
}


def question(report: Report) -> str:
    """Return what was asked, as a heading."""
    answer = report.answer
    kind = answer.schema.removeprefix("tco.").partition("/")[0]
    volume = show_tokens(report.volume) if report.volume and report.volume_given else ""
    at = f" at {volume} tokens a month" if volume else ""
    if kind == "compare":
        return f"What {volume} tokens a month cost"
    if kind in ("plan", "plan-portfolio"):
        return f"The cheapest mix{at}"
    if kind in ("sensitivity", "montecarlo", "what-if"):
        return f"What would change the answer{at}"
    if kind == "breakeven":
        return "From which volume is B cheaper than A?"
    if kind == "breakeven-table":
        return "From which volume are own GPUs cheaper?"
    if kind == "breakeven-over":
        return f"For which {answer.variable} is B cheaper than A{at}?"
    return TITLES.get(kind, f"Who is cheapest{at}")


def facts(report: Report) -> list[Fact]:
    """Return the figures that stand under the verdict."""
    answer = report.answer
    kind = answer.schema.removeprefix("tco.").partition("/")[0]
    made: Iterator[Fact] = iter(())
    if kind == "compare":
        made = _tiers(answer)
    elif kind == "breakeven":
        made = _volumes(answer)
    elif kind == "sensitivity":
        made = _two(answer)
    elif kind == "plan":
        made = _arrangements(report)
    elif kind == "bill":
        made = _billed(answer)
    return [*made, *(_sure(report) if kind in PAIRED else ())]


def _tiers(answer: Any) -> Iterator[Fact]:
    """Return the cheapest of each tier on the list that is shown."""
    listed = [o for o in answer.options if not answer.shown or o.id in answer.shown]
    tiers: dict[str, list[OptionResult]] = {}
    for row in listed:
        if row.feasible:
            tiers.setdefault(row.tier, []).append(row)
    for tier, rows in tiers.items():
        option = cheapest_of(rows, rank_of(answer.min_trust)) or rows[0]
        head = f"cheapest {TIER_WORDS[option.tier]}" if tier != "self" else "cheapest own GPUs"
        yield (f"{head}, a month", show_usd(option.monthly_usd or 0.0), option.id)


def _volumes(answer: Any) -> Iterator[Fact]:
    wins = spans(answer.wins)
    why = "tokens a month" if answer.wins else answer.never_because or ""
    yield ("B is cheaper", wins, why)
    if answer.first_is is not None:
        bill = f"{show_usd(answer.first_is.a_usd)} a month"
        yield ("that is a bill of A of", bill, f"at {show_tokens(answer.first)} tokens")
    if answer.now is not None and answer.a_usd is not None and answer.b_usd is not None:
        note = f"at {show_tokens(answer.now)} tokens a month"
        yield ("A costs a month", show_usd(answer.a_usd), note)
        yield ("B costs a month", show_usd(answer.b_usd), note)


def _two(answer: Any) -> Iterator[Fact]:
    yield ("A costs a month", show_usd(answer.a_usd), answer.a)
    yield ("B costs a month", show_usd(answer.b_usd), answer.b)
    yield ("B less A", show_usd(answer.difference_usd), "a month")


def _arrangements(report: Report) -> Iterator[Fact]:
    for name, usd, _ in report.arrangements:
        yield (f"{name}, a month", show_usd(usd), report.answer.model)


def _billed(answer: Any) -> Iterator[Fact]:
    span = f"{(answer.first or '')[:10]} to {(answer.last or '')[:10]}" if answer.last else ""
    yield ("at list price", show_usd(answer.list_usd), span)
    if answer.stated_usd is not None:
        yield ("as the log states", show_usd(answer.stated_usd), span)
    if (check := answer.invoice) is not None:
        rest = f"{show_usd(check.unexplained_usd)} not explained"
        yield ("invoice", show_usd(check.invoice_usd), rest)
    if answer.forecast:
        twelve = f"the {len(answer.forecast)} months to come"
        yield (twelve, show_usd(sum(m.usd for m in answer.forecast)), "at scheduled list prices")


def _sure(report: Report) -> Iterator[Fact]:
    """Return in how many draws B saves."""
    risk = report.risk
    if risk is not None and risk.saving is not None:
        saving = risk.saving
        note = f"of {risk.draws:,} draws {saving.b} costs less than {saving.a}"
        yield ("how sure", f"in {show_share(saving.p_saves)}", note)


# The answer in full as HTML sees it: the blocks of its screen, its assumptions, its sources.

ORIGINS = {"given": "given", "catalog": "catalog", "assumed": "our judgment"}


def answer_parts(answer: Any, *, pictured: bool) -> list[Block]:
    """Return the screen of an answer but for its verdict and assumptions, told elsewhere.

    Args:
        pictured: Its pictures are drawn as charts, so that those of characters are left out.
    """
    told = {"verdict": "", "assumptions": ()}
    bare = replace(answer, **{k: v for k, v in told.items() if hasattr(answer, k)})
    module = screen(answer.schema)
    view = View(page=answer.schema == "tco.compare/1")  # a page has room for the trust of each row
    blocks = module.blocks(bare, module.sheet(bare, view), view)
    return [part for block in blocks for part in _part(block, pictured=pictured)]


def _part(block: Block, *, pictured: bool) -> Iterator[Block]:
    if isinstance(block, Paragraph):
        for text in block.text.split("\n"):
            if text.strip():
                tone: Tone = "bold" if block.tone == "bold" and len(text) < 60 else ""
                yield Paragraph(text=text.replace(NBSP, " "), tone=tone)
    elif isinstance(block, Table) or not pictured:
        yield block


def bill_table(volume: float, options: Sequence[OptionResult]) -> Table:
    """Return the bills of a chart in figures."""
    used = _used(o.breakdown for o in options)
    columns = (
        column("id", "option", wraps=True),
        *(number(key, PARTS[key][0], words.whole_usd, of=f"breakdown.{key}") for key in used),
        number("monthly_usd", "$/month", words.whole_usd, get=lambda o: o.monthly_usd or 0.0),
        number("band_usd", "range", get=_spread),
    )
    return words.table(columns, options, f"USD a month at {show_tokens(volume)} tokens")


def _spread(option: OptionResult) -> str | None:
    return words.spread(option.band_usd) or None


def _assumption(row: AssumptionResult, report: Report) -> tuple[str, ...]:
    """Return an assumption: title, path, value, range, who said so, when that was read."""
    span = report.ranges.get(row.path)
    ends = [in_unit(v, row.unit) for v in span] if span else []
    unnamed = row.source in ("judgment", "default")
    said = ORIGINS[row.origin]
    unit = row.unit if row.unit in ("tokens", "engineers", "requests", "months") else ""
    return (
        row.title,
        row.path,
        f"{in_unit(row.value, row.unit)} {unit}".strip(),
        " to ".join(ends),
        words.STAR * row.judgment + (said if unnamed else f"{said}: {row.source}"),
        "" if unnamed else report.read.get(row.path, ""),
    )


# A report as one HTML file: words from a template, charts and their library inside it.

LIBRARIES = ("vl_convert", "jinja2")
MISSING = "a report needs more libraries"


def check() -> None:
    """Do nothing when the libraries that draw are installed.

    Raises:
        UsageError: They are not.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        how = install_command("report")
        raise UsageError(f"{MISSING} ({', '.join(missing)}): {how}")


def drawing_library() -> str:
    """Return the library that draws, as a script; bundling it takes about a second."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def page(
    report: Report,
    whole: Sequence[str],
    shared: Sequence[str],
    library: Callable[[], str] = drawing_library,
) -> str:
    """Return the file.

    Args:
        whole: Words of the command, without those that say how the answer is written.
        shared: Flags of the question alone, for the commands that print parts of the report.
        library: Returns the library that draws; who has it already says so.

    Raises:
        UsageError: The libraries that draw are not installed.
    """
    check()
    import jinja2

    from tco.render.report.charts import specs

    folder = files(__package__)
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = first_shown(report)
    marks = looks(_ids(report), [*_won(report), *shown], report.answer)
    environment.filters["breakable"] = breakable
    made = specs(report, marks, shown)
    return environment.get_template("page.html.jinja").render(
        **_parts(report, marks, shown),
        commands=list(_commands(report, whole, shared)),
        specs=made,
        library="" if made == "{}" else _inside(library()),
        style=(folder / "page.css").read_text(encoding="utf-8"),
        script=(folder / "page.js").read_text(encoding="utf-8"),
    )


def _parts(report: Report, marks: dict[str, Key], shown: Sequence[str]) -> dict[str, Any]:
    """Return everything that the template speaks of but the charts."""
    answer, steps = report.answer, report.bills
    pictured = report.map is answer or report.plan is answer
    return {
        "report": report,
        "answer": answer,
        "question": question(report),
        "facts": facts(report),
        "edition": words.edition(answer.catalog),
        "month": words.month(answer.workload) if hasattr(answer, "workload") else "",
        "parts": answer_parts(answer, pictured=pictured),
        "bill_table": bill_table(*steps[len(steps) // 2]) if steps else None,
        "failed": [c for c in getattr(answer, "checks", ()) if c.state != "passed"],
        "pair": _pair(answer, marks),
        "told_turns": [t for t in report.breakevens if t is not answer or t.flips],
        "lead": lead(getattr(answer, "verdict", "")),
        "bill_keys": [Key(*PARTS[k]) for k in _used(o.breakdown for _, row in steps for o in row)],
        "way_keys": [Key(*WHOLE[key]) for key in _used(parts for *_, parts in report.arrangements)],
        "volumes": [f"{show_tokens(volume)} tokens a month" for volume, _ in steps],
        "curve_keys": _curve_keys(report, marks, shown),
        "served": [Key(*SERVED[key]) for key in _used_hours(report)],
        "ends": [Key(*end) for end in ENDS.values()],
        "winners": _winners(report, marks),
        "assumptions": [_assumption(row, report) for row in report.assumptions],
        "version": __version__,
        "star": words.LEGEND,
    }


def lead(verdict: str) -> tuple[str, str]:
    """Return the first sentence of a verdict, and the rest.

    >>> lead("X costs $2.50. Y v1.2 costs more.")
    ('X costs $2.50.', 'Y v1.2 costs more.')
    """
    first, *rest = re.split(r"(?<=[.])\s+(?=[A-Z0-9])", verdict, maxsplit=1)
    return first, rest[0] if rest else ""


def breakable(text: str) -> Any:
    """Return a text, escaped, whose ids may be broken after `/ @ :`."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([/@:])(?=[^\s/])", r"\1<wbr>", str(escape(text))))


def _ids(report: Report) -> list[str]:
    """Return the options of a report, cheapest first, those of its map after them."""
    middle = report.bills[len(report.bills) // 2][1] if report.bills else ()
    known = [option.id for option in middle]
    return list(dict.fromkeys([*known, *_won(report)]))


def _won(report: Report) -> list[str]:
    return [o.id for o in report.map.options if o.cells] if report.map else []


def first_shown(report: Report) -> list[str]:
    """Return the options whose curves are drawn at first."""
    middle = report.bills[len(report.bills) // 2][1] if report.bills else ()
    pairs = [(turn.a, turn.b) for turn in report.breakevens]
    return prominent([(option.id, option.tier) for option in middle], pairs, report.answer)


def _pair(answer: Any, marks: dict[str, Key]) -> list[Key]:
    """Return A and B with their marks; nothing where an answer is not about a pair."""
    if not hasattr(answer, "b"):
        return []
    found = [marks[name] for name in (answer.a, answer.b) if name in marks]
    return [key._replace(dash=readable_on(key.colour)) for key in found]


def _curve_keys(report: Report, marks: dict[str, Key], shown: Sequence[str]) -> list[Key]:
    if report.curves is None:
        return []
    curves = sorted(report.curves.curves, key=lambda c: list(marks).index(c.id))
    return [marks[c.id]._replace(dash=dash_of(c.tier), shown=c.id in shown) for c in curves]


def dash_of(tier: str) -> str:
    """Return how the line of a tier is dashed, as SVG writes it."""
    return "" if tier == "self" else " ".join(str(px) for px in DASHES[tier])


def _winners(report: Report, marks: dict[str, Key]) -> list[Key]:
    if report.map is None:
        return []
    cells = len(report.map.cells)
    return [
        Key(f"{o.id}: cheapest in {o.cells} of {cells}", marks[o.id].colour, o.mark)
        for o in report.map.options
        if o.cells
    ]


def _used(breakdowns: Iterable[Breakdown | None]) -> list[str]:
    found = [b for b in breakdowns if b is not None]
    return [key for key in PARTS if any(getattr(b, key) > 0 for b in found)]


def _used_hours(report: Report) -> list[str]:
    if report.plan is None:
        return []
    curve = report.plan.curve
    return [key for key in SERVED if any(tokens > 0 for tokens in getattr(curve, key))]


def _commands(
    report: Report, whole: Sequence[str], shared: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Return each part of the report with the command that prints it."""
    yield "this answer", shlex.join(("tco", *whole))
    for shows, typed in report.commands:
        yield shows, shlex.join(("tco", *typed, *shared))


def _inside(text: str) -> str:
    """Return a script so that it can stand inside a script element."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
