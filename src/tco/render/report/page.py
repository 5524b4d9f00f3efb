"""A report as one HTML file: words from a template, charts and their library inside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, NamedTuple

from tco import __version__
from tco.analysis.pictures.about import prominent
from tco.analysis.pictures.results import Report
from tco.analysis.results import Breakdown
from tco.errors import UsageError
from tco.render import words
from tco.render.report.facts import facts, question
from tco.render.report.palette import DASHES, ENDS, PARTS, SERVED, WHOLE, Look, looks, readable_on
from tco.render.report.tables import answer_parts, assumption_rows, bill_table
from tco.show import show_tokens

LIBRARIES = ("altair", "vl_convert", "jinja2")
MISSING = "a report needs more libraries: pip install 'llm-tco[report]'"


class Key(NamedTuple):
    """An entry of a legend."""

    name: str
    colour: str
    mark: str = ""
    dash: str = ""
    shown: bool = True


class Asked(NamedTuple):
    """The command that was typed.

    Args:
        whole: Its words, without those that say how the answer is written.
        question: Flags of the question alone, for the commands that print parts of the report.
    """

    whole: tuple[str, ...]
    question: tuple[str, ...]


def check() -> None:
    """Do nothing when the libraries that draw are installed.

    Raises:
        UsageError: They are not.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise UsageError(f"{MISSING} ({', '.join(missing)} not found)")


def page(report: Report, asked: Asked) -> str:
    """Return the file.

    Args:
        report: What it shows.
        asked: The command that was typed.

    Raises:
        UsageError: The libraries that draw are not installed.
    """
    check()
    import jinja2
    import vl_convert

    from tco.render.report.drawn import specs

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
        commands=list(_commands(report, asked)),
        specs=made,
        library=_library(vl_convert.javascript_bundle),
        style=(folder / "page.css").read_text(encoding="utf-8"),
        script=(folder / "page.js").read_text(encoding="utf-8"),
    )


def _parts(report: Report, marks: dict[str, Look], shown: Sequence[str]) -> dict[str, Any]:
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
        "bill_table": bill_table(steps[len(steps) // 2]) if steps else None,
        "failed": [c for c in getattr(answer, "checks", ()) if c.state != "passed"],
        "pair": _pair(answer, marks),
        "told_turns": [t for t in report.breakevens if t is not answer or t.flips],
        "lead": lead(getattr(answer, "verdict", "")),
        "bill_keys": [Key(*PARTS[k]) for k in _used(o.breakdown for s in steps for o in s.options)],
        "way_keys": [Key(*WHOLE[key]) for key in _used(w.parts for w in report.arrangements)],
        "volumes": [f"{show_tokens(s.tokens_per_month)} tokens a month" for s in steps],
        "curve_keys": _curve_keys(report, marks, shown),
        "served": [Key(*SERVED[key]) for key in _used_hours(report)],
        "ends": [Key(*end) for end in ENDS.values()],
        "winners": _winners(report, marks),
        "assumptions": assumption_rows(report),
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
    middle = report.bills[len(report.bills) // 2].options if report.bills else ()
    known = [option.id for option in middle]
    return list(dict.fromkeys([*known, *_won(report)]))


def _won(report: Report) -> list[str]:
    return [o.id for o in report.map.options if o.cells] if report.map else []


def first_shown(report: Report) -> list[str]:
    """Return the options whose curves are drawn at first."""
    middle = report.bills[len(report.bills) // 2].options if report.bills else ()
    pairs = [(turn.a, turn.b) for turn in report.breakevens]
    return prominent([(option.id, option.tier) for option in middle], pairs, report.answer)


def _pair(answer: Any, marks: dict[str, Look]) -> list[Key]:
    """Return A and B with their marks; nothing where an answer is not about a pair."""
    if not hasattr(answer, "b"):
        return []
    found = [(name, marks[name]) for name in (answer.a, answer.b) if name in marks]
    return [Key(name, look.colour, look.mark, readable_on(look.colour)) for name, look in found]


def _curve_keys(report: Report, marks: dict[str, Look], shown: Sequence[str]) -> list[Key]:
    if report.curves is None:
        return []
    curves = sorted(report.curves.curves, key=lambda c: list(marks).index(c.id))
    return [
        Key(c.id, marks[c.id].colour, marks[c.id].mark, dash_of(c.tier), c.id in shown)
        for c in curves
    ]


def dash_of(tier: str) -> str:
    """Return how the line of a tier is dashed, as SVG writes it."""
    return "" if tier == "self" else " ".join(str(px) for px in DASHES[tier])


def _winners(report: Report, marks: dict[str, Look]) -> list[Key]:
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


def _commands(report: Report, asked: Asked) -> Iterator[tuple[str, str]]:
    """Return each part of the report with the command that prints it."""
    yield "this answer", shlex.join(("tco", *asked.whole))
    for command in report.commands:
        yield command.shows, shlex.join(("tco", *command.words, *asked.question))


@cache
def _library(bundled: Any) -> str:
    """Return the library that draws, so that it can stand inside a script element."""
    text: str = bundled("window.vegaEmbed = vegaEmbed;")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
