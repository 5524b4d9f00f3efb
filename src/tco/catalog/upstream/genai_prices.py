"""genai-prices: its JSON, or the `data.py` of the installed package, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tco.catalog.files import File
from tco.catalog.upstream.rows import (
    ListTier,
    PriceList,
    PriceRow,
    day,
    not_a_price,
    number,
    read_json,
)
from tco.errors import DataError, printable

NAMES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning_output": "output_reasoning_mtok",
    "audio_input": "input_audio_mtok",
}
TTL_WRITES = {"1h": "cache_write_1h_mtok"}
OTHERS = (
    *("input_image_mtok", "input_video_mtok", "cache_image_read_mtok", "cache_audio_read_mtok"),
    *("output_image_mtok", "output_audio_mtok", "output_video_mtok", "output_citation_mtok"),
)
"""Tokens that are no text."""
KNOWN = frozenset((*NAMES.values(), *TTL_WRITES.values(), *OTHERS))
OF_TOKENS = "_mtok"


def _look(found: PriceList, prices: Mapping[str, Any], line: int, key: str) -> None:
    """Note the prices of tokens that are no numbers, or of a kind that is not known."""
    for name, value in prices.items():
        if not name.endswith(OF_TOKENS):
            continue
        tiers = value.get("tiers") if isinstance(value, dict) else None
        stated = [value.get("base")] if isinstance(value, dict) else [value]
        more = tiers if isinstance(tiers, list | tuple) else ()
        stated += [tier.get("price") if isinstance(tier, dict) else tier for tier in more]
        for one in stated:
            if not_a_price(one):
                found.wrong.append((line, key, f"{name} is {str(one)[:40]!r}, which is no price"))
        if name not in KNOWN:
            found.new.setdefault(name, (line, key, name))


def price_list(file: File, on: date, edition: str = "") -> PriceList:
    """Return the rows as they hold on a day.

    Raises:
        DataError: The file is neither of the two forms.
    """
    if file.data.lstrip()[:1] in (b"[", b"{"):
        read = read_json(file, 3)
        providers, line = read.value, read.line
    else:
        providers, line = _python(file), None
    if not isinstance(providers, list):
        raise DataError(f"{file.path}:1: not the list of providers of genai-prices")
    found = PriceList(kind="genai-prices", file=file.path, edition=edition)
    for i, provider in enumerate(providers):
        for j, model in enumerate(_models(provider)):
            at = model.get("line", 1) if line is None else line(i, "models", j)
            row = _row(file.path, at, str(provider.get("id", "")), model, on, found)
            if row is not None:
                found.rows.append(row)
    return found.sound()


def _models(provider: Any) -> Iterator[dict[str, Any]]:
    models = provider.get("models", ()) if isinstance(provider, dict) else ()
    yield from (m for m in models if isinstance(m, dict)) if isinstance(models, list) else ()


def _row(
    path: str, line: int, provider: str, model: Mapping[str, Any], on: date, found: PriceList
) -> PriceRow | None:
    base, name = _holding(model.get("prices"), on), str(model.get("id", ""))
    _look(found, base, line, f"{provider}/{name}")
    rates = _rates(base)
    if "input" not in rates and "output" not in rates:
        return None
    tiers = [*_tiers(base), *_writes(base)]
    variants = [v for v in model.get("price_variants") or () if isinstance(v, dict)]
    tiers += [_variant(v, on) for v in variants if _begun(v.get("constraint"), on)]
    return PriceRow(
        file=path,
        line=line,
        provider=provider,
        key=f"{provider}/{name}",
        model=name.rpartition("/")[2],
        rates=rates,
        batch=next((t.rates for t in tiers if t.service == "batch"), {}),
        tiers=tuple(tiers),
        others=dict(_others(base)),
        embedding="embed" in name.lower(),
    )


def _writes(prices: Mapping[str, Any]) -> Iterator[ListTier]:
    """Yield what writes cost that are kept longer."""
    for ttl, key in TTL_WRITES.items():
        rate = _base(prices.get(key))
        if rate is not None:
            yield ListTier(words=f"for {ttl}", rates={"cache_write": rate}, ttl=ttl)


def _others(prices: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the prices of tokens that are no text, or of a kind that is not known."""
    text = (*NAMES.values(), *TTL_WRITES.values())
    for name, value in prices.items():
        rate = _base(value) if name.endswith(OF_TOKENS) and name not in text else None
        if rate is not None:
            yield name, rate


def _base(value: Any) -> float | None:
    return number(value.get("base") if isinstance(value, dict) else value)


def _holding(prices: Any, on: date) -> Mapping[str, Any]:
    """Return the prices of a day: of several with a condition, the last that holds.

    A price that holds at some hours of the day only is not the price of the day.
    """
    if isinstance(prices, dict):
        return prices
    found: Mapping[str, Any] = {}
    for entry in prices if isinstance(prices, list) else ():
        if isinstance(entry, dict) and _begun(entry.get("constraint"), on):
            found = entry.get("prices") or found
    return found


def _begun(constraint: Any, on: date) -> bool:
    if not isinstance(constraint, dict):
        return True
    start = day(constraint.get("start_date"))
    return start is not None and start <= on


def _rates(prices: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, key in NAMES.items():
        rate = _base(prices.get(key))
        if rate is not None:
            found[name] = rate
    return found


def _variant(variant: Mapping[str, Any], on: date) -> ListTier:
    """Return the price of a service, or under a condition that is only told."""
    when = variant.get("when") or {}
    words = " ".join(f"{k} {v}" for k, v in sorted(when.items()))
    service = "batch" if when == {"processing": "batch"} else when.get("service_tier")
    known = len(when) == 1 and service in SERVICES
    rates = _rates(_holding(variant.get("prices"), on))
    return ListTier(words=words, rates=rates, service=service if known else None, whole=known)


SERVICES = ("batch", "flex", "priority", "fast", "ultrafast")


def _tiers(prices: Mapping[str, Any]) -> Iterator[ListTier]:
    found: dict[int | None, dict[str, float]] = {}
    for name, key in NAMES.items():
        value = prices.get(key)
        for tier in value.get("tiers") or () if isinstance(value, dict) else ():
            rate = number(tier.get("price")) if isinstance(tier, dict) else None
            if rate is not None:
                start = number(tier.get("start"))
                over = None if start is None else int(start)
                found.setdefault(over, {})[name] = rate
    for over, rates in found.items():
        yield ListTier(words=f"above_{over}", rates=rates, over=over, whole=over is not None)


def _python(file: File) -> Any:
    """Return the value of `providers` in a Python file that consists of constructor calls."""
    try:
        tree = ast.parse(file.data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(
            f"{file.path}:1: neither JSON nor Python: {printable(str(error))}"
        ) from None
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        named = [t.id for t in targets if isinstance(t, ast.Name)]
        value = getattr(node, "value", None)
        if "providers" in named and value is not None:
            return _plain(value)
    raise DataError(f"{file.path}:1: has no `providers`")


def _plain(node: ast.expr) -> Any:
    """Return an expression as data: a call is a mapping of its arguments, with its line."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_plain(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
        return {key: _plain(value) for key, value in zip(keys, node.values, strict=True)}
    return _called(node) if isinstance(node, ast.Call) else None


def _called(node: ast.Call) -> Any:
    if node.args and not node.keywords:
        parts = [_plain(argument) for argument in node.args]
        if len(parts) == 3 and all(isinstance(part, int) for part in parts):
            return f"{parts[0]:04d}-{parts[1]:02d}-{parts[2]:02d}"  # datetime.date
        return parts[0]  # Decimal
    wanted = {k.arg: k.value for k in node.keywords if k.arg not in (None, "match", "extractors")}
    return {key: _plain(value) for key, value in wanted.items()} | {"line": node.lineno}
