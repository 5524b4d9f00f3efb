"""What the shell offers while a command is typed: names of the catalog, words, settings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tco import __version__
from tco.catalog import load
from tco.catalog.files import SHIPPED, shipped_file

if TYPE_CHECKING:
    from tco.ask.fields import Field
    from tco.catalog.load import Catalog


# What users can type for models, GPUs, providers and so on, kept so that a shell can complete it.
#
# The names are a small file beside the compiled catalog, under a key of their own (see
# `catalog.cache`): a shell waits for them at every key, and reading a catalog would take too
# long.

Names = Mapping[str, list[str]]


def shipped_names() -> Names:
    """Return the names of the shipped catalog, by kind."""
    files = [shipped_file(name) for name in SHIPPED]
    key = load.cache_key(load.digest_of(files), ["names", __version__])
    text = load.recall(key)
    if text is None:
        from tco.catalog.load import load_catalog

        text = json.dumps(names_of(load_catalog())).encode()
        load.remember(key, text)
    names: dict[str, list[str]] = json.loads(text)
    return names


def names_of(catalog: Catalog) -> Names:
    """Return the names of a catalog, by kind."""
    from tco.catalog.lookup import SHORT_NAMES
    from tco.engine.shapes import PRECISIONS, PROFILES
    from tco.options.selection import PURCHASES

    models: Mapping[str, Any] = catalog.models.models
    real = [name for name, model in models.items() if model.never is None]
    return {
        "models": real,
        "own": [name for name in real if models[name].architecture is not None],
        "offers": [offer.id for offer in catalog.prices.offers],
        "providers": [*catalog.prices.providers],
        "gpus": [*catalog.hardware.accelerators],
        "sellers": [*catalog.hardware.sellers],
        "profiles": [*catalog.workloads.profiles],
        "assumptions": [*catalog.assumptions.assumptions],
        "benchmarks": sorted(
            {*SHORT_NAMES, *(s.benchmark for model in models.values() for s in model.scores)}
        ),
        "licenses": sorted({m.license.kind for m in models.values() if m.license is not None}),
        "purchases": [*PURCHASES],
        "precisions": [*PRECISIONS],
        "engines": [*PROFILES],
    }


# What the shell offers while a command is typed: names of the catalog, words, paths of settings.
#
# Nothing is offered where nothing is known, and then shells offer files. Nothing that is wrong
# with a file or a catalog is said: half a command is no question yet.

Known = Callable[[], "Names"]
Offer = Callable[[Known, str], Iterable[str]]
"""What a value can be, given how it begins; names are looked up only when they are needed."""


KINDS = (
    *("models", "own", "offers", "providers", "gpus", "sellers", "profiles", "assumptions"),
    *("benchmarks", "licenses", "purchases", "precisions", "engines"),
)
"""Kinds of names that a catalog has."""


def names(*kinds: str, ends: str = "") -> Offer:
    """Return what offers the names of some kinds."""
    return lambda known, begun: [f"{name}{ends}" for kind in kinds for name in known()[kind]]


def options(known: Known, begun: str) -> Iterable[str]:
    """Return ids of options: offers, own GPUs by model, models; set-ups once own GPUs are typed."""
    head, at, setup = begun.partition("@")
    if not at:
        offered = dict.fromkeys(offer.rpartition("/")[2] for offer in known()["offers"])
        own = (f"self/{model}" for model in known()["own"])
        return [*known().get("described", ()), *known()["offers"], *own, *offered]
    count, times, _ = setup.partition("x")
    counted = f"{count}x" if times and count.isdigit() else ""
    return [f"{head}@{counted}{gpu}" for gpu in known()["gpus"]]


def own_setups(known: Known, begun: str) -> Iterable[str]:
    """Return those that one runs oneself."""
    return [name for name in options(known, begun) if name.startswith("self/")]


def values_of(field: Field) -> Offer | None:
    """Return what offers the values of an option: words, or names (see `Field.offers`)."""
    said: Sequence[str] = field.offers.split() or getattr(field.read, "words", ())

    def offer(known: Known, begun: str) -> Iterator[str]:
        for word in said:
            kind, equals, _ = word.partition("=")
            if word == "options":
                yield from options(known, begun)
            else:
                yield from names(kind, ends=equals)(known, begun) if kind in KINDS else [word]

    return offer if said else None


ARGUMENTS = {
    "explain name": options,
    "deploy name": own_setups,
    "breakeven a": options,
    "breakeven b": options,
    "sensitivity a": options,
    "sensitivity b": options,
    "horizon names": options,
    "plan api": options,
    "plan own": options,
    "size model": names("own"),
    "train models": names("models"),
    "catalog show name": names("models", "gpus", "providers", "sellers", "offers"),
    "catalog history model": names("models"),
}
"""What is offered for words without a flag, by command and name."""

NOT_OURS = ("import bench engine",)
"""Options of that name that mean something else."""


def complete(ctx: Any, param: Any, incomplete: str) -> list[str]:
    """Return what a value that begins with `incomplete` can be; nothing where that is not known."""
    try:
        return _values(ctx, param, incomplete)
    except Exception:  # noqa: BLE001 - a shell would show it in the middle of what is typed
        return []


def _values(ctx: Any, param: Any, incomplete: str) -> list[str]:
    where = f"{ctx.command_path.partition(' ')[2]} {param.name}"
    named = param.param_type_name == "argument"
    offer = ARGUMENTS.get(where) if named else _options().get(param.name)
    if offer is None or where in NOT_OURS:
        return []
    several = not named and param.multiple
    before, comma, begun = incomplete.rpartition(",") if several else ("", "", incomplete)
    found = offer(lambda: _names(ctx), begun)
    return [f"{before}{comma}{name}" for name in found if name.startswith(begun)]


def _options() -> dict[str, Offer]:
    """Return what every declared option offers, by its name."""
    from tco.ask import options as ask
    from tco.ask.fields import fields_of

    one = (ask.TrainOptions, ask.BreakevenOptions, ask.SensitivityOptions)
    records = (*one, ask.QuestionOptions, ask.Output)
    offered = {n: values_of(f) for r in records for n, f in fields_of(r).items()}
    return {name: offer for name, offer in offered.items() if offer is not None}


def _names(ctx: Any) -> Names:
    """Return the names of the catalog, with what a command line adds to it.

    A file of the user's own defaults is not looked at: that would take longer than a key.
    """

    typed = {name: ctx.params.get(name) for name in ("catalog", "file", "option")}
    if (
        not any(typed.values())
        and not {"TCO_CATALOG", "TCO_FILE", "TCO_OPTION"} & os.environ.keys()
    ):
        return shipped_names()
    from tco.ask.options import Output, QuestionOptions
    from tco.catalog.load import load_catalog
    from tco.cli.answer import given_by

    said = given_by(QuestionOptions(**{k: v for k, v in typed.items() if v}), Output(quiet=True))  # type: ignore[typeddict-item]
    found = names_of(load_catalog(said.overlays))
    return {**found, "described": [option.name for option in said.request.options]}


def plain_help() -> None:
    """Let help texts be shown as they are: typer imports rich to take out markup; ours has none."""
    shells = import_module("typer._completion_classes")
    if hasattr(shells, "_sanitize_help_text"):
        shells._sanitize_help_text = str  # type: ignore[attr-defined]


def offered(texts: Mapping[str, str], incomplete: str) -> list[Any]:
    """Return the words that begin so, each with its text, as shells show them."""
    plain_help()
    item = import_module("typer._completion_classes").CompletionItem
    return [item(word, help=text) for word, text in texts.items() if word.startswith(incomplete)]
