"""Dedicated endpoints: GPUs by the hour that a host looks after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from one_by_one import alone

from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.engine.ledger import total_usd
from tco.errors import DataError, UsageError
from tco.options.bills import lines
from tco.options.curves import curve
from tco.options.names import resolve

NAME = "self/llama-3.3-70b@2xh100-sxm:fp8/fireworks:dedicated"


def test_an_endpoint_is_an_option(asked: Any) -> None:
    inputs = asked(tokens=50e9)
    assert resolve(NAME, inputs).best.id == NAME
    assert resolve("self/llama-3.3-70b@2xh100-sxm/fireworks", inputs).best.id == NAME
    row = explain(inputs, NAME).option
    assert [line.item for line in row.lines] == ["GPU rent", "engineers"]
    assert row.lines[0].rate_usd == 7.0
    assert row.lines[1].quantity == pytest.approx(0.1)


def test_endpoints_are_looked_at_only_when_asked(asked: Any) -> None:
    def ids(**fields: Any) -> list[str]:
        result = compare(asked(tokens=50e9, models=("llama-3.3-70b",), **fields))
        return [o.id for o in result.options]

    assert not any(name.endswith(":dedicated") for name in ids())
    assert any(name.endswith(":dedicated") for name in ids(purchases=("dedicated",)))
    with pytest.raises(UsageError, match="no dedicated endpoints"):
        ids(purchases=("dedicated",), private=True)


@pytest.mark.parametrize("tokens", [1e8, 5e10, 2e12])
def test_the_curve_is_the_bill_and_the_search_agrees(asked: Any, tokens: float) -> None:
    inputs = asked(tokens=tokens)
    option = resolve(NAME, inputs).best
    bill = float(np.asarray(total_usd(lines(option, inputs.settings))))
    made = alone(curve(option, inputs.settings))
    assert made.until(tokens).at(np.array([tokens]))[0] == pytest.approx(bill)
    assert made.low - 1e-6 <= bill - made.slope * tokens <= made.high + 1e-6


def test_an_unknown_seller_is_one_line(asked: Any) -> None:
    with pytest.raises(DataError, match="no GPU seller called 'lambada'"):
        resolve("self/llama-3.3-70b@2xh100-sxm/lambada", asked(tokens=1e9))
