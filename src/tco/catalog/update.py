"""An overlay that would bring the catalog to what price lists say, for a person to review.

The records are the lines of the file that they come from, comments included, with a window
appended; nothing is ever written into that file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tco.catalog.check.magnitude import rate_hits
from tco.catalog.files import File, shipped_file, user_file
from tco.catalog.lookup import price_at
from tco.catalog.matching import FAMILIES
from tco.catalog.verify import Compared, VerifyReport
from tco.catalog.yaml_lines import Document, read_yaml

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

HEAD = """\
# Proposed on {day} by `tco catalog update`, from {lists}.
# Nothing here has been looked up at a vendor: review each window, then move it into the catalog.
# Until then: tco compare --catalog THIS_FILE
schema: 1
version: "{day}"
sources:
{sources}
offers:
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An overlay as text, and what is in it."""

    text: str
    offers: tuple[str, ...]
    suspect: tuple[str, ...]
    """Offers left out because the other price cannot be meant."""


def proposal(
    catalog: Catalog, report: VerifyReport, on: date, *, everything: bool = False
) -> Proposal:
    """Return the overlay that follows the lists where they disagree with the catalog.

    Args:
        catalog: The catalog.
        report: What the lists say.
        on: The first day of the proposed windows.
        everything: Whether also what the data has settled against a list.
    """
    wanted: dict[str, list[Compared]] = {}
    suspect: list[str] = []
    for one in report.disagreements:
        if one.settled and not everything:
            continue
        if any(rate_hits({"input": one.theirs_input, "output": one.theirs_output})):
            suspect.append(f"{one.offer}: {one.against} says what cannot be meant ({one.culprit})")
            continue
        wanted.setdefault(one.offer, []).append(one)
    files = {path: _document(path) for path in {catalog.origin("offers", i) for i in wanted}}
    blocks = [_block(catalog, files, name, said, on) for name, said in sorted(wanted.items())]
    lists = {one.against for said in wanted.values() for one in said}
    used = [source for listed in report.lists for source in _source(listed.against, listed, on)]
    text = HEAD.format(
        day=on,
        lists=", ".join(sorted(lists)) or "lists that agree with it",
        sources="\n".join(used),
    )
    return Proposal(text + ("".join(blocks) or "  []\n"), tuple(sorted(wanted)), tuple(suspect))


def _source(name: str, listed: Any, on: date) -> Iterable[str]:
    """Return the lines that describe a list as a source."""
    title = f"{name} {listed.edition}".strip()
    yield f"  {_id(name)}:"
    yield f'    title: "{title}, as read by tco catalog update"'
    yield f"    read: {on}"
    yield f"    where: {_quoted(Path(listed.file).name)}"
    yield f"    family: {FAMILIES[name]}"


def _id(name: str) -> str:
    return f"{FAMILIES[name]}-new"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _document(path: str) -> tuple[Document, list[str]]:
    name = path.removeprefix("data/")
    file: File = shipped_file(name) if path.startswith("data/") else user_file(path)
    return read_yaml(file.data, path), file.data.decode("utf-8").splitlines()


def _block(
    catalog: Catalog,
    files: Mapping[str, tuple[Document, list[str]]],
    name: str,
    said: Sequence[Compared],
    on: date,
) -> str:
    """Return one offer with a window appended."""
    document, lines = files[catalog.origin("offers", name)]
    offers = document.value["offers"]
    index = next(i for i, o in enumerate(offers) if f"{o['provider']}/{o['model']}" == name)
    reasons = "".join(f"  # {c.against} ({c.key}): {c.culprit}\n" for c in said)
    made = _edited(catalog, document, lines, index, said, on)
    if made is None:
        made = _dumped(catalog, offers[index], said, on)
    return reasons + made


def _edited(
    catalog: Catalog,
    document: Document,
    lines: Sequence[str],
    index: int,
    said: Sequence[Compared],
    on: date,
) -> str | None:
    """Return the lines of an offer with a window appended; None where it is not in block style."""
    offer = catalog.offers[f"{said[0].offer}"]
    now = price_at(offer, on)
    place = next((i for i, p in enumerate(offer.prices) if p == now), None)
    if place is None or now is None:
        return None
    start = document.line(("offers", index)) - 1
    since = document.line(("offers", index, "prices", place, "since")) - 1
    first = lines[since]
    dash = len(first) - len(first.lstrip())
    if not lines[start].startswith("  - ") or not first.strip().startswith("- since:"):
        return None
    end = _end(lines, since + 1, dash)
    window = [f"{' ' * dash}- {line}" if i == 0 else f"{' ' * (dash + 2)}{line}"
              for i, line in enumerate(_window(offer, said, on))]  # fmt: skip
    before = list(lines[start : since + 1])
    rest = list(lines[since + 1 : end])
    until = [line for line in rest if line.strip().startswith("until:")]
    if not until:
        rest.insert(0, f"{' ' * (dash + 2)}until: {on}")
    else:
        rest = [f"{' ' * (dash + 2)}until: {on}" if line in until else line for line in rest]
    after = list(lines[end : _end(lines, start + 1, 2)])
    return "\n".join([*before, *rest, *window, *after]) + "\n"


def _end(lines: Sequence[str], start: int, indent: int) -> int:
    """Return the line after the last one that is indented by more than `indent`."""
    last = start
    for at in range(start, len(lines)):
        text = lines[at]
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            break
        if text.strip():
            last = at + 1
    return last


def _window(offer: Any, said: Sequence[Compared], on: date) -> list[str]:
    """Return the lines of the proposed window, of the list that is listed first."""
    best = said[0]
    rates = {"input": best.theirs_input, "output": best.theirs_output}
    shown = ", ".join(f"{k}: {v:.10g}" for k, v in rates.items() if v is not None)
    lines = [f"since: {on}", "since_is: audit", f"checked: {on}", f"usd_per_mtok: {{{shown}}}"]
    lines.append("evidence:")
    for one in said:
        pairs = (("input", one.theirs_input), ("output", one.theirs_output))
        values = ", ".join(f"{k}: {v:.10g}" for k, v in pairs if v is not None)
        source = f"source: {_id(one.against)}"
        lines.append(f"  - {{{source}, {values}, key: {_quoted(one.key)}}}")
    now = price_at(offer, on)
    if now is not None and (now.modifiers or now.usd_per_mtok.cached_input is not None):
        lines.append('note: "Cached input, batches and tiers were not compared: carry them over."')
    return lines


def _dumped(catalog: Catalog, offer: Mapping[str, Any], said: Sequence[Compared], on: date) -> str:
    """Return an offer that is not in block style, written anew."""
    new = yaml.safe_load("\n".join(_window(catalog.offers[said[0].offer], said, on)))
    prices = [dict(price) for price in offer.get("prices") or ()]
    if prices and "until" not in prices[-1]:
        prices[-1]["until"] = on
    whole = {**offer, "prices": [*prices, new]}
    text = yaml.safe_dump([whole], sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"  {line}\n" for line in text.replace("'", '"').splitlines())
