"""Rents as people report them wrong: of a month, a machine, cents; found with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import DAY, run

FILE = """\
schema: 1
version: ours-1
sources:
  quote: {{title: "Our quote", kind: vendor, read: 2026-11-20, where: "quote 7"}}
sellers:
  ourcloud: {{name: Our cloud, kind: hyperscaler}}
rentals:
  - {{seller: ourcloud, gpu: {gpu}, option: {option}, gpus: {gpus}, rents: [
      {{since: 2026-11-01, checked: 2026-11-20, usd_per_gpu_hour: {usd}, source: quote}}]}}
"""


def checked(tmp_path: Path, gpu: str, option: str, gpus: int, usd: float) -> tuple[int, str]:
    path = tmp_path / "rent.yaml"
    path.write_text(FILE.format(gpu=gpu, option=option, gpus=gpus, usd=usd), "utf-8")
    done = run("catalog", "check", str(path), *DAY)
    return done.exit_code, " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("gpu", "option", "gpus", "usd", "meant"),
    [
        ("h100-sxm", "on_demand", 1, 2190.0, "as a month it would be $3.00 an hour"),
        ("h100-sxm", "on_demand", 1, 95.76, "as a day it would be $3.99 an hour"),
        ("h100-sxm", "on_demand", 1, 0.0665, "as a minute it would be $3.99 an hour"),
        ("h100-sxm", "on_demand", 1, 26_000.0, "as a year it would be $2.97 an hour"),
        ("h100-sxm", "on_demand", 1, 399.0, "as cents it would be $3.99 an hour"),
        ("mi300x", "on_demand", 8, 300.0, "as cents it would be $3.00 an hour"),
        ("h100-sxm", "on_demand", 8, 31.92, "as the rent of all 8 it would be $3.99 an hour"),
        ("l4", "on_demand", 8, 5.6, "as the rent of all 8 it would be $0.70 an hour"),
        ("h100-sxm", "spot", 8, 15.0, "as the rent of all 8 it would be $1.88 an hour"),
        ("h100-sxm", "reserved_1y", 8, 1825.0, "as a month it would be $2.50 an hour"),
    ],
)
def test_a_rent_of_something_else_is_an_error(
    tmp_path: Path, gpu: str, option: str, gpus: int, usd: float, meant: str
) -> None:
    code, words = checked(tmp_path, gpu, option, gpus, usd)
    assert code == 1
    assert "TCO608 rent-not-hourly" in words
    assert meant in words


@pytest.mark.parametrize(
    ("gpu", "option", "gpus", "usd"),
    [
        ("h100-sxm", "on_demand", 8, 12.29),  # Azure's: three times the median, and true
        ("v100-16gb", "on_demand", 8, 3.06),  # AWS's: five times
        ("v100-16gb", "on_demand", 4, 3.06),  # and of half its machine
        ("v100-16gb", "on_demand", 4, 3.305),  # in Ireland
        ("h100-sxm", "spot", 8, 6.33),
        ("h100-sxm", "spot", 8, 0.9),
        ("h100-nvl", "on_demand", 2, 8.82),
    ],
)
def test_a_dear_rent_of_a_gpu_passes(
    tmp_path: Path, gpu: str, option: str, gpus: int, usd: float
) -> None:
    assert checked(tmp_path, gpu, option, gpus, usd)[0] == 0


def test_a_spot_rent_that_is_odd_either_way_is_only_looked_at(tmp_path: Path) -> None:
    """$8.10 is twice the usual rent on demand, and for both GPUs as much as that: no discount."""
    code, words = checked(tmp_path, "h100-sxm", "spot", 2, 8.1)
    assert code == 0
    assert "TCO607 rent-far-off" in words
    assert "as the rent of all 2 it would be $4.05 an hour" in words
