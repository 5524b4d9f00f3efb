"""Lay the facts of November 2026 into `data/`, and say what came of every row.

    python benchmarks/facts FOLDER [--rows]

FOLDER holds the four files `*_facts_2026_11.yaml`. Run again, it changes nothing. A price that
moved gets a window; nothing is overwritten but what the facts call wrong from the first.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from facts import models, prices, rents, scores
from facts.blocks import DataFile
from facts.ledger import Ledger

EDITION = "2026-11-29"


def main() -> None:
    """Read the facts, edit the files, print the sums."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--rows", action="store_true", help="name every row that is left out")
    asked.add_argument("--data", type=Path, default=HERE.parents[2] / "data")
    said = asked.parse_args()
    ledgers = [
        _prices(said.folder, said.data),
        _rents(said.folder, said.data),
        *_models(said.folder, said.data),
    ]
    print("\n".join(ledger.text(every=said.rows) for ledger in ledgers))


def _facts(folder: Path, name: str) -> dict:  # type: ignore[type-arg]
    with (folder / f"{name}_facts_2026_11.yaml").open(encoding="utf-8") as file:
        return yaml.safe_load(file)


def _prices(folder: Path, data: Path) -> Ledger:
    facts, ledger = _facts(folder, "prices"), Ledger("prices")
    ids = {
        "offers": prices.offer_id,
        "capacity": lambda r: f"{r['provider']}/{r['name']}",
        "fine_tuning": lambda r: str(sorted(r.items(), key=lambda item: item[0]))[:400],
    }
    file = DataFile(data / "prices.yaml", ids)
    prices.add_sources(file)
    prices.add_providers(file)
    book = prices.Prices(file, ledger)
    prices.confirm(book, facts)
    prices.correct(book, facts)
    prices.retire(book, facts)
    prices.add_offers(book, facts)
    prices.add_asked_for(book, facts)
    _finish(file)
    return ledger


def _rents(folder: Path, data: Path) -> Ledger:
    facts, ledger = _facts(folder, "rental"), Ledger("rents")
    file = DataFile(data / "hardware.yaml", {"rentals": rents.rental_id})
    rents.lay_in(file, facts, ledger)
    _finish(file)
    return ledger


def _models(folder: Path, data: Path) -> list[Ledger]:
    file = DataFile(data / "models.yaml", {})
    found = [Ledger("models"), Ledger("scores")]
    models.lay_in(file, _facts(folder, "models"), found[0])
    sold = yaml.safe_load((data / "prices.yaml").read_text(encoding="utf-8"))
    scores.lay_in(file, _facts(folder, "quality"), sold, found[1])
    _finish(file)
    return found


def _finish(file: DataFile) -> None:
    file.section("version").head = [f'version: "{EDITION}"', ""]
    file.write()


if __name__ == "__main__":
    main()
