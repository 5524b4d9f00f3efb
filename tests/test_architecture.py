"""The floors of the house: imports go down only, what must be pure is pure, rooms are small."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest
from running import clean

import tco

PACKAGE = Path(tco.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    "errors money records units ranges",
    "catalog",
    "engine",
    "options",
    "analysis",
    "usage",
    "ask",
    "render",
    "api",
    "cli __main__",
]
FLOOR = {name: i for i, names in enumerate(FLOORS) for name in names.split()}

PURE = ("engine", "options", "analysis")
IMPURE = {"os", "pathlib", "yaml", "rich", "typer", "time", "random", "logging", "sys", "io"}
DISK_FREE_CATALOG = "tco.catalog.load"

MOST_LINES = 600
MOST_MODULES = 25
MOST_LINES_OF_A_FUNCTION = 40
MOST_MODULES_OF_COMPARE = 50
FEWEST_FIELDS = 4  # of types that are held against each other

MOST_ROOMS = 233  # modules with code
MOST_TYPES = 396  # to be 250: classes that declare fields
NEW = {
    "tuning by memory and speed, seats": 853,
    "logs in a warehouse": 926,
    "sessions of agents on own GPUs, and their bills at providers": 1_660,
    "idle watts, prices of own tokens, first tokens in a queue": 797,
    "local runners of several slots, versions of engines": 106,
    "what QLoRA leaves unpacked": 21,
    "records that are quick to define, catalogs compiled into the wheel": 300,
    "answers that work out whole only what they show, catalogs that are read by and by": 140,
    "sizes that cannot end are refused with what is possible": 20,
    "percentiles of the first token as limits, and of sessions; seats that grow, pools": 345,
    "a page of a bill": 58,
    "rates that drift or clump within their hour": 56,
    "GPUs that are described hold sessions, keys by their money": 63,
    "no cache, or one of what sessions share, where writes cost extra": 74,
    "CSV of the providers' consoles, tables of requests told from totals": 403,
    "hybrids whose rate varies within its hour": 109,
    "tables whose lines are torn, too long, cut off, in a document or piped": 191,
    "promised first tokens of many cases at once, what a break-even of seats varies": 88,
    "what the user described on the screen, fleets in a short list, decimal commas": 50,
    "what llama.cpp makes of rows and of mixtures": 56,
    "measurements that are far from the model": 37,
    "tasks of agents, of users and with a deadline in a portfolio": 51,
    "requests of logs counted by time in arrays": 231,
    "regions by their providers' names in bills of logs, tiers without a price told": 19,
    "thinking that spans of ADK count twice": 14,
    "own GPUs that cannot be had, models named in training, figures told apart, keys in errors": 31,
    "many cases at once: bills, draws and pairs without what is none or the same": 186,
    "tables as people write them, records in other logs, streams, routes of hosts": 688,
    "limits held at the speed that is said, bands without an end, settings that move nothing": 51,
    "chains of spans, batch output of clouds, joined lines, sheets of llama-bench": 336,
    "packed CSV unpacked once, long lines seen meanwhile; repeated ids found by sorting": 66,
    "calls that two libraries trace side by side": 75,
    "how much of a bill is engineers, settings that move neither of two options": 20,
    "own hours of a load where some waits, tasks with own logs and hours, unsure hosts told": 62,
    "raw streams, and streams of several calls at once": 188,
    "web searches in logs and beside bills, LiteLLM's tiers, lines joined anywhere": 77,
    "scrapes of several servers and of Prometheus, tables of buckets, dates of sheets": 168,
    "pages of reports that follow one another": 29,
    "runs and cards of benchmarks that are not what their names say": 170,
    "llama-batched-bench, answers of Ollama, files that do not say enough": 84,
    "rents of a whole machine": 28,
    "replicas at the ends of their bands sized in one call, members of records listed once": 59,
    "lists in other money, tiers that cannot be meant, offers without half of a price": 60,
    "what compaction and advisors of Claude take": 43,
    "sparse attention whose choice layers share": 30,
    "turns that look at every set-up, searched again where it turns": 33 + 150,
    "bills that no value asks for twice, replicas known by what they hang on": 40,
    "what a few requests gain of a faster memory": 22,
    "streams named only where they begin, sheets by other steps than days and hours": 36,
    "scrapes of one server of vLLM told from those of several": 62,
    "logs of Portkey and Cloudflare, what a proxy's own cache answered": 229,
    "times of single requests as people write them": 134,
    "runs of LangSmith, spans in tables, usage of Vercel's AI SDK and of the Realtime API": 115,
    "compaction in Bedrock's logs, lines of forks, the nearest name of an unknown model": 55,
    "buckets whose ends are last days, what makes rows buckets": 60,
    "events after the end of a stream, ids that differ in every line": 52,
    "what questions of one catalog share, sessions kept together, JSON, readings of claims": 164,
    "routers at the hours of their tasks, odd spot rents, prices of a thousand tokens": 17,
    "profiles looked up from where a file lies": 17,
    "experts that every file keeps as published": 12,
    "promised first tokens over the volume: fleets of each size": 118,
    "what is paid by a key of one's own at OpenRouter, thoughts beside the answer": 25,
    "profile files whose rows do not fit their columns": 16,
    "servers deployed as they were billed (90), batches where they cost less, jobs with parts that "
    "nobody knows, replicas for what is asked at once, tiers that lists leave out": 230,
    "whether input of own logs has what was cached, writes by lifetime, LiteLLM's own logs": 256,
    "what a warehouse's proxy cache answered, streams that broke off, commas that are either": 78,
    "spans of Jaeger and Tempo, counters of SGLang": 61,
    "first tokens of clumped loads: own mates, two waits, prompts of who waited": 21,
    "later rows that contradict the first ones, usage of several APIs in one log": 340,
    "logs of other tools refused with what reads them": 67,
}
"""Lines that new abilities have brought."""
MOST_LINES_IN_ALL = 68_150 + sum(NEW.values())
"""What the whole house has at most: these only shrink, but for what a new ability names."""

MACHINERY = {"asked", "said", "told", "stairs", "bring", "world", "pictures"}
"""Words of no field: functions, parameters and fields of records are not called after them."""
PUBLISHED = {
    "analysis/plan/results.py said",
    "analysis/portfolio/results.py asked",
    "analysis/portfolio/solve.py asked",
    "analysis/results.py asked",
}
"""Fields that are, because answers in JSON have them: this list only shrinks."""

TWICE: set[str] = set()
"""Names of public types with two homes: this list only shrinks."""

NEAR_TWINS = {
    "AssumptionResult ConfigRow": "published apart: by the path of a setting; by the key of a file",
    "AssumptionResult Setting": "as written, flat; and in use, with its range and arrays",
    "Assumption Setting": "a row of assumptions.yaml; and what a question makes of it",
    "BenchReading Measurement": "a file may leave anything out; a row of the table may not",
    "BillLine Line": "one number each, as written; and arrays with a spread, as worked out",
    "BillAsk BillOptions": "what is asked; and the flags that say it, as every command has them",
    "BreakevenOver BreakevenResult": "published apart: members in other orders, and of other kinds",
    "CapacityPrice Discount": "a price by the hour; and a factor on a price of another's",
    "ComparedBill LeftOut": "what differs is what they are for: a bill; and why there is none",
    "Condition MapAxis": "published apart: spans in which a rule holds; and values of an axis",
    "FixedOption ProvisionedOption": "at a price for the month; and by the unit, as the load asks",
    "OptionRisk WhatIfRow": "published apart: `usd` is a distribution; and a bill a what-if",
    "OtherPrice Retirement": "published apart: a price; and a day",
}
"""Public types that share two thirds of their fields, and why they are two: it only shrinks."""


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("tco", *parts))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return what a module imports, and whether only a type checker sees it."""
    found = []
    tree = tree_of(path)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, id(node) in typing_only))
    return found


def floor_of(module: str) -> int | None:
    parts = module.split(".")
    return FLOOR.get(parts[1]) if len(parts) > 1 and parts[0] == "tco" else None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_go_down(path: Path) -> None:
    here = floor_of(name_of(path))
    for module, _ in imports(path):
        there = floor_of(module)
        if here is not None and there is not None:
            assert there <= here, f"{name_of(path)} imports {module}, which is a floor above"


def test_every_room_is_on_a_floor() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert rooms == {*FLOOR, "__init__"}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if name_of(p).split(".")[1] in PURE], ids=name_of
)
def test_formulas_options_and_questions_touch_nothing_outside(path: Path) -> None:
    for module, typing_only in imports(path):
        assert module.split(".")[0] not in IMPURE, f"{name_of(path)} imports {module}"
        reads_disk = module == DISK_FREE_CATALOG and not typing_only
        assert not reads_disk, f"{name_of(path)} loads the catalog itself"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_of_a_size(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{name_of(path)} has {lines} lines: is it one room or two?"


def test_folders_stay_of_a_size() -> None:
    rooms = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    full = {str(folder.relative_to(PACKAGE)) for folder, n in rooms.items() if n > MOST_MODULES}
    assert not full, f"more than {MOST_MODULES} modules: {full}"


def test_the_house_does_not_grow() -> None:
    trees = [tree_of(path) for path in MODULES]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES)
    rooms = sum(any(not _is_text(node) for node in tree.body) for tree in trees)
    types = [
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(inner, ast.AnnAssign) for inner in node.body)
    ]
    assert lines <= MOST_LINES_IN_ALL
    assert rooms <= MOST_ROOMS
    assert len(types) <= MOST_TYPES


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_functions_stay_short() -> None:
    long = {
        f"{path.relative_to(PACKAGE).as_posix()} {node.name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _lines_of_code(node) > MOST_LINES_OF_A_FUNCTION
    }
    assert not long


def _lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function, without its docstring."""
    assert node.end_lineno is not None
    first = node.body[0]
    told = 0
    if ast.get_docstring(node) is not None:
        assert first.end_lineno is not None
        told = first.end_lineno - first.lineno + 1
    return node.end_lineno - node.lineno + 1 - told


def test_names_are_those_of_the_field() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()} {name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        for name in _named(node)
        if MACHINERY & set(name.strip("_").split("_"))
    }
    assert found == PUBLISHED


def _named(node: ast.AST) -> list[str]:
    """Return the names that a node gives a function, its parameters or the fields of a record."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        args = node.args
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        return [node.name, *(arg.arg for arg in named if arg is not None)]
    if isinstance(node, ast.ClassDef):
        fields = (one.target for one in node.body if isinstance(one, ast.AnnAssign))
        return [node.name, *(field.id for field in fields if isinstance(field, ast.Name))]
    return []


def test_a_public_type_has_one_home() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name_of(path))
    twice = {name for name, places in homes.items() if len(places) > 1}
    assert twice == TWICE, {name: homes[name] for name in twice ^ TWICE}


def test_what_shares_most_of_its_fields_is_one_type() -> None:
    fields: dict[str, set[str]] = {}
    for path in MODULES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named = (one.target for one in node.body if isinstance(one, ast.AnnAssign))
                fields[node.name] = {t.id for t in named if isinstance(t, ast.Name)}
    twins = {
        f"{a} {b}"
        for a, b in combinations(sorted(fields), 2)
        if (most := max(len(fields[a]), len(fields[b]))) >= FEWEST_FIELDS
        and len(fields[a] & fields[b]) >= most * 2 / 3
    }
    assert twins == NEAR_TWINS.keys(), twins ^ NEAR_TWINS.keys()


def test_there_is_no_circle_of_imports() -> None:
    names = {name_of(path).removesuffix(".__init__"): path for path in MODULES}
    needs = {name: _needed_to_load(path, names) for name, path in names.items()}
    while free := {name for name, others in needs.items() if not others & needs.keys()}:
        needs = {name: others for name, others in needs.items() if name not in free}
    assert not needs, f"in a circle, or behind one: {sorted(needs)}"


def _needed_to_load(path: Path, names: dict[str, Path]) -> set[str]:
    """Return which of our modules have to be loaded before this one is."""
    found: set[str] = set()
    waiting: list[ast.AST] = [*tree_of(path).body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module in names:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in names else str(node.module))
        waiting += ast.iter_child_nodes(node)
    return found - {name_of(path).removesuffix(".__init__")}


def test_a_comparison_goes_through_few_rooms(tmp_path: Path) -> None:
    # Once to compile the catalogs, once to count
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", COUNTED],
            env={**clean({"TCO_CACHE_DIR": str(tmp_path)}), "PYTHONPATH": str(PACKAGE.parent)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    rooms = done.stdout.split()
    assert "tco/analysis/compare.py" in rooms
    assert len(rooms) <= MOST_MODULES_OF_COMPARE, rooms


COUNTED = """
import contextlib, io, sys
rooms = set()
def seen(frame, event, arg):
    file = frame.f_code.co_filename.replace("\\\\", "/")
    if event == "call" and "/src/tco/" in file and frame.f_code.co_name != "<module>":
        rooms.add("tco/" + file.rpartition("/src/tco/")[2])
from tco.cli.app import app
sys.setprofile(seen)
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    app(["compare", "--tokens", "50B", "--as-of", "2026-11-21"], prog_name="tco")
sys.setprofile(None)
print(*sorted(rooms), sep="\\n")
"""
"""A command that prints the modules whose functions run in a comparison."""


def test_the_command_line_prints_and_nothing_else_does() -> None:
    for path in MODULES:
        if name_of(path).split(".")[1] in {"cli", "__main__"}:
            continue
        calls = [
            node.lineno
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ]
        assert not calls, f"{name_of(path)} prints at lines {calls}"
