"""`tco mcp`."""

from tco.cli.options import flags


@flags
def mcp() -> None:
    """Four tools for agents over stdio: compare, breakeven, size, explain.

    \b
      tco mcp                           an agent starts it and talks to it
      claude mcp add tco -- tco mcp     so does Claude Code from then on

    It speaks the Model Context Protocol and needs the extra mcp: pip install llm-tco[mcp]
    """
    import sys

    from tco.cli.guard import say
    from tco.errors import UsageError

    try:
        from tco.api.mcp import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise UsageError("tco mcp needs the package mcp: pip install 'llm-tco[mcp]'") from None
    if sys.stdin.isatty():
        say("tco: waiting for a client of the Model Context Protocol on stdin; Ctrl-C ends it")
    serve()
