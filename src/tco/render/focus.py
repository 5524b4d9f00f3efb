"""Bills as FOCUS 1.2, the format that cost tools read: one row a line of a bill, all estimates.

Columns, their allowed values and when they are null: https://focus.finops.org/focus-specification/
version 1.2. Nothing here was invoiced: `InvoiceId` is null, and `x_Estimate` is true in every row.
Options are alternatives: a sum over rows of one `x_OptionId` is a month, one over several is not.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

from tco.analysis.results import BillLine, CompareResult, ExplainResult, OptionResult
from tco.engine.ledger import TokenPrices
from tco.errors import UsageError
from tco.render.annotations import command_of
from tco.render.output import screen
from tco.render.plain import csv_cell
from tco.render.words import View

if TYPE_CHECKING:
    from tco.usage.results import BillResult, Charge

ACCOUNT = ("tco-estimate", "tco estimate, not an invoice")
TOKENS_OF_MTOK = 1_000_000


SERVICES = {
    "tokens": ("AI and Machine Learning", "Generative AI", "LLM inference"),
    "compute": ("Compute", "Virtual Machines", "GPUs"),
    "power": ("Other", "Other (Other)", "Electricity"),
    "people": ("Other", "Other (Other)", "Engineers"),
    "other": ("Other", "Other (Other)", "Operation"),
}
"""Category, subcategory and name of a group of lines, as FOCUS calls them."""

UNITS = {
    "Mtok": f"{TOKENS_OF_MTOK} Tokens",
    "GPU-hour": "Hours",
    "GPU": "GPU-Months",
    "engineer": "Engineer-Months",
    "set-up": "Setup-Months",
    "kWh": "kWh",
    "kW": "kW",
    "GB": "GB",
    "h": "Hours",
    "unit-hour": "Hours",
}
"""Units of FOCUS by ours; one that stands here not goes by its own name."""
DOLLARS = "USD"
"""How the units of what is priced by its own cost begin: `USD of tokens`."""


NOTHING = BillLine(
    item="",
    group="other",
    quantity=0.0,
    unit="USD",
    rate_usd=0.0,
    amount_usd=0.0,
    origin="given",
    source="",
    date=None,
)
"""A line that gives the heads their names where a month costs nothing."""


def text(result: Any, view: View) -> str:
    """Return the bills of a result: of the options that a screen shows, by cost.

    Raises:
        UsageError: The result has no bills, or none with a provider for each line.
    """
    if result.schema == "tco.bill/1":
        return _used(result)
    if isinstance(result, ExplainResult):
        options: tuple[OptionResult, ...] = (result.option,)
    elif isinstance(result, CompareResult):
        options = screen(result.schema).sheet(result, view).arranged(view.sort, view.top).rows
    else:
        name = command_of(result.schema)
        raise UsageError(f"focus has bills by provider: tco compare or explain; this is {name}")
    served = [option for option in options if option.feasible]
    if not served:
        raise UsageError("focus: no option of this result has a bill")
    if any(option.monthly_usd and not option.lines for option in served):
        raise UsageError(
            "focus: of so many options the lines were left out; add --lines, or choose fewer"
        )
    rows = [_row(result, option, line) for option in served for line in option.lines]
    heads = list(_row(result, served[0], NOTHING))
    return _table(heads, _idle_once(rows))


def _idle_once(rows: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yield rows with what stands idle in the first of each option alone: it is summed."""
    seen: set[str] = set()
    for row in rows:
        option = row["x_OptionId"]
        yield {**row, "x_IdleCost": ""} if option in seen else row
        seen.add(option)


def _table(heads: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV."""
    out = StringIO()
    writer = csv.DictWriter(out, heads, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: csv_cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _row(result: Any, option: OptionResult, line: BillLine) -> dict[str, str]:
    """Return a line of a bill; an empty cell is null.

    Prices of a million tokens that own GPUs make are the same in all rows of an option.
    """
    prices = option.token_prices
    company = "internal" if line.group == "people" else option.provider
    unit = DOLLARS if line.unit.startswith(DOLLARS) else UNITS.get(line.unit, line.unit)
    tokens = line.unit == "Mtok"
    start, end = _month(date.fromisoformat(result.catalog.as_of))
    cost, rate, quantity = (_number(v) for v in (line.amount_usd, line.rate_usd, line.quantity))
    row = {
        "BilledCost": cost,
        "ChargeDescription": f"Estimate by tco: {line.item} for {option.id}",
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "ConsumedQuantity": _number(line.quantity * TOKENS_OF_MTOK) if tokens else quantity,
        "ConsumedUnit": "Tokens" if tokens else unit,
        "EffectiveCost": cost,
        "PricingCategory": _category(option.id),
        "PricingUnit": unit,
        "SkuId": option.id,
        "SkuMeter": f"{line.item} of {option.model}" if tokens else line.item,
        "SkuPriceId": f"{option.id}#{line.item}",
        "x_IdleCost": _known(prices, "idle_usd"),
        "x_LineItem": line.item,
        "x_Model": option.model,
        "x_OptionId": option.id,
        "x_Origin": line.origin,
        "x_Source": line.source,
        "x_SourceDate": line.date or "",
        "x_Tier": option.tier,
        "x_UnitPriceCachedInput": _known(prices, "cached_usd_per_mtok"),
        "x_UnitPriceInput": _known(prices, "input_usd_per_mtok"),
        "x_UnitPriceOutput": _known(prices, "output_usd_per_mtok"),
    }
    said = _common(result, SERVICES[line.group], company, (start, end))
    return dict(sorted({**said, **_at(cost, rate, quantity), **row}.items()))


# The bill of logs.


def _used(result: BillResult) -> str:
    """Return the lines of `tco bill`, for chargeback: a row a group, model, kind of token, day.

    The sub-account is the team, or the project without one; tags are JSON. `ListCost` is the list
    price, `BilledCost` what the log states, and the list price where it states nothing.

    Raises:
        UsageError: Nothing in it has a price.
    """
    if not result.charges:
        raise UsageError("focus: nothing in these logs has a price")
    rows = [_charge(result, charge) for charge in result.charges]
    return _table(list(rows[0]), rows)


def _charge(result: BillResult, line: Charge) -> dict[str, str]:
    """Return a line; an empty cell is null."""
    account = line.team or line.project
    tags = {"tag": line.tag, "key": line.key, "project": line.project, "service_tier": line.service}
    listed, billed, quantity = (
        _number(value) for value in (line.list_usd, line.billed_usd, line.tokens / TOKENS_OF_MTOK)
    )
    rate = _number(line.list_usd / line.tokens * TOKENS_OF_MTOK)
    row = {
        "BilledCost": billed,
        "ChargeDescription": f"{line.item} of {line.model}",
        "ChargePeriodEnd": line.end,
        "ChargePeriodStart": line.start,
        "ConsumedQuantity": _number(float(line.tokens)),
        "ConsumedUnit": "Tokens",
        "EffectiveCost": billed,
        "PricingCategory": "Standard",
        "PricingUnit": UNITS["Mtok"],
        "RegionId": line.region,
        "SkuId": line.offer,
        "SkuMeter": f"{line.item} of {line.model}",
        "SkuPriceId": f"{line.offer}#{line.item}",
        "SubAccountId": account,
        "SubAccountName": account,
        "Tags": json.dumps({k: v for k, v in tags.items() if v}, sort_keys=True),
        "x_LineItem": line.item,
        "x_Model": line.model,
    }
    company = line.offer.partition("/")[0] or line.provider
    month = _month(date.fromisoformat(line.start[:10]))
    said = _common(result, SERVICES["tokens"], company, month)
    return dict(sorted({**said, **_at(listed, rate, quantity), **row}.items()))


# What both have: columns in the order of their names.


def _common(
    result: Any, service: tuple[str, str, str], company: str, month: tuple[str, str]
) -> dict[str, str]:
    """Return what every row says of itself, of who is paid, and for what."""
    return {
        "BillingAccountId": ACCOUNT[0],
        "BillingAccountName": ACCOUNT[1],
        "BillingCurrency": "USD",
        "BillingPeriodEnd": month[1],
        "BillingPeriodStart": month[0],
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeFrequency": "Usage-Based",
        "InvoiceId": "",
        "InvoiceIssuerName": company,
        "ProviderName": company,
        "PublisherName": company,
        "ServiceCategory": service[0],
        "ServiceName": service[2],
        "ServiceSubcategory": service[1],
        "x_AsOf": result.catalog.as_of,
        "x_CatalogVersion": result.catalog.version,
        "x_Estimate": "true",
    }


def _at(cost: str, rate: str, quantity: str) -> dict[str, str]:
    """Return what an amount costs by the price list."""
    return {
        "ContractedCost": cost,
        "ContractedUnitPrice": rate,
        "ListCost": cost,
        "ListUnitPrice": rate,
        "PricingQuantity": quantity,
    }


def _month(day: date) -> tuple[str, str]:
    """Return the first moment of a day's month, and that of the next one."""
    start = day.replace(day=1)
    end = start.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return f"{start}T00:00:00Z", f"{end}T00:00:00Z"


def _category(option: str) -> str:
    """Return how the price came about, by what an option's id says of the purchase."""
    purchase = option.rpartition(":")[2] if option.startswith("self/") else ""
    if purchase.startswith("reserved"):
        return "Committed"
    return "Dynamic" if purchase.startswith("spot") else "Standard"


def _known(prices: TokenPrices | None, name: str) -> str:
    """Return one of the prices in full; nothing where there is none."""
    value = getattr(prices, name, None)
    return "" if value is None else _number(value)


def _number(value: float) -> str:
    """Return a number in full, without an exponent, as every reader of CSV takes it."""
    return f"{Decimal(repr(float(value))):f}"
