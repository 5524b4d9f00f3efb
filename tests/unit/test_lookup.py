"""Prices and rents of a day, and the record that a typed name means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import shipped_catalog

from tco.catalog.hardware import Rent, Rental
from tco.catalog.load import Catalog, load_catalog
from tco.catalog.lookup import (
    age_days,
    boxes,
    find_gpu,
    find_model,
    find_offer,
    find_offers,
    find_provider,
    find_seller,
    next_change,
    price_at,
    rental_key,
    rents_at,
    retired,
    stale_after,
)
from tco.catalog.prices import Offer
from tco.errors import UnknownNameError, UsageError

BASE = Path(__file__).parents[1] / "broken" / "base"
CATALOG = load_catalog(data=BASE, cached=False)
LARGE = CATALOG.offers["acme/acme-large"]
RESOLD = CATALOG.offers["routy/acme-large"]
DAYS = st.dates(date(2025, 1, 1), date(2028, 1, 1))


def input_price(offer: Offer, day: date) -> float | None:
    price = price_at(offer, day, CATALOG.offers)
    return None if price is None else price.usd_per_mtok.input


@pytest.mark.parametrize(
    ("day", "usd"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), 3),
        (date(2026, 5, 31), 3),
        (date(2026, 6, 1), 2),
        (date(2026, 12, 1), 2),
        (date(2026, 12, 31), 2),
        (date(2027, 1, 1), 1),
        (date(2030, 1, 1), 1),
    ],
)
def test_a_price_holds_from_its_first_day_to_before_its_last(day: date, usd: float | None) -> None:
    assert input_price(LARGE, day) == usd


def test_a_cancelled_price_never_counts() -> None:
    only = LARGE.model_copy(update={"prices": [p for p in LARGE.prices if p.status == "cancelled"]})
    assert price_at(only, date(2026, 12, 24)) is None


def test_an_offer_without_prices_has_none_and_not_0() -> None:
    gone = Offer(provider="acme", model="acme-small", gone="withdrawn")
    assert price_at(gone, date(2026, 6, 1)) is None
    assert next_change(gone, date(2026, 6, 1)) is None


@given(day=DAYS)
def test_a_discount_is_its_factor_times_the_base_on_every_day(day: date) -> None:
    base, resold = input_price(LARGE, day), input_price(RESOLD, day)
    if date(2026, 3, 1) <= day < date(2027, 2, 1):
        assert base is not None
        assert resold == base * 0.5
    else:
        assert resold is None


def test_a_discount_applies_to_modifiers_and_brings_its_own_evidence() -> None:
    price = price_at(RESOLD, date(2026, 7, 1), CATALOG.offers)
    assert price is not None
    assert price.usd_per_mtok.model_dump(exclude_none=True) == {
        "input": 1, "cached_input": 0.25, "output": 4
    }  # fmt: skip
    batch, long = price.modifiers
    assert batch.multiply == 0.5
    assert long.usd_per_mtok is not None
    assert long.usd_per_mtok.output == 8
    assert (price.since, price.until) == (date(2026, 6, 1), date(2027, 2, 1))
    assert price.checked == date(2026, 10, 30)


def test_a_discount_without_the_offers_it_rests_on_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="offers are needed"):
        price_at(RESOLD, date(2026, 7, 1))
    assert price_at(RESOLD, date(2026, 7, 1), {}) is None


@pytest.mark.parametrize(
    ("offer", "day", "change"),
    [
        (LARGE, date(2025, 6, 1), (date(2026, 1, 1), 3)),
        (LARGE, date(2026, 1, 1), (date(2026, 6, 1), 2)),
        (LARGE, date(2026, 11, 21), (date(2027, 1, 1), 1)),
        (LARGE, date(2027, 1, 1), None),
        (RESOLD, date(2026, 11, 21), (date(2027, 1, 1), 0.5)),
        (RESOLD, date(2027, 1, 1), (date(2027, 2, 1), None)),
    ],
)
def test_the_next_change_is_a_day_and_the_price_from_then_on(
    offer: Offer, day: date, change: tuple[date, float | None] | None
) -> None:
    found = next_change(offer, day, CATALOG.offers)
    if change is None or found is None:
        assert found == change
        return
    turn, price = found
    assert (turn, price and price.usd_per_mtok.input) == change


@given(day=DAYS, offer=st.sampled_from([LARGE, RESOLD]))
def test_nothing_changes_before_the_next_change(day: date, offer: Offer) -> None:
    found = next_change(offer, day, CATALOG.offers)
    last = found[0] if found else date(2029, 1, 1)
    assert last > day
    assert input_price(offer, last - timedelta(days=1)) == input_price(offer, day)
    if found:
        assert input_price(offer, last) != input_price(offer, day)


def test_an_offer_still_answers_on_the_day_that_it_retires() -> None:
    assert not retired(LARGE, date(2027, 6, 30))
    assert retired(LARGE, date(2027, 7, 1))
    assert not retired(RESOLD, date(2099, 1, 1))


@pytest.mark.parametrize(
    ("day", "rents"),
    [
        (date(2025, 12, 31), []),
        (date(2026, 1, 1), [(2.99, None)]),
        (date(2026, 6, 30), [(2.99, None)]),
        (date(2026, 7, 1), [(2.49, None), (2.79, "eu")]),
        (date(2030, 1, 1), [(2.49, None), (2.79, "eu")]),
    ],
)
def test_rents_hold_by_region_and_the_last_open_one_holds_on(
    day: date, rents: list[tuple[float, str | None]]
) -> None:
    found = rents_at(CATALOG.hardware, day)
    assert [(rent.usd_per_gpu_hour, rent.region) for _, rent in found] == rents
    assert {rental.seller for rental, _ in found} <= {"lambda"}


def test_age_counts_from_the_day_a_figure_was_last_seen() -> None:
    rent = CATALOG.hardware.rentals[0].rents[1]
    assert isinstance(rent, Rent)
    assert age_days(rent, date(2026, 11, 21)) == 51
    assert age_days(rent, date(2026, 7, 2)) == 0
    assert stale_after("aggregator") < stale_after("rental") < stale_after("first_party")


@pytest.mark.parametrize(
    ("find", "name", "meant"),
    [
        (find_model, "acme-large", "acme-large"),
        (find_model, "Acme Large", "acme-large"),
        (find_model, "ACME_LARGE", "acme-large"),
        (find_model, "acme-l", "acme-large"),
        (find_model, "meta/llama-x-70b-instruct", "llama-x-70b"),
        (find_model, "llama", "llama-x-70b"),
        (find_gpu, "h100", "h100-sxm"),
        (find_gpu, "H200", "h200-sxm"),
        (find_gpu, "NVIDIA H200 SXM", "h200-sxm"),
        (find_provider, "Hostly AI", "hostly"),
        (find_seller, "LAMBDA", "lambda"),
        (find_gpu, "h100sxm", "h100-sxm"),
        (find_gpu, "NVIDIA H100SXM", "h100-sxm"),
    ],
)
def test_a_name_is_an_id_another_name_or_how_only_one_begins(
    find: Callable[[Catalog, str], str], name: str, meant: str
) -> None:
    assert find(CATALOG, name) == meant


def test_a_number_that_is_part_of_a_gpus_name_is_no_number_of_gpus() -> None:
    assert find_gpu(shipped_catalog(), "rtx4090") == "rtx-4090"
    with pytest.raises(UnknownNameError, match="no GPU called 'gtx1080'; did you mean"):
        find_gpu(shipped_catalog(), "gtx1080")
    with pytest.raises(UsageError, match="write --gpus 2 --gpu rtx-4090"):
        find_gpu(shipped_catalog(), "rtx4090 x2")


@pytest.mark.parametrize(
    ("find", "name", "line"),
    [
        (
            find_model,
            "acme",
            "model 'acme' could be any of 2: acme-large, acme-small; write one of them",
        ),
        (
            find_gpu,
            "h1oo",
            "no GPU called 'h1oo'; did you mean h100-sxm",
        ),
        (find_provider, "zzz\x1b", "no provider called 'zzz?'"),
        (
            find_model,
            "lama-x-70b",
            "no model called 'lama-x-70b'; did you mean llama-x-70b",
        ),
        (
            find_offer,
            "acme/acme",
            "model 'acme' could be any of 2: acme-large, acme-small; write one of them",
        ),
        (
            find_offer,
            "hostly/acme-large",
            "no offer called 'hostly/acme-large'; did you mean routy/acme-large, acme/acme-large",
        ),
    ],
)
def test_a_name_that_means_none_or_several_is_refused_with_candidates(
    find: Callable[[Catalog, str], object], name: str, line: str
) -> None:
    with pytest.raises(UnknownNameError) as refusal:
        find(CATALOG, name)
    assert str(refusal.value).startswith(line)


def test_a_model_alone_means_its_makers_offer() -> None:
    assert find_offer(CATALOG, "acme-large").id == "acme/acme-large"
    assert find_offer(CATALOG, "llama").id == "hostly/llama-x-70b"
    assert find_offer(CATALOG, "ROUTY/acme-large").id == "routy/acme-large"
    assert find_offer(CATALOG, "rou/acme-l").id == "routy/acme-large"


def test_offers_are_found_by_model_by_provider_or_both() -> None:
    assert [o.provider for o in find_offers(CATALOG, model="acme-large")] == ["acme", "routy"]
    assert [o.model for o in find_offers(CATALOG, provider="hostly")] == ["llama-x-70b"]
    assert find_offers(CATALOG, model="acme-large", provider="hostly") == []
    assert len(find_offers(CATALOG)) == 3


@given(name=st.text(max_size=40))
def test_any_text_is_a_name_or_one_clean_line(name: str) -> None:
    for find in (find_model, find_gpu, find_provider, find_seller, find_offer):
        try:
            find(CATALOG, name)
        except UnknownNameError as error:
            assert str(error).isprintable()


def rental(gpus: int, usd: float, **more: object) -> Rental:
    rent = {"since": date(2026, 9, 1), "checked": date(2026, 9, 1), "usd_per_gpu_hour": usd}
    known = {"seller": "s", "gpu": "g", "option": "on_demand", "gpus": gpus}
    return Rental.model_validate({**known, "rents": [{**rent, "source": "x"}], **more})


@pytest.mark.parametrize(
    ("rentals", "names", "sized"),
    [
        ([rental(1, 4.0)], [""], [False]),
        ([rental(1, 4.0, instance="p5.4xlarge")], [""], [True]),
        ([rental(1, 4.0), rental(8, 4.0)], ["1x", "8x"], [False, False]),
        ([rental(1, 4.3), rental(8, 4.0)], ["1x", "8x"], [True, True]),
        ([rental(8, 4.3, instance="A"), rental(8, 4.0, instance="b")], ["a", "b"], [True, True]),
        ([rental(1, 4.0), rental(8, 3.0, option="spot")], ["", ""], [False, False]),
    ],
)
def test_boxes_have_names_where_there_are_several(
    rentals: list[Rental], names: list[str], sized: list[bool]
) -> None:
    found = boxes(CATALOG.hardware.model_copy(update={"rentals": rentals}))
    told = [found[rental_key(one)] for one in rentals]
    assert told == [*zip(names, sized, strict=True)]
