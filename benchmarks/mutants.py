"""How many slips in the formulas the tests notice.

    python benchmarks/mutants.py --count 500            # drawn with a seed from the commit's hash
    python benchmarks/mutants.py --seed 7 --module engine/fleet.py --show

A mutant is one operator, comparison, number or function of the source changed: `+` to `-`, `<` to
`<=`, `2.0` to `3.0`, `np.maximum` to `np.minimum`, `and` to `or`, a condition to its opposite.
Sites are drawn over all modules, each as likely as any other. A mutant's code is put into the
functions of a process that is forked from one which has loaded everything. The cases of
`tests/figures` and the tests of `QUICK` that call the function, quick ones that call little else
first and for `ALL_S` at most, run in it until one fails; that kills the mutant, as an error does,
or 30 seconds of CPU. Cases that fail with nothing changed are named and left out first.
Laws over random inputs run with a few examples, the same each time. With `--wider` what lives meets
the test files that name its module or function. What lives then is listed;
`equivalent_mutants.txt` says of some why nothing can notice them: those count as survivors all the
same, and the share without them is said beside.
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import importlib
import inspect
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT)]
PACKAGE = ROOT / "src" / "tco"
MODULES = (
    *sorted(f"engine/{p.name}" for p in (PACKAGE / "engine").glob("[a-z]*.py")),
    *(f"options/{name}.py" for name in ("bills", "curves")),
    *(f"options/{name}.py" for name in ("caching", "cheapest", "hours", "machines", "prices")),
    *(f"options/{name}.py" for name in ("provisioned", "sessions")),
    "units.py",
)
"""Formulas, and the options' bills and curves with what they call."""

QUICK = (
    *("unit/engine", "unit/options", "unit/test_capacity.py", "unit/test_memory.py"),
    *(
        "unit/test_units.py",
        "unit/test_units_by_hand.py",
        "unit/test_validate.py",
        "rules/test_prices.py",
        "rules/test_lifetimes.py",
    ),
    *("rules/test_waiting.py", "plan/test_assign.py", "plan/test_hybrid.py"),
    *("uncertainty/test_spreads.py", "laws", "differential/test_capacity.py"),
    *("differential/test_cash.py", "differential/test_draws.py"),
)
"""Folders and files of tests that are run as functions: those that take no more than `MOST_S`."""

MOST_S = 1.0
ALL_S = 10.0
"""What the cases of one mutant may take together: the slowest of many are left out [s]."""
EXAMPLES = 10
"""Inputs that a law is held against."""
WIDER = ("unit", "rules", "laws", "bill", "plan", "size", "differential")
"""Folders of tests that what lives meets, where a file names its module or function."""

WIDER_CPU_S, CONTROL_CPU_S = 300, 1_200
FORMULAS = ("tco.engine", "tco.options", "tco.units")
NOT_PUT_IN = "not put in"
CPU_S = 30
"""What a mutant may take before it counts as killed: it never ends, or nearly so [s]."""

EQUIVALENT = ROOT / "benchmarks" / "equivalent_mutants.txt"
"""`module | function | line of the source | change | why nothing can notice it`."""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "min": "max",
    "ceil": "floor",
    "floor": "ceil",
    "argmin": "argmax",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
    "cumsum": "cumprod",
    "greater": "less",
    "log": "exp",
    "exp": "log",
    "sqrt": "square",
}


class Site(NamedTuple):
    """One change: where, in which function, and what becomes what."""

    module: str
    function: str
    line: int
    number: int
    change: str


class Places(ast.NodeVisitor):
    """Finds the sites of a module, or makes the change at one of them."""

    def __init__(self, wanted: int = -1) -> None:
        """Look for all of them, or change the one of that number."""
        self.found: list[tuple[str, int, str]] = []
        self.wanted = wanted
        self._where: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Go into a function, but for its annotations and what is said of it."""
        self._where.append(node.name)
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        for statement in node.body:
            self.visit(statement)
        self._where.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Go into the functions of a class."""
        self._where.append(node.name)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                self.visit(statement)
        self._where.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Leave the annotation out."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave the words of errors out."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave words out."""

    def _site(self, line: int, change: str) -> bool:
        if not self._where:
            return False  # a table of the module, not a formula
        self.found.append((".".join(self._where), line, change))
        return len(self.found) - 1 == self.wanted

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Swap an operator."""
        self._swap(node, "op", node.lineno)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Swap the operator of `+=`."""
        self._swap(node, "op", node.lineno)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Swap `and` and `or`."""
        self._swap(node, "op", node.lineno)
        self.generic_visit(node)

    def _swap(self, node: ast.AST, field: str, line: int) -> None:
        old = getattr(node, field)
        new = SWAPS.get(type(old))
        if new and self._site(line, f"{type(old).__name__} to {new.__name__}"):
            setattr(node, field, new())

    def visit_Compare(self, node: ast.Compare) -> None:
        """Swap a comparison."""
        for place, old in enumerate(node.ops):
            new = SWAPS.get(type(old))
            if new and self._site(node.lineno, f"{type(old).__name__} to {new.__name__}"):
                node.ops[place] = new()  # type: ignore[call-overload]
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Drop a sign or a negation."""
        if isinstance(node.op, ast.Not | ast.USub | ast.Invert):
            plain = ast.copy_location(ast.UnaryOp(ast.UAdd(), node.operand), node)
            what = type(node.op).__name__
            if self._site(node.lineno, f"{what} dropped"):
                node.op = ast.UAdd() if what != "Not" else ast.Not()
                if what == "Not":
                    node.operand = ast.copy_location(ast.UnaryOp(ast.Not(), node.operand), node)
            del plain
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Add one to a number, or turn a truth round."""
        value = node.value
        if isinstance(value, bool):
            if self._site(node.lineno, f"{value} to {not value}"):
                node.value = not value
        elif isinstance(value, int | float) and self._site(node.lineno, f"{value} to {value + 1}"):
            node.value = value + 1

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Swap a function of numpy."""
        if node.attr in NAMES and self._site(node.lineno, f"{node.attr} to {NAMES[node.attr]}"):
            node.attr = NAMES[node.attr]
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """Swap `min` and `max`."""
        if node.id in ("min", "max") and self._site(node.lineno, f"{node.id} swapped"):
            node.id = NAMES[node.id]

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Turn a condition round."""
        self._round(node)

    def visit_If(self, node: ast.If) -> None:
        """Turn a condition round."""
        self._round(node)

    def _round(self, node: ast.If | ast.IfExp) -> None:
        self.generic_visit(node)
        if self._site(node.lineno, "condition turned round"):
            node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)


def sites(module: str) -> Iterator[Site]:
    """Yield every change of a module."""
    places = Places()
    places.visit(ast.parse((PACKAGE / module).read_text(encoding="utf-8")))
    for number, (function, line, change) in enumerate(places.found):
        yield Site(module, function, line, number, change)


def put_in(site: Site) -> None:
    """Give the functions of this process the code of a mutant.

    Raises:
        LookupError: No function of that name is there to be changed.
    """
    tree = ast.parse((PACKAGE / site.module).read_text(encoding="utf-8"))
    Places(site.number).visit(tree)
    name = "tco." + site.module.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    made: dict[str, object] = dict(vars(module))
    fresh = types.ModuleType(name)
    fresh.__dict__.update({k: v for k, v in made.items() if k.startswith("__")})
    sys.modules[name] = fresh  # dataclasses look their module up while they are made
    try:
        exec(
            compile(ast.fix_missing_locations(tree), str(PACKAGE / site.module), "exec"),
            vars(fresh),
        )
    finally:
        sys.modules[name] = module
    top, *inner = site.function.split(".")
    old, new = getattr(module, top), getattr(fresh, top)
    if isinstance(old, type) and inner:
        old, new = old.__dict__[inner[0]], new.__dict__[inner[0]]
    if not _same_but_code(old, new):
        raise LookupError(site.function)
    forget()


def forget() -> None:
    """Empty what functions remember: it may be what a mutant's would say otherwise."""
    for one in _remembering(len(sys.modules)):
        one.cache_clear()


@functools.lru_cache(maxsize=1)
def _remembering(_: int) -> list[Any]:
    """Return the functions that remember, looked for anew once another module is loaded."""
    every = (one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper))
    return [one for one in every if (one.__module__ or "").startswith(FORMULAS)]


def _same_but_code(old: object, new: object) -> bool:
    """Put the code of a function into another, through properties and caches."""
    for name in ("fget", "func", "__wrapped__"):
        if hasattr(old, name):
            if hasattr(old, "cache_clear"):
                old.cache_clear()
            return _same_but_code(getattr(old, name), getattr(new, name))
    if not isinstance(old, types.FunctionType) or not isinstance(new, types.FunctionType):
        return False
    old.__code__, old.__defaults__ = new.__code__, new.__defaults__
    old.__kwdefaults__ = new.__kwdefaults__
    return True


def decided(site: Site, cases: dict[str, Case], known: dict[str, list], wider: bool) -> str:
    """Return what kills a mutant: a case, an error, `time`, a test file; nothing: it lives."""
    said = _forked(site, CPU_S, lambda: _killed_by(site, cases, known))
    if said or not wider:
        return said
    return _forked(site, WIDER_CPU_S, lambda: _killed_by_tests(site))


def _forked(site: Site | None, cpu_s: int, ask: Callable[[], str]) -> str:
    """Return what is said in a process of its own that has a mutant in it, or none."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        for number in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        try:
            if site is not None:
                put_in(site)
            said = ask()
        except LookupError:
            said = NOT_PUT_IN
        except BaseException as error:  # noqa: BLE001 - whatever a mutant does
            said = f"error {type(error).__name__}"
        with os.fdopen(writer, "w") as pipe:
            pipe.write(said)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said if status == 0 else "time"


class Case(NamedTuple):
    """A case of `tests/figures`: how to make it, what it takes, and the functions it calls."""

    make: Callable[[], object]
    seconds: float
    calls: frozenset[tuple[str, str]]

    @property
    def effort(self) -> float:
        """Return what comes first: the quick, and of these what calls little else."""
        return self.seconds * len(self.calls)


def quick_tests() -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the tests of `QUICK` that need nothing of pytest but parameters and plain fixtures."""
    import conftest

    few_examples()
    conftest.shipped_catalog()  # read once, in no test's time
    for where in QUICK:
        place = ROOT / "tests" / where
        for path in [place] if place.is_file() else sorted(place.glob("test_*.py")):
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            scope = vars(conftest) | vars(module)
            for name, test in vars(module).items():
                law = hasattr(test, "hypothesis")
                if name.startswith("test_") and (not law or where == "laws"):
                    for number, said in enumerate(_parametrized(test)):
                        if _plain(test, said, scope):
                            yield (
                                f"{path.stem}::{name}[{number}]",
                                partial(_called, test, said, scope),
                            )


def few_examples() -> None:
    """Let laws be held against a few inputs, and say no more than whether they hold."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutants",
        settings.get_profile("tco"),
        max_examples=EXAMPLES,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutants")


def _parametrized(test: Any) -> Iterator[dict[str, Any]]:
    """Yield the arguments that a test's marks give it; nothing for one with other marks."""
    marks = getattr(test, "pytestmark", [])
    if any(mark.name != "parametrize" for mark in marks):
        return
    each = []
    for mark in marks:
        names, values = mark.args[0], mark.args[1]
        names = names.replace(" ", "").split(",") if isinstance(names, str) else names
        rows = [v.values if hasattr(v, "marks") else v if len(names) > 1 else (v,) for v in values]
        each.append([dict(zip(names, row, strict=True)) for row in rows])
    for some in product(*each):
        yield {name: value for row in some for name, value in row.items()}


def _plain(test: Any, said: dict[str, Any], scope: dict[str, Any]) -> bool:
    """Return whether all other arguments are fixtures that need nothing of pytest."""
    needed = [n for n in inspect.signature(test).parameters if n not in said]
    return all(n in scope and _plain(_bare(scope[n]), {}, scope) for n in needed)


def _bare(fixture: Any) -> Any:
    return getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()


def _called(test: Any, said: dict[str, Any], scope: dict[str, Any]) -> Any:
    """Call a test or a fixture with the fixtures that it needs, made anew."""
    needed = [n for n in inspect.signature(test).parameters if n not in said]
    return test(**said, **{n: _called(_bare(scope[n]), {}, scope) for n in needed})


def timed(make: Callable[[], object], most_s: float = 0.0) -> Case | None:
    """Return a case with the functions that it calls; None for one that takes too long."""
    from figures.cases import flat

    calls: set[tuple[str, str]] = set()

    def too_long(*_: object) -> None:
        raise TimeoutError

    def called(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call":
            calls.add((frame.f_code.co_filename, frame.f_code.co_qualname))

    forget()
    begun = time.process_time()
    signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, most_s, 0.1)  # again, where something swallows it
    sys.setprofile(called)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            list(flat(make()))
    except Exception:  # noqa: BLE001 - it takes too long, whatever became of the TimeoutError
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        sys.setprofile(None)
    return Case(make, time.process_time() - begun, frozenset(calls))


def _killed_by(site: Site, cases: dict[str, Case], known: dict[str, list]) -> str:
    at = (str(PACKAGE / site.module), ".".join(site.function.split(".")[: _depth(site)]))
    called = [name for name, case in cases.items() if at in case.calls]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        left = ALL_S
        for name in sorted(called, key=lambda name: cases[name].effort):
            if (left := left - cases[name].seconds) < 0.0:
                break
            if why := _fails(cases[name], known[name]):
                return f"{name}: {why}"
    return ""


def _fails(case: Case, known: list) -> str:
    """Return why a case does not come out as it is known to; nothing where it does."""
    from figures.cases import differs, flat

    try:
        return "differs" if differs(list(flat(case.make())), known) else ""
    except Exception as error:  # noqa: BLE001 - whatever a mutant does
        return type(error).__name__


def unfit(cases: dict[str, Case], known: dict[str, list]) -> dict[str, str]:
    """Return the cases that fail with nothing changed, and why: they would kill every mutant.

    What a case leaves behind, above all one that was cut off, may break another.
    """

    def ask() -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = {name: _fails(case, known[name]) for name, case in cases.items()}
        return json.dumps({name: why for name, why in found.items() if why})

    return json.loads(_forked(None, CONTROL_CPU_S, ask))


def _depth(site: Site) -> int:
    """Return how many names lead to the function of a module or class that holds a site."""
    name = "tco." + site.module.removesuffix(".py").replace("/", ".")
    return 1 + isinstance(getattr(sys.modules[name], site.function.split(".")[0]), type)


def _killed_by_tests(site: Site) -> str:
    import pytest

    stem, name = Path(site.module).stem, site.function.split(".")[0]
    says = re.compile(rf"\b(?:{stem}|{name})\b")
    files = (path for folder in WIDER for path in (ROOT / "tests" / folder).rglob("test_*.py"))
    chosen = [str(path) for path in sorted(files) if says.search(path.read_text(encoding="utf-8"))]
    options = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return "tests" if chosen and pytest.main([*options, *chosen]) == 1 else ""


def reasons() -> dict[tuple[str, ...], str]:
    """Return why mutants are equivalent, by module, function, line of the source and change."""
    rows = [row.split(" | ") for row in EQUIVALENT.read_text(encoding="utf-8").splitlines()]
    return {tuple(row[:4]): row[4] for row in rows if len(row) == 5}


def key(site: Site) -> tuple[str, ...]:
    """Return what a mutant is known by, wherever its line moves."""
    text = (PACKAGE / site.module).read_text(encoding="utf-8").splitlines()[site.line - 1]
    return site.module, site.function, text.strip(), site.change


def main() -> None:
    """Draw mutants, decide them, and say who lives."""
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    said.add_argument("--count", type=int, default=500)
    said.add_argument("--seed", help="the commit's hash, unless said")
    said.add_argument("--module", action="append", help="engine/fleet.py; all unless said")
    said.add_argument("--show", action="store_true", help="every mutant, not only those that live")
    said.add_argument("--wider", action="store_true", help="what lives meets more tests: minutes")
    args = said.parse_args()
    git = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    seed = args.seed or subprocess.run(git, capture_output=True, text=True, check=True).stdout[:12]
    every = [site for module in args.module or MODULES for site in sites(module)]
    drawn = random.Random(seed).sample(every, min(args.count, len(every)))
    from figures.every import EVERY

    for make in EVERY.values():
        make()  # everything is loaded before processes part
    cases = {name: timed(make) for name, make in EVERY.items()}
    known = json.loads((ROOT / "tests" / "figures" / "figures.json").read_text(encoding="utf-8"))
    for name, test in quick_tests():
        if (case := timed(test, MOST_S)) is not None:
            cases[name], known[name] = case, [None]
    for name, why in unfit(cases, known).items():
        print(f"left out, for it fails with nothing changed: {name}: {why}", flush=True)
        del cases[name]
    by: dict[str, Counter[str]] = {site.module: Counter() for site in sorted(drawn)}
    why, begun = reasons(), os.times()
    for site in drawn:  # as they were drawn: the first of them are a sample, too
        how = decided(site, cases, known, args.wider)
        if how == NOT_PUT_IN:
            raise SystemExit(f"{site}: no function of that name to put it into")
        reason = why.get(key(site), "")
        told = "wider" if how == "tests" else "time" if how == "time" else "quick"
        by[site.module][told if how else "reason" if reason else "lives"] += 1
        if args.show or not how:
            where = f"{site.module}:{site.line} {site.function}"
            print(f"{where}: {site.change}: {how or reason or 'LIVES'}", flush=True)
    _table(by, f"of {len(every)} sites; seed {seed}")
    used = sum(now - then for now, then in zip(os.times()[:4], begun[:4], strict=True))
    print(f"{used / len(drawn):.1f} s of CPU a mutant")


COLUMNS = ("quick", "wider", "time", "lives", "reason")


def _table(by: dict[str, Counter[str]], what: str) -> None:
    print(f"\n| module | mutants | {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) + 1)}")
    for module, counts in by.items():
        cells = " | ".join(str(counts[name]) for name in COLUMNS)
        print(f"| {module} | {counts.total()} | {cells} |")
    every = sum(by.values(), Counter[str]())
    killed, lives = every.total() - every["lives"] - every["reason"], every["lives"]
    print(
        f"\n{killed} of {every.total()} killed, {killed / every.total():.1%}; {killed} of "
        f"{killed + lives}, {killed / (killed + lives):.1%}, without those that a reason is "
        f"written of ({what})"
    )


if __name__ == "__main__":
    main()
