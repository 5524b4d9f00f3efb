"""Energy and carbon of a fleet."""

from __future__ import annotations

from typing import Any

import pytest

from tco.analysis.explain import explain

RENTED = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"
OWN = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"


def test_the_energy_is_what_the_electricity_lines_bill(asked: Any) -> None:
    row = explain(asked(tokens=50e9), OWN).option
    kwh = sum(line.quantity for line in row.lines if line.group == "power")
    assert row.energy is not None
    assert row.energy.kwh_per_month == pytest.approx(kwh, rel=1e-12)
    assert row.energy.kg_co2_per_month == pytest.approx(0.37 * kwh, rel=1e-12)
    assert row.energy.wh_per_request == pytest.approx(kwh * 1e3 / (50e9 / 1530))


def test_rented_gpus_draw_power_too(asked: Any) -> None:
    row = explain(asked(tokens=50e9), RENTED).option
    assert row.energy is not None and row.energy.kwh_per_month > 0
    assert explain(asked(tokens=50e9), "openai/gpt-4.1").option.energy is None
