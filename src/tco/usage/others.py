"""What to do with logs that are known by their fields, and that no reader takes as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tco.usage.formats import mapping

POSTHOG = (
    "events of PostHog: --columns 'start=timestamp,model=properties.$ai_model,"
    "fresh=properties.$ai_input_tokens,read=properties.$ai_cache_read_input_tokens,"
    "written=properties.$ai_cache_creation_input_tokens,output=properties.$ai_output_tokens', "
    "with input in place of fresh where no model is Claude"
)
OPENCODE = (
    "messages of opencode: --columns start=time.created,model=modelID,fresh=tokens.input,"
    "read=tokens.cache.read,written=tokens.cache.write,output=tokens.output,id=id"
)
AIDER = (
    "aider's analytics: --columns start=time,model=properties.main_model,"
    "input=properties.prompt_tokens,output=properties.completion_tokens,cost=properties.cost"
)
GEMINI_CLI = (
    'telemetry of Gemini CLI: jq -c \'.attributes|select(."event.name"=="gemini_cli.api_response")|'
    '{start:."event.timestamp",model,input_tokens:.input_token_count,cached_tokens:'
    ".cached_content_token_count,output_tokens:(.output_token_count+.thoughts_token_count)}'"
)
CLINE = (
    'messages of Cline, which name no model: jq -c \'.[]|select(.say=="api_req_started")|'
    '{ts,model:"NAME"}+(.text|fromjson|{uncached_input:.tokensIn,cached_tokens:.cacheReads,'
    "cache_write_tokens:.cacheWrites,output_tokens:.tokensOut,cost_usd:.cost})'"
)
MLFLOW = "traces of MLflow: have it export its spans by OTLP to a file, which is read"
AZURE = (
    "diagnostics of Azure, which tell no tokens: az monitor metrics list has them "
    "(--from azure-monitor)"
)
LITELLM = "LiteLLM's costs by the day, which tell no tokens: /spend/logs?summarize=false has them"


def advice(values: Iterable[Mapping[str, Any]]) -> str:
    """Return what to do with the first records of a log of another tool; empty for an unknown one.

    >>> advice([{"info": {}, "data": {"spans": []}}])[:16]
    'traces of MLflow'
    """
    return next(filter(None, map(_advice, values)), "")


def _advice(value: Mapping[str, Any]) -> str:
    inner = {**mapping(value.get("properties")), **mapping(value.get("attributes"))}
    words = " ".join(map(str, (value.get("event"), inner.get("event.name"), value.get("say"))))
    category = str(value.get("category") or value.get("Category"))
    found = {
        POSTHOG: "$ai_generation" in words,
        GEMINI_CLI: "gemini_cli." in words,
        CLINE: "api_req_started" in words,
        AIDER: "main_model" in inner,
        OPENCODE: {"sessionID", "modelID", "tokens"} <= value.keys(),
        MLFLOW: "info" in value and "spans" in mapping(value.get("data")),
        AZURE: category in ("RequestResponse", "AzureOpenAIRequestUsage"),
        LITELLM: {"startTime", "spend", "models"} <= value.keys(),
    }
    return next((text for text, fits in found.items() if fits), "")
