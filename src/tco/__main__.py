"""`python -m tco`, and the entry point of the `tco` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
    import gc

    gc.set_threshold(50_000, 20, 20)  # a short run makes much and drops little: a tenth of a start

    from tco.cli.app import run

    run()


if __name__ == "__main__":
    main()
