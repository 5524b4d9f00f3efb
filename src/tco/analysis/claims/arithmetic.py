"""Arithmetic over named figures and ranges: a grammar so small that nothing else can be said."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence

from tco.errors import DataError, printable

Span = tuple[float, float]
"""A figure from low to high; a single one has the same twice."""

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}


def span(value: float | Sequence[float]) -> Span:
    """Return a number or a pair of numbers as a span."""
    if isinstance(value, int | float):
        return float(value), float(value)
    low, high = value
    return float(low), float(high)


def calculated(expression: str, names: Mapping[str, Span]) -> Span:
    """Return the value of an expression of numbers, names, `+ - * / **` and parentheses.

    Ranges go low with low and high with high; the result is put in order.

    >>> calculated("rent * 720", {"rent": (1.0, 2.0)})
    (720.0, 1440.0)

    Raises:
        DataError: Anything else stands in it, a name is unknown, or it divides by zero.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        ends = [_value(tree.body, names, end) for end in (0, 1)]
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        raise _wrong(expression, "is no arithmetic") from None
    except ZeroDivisionError:
        raise _wrong(expression, "divides by zero") from None
    if not all(math.isfinite(end) for end in ends):
        raise _wrong(expression, "is too large")
    return min(ends), max(ends)


def _value(node: ast.expr, names: Mapping[str, Span], end: int) -> float:
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, names, end), _value(node.right, names, end)
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names, end)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _number(node.value)
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise _wrong(node.id, f"is no figure; there are {', '.join(names)}")
        return names[node.id][end]
    raise ValueError


def _number(value: float) -> float:
    if isinstance(value, bool):
        raise ValueError
    return float(value)


def _wrong(what: str, why: str) -> DataError:
    return DataError(f"data/claims.yaml:1: {printable(what, 60)!r} {why}")
