"""`tco catalog list`, `show`, `history` and `schema`."""

from typing import Annotated

from typer import Argument

from tco.cli.catalog_options import Data
from tco.cli.flags import flags
from tco.cli.options import OUTPUT, WHICH, Output, Switch, Text, Texts, flag

Name = Annotated[str, Argument(metavar="NAME", help="A model, GPU, provider or offer.")]
Model = Annotated[str, Argument(metavar="MODEL", help="A model, or enough of its name.")]
File = Annotated[
    str | None, Argument(metavar="[NAME]", help="One schema: prices, compare.", show_default=False)
]


@flags
def listing(
    data: Data,
    output: Output,
    model: Annotated[Texts, flag(WHICH, "NAME", "Only this model; repeat for more.")] = None,
    provider: Annotated[Texts, flag(WHICH, "NAME", "Only this provider.")] = None,
    weights: Annotated[Text, flag(WHICH, "KIND", "Only open or closed models.")] = None,
    gone: Annotated[Switch, flag(WHICH, None, "Also what has no price that day.", "--gone")] = None,
) -> None:
    """Offers with their prices on a day, how sure they are, and which file says so.

    \b
      tco catalog list --model llama-3.3-70b
      tco catalog list --provider together --as-of 2026-02-20
      tco catalog list --weights closed --sort input --format csv
    """
    from tco.catalog.load import load_catalog
    from tco.catalog.select import chosen
    from tco.catalog.summary import listed
    from tco.cli.catalog_options import read, today
    from tco.cli.deliver import deliver

    said = read(data, output)
    catalog, on = load_catalog(said.get("catalog", ())), said.get("as_of", today())
    offers = chosen(catalog, on, model or (), provider or (), weights, gone=bool(gone))
    deliver(listed(catalog, offers, on), said)


@flags
def show(data: Data, output: Output, name: Name) -> None:
    """One model, GPU, provider or offer: every figure, its file and its sources.

    \b
      tco catalog show llama-3.3-70b
      tco catalog show h100-sxm
      tco catalog show openai/gpt-4.1 --as-of 2025-05-01
      tco catalog show together --catalog my-prices.yaml
    """
    from tco.catalog.load import load_catalog
    from tco.catalog.record import record
    from tco.cli.catalog_options import read, today
    from tco.cli.deliver import deliver

    said = read(data, output)
    catalog = load_catalog(said.get("catalog", ()))
    deliver(record(catalog, name, said.get("as_of", today())), said)


@flags
def history(data: Data, output: Output, model: Model) -> None:
    """What a model has cost, everywhere and ever, and what is announced.

    \b
      tco catalog history gpt-4o
      tco catalog history llama-3.3-70b --format csv
    """
    from tco.catalog.load import load_catalog
    from tco.catalog.lookup import find_model
    from tco.catalog.summary import history as over_time
    from tco.cli.catalog_options import read, today
    from tco.cli.deliver import deliver

    said = read(data, output)
    catalog = load_catalog(said.get("catalog", ()))
    deliver(over_time(catalog, find_model(catalog, model), said.get("as_of", today())), said)


@flags
def schema(
    name: File = None,
    write: Annotated[Text, flag(OUTPUT, "DIR", "Write all of them into a folder.")] = None,
) -> None:
    """The JSON Schemas of data files and results, for editors and other programs.

    \b
      tco catalog schema                  their names
      tco catalog schema prices           one of them, whole
      tco catalog schema --write schema/  all of them, what they share in definitions.schema.json
    """
    from pathlib import Path

    from tco.cli.deliver import write as put
    from tco.errors import UsageError, printable, unknown_name
    from tco.render import schemas

    names = sorted((*schemas.RESULTS, *schemas.FILES))
    if name is not None:
        if name not in names:
            raise unknown_name("schema", name, names)
        put(schemas.schema(name), "json")
    if write is not None:
        try:
            schemas.write(Path(write))
        except (OSError, ValueError) as error:
            why = str(getattr(error, "strerror", None) or "not a path").lower()
            raise UsageError(f"--write: {printable(write)}: {why}") from None
    if name is None and write is None:
        put("".join(f"{key}\n" for key in names), "table")
