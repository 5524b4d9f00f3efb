"""Options in words, and the shortest name that means the same one."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MACHINE = re.compile(r"(?P<count>\d+)x(?P<gpu>[^:/]+)")


def machine(hardware: str | None, gpus: float | None = None) -> str:
    """Return GPUs in words: of a replica, or as many as there are.

    >>> machine("4xa30:mxfp4", 28), machine("2xh200-nvl:fp8"), machine("1xb200-sxm:fp8", 5)
    ('28 A30', '2 H200 NVL', '5 B200')
    """
    found = _MACHINE.match(hardware or "")
    if found is None:
        return hardware or ""
    name = found["gpu"].upper().removesuffix("-SXM").replace("-", " ")
    return f"{_count(float(found['count']) if gpus is None else gpus)} {name}"


_OWN = re.compile(r"^self/(?P<model>[^@/]+)(?:@(?P<hardware>[^/]+))?(?:/(?P<rent>.+))?$")


def spoken(name: str, gpus: float | None = None) -> str:
    """Return the id of an option in words; without a number of GPUs what one replica is.

    >>> spoken("novita/gpt-oss-120b"), spoken("self/gpt-oss-120b@4xa30:mxfp4/fal:on_demand", 28)
    ('gpt-oss-120b at novita', 'gpt-oss-120b on 28 A30')
    >>> spoken("self/gpt-oss-120b@4xa30:mxfp4"), spoken("self/gpt-oss-120b@1xb200-sxm:mxfp4")
    ('gpt-oss-120b on sets of 4 A30', 'gpt-oss-120b on B200')
    """
    own = _OWN.match(name)
    if own is not None and own["hardware"] is None:
        return f"{own['model']} on own GPUs"
    if own is not None:
        where = machine(own["hardware"], gpus)
        if gpus is None:
            where = where[2:] if where.startswith("1 ") else f"sets of {where}"
        return f"{own['model']} on {where}"
    provider, slash, model = name.partition("/")
    return f"{model} at {provider}" if slash else name


def short(name: str, others: Sequence[str] = ()) -> str:
    """Return the shortest name that means the same option at the same question.

    A set-up that is the answer of its model goes by `self/MODEL`; one of several by what tells it
    from the others, from the left.

    Args:
        name: The id.
        others: Ids of other options, that it must not be taken for.
    """
    if _OWN.match(name) is None:
        return name
    bought = re.match(r"self/(?P<model>[^@/]+)@[^/]*/own:", name)
    if bought is not None and not any("/own:" in other for other in others if other != name):
        return f"self/{bought['model']}/own"  # without it a rented set-up would be meant
    places = [m.start() for m in re.finditer(r"[@:/]", name)][1:]
    for end in places:
        if not any(other != name and other.startswith(name[:end]) for other in others):
            return name[:end]
    return name


def asked_as(name: str, others: Sequence[str], resolved: Sequence[str]) -> str:
    """Return the name that was typed for an option, the shortest where none is known.

    >>> meant = "self/m@8xh100 is self/m@8xh100:fp8/a:spot, the best of 4 set-ups"
    >>> asked_as("self/m@8xh100:fp8/a:spot", [], [meant])
    'self/m@8xh100'

    Args:
        name: The id.
        others: Ids of other options, that it must not be taken for.
        resolved: What names were taken to mean, as `NAME is ID, the best of 4 set-ups`.
    """
    for said in resolved:
        typed, _, meant = said.partition(" is ")
        if typed.startswith("self/") and meant.startswith(f"{name},"):
            return typed
    return short(name, others)


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
