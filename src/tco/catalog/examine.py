"""Data files read from YAML, with everything that is wrong with them: the long way round.

`load` comes here only when no compiled copy serves; `tco catalog check` always does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tco.catalog.coherence import Names, incoherent
from tco.catalog.complaints import Complaint, by_line, in_words
from tco.catalog.fields import Record
from tco.catalog.files import File, user_file
from tco.catalog.yaml_lines import MOST_COMPLAINTS, Document, read_yaml
from tco.errors import DataError

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Examined:
    """Files as read; `parts` has None where a schema refused the file."""

    documents: list[Document]
    parts: list[Record | None]
    texts: list[bytes]
    complaints: list[Complaint]
    """By file: what is wrong with the YAML, then with what it says, each in order of lines."""

    @property
    def sound(self) -> list[Record]:
        """Return the parts that their schemas accept."""
        return [part for part in self.parts if part is not None]


def examine(files: Sequence[File], schemas: Sequence[type[Record]], shipped: int) -> Examined:
    """Return what the files say and everything that is wrong with them.

    Args:
        files: The files, overlays last.
        schemas: The schema of each.
        shipped: How many of them are no overlays.
    """
    documents = [read_yaml(file.data, file.path) for file in files]
    texts = [as_json(document) for document in documents]
    verdicts = [
        judged(document, text, schema)
        for document, text, schema in zip(documents, texts, schemas, strict=True)
    ]
    names = Names.of([document.value for document in documents], shipped)
    found: list[Complaint] = []
    for document, (part, complaints) in zip(documents, verdicts, strict=True):
        wrong = incoherent(part, names) if part is not None else ()
        some = islice(wrong, MOST_COMPLAINTS)
        more = [document.complaint(loc, message) for loc, message in some]
        found += [*document.complaints, *by_line([*complaints, *more])]
    return Examined(documents, [part for part, _ in verdicts], texts, found)


def read_record(path: str | Path, schema: type[Shape]) -> tuple[Shape, Document]:
    """Return a user's YAML file as a record of `schema`, and the document that knows its lines.

    Raises:
        DataError: The file is missing or wrong; the text is the first complaint.
    """
    file = user_file(path)
    document = read_yaml(file.data, file.path)
    record, complaints = judged(document, as_json(document), schema)
    for complaint in [*document.complaints, *by_line(complaints)]:
        raise DataError(str(complaint))
    if record is None:  # a refusal always comes with a complaint
        raise DataError(f"{file.path}:1: not understood")
    return record, document


def as_json(document: Document) -> bytes:
    """Return the value of a document as one line of JSON, the form that schemas are held to.

    In JSON a date is a text, so that a strict schema reads it where a date is due and nowhere
    else, and the compiled copy is judged exactly as the YAML was.
    """
    return json.dumps(document.value, ensure_ascii=False, separators=(",", ":")).encode()


def judged(
    document: Document, text: bytes, schema: type[Shape]
) -> tuple[Shape | None, list[Complaint]]:
    """Return the record, if the schema accepts it, and what the schema has against it.

    Args:
        document: The file as read.
        text: Its value, from `as_json`.
        schema: What it must be.
    """
    if document.complaints and not document.value:
        return None, []
    try:
        return schema.model_validate_json(text), []
    except ValidationError as error:
        known = {(c.line, c.where) for c in document.complaints}
        words = islice(in_words(error, schema), MOST_COMPLAINTS)
        more = [document.complaint(loc, message) for loc, message in words]
        return None, [c for c in more if (c.line, c.where) not in known]
