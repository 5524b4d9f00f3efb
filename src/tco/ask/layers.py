"""What was said in several places, merged into one scenario, and the question it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import combinations, zip_longest
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

from tco import ranges, units
from tco.ask.fields import LIMITS, Field, day, limit, switch
from tco.ask.options import CHECKS, OUTPUT, OVER_TIME, QUESTION
from tco.catalog.files import looks_like_config
from tco.errors import DataError, TcoError, UsageError
from tco.money import DOLLARS, Money, shown_in

if TYPE_CHECKING:
    from tco.ask.scenario import ScenarioFile
    from tco.catalog.load import Catalog
    from tco.options.question import Question
    from tco.options.scenario import Check, Scenario


def checks_of(scenario: ScenarioFile) -> Iterator[Check]:
    """Return the checks of a scenario file, each with the line that says it.

    Raises:
        DataError: A limit that cannot be read; the text begins `file:line:`.
    """
    from tco.options.scenario import Check

    for field in CHECKS:
        said = list(scenario.items(field.key))
        if not said:
            continue
        values = [_read(field, raw, f"{place}: {name}") for raw, place, name in said]
        where = said[0][1]
        if field.many:
            names = tuple(value.lower() for value in values)
            yield Check(rule=field.name, where=where, names=names)
        else:
            yield Check(rule=field.name, where=where, limit=values[0])


def _read(field: Field, raw: object, where: str) -> Any:
    try:
        return field.read(raw)
    except UsageError as error:
        raise DataError(f"{where}: {error}") from None


# What was said in several places, read and merged into one `Request`; the nearest place counts.

RIVALS = (
    {"tokens", "requests", "users", "developers"},
    {"input_output", "isl"},
    {"input_output", "osl"},
    {"fte", "people.floor_fte"},
    {"fte", "people.fixed_fte"},
    {"fte", "people.fte_per_gpu"},
    {"fte", "coverage"},
    {"coverage", "people.floor_fte"},
    {"salary_region", "people.salary_usd_per_year"},
    {"electricity", "own.usd_per_kwh"},
    {"growth", "horizon.volume_factor_per_year"},
)
"""What says the same thing in two ways: the nearest layer counts, and one layer says only one."""

VOLUMES = frozenset({"tokens", "requests", "users", "developers"})
PEAK, RATIO = "peak", "workload.peak_to_mean"
"""A mean, a peak, and the ratio of the two: any two of them say the third."""

LIMITED = {path: name for name, path in LIMITS.items()}
"""Limits by the setting that holds them, each as it is called."""

ADDED = ("options", "catalog", "measured")
"""What layers add up; elsewhere the nearest one counts alone."""


Item = tuple[Field, Any, str, str]
"""One value of one field, as it was found: the text of a flag or variable, or the value of a file;
the flag, variable or `file:line` that gave it; how a complaint about it begins."""


class GivenValue(NamedTuple):
    """A value that has been read, what gave it, how far from the user that is, and as typed."""

    value: Any
    by: str
    field: Field
    layer: int = 0
    raw: tuple[Any, ...] = ()


Layer = dict[str, GivenValue]
"""What one place says, by the field of `Request`, the path of a setting or the output field."""


def read(items: Iterable[Item], error: type[TcoError]) -> Layer:
    """Return what one place says.

    Raises:
        TcoError: Of the kind `error`: a value cannot be read, or two contradict each other.
    """
    layer: Layer = {}
    for field, raw, by, where in items:
        raws: tuple[Any, ...] = (raw,)
        try:
            value = field.read(raw)
        except UsageError as complaint:
            raise error(f"{where}: {complaint}") from None
        target = field.target
        if target == "settings":
            target, value = value
        elif target == "options":
            value = replace(value, source=by)
        if field.many and target == field.target:
            value = (*(layer[target].value if target in layer else ()), value)
            raws = (*(layer[target].raw if target in layer else ()), raw)
        elif target in layer:
            both = _both(layer[target].by, by)
            raise error(f"{both} say {LIMITED.get(target, target)}; give one of them")
        layer[target] = GivenValue(value, by, field, raw=raws)
    _refuse_rivals(layer, error)
    return layer


def _both(one: str, other: str) -> str:
    return f"{one} and {other} both" if one != other else f"{one}: two values"


def _refuse_rivals(layer: Layer, error: type[TcoError]) -> None:
    """Raise an error when one place says the same thing in two ways."""
    for rivals in RIVALS:
        for one, other in combinations([layer[name].by for name in layer if name in rivals], 2):
            raise error(f"{one} and {other} say the same thing in two ways; give one of them")
    volume = _volume(layer)
    if volume and PEAK in layer and RATIO in layer:
        raise error(
            f"{layer[volume].by} and {layer[PEAK].by} say the peak over the mean: "
            f"leave out {layer[RATIO].by}"
        )


def _volume(layer: Layer) -> str:
    """Return which field says the mean; empty when none does."""
    return next((name for name in VOLUMES if name in layer), "")


def _one_too_many(near: Layer, far: Layer) -> frozenset[str]:
    """Return what a farther layer may not add: mean, peak and ratio would say more than there is.

    A nearer peak takes the place of the ratio, or of the mean where the ratio is near too; any
    other nearer one takes the place of the peak.
    """
    both = {**far, **near}
    if not (_volume(both) and PEAK in both and RATIO in both):
        return frozenset()
    if PEAK not in near:
        return frozenset({PEAK})
    return VOLUMES if RATIO in near else frozenset({RATIO})


def merged(layers: Iterable[Layer]) -> Layer:
    """Return what the layers come to, the first one being nearest to the user."""
    merged: Layer = {}
    for distance, layer in enumerate(layers):
        driven_out = {n for rivals in RIVALS for n in rivals if rivals & merged.keys()}
        driven_out |= _one_too_many(merged, layer)
        for target, said in layer.items():
            if target in merged and target in ADDED:
                near = merged[target]
                value = _added(said.value, near.value)
                merged[target] = near._replace(value=value)
            elif target not in driven_out:
                merged.setdefault(target, said._replace(layer=distance))
    return merged


def _added(far: tuple[Any, ...], near: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return both, the nearer ones last; an option replaces a farther one of its name."""
    names = {getattr(value, "name", None) for value in near} - {None}
    return (*(value for value in far if getattr(value, "name", None) not in names), *near)


def request_of(layer: Layer) -> Scenario:
    """Return the question, with who said each part of it."""
    from tco.options.scenario import Scenario

    asked = (*QUESTION, *OVER_TIME)
    known = {field.target for field in asked} - {"catalog", "measured", "settings"}
    fields = {t: s.value for t, s in layer.items() if t in known and "." not in t}
    settings = {t: _number(s.value) for t, s in layer.items() if "." in t}
    origins = {t: s.by for t, s in layer.items()}
    places = {t: s.layer for t, s in layer.items()}
    return Scenario(**fields, settings=settings, origins=origins, layers=places)


def _number(value: Any) -> Any:
    """Return a switch as the number that a setting is."""
    return float(value) if isinstance(value, bool) else value


# The question as it was typed, for commands that ask about the same month.


def typed(layer: Layer, file: str | None) -> tuple[str, ...]:
    """Return the question as flags: what flags, variables and keywords said, then the file.

    What the user's own defaults say holds for any command, and so is left out.
    """
    order = {field.name: place for place, field in enumerate(QUESTION)}
    own = [one for one in layer.values() if one.by.startswith(("--", "TCO_"))]
    own = [one for one in own if one.field.name in order]
    raws: dict[str, list[Any]] = {}
    for one in sorted(own, key=lambda one: order[one.field.name]):
        raws.setdefault(one.field.name, []).extend(one.raw)
    words = [w for name, some in raws.items() for w in _words(QUESTION[order[name]], some)]
    return (*words, *(("--file", file) if file else ()))


def _words(field: Field, raws: Sequence[Any]) -> Iterator[str]:
    """Return a flag and its values as they are typed; nothing of what cannot be."""
    if field.read is switch:
        yield from [field.flag] if all(switch(raw) for raw in raws) else []
        return
    texts = [text for raw in raws if (text := _as_typed(field, raw))]
    apart = field.target in ADDED
    for one in texts if apart else filter(None, [",".join(texts)]):
        yield from (field.flag, one)


MANY = 1e6
"""A number from here on is typed with a suffix: 50B."""


def _as_typed(field: Field, raw: Any) -> str:
    """Return one value as it is typed; empty where it is no text and has none."""
    if isinstance(raw, Mapping):
        said = [f"{key}={plain(value)}" for key, value in raw.items() if key != "name"]
        name = f"{raw['name']}:" if "name" in raw else ""
        return name + ",".join(said)
    if isinstance(raw, tuple):
        return "=".join(str(plain(part)) for part in raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        if field.read is units.share:
            return units.show_share(raw)
        return units.show_number(raw, 15) if abs(raw) >= MANY else f"{raw:.15g}"
    if isinstance(raw, date):
        return day(raw).isoformat()
    return str(raw) if isinstance(raw, str | PathLike) else ""


# All that was said, and the question that it comes to.

FIELDS = (*QUESTION, *OVER_TIME, *OUTPUT)

Ask = Callable[["Question"], Any]
"""A question, its words read and checked: what it answers for resolved inputs."""


class Given(NamedTuple):
    """All that was said.

    Args:
        request: The question.
        overlays: Catalog files to lay over the shipped ones.
        measured: Files of the user's own measurements.
        output: How the answer is to be written, by the name of the field.
        file: The scenario file as it was named, or None.
        config: The file with the user's own defaults, or None.
    """

    request: Scenario
    overlays: tuple[Any, ...]
    measured: tuple[Any, ...]
    output: Mapping[str, Any]
    file: str | None
    config: str | None = None


def given_of(layers: Iterable[Layer], file: str | None, config: str | None = None) -> Given:
    """Return all that was said.

    Args:
        layers: What each place says, the nearest first; without the scenario file.
        file: That file, whose layer comes after those.
        config: A file with the user's own defaults, farther away than all others.

    Raises:
        DataError: A file that cannot be used.
    """
    files = [_loaded(path) for path in (file, config) if path is not None]
    said = merged([*layers, *(read(_scenario_items(one), DataError) for one in files)])
    checks = tuple(check for one in files for check in checks_of(one))
    return Given(
        request=replace(request_of(said), checks=checks, typed=typed(said, file)),
        overlays=said["catalog"].value if "catalog" in said else (),
        measured=said["measured"].value if "measured" in said else (),
        output={f.name: said[f.target].value for f in OUTPUT if f.target in said},
        file=file,
        config=config,
    )


def today() -> date:
    """Return the day of the user's own clock: the only place that reads it."""
    return datetime.now().astimezone().date()


def answered(ask: Ask, given: Given) -> Any:
    """Return the answer to a question, from the catalogs as they are now.

    Raises:
        TcoError: It has none; the text says why.
    """
    from tco.catalog.load import load_catalog
    from tco.options.question import prepare

    catalog = load_catalog(given.overlays, measured=given.measured)
    if given.request.profile not in (None, *catalog.workloads.profiles):
        from tco.catalog.usage_profile import with_own_profile

        catalog = with_own_profile(catalog, given.request.profile)
    catalog, request = _with_configs(catalog, given.request)
    try:
        inputs = prepare(catalog, request, today())
        with shown_in(money_of(request, inputs.day)):
            return _with_command(ask(inputs), inputs)
    except UsageError as error:
        # What a file says wrongly is bad data, however late it comes out.
        files = tuple(f"{path}:" for path in (given.file, given.config) if path is not None)
        if str(error).startswith(files):
            raise DataError(str(error)) from None
        raise


def _with_configs(catalog: Catalog, request: Scenario) -> tuple[Catalog, Scenario]:
    """Return the catalog with the models that were given by their configs, and their ids named.

    Raises:
        TcoError: A config that cannot be used, or counts for more or fewer of them.
    """
    if request.params and len(request.params) != len(request.model_configs):
        raise UsageError(
            f"--params: {len(request.params)} for {len(request.model_configs)} --model-config; "
            "say the weights of each, in their order"
        )
    if not request.model_configs and not any(map(looks_like_config, request.models)):
        return catalog, request
    from tco.catalog.configs import read as configs

    models = [configs.published_as(catalog, name) or name for name in request.models]
    if config := next((name for name in models if configs.means_config(catalog, name)), None):
        configs.found_config(config)
        raise UsageError(f"{config} is no name of the catalog: --model-config {config} reads it")
    for file, params in zip_longest(request.model_configs, request.params):
        made = configs.read_config(str(file), params)
        catalog, name = configs.with_config_model(catalog, made)
        models.append(name)
    return catalog, replace(request, models=tuple(dict.fromkeys(models)))


def _with_command(result: Any, inputs: Question) -> Any:
    """Return an answer that says how its question was typed, and what trust was enough for it."""
    from tco.analysis.results import Envelope
    from tco.catalog.trust import LEVELS
    from tco.options.cheapest import least_trust

    if not isinstance(result, Envelope):
        return result
    return replace(
        result,
        asked=inputs.request.typed,
        min_trust=LEVELS[least_trust(inputs)],
        currency=money_of(inputs.request, inputs.day),
    )


def money_of(request: Scenario, day: date) -> Money | None:
    """Return the money that a request wants amounts in; None for dollars.

    Its rate is of the day asked about, unless said.

    Raises:
        UsageError: Its rate is missing, or there is a rate and no money.
    """
    if request.fx is None and request.currency in (None, DOLLARS.code):
        return None
    if request.currency is None:
        raise UsageError("--fx is the rate of a currency: add --currency EUR")
    if request.fx is None:
        code = request.currency
        raise UsageError(f"--currency {code} needs what a dollar is in it, and when: --fx 0.92")
    per_usd, on = request.fx
    return Money(request.currency, per_usd, str(on or day))


def given(values: Mapping[str, Any]) -> Iterator[Item]:
    """Return what a caller says, by the name of the option; None is what was not said."""
    for field in FIELDS:
        value = values.get(field.name)
        for raw in [] if value is None else parts(field, value):
            yield field, raw, field.flag, field.flag


def parts(field: Field, value: Any) -> Sequence[Any]:
    """Return the parts of a value that can be said several times, or separated by commas."""
    if isinstance(value, Mapping) and field.target == "settings":
        return [(path, plain(one)) for path, one in value.items()]
    if isinstance(value, Mapping) and field.target in ("tokenizers", "success"):
        return [{name: plain(ratio)} for name, ratio in value.items()]
    if not field.many or (field.read in (limit, ranges.success) and isinstance(value, tuple)):
        return [plain(value)]
    alone = isinstance(value, str | PathLike | Mapping) or not isinstance(value, Iterable)
    several = [value] if alone else value
    if field.target == "options":
        return [*several]
    return [p for one in several for p in (one.split(",") if isinstance(one, str) else [one])]


def plain(value: Any) -> Any:
    """Return a value of Python for a single one of numpy; others as they are."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _loaded(path: str) -> ScenarioFile:
    from tco.ask.scenario import load_scenario

    return load_scenario(path)


def _scenario_items(scenario: ScenarioFile) -> Iterator[Item]:
    for field in FIELDS:
        for raw, place, name in scenario.items(field.key):
            # A file has lists in place of commas, but for limits, which are written as pairs.
            for one in parts(field, raw) if field.read in (limit, ranges.success) else [raw]:
                yield field, one, place, f"{place}: {name}"
