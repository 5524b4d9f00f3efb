"""`import tco`: the same answers as the commands, to the byte, and errors a program can catch."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import ROOT, clean, run

import tco
from tco.api import answers
from tco.errors import DataError, InfeasibleError, TcoError, UnknownNameError, UsageError

DAY = "2026-11-21"
A, B = "gpt-4.1", "self/llama-3.3-70b"
BOX = "box:kind=fixed,usd_per_month=5000"
Ask = Callable[[], Any]

MONTHS = str(Path(__file__).with_name("months.csv"))

SAME: dict[str, tuple[str, Ask]] = {
    "profile": (f"profile {MONTHS}", lambda: tco.profile(MONTHS, as_of=DAY)),
    "bill": (
        f"bill {MONTHS} --by team --invoice 5",
        lambda: tco.bill(MONTHS, by="team", invoice=5, as_of=date(2026, 11, 21)),
    ),
    "compare": (
        "compare --tokens 50B --cached 20% --set serving.headroom=90%",
        lambda: tco.compare(
            tokens=5e10, cached=0.2, set={"serving.headroom": "90%"}, as_of=date(2026, 11, 21)
        ),
    ),
    "compare-options": (
        f"compare --requests '20 req/s' --isl 3k --osl 500 --tier api,self --option {BOX}",
        lambda: tco.compare(
            requests="20 req/s",
            isl="3k",
            osl=np.int64(500),
            tier=["api", "self"],
            option={"name": "box", "kind": "fixed", "usd_per_month": 5000},
            as_of=DAY,
        ),
    ),
    "compare-volumes": ("compare --tier api", lambda: tco.compare(tier="api", as_of=DAY)),
    "breakeven": (
        f"breakeven {A} {B} --tokens 50B --growth 5%",
        lambda: tco.breakeven(A, B, tokens="50B", growth=0.05, as_of=DAY),
    ),
    "breakeven-table": (
        "breakeven --against gpt-4.1",
        lambda: tco.breakeven(against="gpt-4.1", as_of=DAY),
    ),
    "frontier": (
        "compare --tokens 50B --tier api --frontier",
        lambda: tco.compare(tokens="50B", tier="api", frontier=True, as_of=DAY),
    ),
    "breakeven-over": (
        f"breakeven {A} {B} --tokens 50B --over rent --range 1..4",
        lambda: tco.breakeven(A, B, tokens="50B", over="rent", range=(1, 4), as_of=DAY),
    ),
    "map": (
        f"breakeven --map volume:rent --tokens 50B --among {A},{B} --x 1B..1T:log5 --y 1..3:3",
        lambda: tco.breakeven(
            map="volume:rent",
            tokens="50B",
            among=[A, B],
            x="1B..1T:log5",
            y="1..3:3",
            as_of=DAY,
        ),
    ),
    "sensitivity": (
        f"sensitivity {A} {B} --tokens 50B --min-score mmlu=70",
        lambda: tco.sensitivity(A, B, tokens="50B", min_score={"mmlu": 70}, as_of=DAY),
    ),
    "grid": (
        f"sensitivity {A} {B} --tokens 20B --grid rent:peak",
        lambda: tco.sensitivity(A, B, tokens="20B", grid="rent:peak", as_of=DAY),
    ),
    "montecarlo": (
        f"sensitivity {A} {B} --tokens 20B --draws 2000 --seed 3 --vary rent.factor=0.7..1.5 "
        "--correlate rent.factor:price.api_factor=0.6",
        lambda: tco.sensitivity(
            A,
            B,
            tokens="20B",
            draws=2000,
            seed=3,
            vary={"rent.factor": (0.7, 1.5)},
            correlate={"rent.factor:price.api_factor": 0.6},
            as_of=datetime(2026, 11, 21, 9),  # noqa: DTZ001 - the day of it counts
        ),
    ),
    "what-if": (
        "sensitivity --tokens 50B --what-if 'api price x3' --what-if 'rent +30%'",
        lambda: tco.sensitivity(tokens="50B", what_if=["api price x3", "rent +30%"], as_of=DAY),
    ),
    "size": (
        "size llama-3.3-70b --gpu h100-sxm --gpus 2,4 --slo tpot=30ms --peak '20 req/s' "
        "--concurrency 64",
        lambda: tco.size(
            "llama-3.3-70b",
            gpu="h100-sxm",
            gpus="2,4",
            slo={"tpot": "30ms"},
            peak="20 req/s",
            concurrency=64,
            as_of=DAY,
        ),
    ),
    "plan": (
        "plan --tokens 500B --profile chat --model llama-3.3-70b --buy",
        lambda: tco.plan(tokens="500B", profile="chat", model="llama-3.3-70b", buy=True, as_of=DAY),
    ),
    "horizon": (
        f"horizon {A} {B} --tokens 1T --growth 2%",
        lambda: tco.horizon(A, B, tokens="1T", growth="2%", as_of=DAY),
    ),
    "train": (
        "train gpt-4.1 llama-3.3-70b --training-tokens 10M --epochs 2 --refresh '3 months' "
        "--method lora --within 24h --tokens 2B --purchase spot",
        lambda: tco.train(
            "gpt-4.1",
            "llama-3.3-70b",
            training_tokens=10e6,
            epochs=2,
            refresh="3 months",
            method=["lora"],
            within="24h",
            tokens="2B",
            purchase="spot",
            as_of=DAY,
        ),
    ),
    "embed": (
        "embed --corpus 10B --queries 5M --query-tokens 200 --params 0.6B --batch 100%",
        lambda: tco.embed(
            corpus="10B", queries=5e6, query_tokens=200, params="0.6B", batch=1.0, as_of=DAY
        ),
    ),
    "explain": (
        f"explain {B} --tokens 50B --fte 0.5 --purchase on_demand,spot --all",
        lambda: tco.explain(
            B, tokens="50B", fte=0.5, purchase=("on_demand", "spot"), all=True, as_of=DAY
        ),
    ),
}


def told(command: str, kind: str) -> str:
    """Return what a command writes."""
    import shlex

    done = run(*shlex.split(command), "--as-of", DAY, "--format", kind)
    assert done.exit_code == 0, done.stderr
    return str(done.stdout)


@cache
def answered(name: str) -> Any:
    """Return what a function answers; each is asked once, whichever test needs it."""
    return SAME[name][1]()


@pytest.mark.parametrize("name", SAME)
def test_a_function_answers_what_its_command_does(name: str) -> None:
    command, answer = SAME[name][0], answered(name)
    assert isinstance(answer, tco.Answer)
    assert answer.to_json() == told(command, "json")
    assert answer.to_csv() == told(command, "csv")
    assert answer.to_markdown() == told(command, "md")
    assert answer.to_text() == told(command, "table")
    assert answer.to_dict() == json.loads(answer.to_json())


def test_every_kind_of_answer_is_among_them() -> None:
    schemas = {answered(name).schema for name in SAME}
    kinds = {inspect.get_annotations(kind.__mro__[2])["schema"] for kind in answers.KINDS}
    assert {f"Literal['{schema}']" for schema in schemas} | {"Literal['tco.plan-portfolio/1']"} == {
        kind.replace('"', "'") for kind in kinds
    }


def test_a_scenario_file_with_tasks_is_a_portfolio(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(
        "version: 1\nrequests: 1M\ntasks:\n  - {name: all, share: 100%, isl: 900, osl: 100}\n",
        encoding="utf-8",
    )
    answer = tco.plan(file=file, as_of=DAY)
    assert isinstance(answer, answers.Portfolio)
    assert answer.to_json() == told(f"plan -f {file}", "json")


def test_a_scenario_file_is_read_and_keywords_beat_it(tmp_path: Path) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text("workload: {tokens: 5B}\nselect: {models: gpt-4.1}\n", encoding="utf-8")
    answer = tco.compare(file=file, tokens="2B", as_of=DAY)
    assert answer.workload.tokens_per_month == 2e9
    assert {option.model for option in answer.options} == {"gpt-4.1"}


def test_the_environment_says_nothing_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCO_TOKENS", "7B")
    monkeypatch.setenv("TCO_FILE", "/nowhere.yaml")
    assert tco.compare(tokens="2B", as_of=DAY).workload.tokens_per_month == 2e9


def test_a_curve_is_the_bill_at_every_volume() -> None:
    volumes = np.array([[1e9, 5e10], [2e11, 1e12]])
    usd = tco.curve(B, volumes, as_of=DAY)
    assert usd.shape == volumes.shape
    for at, total in zip(volumes.flat, usd.flat, strict=True):
        bill = tco.explain(B, tokens=at, as_of=DAY).option.monthly_usd
        assert bill == pytest.approx(total, rel=1e-12)


def test_rows_become_data_frames() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    answer = tco.compare(tokens="50B", as_of=DAY)
    rows = answer.to_dicts()
    assert [row["monthly_usd"] for row in rows] == [o.monthly_usd for o in answer.options]
    frame = answer.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(rows[0])
    lines = answer.to_polars()
    assert isinstance(lines, polars.DataFrame)
    assert lines["monthly_usd"].to_list() == [row["monthly_usd"] for row in rows]


@pytest.mark.parametrize(("method", "package"), [("to_pandas", "pandas"), ("to_polars", "polars")])
def test_a_package_that_is_missing_is_named(
    method: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    answer = tco.compare(tokens="50B", as_of=DAY)
    with pytest.raises(ImportError, match=rf"{method}\(\) needs {package}: pip install {package}"):
        getattr(answer, method)()


def test_a_notebook_shows_a_table_in_which_every_name_is_escaped() -> None:
    evil = {"name": "<script>alert(1)</script>", "kind": "fixed", "usd_per_month": 5}
    html = tco.compare(tokens="50B", option=evil, as_of=DAY)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert html.count("<table>") == html.count("</table>") == 1
    assert html.startswith("<div>")
    assert "note: " in html


@pytest.mark.parametrize("name", SAME)
def test_every_answer_shows_itself(name: str) -> None:
    answer = answered(name)
    assert str(answer) == getattr(answer, "verdict", str(answer)) != ""
    assert "\n" not in repr(answer)
    assert repr(answer).startswith(f"<{type(answer).__name__}, ")
    assert answer._repr_html_().endswith("</div>")
    for width in (60, 80, 100, 120, 200):
        # One id is never broken: it is there to be copied.
        lines = [x for x in answer.to_text(width).splitlines() if " " in x.strip()]
        assert max(len(line) for line in lines) <= width


ALIKE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "numpy": ({"tokens": np.float32(2**30)}, {"tokens": 2**30}),
    "no dimension": ({"tokens": np.array(5e9)}, {"tokens": "5B"}),
    "day": ({"as_of": np.datetime64("2026-11-20")}, {"as_of": "2026-11-20"}),
    "settings": (
        {"set": {"serving.redundancy": np.int64(2)}},
        {"set": "serving.redundancy=2"},
    ),
    "tokenizers": (
        {"tokenizer": {"gpt-4.1": 1.2, "gpt-5": np.float64(1.1)}},
        {"tokenizer": ["gpt-4.1=1.2", "gpt-5=1.1"]},
    ),
    "names": ({"model": ("gpt-4.1", "glm-5.2")}, {"model": "gpt-4.1,glm-5.2"}),
    "switch": ({"marketplaces": np.True_}, {"marketplaces": True}),
    "not said": ({"gpu": None, "set": None, "cached": None}, {}),
}


@pytest.mark.parametrize("name", ALIKE)
def test_values_of_python_say_what_texts_do(name: str) -> None:
    one, other = ({"tokens": "5B", "as_of": DAY, "model": "gpt-4.1", **s} for s in ALIKE[name])
    assert tco.compare(**one).to_json() == tco.compare(**other).to_json()


WRONG: dict[str, tuple[Ask, type[TcoError], str]] = {
    "keyword": (
        lambda: tco.compare(tokns="5B"),  # type: ignore[call-arg]
        UsageError,
        "compare: no option called 'tokns'; did you mean tokens",
    ),
    "keyword of another": (
        lambda: tco.compare(over="rent"),  # type: ignore[call-arg]
        UsageError,
        "compare: no option called 'over'",
    ),
    "not of size": (
        lambda: tco.size("llama-3.3-70b", fte=1),  # type: ignore[call-arg]
        UsageError,
        "size: no option called 'fte'",
    ),
    "not of train": (
        lambda: tco.train("gpt-4.1", training_tokens="5M", engine="tuned"),
        UsageError,
        "train: no option called 'engine'",
    ),
    "no training tokens": (
        lambda: tco.train("gpt-4.1"),
        UsageError,
        'for example training_tokens="100M"',
    ),
    "nothing to embed": (lambda: tco.embed(), UsageError, 'for example corpus="10B"'),
    "bought GPUs for a job": (
        lambda: tco.train("glm-5.2", training_tokens="5M", purchase="own"),
        UsageError,
        "purchase: own: jobs run on GPUs rented",
    ),
    "by its name": (
        lambda: tco.size(model="llama-3.3-70b"),  # type: ignore[call-arg]
        UsageError,
        "size: give model first, without its name",
    ),
    "quantity": (
        lambda: tco.compare(tokens="50m"),
        UsageError,
        "tokens: 50m: 'm' could mean milli or million; write 50M",
    ),
    "negative": (lambda: tco.compare(tokens=-1.0), UsageError, "tokens: -1.0: must not be neg"),
    "not a number": (lambda: tco.compare(tokens=float("nan")), UsageError, "tokens: nan"),
    "two volumes": (
        lambda: tco.compare(tokens=1e9, users=5),
        UsageError,
        "tokens and users say the same thing in two ways",
    ),
    "an array": (
        lambda: tco.compare(tokens=np.array([1e9, 2e9])),  # type: ignore[arg-type]
        UsageError,
        "a number is expected",
    ),
    "a number for a name": (
        lambda: tco.compare(tokens="5B", model=5),  # type: ignore[arg-type]
        UnknownNameError,
        "no model called '5'",
    ),
    "a number for a path": (
        lambda: tco.compare(tokens="5B", catalog=5),  # type: ignore[arg-type]
        UsageError,
        "catalog: 5 is not a path",
    ),
    "no volume": (
        lambda: tco.sensitivity(),
        UsageError,
        'how many tokens a month? for example tokens="50B"',
    ),
    "belongs": (
        lambda: tco.sensitivity(A, B, tokens="5B", seed=1),  # type: ignore[call-overload]
        UsageError,
        "seed belongs to draws",
    ),
    "what-if": (
        lambda: tco.sensitivity(tokens="5B", grid="rent:peak", what_if="rent +5%"),  # type: ignore[call-overload]
        UsageError,
        "grid and what_if ask different questions",
    ),
    "range": (
        lambda: tco.breakeven(A, B, tokens="5B", over="rent", range=(4, 1)),
        UsageError,
        "range: a range goes from low to high; write 1..4",
    ),
    "volumes": (lambda: tco.curve(A, [1e9, -1]), UsageError, "every volume must be a number"),
    "model": (
        lambda: tco.compare(tokens="5B", model="lama-3.3-70b"),
        UnknownNameError,
        "no model called 'lama-3.3-70b'; did you mean llama-3.3-70b",
    ),
    "file": (lambda: tco.compare(file="/nowhere/tco.yaml"), DataError, "/nowhere/tco.yaml"),
    "infeasible": (
        lambda: tco.compare(tokens="5B", model="llama-3.3-70b", tier="self", gpu="l4", gpus=1),
        InfeasibleError,
        "does not fit",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_an_exception_and_nothing_is_printed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ask, kind, text = WRONG[name]
    with pytest.raises(kind) as caught:
        ask()
    assert text in str(caught.value)
    assert "--" not in str(caught.value)
    assert capsys.readouterr() == ("", "")


def test_import_loads_next_to_nothing_and_the_library_no_command_line() -> None:
    script = (
        "import sys; import tco; print(sorted(m for m in sys.modules if m.startswith('tco')),"
        " 'numpy' in sys.modules); dir(tco); tco.compare; print([m for m in"
        " ('typer', 'rich', 'pydantic', 'yaml', 'tco.cli', 'pandas', 'mcp') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=clean({"PYTHONPATH": str(ROOT / "src")}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['tco'] False\n[]\n"


def test_the_public_names_are_these() -> None:
    assert dir(tco) == sorted(tco.__all__) == sorted({*tco._HOMES, "__version__"})
    for name in tco.__all__:
        assert getattr(tco, name) is not None
    tree = ast.parse(Path(tco.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tco")
        for alias in node.names
    }
    assert typed == tco._HOMES.keys()  # what a type checker sees is what there is
    with pytest.raises(AttributeError, match="'tco' has no attribute 'comapre'"):
        _ = tco.comapre  # type: ignore[attr-defined]


def test_help_lists_every_option() -> None:
    from tco.ask.options import BreakevenOptions, QuestionOptions, lacking

    names = [*QuestionOptions.__annotations__, *BreakevenOptions.__annotations__]
    assert list(inspect.signature(tco.breakeven).parameters) == ["a", "b", *names]
    for name in names:
        assert f"    {name}: " in str(tco.breakeven.__doc__)
    assert (
        not {*lacking("size")} - {"gpus", "model"} & inspect.signature(tco.size).parameters.keys()
    )
