"""Upstream price lists by the file that a user names, or by the package that is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from importlib import metadata
from pathlib import Path

from tco.catalog.files import user_file
from tco.catalog.upstream import genai_prices, litellm, models_dev
from tco.catalog.upstream.rows import KINDS, PriceList
from tco.errors import DataError, UsageError, printable, suggestion

INSTALLED = {
    "litellm": ("litellm", "litellm/model_prices_and_context_window_backup.json"),
    "genai-prices": ("genai-prices", "genai_prices/data.py"),
}
"""Distribution, and the file in it; it is read, and nothing of the package is run."""


def read_list(kind: str, path: str, on: date, *, shown: str = "", edition: str = "") -> PriceList:
    """Return a price list from a file or, of models.dev, a folder.

    Args:
        kind: `litellm`, `genai-prices` or `models.dev`.
        path: The file.
        on: The day whose prices are asked for, where the list has a history.
        shown: What the file is called in findings, if not by its path.
        edition: Its version, where it is known.

    Raises:
        UsageError: There is no such kind.
        DataError: The file cannot be read as that kind.
    """
    if kind not in KINDS:
        hint = suggestion(kind, KINDS, 1)
        raise UsageError(f"{printable(kind, 40)!r} is none of {', '.join(KINDS)}{hint}")
    if kind == "models.dev" and Path(path).is_dir():
        return models_dev.of_folder(Path(path))
    file = user_file(path)
    if shown:
        file = type(file)(shown, file.data)
    if kind == "genai-prices":
        return genai_prices.price_list(file, on, edition)
    if kind == "litellm":
        return litellm.price_list(file, edition)
    return models_dev.price_list(file, edition)


def installed_list(kind: str, on: date) -> PriceList | None:
    """Return the price list of an installed package; None where it is not installed."""
    if kind not in INSTALLED:
        return None
    name, inside = INSTALLED[kind]
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(found.locate_file(inside)))
    if not path.is_file():
        where = Path(sys.prefix).name
        raise DataError(f"{name} {found.version} in {where}: it has no {inside}")
    return read_list(kind, str(path), on, shown=f"{name} {found.version}", edition=found.version)


def found_lists(given: Sequence[tuple[str, str]], on: date) -> list[PriceList]:
    """Return the price lists that a user names, or else those that are installed.

    Raises:
        UsageError: None is named and none is installed.
    """
    if given:
        return [read_list(kind, path, on) for kind, path in given]
    found = [listed for kind in KINDS if (listed := installed_list(kind, on)) is not None]
    if not found:
        raise UsageError(
            "neither litellm nor genai-prices is installed here; name a file, for example "
            "--against litellm model_prices_and_context_window.json"
        )
    return found
