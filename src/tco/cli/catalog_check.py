"""`tco catalog check`."""

from dataclasses import dataclass
from typing import Annotated

from typer import Exit

from tco.cli.catalog_options import Files, FindingsOutput
from tco.cli.flags import flags
from tco.cli.options import OUTPUT, VALUES, Switch, Text, Texts, flag

FORMATS = ("table", "json", "csv", "md", "github", "sarif", "llm")
RULES = "Rules"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked, and how strictly."""

    as_of: Annotated[
        Text, flag(VALUES, "DATE", "The day of the check, or 'edition': that of the files.")
    ] = None
    horizon: Annotated[Text, flag(VALUES, "TIME", "Announce what changes within: 90d.")] = None
    base: Annotated[
        Text, flag(VALUES, "REV|FILE", "Older edition: no number may change in its window.")
    ] = None
    also: Annotated[
        Texts, flag(VALUES, "KIND FILE", "A price list of litellm, genai-prices or models.dev.")
    ] = None
    strict: Annotated[Switch, flag(RULES, None, "Warnings fail, too.", "--strict")] = None
    fail_stale: Annotated[
        Switch,
        flag(
            RULES,
            None,
            "Age fails in the catalogs of tco, too: for who keeps them.",
            "--fail-stale",
        ),
    ] = None
    exit_zero: Annotated[Switch, flag(RULES, None, "Only report: exit 0.", "--exit-zero")] = None
    rules: Annotated[Switch, flag(RULES, None, "List the rules instead.", "--rules")] = None
    everything: Annotated[Switch, flag(OUTPUT, None, "List every warning and note.", "--all")] = (
        None
    )


@flags
def check(output: FindingsOutput, asked: Checked, files: Files = None) -> None:
    """Everything that is wrong with a catalog, in one run; exit 1 on errors.

    \b
      tco catalog check
      tco catalog check my-prices.yaml --strict
      tco catalog check data/prices.yaml --base origin/main --format github
      tco catalog check --also litellm model_prices_and_context_window.json
      tco catalog check --format sarif > findings.sarif

    Without FILES: the catalogs that came with tco, whose age only warns; --fail-stale makes it an
    error, for those who keep them. Other files are laid over those, so that they may name models,
    providers and GPUs that are known already.
    """
    from tco.catalog.check.entry import Request, check_files, rule_list
    from tco.cli.catalog_options import day_or_edition, days, read
    from tco.cli.catalog_verify import pair
    from tco.cli.deliver import deliver

    said = read(output, formats=FORMATS)
    if asked.rules:
        deliver(rule_list(), said)
        return
    result = check_files(
        Request(
            files=tuple(files or ()),
            also=tuple(pair("--also", one) for one in asked.also or ()),
            as_of=day_or_edition(asked.as_of),
            horizon_days=days(asked.horizon or "90d"),
            base=asked.base,
            strict=bool(asked.strict),
            fail_stale=bool(asked.fail_stale),
        )
    )
    if asked.everything:
        said.setdefault("top", len(result.findings) + 1)
    deliver(result, said)
    if not result.passed and not asked.exit_zero:
        raise Exit(1)
