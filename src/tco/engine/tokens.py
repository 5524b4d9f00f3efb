"""The bill of a provider that charges by the token, closed or hosted."""

from __future__ import annotations

from dataclasses import dataclass

from tco.engine.ledger import Line, Origin
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
        origin, source: Who said so.
    """

    input: Number
    output: Number
    cached_input: Number
    batch_input: Number
    batch_output: Number
    batch_cached_input: Number
    origin: Origin = "catalog"
    source: str = ""


def token_lines(rates: TokenRates, load: Workload) -> tuple[Line, ...]:
    """Return the token lines of a month's bill.

    ``tokens * share / 1e6 * USD per Mtok`` for each of uncached input, cached input and output,
    through the plain and the batch tier. Cached tokens are a part of the input: they are taken
    out of the uncached ones, never added.

    Args:
        rates: Prices [USD/Mtok].
        load: The month's requests; its arrays broadcast against those of `rates`.

    Source:
        The price pages themselves; the partition is OpenTelemetry's `gen_ai.usage` convention.
    """
    batch, plain = load.batch_share, 1.0 - load.batch_share
    cached, fresh = load.cached_share, 1.0 - load.cached_share
    input_mtok, output_mtok = load.input_tokens / MTOK, load.output_tokens / MTOK
    flows = (
        ("input tokens", input_mtok * fresh * plain, rates.input),
        ("cached input tokens", input_mtok * cached * plain, rates.cached_input),
        ("output tokens", output_mtok * plain, rates.output),
        ("input tokens, batch", input_mtok * fresh * batch, rates.batch_input),
        ("cached input tokens, batch", input_mtok * cached * batch, rates.batch_cached_input),
        ("output tokens, batch", output_mtok * batch, rates.batch_output),
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
