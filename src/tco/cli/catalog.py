"""`tco catalog`: the data, and the gate for it in CI."""

import typer

from tco.cli.catalog_check import check
from tco.cli.catalog_diff import diff
from tco.cli.catalog_read import history, listing, schema, show
from tco.cli.catalog_verify import WithPairs, update, verify
from tco.cli.flags import Command, Group

HELP = """What the catalogs say, where it comes from, and what is wrong with it.

\b
  tco catalog list                        offers, cheapest first
  tco catalog show gpt-4.1                one model, GPU, provider or offer, with its sources
  tco catalog check                       everything that is wrong, in one run
  tco catalog diff HEAD~20 HEAD           what moved, and which answers change
  tco catalog verify                      held against litellm, genai-prices and models.dev
"""

catalog = typer.Typer(
    cls=Group,
    help=HELP,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
catalog.command("list", cls=Command)(listing)
catalog.command("show", cls=Command)(show)
catalog.command("history", cls=Command)(history)
catalog.command("check", cls=WithPairs)(check)
catalog.command("diff", cls=Command)(diff)
catalog.command("verify", cls=WithPairs)(verify)
catalog.command("update", cls=WithPairs)(update)
catalog.command("schema", cls=Command)(schema)
