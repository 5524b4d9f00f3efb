"""The bill of a provider that charges by the token, closed or hosted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tco.engine.ledger import Line, Origin, total_usd
from tco.engine.shapes import Number
from tco.engine.workload import Workload
from tco.units import MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRates:
    """What a token costs, all modifiers of the workload's shape applied; numbers or arrays.

    Args:
        input: Uncached input [USD/Mtok].
        output: Output [USD/Mtok].
        cached_input: Input read from the cache; the input price where there is no other [USD/Mtok].
        batch_input, batch_output, batch_cached_input: The same through the batch tier; the plain
            prices where there is none [USD/Mtok].
        cache_write, batch_cache_write: Input written to the cache; the input prices where None.
        reasoning_output, batch_reasoning_output: Hidden reasoning beyond the output that the
            volume counts; the output prices where None [USD/Mtok].
        origin, source: Who said so.
    """

    input: Number
    output: Number
    cached_input: Number
    batch_input: Number
    batch_output: Number
    batch_cached_input: Number
    cache_write: Number | None = None
    batch_cache_write: Number | None = None
    reasoning_output: Number | None = None
    batch_reasoning_output: Number | None = None
    origin: Origin = "catalog"
    source: str = ""


PRICES = (
    "input",
    "output",
    "cached_input",
    "batch_input",
    "batch_output",
    "batch_cached_input",
    "cache_write",
    "batch_cache_write",
)
APART = ("reasoning_output", "batch_reasoning_output")
"""Prices that few have: where nobody does, what they are for is billed with the rest."""


def mixed(parts: Sequence[tuple[float, TokenRates]]) -> TokenRates:
    """Return the prices of a month in which others hold for a share of the days.

    ``sum(share * price)``, each price by itself; who said so is taken from the first.

    Args:
        parts: Share of the days, and the prices on them; the shares sum to 1 [1].
    """
    first = parts[0][1]
    if len(parts) == 1:
        return first
    apart = any(rates.reasoning_output is not None for _, rates in parts)
    prices: dict[str, Number] = {
        name: sum(share * _price(rates, name) for share, rates in parts)
        for name in (*PRICES, *(APART if apart else ()))
    }
    return TokenRates(**prices, origin=first.origin, source=first.source)


def _price(rates: TokenRates, name: str) -> Number:
    """Return a price; where None, that of other input, or of other output."""
    usual = {
        "cache_write": rates.input,
        "batch_cache_write": rates.batch_input,
        "reasoning_output": rates.output,
        "batch_reasoning_output": rates.batch_output,
    }
    price: Number | None = getattr(rates, name)
    return usual[name] if price is None else price


def token_lines(rates: TokenRates, load: Workload) -> tuple[Line, ...]:
    """Return the token lines of a month's bill.

    ``tokens * share / 1e6 * USD per Mtok`` for each of uncached input, cached input and output,
    through the plain and the batch tier. Cached tokens are a part of the input: they are taken
    out of the uncached ones, never added; and so are those written to the cache, where the
    provider charges for that. Hidden reasoning is a part of the output, and has lines of its own
    where it has a price of its own.

    Args:
        rates: Prices [USD/Mtok].
        load: The month's requests; its arrays broadcast against those of `rates`.

    Source:
        The price pages themselves; the partition is OpenTelemetry's `gen_ai.usage` convention.
    """
    batch, plain = load.batch_share, 1.0 - load.batch_share
    cached, written = load.cached_share, load.cache_write_share
    fresh = 1.0 - cached - written
    input_mtok, output_mtok = load.input_tokens / MTOK, load.output_tokens / MTOK
    hidden: Number = 0.0
    if rates.reasoning_output is not None:
        read = output_mtok / np.asarray(load.reasoning_factor)
        hidden, output_mtok = output_mtok - read, read
    flows: tuple[tuple[str, Number, Number], ...] = (
        ("input tokens", input_mtok * (fresh * plain), rates.input),
        ("cached input tokens", input_mtok * (cached * plain), rates.cached_input),
        ("output tokens", output_mtok * plain, rates.output),
        ("input tokens, batch", input_mtok * (fresh * batch), rates.batch_input),
        ("cached input tokens, batch", input_mtok * (cached * batch), rates.batch_cached_input),
        ("output tokens, batch", output_mtok * batch, rates.batch_output),
        ("cache write tokens", input_mtok * (written * plain), _price(rates, "cache_write")),
        (
            "cache write tokens, batch",
            input_mtok * (written * batch),
            _price(rates, "batch_cache_write"),
        ),
    )
    if rates.reasoning_output is not None:
        flows += (
            ("reasoning tokens", hidden * plain, rates.reasoning_output),
            ("reasoning tokens, batch", hidden * batch, _price(rates, "batch_reasoning_output")),
        )
    return tuple(
        Line(
            item=item,
            group="tokens",
            quantity=mtok,
            unit="Mtok",
            rate_usd=rate,
            origin=rates.origin,
            source=rates.source,
        )
        for item, mtok, rate in flows
    )


def retry_line(tokens: tuple[Line, ...], retry_share: Number) -> Line:
    """Return what requests cost that are sent again, so that a bill is one of successful requests.

    Args:
        tokens: The token lines.
        retry_share: Requests sent again over requests that succeed [1].
    """
    return Line(
        item="retries",
        group="tokens",
        quantity=total_usd(tokens) * retry_share,
        unit="USD of tokens",
        rate_usd=1.0,
        origin="assumed",
        source="workload.retry_share",
    )


def reads_to_pay(rates: TokenRates) -> Number:
    """Return the reads per write from which caching is cheaper than sending the input again [1].

    ``(write - input) / (input - cached)``; infinite where a cached token costs as much as another.

    Args:
        rates: Prices [USD/Mtok].
    """
    extra = np.asarray(_price(rates, "cache_write")) - rates.input
    saved = np.asarray(rates.input) - rates.cached_input
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(saved > 0, extra / saved, np.inf)
