"""The schema of `claims.yaml`: what articles claim, and the commands that answer.

Nothing here expects a verdict: a claim has its article's own figures, expressions over them, and
questions as they are typed. What follows from those is found by `tco.analysis.claims`.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tco.catalog.build import as_json, judged
from tco.catalog.fields import Id, Record, Source, Text
from tco.catalog.files import shipped_file
from tco.catalog.yaml_lines import load_yaml
from tco.errors import DataError

NAME = "claims.yaml"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Figures = dict[Name, float | Annotated[list[float], Field(min_length=2, max_length=2)]]
"""Numbers, or ranges from low to high."""


class Article(Source):
    """An article whose claims are examined."""

    published: date
    """The day whose prices its claims are held against."""
    dated: Literal["day", "month", "year"] = "day"
    """How exactly the article itself says when it was written."""


class ClaimCheck(Record):
    """What the article's own inputs give, beside the figure that it claims."""

    claimed: Name | None = None
    """The claimed figure; absent: what follows from the inputs is only shown."""
    expression: Expression
    """Numbers, names of inputs, `+ - * / **` and parentheses; ranges go low with low."""
    unit: Text


class Pick(Record):
    """A figure of an answer."""

    ask: Text | None = None
    """Another command than that of the question."""
    path: list[str | int] = Field(min_length=1)
    """Keys and indices into the JSON; `*` all of a list, `key=value` those of a list that say so,
    and `key!=value` those that do not."""
    band: str | None = None
    """The key beside the last one of the path that has the band of the figure."""
    take: Literal["first", "best", "least", "most", "range", "count"] = "first"
    """Which of several figures: `best` is that of the option which the answer calls its best."""


class ClaimQuestion(Record):
    """A question as anybody would type it, and which figures of its answer count."""

    title: Text
    ask: Text
    """A command line without `tco`."""
    file: Text | None = None
    """A scenario file that the command reads, given with `-f claim.yaml`."""
    figures: dict[Name, Pick] = Field(min_length=1)
    answer: Expression
    """An expression over the figures, the inputs and the claimed figures."""
    unit: Text
    claimed: Name | None = None
    """The claimed figure that the answer is held against; absent: it is only shown."""
    rule: Literal["within", "at_least", "at_most"] = "within"
    vary: list[Text] = []
    """What the article leaves open: words added to the command, tried beside every assumption."""


class RuleOfThumb(Record):
    """A break-even that a claim states as a rule."""

    tokens: Expression
    """Tokens a month, an expression over the claim's figures and those below."""
    figures: dict[Name, Pick] = {}
    """Figures of answers, each with a command of its own."""
    between: Text
    """The two options that it is about, as `tco breakeven A B` takes them."""


class Claim(Record):
    """One figure of one article."""

    id: Id
    source: Id
    says: Text
    """The claim in our own words."""
    inputs: Figures = {}
    claimed: Figures = {}
    checks: list[ClaimCheck] = []
    questions: list[ClaimQuestion] = []
    missing: Text | None = None
    """What this program cannot answer yet, and why."""
    rule_of_thumb: RuleOfThumb | None = None
    """Where it is a rule for the break-even."""
    note: Text | None = None


class ClaimAxis(Record):
    """What is tried to make the rules of thumb true, the same for all of them."""

    over: list[Text] = []
    """Variables of `tco breakeven --over`."""
    engineers: Text = "engineers"
    """The one that is looked for with each model."""
    models: list[Text] = []
    """Open models on own GPUs, put in the place of the rule's own."""


class Claims(Record):
    """The whole of `claims.yaml`."""

    schema_: Literal[1] = Field(alias="schema")
    version: Text
    sources: dict[Id, Article]
    claims: list[Claim]
    axis: ClaimAxis = Field(default_factory=ClaimAxis)


@cache
def load_claims() -> Claims:
    """Return the claims that came with this `tco`.

    Raises:
        DataError: The file is missing or wrong; the text begins `data/claims.yaml:line:`.
    """
    file = shipped_file(NAME)
    document = load_yaml(file.data, file.path)
    record, complaints = judged(document, as_json(document), Claims)
    for complaint in complaints:
        raise DataError(str(complaint))
    if record is None:  # a refusal always comes with a complaint
        raise DataError(f"{file.path}:1: not understood")
    seen: set[str] = set()
    for i, claim in enumerate(record.claims):
        if claim.id in seen:
            raise DataError(str(document.complaint(("claims", i, "id"), f"'{claim.id}' twice")))
        if claim.source not in record.sources:
            wrong = f"no source '{claim.source}'"
            raise DataError(str(document.complaint(("claims", i, "source"), wrong)))
        seen.add(claim.id)
    return record
