"""What other tools and people call the options and commands that have another name here."""

from __future__ import annotations

from collections.abc import Collection

# A word that is typed as an option, without its dashes, and what is typed here; `{}` is its value.
# Several, the first one that a command has counts.

_SAME: dict[str, tuple[str, ...]] = {
    # How much.
    "--tokens {}": (
        *("token", "volume", "tokens-per-month", "monthly-tokens", "tokens-month", "tpm"),
        *("total-tokens", "usage", "n-tokens", "num-tokens", "monthly-volume"),
    ),
    "--corpus {}": ("tokens", "documents", "docs", "volume", "texts"),
    "--queries {}": ("requests", "searches"),
    "--training-tokens {}": ("dataset", "data", "train-tokens", "tokens"),
    "--requests {}": ("calls", "req", "requests-per-month", "queries", "monthly-requests"),
    "--requests '{} req/s'": ("rps", "qps", "rate", "requests-per-second", "request-rate"),
    "--users {}": ("user", "seats", "people", "customers", "mau"),
    "--peak '{} req/s'": ("peak-rps", "peak-qps", "max-rps"),
    "--peak-to-mean {}": ("peak-ratio", "burst", "burstiness", "peak-factor"),
    "--isl {}": (
        *("input", "in", "input-tokens", "prompt-tokens", "prompt", "input-length", "input-len"),
        *("context", "context-length", "ctx", "max-model-len", "prompt-length", "avg-input"),
    ),
    "--osl {}": (
        *(
            "output",
            "output-tokens",
            "completion-tokens",
            "completion",
            "max-tokens",
            "output-length",
        ),
        *("output-len", "out-tokens", "avg-output", "max-output"),
    ),
    "--input-output {}": ("ratio", "io", "in-out", "mix"),
    "--cached {}": ("cache", "cache-hit", "cache-hits", "cache-hit-rate", "hit-rate"),
    "--profile {}": ("workload", "use-case", "usecase", "traffic", "task", "scenario-profile"),
    "--horizon '{} years'": ("years", "year"),
    "--horizon '{} months'": ("months", "month"),
    "--horizon {}": ("period", "duration", "term", "time"),
    "--growth {}": ("growth-rate", "grow"),
    # Which options.
    "--model {}": ("llm", "name", "m", "model-name", "model-id"),
    "--provider {}": ("vendor", "cloud", "api", "providers", "company"),
    "--seller {}": ("gpu-provider", "gpu-cloud", "renter", "provider", "cloud", "vendor"),
    "--tier self": ("self", "self-hosted", "selfhosted", "self-host", "own", "on-prem", "onprem"),
    "--tier api": ("closed", "closed-only"),
    "--tier hosted": ("open", "open-only", "hosted"),
    "--gpu {}": ("hardware", "accelerator", "device", "gpu-type", "card", "instance"),
    "--gpus {}": (
        *("tp", "tensor-parallel-size", "tensor-parallel", "num-gpus", "gpu-count", "n-gpus"),
        *("ngpu", "ngpus", "count"),
    ),
    "--precision {}": ("quantization", "quantize", "quant", "dtype", "bits", "weights"),
    "--purchase spot": ("spot", "preemptible"),
    "--purchase on_demand": ("on-demand", "ondemand"),
    "--purchase reserved_1y": ("reserved", "committed"),
    "--purchase own": ("buy", "bought"),
    "--purchase {}": ("pricing", "contract", "commitment"),
    "--min-score arena={}": ("quality", "min-quality", "score", "elo", "min-elo", "arena"),
    "--min-score {}": ("quality", "min-quality", "score"),
    "--as-good-as {}": ("like", "at-least", "better-than", "comparable-to", "equivalent"),
    "--class small": ("small", "cheap"),
    "--class mid": ("mid", "medium"),
    "--class flagship": ("flagship", "large", "best", "frontier-models"),
    "--class {}": ("model-class", "size-class"),
    "--frontier": ("pareto", "pareto-front", "trade-off"),
    "--license {}": ("licence",),
    "--region {}": ("location", "zone", "datacenter"),
    "--option 'mine:kind=api,input=${},output=${}'": ("price", "token-price", "price-per-mtok"),
    # How it is served, and by whom.
    "--slo ttft={}": ("ttft", "max-ttft", "latency", "max-latency", "first-token"),
    "--slo tpot={}": ("itl-slo", "tpot-slo"),
    "--max-tpot {}": ("tpot", "itl", "tbt", "inter-token-latency"),
    "--concurrency {}": (
        *("batch-size", "max-num-seqs", "max-batch", "max-batch-size", "max-concurrency", "bs"),
        "batch",
    ),
    "--set serving.max_concurrency={}": ("concurrency", "max-num-seqs", "batch-size", "max-batch"),
    "--fte {}": ("engineers", "ftes", "headcount", "staff", "engineer", "team"),
    "--salary {}": ("wage", "pay", "salaries", "engineer-cost"),
    "--without people": ("no-people", "no-staff", "no-engineers"),
    "--set rent.factor={}": ("rent-factor",),
    "--set own.yearly_rate={}": ("discount-rate", "interest", "wacc", "interest-rate", "discount"),
    # Which data, from where, and how it is written.
    "--as-of {}": ("date", "day", "on", "at", "asof", "as-at"),
    "--file {}": ("config", "scenario", "input-file", "from-file", "c"),
    "--catalog {}": ("prices", "data-file", "overlay"),
    "--draws {}": ("simulations", "samples", "n-samples", "iterations", "runs", "trials"),
    "--draws 10k": ("montecarlo", "monte-carlo", "simulate"),
    "--what-if {}": ("whatif", "scenario-change", "change"),
    "--over {}": ("vs-variable", "vary-over"),
    "--format json": ("json", "as-json", "output-json"),
    "--format csv": ("csv", "as-csv"),
    "--format md": ("md", "markdown"),
    "--format table": ("table", "text", "plain"),
    "--format {}": ("output", "output-format", "fmt", "out-format", "type"),
    "--export html=report.html": ("html", "report"),
    "--export {}": ("out", "output-file", "save", "write", "outfile", "to-file"),
    "--top {}": ("limit", "n", "rows", "head", "max-rows", "num"),
    "--by {}": ("group-by", "groupby", "group", "per", "split-by"),
    "--sort {}": ("order", "sort-by", "order-by", "orderby"),
    "--fields {}": ("columns", "cols", "select"),
    "--color never": ("no-color", "no-colour", "plain-text"),
    "--color {}": ("colour",),
    "--quiet": ("silent", "no-warnings", "s"),
    "--plot": ("chart", "graph", "show-plot"),
    "--help": ("usage-help", "h", "?"),
}

EXPLAINED = {
    "eur": "amounts that you type are US dollars; those you read may be others: "
    "tco compare --tokens 50B --currency EUR --fx 0.92@2026-11-20",
    "utilization": "it comes out of the load and its peak; to vary it: "
    "tco breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over utilization",
    "verbose": "every term of a bill: tco explain gpt-4.1 --tokens 50B",
    "debug": "TCO_DEBUG=1 before the command shows where it fails",
    "temperature": "how a model is sampled changes no bill; --osl says how long answers are",
    "api-key": "nothing is called: prices are in the catalog",
    "budget": "a limit on the bill is a check of a scenario file, such as max_monthly: $40k/month; "
    "tco compare -f tco.yaml holds the answer to it",
    "port": "it speaks over stdin and stdout, to the program that starts it",
    "tokens-per-user": "what a user asks is in the profile (tco catalog list --profiles), and in "
    "--isl and --osl",
    "refresh-prices": "nothing is fetched: tco catalog update reads the price list of a file",
}
"""What has no option here, and why."""

_SHORT = {
    **dict.fromkeys(("max-cost", "max-price"), "budget"),
    **dict.fromkeys(("utilisation", "util"), "utilization"),
    **dict.fromkeys(("v", "vv"), "verbose"),
}

COMMANDS: dict[str, tuple[str, ...]] = {
    "compare": ("cost", "costs", "estimate", "calculate", "calc", "run", "tco", "cmp", "ask"),
    "breakeven": ("break-even", "be", "crossover", "threshold", "roi", "payback"),
    "sensitivity": ("simulate", "montecarlo", "monte-carlo", "tornado", "risk", "what-if"),
    "size": ("sizing", "fit", "capacity", "memory", "throughput", "benchmark"),
    "plan": ("optimize", "optimise", "mix", "route", "hybrid", "portfolio"),
    "horizon": ("forecast", "project", "timeline", "npv", "buy-or-rent"),
    "train": ("finetune", "fine-tune", "tune", "lora", "training"),
    "embed": ("embedding", "embeddings", "rag"),
    "explain": ("why", "breakdown", "detail", "details"),
    "profile": ("traffic", "logs", "usage"),
    "bill": ("invoice", "spend", "spent", "billing"),
    "claims": ("articles", "facts"),
    "init": ("new", "create", "template", "start"),
    "config": ("settings", "assumptions", "defaults", "set", "env"),
    "deploy": ("serve", "vllm", "launch", "skypilot"),
    "mcp": ("server", "agent"),
    "catalog list": ("list", "ls", "prices", "offers", "catalogue"),
    "catalog list --models": ("models", "model", "llms"),
    "catalog list --gpus": ("gpus", "gpu", "hardware", "accelerators"),
    "catalog list --providers": ("providers", "provider", "vendors"),
    "catalog list --sellers": ("sellers", "seller", "rents", "clouds"),
    "catalog list --profiles": ("profiles", "workloads", "workload"),
    "catalog show": ("price", "info", "describe", "get", "cat"),
    "catalog check": ("lint", "validate", "test"),
    "catalog update": ("refresh", "sync", "fetch", "pull"),
    "import bench": ("load", "measure"),
    "--help": ("help", "man", "commands"),
    "--version": ("version", "ver"),
}
"""What is typed in place of a command, and what is meant."""


def options_for(name: str) -> tuple[str, ...]:
    """Return what may be meant by an option, as it is typed here; `{}` stands for its value.

    Args:
        name: The option without its dashes.
    """
    folded = name.lower().replace("_", "-")
    return tuple(here for here, others in _SAME.items() if folded in others)


def explained(name: str) -> str:
    """Return why there is no such option; nothing where that is not known."""
    folded = name.lower().replace("_", "-")
    return EXPLAINED.get(_SHORT.get(folded, folded), "")


def command_for(name: str) -> str:
    """Return the command that is meant by another word; nothing where that is not known."""
    folded = name.lower().replace("_", "-")
    return next((here for here, others in COMMANDS.items() if folded in others), "")


def called_here(name: str, known: Collection[str]) -> str:
    """Return the keyword that means what a word says; nothing where none is known.

    >>> called_here("volume", {"tokens", "isl"}), called_here("currency", {"tokens"})
    ('tokens', '')
    """
    for text in options_for(name):
        found = text.partition(" ")[0].removeprefix("--").replace("-", "_")
        if found in known:
            return found
    return ""
