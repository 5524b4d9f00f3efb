"""How many slips in the formulas the quick cases of `tests/figures` notice.

    python benchmarks/mutants.py --count 500            # drawn with a seed from the commit's hash
    python benchmarks/mutants.py --seed 7 --module engine/fleet.py --show

A mutant is one operator, comparison, number or function of the source changed: `+` to `-`, `<` to
`<=`, `2.0` to `3.0`, `np.maximum` to `np.minimum`, `and` to `or`, a condition to its opposite.
Sites are drawn over all modules, each as likely as any other. A mutant's code is put into the
functions of a process that is forked from one which has loaded everything, and the cases are held
against `figures.json` in it, until one differs: that kills it, as an error does, or 20 seconds of
CPU. What lives is listed with its place; `EQUIVALENT` says of some why nothing can notice them.
Such a one counts as survivor all the same.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import json
import os
import random
import resource
import subprocess
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
PACKAGE = ROOT / "src" / "tco"
MODULES = (
    *sorted(f"engine/{p.name}" for p in (PACKAGE / "engine").glob("[a-z]*.py")),
    "options/bills.py",
    "options/curves.py",
    "units.py",
)
NOT_PUT_IN = "not put in"
CPU_S = 20
"""What a mutant may take before it counts as killed: it never ends, or nearly so [s]."""

EQUIVALENT = ROOT / "benchmarks" / "data" / "equivalent_mutants.txt"
"""`module: function: line of the source: change: why nothing can notice it`."""

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


def decided(site: Site, cases: dict[str, Callable[[], object]], known: dict[str, list]) -> str:
    """Return the case that kills a mutant, `error`, `time`, or nothing where it lives."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
        try:
            put_in(site)
            said = _killed_by(cases, known)
        except LookupError:
            said = NOT_PUT_IN
        except BaseException as error:  # noqa: BLE001 - whatever a mutant does
            said = f"error {type(error).__name__}"
        os.write(writer, said.encode()[:200])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said if status == 0 else "time"


def _killed_by(cases: dict[str, Callable[[], object]], known: dict[str, list]) -> str:
    from figures.cases import differs, flat

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for name, make in cases.items():
            try:
                if differs(list(flat(make())), known[name]):
                    return name
            except Exception as error:  # noqa: BLE001 - whatever a mutant does
                return f"{name}: {type(error).__name__}"
    return ""


def main() -> None:
    """Draw mutants, decide them, and say who lives."""
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    said.add_argument("--count", type=int, default=500)
    said.add_argument("--seed", help="the commit's hash, unless said")
    said.add_argument("--module", action="append", help="engine/fleet.py; all unless said")
    said.add_argument("--show", action="store_true", help="every mutant, not only those that live")
    args = said.parse_args()
    git = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    seed = args.seed or subprocess.run(git, capture_output=True, text=True, check=True).stdout[:12]
    every = [site for module in args.module or MODULES for site in sites(module)]
    drawn = random.Random(seed).sample(every, min(args.count, len(every)))
    from figures.answers import ANSWERS
    from figures.cases import CASES, flat

    cases = CASES | ANSWERS
    known = json.loads((ROOT / "tests" / "figures" / "figures.json").read_text(encoding="utf-8"))
    for name, make in cases.items():
        assert list(flat(make())) is not None, name  # everything is loaded before processes part
    lives: list[Site] = []
    by: Counter[str] = Counter()
    for site in sorted(drawn):
        how = decided(site, copy.copy(cases), known)
        if how == NOT_PUT_IN:
            raise SystemExit(f"{site}: no function of that name to put it into")
        by["lives" if not how else "killed"] += 1
        if not how:
            lives.append(site)
        if args.show or not how:
            where = f"{site.module}:{site.line} {site.function}"
            print(f"{where}: {site.change}: {how or 'LIVES'}", flush=True)
    share = by["killed"] / len(drawn)
    print(
        f"{by['killed']} of {len(drawn)} killed, {share:.1%} (of {len(every)} sites; seed {seed})"
    )


if __name__ == "__main__":
    main()
