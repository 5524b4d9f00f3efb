"""Results that were saved as JSON, read and held against themselves."""

from __future__ import annotations

from typing import Any


def saved_result(path: str) -> tuple[Any, str | None]:
    """Return the result of a file, and what of it was left out in words.

    Raises:
        DataError: It cannot be read, is no result, or its figures do not add up.
    """
    from tco.analysis.adds_up import complaints
    from tco.catalog.files import user_file
    from tco.errors import DataError
    from tco.render.jsonin import read_result

    file = user_file(path)
    result, unknown = read_result(file)
    wrong = list(complaints(result))
    if wrong:
        more = f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise DataError(f"{file.path}:1: does not add up, was it edited? {wrong[0]}{more}")
    shown = ", ".join(unknown[:3])
    return result, f"{file.path}: left out what this tco does not know: {shown}" if shown else None
