"""Rules on fleets that peers break: capacity, bill types, peaks, whole machines."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tco.analysis.breakeven import breakeven, breakeven_table
from tco.analysis.compare import compare
from tco.analysis.results import BreakevenRow, OptionResult
from tco.catalog.load import Catalog
from tco.errors import InfeasibleError, UsageError
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.options.without import BARE

Asked = Callable[..., Question]

MONTH_S = 730 * 3600
RELAXED = {path: value for path, value in BARE.items() if path != "workload.cached_share"}
"""A web calculator's view: no peaks, no spares, nobody to pay."""

ONE_GPU = InlineOption(
    name="one-gpu", kind="self", source="test", gpus=1, usd_per_gpu_hour=2.0, tokens_per_s=1_000.0
)
CAPACITY = 1_000 * MONTH_S  # 2.628e9 tokens a month at full load, for $1,460


def price(usd_per_mtok: float) -> InlineOption:
    return InlineOption(
        name="priced", kind="api", source="test", input=usd_per_mtok, output=usd_per_mtok
    )


def row(inputs: Question, name: str) -> OptionResult:
    return next(r for r in compare(inputs).options if r.id == name)


def amount(result: OptionResult, item: str) -> float:
    return sum(line.amount_usd for line in result.lines if line.item == item)


def test_a_break_even_beyond_the_fleet_is_not_quoted(asked: Asked) -> None:
    # At $0.50/Mtok one GPU would be earned back at $1,460 / 0.5 = 2.92e9 tokens, which it cannot
    # serve; nor can two at twice that. It is never cheaper, and the answer says why.
    inputs = asked(settings=RELAXED, options=(ONE_GPU, price(0.5)))
    answer = breakeven(inputs, "priced", "one-gpu")
    assert answer.wins == ()
    assert answer.first is None
    assert answer.sure is None
    assert answer.never_because is not None
    assert "$0.556" in answer.never_because
    assert "$0.5" in answer.never_because


def test_a_break_even_within_the_fleet_is_quoted(asked: Asked) -> None:
    inputs = asked(settings=RELAXED, options=(ONE_GPU, price(1.0)))
    answer = breakeven(inputs, "priced", "one-gpu")
    assert answer.first == pytest.approx(1.46e9)
    # The second GPU is paid for as soon as the first one is full: a gap until it is earned back.
    assert answer.wins[0] == pytest.approx((1.46e9, CAPACITY))
    assert answer.wins[1][0] == pytest.approx(2 * 1.46e9)
    assert answer.never_because is None


def served(inputs: Question, at: float, name: str) -> float:
    """Return the tokens a month that the fleet of an option could serve at its peak."""
    result = row(inputs, name)
    assert result.replica is not None
    assert result.replicas is not None
    spare = float(inputs.settings.value("serving.redundancy"))
    headroom = float(inputs.settings.value("serving.headroom"))
    peak = float(inputs.settings.value("workload.peak_to_mean"))
    per_request = float(
        inputs.settings.value("workload.isl") + inputs.settings.value("workload.osl")
    )
    busy = (result.replicas - spare) * headroom * result.replica.requests_per_s
    return busy * MONTH_S * per_request / peak


def test_every_break_even_of_the_catalog_can_be_served_by_its_fleet(asked: Asked) -> None:
    table = breakeven_table(asked(), None)
    quoted = [r for r in table.rows if r.first is not None]
    assert len(quoted) >= 3
    for answer in quoted:
        assert answer.first is not None
        inputs = asked(
            tokens=answer.first * (1 + 1e-6),
            models=(answer.model,),
            all_setups=True,
            all_lines=True,
        )
        assert served(inputs, answer.first, answer.b) >= answer.first


@pytest.fixture(scope="module")
def table_rows(asked: Asked) -> tuple[BreakevenRow, ...]:
    return breakeven_table(asked(), None).rows


def test_never_is_always_explained_and_an_answer_is_not(
    table_rows: tuple[BreakevenRow, ...],
) -> None:
    for answer in table_rows:
        assert (answer.never_because is None) == bool(answer.wins)


def test_just_around_a_break_even_of_the_catalog_the_right_one_is_cheaper(
    asked: Asked, table_rows: tuple[BreakevenRow, ...]
) -> None:
    for answer in (r for r in table_rows if r.first):
        for factor, cheaper in ((1 - 1e-6, False), (1 + 1e-6, True)):
            inputs = asked(tokens=(answer.first or 0) * factor)
            result = breakeven(inputs, answer.a, answer.b)
            assert result.now_wins is cheaper
            assert ((result.b_usd or 0) < (result.a_usd or 0)) is cheaper


def test_rent_is_not_multiplied_by_utilization(asked: Asked) -> None:
    bills = {}
    for share in (0.1, 0.9):
        result = row(
            asked(tokens=share * CAPACITY, settings=RELAXED, options=(ONE_GPU,)), "one-gpu"
        )
        assert result.utilization is not None
        assert result.utilization.token_capacity == pytest.approx(share)
        bills[share] = amount(result, "GPU rent")
    assert bills[0.1] == bills[0.9] == pytest.approx(2.0 * 730)


def test_rent_of_a_catalog_setup_is_hours_times_paid_gpus_whatever_the_load(asked: Asked) -> None:
    for tokens in (1e6, 1e9, 1e11):
        for result in compare(asked(tokens=tokens, models=("llama-3.3-70b",))).options:
            if result.tier == "self":
                rent = next(line for line in result.lines if line.item == "GPU rent")
                assert rent.quantity == pytest.approx((result.gpus or 0) * 730)
                assert rent.unit == "GPU-hour"


def test_the_fleet_is_sized_at_the_peak_and_tokens_are_billed_at_the_mean(asked: Asked) -> None:
    at = {peak: {} for peak in (1.0, 3.0)}  # type: ignore[var-annotated]
    for peak in at:
        settings = {**RELAXED, "workload.peak_to_mean": peak}
        inputs = asked(tokens=10 * CAPACITY, settings=settings, options=(ONE_GPU, price(1.0)))
        at[peak] = {name: row(inputs, name) for name in ("one-gpu", "priced")}
    assert at[1.0]["one-gpu"].replicas == 10
    assert at[3.0]["one-gpu"].replicas == 30
    tokens = [at[peak]["priced"].monthly_usd for peak in at]
    assert tokens[0] == tokens[1] == pytest.approx(10 * CAPACITY / 1e6)


def test_redundant_replicas_come_on_top_of_those_of_the_peak(asked: Asked) -> None:
    settings = {**RELAXED, "serving.redundancy": 2.0}
    result = row(asked(tokens=10 * CAPACITY, settings=settings, options=(ONE_GPU,)), "one-gpu")
    assert result.replicas == 12


def test_headroom_is_kept_in_the_busiest_hour(asked: Asked) -> None:
    settings = {**RELAXED, "serving.headroom": 0.5}
    result = row(asked(tokens=10 * CAPACITY, settings=settings, options=(ONE_GPU,)), "one-gpu")
    assert result.replicas == 20


@pytest.fixture(scope="module")
def every_setup(asked: Asked) -> list[OptionResult]:
    models = ("llama-3.3-70b", "gpt-oss-120b", "deepseek-v3.2", "qwen3-235b-2507")
    inputs = asked(tokens=50e9, all_setups=True, all_lines=True, tiers=("self",), models=models)
    return [r for r in compare(inputs).options if r.feasible]


def test_gpus_and_replicas_are_whole_and_rented_by_the_instance(
    asked: Asked, every_setup: list[OptionResult]
) -> None:
    assert len(every_setup) > 1_000
    for result in every_setup:
        assert result.gpus is not None
        assert result.replicas is not None
        assert result.replica is not None
        assert result.replicas == int(result.replicas) >= 1
        assert result.gpus == int(result.gpus)
        assert result.gpus >= result.replicas * result.replica.gpus
        assert result.replica.gpus in (1, 2, 4, 8, 16)


def test_a_seller_that_rents_boxes_of_eight_only_is_paid_for_boxes_of_eight(
    catalog: Catalog, every_setup: list[OptionResult]
) -> None:
    sizes: dict[tuple[str, str, str], set[int]] = {}
    for r in catalog.hardware.rentals:
        purchase = "_".join(filter(None, (r.option, r.channel)))
        sizes.setdefault((r.seller, purchase, r.gpu), set()).add(r.gpus)
        sizes.setdefault((r.seller, f"{purchase}_{r.instance}", r.gpu), set()).add(r.gpus)
    boxes = 0
    for result in every_setup:
        seller, purchase = result.id.rsplit("/", 1)[1].split(":")
        gpu = (result.hardware or "").split("x", 1)[1]
        named = re.fullmatch(r"(.*)_(\d+)x", purchase)
        if named:  # of a seller that rents several sizes the id says which
            size = int(named[2])
            assert size in sizes[seller, named[1], gpu]
        elif len(sizes[seller, purchase, gpu]) == 1:
            (size,) = sizes[seller, purchase, gpu]
        else:
            continue
        boxes += size == 8
        assert (result.gpus or 0) % size == 0
    assert boxes > 100


def test_every_setup_has_an_id_of_its_own(every_setup: list[OptionResult]) -> None:
    assert len({r.id for r in every_setup}) == len(every_setup)


def test_one_gpu_of_an_eight_gpu_box_pays_for_the_box(asked: Asked) -> None:
    boxed = InlineOption(
        name="boxed",
        kind="self",
        source="test",
        gpus=1,
        instance_gpus=8,
        usd_per_gpu_hour=2.0,
        tokens_per_s=1_000.0,
    )
    result = row(asked(tokens=1e9, settings=RELAXED, options=(boxed,)), "boxed")
    assert (result.replicas, result.gpus) == (1, 8)
    assert amount(result, "GPU rent") == pytest.approx(8 * 2.0 * 730)


@pytest.mark.parametrize(
    ("count", "why"),
    [
        (3, "64 attention heads are not divided by 3 GPUs"),
        (5, "64 attention heads are not divided by 5 GPUs"),
        (6, "64 attention heads are not divided by 6 GPUs"),
        (7, "64 attention heads are not divided by 7 GPUs"),
        (12, "12 GPUs of servers of 8: a replica lies in one server, or over whole servers of 8"),
    ],
)
def test_a_replica_of_gpus_that_a_model_cannot_be_cut_over_is_refused(
    count: int, why: str, asked: Asked
) -> None:
    spec = InlineOption(
        name="odd",
        kind="self",
        source="--option",
        model="llama-3.3-70b",
        gpu="h100-sxm",
        gpus=count,
        usd_per_gpu_hour=2.0,
    )
    with pytest.raises(InfeasibleError, match=f"cannot be cut over {count}xh100-sxm: {why}$"):
        compare(asked(tokens=1e9, options=(spec,)))


def test_half_a_spare_replica_is_refused(asked: Asked) -> None:
    with pytest.raises(UsageError, match=r"serving\.redundancy is 0\.5 .* whole"):
        asked(settings={"serving.redundancy": 0.5})


def test_a_month_has_730_hours_everywhere(asked: Asked) -> None:
    inputs = asked(requests=730 * 3600, isl=500, osl=500, options=(ONE_GPU,), settings=RELAXED)
    result = compare(inputs)
    assert result.workload.tokens_per_month == pytest.approx(730 * 3600 * 1000)
    assert result.workload.peak_requests_per_s == pytest.approx(1.0)
    rent = next(x for x in row(inputs, "one-gpu").lines if x.item == "GPU rent")
    assert rent.quantity == 730
