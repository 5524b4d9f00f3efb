"""Five of the questions as tools of an MCP server, for agents; needs the package `mcp`.

An answer is the text of `--format llm`, and its figures unrounded as structured content.
Agents name no scenario, catalog or measurements to read; `bill` alone takes logs, of which only
sums come back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, get_args, get_origin

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from tco import __version__
from tco.api import functions, logs
from tco.ask.fields import Field, at_least_one, fields_of
from tco.ask.options import (
    BillOptions,
    BreakevenOptions,
    CompareOptions,
    QuestionOptions,
    SizeOptions,
)
from tco.ask.synonyms import called_here
from tco.errors import TcoError, UsageError, printable, suggestion
from tco.render.jsonio import document
from tco.render.output import rendered, screen
from tco.render.words import View

INSTRUCTIONS = (
    "What serving language models costs a month: closed APIs, hosted open models, own GPUs. Prices "
    "are dated and sourced, fleets are whole GPUs sized at the peak. Quantities are texts: 50B, "
    "500M/day, 20 req/s, 35%, $2.50, 50ms. Option ids: openai/gpt-4.1, deepinfra/llama-3.3-70b, "
    "self/llama-3.3-70b (or self/MODEL@2xGPU:PRECISION/SELLER:PURCHASE)."
)
ROWS = 10
TOP = {"type": "integer", "minimum": 1, "description": f"At most so many rows; {ROWS} unless said."}


class Offered(NamedTuple):
    """A tool.

    Args:
        ask: The function of the library.
        text: What it is good for.
        names: Arguments that come first, each with what it is; `?` ends one that can be left out.
        records: Where its options are declared: it takes those that say so (`Field.tools`).
    """

    ask: Callable[..., Any]
    text: str
    names: Mapping[str, str]
    records: tuple[Any, ...]

    @property
    def options(self) -> dict[str, Field]:
        """Return the options that it takes, by their names."""
        tool = self.ask.__name__
        every = {name: f for record in self.records for name, f in fields_of(record).items()}
        return {name: field for name, field in every.items() if tool in field.tools.split()}


TOOLS = {
    "compare": Offered(
        functions.compare,
        "What a month costs every way there is to serve it (closed API, hosted open model, own "
        "GPUs), cheapest first; what is impossible and why. Without one of tokens, requests, "
        "users: at 1B, 10B and 100B tokens a month, and where own GPUs begin to win. "
        "`frontier`: the cheapest for each level of quality, and what each further point costs.",
        {},
        (QuestionOptions, CompareOptions),
    ),
    "breakeven": Offered(
        functions.breakeven,
        "From which volume option B is cheaper than option A: never (and why), once, or on several "
        "intervals. `over` varies something else than the volume, which must then be given. "
        "Without a and b: every open model on own GPUs against its cheapest host.",
        {"a?": "An option's id.", "b?": "The id of the option that may be cheaper."},
        (QuestionOptions, BreakevenOptions),
    ),
    "size": Offered(
        functions.size,
        "Whether an open model fits a GPU, on how many, at what tokens/s and latency, and what "
        "that costs at full load; with a volume, the fleet for it; how many users it serves.",
        {"model": "An open model, such as llama-3.3-70b."},
        (QuestionOptions, SizeOptions),
    ),
    "explain": Offered(
        functions.explain,
        "Every term of the bill of one option: quantity, unit, rate, amount, source, date; and how "
        "the size of a fleet came about. Needs one of tokens, requests, users.",
        {"name": "The option's id, or enough of it."},
        (QuestionOptions,),
    ),
    "bill": Offered(
        logs.bill,
        "What was used, from request logs or usage reports on this machine (OpenAI, Anthropic, "
        "LiteLLM, Claude Code, CSV of months, ...): at the list price of each day, beside what the "
        "log states, and why they differ. Sums only; prompts and answers are never read.",
        {"logs": "A file, folder or pattern, such as ~/.claude/projects."},
        (BillOptions, QuestionOptions),
    ),
}


def serve() -> None:
    """Answer on stdin and stdout until the client hangs up."""
    anyio.run(_serve)


async def _serve() -> None:
    server = Server(
        "tco",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=_list,
        on_call_tool=_call,
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def _list(_: Any, __: Any) -> ListToolsResult:
    return ListToolsResult(tools=[_tool(name, offered) for name, offered in TOOLS.items()])


def _tool(name: str, offered: Offered) -> Tool:
    properties: dict[str, Any] = {
        key.rstrip("?"): {"type": "string", "description": text}
        for key, text in offered.names.items()
    }
    properties |= {key: _parameter(field) for key, field in offered.options.items()}
    return Tool(
        name=name,
        description=offered.text,
        input_schema={
            "type": "object",
            "properties": {**properties, "top": TOP},
            "required": [key for key in offered.names if not key.endswith("?")],
            "additionalProperties": False,
        },
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


JSON_TYPES = {str: "string", date: "string", float: "number", int: "number", bool: "boolean"}
JSON_KINDS = {Mapping: "object", Sequence: "array"}


def _parameter(field: Field) -> dict[str, Any]:
    """Return an option as JSON Schema, from its type and its help text."""
    parts = get_args(field.kind)
    kinds = [JSON_TYPES.get(part) or JSON_KINDS.get(_abstract(part)) for part in parts]
    known = list(dict.fromkeys(kind for kind in kinds if kind))
    return {"type": known if len(known) > 1 else known[0], "description": field.text}


def _abstract(part: Any) -> Any:
    """Return `Mapping` or `Sequence` for a type that is one."""
    origin = get_origin(part)
    return next((kind for kind in JSON_KINDS if origin is kind), None)


async def _call(_: Any, params: CallToolRequestParams) -> CallToolResult:
    return await anyio.to_thread.run_sync(called, params.name, params.arguments or {})


def called(name: str, arguments: Mapping[str, Any]) -> CallToolResult:
    """Return what a tool answers; what is wrong is one line, marked as an error."""
    try:
        return _answer(name, dict(arguments))
    except TcoError as error:
        return _error(str(error))
    except Exception as error:  # noqa: BLE001 - an agent gets a line as a user does
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return _error(f"internal error, please report it: {what}")


def _error(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=True)


def _answer(name: str, arguments: dict[str, Any]) -> CallToolResult:
    """Return the answer of a tool: a text of few words, and its figures unrounded.

    Raises:
        UsageError: No such tool, an argument that it does not have, or one that is missing.
    """
    if name not in TOOLS:
        raise UsageError(f"no tool called {printable(name, 40)!r}; there are {', '.join(TOOLS)}")
    offered = TOOLS[name]
    known = [*(key.rstrip("?") for key in offered.names), *offered.options, "top"]
    for key in arguments:
        if key not in known:
            hint = suggestion(called_here(key, known) or key, known)
            raise UsageError(f"{name}: no option called {printable(key, 40)!r}{hint}")
    top = arguments.pop("top", None)
    most = None if top is None else _rows(top)
    first = [arguments.pop(key.rstrip("?"), None) for key in offered.names]
    for key, value in zip(offered.names, first, strict=True):
        if value is None and not key.endswith("?"):
            raise UsageError(f"{name}: which {key}? {offered.names[key]}")
    answer = offered.ask(*first, **arguments)
    text = TextContent(text=rendered(answer, "llm", View(top=most)))
    return CallToolResult(content=[text], structured_content=figures(answer, most or ROWS))


def _rows(top: Any) -> int:
    """Return how many rows were asked for."""
    try:
        return at_least_one(top)
    except UsageError as error:
        raise UsageError(f"top: {error}") from None


def figures(answer: Any, most: int) -> dict[str, Any]:
    """Return the verdict, at most so many rows, and what to be wary of; figures as they are."""
    shown = screen(answer.schema)
    sheet = shown.sheet(answer, View())
    columns = [*sheet.pick(shown.compact_columns(answer, sheet))]
    columns += [c for c in sheet.columns if c.key in ("reasons", "trust_reasons")]
    return {
        "schema": answer.schema,
        "as_of": answer.catalog.as_of,
        "verdict": str(answer),
        "best": answer.best,
        "cheaper_but_unsure": [*answer.cheaper_but_unsure],
        "resolved": [*getattr(answer, "resolved", ())],
        "rows": [{c.key: document(c.get(row)) for c in columns} for row in sheet.rows[:most]],
        "more_rows": max(len(sheet.rows) - most, 0),
        "steps": [*getattr(answer, "steps", ())],
        "warnings": [*answer.warnings],
    }
