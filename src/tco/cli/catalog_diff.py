"""`tco catalog diff`."""

from dataclasses import dataclass
from typing import Annotated

from typer import Argument, Exit

from tco.cli.catalog_options import Data
from tco.cli.flags import flags
from tco.cli.options import OUTPUT, VOLUME, Output, Switch, Text, Texts, flag

A = Annotated[str, Argument(metavar="A", help="A file, folder, git revision, or REV:FILE.")]
B = Annotated[
    str | None, Argument(metavar="[B]", help="The same; else the catalog of this tco.",
                         show_default=False)
]  # fmt: skip
VOLUMES = ("1B", "10B", "100B", "1T")


@dataclass(frozen=True, slots=True)
class Compared:
    """At which volumes answers are compared, and whether a change fails."""

    tokens: Annotated[
        Texts, flag(VOLUME, "N", "Volumes to compare winners at: 1B, 10B, 100B, 1T.")
    ] = None
    profile: Annotated[Text, flag(VOLUME, "NAME", "Named traffic.")] = None
    strict: Annotated[
        Switch, flag(OUTPUT, None, "Exit 1 when an answer changes.", "--fail-on-change")
    ] = None


@flags
def diff(data: Data, output: Output, asked: Compared, a: A, b: B = None) -> None:
    """What moved between two catalogs, by how much, and which answers change.

    \b
      tco catalog diff HEAD~20
      tco catalog diff v1.0 v1.1 --tokens 5B,50B
      tco catalog diff origin/main:my-prices.yaml my-prices.yaml
      tco catalog diff old/ data/ --format json --fail-on-change
    """
    from tco import units
    from tco.analysis.catalog_diff import catalog_diff
    from tco.analysis.request import Request
    from tco.catalog.editions import edition
    from tco.cli.catalog_options import read, today
    from tco.cli.deliver import deliver

    said = read(data, output)
    typed = [part for text in asked.tokens or VOLUMES for part in text.split(",")]
    volumes = [units.tokens_per_month(text) for text in typed]
    overlays = said.get("catalog", ())
    old, new = edition(a, overlays), edition(b, overlays)
    names = (a, b or f"the catalog of this tco ({new.version})")
    on = said.get("as_of", today())
    result = catalog_diff(old, new, names, on, volumes, Request(profile=asked.profile))
    deliver(result, said)
    if asked.strict and result.answers_changed:
        raise Exit(1)
