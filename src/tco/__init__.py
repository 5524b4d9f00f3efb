"""What serving language models costs: closed API, hosted open model, or one's own GPUs.

    >>> import tco
    >>> tco.compare(tokens="50B", as_of="2026-11-21").options[0].tier
    'hosted'

Each function answers the question of the command of its name, `curve` excepted, which is of the
library alone; `docs/library.md` has examples, and the commands that have no function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tco import errors
    from tco.api.answers import Answer
    from tco.api.functions import (
        breakeven,
        compare,
        curve,
        embed,
        explain,
        horizon,
        plan,
        sensitivity,
        size,
        train,
    )
    from tco.api.logs import bill, profile
    from tco.catalog.load import Catalog, load_catalog

__version__ = "0.2.0"

_HOMES = {
    "Answer": "tco.api.answers",
    "Catalog": "tco.catalog.load",
    "bill": "tco.api.logs",
    "breakeven": "tco.api.functions",
    "compare": "tco.api.functions",
    "curve": "tco.api.functions",
    "embed": "tco.api.functions",
    "errors": "tco",
    "explain": "tco.api.functions",
    "horizon": "tco.api.functions",
    "load_catalog": "tco.catalog.load",
    "plan": "tco.api.functions",
    "profile": "tco.api.logs",
    "sensitivity": "tco.api.functions",
    "size": "tco.api.functions",
    "train": "tco.api.functions",
}
"""Where each public name comes from, when it is first used: `import tco` alone costs nothing."""

__all__ = (
    "Answer",
    "Catalog",
    "__version__",
    "bill",
    "breakeven",
    "compare",
    "curve",
    "embed",
    "errors",
    "explain",
    "horizon",
    "load_catalog",
    "plan",
    "profile",
    "sensitivity",
    "size",
    "train",
)

if not TYPE_CHECKING:  # a type checker sees the imports above, and knows what is not there

    def __getattr__(name: str) -> object:
        """Return a public name, imported now."""
        if name not in _HOMES:
            raise AttributeError(f"module 'tco' has no attribute {name!r}")
        home = _HOMES[name]
        module = import_module(f"tco.{name}" if home == "tco" else home)
        found: object = module if home == "tco" else getattr(module, name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return the public names, those not yet imported among them."""
    return sorted(__all__)
