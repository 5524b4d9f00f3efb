"""Command lines and broken files, drawn by a seed, and the contract that holds of all of them.

The contract: an exit status from 0 to 4, no traceback, JSON that its schema takes, no cost below
nothing, and no figure that is not one. `test_fuzz.py` tries some in a second or so each;
`benchmarks/fuzz.py` as many as one likes.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from running import ROOT, published, run

from tco.api.mcp import TOOLS
from tco.ask.fields import Field, fields_of
from tco.ask.options import (
    OUTPUT,
    QUESTION,
    BreakevenOptions,
    HorizonOptions,
    PlanOptions,
    SensitivityOptions,
    SizeOptions,
)

COMMANDS = {
    "compare": {},
    "breakeven": fields_of(BreakevenOptions),
    "sensitivity": fields_of(SensitivityOptions),
    "plan": fields_of(PlanOptions),
    "size": fields_of(SizeOptions),
    "horizon": fields_of(HorizonOptions),
    "explain": {},
    "train": {},
    "embed": {},
    "deploy": {},
}
VOLUMES = {"train": "--training-tokens", "embed": "--corpus"}
"""The option that says how much, where it is not `--tokens`."""

NAMES = (
    "openai/gpt-4.1", "gpt-4.1", "gpt-4.1-mini", "self/llama-3.3-70b", "llama-3.3-70b", "self",
    "self/gpt-oss-120b@1xh100-sxm:mxfp4/runpod:on_demand", "claude-sonnet-4.5", "nobody/nothing",
)  # fmt: skip
NUMBERS = (
    "0", "1", "50", "0.5", "1e-9", "1e12", "1e308", "-1", "nan", "inf", "50B", "500M/day", "20M",
    "3:1", "35%", "150%", "50ms", "1 s", "2.5x", "$4k/month", "$240k/year", "18 months", "3 years",
    "1..4", "1B..1T:log5", "0.5..2:3", "9" * 40, "1,200", "",
)  # fmt: skip
WORDS = (
    "eu", "flex", "priority", "1h", "fp8", "bf16", "int4", "q4_k_m", "h100-sxm", "a30", "mi300x",
    "runpod", "together", "openai", "self", "api", "hosted", "permissive", "mmlu=85", "low", "high",
    "spot", "own", "reserved_1y", "dedicated", "autoscaled", "scheduled", "scale_to_zero",
    "mon-fri 08:00-20:00", "ttft=1s", "tpot=30ms", "tuned", "local", "legacy", "mtp", "expert",
    "desk", "texas", "books", "chat", "general", "agents", "power", "people", "volume:rent",
    "rent:peak", "rent.factor=0.7..1.5", "serving.headroom=90%", "people.floor_fte=2", "cost", "id",
    "2026-03-01", "9999-12-31", "0001-01-01", "2026-02-30", "json", "csv", "md", "llm", "x" * 300,
    "mine:kind=fixed,usd_per_month=5000,capacity=20B", "mine:kind=api,input=$1,output=$4", "a,b",
)  # fmt: skip
QUIET = {"export", "catalog", "measured", "file"}
"""Options that name files: what is wrong in those is tried apart."""


def command_line(rng: random.Random) -> list[str]:
    """Return a command line, right or nearly so more often than not."""
    if rng.random() < 0.04:
        return _of_data(rng)
    command = rng.choice([*COMMANDS, "compare", "breakeven", "plan"])
    words = [command]
    named = {"explain": 1, "deploy": 1, "size": 1, "train": 1}.get(command, 0)
    if command in ("breakeven", "sensitivity", "horizon") and rng.random() < 0.6:
        named = 2
    words += [rng.choice(NAMES) for _ in range(named)]
    if rng.random() < 0.85:
        words += [
            VOLUMES.get(command, "--tokens"),
            rng.choice(("50B", "1B", "100M", "2T", rng.choice(NUMBERS))),
        ]
    fields = [*QUESTION, *OUTPUT, *COMMANDS[command].values()]
    for field in rng.sample(fields, rng.choice((0, 1, 1, 2, 3, 5))):
        if field.name not in QUIET | {"tokens", "all"}:
            words += _said(field, rng)
    if rng.random() < 0.5 and "--format" not in words:
        words += ["--format", "json"]
    return words


def _of_data(rng: random.Random) -> list[str]:
    """Return a question of the catalog or of what is in effect."""
    asked = rng.choice(("show", "show", "history", "list", "names", "rules"))
    words = rng.choice((["catalog", asked], ["catalog", asked], ["config", "show"]))
    if asked in ("show", "history", "list") or rng.random() < 0.1:
        words.append(rng.choice((*NAMES, *WORDS, "models", "offers", "hardware", "prices")))
    return [*words, *rng.choice(([], ["--format", rng.choice(("json", "csv", "md", "llm"))]))]


def _said(field: Field, rng: random.Random) -> list[str]:
    flag = "--" + field.name.replace("_", "-")
    if field.metavar is None:
        return [flag]
    good = [word for word in (field.eg, *re.findall(r"[\w.:=$%/-]+", field.text)) if word]
    values = rng.choice((good or WORDS, WORDS, NUMBERS))
    return [flag, rng.choice(values)]


def broken(data: bytes, rng: random.Random) -> bytes:
    """Return a file with a few things wrong: bytes, lines, words, numbers."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        data = rng.choice(_BREAKS)(data, rng)
    return data


def _lines(change: Callable[[list[bytes], random.Random], list[bytes]]) -> Callable[..., bytes]:
    return lambda data, rng: b"\n".join(change(data.split(b"\n"), rng)) if data else data


def _without(lines: list[bytes], rng: random.Random) -> list[bytes]:
    gone = rng.randrange(len(lines))
    return lines[:gone] + lines[gone + 1 :]


def _twice(lines: list[bytes], rng: random.Random) -> list[bytes]:
    place = rng.randrange(len(lines))
    return [*lines[: place + 1], *lines[place:]]


def _swapped(lines: list[bytes], rng: random.Random) -> list[bytes]:
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _number(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+(\.\d+)?", data))
    if not found:
        return data
    at = rng.choice(found)
    new = rng.choice((b"-1", b"0", b"1e400", b"nan", b"text", b"[]", b"9" * 30, b"true", b"null"))
    return data[: at.start()] + new + data[at.end() :]


def _word(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"[A-Za-z_]{3,}", data))
    if not found:
        return data
    at, other = rng.choice(found), rng.choice(found)
    return data[: at.start()] + other.group() + data[at.end() :]


def _torn(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _byte(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]


_BREAKS = (
    _lines(_without),
    _lines(_twice),
    _lines(_swapped),
    _number,
    _number,
    _word,
    _torn,
    _byte,
)


def samples(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield files that are right, and the command that reads each."""
    golden = ROOT / "tests" / "golden"
    yield ROOT / "tests" / "scenario" / "tco.yaml", ("compare", "-f")
    yield golden / "files" / "portfolio.yaml", ("plan", "-f")
    yield golden / "files" / "cheaper.yaml", ("catalog", "check")
    yield golden / "files" / "cheaper.yaml", ("compare", "--tokens", "5B", "--catalog")
    yield golden / "files" / "spend.jsonl", ("profile",)
    yield golden / "files" / "spend.jsonl", ("bill",)
    yield from _measured()
    yield from _made(folder)
    for name, line in (
        ("compare", ["compare", "--tokens", "5B"]),
        ("breakeven", ["breakeven", "gpt-4.1", "self/llama-3.3-70b"]),
        ("plan", ["plan", "deepinfra/llama-3.3-70b", "--tokens", "50B", "--profile", "chat"]),
    ):
        saved = folder / f"{name}.json"
        saved.write_text(run(*line, "--format", "json").stdout, encoding="utf-8")
        yield saved, ("render",)
        yield saved, ("diff", str(saved))


def _measured() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield what was measured: results of benchmark tools, and a table of one's own."""
    files = ROOT / "tests" / "size" / "files"
    setup = ("--model", "llama-3.3-70b", "--gpu", "h100-sxm", "--gpus", "2", "--precision", "fp8")
    for path in sorted(files.glob("*.json")):
        yield path, ("import", "bench", *setup, "--engine", "vLLM", "--dry-run")
    yield files / "mine.csv", ("size", "--validate")
    yield files / "mine.csv", ("compare", "--tokens", "5B", "--measured")


def _made(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield a week of loads, a model's own description and a profile of traffic."""
    hours = folder / "hours.txt"
    hours.write_text("\n".join(f"{h} {1 + h % 7}" for h in range(24)), encoding="utf-8")
    pair = ("deepinfra/llama-3.3-70b", "self/llama-3.3-70b")
    yield hours, ("plan", *pair, "--tokens", "50B", "--curve")
    config = folder / "config.json"
    config.write_text(json.dumps(CONFIG, indent=1), encoding="utf-8")
    yield config, ("size", "--model-config")
    yield config, ("compare", "--tokens", "5B", "--model-config")
    log = ROOT / "tests" / "golden" / "files" / "spend.jsonl"
    traffic = folder / "traffic.yaml"
    run("profile", str(log), "--to", str(traffic))
    if traffic.is_file():
        yield traffic, ("compare", "-f")
        yield traffic, ("bill",)


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
    "tie_word_embeddings": False,
}
JUNK: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        1e308,
        float("nan"),
        float("inf"),
        10**400,
        "",
        "\ud800",
        "\x00",
        "x" * 5000,
    ),
    *([], {}, [None, None], [[]], {"a": {"b": []}}, ["50B"], {"rent.factor": "nan"}, b"bytes"),
)


def message(rng: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a call of a tool as an agent might make it: right, nearly so, or not at all."""
    name = rng.choice([*TOOLS, *TOOLS, "nothing"])
    offered = TOOLS.get(name)
    said: dict[str, Any] = {}
    if offered is not None:
        for key in offered.names:
            if not key.endswith("?") or rng.random() < 0.5:
                said[key.rstrip("?")] = rng.choice(NAMES)
        for key in rng.sample(
            [*offered.options], min(rng.choice((0, 1, 2, 4)), len(offered.options))
        ):
            said[key] = rng.choice((rng.choice(WORDS), rng.choice(NUMBERS), rng.choice(JUNK)))
    if rng.random() < 0.8:
        said["tokens"] = rng.choice(("50B", 5e9, "100M", rng.choice(NUMBERS)))
    if rng.random() < 0.2:
        said[rng.choice(("top", "no_such", *said))] = rng.choice(JUNK)
    return name, said


def against_message(answer: Any) -> str | None:
    """Return what of the contract an answer to an agent breaks; None where it holds."""
    text = " ".join(part.text for part in answer.content)
    if "internal error" in text or "Traceback" in text:
        return text[:300]
    if answer.is_error:
        return "a long error" if len(text) > 4000 or not text else None
    try:
        json.dumps(answer.structured_content, allow_nan=False)
    except ValueError as error:
        return str(error)
    return next(_below_nothing(answer.structured_content, ""), None)


BELOW_NOTHING = re.compile(r"usd|cost|price")
SIGNED = re.compile(
    r"saving|swing|gap|difference|change|npv|delta|gain|worth|total|cash|a_minus|at_low|at_high|\.path\.usd$"
)
"""Figures of money that may be below nothing: what one option costs less than another."""


def against(line: list[str], result: Any) -> str | None:
    """Return what of the contract a result breaks; None where it holds."""
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        return f"{type(error).__name__}: {error}"
    if result.exit_code not in range(5):
        return f"exit status {result.exit_code}: {result.stderr[-300:]}"
    if "Traceback" in result.output:
        return f"a traceback: {result.output[-1500:]}"
    wants = "json" in line[-1:] or ("--format" in line and "json" in line)
    if wants and result.exit_code == 0 and result.stdout.startswith("{"):
        return _document(json.loads(result.stdout, parse_constant=_no_figure), line)
    return None


def _no_figure(word: str) -> float:
    raise ValueError(f"{word} in JSON")


def _document(document: Any, line: list[str]) -> str | None:
    schema = str(document.get("schema", "")).partition("/")[0].removeprefix("tco.")
    names = {"--fields", "--top", "--sort"}
    if schema and not names & {*line} and (ROOT / "schema" / f"{schema}.schema.json").is_file():
        wrong = next(iter(published(schema).iter_errors(document)), None)
        if wrong is not None:
            return f"schema: {'.'.join(map(str, wrong.instance_path))}: {wrong.message[:200]}"
    return next(_below_nothing(document, ""), None)


def _below_nothing(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _below_nothing(one, f"{path}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from _below_nothing(one, path)
    elif isinstance(value, float):
        last = path.rpartition(".")[2]
        if not math.isfinite(value) or (
            value < -1e-9 and BELOW_NOTHING.search(last) and not SIGNED.search(path)
        ):
            yield f"{path} is {value}"
