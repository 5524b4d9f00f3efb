"""The catalog held against lists of others: who agrees, who is likely wrong, what to review."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from running import run

from tco.catalog.listed import folded, in_our_words, our_providers
from tco.catalog.load import Catalog, load_catalog
from tco.catalog.update import Proposal, proposal
from tco.catalog.upstream.rows import ListTier, PriceList, found_lists, installed_list, read_list
from tco.catalog.verify import PriceComparison, VerifyReport, culprit, settled, verify
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
    assert one.settled == "the window that ended rests on it"
    other, offer = replace(one, against="genai-prices"), catalog.offers["openai/gpt-4o"]
    assert culprit(other, offer, DAY, ()) == "genai-prices lags: the price until 2024-10-02"
    # Nobody has seen that it ever said so.
    assert settled(other, offer, DAY, catalog.prices.sources) == ""


def test_the_row_of_a_region_is_not_taken_for_the_offer(catalog: Catalog, tmp_path: Path) -> None:
    eu = {"azure/eu/gpt-6.2-sol": ("azure", 2.2, 11.0)}
    both = {**eu, "azure/gpt-6.2-sol": ("azure", 2.0, 10.0)}
    assert held(catalog, written(tmp_path, **both)).disagreements == ()
    (one,) = held(catalog, written(tmp_path, **eu)).disagreements
    assert one.culprit == "litellm has the regional price, 10 % higher"


def test_a_majority_counts(catalog: Catalog) -> None:
    offer = catalog.offers["openai/gpt-4.1"]
    one = PriceComparison(
        offer=offer.id,
        provider=offer.provider,
        against="litellm",
        key="gpt-4.1",
        exact=True,
        strict=True,
        ours_input=2.0,
        ours_output=8.0,
        theirs_input=3.0,
        theirs_output=9.0,
        agrees=False,
        ratio=1.5,
    )
    with_us = replace(one, against="models.dev", agrees=True)
    with_them = replace(one, against="genai-prices")
    assert culprit(one, offer, DAY, [with_us]) == "litellm: models.dev agrees with the catalog"
    words = "the catalog, perhaps: genai-prices says the same"
    assert culprit(one, offer, DAY, [with_us, with_them]) == words


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
    monkeypatch.setattr("tco.catalog.upstream.rows.installed_list", lambda *_: None)
    with pytest.raises(UsageError, match="name a file"):
        found_lists([], DAY)


def test_agreement_with_the_installed_lists(catalog: Catalog) -> None:
    if installed_list("genai-prices", DAY) is None:
        pytest.skip("lists are not installed")
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


def whole(tmp_path: Path, rows: dict[str, dict[str, object]], *more: str) -> Catalog:
    """Return the catalog with what is proposed from a list laid on."""
    path, out = tmp_path / "map.json", tmp_path / "new.yaml"
    path.write_text(json.dumps(rows), "utf-8")
    asked = ("catalog", "update", "--against", "litellm", str(path), "--write", str(out))
    done = run(*asked, "--seen", "2026-11-29", *more)
    assert done.exit_code == 0, done.output
    return load_catalog([out], cached=False)


OPUS: dict[str, object] = {
    "litellm_provider": "anthropic",
    "mode": "chat",
    "input_cost_per_token": 4e-06,
    "output_cost_per_token": 2e-05,
    "cache_read_input_token_cost": 4e-07,
    "cache_creation_input_token_cost": 5e-06,
    "cache_creation_input_token_cost_above_1hr": 8e-06,
    "input_cost_per_token_batches": 2e-06,
    "output_cost_per_token_batches": 1e-05,
}
PRO: dict[str, object] = {
    "litellm_provider": "gemini",
    "mode": "chat",
    "input_cost_per_token": 1e-06,
    "output_cost_per_token": 8e-06,
    "cache_read_input_token_cost": 1e-07,
    "input_cost_per_token_above_200k_tokens": 2e-06,
    "output_cost_per_token_above_200k_tokens": 1.2e-05,
    "cache_read_input_token_cost_above_200k_tokens": 2e-07,
    "input_cost_per_token_priority": 1.9e-06,
    "output_cost_per_token_priority": 1.52e-05,
}


def tokens(catalog_file: Path, *ask: str) -> float:
    path = ("--catalog", str(catalog_file), "--as-of", "2026-11-30", "-q", "-o", "json")
    lines = json.loads(run("explain", *ask, *path).stdout)["option"]["lines"]
    return float(sum(x["amount_usd"] for x in lines if "token" in x["item"]))


def test_a_cut_with_cache_and_writes_makes_no_bill_dearer(tmp_path: Path) -> None:
    laid = whole(tmp_path, {"claude-opus-4-8": OPUS})
    price = laid.offers["anthropic/claude-opus-4.8"].prices[-1]
    rates = price.usd_per_mtok
    assert (rates.cached_input, rates.cache_write) == (0.4, 5)
    by_when = {tuple(v for _, v in m.when if v): m for m in price.modifiers}
    hour = by_when["1h",].usd_per_mtok
    assert hour is not None and hour.cache_write == 8
    assert by_when["us",].multiply == 1.1 and by_when["fast",].multiply == 2  # ours, kept
    ask = ("anthropic/claude-opus-4.8", "--requests", "1M", "--isl", "40000", "--osl", "500")
    new = tmp_path / "new.yaml"
    assert tokens(new, *ask, "--cached", "80%", "--cache-write", "10%") == pytest.approx(58_800)


def test_long_context_comes_with_the_window(tmp_path: Path) -> None:
    laid = whole(tmp_path, {"gemini/gemini-2.5-pro": PRO})
    price = laid.offers["google/gemini-2.5-pro"].prices[-1]
    assert price.note and "carried over" in price.note and "batch" in price.note
    ask = ("google/gemini-2.5-pro", "--requests", "1M", "--isl", "250000", "--osl", "1000")
    assert tokens(tmp_path / "new.yaml", *ask, "--cached", "50%") == pytest.approx(287_000)
    low = ("google/gemini-2.5-pro", "--requests", "1M", "--isl", "1000", "--osl", "1000")
    plain = tokens(tmp_path / "new.yaml", *low, "--cached", "0", "--service", "priority")
    assert plain == pytest.approx(1_900 + 15_200)


def test_a_cache_price_that_a_list_does_not_say_moves_with_the_input(tmp_path: Path) -> None:
    bare = {k: v for k, v in OPUS.items() if "cache" not in k}
    price = (
        whole(tmp_path, {"claude-opus-4-8": bare}).offers["anthropic/claude-opus-4.8"].prices[-1]
    )
    assert price.usd_per_mtok.cached_input == pytest.approx(0.4)
    assert price.usd_per_mtok.cache_write == pytest.approx(5)
    assert price.note and "cached_input" in price.note


def test_a_price_of_a_tier_that_a_list_does_not_say_moves_with_its_input(tmp_path: Path) -> None:
    """Cached input in batches was billed as other input: twice what it was before a cut."""
    row = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1.8e-06,
        "output_cost_per_token": 7.2e-06,
        "cache_read_input_token_cost": 4.5e-07,
        "input_cost_per_token_batches": 9e-07,
        "output_cost_per_token_batches": 3.6e-06,
    }
    price = whole(tmp_path, {"gpt-4.1": row}).offers["openai/gpt-4.1"].prices[-1]
    (batch,) = (m.usd_per_mtok for m in price.modifiers if m.when.service == "batch")
    assert batch is not None and batch.cached_input == pytest.approx(0.45)  # 0.9 of ours
    assert price.note and "cached_input of" in price.note
    ask = ("openai/gpt-4.1", "--requests", "1M", "--isl", "1000", "--osl", "1000")
    cut = tokens(tmp_path / "new.yaml", *ask, "--cached", "50%", "--batch", "100%")
    fast = {"input_cost_per_token_priority": 3e-06, "output_cost_per_token_priority": 1.2e-05}
    (tmp_path / "new.yaml").unlink()
    price = whole(tmp_path, {"gpt-4.1": {**row, **fast}}).offers["openai/gpt-4.1"].prices[-1]
    (first,) = (m.usd_per_mtok for m in price.modifiers if m.when.service == "priority")
    assert first is not None and first.cached_input == pytest.approx(1.75 * 0.45)  # ours: x1.75
    assert cut == pytest.approx(500 * 0.9 + 500 * 0.45 + 1000 * 3.6)


def test_a_change_of_the_cache_alone_is_a_change(tmp_path: Path) -> None:
    row = {**OPUS, "input_cost_per_token": 5e-06, "output_cost_per_token": 2.5e-05}
    row |= {"cache_read_input_token_cost": 2.5e-07}
    laid = whole(tmp_path, {"claude-opus-4-8": row})
    assert laid.offers["anthropic/claude-opus-4.8"].prices[-1].usd_per_mtok.cached_input == 0.25
    text = (tmp_path / "new.yaml").read_text("utf-8")
    assert "cached_input: 0.5 becomes 0.25" in text
    assert "cheapest seller of claude-opus-4.8" in text


def test_retirements_and_new_offers_are_proposed(tmp_path: Path) -> None:
    plain = {"litellm_provider": "anthropic", "mode": "chat", "deprecation_date": "2027-06-01"}
    plain |= {"input_cost_per_token": 5e-06, "output_cost_per_token": 2.5e-05}
    plain |= {"cache_read_input_token_cost": 5e-07, "cache_creation_input_token_cost": 6.25e-06}
    groq = {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 2e-07}
    groq |= {"output_cost_per_token": 6e-07}
    rows = {"claude-opus-4-8": plain, "groq/glm-4.5-air": groq, "groq/brand-new-9b": groq}
    laid = whole(tmp_path, rows)
    assert str(laid.offers["anthropic/claude-opus-4.8"].retires) == "2027-06-01"
    assert laid.offers["groq/glm-4.5-air"].prices[0].usd_per_mtok.output == pytest.approx(0.6)
    text = (tmp_path / "new.yaml").read_text("utf-8")
    assert "# not in the catalog, to decide on: brand-new-9b: from 0.20/0.60, groq" in text


def test_what_a_list_repeats_is_confirmed_with_its_day(tmp_path: Path) -> None:
    row = {"litellm_provider": "mistral", "mode": "chat", "input_cost_per_token": 7e-07}
    row |= {"output_cost_per_token": 2.1e-06, "cache_read_input_token_cost": 7e-08}
    laid = whole(tmp_path, {"mistral/mistral-large-4": row}, "--confirm")
    price = laid.offers["mistral/mistral-large-4"].prices[-1]
    assert str(price.checked) == "2026-11-29" and price.evidence[-1].source == "litellm-new"


def test_a_row_that_is_only_called_alike_is_not_followed(catalog: Catalog, tmp_path: Path) -> None:
    rows = {"deepinfra/meta-llama/Llama-3.3-70B-Instruct-FP8": ("deepinfra", 0.4, 0.4)}
    made = proposed(catalog, written(tmp_path, **rows))
    assert "deepinfra/llama-3.3-70b" not in made.offers


def test_a_proposal_is_never_written_over_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, **{"gpt-4o": ("openai", 3, 9)})
    kept = tmp_path / "mine.yaml"
    kept.write_text("mine", "utf-8")
    asked = ("catalog", "update", "--against", "litellm", str(path), "--write", str(kept))
    assert run(*asked).exit_code == 2 and kept.read_text("utf-8") == "mine"


def test_verify_compares_every_price_and_lists_what_is_lacking(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "map.json"
    row = {**OPUS, "input_cost_per_token": 5e-06, "output_cost_per_token": 2.5e-05}
    path.write_text(json.dumps({"claude-opus-4-8": row, "groq/brand-new-9b": {
        "litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 2e-07,
        "output_cost_per_token": 6e-07}}), "utf-8")  # fmt: skip
    report = held(catalog, path)
    found = {one.price: (one.ours, one.theirs) for one in report.other_prices}
    assert found["cached_input"] == (0.5, pytest.approx(0.4))
    assert found["cache_write for 1h"] == (10, pytest.approx(8))
    assert found["input at batch"] == (2.5, pytest.approx(2))
    assert [(one.provider, one.model, one.key) for one in report.lacking] == [
        ("groq", None, "groq/brand-new-9b")
    ]


def test_a_list_is_put_into_our_words(catalog: Catalog, tmp_path: Path) -> None:
    over = ListTier(words="", rates={"input": 4.0}, over=199_999)
    fast = ListTier(words="", rates={"input": 3.5}, service="fast")
    both = (fast, replace(fast, service="priority"))
    row = replace(read(written(tmp_path)).rows[0], tiers=(over, fast))
    rows = (
        row,
        replace(row, key="b", tiers=both),
        replace(row, key="c", provider="google", model="claude-opus-4.8"),
        replace(row, key="d", provider="google", model="gemini-2.5-pro"),
        replace(row, key="e", embedding=True),
    )
    listed = replace(read(written(tmp_path)), kind="genai-prices", rows=rows)
    made = {one.key: one for one in in_our_words(catalog, listed).rows}
    assert [(t.service, t.over) for t in made[row.key].tiers] == [
        (None, 200_000),
        ("priority", None),
    ]
    assert [t.service for t in made["b"].tiers] == ["priority"]
    assert made["c"].provider == "google-vertex" and made["d"].provider == "google"
    assert "output" not in made["e"].rates and "output" in made["d"].rates
    assert (*our_providers("google-vertex"),) == ("vertex",)


def test_a_tier_that_ended_is_not_proposed_again(catalog: Catalog, tmp_path: Path) -> None:
    offer = catalog.offers["anthropic/claude-sonnet-4.5"]
    rates = dict(offer.prices[-1].usd_per_mtok)
    long = ListTier(words="", rates={"input": 6.0, "output": 22.5}, over=200_000)
    row = replace(
        read(written(tmp_path)).rows[0],
        key="anthropic/claude-sonnet-4-5",
        provider="anthropic",
        model="claude-sonnet-4-5",
        rates={k: v for k, v in rates.items() if v},
        tiers=(long,),
    )
    listed = replace(read(written(tmp_path)), kind="genai-prices", rows=(row,))
    assert verify(catalog, [listed], DAY).other_prices == ()
    dearer = replace(row, tiers=(replace(long, rates={"input": 7.0}),))
    (one,) = verify(catalog, [replace(listed, rows=(dearer,))], DAY).other_prices
    assert (one.price, one.theirs) == ("input above 200,000 tokens", 7.0)


def test_an_earlier_list_closes_the_gap_before_an_offer(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "offers:\n"
        "  - provider: groq\n"
        "    model: glm-4.5-air\n"
        "    prices:\n"
        "      - {since: 2026-11-20, checked: 2026-11-20, evidence: [{source: pi-ai-1.6.0}],\n"
        "         usd_per_mtok: {input: 0.2, output: 0.6}}\n",
        "utf-8",
    )
    catalog = load_catalog([own], cached=False)
    rows = {"groq/glm-4.5-air": ("groq", 0.2, 0.6)}
    listed = read(written(tmp_path, **rows))
    day = date(2026, 11, 9)
    report = verify(catalog, [listed], day)
    assert [one.offer for one in report.earlier] == ["groq/glm-4.5-air"]
    assert "groq/glm-4.5-air" not in proposal(catalog, report, [listed], day).offers
    made = proposal(catalog, report, [listed], day, confirm=True)
    out = tmp_path / "made.yaml"
    out.write_text(made.text, "utf-8")
    (price,) = load_catalog([own, out], cached=False).offers["groq/glm-4.5-air"].prices
    assert (price.since, price.checked) == (day, date(2026, 11, 20))
    assert [e.source for e in price.evidence] == ["pi-ai-1.6.0", "litellm-new"]


def test_a_list_between_two_windows_ends_where_the_next_begins(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "offers:\n"
        "  - provider: groq\n"
        "    model: glm-4.5-air\n"
        "    prices:\n"
        "      - since: 2025-01-13\n"
        "        until: 2026-10-19\n"
        "        checked: 2026-07-02\n"
        "        usd_per_mtok: {input: 0.1, output: 0.4}\n"
        "        evidence: [{source: pi-ai-1.6.0}]\n"
        "      - since: 2026-10-19\n"
        "        checked: 2026-11-20\n"
        "        usd_per_mtok: {input: 0.2, output: 0.6}\n"
        "        evidence: [{source: pi-ai-1.6.0}]\n",
        "utf-8",
    )
    catalog = load_catalog([own], cached=False)
    listed, day = (
        read(written(tmp_path, **{"groq/glm-4.5-air": ("groq", 0.2, 0.6)})),
        date(2026, 8, 18),
    )
    made = proposal(catalog, verify(catalog, [listed], day), [listed], day)
    out = tmp_path / "made.yaml"
    out.write_text(made.text, "utf-8")
    spans = [
        (price.since, price.until, price.usd_per_mtok.input)
        for price in load_catalog([own, out], cached=False).offers["groq/glm-4.5-air"].prices
    ]
    begun, seen, next_one = date(2025, 1, 13), day, date(2026, 10, 19)
    assert spans == [(begun, seen, 0.1), (seen, next_one, 0.2), (next_one, None, 0.2)]


def test_what_a_review_turned_down_is_not_proposed_again(tmp_path: Path) -> None:
    path = written(tmp_path, **{"gpt-4o": ("openai", 3, 9), "groq/glm-4.5-air": ("groq", 0.2, 0.6)})
    asked = ("catalog", "update", "--against", "litellm", str(path), "--as-of", "2026-11-21")
    assert "openai/gpt-4o" in run(*asked).stdout
    kept = tmp_path / "turned_down.txt"
    kept.write_text("# why\nopenai/gpt-4o a contract\ngroq/glm-4.5-air a slip\n", "utf-8")
    done = run(*asked, "--leave", str(kept))
    assert "openai/gpt-4o" not in done.stdout and "glm-4.5-air" not in done.stdout
    assert "2 offers left out" in done.stderr
    kept.write_text("openai/* passes on\ngroq/* passes on\n", "utf-8")
    done = run(*asked, "--leave", str(kept))
    assert "openai/gpt-4o" in done.stdout and "glm-4.5-air" not in done.stdout
    kept.write_text("openai/gpt-4o\n", "utf-8")
    wrong = run(*asked, "--leave", str(kept))
    assert wrong.exit_code == 3
    assert "turned_down.txt:1: an offer and why it is turned down" in " ".join(wrong.stderr.split())


def test_what_of_a_list_is_not_read_is_told(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    row = {**OPUS, "input_cost_per_thought_token": 1e-6, "cache_read_input_token_cost": "free"}
    path.write_text(json.dumps({"claude-opus-4-8": row}), "utf-8")
    told = held(catalog, path).warnings
    assert [text.partition(": ")[2] for text in told] == [
        "claude-opus-4-8: input_cost_per_thought_token is new to tco",
        "claude-opus-4-8: cache_read_input_token_cost is 'free', which is no price",
    ]
    done = run("catalog", "update", "--against", "litellm", str(path), "--as-of", "2026-11-21")
    assert "input_cost_per_thought_token is new to tco" in done.stderr


def test_headlines_of_aggregators_are_no_new_offers(tmp_path: Path) -> None:
    path = written(tmp_path, **{"openrouter/x/o1": ("openrouter", 15, 60)})
    asked = ("catalog", "update", "--against", "litellm", str(path), "--as-of", "2026-11-21")
    done = run(*asked)
    assert "new: openrouter" not in done.stdout
    assert "1 rows of aggregators left out" in done.stderr
    assert "new: openrouter/o1" in run(*asked, "--all").stdout
