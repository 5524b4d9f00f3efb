"""`python -m tco`, and the entry point of the `tco` command."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading


def main() -> None:
    """Run the command line and exit with its code."""
    # A command lives for a fraction of a second: threads for products of matrices, of which there
    # are none here, and looking for garbage every 700 objects take a sixth of that.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(100_000)
    from tco.cli.app import run

    try:
        run()
    except SystemExit as done:
        if isinstance(done.code, int):
            _leave(done.code)
        raise


def _leave(code: int) -> None:
    """End the process; where something is still to be waited for, told or measured, do nothing.

    To take down every module and free every object, just to be gone, is a sixth of an answer.
    """
    if threading.active_count() > 1 or sys.getprofile() or sys.gettrace():
        return
    atexit._run_exitfuncs()  # they may still print
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


if __name__ == "__main__":
    main()
