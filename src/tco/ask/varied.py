"""How what `breakeven` and `sensitivity` vary is read: names, ranges, spreads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tco import ranges, units
from tco.ask.fields import grows_by, one_of, setting_value, whole_gpus
from tco.errors import UsageError, printable

if TYPE_CHECKING:
    from tco.ask.options import BreakevenOptions, SensitivityOptions
    from tco.ranges import Span


def several(values: Any) -> tuple[str, ...]:
    """Return names that were repeated or separated by commas."""
    parts = [part.strip() for text in texts_of(values) for part in text.split(",")]
    return tuple(part for part in parts if part)


def texts_of(values: Any) -> list[str]:
    """Return texts that were said one by one; a mapping of Python says `KEY=VALUE`.

    Raises:
        UsageError: It is neither text nor several.

    >>> texts_of({"rent.factor": (0.7, 1.5)})
    ['rent.factor=0.7..1.5']
    """
    if isinstance(values, str):
        return [values]
    if isinstance(values, Mapping):
        return [f"{name}={span_text(value)}" for name, value in values.items()]
    if values is not None and not isinstance(values, Iterable):
        raise UsageError(f"a text is expected, not {type(values).__name__}")
    return [str(value) for value in values or ()]


def span_text(value: Any) -> str:
    """Return a range as it is typed, from a pair of Python too."""
    return "..".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def pair_of(text: str, flag: str) -> tuple[str, str]:
    """Return the two names of `X:Y`."""
    first, _, second = (part.strip() for part in text.partition(":"))
    if not first or not second:
        shown = printable(text, 40)
        raise UsageError(f"{flag}: {shown!r} is no pair of variables; write volume:rent")
    return first, second


def reader(name: str) -> Callable[[Any], float]:
    """Return how a value of a variable is read: in its own unit."""
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


def values(text: str | None, name: str, flag: str) -> Span | None:
    """Return the values of `L..H:N`; None when nothing was said."""
    if text is None:
        return None
    try:
        return ranges.span(text, reader(name))
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def named(
    a: str | None, b: str | None, options: BreakevenOptions | SensitivityOptions
) -> tuple[str, ...]:
    """Return the options that a question is about."""
    return (*filter(None, (a, b)), *several(options.get("among")))


def spans(two: tuple[str, str], options: BreakevenOptions | SensitivityOptions) -> Any:
    """Return the values along x and y."""
    return values(options.get("x"), two[0], "--x"), values(options.get("y"), two[1], "--y")


def spreads(options: Any) -> dict[str, Any]:
    """Return what is believed of some settings, from `PATH=L..H` or `PATH=L..H:lognormal`."""
    out = {}
    for text in texts_of(options):
        path, equals, belief = (part.strip() for part in text.partition("="))
        span, colon, kind = (part.strip() for part in belief.partition(":"))
        low, dots, high = (part.strip() for part in span.partition(".."))
        if not (equals and path and dots and low and high):
            shown = printable(text, 60)
            raise UsageError(f"--vary: {shown!r} is no spread; write rent.factor=0.7..1.5")
        read = reader(path)
        shape: Any = one_of("uniform", "triangular", "lognormal")(kind) if colon else None
        try:
            out[path] = read(low), read(high), shape
        except UsageError as error:
            raise UsageError(f"--vary {printable(path, 40)}: {error}") from None
    return out


def correlations(options: Any) -> dict[tuple[str, str], float]:
    """Return rank correlations, from `PATH:PATH=R`."""
    out = {}
    for text in texts_of(options):
        names, equals, size = (part.strip() for part in text.partition("="))
        first, colon, second = (part.strip() for part in names.partition(":"))
        try:
            if not (equals and colon and first and second):
                raise ValueError
            out[(first, second)] = float(size)
        except ValueError:
            shown = printable(text, 60)
            raise UsageError(
                f"--correlate: {shown!r} is no correlation; write "
                "rent.factor:price.hosted_factor=0.6"
            ) from None
    return out


def only_one(**options: Any) -> None:
    """Raise an error when more than one of some flags was given.

    Raises:
        UsageError: Two of them contradict each other.
    """
    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} ask different questions; give one of them")


def whole(text: str | float, flag: str) -> int:
    """Return a whole number, such as `100k`."""
    try:
        return units.whole(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def share(text: str | float, flag: str) -> float:
    """Return a share, such as `5%`."""
    try:
        return units.share(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def growth(text: str | float, flag: str) -> float:
    """Return what something grows by, such as `5%`, or shrinks by: `-5%`."""
    try:
        return grows_by(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def needs(flag: str, value: Any, other: str, there: Any) -> None:
    """Raise an error when a flag was given without the one that it belongs to.

    Raises:
        UsageError: It was.
    """
    if value and not there:
        raise UsageError(f"{flag} belongs to {other}")


def counts(options: Any, flag: str) -> tuple[int, ...]:
    """Return whole numbers of GPUs, from `1,2,4`, a number, or several."""
    texts = [str(options)] if isinstance(options, int | float) else texts_of(options)
    try:
        return tuple(whole_gpus(part) for text in texts for part in text.split(","))
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def kind_of_demand(options: Any, question: Mapping[str, Any]) -> str:
    """Return the option that `--demand` is the old name of: `requests` or `tokens`.

    Raises:
        UsageError: It cannot be read, or the volume is said by its new name too.
    """
    kind, read = ("tokens", units.tokens_per_month)
    if isinstance(options, str) and "req" in options.lower():
        kind, read = ("requests", units.requests_per_month)
    try:
        read(options)
    except UsageError as error:
        raise UsageError(f"--demand: {error}") from None
    for other in ("tokens", "requests", "users", "developers"):
        if question.get(other) is not None:
            raise UsageError(
                f"--demand is an old name of --{kind}, and --{other} says the volume too; "
                "give one of them"
            )
    return kind
