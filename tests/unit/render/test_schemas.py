"""The published schemas are in step with the records, and the shipped files follow them."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import chain
from typing import Any

import jsonschema_rs
import pytest
from running import ROOT, SCHEMA, published, schema_file

from tco.catalog.yaml_lines import load_yaml
from tco.render.schemas import FILES, RESULTS, schema, schemas, write

every = cache(schemas)
"""All of them, made once: it takes a second."""


def test_in_step(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        write(ROOT / "schema")
    made = every()
    kept = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "schema").glob("*.json")}
    assert kept.keys() == made.keys()
    for name, text in made.items():
        assert kept[name] == text, f"{name}: run pytest --update-golden"


@pytest.mark.parametrize("name", sorted(every()))
def test_is_a_schema(name: str) -> None:
    jsonschema_rs.meta.validate(json.loads(every()[name]))


@pytest.mark.parametrize("name", sorted({*RESULTS, *FILES}))
def test_alone_it_says_what_it_says_with_the_others(name: str) -> None:
    alone = json.loads(schema(name))
    definitions = alone.pop("$defs", {})
    together = schema_file(name)
    kept = {key: value for key, value in together.items() if key != "$defs"}
    assert written_out(kept, together["$id"]) == written_out(alone, "", definitions)


def written_out(value: Any, base: str, definitions: dict[str, Any] | None = None) -> Any:
    """Return a schema with what it refers to in the place of every reference."""
    if isinstance(value, list):
        return [written_out(item, base, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" not in value:
        return {key: written_out(item, base, definitions) for key, item in value.items()}
    file, _, key = value["$ref"].partition("#/$defs/")
    if definitions is not None:
        assert not file, "alone it needs no other file"
        return written_out(definitions[key], base, definitions)
    other = json.loads((SCHEMA / (file or base)).read_text(encoding="utf-8"))
    found = other["$defs"][key] if key else {k: v for k, v in other.items() if k[0] != "$"}
    return written_out(found, file or base)


def test_a_definition_stands_once() -> None:
    made = [json.loads(text).get("$defs", {}) for text in every().values()]
    names = Counter(chain(*made))
    assert max(names.values()) == 1
    assert sum(len(text.splitlines()) for text in every().values()) <= 15_000


@pytest.mark.parametrize("name", ["prices", "hardware", "models", "workloads", "assumptions"])
def test_shipped_files_follow(name: str) -> None:
    path = ROOT / "data" / f"{name}.yaml"
    published(name).validate(load_yaml(path.read_bytes(), name).value)


def test_scenario_follows() -> None:
    scenario = published("scenario")
    path = ROOT / "tests" / "scenario" / "tco.yaml"
    value = load_yaml(path.read_bytes(), "tco.yaml").value
    scenario.validate(value)
    value["workload"]["tokns"] = 1
    with pytest.raises(jsonschema_rs.ValidationError):
        scenario.validate(value)


def test_properties_are_described() -> None:
    made = json.loads(every()["scenario.schema.json"])
    described = made["properties"]["as_of"]["description"]
    assert described.startswith("The day whose prices hold")
