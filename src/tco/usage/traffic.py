"""From aggregates to a profile: what the traffic of each model, and of all, is like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tco.records import dataclass
from tco.units import HOURS_PER_MONTH
from tco.usage.aggregates import (
    DAY_S,
    FLIGHT_SHARES,
    HOUR_S,
    Arrays,
    Distributions,
    quantiles,
)
from tco.usage.counted import PREFILL, TOKENS_PER_S
from tco.usage.rows import KINDS, WRITES

WEEK_H = 168
MONDAY = 96
"""Hours from the beginning of 1970, a Thursday, to the first Monday."""

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
BINS = tuple(dict.fromkeys(round(2.0 ** (k / 2)) for k in range(81)))
COARSE = tuple(4**k for k in range(21))
DIGITS = 3


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The time that logs cover.

    Args:
        first, last: Its ends, seconds since 1970; None where no time is told.
        hours: How long [h].
    """

    first: float | None = None
    last: float | None = None
    hours: float = 0.0


@dataclass(frozen=True, slots=True)
class ObservedTraffic:
    """What one model's traffic is like; None where nobody can know, with the reason in `unknown`.

    Args:
        sums: Answered requests: sums by kind.
        isl, osl: Mean, quantiles and the most [token/request].
        curve: Load of each hour of a week from Monday 00:00 UTC over the mean [168] [1].
        peak: Busiest day, hour, minute and second over the mean [1].
        in_flight: Requests in flight as logged: quantiles that requests find, and the mean.
        file: Its part of the profile file.
    """

    sums: dict[str, int]
    isl: dict[str, float] | None
    osl: dict[str, float] | None
    curve: tuple[float, ...] | None
    peak: dict[str, float | None]
    in_flight: dict[str, float] | None
    dispersion: float | None
    unknown: dict[str, str]
    file: dict[str, Any] = field(default_factory=dict)


def span_of(cells: Arrays, covered: set[tuple[float, float]], hours: Any | None) -> TimeSpan:
    """Return the time that logs cover: of requests first hour to last, of buckets all of them."""
    timed = cells["t"] >= 0
    starts = [float(t) for t in cells["t"][timed & (cells["bucket_s"] > 0)]]
    widths = [float(b) for b in cells["bucket_s"][timed & (cells["bucket_s"] > 0)]]
    spans = {*covered, *((s, s + w) for s, w in zip(starts, widths, strict=True))}
    total = _union(spans)
    first = min((a for a, _ in spans), default=None)
    last = max((b for _, b in spans), default=None)
    if hours is not None and len(hours):
        low, high = float(hours.min()) * HOUR_S, float(hours.max() + 1) * HOUR_S
        first = low if first is None else min(first, low)
        last = high if last is None else max(last, high)
        total = _union({*spans, (low, high)})
    return TimeSpan(first, last, total / HOUR_S)


def _union(spans: set[tuple[float, float]]) -> float:
    """Return the length of spans together, where they overlap once."""
    total, reached = 0.0, -np.inf
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return float(total)


class Profiler:
    """Makes the traffic of each model from the aggregates of all."""

    def __init__(
        self, cells: Arrays, found: Distributions | None, span: TimeSpan, edges: Sequence[int]
    ) -> None:
        """Keep the aggregates.

        Args:
            cells: Sums by model, tier and day.
            found: What single requests tell, if there are any.
            edges: Limits of the catalog's context tiers [token].
        """
        self.cells, self.found, self.span = cells, found, span
        self.bins = np.array(sorted({*BINS, *(edge + 1 for edge in edges)}))
        self.coarse = np.array(sorted({*COARSE, *(edge + 1 for edge in edges)}))

    def of(self, model: str | None) -> ObservedTraffic:
        """Return the traffic of one model, or of all together."""
        mine = np.ones(len(self.cells["model"]), bool)
        if model is not None:
            mine = self.cells["model"] == model
        mine = mine & ~self.cells["only_cost"].astype(bool)
        ok = mine & ~self.cells["failed"].astype(bool)
        sums = kinds_of({k: v[ok] for k, v in self.cells.items()})
        unknown: dict[str, str] = {}
        isl, osl, inputs, outputs = self._lengths(model, unknown)
        curve, day, hour = self._hours(model, unknown)
        peak = self._peak(model, hour, day, unknown)
        logged = self._logged(model, unknown)
        dispersion = None if self.found is None else self.found.tens.get(model or "")
        file = self._file(model, sums, inputs, outputs, curve, peak, dispersion)
        file["errors"] = int(self.cells["n"][mine & self.cells["failed"].astype(bool)].sum())
        return ObservedTraffic(sums, isl, osl, curve, peak, logged, dispersion, unknown, file)

    def _mine(self, table: Arrays, model: str | None) -> Arrays:
        if model is None:
            return table
        mine = np.asarray(table["model"] == model)
        return {name: values[mine] for name, values in table.items()}

    def _lengths(self, model: str | None, unknown: dict[str, str]) -> tuple[Any, Any, Any, Any]:
        """Return quantiles of lengths, and their bins for the file."""
        if self.found is None or not len(self._mine(self.found.inputs, model)["k"]):
            unknown["isl"] = unknown["osl"] = "buckets tell sums, not the lengths of requests"
            return None, None, {}, []
        given, made = (self._mine(t, model) for t in (self.found.inputs, self.found.outputs))
        return (
            _length_shares(given["k"], given["n"]),
            _length_shares(made["k"], made["n"]),
            self._input_bins(given),
            _output_bins(made),
        )

    def _input_bins(self, table: Arrays) -> dict[str, list[list[int]]]:
        """Return the bins of input by service, each a row of sums."""
        out: dict[str, list[list[int]]] = {}
        for service in sorted(set(table["service"])):
            mine = table["service"] == service
            edges = self.bins if service == "standard" else self.coarse
            at = np.searchsorted(edges, table["k"][mine], side="right")
            rows = []
            weights = {
                name: table[name][mine] for name in table if name not in ("model", "service", "k")
            }
            for i in np.unique(at):
                here = at == i
                sums = {name: int(v[here].sum()) for name, v in weights.items()}
                sums["input"] = int((table["k"][mine][here] * weights["n"][here]).sum())
                sums["requests"] = sums.pop("n")
                if sums["requests"]:
                    rows.append([int(edges[i]), *(sums[name] for name in self._columns()[1:])])
            out[str(service)] = rows
        return out

    def _columns(self) -> list[str]:
        known = () if self.found is None else self.found.inputs
        some = [name for name in ("read", *WRITES) if name in known]
        return [
            "below",
            "requests",
            "input",
            *some,
            "output",
            *(["reasoning"] if "reasoning" in known else []),
        ]

    def _hours(self, model: str | None, unknown: dict[str, str]) -> tuple[Any, Any, Any]:
        """Return the week, and the busiest day and hour over the mean."""
        per, width = self._counts(model)
        if per is None or self.span.first is None or self.span.last is None:
            unknown["curve"] = unknown["peak_to_mean"] = "the log tells no times"
            return None, None, None
        days: dict[int, float] = {}
        for at, n in per.items():
            days[at * width // DAY_S] = days.get(at * width // DAY_S, 0.0) + n
        total, hours = sum(per.values()), max(self.span.hours, 1.0)
        if not total:
            unknown["curve"] = unknown["peak_to_mean"] = "requests are not counted"
            return None, None, None
        day = max(days.values()) / total * hours / 24.0 if hours >= 24 else None
        if width > HOUR_S:
            unknown["curve"] = unknown["peak_to_mean"] = (
                "buckets of a day hide hours: the busiest hour is between "
                f"{day or 1.0:.3g} and {24 * (day or 1.0):.3g} times the mean"
                if width == DAY_S
                else "buckets longer than a day hide its hours"
            )
            return None, day if width == DAY_S else None, None
        hour = max(per.values()) / total * hours
        if hours < WEEK_H:
            unknown["curve"] = f"a week is needed, the log covers {hours:.3g} hours"
            return None, day, hour
        return self._week(per), day, hour

    def _counts(self, model: str | None) -> tuple[dict[int, float] | None, int]:
        """Return requests (or tokens, where those are not counted) by hour, day or longer."""
        if self.found is not None:
            table = self._mine(self.found.hours, model)
            per: dict[int, float] = {}
            for hour, n in zip(table["hour"], table["n"], strict=True):
                per[int(hour)] = per.get(int(hour), 0.0) + float(n)
            return (per or None), HOUR_S
        mine = self.cells["t"] >= 0
        if model is not None:
            mine = mine & (self.cells["model"] == model)
        mine = mine & (self.cells["bucket_s"] > 0) & ~self.cells["only_cost"].astype(bool)
        if not mine.any():
            return None, HOUR_S
        width = int(self.cells["bucket_s"][mine].max())
        width = HOUR_S if width <= HOUR_S else width
        by_tokens = bool(self.cells["uncounted"][mine].any())
        value = self.cells["input"] + self.cells["output"] if by_tokens else self.cells["n"]
        per = {}
        for t, n in zip(self.cells["t"][mine], value[mine], strict=True):
            per[int(t) // width] = per.get(int(t) // width, 0.0) + float(n)
        return per, width

    def _week(self, per: Mapping[int, float]) -> tuple[float, ...]:
        """Return the mean load of each hour of the week over the mean of all [168]."""
        first = int(self.span.first or 0) // HOUR_S
        last = first + int(self.span.hours)
        load, seen = np.zeros(WEEK_H), np.zeros(WEEK_H)
        hours = np.arange(first, last)
        np.add.at(seen, (hours - MONDAY) % WEEK_H, 1)
        for hour, n in per.items():
            load[(hour - MONDAY) % WEEK_H] += n
        mean = load / np.maximum(seen, 1)
        return tuple(float(v) for v in mean / mean.mean())

    def _peak(
        self, model: str | None, hour: float | None, day: float | None, unknown: dict[str, str]
    ) -> dict[str, float | None]:
        if self.found is None or hour is None:
            if hour is not None:
                unknown["peak_to_mean.minute"] = "buckets of an hour hide its minutes"
            return {"day": day, "hour": hour, "minute": None, "second": None}
        busiest = self.found.busiest.get(model or "", {})
        total = float(self._mine(self.found.hours, model)["n"].sum())
        per_s = total / max(self.span.hours, 1.0) / HOUR_S
        return {
            "day": day,
            "hour": hour,
            "minute": busiest.get("minute", 0) / 60.0 / per_s if per_s else None,
            "second": busiest.get("second", 0) / per_s if per_s else None,
        }

    def _logged(self, model: str | None, unknown: dict[str, str]) -> dict[str, float] | None:
        if self.found is None or self.found.logged is None:
            unknown["in_flight"] = "the log does not tell when requests ended"
            return None
        flight = self.found.logged.get(model or "")
        if flight is None:
            unknown["in_flight"] = "the log tells no times for it"
            return None
        named = zip(FLIGHT_SHARES, flight.found, strict=True)
        return {"mean": flight.mean, **{_share(q): v for q, v in named}}

    def _flight(self, model: str | None) -> dict[str, Any] | None:
        """Return the requests in flight over their mean, at several speeds of a replica."""
        if self.found is None:
            return None
        table = self._mine(self.found.inputs, model)
        n = float(table["n"].sum())
        if not n:
            return None
        read = float(table["read"].sum()) if "read" in table else 0.0
        fresh = float((table["k"] * table["n"]).sum()) - read
        work = float(table["output"].sum()) + fresh / PREFILL
        rows = []
        for speed, flights in zip(TOKENS_PER_S, self.found.virtual, strict=True):
            flight = flights.get(model or "")
            if flight is None or not self.span.hours:
                return None
            mean_s = work / n / speed
            mean = flight.starts / (self.span.hours * HOUR_S) * mean_s
            if mean <= 0.0:
                return None
            rows.append([_short(mean_s), *(_short(v / mean) for v in flight.found)])
        return {"quantiles": list(FLIGHT_SHARES), "by_mean_seconds": rows}

    def _reuse(self, model: str | None, taken: int) -> list[list[float]]:
        if self.found is None or self.found.reuse is None or not taken:
            return []
        table = self._mine(self.found.reuse, model)
        rows, so_far = [], 0.0
        for gap in sorted({int(g) for g in table["gap"]} - {0}):
            so_far += float(table["tokens"][table["gap"] == gap].sum())
            rows.append([float(gap), _short(so_far / taken)])
        return rows

    def _file(
        self,
        model: str | None,
        sums: dict[str, int],
        inputs: Any,
        outputs: Any,
        curve: Any,
        peak: dict[str, float | None],
        dispersion: float | None,
    ) -> dict[str, Any]:
        """Return the part of the profile file; sums are whole, other numbers have three digits."""
        tokens = {
            k: v for k, v in sums.items() if k in (*KINDS, "reasoning", "input_with_read") and v
        }
        taken = sum(v for k, v in tokens.items() if k not in ("output", "reasoning"))
        counted = "requests" in sums
        factor = self._month(model)
        whole = taken + sums.get("output", 0)
        file: dict[str, Any] = {
            "requests": sums["requests"] if counted else None,
            "observed_hours": _short(self.span.hours, 6) if self.span.hours else None,
            "requests_per_month": _short(sums["requests"] * factor, 6)
            if counted and factor
            else None,
            "tokens_per_month": _short(whole * factor, 6) if factor else None,
            "tokens": tokens,
            "hourly": [_short(v) for v in curve] if curve else [],
            "busiest": {k: _short(max(v, 1.0)) for k, v in peak.items() if v},
            "columns": self._columns() if inputs else [],
            "inputs": inputs,
            "outputs": outputs,
            "in_flight_over_mean": self._flight(model),
            "dispersion_10s": None if dispersion is None else _short(dispersion),
            "reuse": self._reuse(model, taken),
        }
        if "usd_nano" in sums:
            file["stated_cost_usd"] = round(sums["usd_nano"] / 1e9, 6)
        return {k: v for k, v in file.items() if v not in (None, [], {})}

    def _month(self, model: str | None) -> float | None:
        """Return a month of 730 h over what was logged; from four weeks on whole weeks count."""
        if not self.span.hours:
            return None
        usual = HOURS_PER_MONTH / self.span.hours
        weeks = int(self.span.hours // WEEK_H)
        per, width = self._counts(model)
        if weeks < 4 or per is None or width != HOUR_S:
            return usual
        last = int((self.span.last or 0) // HOUR_S)
        kept = sum(n for hour, n in per.items() if hour >= last - weeks * WEEK_H)
        return kept / sum(per.values()) * HOURS_PER_MONTH / (weeks * WEEK_H)


def _share(share: float) -> str:
    return f"p{share * 100:g}".replace(".", "_")


def _length_shares(k: Any, n: Any) -> dict[str, float]:
    """Return mean, quantiles and the most of lengths."""
    order = np.argsort(k, kind="stable")
    k, n = k[order], n[order]
    values = quantiles(k, n, SHARES)
    mean = float((k * n).sum() / max(int(n.sum()), 1))
    most = float(k[n > 0].max()) if (n > 0).any() else 0.0
    return {
        "mean": mean,
        **{_share(q): v for q, v in zip(SHARES, values, strict=True)},
        "max": most,
    }


def _output_bins(table: Arrays) -> list[list[int]]:
    edges = np.array([1, *(4 * 2**k for k in range(40))])
    at = np.searchsorted(edges, table["k"], side="right")
    rows = []
    for i in np.unique(at):
        here = at == i
        n = int(table["n"][here].sum())
        if n:
            rows.append([int(edges[i]), n, int((table["k"][here] * table["n"][here]).sum())])
    return rows


def _short(value: float, digits: int = DIGITS) -> float:
    """Return a number of so many digits."""
    return float(f"{value:.{digits}g}")


def kinds_of(cells: Arrays) -> dict[str, int]:
    """Return the sums of some cells by kinds that never overlap; what is not known is left out."""
    whole = {name: int(cells[name].sum()) for name in (*WRITES, "output", "read", "input", "n")}
    apart = cells["unsplit"].astype(bool)
    unsplit = int(cells["input"][apart].sum()) - sum(int(cells[w][apart].sum()) for w in WRITES)
    split = int(cells["input"][~apart].sum())
    out: dict[str, int] = {}
    if not bool(cells["uncounted"].astype(bool).all()) or not len(cells["n"]):
        out["requests"] = whole["n"]
    if (~apart).any() or not len(apart):
        out["read"] = int(cells["read"][~apart].sum())
        out["input"] = split - out["read"] - sum(int(cells[w][~apart].sum()) for w in WRITES)
    if apart.any():
        out["input_with_read"] = unsplit
        out["read_estimate"] = int(cells["read_estimate"].sum())
    out |= {name: whole[name] for name in WRITES}
    out["output"] = whole["output"]
    if not cells["unthought"].astype(bool).all():
        out["reasoning"] = int(cells["reasoning"].sum())
    if cells["stated"].astype(bool).any():
        out["usd_nano"] = int(cells["usd_nano"][cells["stated"].astype(bool)].sum())
    for name in ("searches", "image_input"):
        if cells[name].any():
            out[name] = int(cells[name].sum())
    return out


def stamp(seconds: float | None) -> str | None:
    """Return a moment as text in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def yaml_text(document: dict[str, Any]) -> str:
    """Return a profile as YAML: a line for each entry, long lists in a row; the digest is its own.

    The same traffic gives the same bytes, whatever the order of the files.
    """
    body = dict(document)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    body["from"] = {**body["from"], "digest": f"sha256-{digest[:16]}"}
    return (
        "# Made by tco profile; used by --profile FILE, or FILE#MODEL for one of the models.\n"
        + "\n".join(_lines(body, 0))
        + "\n"
    )


def _lines(value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    out = []
    for key, inner in value.items():
        name = (
            key
            if str(key).replace("_", "").isalnum() and not str(key)[0].isdigit()
            else json.dumps(str(key))
        )
        if isinstance(inner, dict) and any(isinstance(v, dict | list) for v in inner.values()):
            out += [f"{pad}{name}:", *_lines(inner, depth + 1)]
        elif isinstance(inner, list) and inner and isinstance(inner[0], list):
            out += [f"{pad}{name}:", *(f"{pad}- {_flow(row)}" for row in inner)]
        else:
            out.append(f"{pad}{name}: {_flow(inner)}")
    return out


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return (
        value
        if isinstance(value, str)
        and value.replace(" ", "").replace("-", "").replace(".", "").isalnum()
        and not value[0].isdigit()
        else json.dumps(value)
    )
