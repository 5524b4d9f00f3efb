"""`python -m tco`, and the entry point of the `tco` command."""

from __future__ import annotations

import gc
import os


def main() -> None:
    """Run the command line and exit with its code."""
    # A command lives for a fraction of a second: threads for products of matrices, of which there
    # are none here, and looking for garbage every 700 objects take a sixth of that.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(100_000)
    from tco.cli.app import run

    run()


if __name__ == "__main__":
    main()
