"""Price lists of others: read as they are, and held to the rules that make sense for them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from running import run

from tco.catalog.check.finding import CheckReport
from tco.catalog.check.run import check_files
from tco.catalog.upstream.rows import ListTier, installed_list, read_list

DAY = date(2026, 11, 21)
TOKEN = 1e-6


def row(entry: float, output: float, **more: Any) -> dict[str, Any]:
    return {
        "input_cost_per_token": entry * TOKEN,
        "output_cost_per_token": output * TOKEN,
        "litellm_provider": "acme",
        "mode": "chat",
        "source": "https://acme.example",
        **more,
    }


LITELLM = {
    "sample_spec": row(1e6, 1e6),
    "acme/fine": row(1, 4),
    "acme/thousand": row(3200, 9710),
    "acme/swapped": row(4, 1),
    "acme/cached": row(1, 4, cache_read_input_token_cost=1 * TOKEN),
    "acme/batch": row(1, 4, input_cost_per_token_batches=0.6 * TOKEN),
    "acme/tier": row(1, 4, output_cost_per_token_above_200k_tokens=400 * TOKEN),
    "acme/old": row(1, 4, deprecation_date="2026-01-01"),
    "acme/free": row(0, 0),
    "acme/unsourced": row(1, 4, source=""),
    "acme/embed": row(100, 0, mode="embedding"),
    "o1-pro": row(150, 600),
    "azure/o1-pro": row(150_000, 600_000),
    "acme/ranges": {
        "litellm_provider": "acme",
        "source": "x",
        "tiered_pricing": [{"range": [0, 1], "input_cost_per_token": 300 * TOKEN}],
    },
    "acme/image": {"output_cost_per_image": 0.04, "litellm_provider": "acme"},
}
FOUND = {
    ("absolute-cap", "acme/thousand"): 2,
    ("absolute-cap", "acme/embed"): 1,
    ("absolute-cap", "azure/o1-pro"): 2,
    ("absolute-cap", "acme/ranges"): 1,
    ("output-below-input", "acme/swapped"): 1,
    ("cached-not-below-input", "acme/cached"): 1,
    ("batch-ratio", "acme/batch"): 1,
    ("tier-far-off", "acme/tier"): 1,
    ("retired-but-offered", "acme/old"): 1,
    ("zero-price", "acme/free"): 1,
    ("unreachable-source", "acme/unsourced"): 1,
}


def linted(kind: str, path: Path) -> CheckReport:
    return check_files(also=((kind, str(path)),), as_of=DAY)


def test_each_defect_of_a_litellm_map_is_found_once(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(LITELLM, indent=4), "utf-8")
    report = linted("litellm", path)
    assert Counter((f.name, f.where) for f in report.findings) == FOUND
    assert [f.where for f in report.waived] == ["o1-pro"]
    lines = path.read_text("utf-8").splitlines()
    assert all(f'"{f.where}"' in lines[f.line - 1] for f in report.findings)
    assert report.records == 13


def test_a_row_given_twice_is_found(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    text = json.dumps({"a": row(1, 2)})
    path.write_text(text[:-1] + "," + text[1:], "utf-8")
    assert [f.name for f in linted("litellm", path).findings] == ["reference"]


def test_a_host_far_off_the_others_is_found(tmp_path: Path) -> None:
    rows = {f"h{i}/llama-3.3-70b": row(0.5, 0.7, litellm_provider=f"h{i}") for i in range(4)}
    rows["h9/llama-3.3-70b-instruct"] = row(50, 70, litellm_provider="h9")
    path = tmp_path / "map.json"
    path.write_text(json.dumps(rows), "utf-8")
    found = [(f.name, f.where) for f in linted("litellm", path).findings]
    dear = "h9/llama-3.3-70b-instruct"  # its blend, and its two prices by themselves
    assert found == [("host-spread", dear), ("sellers-far-off", dear), ("sellers-far-off", dear)]


GENAI_PY = """
from .types import *
providers: list[Provider] = [
    Provider(
        id='acme',
        models=[
            ModelInfo(
                id='large',
                match=ClauseEquals(equals='large'),
                prices=[
                    ConditionalPrice(
                        prices=ModelPrice(input_mtok=Decimal('4'), output_mtok=Decimal('9')),
                    ),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 10, 1)),
                        prices=ModelPrice(
                            input_mtok=TieredPrices(
                                base=Decimal('2'), tiers=[Tier(start=9, price=Decimal('90'))]
                            ),
                            output_mtok=Decimal('8'),
                        ),
                    ),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2027, 1, 1)),
                        prices=ModelPrice(input_mtok=Decimal('1')),
                    ),
                ],
                price_variants=[
                    PriceVariant(
                        when={'processing': 'batch'}, prices=ModelPrice(input_mtok=Decimal('1'))
                    ),
                ],
            ),
        ],
    ),
]
"""
GENAI_JSON = [
    {
        "id": "acme",
        "models": [
            {
                "id": "large",
                "prices": [
                    {"prices": {"input_mtok": 4, "output_mtok": 9}},
                    {
                        "constraint": {"start_date": "2026-10-01"},
                        "prices": {
                            "input_mtok": {"base": 2, "tiers": [{"start": 9, "price": 90}]},
                            "output_mtok": 8,
                        },
                    },
                    {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 1}},
                ],
                "price_variants": [{"when": {"processing": "batch"}, "prices": {"input_mtok": 1}}],
            }
        ],
    }
]


@pytest.mark.parametrize("form", ["data.py", "data.json"])
def test_genai_prices_are_those_of_the_day(form: str, tmp_path: Path) -> None:
    path = tmp_path / form
    path.write_text(GENAI_PY if form == "data.py" else json.dumps(GENAI_JSON, indent=1), "utf-8")
    (now,) = read_list("genai-prices", str(path), DAY).rows
    assert (now.key, now.rates, now.batch) == (
        "acme/large",
        {"input": 2, "output": 8},
        {"input": 1},
    )
    assert now.tiers == (
        ListTier(words="above_9", rates={"input": 90}, over=9),
        ListTier(words="processing batch", rates={"input": 1}, service="batch"),
    )
    assert now.line > 1
    (before,) = read_list("genai-prices", str(path), date(2026, 9, 30)).rows
    assert before.rates == {"input": 4, "output": 9}
    assert [f.name for f in linted("genai-prices", path).findings] == ["tier-far-off"]


def test_every_price_of_genai_prices_is_looked_at(tmp_path: Path) -> None:
    prices = {
        "input_mtok": {"base": 2, "tiers": [{"start": 200000, "price": "four"}]},
        "output_mtok": 8,
        "cache_write_mtok": 2.5,
        "cache_write_1h_mtok": 4,
        "input_audio_mtok": 3,
        "output_image_mtok": 2000,
        "thought_mtok": 3,
        "web_searches_kcount": 10,
    }
    path = tmp_path / "data.json"
    listed = [{"id": "acme", "models": [{"id": "large", "prices": prices}]}]
    path.write_text(json.dumps(listed), "utf-8")
    (row,) = read_list("genai-prices", str(path), DAY).rows
    assert (row.rates["audio_input"], row.others) == (
        3,
        {"output_image_mtok": 2000, "thought_mtok": 3},
    )
    assert ListTier(words="for 1h", rates={"cache_write": 4}, ttl="1h") in row.tiers
    found = {(f.name, f.message) for f in linted("genai-prices", path).findings}
    assert ("not-a-price", "input_mtok is 'four', which is no price") in found
    assert ("new-key", "thought_mtok is new to tco") in found
    assert ("absolute-cap", "output_image_mtok $2000/Mtok is above $1000/Mtok") in found


def test_python_of_a_price_list_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "data.py"
    gone = tmp_path / "gone"
    path.write_text(f"open({str(gone)!r}, 'w')\nproviders = [exit(3)]\n", "utf-8")
    assert [f.name for f in linted("genai-prices", path).findings] == ["unreadable"]
    assert not gone.exists()


def test_models_dev_is_read_as_a_file_and_as_a_folder(tmp_path: Path) -> None:
    cost = {"input": 3, "output": 2, "cache_read": 0.3}
    path = tmp_path / "api.json"
    path.write_text(
        json.dumps({"acme": {"models": {"x/large": {"cost": cost}}}}, indent=1), "utf-8"
    )
    (one,) = read_list("models.dev", str(path), DAY).rows
    folder = tmp_path / "providers" / "acme" / "models" / "x"
    folder.mkdir(parents=True)
    (folder / "large.toml").write_text("[cost]\ninput = 3\noutput = 2\ncache_read = 0.3\n", "utf-8")
    (other,) = read_list("models.dev", str(tmp_path), DAY).rows
    assert (one.key, one.rates, one.line) == (other.key, other.rates, 4)
    assert one.key == "acme/x/large"
    assert [f.name for f in linted("models.dev", path).findings] == ["output-below-input"]


def test_the_command_takes_several_lists(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"a": row(1, 4)}), "utf-8")
    twice = ("--also", "litellm", str(path), f"--also=litellm={path}")
    result = run("catalog", "check", *twice, "-o", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["records"] == 2
    assert run("catalog", "check", "--also", "litellm").exit_code == 2


def test_back_test_on_the_installed_litellm() -> None:
    listed = installed_list("litellm", DAY)
    if listed is None:
        pytest.skip("litellm is not installed")
    if listed.edition != "1.109.1":
        pytest.skip("the counts are those of 1.109.1")
    from tco.catalog.check.upstream import findings_in

    found = findings_in(listed, date(2026, 11, 12))
    dear = {f.where for f in found if f.name == "absolute-cap" and f.waived_because is None}
    assert dear == {
        "azure_ai/jais-30b-chat",
        "watsonx/core42/jais-13b-chat",
        "embed-multilingual-light-v3.0",
    }
    by_rule = Counter(f.name for f in found if f.waived_because is None)
    assert by_rule["output-below-input"] == 3
    assert by_rule["retired-but-offered"] >= 300
    assert len({f.where for f in found if f.name == "batch-ratio"}) >= 12
