"""`tco catalog verify` and `update`."""

from collections.abc import Iterator
from typing import Annotated, Any

from typer import Exit

from tco.cli.catalog_options import Data
from tco.cli.flags import Command, flags
from tco.cli.options import OUTPUT, VALUES, Output, Switch, Text, Texts, flag

Against = Annotated[
    Texts, flag(VALUES, "KIND FILE", "A file of litellm, genai-prices or models.dev.")
]


class WithPairs(Command):
    """A command with options that take two words, which typer does not have."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Join the two words, then parse as always."""
        return super().parse_args(ctx, list(_joined(iter(args))))


def _joined(args: Iterator[str]) -> Iterator[str]:
    for arg in args:
        pairs = arg in ("--also", "--against")
        kind = next(args, None) if pairs else None
        path = next(args, None) if kind is not None and "=" not in kind else None
        if kind is None:
            yield arg
        else:
            yield f"{arg}={kind}" if path is None else f"{arg}={kind}={path}"


def pair(flag: str, text: str) -> tuple[str, str]:
    """Return kind and path of `litellm=FILE`."""
    from tco.errors import UsageError, printable

    kind, equals, path = text.partition("=")
    if not equals or not path:
        shown = printable(text, 40)
        raise UsageError(f"{flag}: a kind and a file, as in {flag} litellm FILE, not {shown!r}")
    return kind, path


@flags
def verify(
    data: Data,
    output: Output,
    against: Against = None,
    most: Annotated[
        Text, flag(OUTPUT, "%", "Exit 1 when more offers disagree strictly: 5%.", "--max")
    ] = None,
    strict: Annotated[
        Switch, flag(OUTPUT, None, "Exit 1 when one is not settled.", "--strict")
    ] = None,
) -> None:
    """The catalog held against litellm, genai-prices and models.dev: who is likely wrong.

    \b
      tco catalog verify
      tco catalog verify --against litellm model_prices_and_context_window.json
      tco catalog verify --against models.dev api.json --max 5%

    Without --against: what is installed beside tco of litellm and genai-prices; it is read as data,
    nothing of it is run, and nothing is fetched.
    """
    from tco import units
    from tco.catalog.load import load_catalog
    from tco.catalog.upstream.find import found_lists
    from tco.catalog.verify import verify as held
    from tco.cli.catalog_options import read, today
    from tco.cli.deliver import deliver

    said = read(data, output)
    limit = units.share(most) if most is not None else None
    on = said.get("as_of", today())
    lists = found_lists([pair("--against", one) for one in against or ()], on)
    result = held(load_catalog(said.get("catalog", ())), lists, on)
    deliver(result, said)
    over = limit is not None and (result.strict_disagreement or 0.0) > limit
    if over or (strict and result.unsettled):
        raise Exit(1)


@flags
def update(
    data: Data,
    against: Against = None,
    write: Annotated[
        Text, flag(OUTPUT, "FILE", "Write the overlay to a new file instead of stdout.")
    ] = None,
    everything: Annotated[
        Switch, flag(OUTPUT, None, "Also what the data has settled already.", "--all")
    ] = None,
    seen: Annotated[
        Text, flag(VALUES, "DATE", "The day that the lists are of; else that of --as-of.")
    ] = None,
    confirm: Annotated[
        Switch, flag(OUTPUT, None, "Also what a list repeats, with its day.", "--confirm")
    ] = None,
) -> None:
    """An overlay for review: a whole window wherever a list has another price, and new offers.

    \b
      tco catalog update --against litellm map.json --seen 2026-11-19 --write proposed.yaml
      tco compare --tokens 50B --catalog proposed.yaml

    The catalog itself is never written. Comments of the records are kept.
    """
    from tco.catalog.load import load_catalog
    from tco.catalog.update import proposal
    from tco.catalog.upstream.find import found_lists
    from tco.catalog.verify import verify as held
    from tco.cli.catalog_options import read, today
    from tco.cli.deliver import write as put
    from tco.cli.guard import say

    said = read(data)
    on = said.get("as_of", today()) if seen is None else _day(seen)
    catalog = load_catalog(said.get("catalog", ()))
    lists = found_lists([pair("--against", one) for one in against or ()], on)
    report = held(catalog, lists, on)
    settled, repeated = bool(everything), bool(confirm)
    made = proposal(catalog, report, lists, on, everything=settled, confirm=repeated)
    for line in made.suspect:
        say(f"tco: left out: {line}")
    if write is None:
        put(made.text, "table")
    else:
        _new_file(write, made.text)
    if seen is None:
        say(f"tco: dated {on}; --seen DATE gives the day that the lists are of")
    if made.models:
        say(f"tco: {len(made.models)} rows of models that the catalog lacks, at its end")
    say(f"tco: {len(made.offers)} offers to review, {len(made.added)} new ones")


def _day(text: str) -> Any:
    from tco.ask.fields import day
    from tco.errors import UsageError

    try:
        return day(text)
    except UsageError as error:
        raise UsageError(f"--seen: {error}") from None


def _new_file(path: str, text: str) -> None:
    """Write a file that is not there yet, so that no catalog is ever overwritten."""
    from tco.catalog.files import write_atomically
    from tco.errors import UsageError, printable

    try:
        write_atomically(path, text.encode("utf-8"), new=True)
    except FileExistsError:
        raise UsageError(
            f"--write: {printable(path, 200)} is there already; name a new file"
        ) from None
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or "not a path").lower()
        raise UsageError(f"--write: {printable(path, 200)}: {why}") from None
