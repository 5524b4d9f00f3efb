"""The screens of `tco size` and `tco deploy`: set-ups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import inf, isinf

from tco.analysis.deploy.server import DeployResult
from tco.analysis.size.results import FrontPoint, SessionsResult, SizeLimits, SizeResult, SizeRow
from tco.money import in_money
from tco.options.measurements import TIERS
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    Sheet,
    Table,
    View,
    column,
    number,
)
from tco.units import show_number, show_price, show_seconds, show_share, show_tokens

# The screen of `tco deploy`: a task for SkyPilot, which a file of it is as it stands.

COLUMNS = (column("flag", "argument"), number("value", "value"), column("why", "why", wraps=True))
USUAL = ("flag", "value", "why")


def _deploy_blocks(result: DeployResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the task; with columns asked for, the arguments of the server instead.

    A first screen leaves out what each value rests on, and is a file of the task all the same.
    """
    if view.fields is None:
        lines = result.skypilot.rstrip("\n").split("\n")
        yield Figure(rows=tuple(lines if view.notes or view.page else _bare(result, lines)))
        return
    yield words.table(sheet.pick(view.fields), sheet.rows[: view.top])


def _bare(result: DeployResult, lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a task that it needs, its price and what is to be done; then what is not.

    What a value rests on, and how a name was understood, are comments on lines of their own.
    """
    blank = lines.index("")
    head, body = lines[:blank], lines[blank:]
    kept: list[str] = []
    for line in head:
        if not line.startswith("#   "):  # which goes on with the line before
            text = line.removeprefix("# ")[:40]  # a line may be shorter: an id is not broken
            wanted = not any(text and said.startswith(text) for said in result.resolved)
        if wanted:
            kept.append(line)
    untold = f"{len(result.arguments) + len(result.resolved)} notes: --notes"
    place = next((i for i, line in enumerate(kept) if line.endswith("FILE`.")), None)
    if place is None or len(kept[place]) + 1 + len(untold) > first.COLUMNS:
        kept.append(f"# {untold}")
    else:
        kept[place] += f" {untold}"
    yield from kept
    task = [line for line in body if line.strip() and not line.lstrip().startswith("#")]
    yield from _joined(task)


def _joined(lines: Iterable[str]) -> list[str]:
    """Return lines of a task with the arguments of its server joined as far as there is room."""
    made: list[str] = []
    for line in lines:
        argument = line.strip().startswith("--") and bool(made) and made[-1].endswith(" \\")
        begun = made[-1].removesuffix(" \\") if argument else ""
        if begun.strip().startswith("--") and len(begun) + 1 + len(line.strip()) <= first.COLUMNS:
            made[-1] = f"{begun} {line.strip()}"
        else:
            made.append(line)
    return made


DEPLOY = Screen(
    rows=("arguments",), everything=Sheet(columns=COLUMNS, usual=USUAL), blocks=_deploy_blocks
)


# The screen of `tco size`.

TOP = 15
MOST_INFEASIBLE = 8
MOST_POINTS = 12
FEW = 3
"""So many set-ups stand on a screen before a second command does."""


def _size_sheet(result: SizeResult, view: View) -> Sheet:
    """Return the set-ups of the short list, or all when there is none or `--top` is said."""
    if not result.shown or view.top is not None:
        return _sheet(result, result.rows)
    wanted = set(result.shown)
    return _sheet(result, tuple(row for row in result.rows if row.id in wanted))


def compact(result: SizeResult) -> tuple[str, ...]:
    """Return the columns for whoever reads by the token: with a volume, those of the fleet too."""
    usual = ("id", "concurrency", "output_tokens_per_s", "tpot_s", "usd_per_mtok")
    first = () if result.limits.max_ttft_s is None else ("ttft_slo",)
    return (*usual, *first, *_fleet(result), "kv_bytes_per_token", "users", "developers")


def _fleet(result: SizeResult) -> tuple[str, ...]:
    demand = result.limits.tokens_per_month is not None
    return ("replicas", "fleet_gpus", "fleet_usd_per_month") if demand else ()


PARTS = (
    ("total_gb", "GPU GB"),
    ("weights_gb", "weights GB/GPU"),
    ("kv_cache_gb", "KV cache GB/GPU"),
    ("runtime_gb", "runtime GB/GPU"),
    ("unused_gb", "unused GB/GPU"),
)
"""What the memory of one GPU is for."""


SIZE_COLUMNS = (
    column("setup", "set-up", get=lambda r: r.id.partition("@")[2], wraps=True),
    column("id", "id", wraps=True),
    column("gpu", "GPU"),
    number("gpus", "GPUs a replica", words.count),
    column("precision", "precision"),
    column("fits", "fits", words.yes),
    column("feasible", "feasible", words.yes),
    number("weights_gb", "weights GB", show_number),
    number("free_gb", "free GB", show_number),
    *(number(f"gpu_{n}", head, show_number, of=f"memory_per_gpu.{n}") for n, head in PARTS),
    number("kv_bytes_per_token", "KV B/token", words.count),
    number("max_batch", "max batch", words.count),
    number("max_context_tokens", "max context", show_tokens),
    number("concurrency", "batch", words.count),
    number("output_tokens_per_s", "tok/s", show_number),
    number("requests_per_s", "req/s", show_number),
    number("tpot_s", "tpot", show_seconds),
    number("user_tokens_per_s", "tok/s/user", show_number),
    number("ttft_s", "ttft", show_seconds, of="ttft_s.median"),
    number("ttft_low_s", "ttft low", show_seconds, of="ttft_s.low"),
    number("ttft_high_s", "ttft high", show_seconds, of="ttft_s.high"),
    *(
        number(f"ttft_{p}_s", f"ttft {p}", show_seconds, of=f"first_token.{p}_s")
        for p in ("p50", "p95", "p99")
    ),
    column("ttft_slo", "ttft limit"),
    number("usd_per_gpu_hour", "$/GPU-h", words.price),
    number("usd_per_hour", "$/h", words.price),
    number("usd_per_mtok", "$/Mtok", words.price),
    number("low_usd_per_mtok", "low", words.price, of="band_usd_per_mtok.0"),
    number("high_usd_per_mtok", "high", words.price, of="band_usd_per_mtok.1"),
    *words.plain("seller", "purchase"),
    number("instance_gpus", "box", words.count),
    column("trust", "trust", get=lambda r: r.trust if r.seller else None),
    words.BECAUSE,
    number("replicas", "replicas", words.count),
    number("fleet_gpus", "GPUs", words.count),
    number("fleet_usd_per_month", "rent $/mo", words.whole_usd),
    number("sessions_cold", "sessions cold", show_number, of="sessions.cold"),
    number("sessions_warm", "sessions warm", show_number, of="sessions.warm"),
    number("sessions_pool_tokens", "pool", show_number, of="sessions.pool_tokens"),
    number("users", "users", words.count),
    number("developers", "developers", words.count),
    number("evidence_tier", "tier", words.count),
    number("band_low", "band low", show_price, of="band.0"),
    number("band_high", "band high", show_price, of="band.1"),
    column("on_front", "front", words.yes, get=lambda r: r.on_front or None),
    column("evidence", "evidence"),
    column("reasons", "reasons", get=lambda r: words.notes_of(r.reasons) or None),
)


def _sheet(result: SizeResult, rows: tuple[SizeRow, ...]) -> Sheet:
    usual = ("setup", "concurrency", "output_tokens_per_s", "tpot_s", "usd_per_mtok")
    alone = ("user_tokens_per_s", "usd_per_hour", "evidence_tier", "on_front")
    fleet = _fleet(result)
    return Sheet(
        rows=rows,
        columns=SIZE_COLUMNS,
        usual=(*usual, *fleet, "evidence_tier") if fleet else (*usual, *alone),
        keys={
            "mtok": "usd_per_mtok",
            "cost": "usd_per_hour",
            "speed": "tpot_s",
            "id": "id",
            "gpu": "gpu",
        },
    )


def _size_blocks(result: SizeResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the answer, the set-ups, how sure their speed is, what is a flag away."""
    if view.page or view.notes or view.fields is not None:
        return [
            *first.verdict(result.verdict, view),
            *_all_of_size(result, sheet, view),
            *words.assumptions(result.assumptions),
            *_size_ending(result, view, 0, 2),
        ]
    make = partial(_sized, result, sheet, view)
    return first.fitted(result, view, make, min(view.top or TOP, len(sheet.rows)), 0)


def _sized(result: SizeResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many set-ups; with none but the answer, without a last command."""
    columns = tuple(
        c._replace(head=SHORT_HEADS.get(c.key, c.head)) for c in sheet.pick(_short(result))
    )
    feasible = [row for row in sheet.rows if row.feasible]
    kept = _kept(feasible, max(fullness, 1), result, view)
    table: list[Block] = [words.table(columns, kept)] if kept else []
    room = fullness - len(kept) if view.top else MOST_INFEASIBLE * (not kept)
    others = [row for row in sheet.rows if not row.feasible]
    others = others[: max(min(fullness, room), not kept)]
    table += _impossible(others) if others else ()
    kept += others
    return [
        *first.verdict(result.verdict, view),
        *_limits_line(result),
        *table,
        *_sessions(result),
        *_believed(result),
        *first.assumed(result.assumptions, view),
        *_size_ending(result, view, len(result.rows) - len(kept), 2 if fullness > FEW else 1),
    ]


def _short(result: SizeResult) -> tuple[str, ...]:
    """Return the columns of the first screen: of one replica, or of the fleet for a volume."""
    demand = bool(_fleet(result))
    limited = result.limits.max_ttft_s is not None
    return (
        "setup",
        *(("fleet_gpus", "fleet_usd_per_month") if demand else ("user_tokens_per_s",)),
        *(() if demand and limited else ("concurrency",)),
        *("output_tokens_per_s", "tpot_s", "ttft_s"),
        *(("ttft_slo",) if limited else ()),
        *("usd_per_mtok", "evidence_tier"),
    )


SHORT_HEADS = {"ttft_slo": "limit"}


def _answer(result: SizeResult) -> str | None:
    """Return the set-up that the verdict names first."""
    return result.best_fleet or result.best


def _kept(rows: Sequence[SizeRow], most: int, result: SizeResult, view: View) -> list[SizeRow]:
    """Return the first rows, by the fleet for a volume where one was given; always the answer."""
    if result.best_fleet is not None and view.sort is None:
        rows = sorted(rows, key=lambda row: row.fleet_usd_per_month or inf)
    wanted = [row for row in rows if row.id == _answer(result)]
    others = [row for row in rows if row not in wanted][: max(most - len(wanted), 0)]
    return [row for row in rows if row in wanted or row in others]


def _limits_line(result: SizeResult) -> Iterator[Block]:
    """Return what was asked of every set-up, in a line."""
    asked = result.limits
    first_token = "" if asked.max_ttft_s is None else f", ttft {show_seconds(asked.max_ttft_s)}"
    demand = ""
    if asked.peak_requests_per_s is not None and asked.peak_to_mean is not None:
        demand = f"; {words.rate(asked.peak_requests_per_s, asked.peak_to_mean)}"
    text = (
        f"{words.count(asked.isl)} in, {words.count(asked.osl)} out; "
        f"{_most_tpot(asked)}{first_token}{demand}"
    )
    yield Paragraph(text=text, tone="dim")


def _sessions(result: SizeResult) -> Iterator[Block]:
    """Return how many open sessions a replica of the answer keeps, and where its wall is."""
    best = next((row for row in result.rows if row.id == _answer(result)), None)
    if best is not None and best.sessions is not None:
        yield Paragraph(text=_sessions_words(best.sessions), hanging=2)


def _sessions_words(of: SessionsResult) -> str:
    pool = f"{show_number(of.pool_tokens)} tokens, {'stated' if of.pool_stated else 'worked out'}"
    if of.wall is None:
        return (
            f"A replica serves {of.kept:,.0f} open sessions within the limits; its cache ({pool}) "
            "keeps them all: no wall before that."
        )
    held = f"{pool}; {show_number(of.held_tokens)} a session"
    counted = "warm, as admission is capped" if of.capped else "cold: --admission-cap counts warm"
    cap = ", which the cap has to hold," if of.capped else ""
    hits = [show_share(round(share, 2)) for share in (of.hit_share, of.beyond_hit_share)]
    return (
        f"A replica keeps {of.warm:,.0f} open sessions warm, {of.cold:,.0f} from a cold start "
        f"(counted on: {counted}). Wall: a tenth beyond {of.wall:,.0f} of them{cap} the cache "
        f"({held}) falls from {hits[0]} to {hits[1]} of the input."
    )


def _believed(result: SizeResult) -> Iterator[Block]:
    """Return within what the speed of the answer is believed, and what its evidence is."""
    best = next((row for row in result.rows if row.id == _answer(result)), None)
    if best is None or best.output_tokens_per_s is None:
        return
    low, high = (show_number(best.output_tokens_per_s * end) for end in best.band)
    text = f"{best.id.partition('@')[2]} is believed to make {low} to {high} tok/s"
    if best.band_usd_per_mtok is not None:
        least, most = (words.price(usd) for usd in best.band_usd_per_mtok)
        text += in_money(f", ${least} to ${most} per Mtok")
    told = f"{text} (tier {best.evidence_tier}: {TIERS[best.evidence_tier]})."
    yield Paragraph(text=f"{told}{_people(best, result)}", hanging=2)
    yield from first.doubts(result.verdict, View())


def _people(row: SizeRow, result: SizeResult) -> str:
    """Return how many users one replica serves, and what each asks for."""
    each = result.limits.requests_per_user_per_month
    if row.users is None or each is None:
        return ""
    many = f"{words.count(row.users)} users at {words.count(each)} req/mo"
    return f" One replica alone serves {many}."


def _size_ending(result: SizeResult, view: View, more: int, most_commands: int) -> Iterator[Block]:
    """Return what is one flag away, and the next commands."""
    others = f"{more} more: --top {len(result.rows)}" if more > 0 else ""
    yield from first.away(result, view, others, "memory, front: --notes" if not view.notes else "")
    demand = result.limits.tokens_per_month is not None
    if result.best is not None and demand:
        name = f"self/{_answer(result)}"
        told = first.deployment(result.asked, name)
        told.append(first.command(result.asked, "explain", name))
        yield from first.commands(*told[:most_commands])
    elif result.best is not None:
        asked = first.carried(result.asked, first.CHOOSING)
        yield from first.commands(first.command(asked, "breakeven", "--model", result.model))
    elif (wider := first.carried(result.asked, (*ONLY_SIZED, *LIMITING))) != [*result.asked]:
        yield from first.commands(first.command(wider, "size", result.model))


ONLY_SIZED = ("--gpus", "--gpu", "--precision", "--concurrency")
"""What chooses among set-ups: a question without it finds others."""

LIMITING = ("--slo", "--max-tpot", "--max-ttft", "--kv-pool")
"""What a set-up may fail to keep: a question without it finds one."""


def _all_of_size(result: SizeResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return all that is known: what was asked, notes of each set-up, the front, tiers."""
    yield Paragraph(text=f"{_model(result)}\n{_limits(result)}\n{words.edition(result.catalog)}")
    columns = sheet.pick(view.fields or sheet.usual)
    feasible = [row for row in sheet.rows if row.feasible]
    infeasible = [row for row in sheet.rows if not row.feasible]
    top = TOP if view.top is None else view.top
    if feasible:
        rows = [_row(row, columns, noted=view.fields is None) for row in feasible[:top]]
        yield Table(columns=columns, rows=tuple(rows))
    if infeasible:
        yield from _impossible(infeasible)
    hidden = len(result.rows) - len(feasible[:top]) - len(infeasible[:MOST_INFEASIBLE])
    if hidden > 0:
        yield Paragraph(text=f"{hidden} more: --top 300 shows them, --gpu narrows", tone="dim")
    if view.fields is None:
        yield from _front(result)
    yield from _sessions(result)
    yield from _tiers(feasible[:top])


def _model(result: SizeResult) -> str:
    size = f"{show_number(result.params)} weights"
    if result.active_params < result.params:
        size += f", {show_number(result.active_params)} active"
    context = ""
    if result.context_tokens is not None:
        context = f", context of {show_tokens(result.context_tokens, 4)}"
    kept = next((row.kv_bytes_per_token for row in result.rows), None)
    cache = "" if kept is None else f"; {show_number(kept / 1e3)} kB of KV cache a token"
    return f"{result.model}: {size}, published in {result.native_precision}{context}{cache}"


def _limits(result: SizeResult) -> str:
    asked = result.limits
    cached = f", {show_share(asked.cached_share)} of it cached" if asked.cached_share else ""
    first = "" if asked.max_ttft_s is None else f" and ttft {show_seconds(asked.max_ttft_s)}"
    demand = ""
    if asked.tokens_per_month is not None:
        demand = f"; {show_tokens(asked.tokens_per_month)} tokens a month"
    if asked.peak_requests_per_s is not None and asked.peak_to_mean is not None:
        demand += f", {words.rate(asked.peak_requests_per_s, asked.peak_to_mean)}"
    most = words.count(asked.max_concurrency)
    if asked.max_concurrency_large != asked.max_concurrency:
        most += f" ({words.count(asked.max_concurrency_large)} on large GPUs)"
    return (
        f"requests of {words.count(asked.isl)} in{cached} and {words.count(asked.osl)} out; "
        f"{_most_tpot(asked)}{first}; {asked.engine} engine, at most "
        f"{most} in flight{demand}"
    )


def _row(row: SizeRow, columns: Sequence[Column], *, noted: bool) -> Row:
    cells = tuple(column.text(row) for column in columns)
    return Row(cells=cells, note=_note(row) if noted else "")


def _most_tpot(limits: SizeLimits) -> str:
    """Return the limit on a token in words; work that can wait has none."""
    most = f"tpot at most {show_seconds(limits.max_tpot_s)}"
    told = ["no limit on tpot" if isinf(limits.max_tpot_s) else most]
    told += [f"ttft p{level * 100:.0f} {show_seconds(s)}" for level, s in limits.within]
    return ", ".join(told)


def _note(row: SizeRow) -> str:
    """Return what stands under the row of a set-up."""
    parts = []
    if row.output_tokens_per_s is not None:
        low, high = (show_number(row.output_tokens_per_s * end) for end in row.band)
        parts.append(f"{low} to {high} tok/s")
    if row.ttft_s is not None:
        limit = f" (limit: {row.ttft_slo})" if row.ttft_slo else ""
        of = row.ttft_s
        middle = "" if of.median is None else f"{show_seconds(of.median)}, "
        parts.append(f"ttft {middle}{show_seconds(of.low)} to {show_seconds(of.high)}{limit}")
    if row.first_token is not None:
        parts.append(words.first_token(row.first_token))
    batch, context = words.count(row.max_batch), show_tokens(row.max_context_tokens)
    parts.append(f"memory for {batch}, or for one of {context}")
    if row.sessions is not None:
        cold, warm = (words.count(n) for n in (row.sessions.cold, row.sessions.warm))
        parts.append(f"{warm} open sessions kept warm, {cold} from a cold start")
    return "; ".join([*parts, *_memory(row), *_served(row), _box(row)])


def _memory(row: SizeRow) -> Iterator[str]:
    """Return what the memory of one GPU is for."""
    if row.memory_per_gpu is not None:
        of = row.memory_per_gpu
        yield (
            f"a GPU's {show_number(of.total_gb)} GB: weights {show_number(of.weights_gb)}, "
            f"KV cache {show_number(of.kv_cache_gb)}, runtime {show_number(of.runtime_gb)}, unused "
            f"{show_number(of.unused_gb)}"
        )


def _served(row: SizeRow) -> Iterator[str]:
    """Return how many people one replica serves."""
    people = [(row.users, "users"), (row.developers, "developers")]
    if row.users == row.developers:  # of one profile
        people = people[1:]
    told = [f"{words.count(n)} {who}" for n, who in people if n is not None]
    if told:
        yield f"a replica serves {' or '.join(told)}"


def _box(row: SizeRow) -> str:
    """Return who rents the GPUs out, and in boxes of how many."""
    if row.seller is None:
        return "no rent known"
    box = "" if row.instance_gpus in (None, 1) else f", boxes of {row.instance_gpus}"
    return f"{row.seller}:{row.purchase}{box}"


def _impossible(rows: list[SizeRow]) -> Iterator[Block]:
    yield Paragraph(text="Not possible", tone="bold")
    for row in rows[:MOST_INFEASIBLE]:
        name = row.id.partition("@")[2]
        text = f"{name}: {words.notes_of(row.reasons)}"
        yield Paragraph(text=text, tone="dim", hanging=2, bullet=True)


FRONT = (
    column("setup", "front: set-up", get=lambda p: p.id.partition("@")[2], wraps=True),
    number("concurrency", "batch", words.count),
    number("user_tokens_per_s", "tok/s/user", show_number),
    number("usd_per_mtok", "$/Mtok", words.price),
)


def _front(result: SizeResult) -> Iterator[Block]:
    """Return the front as a table, thinned evenly where it is long."""
    points = _thinned(result.front)
    if points:
        yield words.table(FRONT, points)


def _thinned(points: tuple[FrontPoint, ...]) -> list[FrontPoint]:
    most = len(points) - 1
    if most < MOST_POINTS:
        return list(points)
    return [points[round(i * most / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]


def _tiers(rows: list[SizeRow]) -> Iterator[Block]:
    """Return what the tiers of evidence on the screen mean."""
    seen = sorted({row.evidence_tier for row in rows})
    if seen:
        told = "; ".join(f"{tier} {TIERS[tier]}" for tier in seen)
        yield Paragraph(text=f"Tier of evidence: {told}. Ranges hold four of five.", hanging=2)


SIZE = Screen(
    rows=("rows",),
    everything=lambda result: _sheet(result, result.rows),
    shown=_size_sheet,
    blocks=_size_blocks,
    compact=compact,
)
