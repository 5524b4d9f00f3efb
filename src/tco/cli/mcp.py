"""`tco mcp`."""

from tco.cli.options import flags


@flags
def mcp() -> None:
    """Five questions as tools for agents over stdio: compare, breakeven, size, explain, bill.

    \b
      tco mcp                           an agent starts it and talks to it
      claude mcp add tco -- tco mcp     so does Claude Code from then on

    It speaks the Model Context Protocol. Without the package mcp it says how to install it.
    """
    import sys

    from tco.cli.options import say
    from tco.errors import UsageError, install_command

    try:
        from tco.api.mcp import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        how = install_command("mcp")
        raise UsageError(f"tco mcp needs the package mcp: {how}") from None
    if sys.stdin.isatty():
        say("tco: waiting for a client of the Model Context Protocol on stdin; Ctrl-C ends it")
    serve()
