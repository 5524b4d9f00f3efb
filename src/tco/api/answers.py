"""Answers as a program gets them: the records of a result, and what can be made of them."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tco.analysis.horizon.results import HorizonResult
from tco.analysis.jobs.results import EmbedResult, TrainResult
from tco.analysis.montecarlo.results import MonteCarloResult
from tco.analysis.plan.results import PlanResult
from tco.analysis.portfolio.results import PortfolioResult
from tco.analysis.results import (
    BreakevenResult,
    BreakevenTable,
    CompareResult,
    CompareVolumes,
    ExplainResult,
    FrontierResult,
    SensitivityResult,
)
from tco.analysis.size.results import SizeResult
from tco.analysis.vary.over import BreakevenOver, MapResult
from tco.analysis.vary.whatif import WhatIfResult
from tco.render.words import View
from tco.usage.results import BillResult, ProfileResult

if TYPE_CHECKING:
    import pandas
    import polars


class Answer:
    """What every answer can do besides holding its figures; its fields are those of the JSON.

    Numbers are unrounded and in the unit that their name ends in; `None` is what does not exist.
    """

    if TYPE_CHECKING:

        @property
        def warnings(self) -> tuple[str, ...]:
            """Return what to be wary of."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of the answer, with all columns of the CSV, unrounded."""
        sheet = _screen(self).whole(self)
        return [{column.key: column.get(row) for column in sheet.columns} for row in sheet.rows]

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer as dicts and lists, as `--format json` writes it."""
        from tco.render.jsonio import in_both, projected

        screen = _screen(self)
        whole: dict[str, Any] = projected(self, screen.whole(self), View(), screen.place(self))
        both: dict[str, Any] = in_both(whole, getattr(self, "currency", None))
        return both

    def to_json(self) -> str:
        """Return the whole answer as JSON: the bytes of `--format json`."""
        return self._rendered("json")

    def to_csv(self) -> str:
        """Return the rows as CSV."""
        return self._rendered("csv")

    def to_markdown(self) -> str:
        """Return the screen as Markdown."""
        return self._rendered("md")

    def to_text(self, columns: int = 80, *, assumptions: bool = False, notes: bool = False) -> str:
        """Return the screen of the command, so many characters wide.

        Args:
            columns: Characters of a line.
            assumptions, notes: All of them, where the screen names or counts some.
        """
        view = View(assumptions=assumptions, notes=notes)
        return self._rendered("table", columns, view)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows as a data frame of pandas.

        Raises:
            ImportError: pandas is not installed.
        """
        return _needed("pandas", "to_pandas").DataFrame(self.to_dicts())

    def to_polars(self) -> polars.DataFrame:
        """Return the rows as a data frame of polars.

        Raises:
            ImportError: polars is not installed.
        """
        package: Any = _needed("polars", "to_polars")
        made: polars.DataFrame = package.DataFrame(self.to_dicts(), infer_schema_length=None)
        return made

    def _rendered(self, kind: str, columns: int = 80, view: View | None = None) -> str:
        from tco.render.output import rendered

        return rendered(self, kind, view or View(), columns=columns)

    def _repr_html_(self) -> str:
        from tco.render.plain import fragment

        screen = _screen(self)
        return fragment(screen.blocks(self, screen.sheet(self, View()), View()), self.warnings)

    def __str__(self) -> str:
        """Return the answer in a sentence or two; `to_text` has the screen."""
        verdict: str = getattr(self, "verdict")  # noqa: B009 - of the result that is the other base
        return verdict

    def __repr__(self) -> str:
        """Return the kind of the answer, its size and its verdict, in a line."""
        count = len(_screen(self).whole(self).rows)
        rows = f"{count} row{'s' * (count != 1)}"
        return f"<{type(self).__name__}, {rows}: {' '.join(str(self).split())}>"


class Comparison(Answer, CompareResult):
    """What a month costs, every way there is to serve it, cheapest first."""


class Volumes(Answer, CompareVolumes):
    """What a month costs at several volumes, where none was said; `volumes` has the answers."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return every option at every volume, unrounded."""
        sheet = _screen(self).csv(self, View())
        return [{column.key: column.get(row) for column in sheet.columns} for row in sheet.rows]


class Frontier(Answer, FrontierResult):
    """The cheapest price for each level of quality, and what each further point costs."""


class Breakeven(Answer, BreakevenResult):
    """From which volume B is cheaper than A."""


class BreakevenOverview(Answer, BreakevenTable):
    """For each open model, own GPUs against its cheapest host and a closed model."""


class BreakevenElsewhere(Answer, BreakevenOver):
    """For which values of a variable other than the volume B is cheaper than A."""


class WinnerMap(Answer, MapResult):
    """Who is cheapest, and by how much, over two variables."""


class Swings(Answer, SensitivityResult):
    """Which assumption moves the answer, largest swing first."""


class MonteCarlo(Answer, MonteCarloResult):
    """How sure the answer is when everything uncertain is drawn at once."""


class WhatIfs(Answer, WhatIfResult):
    """The bills under changes."""


class Sizing(Answer, SizeResult):
    """Where a model fits, how fast it serves there, and what that costs."""


class Mix(Answer, PlanResult):
    """The cheapest mix of own GPUs and an API over the hours of a week."""


class Portfolio(Answer, PortfolioResult):
    """Which model serves which task, where, and on what."""


class Outlook(Answer, HorizonResult):
    """What options come to over the months to come, in cash."""


class Tuning(Answer, TrainResult):
    """What tuning a model costs, by the token or on rented GPUs."""


class Embedding(Answer, EmbedResult):
    """What embedding a corpus once, and queries every month, costs."""


class UsageTraffic(Answer, ProfileResult):
    """What logs tell of traffic."""


class UsageBill(Answer, BillResult):
    """What was used, at list price, beside what logs state."""


class Explanation(Answer, ExplainResult):
    """Every term of one bill."""


KINDS: tuple[Any, ...] = (
    Comparison,
    Volumes,
    Frontier,
    Breakeven,
    BreakevenOverview,
    BreakevenElsewhere,
    WinnerMap,
    Swings,
    MonteCarlo,
    WhatIfs,
    Sizing,
    Mix,
    Portfolio,
    Outlook,
    Tuning,
    Embedding,
    UsageTraffic,
    UsageBill,
    Explanation,
)


def answer_of(result: Any) -> Any:
    """Return a result of `tco.analysis` as the answer that holds the same figures."""
    kind = next(kind for kind in KINDS if issubclass(kind, type(result)))
    return kind(**{field.name: getattr(result, field.name) for field in fields(result)})


def _screen(answer: Any) -> Any:
    from tco.render.output import screen

    return screen(answer.schema)


def _needed(package: str, method: str) -> Any:
    """Return a package that only some need.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise ImportError(f"{method}() needs {package}: pip install {package}") from None
