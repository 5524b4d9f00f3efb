"""Options of the values and the data that an answer rests on."""

from typing import Annotated, TypedDict

from tco.ask.fields import (
    JOBS,
    SIZE_JOBS,
    TOOLS,
    VALUES,
    Amount,
    Day,
    File,
    Files,
    Name,
    Names,
    Pairs,
    Switch,
    currency,
    day,
    exchange_rate,
    flag,
    key,
    overlay,
    scope,
    setting,
    several,
    switch,
    text,
)


class ValueOptions(TypedDict, total=False):
    """Assumptions, days and files."""

    without: Annotated[
        Names,
        several(VALUES, "NAME", "Leave out of every bill: people, power, idle, egress."),
        key("without", text, eg="[power]"),
        scope(but="size"),
    ]
    set: Annotated[
        Pairs,
        several(VALUES, "P=V", "Any assumption: serving.headroom=90%.", offers="assumptions="),
        key(
            "settings",
            setting,
            "settings",
            doc="Any assumption by its path: `serving.headroom: 90%`.",
        ),
        scope(tools=TOOLS),
    ]
    bare: Annotated[
        Switch,
        flag(VALUES, None, "As simple calculators: no peak, spare, people, extras."),
        key("bare", switch),
        scope(but=SIZE_JOBS),
    ]
    currency: Annotated[
        Name,
        flag(VALUES, "CODE", "Money that amounts are shown in: EUR. Takes --fx."),
        key("currency", currency),
    ]
    fx: Annotated[
        Amount,
        flag(VALUES, "RATE", "What a dollar is in it, and on which day: 0.92@2026-11-20."),
        key("fx", exchange_rate),
    ]
    as_of: Annotated[
        Day,
        flag(VALUES, "DATE", "The day whose prices hold: 2026-03-01."),
        key("as_of", day, eg="2026-03-01"),
        scope(tools=f"{TOOLS} bill"),
    ]
    catalog: Annotated[
        Files,
        several(VALUES, "FILE", "Catalog file laid over the shipped ones."),
        key(
            "catalog",
            overlay,
            eg="[prices-of-ours.yaml]",
            doc="Files laid over the shipped catalogs, looked up from where this file lies.",
        ),
        scope(but="diff"),
    ]
    measured: Annotated[
        Files,
        several(VALUES, "FILE", "Your own measured throughput, see tco import."),
        key(
            "measured",
            overlay,
            eg="[tco-measured.csv]",
            doc="Files of your own measured throughput, looked up from where this file lies.",
        ),
        scope(but=JOBS, idle=JOBS),
    ]
    file: Annotated[
        File, flag(VALUES, "FILE", "Scenario file, for example tco.yaml.", "-f", "--file")
    ]
