"""The published schemas are in step with the records, and the shipped files follow them."""

from __future__ import annotations

import json

import jsonschema
import pytest
from running import ROOT

from tco.catalog.yaml_lines import load_yaml
from tco.render.schemas import FILES, attribute_docs, schemas, write


def test_in_step(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        write(ROOT / "schema")
    made = schemas()
    kept = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "schema").glob("*.json")}
    assert kept.keys() == made.keys()
    for name, text in made.items():
        assert kept[name] == text, f"{name}: run pytest --update-golden"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schemas()[name]))


@pytest.mark.parametrize("name", ["prices", "hardware", "models", "workloads", "assumptions"])
def test_shipped_files_follow(name: str) -> None:
    schema = json.loads((ROOT / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    path = ROOT / "data" / f"{name}.yaml"
    jsonschema.Draft202012Validator(schema).validate(load_yaml(path.read_bytes(), name).value)


def test_scenario_follows() -> None:
    schema = json.loads((ROOT / "schema" / "scenario.schema.json").read_text(encoding="utf-8"))
    path = ROOT / "tests" / "scenario" / "tco.yaml"
    value = load_yaml(path.read_bytes(), "tco.yaml").value
    jsonschema.Draft202012Validator(schema).validate(value)
    value["workload"]["tokns"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(value)


def test_properties_are_described() -> None:
    docs = attribute_docs(FILES["scenario"])
    assert docs["as_of"].startswith("The day whose prices hold")
    schema = json.loads(schemas()["scenario.schema.json"])
    assert schema["properties"]["as_of"]["description"] == docs["as_of"]
