"""All formats of one run say the same figures: they are read back and held against the JSON."""

from __future__ import annotations

import csv
import json
import shlex
from collections import defaultdict
from io import StringIO
from typing import Any

import pytest
from running import DAY, published, run, shell

from tco.analysis.adds_up import complaints
from tco.render.plain import BUDGET
from tco.render.words import whole_usd

QUESTIONS = (
    "--tokens 50B",
    "--tokens 2T --profile chat",
    "--tokens 200B --model llama-3.3-70b --all --purchase own,on_demand,spot",
    "--users 10k --fte 0.5 --option mine:kind=fixed,usd_per_month=5000,capacity=20B",
)


def printed(command: str, kind: str) -> str:
    result = run(*shlex.split(command), *DAY, "--format", kind, "-q")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    return str(result.stdout)


def md_rows(page: str) -> list[dict[str, str]]:
    """Return the rows of the first table of a page."""
    lines = next(part for part in page.split("\n\n") if part.startswith("| ")).splitlines()
    head, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return [dict(zip(head, row, strict=False)) for row in rows]


def llm_rows(text: str) -> list[dict[str, str]]:
    """Return the rows of the table of options."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("options["))
    count = int(lines[start].partition("[")[2].partition("]")[0].split()[0])
    names = lines[start].partition(": ")[2].split(",")
    rows = lines[start + 1 : start + 1 + count]
    return [dict(zip(names, row.split(","), strict=True)) for row in rows]


@pytest.mark.parametrize("question", QUESTIONS)
def test_formats_agree(question: str) -> None:
    command = f"compare {question}"
    document = json.loads(printed(command, "json"))
    options = {o["id"]: o for o in document["options"]}
    bills = {i: o["monthly_usd"] for i, o in options.items() if o["feasible"]}
    listed = set(document["shown"]) & bills.keys() or set(bills)

    rows = list(csv.DictReader(StringIO(printed(command, "csv"))))
    told = {r["id"]: float(r["monthly_usd"]) for r in rows if r["feasible"] == "true"}
    assert told == bills
    assert {r["id"] for r in rows if r["shown"] == "true"} & bills.keys() == listed
    for row in rows:
        if row["feasible"] == "true":
            assert float(row["usd_per_mtok"]) == options[row["id"]]["usd_per_mtok"]

    on_page = {r["option"]: r["$/month"] for r in md_rows(printed(command, "md"))}
    assert on_page == {i: whole_usd(bills[i]) for i in on_page}
    assert on_page.keys() == listed or len(on_page) == 20

    table = printed(f"{command} --sort cost --notes", "table")
    whole = table.replace("\n      ", "")  # ids that were broken
    for name, shown in on_page.items():
        assert shown in table
        assert name in whole or name.rpartition("/")[0] in whole

    brief = llm_rows(printed(command, "llm"))
    assert brief
    for row in brief:
        usd = bills.get(row["id"])
        assert row["monthly_usd"] == ("" if usd is None else whole_usd(usd).replace(",", ""))

    sums: defaultdict[str, float] = defaultdict(float)
    for row in csv.DictReader(StringIO(printed(command, "focus"))):
        sums[row["x_OptionId"]] += float(row["BilledCost"])
    assert sums.keys() == listed
    for name, total in sums.items():
        assert total == pytest.approx(bills[name], abs=0.005), name

    notice = printed(command, "github")
    assert f"::notice title=tco compare::{document['verdict'].replace('%', '%25')}" in notice
    assert document["verdict"] in " ".join(table.split())


def test_a_bill_is_the_same_everywhere() -> None:
    command = "explain self/llama-3.3-70b --tokens 50B"
    option = json.loads(printed(command, "json"))["option"]
    rows = list(csv.DictReader(StringIO(printed(command, "csv"))))
    assert [float(r["amount_usd"]) for r in rows] == [x["amount_usd"] for x in option["lines"]]
    focus = list(csv.DictReader(StringIO(printed(command, "focus"))))
    assert [float(r["BilledCost"]) for r in focus] == [x["amount_usd"] for x in option["lines"]]
    total = whole_usd(option["monthly_usd"])
    for kind in ("table", "md"):
        assert total in printed(command, kind)
    assert f"monthly_usd={total.replace(',', '')}" in printed(command, "llm")


def test_a_plan_is_the_same_everywhere() -> None:
    command = "plan --tokens 500B --profile chat"
    document = json.loads(printed(command, "json"))
    brief = printed(command, "llm")
    for strategy in document["strategies"]:
        usd = whole_usd(strategy["monthly_usd"])
        assert f"{strategy['strategy']},{usd.replace(',', '')}," in brief
        for kind in ("table", "md"):
            assert usd in printed(command, kind)
    rows = list(csv.DictReader(StringIO(printed(command, "csv"))))
    assert [r["resource"] for r in rows] == [r["resource"] for r in document["rows"]]


def test_break_evens_are_the_same_everywhere() -> None:
    command = "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B"
    document = json.loads(printed(command, "json"))
    (row,) = csv.DictReader(StringIO(printed(command, "csv")))
    assert float(row["first"]) == document["first"]
    from tco.units import show_tokens

    first = show_tokens(document["first"])
    for kind in ("table", "md", "github"):
        assert first in printed(command, kind)
    assert f"first: {first}\n" in printed(command, "llm")
    assert f"b_usd: {whole_usd(document['b_usd']).replace(',', '')}\n" in printed(command, "llm")


# On the shipped catalog

AGENTS = (
    "compare --tokens 50B",
    "breakeven",
    "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B",
    "sensitivity --tokens 50B",
    "size llama-3.3-70b",
    "plan --tokens 500B --profile chat",
)


@pytest.mark.parametrize("command", AGENTS)
def test_an_agent_reads_at_most_400_tokens(command: str) -> None:
    done = shell(*shlex.split(command), *DAY, "--format", "llm")
    assert done.returncode == 0, done.stderr
    assert 200 < len(done.stdout) <= BUDGET == 4 * 400
    assert b"\nverdict: " in done.stdout
    assert b"\nassumed[" in done.stdout


def test_what_an_agent_reads_as_assumed_is_what_set_takes() -> None:
    said = "compare --tokens 50B --model llama-3.3-70b --tier self --gpu h100-sxm"
    told = shell(*shlex.split(said), *DAY, "--format", "llm").stdout.decode().splitlines()
    (line,) = (x for x in told if x.startswith("assumed["))
    sets = [x for part in line.split(": ", 1)[1].split(" ") for x in ("--set", part)]
    assert len(sets) == 12
    done = shell(*shlex.split(said), *sets, *DAY, "--format", "llm")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[1] == told[1]


def test_every_option_of_the_short_list_is_told_to_an_agent_who_asks() -> None:
    rows = llm_rows(printed("compare --tokens 50B --top 100", "llm"))
    listed = json.loads(printed("compare --tokens 50B", "json"))["options"]
    assert len(rows) == len(listed)


FOCUS = (
    "BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodStart"
    " BillingPeriodEnd ChargeCategory ChargeClass ChargeDescription ChargePeriodStart"
    " ChargePeriodEnd ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingQuantity"
    " PricingUnit ProviderName PublisherName ServiceCategory ServiceName"
)
NULL = {"ChargeClass", "InvoiceId", "x_SourceDate"}
MADE = {"x_UnitPriceInput", "x_UnitPriceCachedInput", "x_UnitPriceOutput", "x_IdleCost"}
"""Of own GPUs alone."""


def test_focus_has_what_is_mandatory() -> None:
    command = "compare --tokens 50B --model gpt-4.1,llama-3.3-70b"
    rows = list(csv.DictReader(StringIO(printed(command, "focus"))))
    assert set(FOCUS.split()) <= rows[0].keys()
    assert any(all(row[name] for name in MADE) for row in rows)
    for row in rows:
        assert {name for name, value in row.items() if not value} <= NULL | MADE
        assert row["ChargeClass"] == row["InvoiceId"] == ""
        assert row["x_Estimate"] == "true"
        assert row["BillingPeriodStart"] == row["ChargePeriodStart"] == "2026-11-01T00:00:00Z"
        assert row["BillingPeriodEnd"] == row["ChargePeriodEnd"] == "2026-12-01T00:00:00Z"
        product = float(row["PricingQuantity"]) * float(row["ListUnitPrice"])
        assert float(row["ListCost"]) == pytest.approx(product, abs=1e-6)
        assert "e" not in row["BilledCost"]
    units = {(r["ServiceSubcategory"], r["PricingUnit"], r["ConsumedUnit"]) for r in rows}
    assert ("Generative AI", "1000000 Tokens", "Tokens") in units
    assert ("Virtual Machines", "Hours", "Hours") in units
    consumed = {
        float(r["ConsumedQuantity"]) / float(r["PricingQuantity"])
        for r in rows
        if r["ConsumedUnit"] == "Tokens" and float(r["PricingQuantity"])
    }
    assert all(ratio == pytest.approx(1e6) for ratio in consumed)


def test_the_month_of_focus_may_be_december() -> None:
    ask = ("explain", "gpt-4.1", "--tokens", "5B", "--as-of", "2026-12-31", "-o", "focus")
    (row, *_) = csv.DictReader(StringIO(run(*ask).stdout))
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (
        "2026-12-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_our_own_results_add_up(question: str) -> None:
    from tco.render.jsonio import from_document

    document: Any = json.loads(printed(f"compare {question}", "json"))
    assert not list(complaints(from_document(document)[0]))
    published("compare").validate(document)
