"""The schema of an overlay: one file that adds or replaces records of any catalog by their id."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tco.catalog.defaults import Assumption, Path, Preset, Profile
from tco.catalog.fields import Id, Record, Sources, Text
from tco.catalog.hardware import Accelerator, KernelShare, Rental, Seller
from tco.catalog.models import Model, Score
from tco.catalog.prices import CapacityOffer, FineTuning, Offer, Provider


class Overlay(Record):
    """Any section of any data file; what it names by id replaces the whole record of that id."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    version: Text = "unversioned"
    sources: Sources = {}
    providers: dict[Id, Provider] = {}
    offers: list[Offer] = []
    capacity: list[CapacityOffer] = []
    fine_tuning: list[FineTuning] = []
    kernel_shares: dict[Id, KernelShare] = {}
    accelerators: dict[Id, Accelerator] = {}
    sellers: dict[Id, Seller] = {}
    rentals: list[Rental] = []
    models: dict[Id, Model] = {}
    scores: dict[Id, list[Score]] = {}
    """Scores of one's own of models that are known; one of the same benchmark and effort is
    replaced, the others stay."""
    profiles: dict[Id, Profile] = {}
    assumptions: dict[Path, Assumption] = {}
    presets: dict[Id, dict[Id, Preset]] = {}
    short_list: list[Id] = []
    closed_rival: Id | None = None
