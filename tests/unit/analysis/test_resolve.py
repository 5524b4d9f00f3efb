"""What a typed name is taken to mean, and what a selection lets through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.results import OptionResult
from tco.catalog.load import Catalog
from tco.engine.ledger import total_usd
from tco.errors import DataError, InfeasibleError, UsageError
from tco.options.bills import SelfOption, lines
from tco.options.cheapest import cheapest_of, rank_of
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.scenario import InlineOption

Asked = Callable[..., Question]

FULL = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand_4x"


@pytest.mark.parametrize(
    ("name", "meant", "said"),
    [
        ("openai/gpt-4.1", "openai/gpt-4.1", ""),
        ("gpt-4.1", "openai/gpt-4.1", "its maker of"),
        ("GPT-4.1", "openai/gpt-4.1", "its maker of"),
        ("deepinfra/llama-3.3-70b", "deepinfra/llama-3.3-70b", ""),
        (FULL, FULL, ""),
        ("self/llama-3.3-70b@2xh100-sxm:fp8/lambda", FULL, f"is {FULL}"),
        ("self/llama-3.3-70b@2xh100/lambda:on_demand", FULL, "the best of"),
    ],
)
def test_a_name_means_one_option_and_a_short_one_is_said(
    name: str, meant: str, said: str, asked: Asked
) -> None:
    found = resolve(name, asked(tokens=50e9))
    assert found.best.id == meant
    assert (said in found.meant[0]) if said else not found.meant


def test_every_id_of_a_comparison_means_itself(asked: Asked) -> None:
    inputs = asked(tokens=50e9)
    rows = [r for r in compare(inputs).options if r.feasible]
    assert len(rows) > 20
    for row in rows:
        found = resolve(row.id, inputs)
        assert (found.best.id, found.meant) == (row.id, ())
        usd = float(np.asarray(total_usd(lines(found.best, inputs.settings))))
        assert usd == pytest.approx(row.monthly_usd)


def test_an_open_model_alone_means_its_cheapest_host(asked: Asked) -> None:
    inputs = asked(tokens=50e9)
    found = resolve("llama-3.3-70b", inputs).best
    models = asked(tokens=50e9, models=("llama-3.3-70b",), tiers=("hosted",))
    assert found.id == compare(models).best


def test_a_model_on_own_gpus_means_its_cheapest_setup_at_the_volume(asked: Asked) -> None:
    for tokens in (1e9, 50e9, 5e12):
        inputs = asked(tokens=tokens)
        found = resolve("self/llama-3.3-70b", inputs).best
        every = compare(asked(tokens=tokens, models=("llama-3.3-70b",), all_setups=True)).options
        cheapest = cheapest_of([r for r in every if r.tier == "self"], rank_of("medium"))
        assert cheapest is not None
        assert float(np.asarray(total_usd(lines(found, inputs.settings)))) == pytest.approx(
            cheapest.monthly_usd
        )


def test_without_a_volume_the_first_setup_to_break_even_is_taken_and_said(asked: Asked) -> None:
    answer = breakeven(asked(), "openai/gpt-4.1", "self/llama-3.3-70b")
    assert any(answer.b in text for text in answer.resolved)
    others = resolve("self/llama-3.3-70b", asked()).options
    assert len(others) > 1
    firsts = [breakeven(asked(), "openai/gpt-4.1", o.id).first for o in others]
    assert answer.first == min(f for f in firsts if f is not None)


def test_names_do_not_depend_on_the_filters_of_the_request(asked: Asked) -> None:
    inputs = asked(tokens=1e9, models=("gpt-4.1",), tiers=("api",), licenses=("proprietary",))
    assert resolve("deepinfra/llama-3.3-70b", inputs).best.tier == "hosted"
    assert resolve(FULL, inputs).best.tier == "self"


def test_a_described_option_goes_by_its_name(asked: Asked) -> None:
    spec = InlineOption(
        name="gpt-4.1", kind="api", source="--option", input=1.0, output=2.0, model="gpt-4.1"
    )
    inputs = asked(tokens=1e9, options=(spec,))
    assert resolve("gpt-4.1", inputs).best.provider == "given"
    assert resolve("openai/gpt-4.1", inputs).best.provider == "openai"


def own(**fields: Any) -> InlineOption:
    base = {"name": "mine", "kind": "self", "source": "--option", "usd_per_gpu_hour": 2.0}
    return InlineOption(**{**base, **fields})  # type: ignore[arg-type]


def test_a_described_setup_is_sized_like_one_of_the_catalog(asked: Asked) -> None:
    spec = own(model="llama-3.3-70b", gpu="h100-sxm", gpus=2, precision="fp8", instance_gpus=1)
    inputs = asked(tokens=50e9, options=(spec,))
    mine, theirs = resolve("mine", inputs).best, resolve(FULL, inputs).best
    assert isinstance(mine, SelfOption)
    assert isinstance(theirs, SelfOption)
    assert mine.shape == theirs.shape
    a, b = (explain(inputs, name).option for name in ("mine", FULL))
    assert (a.replica, a.replicas) == (b.replica, b.replicas)


BAD_OPTIONS: list[tuple[InlineOption, type[Exception], str]] = [
    (own(), UsageError, "'mine' of kind self needs gpus"),
    (own(gpus=2), UsageError, "needs model and gpu"),
    (own(gpus=2, model="llama-3.3-70b"), UsageError, "needs gpu"),
    (own(gpus=0, tokens_per_s=5.0), UsageError, "gpus is 0, must be more than 0"),
    (own(gpus=1, tokens_per_s=0.0), UsageError, "tokens_per_s is 0, must be more than 0"),
    (own(gpus=1, tokens_per_s=5.0, instance_gpus=0), UsageError, "instance_gpus is 0"),
    (own(gpus=1, tokens_per_s=5.0, output_tokens_per_s=5.0), UsageError, "not both"),
    (own(gpus=1, tokens_per_s=float("nan")), UsageError, "tokens_per_s is nan"),
    (own(gpus=1, tokens_per_s=float("inf")), UsageError, "tokens_per_s is inf"),
    (own(gpus=2, model="lama-3.3-70b", gpu="h100-sxm"), DataError, "did you mean llama-3.3-70b"),
    (own(gpus=2, model="llama-3.3-70b", gpu="x100"), DataError, "no GPU called 'x100'"),
    (
        own(gpus=2, model="llama-3.3-70b", gpu="h100-sxm", precision="fp7"),
        DataError,
        "--option: no precision called 'fp7'; did you mean fp8",
    ),
    (own(gpus=3, model="llama-3.3-70b", gpu="h100-sxm"), InfeasibleError, "cannot be cut over 3x"),
    (
        InlineOption(name="x", kind="fixed", source="s"),
        UsageError,
        "s: 'x' of kind fixed needs usd_per_month",
    ),
    (
        InlineOption(name="x", kind="fixed", source="s", usd_per_month=1.0, tokens_per_month=0.0),
        UsageError,
        "capacity is 0, must be more than 0",
    ),
    (
        InlineOption(name="x", kind="fixed", source="s", usd_per_month=-1.0),
        UsageError,
        "usd_per_month is -1, must be 0 or more",
    ),
    (InlineOption(name="x", kind="api", source="s", input=1.0), UsageError, "needs output"),
    (
        InlineOption(name="x", kind="api", source="s", input=1.0, output=1.0, batch_discount=1.0),
        UsageError,
        "a share from 0 to below 1",
    ),
    (
        InlineOption(name="x", kind="api", source="s", input=1.0, output=1.0, model="gpt-x"),
        DataError,
        "no model called 'gpt-x'",
    ),
]


@pytest.mark.parametrize(("spec", "kind", "words"), BAD_OPTIONS, ids=lambda v: str(v)[-50:])
def test_a_description_that_cannot_be_is_refused_in_one_line(
    spec: InlineOption, kind: type[Exception], words: str, asked: Asked
) -> None:
    with pytest.raises(kind) as error:
        compare(asked(tokens=1e9, options=(spec,)))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def rows(asked: Asked, **fields: Any) -> list[OptionResult]:
    return [r for r in compare(asked(tokens=50e9, **fields)).options if r.feasible]


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({"tiers": ("api",)}, lambda r: r.tier == "api"),
        ({"tiers": ("hosted", "self")}, lambda r: r.tier != "api"),
        ({"private": True}, lambda r: r.tier == "self"),
        ({"models": ("llama-3.3-70b",)}, lambda r: r.model == "llama-3.3-70b"),
        ({"providers": ("openai",)}, lambda r: r.provider == "openai"),
        ({"gpus": ("h100-sxm",), "tiers": ("self",)}, lambda r: r.hardware.endswith("xh100-sxm")),
        ({"gpu_count": 4, "tiers": ("self",)}, lambda r: r.hardware.startswith("4x")),
        ({"sellers": ("lambda",), "tiers": ("self",)}, lambda r: r.provider == "lambda"),
        ({"precisions": ("int4",), "tiers": ("self",)}, lambda r: ":int4/" in r.id),
        ({"purchases": ("spot",), "tiers": ("self",)}, lambda r: ":spot" in r.id),
    ],
    ids=lambda v: "" if callable(v) else str(v),
)
def test_a_filter_lets_only_its_own_through(
    fields: dict[str, Any], holds: Callable[[OptionResult], bool], asked: Asked
) -> None:
    found = rows(asked, **fields)
    assert found
    assert all(holds(r) for r in found)


def test_licences_and_scores_filter_models(asked: Asked, catalog: Catalog) -> None:
    models = catalog.models.models
    permissive = {r.model for r in rows(asked, licenses=("permissive",), tiers=("hosted",))}
    assert permissive
    assert all((k := models[m].license) and k.kind == "permissive" for m in permissive)
    good = {r.model for r in rows(asked, min_score=("mmlu", 88.0))}
    assert good
    for name in good:
        assert any(s.benchmark == "mmlu" and s.value >= 88 for s in models[name].scores)


def test_marketplaces_are_left_out_until_asked_for(asked: Asked, catalog: Catalog) -> None:
    sellers = catalog.hardware.sellers
    plain, more = (
        {
            r.provider
            for r in rows(
                asked, models=("llama-3.1-8b",), tiers=("self",), all_setups=True, **extra
            )
        }
        for extra in ({}, {"marketplaces": True})
    )
    assert not any(sellers[s].kind == "marketplace" for s in plain)
    assert plain < more


def test_private_contradicts_other_tiers(asked: Asked) -> None:
    with pytest.raises(UsageError, match=r"--private .* needs --tier self"):
        compare(asked(tokens=1e9, private=True, tiers=("api",)))


def test_a_selection_that_lets_nothing_through_says_what_to_loosen(asked: Asked) -> None:
    with pytest.raises(InfeasibleError, match="loosen --model, --provider"):
        compare(asked(tokens=1e9, models=("gpt-4.1",), providers=("deepinfra",)))


def test_at_a_volume_a_short_name_means_the_set_up_that_is_cheapest_there(asked: Asked) -> None:
    inputs = asked(tokens=73.6e9, profile="chat", min_trust="low")
    answer = breakeven(inputs, "gpt-4.1", "self/llama-3.3-70b")
    assert answer.b == resolve("self/llama-3.3-70b", inputs).best.id
    assert any(answer.b in said for said in answer.resolved)
