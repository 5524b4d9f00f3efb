"""`tco catalog`: the data, and the gate for it in CI."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer import Argument, Exit

from tco.ask.fields import ANSWER, VALUES, VOLUME, WHICH
from tco.ask.options import Output
from tco.cli.options import (
    Command,
    Data,
    Files,
    FindingsOutput,
    Group,
    Switch,
    Text,
    Texts,
    flag,
    flags,
    word,
)
from tco.records import dataclass

# `tco catalog list`, `show`, `history` and `schema`.

Name = Annotated[str, Argument(metavar="NAME", help="A model, GPU, provider or offer.")]
Model = Annotated[str, Argument(metavar="MODEL", help="A model, or enough of its name.")]
File = Annotated[str | None, word("[NAME]", "One schema: prices, compare.")]


NAMES = "Names instead of offers"
Profiles = Annotated[
    Switch, flag(NAMES, None, "Traffic profiles, with what each is.", "--profiles")
]
Models = Annotated[Switch, flag(NAMES, None, "Models.", "--models")]
Gpus = Annotated[Switch, flag(NAMES, None, "GPUs, with the rent they begin at.", "--gpus")]
Providers = Annotated[Switch, flag(NAMES, None, "Providers of tokens.", "--providers")]
Sellers = Annotated[Switch, flag(NAMES, None, "Sellers of GPU hours.", "--sellers")]


def _kinds(options: dict[str, Any]) -> list[Any]:
    return [kind for kind, wanted in options.items() if wanted]


def _alone(kinds: list[str], others: dict[str, Any]) -> None:
    """Raise an error for two lists at once, or for a list of names that is narrowed as offers are.

    Raises:
        UsageError: The text says what is said too much.
    """
    from tco.errors import UsageError

    said = [*kinds[1:], *(name for name, value in others.items() if value)]
    if said:
        raise UsageError(f"--{kinds[0]} lists all names; leave out --{said[0]}")


@flags
def listing(
    data: Data,
    output: Output,
    model: Annotated[Texts, flag(WHICH, "NAME", "Only this model; repeat for more.")] = None,
    provider: Annotated[Texts, flag(WHICH, "NAME", "Only this provider.")] = None,
    weights: Annotated[Text, flag(WHICH, "KIND", "Only open or closed models.")] = None,
    gone: Annotated[Switch, flag(WHICH, None, "Also what has no price that day.", "--gone")] = None,
    profiles: Profiles = None,
    models: Models = None,
    gpus: Gpus = None,
    providers: Providers = None,
    sellers: Sellers = None,
) -> None:
    """Offers with their prices on a day, how sure they are, and which file says so.

    \b
      tco catalog list --model llama-3.3-70b
      tco catalog list --provider together --as-of 2026-02-20
      tco catalog list --weights closed --sort input --format csv
      tco catalog list --profiles     the names that --profile takes; also --models, --gpus ...
    """
    from tco.catalog.load import load_catalog
    from tco.catalog.summary import chosen, listed, named
    from tco.cli.answer import deliver
    from tco.cli.options import read, today

    said = read(data, output)
    catalog, on = load_catalog(said.get("catalog", ())), said.get("as_of", today())
    asked = {"profiles": profiles, "models": models, "gpus": gpus}
    kinds = _kinds({**asked, "providers": providers, "sellers": sellers})
    if kinds:
        _alone(kinds, {"model": model, "provider": provider, "weights": weights, "gone": gone})
        deliver(named(catalog, kinds[0], on), said)
        return
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
    from tco.catalog.summary import record
    from tco.cli.answer import deliver
    from tco.cli.options import read, today

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
    from tco.cli.answer import deliver
    from tco.cli.options import read, today

    said = read(data, output)
    catalog = load_catalog(said.get("catalog", ()))
    deliver(over_time(catalog, find_model(catalog, model), said.get("as_of", today())), said)


@flags
def schema(
    name: File = None,
    write: Annotated[Text, flag(ANSWER, "DIR", "Write all of them into a folder.")] = None,
) -> None:
    """The JSON Schemas of data files and results, for editors and other programs.

    \b
      tco catalog schema                  their names
      tco catalog schema prices           one of them, whole
      tco catalog schema --write schema/  all of them, what they share in definitions.schema.json
    """
    from pathlib import Path

    from tco.cli.answer import write as put
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


# `tco catalog verify` and `update`.

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
        Text, flag(ANSWER, "%", "Exit 1 when more offers disagree strictly: 5%.", "--max")
    ] = None,
    strict: Annotated[
        Switch, flag(ANSWER, None, "Exit 1 when one is not settled.", "--strict")
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
    from tco.catalog.upstream.rows import found_lists
    from tco.catalog.verify import verify as held
    from tco.cli.answer import deliver
    from tco.cli.options import read, today

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
        Text, flag(ANSWER, "FILE", "Write the overlay to a new file instead of stdout.")
    ] = None,
    everything: Annotated[
        Switch, flag(ANSWER, None, "Also what the data has settled already.", "--all")
    ] = None,
    seen: Annotated[
        Text, flag(VALUES, "DATE", "The day that the lists are of; else that of --as-of.")
    ] = None,
    confirm: Annotated[
        Switch, flag(ANSWER, None, "Also what a list repeats, with its day.", "--confirm")
    ] = None,
    leave: Annotated[
        Text, flag(ANSWER, "FILE", "Offers that a review turned down, one a line.", "--leave")
    ] = None,
) -> None:
    """An overlay for review: a whole window wherever a list has another price, and new offers.

    \b
      tco catalog update --against litellm map.json --seen 2026-11-19 --write proposed.yaml
      tco compare --tokens 50B --catalog proposed.yaml

    The catalog itself is never written. Comments of the records are kept.
    """
    from tco.catalog.load import load_catalog
    from tco.catalog.update import proposal, turned_down
    from tco.catalog.upstream.rows import found_lists
    from tco.catalog.verify import verify as held
    from tco.cli.options import read, say, today

    said = read(data)
    on = said.get("as_of", today()) if seen is None else _day(seen)
    catalog = load_catalog(said.get("catalog", ()))
    lists = found_lists([pair("--against", one) for one in against or ()], on)
    report = held(catalog, lists, on)
    settled, repeated = bool(everything), bool(confirm)
    left = turned_down(leave) if leave is not None else frozenset()
    made = proposal(catalog, report, lists, on, everything=settled, confirm=repeated, leave=left)
    for line in (*report.warnings, *(f"left out: {line}" for line in made.suspect)):
        say(f"tco: {line}")
    _put(made.text, write)
    if seen is None:
        say(f"tco: dated {on}; --seen DATE gives the day that the lists are of")
    for line in _counts(made, leave):
        say(f"tco: {line}")


def _counts(made: Any, leave: str | None) -> Iterator[str]:
    """Yield how much an overlay for review has, and how much was left out of it."""
    if made.models:
        yield f"{len(made.models)} models that the catalog lacks, at its end"
    if made.aggregated:
        yield f"{made.aggregated} rows of aggregators left out; --all has them"
    if made.left:
        yield f"{len(made.left)} offers left out that {leave} turns down"
    yield f"{len(made.offers)} offers to review, {len(made.added)} new ones"


def _day(text: str) -> Any:
    from tco.ask.fields import day
    from tco.errors import UsageError

    try:
        return day(text)
    except UsageError as error:
        raise UsageError(f"--seen: {error}") from None


def _put(text: str, path: str | None) -> None:
    """Print, or write a file that is not there yet, so that no catalog is ever overwritten."""
    from tco.catalog.files import write_atomically
    from tco.cli.answer import write as put
    from tco.errors import UsageError, printable

    if path is None:
        put(text, "table")
        return
    try:
        write_atomically(path, text.encode("utf-8"), new=True)
    except FileExistsError:
        raise UsageError(
            f"--write: {printable(path, 200)} is there already; name a new file"
        ) from None
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or "not a path").lower()
        raise UsageError(f"--write: {printable(path, 200)}: {why}") from None


# `tco catalog check`.

FORMATS = ("table", "json", "csv", "md", "github", "sarif", "llm")
RULES = "Rules"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked, and how strictly."""

    as_of: Annotated[
        Text, flag(VALUES, "DATE", "The day of the check, or 'edition': that of the files.")
    ] = None
    horizon: Annotated[Text, flag(VALUES, "TIME", "Announce what changes within: 90d.")] = None
    base: Annotated[
        Text, flag(VALUES, "REV|FILE", "Older edition: no number may change in its window.")
    ] = None
    also: Annotated[
        Texts, flag(VALUES, "KIND FILE", "A price list of litellm, genai-prices or models.dev.")
    ] = None
    strict: Annotated[Switch, flag(RULES, None, "Warnings fail, too.", "--strict")] = None
    fail_stale: Annotated[
        Switch,
        flag(
            RULES,
            None,
            "Age fails in the catalogs of tco, too: for who keeps them.",
            "--fail-stale",
        ),
    ] = None
    exit_zero: Annotated[Switch, flag(RULES, None, "Only report: exit 0.", "--exit-zero")] = None
    rules: Annotated[Switch, flag(RULES, None, "List the rules instead.", "--rules")] = None
    everything: Annotated[Switch, flag(ANSWER, None, "List every warning and note.", "--all")] = (
        None
    )


@flags
def check(output: FindingsOutput, options: Checked, files: Files = None) -> None:
    """Everything that is wrong with a catalog, in one run; exit 1 on errors.

    \b
      tco catalog check
      tco catalog check my-prices.yaml --strict
      tco catalog check data/prices.yaml --base origin/main --format github
      tco catalog check --also litellm model_prices_and_context_window.json
      tco catalog check --format sarif > findings.sarif

    Without FILES: the catalogs that came with tco, whose age only warns; --fail-stale makes it an
    error, for those who keep them. Other files are laid over those, so that they may name models,
    providers and GPUs that are known already.
    """
    from tco.catalog.check.run import check_files, rule_list
    from tco.cli.answer import deliver
    from tco.cli.options import day_or_edition, days, read

    said = read(output, formats=FORMATS)
    if options.rules:
        deliver(rule_list(), said)
        return
    result = check_files(
        files or (),
        also=[pair("--also", one) for one in options.also or ()],
        as_of=day_or_edition(options.as_of),
        horizon_days=days(options.horizon or "90d"),
        base=options.base,
        strict=bool(options.strict),
        fail_stale=bool(options.fail_stale),
    )
    if options.everything:
        said.setdefault("top", len(result.findings) + 1)
    deliver(result, said)
    if not result.passed and not options.exit_zero:
        raise Exit(1)


# `tco catalog diff`.

A = Annotated[str, Argument(metavar="A", help="A file, folder, git revision, or REV:FILE.")]
B = Annotated[str | None, word("[B]", "The same; else the catalog of this tco.")]
VOLUMES = ("1B", "10B", "100B", "1T")


@flags
def diff(
    *,
    data: Data,
    output: Output,
    tokens: Annotated[
        Texts, flag(VOLUME, "N", "Volumes to compare winners at: 1B, 10B, 100B, 1T.")
    ] = None,
    profile: Annotated[Text, flag(VOLUME, "NAME", "Named traffic.")] = None,
    strict: Annotated[
        Switch, flag(ANSWER, None, "Exit 1 when an answer changes.", "--fail-on-change")
    ] = None,
    a: A,
    b: B = None,
) -> None:
    """What moved between two catalogs, by how much, and which answers change.

    \b
      tco catalog diff HEAD~20
      tco catalog diff v1.0 v1.1 --tokens 5B,50B
      tco catalog diff origin/main:my-prices.yaml my-prices.yaml
      tco catalog diff old/ data/ --format json --fail-on-change
    """
    from tco import units
    from tco.analysis.diff.catalogs import catalog_diff
    from tco.catalog.editions import edition
    from tco.cli.answer import deliver
    from tco.cli.options import read, today
    from tco.options.scenario import Scenario

    said = read(data, output)
    typed = [part for text in tokens or VOLUMES for part in text.split(",")]
    volumes = [units.tokens_per_month(text) for text in typed]
    overlays = said.get("catalog", ())
    old, new = edition(a, overlays), edition(b, overlays)
    names = (a, b or f"the catalog of this tco ({new.version})")
    on = said.get("as_of", today())
    result = catalog_diff(old, new, names, on, volumes, Scenario(profile=profile))
    deliver(result, said)
    if strict and result.answers_changed:
        raise Exit(1)


HELP = """What the catalogs say, where it comes from, and what is wrong with it.

\b
  tco catalog list --model gpt-4.1    offers with their prices on a day
  tco catalog show h100-sxm           a model, GPU, provider or offer, with sources
  tco catalog check                   everything that is wrong, in one run
  tco catalog diff HEAD~20            what moved, and which answers change
  tco catalog verify                  held against the price lists of others
"""

catalog = typer.Typer(
    cls=Group,
    help=HELP,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
catalog.command("list", cls=Command, short_help="Offers with their prices on a day.")(listing)
catalog.command(
    "show", cls=Command, short_help="One model, GPU, provider or offer, with its sources."
)(show)
catalog.command("history", cls=Command, short_help="What a model has cost, everywhere and ever.")(
    history
)
catalog.command("check", cls=WithPairs, short_help="Everything that is wrong, in one run.")(check)
catalog.command("diff", cls=Command, short_help="What moved, and which answers change.")(diff)
catalog.command("verify", cls=WithPairs, short_help="Who of the other price lists agrees.")(verify)
catalog.command(
    "update", cls=WithPairs, short_help="An overlay for review, from other price lists."
)(update)
catalog.command("schema", cls=Command, short_help="The JSON Schemas of data files and results.")(
    schema
)
