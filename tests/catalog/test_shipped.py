"""The shipped catalogs pass their own gate on the day of their edition, and reach their figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from running import DAY, ROOT, run

from tco.catalog.build import SCHEMAS
from tco.catalog.check.finding import CheckReport
from tco.catalog.check.run import check_files
from tco.catalog.load import Catalog
from tco.catalog.lookup import price_at
from tco.catalog.trust import confidence, families

EDITION = date(2026, 11, 29)


@pytest.fixture(scope="module")
def report() -> CheckReport:
    return check_files()


def test_no_errors(report: CheckReport) -> None:
    assert report.as_of == EDITION.isoformat()
    assert report.counts["error"] == 0
    assert report.files == tuple(f"data/{name}" for name in SCHEMAS)
    assert report.passed


def test_every_waiver_says_why(report: CheckReport) -> None:
    assert all(f.waived_because for f in report.waived)
    assert "no reason given" not in {f.waived_because for f in report.waived}


def test_every_offer_has_a_source_and_two_dates(catalog: Catalog) -> None:
    for offer in catalog.prices.offers:
        for price in offer.prices:
            assert price.since and price.checked and price.evidence, offer.id
        assert offer.prices or offer.discount or offer.gone, offer.id


def test_most_offers_have_two_independent_sources(catalog: Catalog) -> None:
    offers = catalog.prices.offers
    two = 0
    for offer in offers:
        evidence = [e for p in offer.prices for e in p.evidence]
        two += len(families(evidence, catalog.prices.sources)) >= 2
    assert two / len(offers) >= 0.4


def test_confidence_is_computed(catalog: Catalog) -> None:
    offer = catalog.offers["openai/gpt-4.1"]
    price = price_at(offer, EDITION)
    assert price is not None
    assert confidence(price.evidence, price.usd_per_mtok, catalog.prices.sources) == "high"
    assert confidence(price.evidence[:1], price.usd_per_mtok, catalog.prices.sources) == "low"
    wrong = price.usd_per_mtok.model_copy(update={"input": 99.0})
    assert confidence(price.evidence, wrong, catalog.prices.sources) == "low"


def test_a_year_later_it_fails_for_those_who_keep_it() -> None:
    later = check_files(as_of=date(2027, 11, 21), fail_stale=True)
    assert not later.passed
    assert "stale" in {f.name for f in later.findings if f.severity == "error"}


def test_a_year_later_it_warns_whoever_installed_it() -> None:
    later = check_files(as_of=date(2027, 11, 21))
    assert later.passed and later.counts["error"] == 0
    assert "stale" in {f.name for f in later.findings if f.severity == "warning"}


def test_a_file_of_ones_own_fails_on_age(tmp_path: Path) -> None:
    text = (ROOT / "tests" / "catalog" / "files" / "wrong.yaml").read_text("utf-8")
    text = text.replace("2000", "2").replace("8000", "8").replace("output: 3}", "output: 2.5}")
    own = tmp_path / "prices.yaml"
    own.write_text(text, "utf-8")
    assert check_files(files=(str(own),), as_of=date(2026, 11, 21)).passed
    later = check_files(files=(str(own),), as_of=date(2027, 11, 21))
    assert not later.passed
    assert {f.name for f in later.findings if f.severity == "error"} == {"stale"}


def test_variations_are_shares_of_their_mean_and_smooth_arrivals_are_judged(
    catalog: Catalog,
) -> None:
    entries = catalog.assumptions.assumptions
    found = {path: one for path, one in entries.items() if path.endswith("_cv")}
    assert {"workload.rate_cv", "latency.input_cv"} <= found.keys()
    assert {one.unit for one in found.values()} == {"share of the mean"}
    assert found["workload.rate_cv"].source == "judgment"
    said = run("compare", "--tokens", "50B", "--assumptions", *DAY).stdout
    assert "rate_cv 0% of the mean*" in said
