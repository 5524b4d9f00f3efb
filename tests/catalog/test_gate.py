"""What the gate stops: mistakes that other catalogs have shipped, each as a file of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import run

DAY = ("--as-of", "2026-11-21")
PLAIN = {
    "litellm_provider": "openai",
    "mode": "chat",
    "source": "list",
    "input_cost_per_token": 2e-06,
    "output_cost_per_token": 8e-06,
    "cache_read_input_token_cost": 5e-07,
}


def found(tmp_path: Path, *, row: dict[str, Any], name: str = "newco-1") -> tuple[int, set[str]]:
    """Return the exit code and the errors of a list with one row."""
    path = tmp_path / "map.json"
    path.write_text(json.dumps({name: row}), "utf-8")
    done = run("catalog", "check", "--also", "litellm", str(path), *DAY, "-o", "json")
    findings = json.loads(done.stdout)["findings"]
    return done.exit_code, {f["name"] for f in findings if f["severity"] == "error"}


def test_a_sound_row_passes(tmp_path: Path) -> None:
    assert found(tmp_path, row=PLAIN) == (0, set())
    assert found(tmp_path, row=PLAIN, name="gpt-4.1") == (0, set())


FAMILIES = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
SERVICES = ("batches", "flex", "priority", "fast", "ultrafast", "balanced")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("length", ["", "_above_128k_tokens", "_above_272k_tokens"])
def test_every_service_at_every_length_is_held_to_the_cap(
    family: str, service: str, length: str, tmp_path: Path
) -> None:
    row = {**PLAIN, f"{family}{length}_{service}": PLAIN[family]}
    assert found(tmp_path, row={**row, f"{family}{length}_{service}": 8.0})[0] == 1


@pytest.mark.parametrize(
    "key",
    [
        "cache_creation_input_token_cost_above_1hr",
        "cache_creation_input_token_cost_above_12hr",
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
        "cache_creation_input_token_cost_above_12hr_above_272k_tokens_priority",
        "output_cost_per_reasoning_token",
        "input_cost_per_audio_token_batches",
        "input_cost_per_image_token",
        "cache_read_input_audio_token_cost",
    ],
)
def test_writes_by_lifetime_and_tokens_of_other_kinds_are_held_to_it_too(
    key: str, tmp_path: Path
) -> None:
    assert found(tmp_path, row={**PLAIN, key: 2.5e-06})[0] == 0
    assert found(tmp_path, row={**PLAIN, key: 2.5})[0] == 1


@pytest.mark.parametrize("place", [1, 2, 3])
def test_every_range_counts(place: int, tmp_path: Path) -> None:
    ranges = [
        {"range": [i * 1e5, (i + 1) * 1e5], "input_cost_per_token": 2e-06 * (i + 1),
         "output_cost_per_token": 8e-06} for i in range(4)
    ]  # fmt: skip
    row = {k: v for k, v in PLAIN.items() if k not in ("input_cost_per_token", "cache")}
    assert found(tmp_path, row={**row, "tiered_pricing": ranges})[0] == 0
    ranges[place]["output_cost_per_token"] = 8.0
    assert found(tmp_path, row={**row, "tiered_pricing": ranges})[0] == 1


@pytest.mark.parametrize("several", [False, True])
def test_off_peak_hours_count(several: bool, tmp_path: Path) -> None:
    sound: dict[str, Any] = {"input_cost_per_token": 1e-06, "windows": []}
    wrong: dict[str, Any] = {**sound, "input_cost_per_token": 1.0}
    both = ([sound, sound], [sound, wrong]) if several else (sound, wrong)
    assert found(tmp_path, row={**PLAIN, "off_peak_pricing": both[0]})[0] == 0
    assert found(tmp_path, row={**PLAIN, "off_peak_pricing": both[1]})[0] == 1


@pytest.mark.parametrize("text", ["$2.00", "2 USD", "free", "", "1,5e-06", "NaN", [2e-06], True])
def test_what_is_no_price_is_told_whatever_else_the_row_has(text: Any, tmp_path: Path) -> None:
    for key in ("input_cost_per_token", "output_cost_per_token_above_200k_tokens_priority"):
        code, errors = found(tmp_path, row={**PLAIN, key: text})
        assert (code, errors) == (1, {"not-a-price"})
    nested = {"off_peak_pricing": {"input_cost_per_token": text}}
    assert found(tmp_path, row={**PLAIN, **nested})[0] == 1


def test_a_number_in_quotes_is_a_price(tmp_path: Path) -> None:
    row = {**PLAIN, "input_cost_per_token": "2e-06", "cache_read_input_token_cost": None}
    assert found(tmp_path, row=row) == (0, set())


def test_a_key_that_is_new_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    row = {**PLAIN, "input_cost_per_hologram_token": 3e-06}
    path.write_text(json.dumps({"a-1": row, "a-2": row}), "utf-8")
    done = run("catalog", "check", "--also", "litellm", str(path), *DAY, "-o", "json")
    told = [f["message"] for f in json.loads(done.stdout)["findings"] if f["name"] == "new-key"]
    assert done.exit_code == 0 and told == ["input_cost_per_hologram_token is new to tco"]


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 0.1, 10, 1e3, 1e6])
@pytest.mark.parametrize("key", FAMILIES)
def test_a_row_of_a_known_offer_is_held_against_the_record(
    key: str, factor: float, tmp_path: Path
) -> None:
    row = {**PLAIN, key: PLAIN[key] * factor}
    assert found(tmp_path, row=row, name="gpt-4.1")[0] == 1


@pytest.mark.parametrize("kind", ["api", "tiers", "modes"])
def test_models_dev_in_dollars_per_token(kind: str, tmp_path: Path) -> None:
    cost: dict[str, Any] = {"input": 2, "output": 8, "cache_read": 0.5}
    model: dict[str, Any] = {"cost": cost}
    if kind == "api":
        cost |= {"input": 2e-06, "output": 8e-06}
    elif kind == "tiers":
        cost["tiers"] = [{"tier": {"type": "context", "size": 200000}, "input": 4e-06}]
    else:
        model["experimental"] = {"modes": {"fast": {"cost": {"input": 4e-06}}}}
    path = tmp_path / "api.json"
    path.write_text(json.dumps({"newco": {"models": {"new-1": model}}}), "utf-8")
    assert run("catalog", "check", "--also", "models.dev", str(path), *DAY).exit_code == 1


RENT = """\
schema: 1
version: ours-1
sources:
  quote: {title: Our quote, kind: vendor, read: 2026-11-20, where: quote 7}
sellers:
  ourcloud: {name: Our cloud, kind: hyperscaler}
rentals:
"""


def rental(gpu: str, usd: float, option: str = "on_demand", gpus: int = 1) -> str:
    return (
        f"  - {{seller: ourcloud, gpu: {gpu}, option: {option}, gpus: {gpus}, rents: [\n"
        "      {since: 2026-11-01, checked: 2026-11-20, source: quote,\n"
        f"       usd_per_gpu_hour: {usd}}}]}}\n"
    )


def errors_of(path: Path) -> set[str]:
    """Return where the errors of an overlay are."""
    done = run("catalog", "check", str(path), *DAY, "-o", "json")
    assert done.exit_code == 1
    return {f["where"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"}


def rents(tmp_path: Path, *lines: str) -> tuple[int, set[str]]:
    path = tmp_path / "rent.yaml"
    path.write_text(RENT + "".join(lines), "utf-8")
    done = run("catalog", "check", str(path), *DAY, "-o", "json")
    return done.exit_code, {f["name"] for f in json.loads(done.stdout)["findings"]}


def test_a_rent_is_dollars_for_a_gpu_and_an_hour(tmp_path: Path) -> None:
    assert rents(tmp_path, rental("h100-sxm", 3.0))[0] == 0
    assert rents(tmp_path, rental("h100-sxm", 12.29))[0] == 0  # of Azure
    wrong = {
        "b200-sxm": 0.01,  # the floor of bids
        "h100-sxm": 0.01,
        "h200-sxm": 2190.0,  # a month
        "h100-nvl": 72.0,  # a day
        "a100-sxm-80gb": 399.0,  # cents
        "l40s": 26280.0,  # a year
        "l4": 0.0005,  # a second
        "gaudi3": 2190.0,  # of which the catalog knows too few rents for a median
    }
    path = tmp_path / "rent.yaml"
    path.write_text(RENT + "".join(rental(*row) for row in wrong.items()), "utf-8")
    findings = errors_of(path)
    for gpu in wrong:
        assert any(f"/{gpu}/" in f"{where}/" for where in findings), (gpu, findings)


@pytest.mark.parametrize("option", ["spot", "reserved_1y", "reserved_3y"])
@pytest.mark.parametrize("gpus", [1, 8])
def test_spot_and_reserved_above_on_demand_are_told(option: str, gpus: int, tmp_path: Path) -> None:
    dear = rents(tmp_path, rental("a40", 0.49, option, gpus), rental("a40", 0.44))
    assert "spot-above-on-demand" in dear[1] and dear[0] == 0
    cheap = rents(tmp_path, rental("a40", 0.4, option, gpus), rental("a40", 0.44))
    assert "spot-above-on-demand" not in cheap[1]


OWN = """\
sources:
  contract: {title: Our contract, read: 2026-11-01, where: drawer 3, kind: vendor}
offers:
  - provider: PROVIDER
    model: MODEL
    prices:
      - since: 2026-06-01
        checked: 2026-11-20
        usd_per_mtok: {input: INPUT, output: OUTPUT}
        evidence: [{source: contract, input: INPUT, output: OUTPUT}]
"""


def written(tmp_path: Path, rows: dict[str, tuple[float, float]]) -> Path:
    """Return an overlay with input and output prices of some offers."""
    head, offer_of = OWN.partition("  - provider")[0], OWN[OWN.index("  - provider") :]
    parts = []
    for offer, (entry, output) in rows.items():
        provider, _, model = offer.partition("/")
        text = offer_of.replace("PROVIDER", provider).replace("MODEL", model)
        parts.append(text.replace("INPUT", f"{entry:.12f}").replace("OUTPUT", f"{output:.12f}"))
    path = tmp_path / "prices.yaml"
    path.write_text(head + "".join(parts), "utf-8")
    return path


def own(tmp_path: Path, offer: str, entry: float, output: float) -> tuple[int, set[str]]:
    path = written(tmp_path, {offer: (entry, output)})
    done = run("catalog", "check", str(path), *DAY, "-o", "json")
    findings = json.loads(done.stdout)["findings"]
    return done.exit_code, {f["name"] for f in findings if f["severity"] == "error"}


LISTED = {
    "openai/gpt-4.1": (2.0, 8.0), "novita/gpt-oss-120b": (0.05, 0.25),
    "anthropic/claude-opus-5": (5.0, 25.0),
}  # fmt: skip


def test_a_contract_below_the_shipped_record_passes(tmp_path: Path) -> None:
    path = written(tmp_path, {offer: (x * 0.8, y * 0.8) for offer, (x, y) in LISTED.items()})
    done = run("catalog", "check", str(path), *DAY, "-o", "json")
    assert done.exit_code == 0, done.stdout


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 0.1, 10, 1e3, 1e6])
def test_a_price_is_held_against_the_shipped_record(factor: float, tmp_path: Path) -> None:
    for at in ((factor, 1.0), (1.0, factor)):
        rows = {offer: (x * at[0], y * at[1]) for offer, (x, y) in LISTED.items()}
        wrong = errors_of(written(tmp_path, rows))
        for offer in LISTED:  # each of them, as if it were alone
            assert any(where.startswith(f"{offer} ") for where in wrong), (offer, at, wrong)


def test_a_closed_model_is_held_against_its_other_sellers(tmp_path: Path) -> None:
    assert own(tmp_path, "together/gpt-4.1", 2, 8) == (0, set())
    code, errors = own(tmp_path, "together/gpt-4.1", 0.002, 8)
    assert code == 1 and "sellers-far-off" in errors


def test_an_offer_that_the_catalog_knows_to_be_retired(tmp_path: Path) -> None:
    code, errors = own(tmp_path, "together/llama-3.1-70b", 0.88, 0.88)
    assert code == 1 and "retired-but-offered" in errors


def bill(*ask: str) -> float:
    return float(json.loads(run(*ask).stdout)["option"]["monthly_usd"])


def test_a_contract_does_not_move_a_resellers_discount_along(tmp_path: Path) -> None:
    own(tmp_path, "openai/gpt-4.1", 1.5, 6)
    ask = ("explain", "crazyrouter/gpt-4.1", "--requests", "1M", "--isl", "1000", "--osl", "1000")
    ask = (*ask, "--cached", "0", *DAY, "-q", "-o", "json")
    listed = bill(*ask)
    mine = bill(*ask, "--catalog", str(tmp_path / "prices.yaml"))
    assert mine == listed
