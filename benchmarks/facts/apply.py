"""Lay an overlay of `tco catalog update`, once reviewed, into `data/prices.yaml`.

    python benchmarks/facts/apply.py OVERLAY --source litellm-new=litellm-1.110.2 [--leave FILE]

Offers are replaced by their id; sources keep the id that `--source` gives them, which must be
described in the file. `--leave` names offers, one a line, that the review has turned down, each
with its reason after it. Evidence of an older edition of the same list that says the same is
replaced by that of the newer one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from facts import prices
from facts.blocks import DataFile, Record


def main() -> None:
    """Read the overlay, replace its offers, print how many."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("overlay", type=Path)
    asked.add_argument("--source", action="append", default=[], metavar="NEW=OURS")
    asked.add_argument("--leave", type=Path)
    asked.add_argument("--data", type=Path, default=HERE.parents[2] / "data")
    said = asked.parse_args()
    names = dict(pair.split("=", 1) for pair in said.source)
    left = _left(said.leave)
    ids = {
        "offers": prices.offer_id,
        "capacity": lambda r: f"{r['provider']}/{r['name']}",
        "fine_tuning": lambda r: str(sorted(r.items(), key=lambda item: item[0]))[:400],
    }
    file = DataFile(said.data / "prices.yaml", ids)
    book = prices.Prices(file, prices.Ledger("applied"))
    count = 0
    overlay = yaml.safe_load(said.overlay.read_text(encoding="utf-8"))
    for offer in overlay["offers"]:
        name = prices.offer_id(offer)
        if name not in left:
            book.put(name, _renamed(offer, names))
            count += 1
    file.write()
    print(f"{count} offers laid in, {len(overlay['offers']) - count} turned down")


def _left(path: Path | None) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path else []
    return {line.split(" ")[0] for line in lines if line.strip() and not line.startswith("#")}


def _renamed(offer: Record, names: dict[str, str]) -> Record:
    """Return an offer whose evidence has the ids of our sources, the newer edition alone."""
    windows = []
    for price in offer["prices"]:
        evidence = [{**e, "source": names.get(e["source"], e["source"])} for e in price["evidence"]]
        unique = {(e["source"], e.get("key"), e.get("input")): e for e in evidence}
        newer = {(e.get("key"), e.get("input"), e.get("output"), base(e["source"]))
                 for e in unique.values() if e["source"] in names.values()}  # fmt: skip
        kept = [
            e
            for e in unique.values()
            if e["source"] in names.values()
            or (e.get("key"), e.get("input"), e.get("output"), e["source"]) not in newer
        ]
        body = {k: v for k, v in price.items() if k != "modifiers" or v}
        windows.append(prices.in_order({**body, "evidence": kept}))
    return {**offer, "prices": windows}


def base(source: str) -> str:
    """Return the name of a source without its edition.

    >>> base("litellm-1.110.2"), base("pi-ai-1.6.0")
    ('litellm', 'pi-ai')
    """
    head, _, tail = source.rpartition("-")
    return head if tail[:1].isdigit() else source


if __name__ == "__main__":
    main()
