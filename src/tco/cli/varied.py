"""What `tco breakeven` and `tco sensitivity` vary, as it is typed: names, ranges, spreads.

Annotations here must be objects, not texts: `tco.cli.flags` hands them to typer.
"""

from collections.abc import Callable
from typing import Annotated, Any

from typer import Option

VARIED = "What varies"

Text = str | None
Texts = list[str] | None


def _option(metavar: str | None, text: str, *names: str) -> Any:
    return Option(*names, metavar=metavar, help=text, rich_help_panel=VARIED, show_default=False)


Over = Annotated[Text, _option("NAME", "Over something else: price, rent, utilization, peak...")]
Range = Annotated[Text, _option("L..H", "Only this range of it: 1..4.", "--range")]
Map = Annotated[Text, _option("X:Y", "Who is cheapest over two variables: volume:rent.", "--map")]
Grid = Annotated[Text, _option("X:Y", "Who is cheaper, and by how much: rent:peak.")]
X = Annotated[Text, _option("L..H:N", "Values of X: 1B..1T:log25.", "--x")]
Y = Annotated[Text, _option("L..H:N", "Values of Y: 0.5..2:9.", "--y")]
Among = Annotated[Texts, _option("NAME", "Only between these options; repeat.")]
Growth = Annotated[Text, _option("%", "Growth of the volume a month: 5%.")]
DrawCount = Annotated[Text, _option("N", "Draw everything uncertain so often: 100k.", "--draws")]
Seed = Annotated[Text, _option("S", "Same seed, same draws; 1 unless said.")]
Vary = Annotated[
    Texts, _option("P=L..H", "What is believed, 5th to 95th percentile: rent.factor=0.7..1.5.")
]
Correlate = Annotated[
    Texts, _option("P:Q=R", "Rank correlation: rent.factor:price.hosted_factor=0.6.")
]
WhatIfs = Annotated[
    Texts, _option("TEXT", "Bills under a change: 'api price x3'; repeat.", "--what-if")
]


def several(values: Any) -> tuple[str, ...]:
    """Return names that were repeated or separated by commas."""
    parts = [part.strip() for text in values or () for part in str(text).split(",")]
    return tuple(part for part in parts if part)


def pair_of(text: str, flag: str) -> tuple[str, str]:
    """Return the two names of `X:Y`."""
    from tco.errors import UsageError, printable

    first, _, second = (part.strip() for part in text.partition(":"))
    if not first or not second:
        shown = printable(text, 40)
        raise UsageError(f"{flag}: {shown!r} is no pair of variables; write volume:rent")
    return first, second


def reader(name: str) -> Callable[[Any], float]:
    """Return how a value of a variable is read: in its own unit."""
    from tco import units
    from tco.ask.fields import setting_value

    by_name: dict[str, Callable[[Any], float]] = {
        "volume": units.tokens_per_month,
        "price": units.usd_per_mtok,
        "rent": units.usd_per_gpu_hour,
        "discount": units.share,
        "utilization": units.share,
        "cached": units.share,
        "batch": units.share,
        "output-share": units.share,
    }
    if name in by_name:
        return by_name[name]
    return lambda text: setting_value(name, text) if "." in name else units.number(text)


def bounds(text: str, name: str, flag: str) -> tuple[float, float]:
    """Return the ends of `L..H`, each in the unit of the variable."""
    from tco.errors import UsageError, printable

    low, dots, high = text.partition("..")
    if not dots or not low.strip() or not high.strip():
        raise UsageError(f"{flag}: {printable(text, 40)!r} is no range; write for example 1..4")
    read = reader(name)
    try:
        ends = read(low.strip()), read(high.strip())
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None
    if ends[0] >= ends[1]:
        better = f"{high.strip()}..{low.strip()}"
        raise UsageError(f"{flag}: a range goes from low to high; write {better}")
    return ends


def values(text: str | None, name: str, flag: str) -> Any:
    """Return the values of `L..H:N`; None when nothing was said."""
    from tco import ranges
    from tco.errors import UsageError

    if text is None:
        return None
    try:
        return ranges.span(text, reader(name))
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def spreads(texts: Texts) -> dict[str, Any]:
    """Return what is believed of some settings, from `PATH=L..H` or `PATH=L..H:lognormal`."""
    from tco.analysis.uncertain.beliefs import Varied
    from tco.ask.fields import one_of
    from tco.errors import UsageError, printable

    out = {}
    for text in texts or ():
        path, equals, said = (part.strip() for part in text.partition("="))
        span, colon, kind = (part.strip() for part in said.partition(":"))
        low, dots, high = (part.strip() for part in span.partition(".."))
        if not (equals and path and dots and low and high):
            shown = printable(text, 60)
            raise UsageError(f"--vary: {shown!r} is no spread; write rent.factor=0.7..1.5")
        read = reader(path)
        shape: Any = one_of("uniform", "triangular", "lognormal")(kind) if colon else None
        try:
            out[path] = Varied(low=read(low), high=read(high), kind=shape)
        except UsageError as error:
            raise UsageError(f"--vary {printable(path, 40)}: {error}") from None
    return out


def correlations(texts: Texts) -> dict[tuple[str, str], float]:
    """Return rank correlations, from `PATH:PATH=R`."""
    from tco.errors import UsageError, printable

    out = {}
    for text in texts or ():
        names, equals, said = (part.strip() for part in text.partition("="))
        first, colon, second = (part.strip() for part in names.partition(":"))
        try:
            if not (equals and colon and first and second):
                raise ValueError
            out[(first, second)] = float(said)
        except ValueError:
            shown = printable(text, 60)
            raise UsageError(
                f"--correlate: {shown!r} is no correlation; write "
                "rent.factor:price.hosted_factor=0.6"
            ) from None
    return out


def only_one(**said: Any) -> None:
    """Raise an error when more than one of some flags was given.

    Raises:
        UsageError: Two of them contradict each other.
    """
    from tco.errors import UsageError

    given = [f"--{name.replace('_', '-')}" for name, value in said.items() if value]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} ask different questions; give one of them")


def whole(text: str, flag: str) -> int:
    """Return a whole number, such as `100k`."""
    from tco import units
    from tco.errors import UsageError

    try:
        return units.whole(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def share(text: str, flag: str) -> float:
    """Return a share, such as `5%`."""
    from tco import units
    from tco.errors import UsageError

    try:
        return units.share(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def needs(flag: str, value: Any, other: str, there: Any) -> None:
    """Raise an error when a flag was given without the one that it belongs to.

    Raises:
        UsageError: It was.
    """
    from tco.errors import UsageError

    if value and not there:
        raise UsageError(f"{flag} belongs to {other}")
