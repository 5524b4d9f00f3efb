"""`tco catalog`: the data, and the gate for it in CI."""

import typer

from tco.cli.catalog_check import check
from tco.cli.catalog_diff import diff
from tco.cli.catalog_read import history, listing, schema, show
from tco.cli.catalog_verify import WithPairs, update, verify
from tco.cli.flags import Command, Group

HELP = """What the catalogs say, where it comes from, and what is wrong with it.

\b
  tco catalog list --model gpt-4.1    offers with their prices on a day
  tco catalog show h100-sxm           a model, GPU, provider or offer, with sources
  tco catalog check                   everything that is wrong, in one run
  tco catalog diff HEAD~20            what moved, and which answers change
  tco catalog verify                  held against the price lists of others
"""

catalog = typer.Typer(
    cls=Group,
    help=HELP,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
catalog.command("list", cls=Command, short_help="Offers with their prices on a day.")(listing)
catalog.command(
    "show", cls=Command, short_help="One model, GPU, provider or offer, with its sources."
)(show)
catalog.command("history", cls=Command, short_help="What a model has cost, everywhere and ever.")(
    history
)
catalog.command("check", cls=WithPairs, short_help="Everything that is wrong, in one run.")(check)
catalog.command("diff", cls=Command, short_help="What moved, and which answers change.")(diff)
catalog.command("verify", cls=WithPairs, short_help="Who of the other price lists agrees.")(verify)
catalog.command(
    "update", cls=WithPairs, short_help="An overlay for review, from other price lists."
)(update)
catalog.command("schema", cls=Command, short_help="The JSON Schemas of data files and results.")(
    schema
)
