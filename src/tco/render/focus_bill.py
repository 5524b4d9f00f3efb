"""The lines of `tco bill` as FOCUS 1.2, for chargeback: one row a group, model, kind of token, day.

The sub-account is the team, or the project without one; tags are JSON. `ListCost` is the list
price, `BilledCost` what the log states, and the list price where it states nothing.
"""

from __future__ import annotations

import csv
import json
from io import StringIO

from tco.errors import UsageError
from tco.render.focus import ACCOUNT, SERVICES, _month, _number
from tco.render.plain import csv_cell
from tco.usage.results import BillResult, Charge

TOKENS = 1_000_000


def text(result: BillResult) -> str:
    """Return the lines of a bill.

    Raises:
        UsageError: Nothing in it has a price.
    """
    if not result.charges:
        raise UsageError("focus: nothing in these logs has a price")
    rows = [_row(result, charge) for charge in result.charges]
    out = StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: csv_cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _row(result: BillResult, line: Charge) -> dict[str, str]:
    """Return a line; an empty cell is null."""
    from datetime import date

    service = SERVICES["tokens"]
    start, end = _month(date.fromisoformat(line.start[:10]))
    account = line.team or line.project
    tags = {"tag": line.tag, "key": line.key, "project": line.project, "service_tier": line.service}
    listed, billed, quantity = (
        _number(value) for value in (line.list_usd, line.billed_usd, line.tokens / TOKENS)
    )
    rate = _number(line.list_usd / line.tokens * TOKENS)
    company = line.offer.partition("/")[0] or line.provider
    return {
        "BilledCost": billed,
        "BillingAccountId": ACCOUNT[0],
        "BillingAccountName": ACCOUNT[1],
        "BillingCurrency": "USD",
        "BillingPeriodEnd": end,
        "BillingPeriodStart": start,
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": f"{line.item} of {line.model}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": line.end,
        "ChargePeriodStart": line.start,
        "ConsumedQuantity": _number(float(line.tokens)),
        "ConsumedUnit": "Tokens",
        "ContractedCost": listed,
        "ContractedUnitPrice": rate,
        "EffectiveCost": billed,
        "InvoiceId": "",
        "InvoiceIssuerName": company,
        "ListCost": listed,
        "ListUnitPrice": rate,
        "PricingCategory": "Standard",
        "PricingQuantity": quantity,
        "PricingUnit": f"{TOKENS} Tokens",
        "ProviderName": company,
        "PublisherName": company,
        "RegionId": line.region,
        "ServiceCategory": service.category,
        "ServiceName": service.name,
        "ServiceSubcategory": service.subcategory,
        "SkuId": line.offer,
        "SkuMeter": f"{line.item} of {line.model}",
        "SkuPriceId": f"{line.offer}#{line.item}",
        "SubAccountId": account,
        "SubAccountName": account,
        "Tags": json.dumps({k: v for k, v in tags.items() if v}, sort_keys=True),
        "x_AsOf": result.catalog.as_of,
        "x_CatalogVersion": result.catalog.version,
        "x_Estimate": "true",
        "x_LineItem": line.item,
        "x_Model": line.model,
    }
