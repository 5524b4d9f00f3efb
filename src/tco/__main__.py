"""`python -m tco`, and the entry point of the `tco` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
    from tco.cli.app import run

    run()


if __name__ == "__main__":
    main()
