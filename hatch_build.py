"""What a wheel holds besides files: the catalogs, compiled."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Compiled(BuildHookInterface[Any]):
    """Puts the compiled catalogs beside the data files; a checkout compiles its own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the catalogs of the checkout."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from tco.catalog.load import COMPILED, compiled

        self.folder = tempfile.TemporaryDirectory()
        place = Path(self.folder.name) / COMPILED
        place.write_bytes(compiled(root / "data"))
        build_data["force_include"][str(place)] = f"tco/_data/{COMPILED}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled."""
        if version != "editable":
            self.folder.cleanup()
