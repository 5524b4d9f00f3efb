"""The catalog held against lists of others: who agrees, who is likely wrong, what to review."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from running import run

from tco.catalog.culprit import Case, culprit
from tco.catalog.load import Catalog, load_catalog
from tco.catalog.naming import folded
from tco.catalog.update import Proposal, proposal
from tco.catalog.upstream.find import found_lists, installed_list, read_list
from tco.catalog.upstream.rows import PriceList
from tco.catalog.verify import VerifyReport, verify
from tco.errors import UsageError

DAY = date(2026, 11, 21)
OFFERS = {
    "gpt-4.1": ("openai", 2, 8),
    "deepinfra/meta-llama/Llama-3.3-70B-Instruct-Turbo": ("deepinfra", 0.1, 0.32),
    "mistral/mistral-large-4": ("mistral", 0.7, 2.1),
    "gpt-4o": ("openai", 2.5, 10),
}


def written(folder: Path, **changes: tuple[str, float, float]) -> Path:
    rows = {
        key: {
            "litellm_provider": provider,
            "input_cost_per_token": entry / 1e6,
            "output_cost_per_token": output / 1e6,
            "mode": "chat",
        }
        for key, (provider, entry, output) in {**OFFERS, **changes}.items()
    }
    path = folder / "map.json"
    path.write_text(json.dumps(rows), "utf-8")
    return path


def read(path: Path) -> PriceList:
    return read_list("litellm", str(path), DAY)


def held(catalog: Catalog, path: Path) -> VerifyReport:
    return verify(catalog, [read(path)], DAY)


def proposed(catalog: Catalog, path: Path) -> Proposal:
    lists = [read(path)]
    return proposal(catalog, verify(catalog, lists, DAY), lists, DAY)


def test_what_agrees_is_counted(catalog: Catalog, tmp_path: Path) -> None:
    report = held(catalog, written(tmp_path))
    assert (report.strict_compared, report.strict_disagreement) == (4, 0.0)
    assert {a.provider for a in report.agreement} == {"openai", "deepinfra", "mistral"}
    assert report.disagreements == ()
    assert "deepinfra/llama-3.3-70b" not in report.unmatched


@pytest.mark.parametrize(
    ("entry", "output", "words"),
    [
        (2000, 8000, "litellm: a unit error, 1e+03 times"),
        (8, 2, "litellm: input and output are swapped"),
        (2.2, 8.8, "litellm has the regional price, 10 % higher"),
        (3, 9, "one of two: theirs is 1.5 times ours (2.00/8.00, seen "),
    ],
)
def test_the_likely_culprit(
    entry: float, output: float, words: str, catalog: Catalog, tmp_path: Path
) -> None:
    changes = {"gpt-4.1": ("openai", entry, output)}
    (one,) = held(catalog, written(tmp_path, **changes)).disagreements
    assert one.offer == "openai/gpt-4.1"
    assert one.culprit.startswith(words)
    assert one.settled == ""


def test_a_list_that_lags_is_called_so(catalog: Catalog, tmp_path: Path) -> None:
    (one,) = held(catalog, written(tmp_path, **{"gpt-4o": ("openai", 5, 15)})).disagreements
    assert one.culprit == "litellm lags: the price until 2024-10-02"


def test_a_majority_counts(catalog: Catalog) -> None:
    case = Case(
        offer=catalog.offers["openai/gpt-4.1"],
        on=DAY,
        against="litellm",
        ours=(2.0, 8.0),
        theirs=(3.0, 9.0),
    )
    with_us = replace(case, with_us=("models.dev",))
    with_them = replace(case, with_them=("genai-prices",))
    assert culprit(with_us) == "litellm: models.dev agrees with the catalog"
    assert culprit(with_them) == "the catalog, perhaps: genai-prices says the same"


def test_what_the_data_settles_is_called_settled(catalog: Catalog, tmp_path: Path) -> None:
    changes = {"mistral/mistral-large-4": ("mistral", 1.36, 4.18)}
    report = held(catalog, written(tmp_path, **changes))
    (one,) = report.disagreements
    assert one.settled.startswith("Settled at 0.70/2.10")
    assert report.unsettled == 0


def test_update_proposes_an_overlay_that_loads(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCO_CACHE_DIR", str(tmp_path / "cache"))
    changes = {"gpt-4o": ("openai", 3, 9), "gpt-4.1": ("openai", 2000, 8000)}
    made = proposed(catalog, written(tmp_path, **changes))
    assert made.offers == ("openai/gpt-4o",)
    assert made.suspect[0].startswith("openai/gpt-4.1: litellm says what cannot be meant")
    path = tmp_path / "proposed.yaml"
    path.write_text(made.text, "utf-8")
    laid = load_catalog([path])
    old, new = laid.offers["openai/gpt-4o"].prices[-2:]
    assert (new.since, new.usd_per_mtok.input, new.usd_per_mtok.output) == (DAY, 3, 9)
    assert old.until == DAY
    assert dict(old.usd_per_mtok) == dict(catalog.offers["openai/gpt-4o"].prices[-1].usd_per_mtok)
    assert laid.origin("offers", "openai/gpt-4o") == str(path)


def test_update_keeps_the_comments_of_a_record(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "offers:\n"
        "  - provider: openai  # ours\n"
        "    model: gpt-4o\n"
        "    prices:\n"
        "      # negotiated in May\n"
        "      - since: 2026-05-01\n"
        "        checked: 2026-11-01\n"
        "        usd_per_mtok: {input: 2.4, output: 9}  # less than list\n"
        "        evidence: [{source: litellm}]\n"
        "    note: a contract\n"
        "  - {provider: openai, model: gpt-4.1, gone: no contract}\n",
        "utf-8",
    )
    catalog = load_catalog([own], cached=False)
    made = proposed(catalog, written(tmp_path))
    for kept in ("# ours", "# negotiated in May", "# less than list", "    note: a contract"):
        assert kept in made.text
    assert made.text.index("until: 2026-11-21") < made.text.index("since: 2026-11-21")


def test_verify_and_update_as_commands(tmp_path: Path) -> None:
    path = written(tmp_path, **{"gpt-4o": ("openai", 3, 9)})
    asked = ("--against", "litellm", str(path), "--as-of", "2026-11-21")
    result = run("catalog", "verify", *asked)
    assert result.exit_code == 0, result.output
    assert "disagrees about 1 of 4 offers matched strictly (25%)" in " ".join(result.stdout.split())
    assert run("catalog", "verify", *asked, "--max", "5%").exit_code == 1
    assert run("catalog", "verify", *asked, "--strict").exit_code == 1
    out = tmp_path / "proposed.yaml"
    assert run("catalog", "update", *asked, "--write", str(out)).exit_code == 0
    again = run("catalog", "update", *asked, "--write", str(out))
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert run("catalog", "check", str(out), "--as-of", "2026-11-21").exit_code == 0


def test_without_a_list_there_is_nothing_to_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tco.catalog.upstream.find.installed_list", lambda *_: None)
    with pytest.raises(UsageError, match="name a file"):
        found_lists([], DAY)


@pytest.mark.skipif(installed_list("genai-prices", DAY) is None, reason="lists are not installed")
def test_agreement_with_the_installed_lists(catalog: Catalog) -> None:
    report = verify(catalog, found_lists([], DAY), DAY)
    assert report.strict_compared >= 150
    assert report.strict_disagreement is not None
    assert report.strict_disagreement < 0.05
    assert report.unsettled == 0


def test_names_fold() -> None:
    assert folded("Meta-Llama-3.3-70B-Instruct-Turbo") == folded("llama-3.3-70b")
    assert folded("claude-sonnet-4.5") == folded("claude-sonnet-4-5")
    assert folded("gpt-4o") != folded("gpt-4o-mini")
    assert folded("llama-3.1-8b") != folded("llama-3.1-70b")
