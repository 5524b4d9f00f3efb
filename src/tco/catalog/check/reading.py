"""TCO0xx: files that cannot be read, or that their schema and the names around them refuse."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from tco.catalog.build import Names, as_json, incoherent, judged
from tco.catalog.check.finding import Rule
from tco.catalog.check.windows import WINDOWS
from tco.catalog.fields import Record
from tco.catalog.files import File
from tco.catalog.load import HOMES
from tco.catalog.yaml_lines import Complaint, Document, read_yaml

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

MOST = 1000  # complaints of one kind about one file

UNREADABLE = Rule.of(
    "error TCO001 unreadable",
    title="A file is plain YAML: no anchors, no tags, no key twice, at most 20 MB.",
    advice="write values out, save as UTF-8, and split what is too large",
)
SCHEMA = Rule.of(
    "error TCO002 schema",
    title="A file has the keys and kinds of values that its schema allows.",
    advice="`tco catalog schema` prints the schema; editors check it while you type",
)
REFERENCE = Rule.of(
    "error TCO003 reference",
    title="Every name leads somewhere, and nothing is given twice.",
    advice="correct the name, or add the record that it means",
)
MISSING = Rule.of(
    "error TCO004 not-found",
    title="Every file that is named is there.",
    advice="correct the path; of a folder name the files: tco catalog check FOLDER/*.yaml",
)
RULES = (UNREADABLE, SCHEMA, REFERENCE, MISSING)


Read = tuple[Document, Record | None, tuple[tuple[Rule, Complaint], ...]]
"""A file as far as it can be read, and what is wrong with it so far."""


def read(
    files: Sequence[File], schemas: Sequence[type[Record]], catalog: Catalog | None
) -> list[Read]:
    """Return files as read.

    Args:
        catalog: What their names may lead to besides themselves; None for the catalogs themselves.
    """
    documents = [read_yaml(file.data, file.path) for file in files]
    values = [document.value for document in documents]
    names = Names.of(values, len(values)) if catalog is None else _on(catalog, values)
    return [_read(d, schema, names) for d, schema in zip(documents, schemas, strict=True)]


def _read(document: Document, schema: type[Record], names: Names) -> Read:
    part, refused = judged(document, as_json(document), schema)
    wrong = [(UNREADABLE, complaint) for complaint in document.complaints]
    wrong += [(SCHEMA, complaint) for complaint in refused]
    if part is not None:
        wrong += islice(_incoherent(document, part, names), MOST)
    return document, part, tuple(wrong)


def _incoherent(document: Document, part: Record, names: Names) -> Iterator[tuple[Rule, Complaint]]:
    for loc, message in incoherent(part, names):
        rule = WINDOWS if loc[-1] in ("since", "until") else REFERENCE
        yield rule, document.complaint(loc, message)


def _on(catalog: Catalog, values: Sequence[Mapping[str, Any]]) -> Names:
    """Return the names that files define, and below them those of the catalog."""
    own = Names.of(values, 0)
    below: dict[str, Mapping[str, Any]] = {
        "providers": catalog.prices.providers,
        "models": catalog.models.models,
        "accelerators": catalog.hardware.accelerators,
        "sellers": catalog.hardware.sellers,
        "assumptions": catalog.assumptions.assumptions,
        "offers": {i: {"discount": o.discount} for i, o in catalog.offers.items()},
    }
    known = {k: ChainMap(dict(own.known.get(k, {})), dict(some)) for k, some in below.items()}
    added = [v["sources"] for v in values if isinstance(v.get("sources"), dict)]
    sources = {
        section: ChainMap(*added, dict(getattr(catalog, home).sources))
        for section, home in HOMES.items()
    }
    return Names(known, sources)
