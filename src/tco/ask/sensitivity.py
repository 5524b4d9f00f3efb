"""What `sensitivity` asks: one assumption at a time, two, all at once, or a change with a name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from tco.ask import varied

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.ask.asked import Ask
    from tco.ask.question import SensitivityOptions

    Watch = Callable[[], AbstractContextManager[Callable[[float], None]]]


def sensitivity(
    a: str | None,
    b: str | None,
    said: SensitivityOptions,
    file: str | None = None,
    watch: Watch = lambda: nullcontext(lambda _: None),
) -> Ask:
    """Return the question what moves the answer: one assumption, two, all at once, or a change.

    Args:
        a, b: The options that are held against each other.
        said: What else was said.
        file: The scenario file, which may name changes.
        watch: Opens what is told how far a long run has come.

    Raises:
        UsageError: What was said cannot be read, or does not go together.
    """
    grid, draws, changes = said.get("grid"), said.get("draws"), said.get("what_if")
    varied.only_one(grid=grid, draws=draws, what_if=changes)
    for name in ("x", "y"):
        varied.needs(f"--{name}", said.get(name), "--grid", grid)
    for name in ("seed", "vary", "correlate"):
        varied.needs(f"--{name}", said.get(name), "--draws", draws)
    any_of_them = grid or draws or changes
    varied.needs("--among", said.get("among"), "--grid, --draws or --what-if", any_of_them)
    named = varied.named(a, b, said)
    if grid is not None:
        return _grid(named, grid, said)
    if draws is not None:
        return _drawn(named, said, watch)
    if changes:
        return _changed(named, _told(varied.texts_of(changes), file))

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.sensitivity import sensitivity as swings

        return swings(inputs, a, b)

    return ask


def _grid(named: tuple[str, ...], grid: str, said: SensitivityOptions) -> Ask:
    two = varied.pair_of(grid, "--grid")
    spans = varied.spans(two, said)

    def ask(inputs: Inputs) -> Any:
        from tco.analysis.change.maps import GRID, winner_map
        from tco.analysis.sensitivity import pair

        names = named
        if not named and inputs.volume_given:
            left, right, _ = pair(inputs, None, None)
            names = (left.id, right.id)
        return winner_map(inputs, names, two, spans, GRID)

    return ask


def _drawn(named: tuple[str, ...], said: SensitivityOptions, watch: Watch) -> Ask:
    from tco.analysis.uncertain.montecarlo import Run, monte_carlo

    seed = said.get("seed")
    run = Run(
        draws=varied.whole(said.get("draws") or 0, "--draws"),
        seed=1 if seed is None else varied.whole(seed, "--seed"),
        varied=varied.spreads(said.get("vary")),
        correlated=varied.correlations(said.get("correlate")),
    )

    def ask(inputs: Inputs) -> Any:
        with watch() as progress:
            return monte_carlo(inputs, named, run, progress)

    return ask


def _changed(named: tuple[str, ...], texts: tuple[str, ...]) -> Ask:
    def ask(inputs: Inputs) -> Any:
        from tco.analysis.change.whatif import what_ifs

        return what_ifs(inputs, named, texts)

    return ask


def _told(said: list[str], file: str | None) -> tuple[str, ...]:
    """Return the what-ifs: as said, or by the name that the scenario file has for one, or all."""
    if not file:
        return tuple(said)
    from tco.catalog.scenario import load_scenario

    known = [str(text) for text, _, _ in load_scenario(file).items("what_if")]
    by_name = {text.partition(":")[0].strip().lower(): text for text in known if ":" in text}
    if [text.strip().lower() for text in said] == ["all"]:
        return tuple(known)
    return tuple(by_name.get(text.strip().lower(), text) for text in said)
