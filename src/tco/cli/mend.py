"""A command line that was not understood: what was meant, whole and ready to paste.

Read when something went wrong only, so that it may look at every command there is.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from tco.ask.fields import EXPORTS, FORMATS
from tco.ask.options import QuestionOptions
from tco.ask.synonyms import command_for, explained, options_for
from tco.cli.options import typed
from tco.errors import TcoError, UsageError, printable, suggestion

Words = list[str]

ALIKE, SOMEWHAT_ALIKE = 0.8, 0.7
"""Shares of the characters from which on one option is taken for another; less is a guess."""

MOVES = {
    **dict.fromkeys(("--growth", "--discounting"), "horizon"),
    **dict.fromkeys(("--draws", "--grid", "--what-if"), "sensitivity"),
    **dict.fromkeys(("--map", "--against"), "breakeven"),
    **dict.fromkeys(("--buy", "--curve"), "plan"),
}
"""Options that say which question is asked, and the command that asks it of any month."""

VOLUMES = (
    *("--tokens", "--requests", "--users", "--developers", "--sessions", "--peak"),
    *("--file", "-f"),
)
OF_A_MONTH = ("explain", "sensitivity", "plan", "horizon", "deploy")
"""Commands that answer for no month but the one that is said."""

COUNTED = (
    *(f"--{name} {{}}" for name in ("isl", "osl", "tokens", "top", "gpus", "concurrency")),
    "--min-score arena={}",
)
"""What is said with a number only."""

ABOUT_A_MODEL = (("size",), ("train",))
"""Commands that ask for a model themselves where none is named."""

FILLERS = ("vs", "vs.", "versus", "against", "and", "or", "with", "to", "than")
SCALE = "(k|m|b|bn|t|million|billion|trillion)"
UNITS = re.compile(rf"{SCALE}?(tok|tokens?|req|requests?)?(/\w+)?$", re.IGNORECASE)
TIMES = ("s", "ms", "h", "min", "days", "weeks", "months", "month", "years", "year")
VOLUME = re.compile(
    rf"[0-9][0-9.,_]*\s*{SCALE}?(tok|tokens?|req|requests?|r)?(/\w+)?", re.IGNORECASE
)
GPUS = re.compile(r"([0-9]+)x([a-z].*)", re.IGNORECASE)
LISTING = ("list", "ls", "get", "print", "dump")
KINDS = ("models", "gpus", "providers", "sellers", "profiles")


class _LostError(Exception):
    """Nothing that is near to what was typed would work."""


class _ElsewhereError(Exception):
    """An option that other commands have."""


class Known(NamedTuple):
    """A command, as far as it matters for what is typed after it.

    Args:
        path: Its words.
        takes: Its options, and whether a value follows.
        places: How many words it takes that are no options; -1 for any number.
        least: How many of them it needs.
        named: What those are called.
        text: Its help.
    """

    path: tuple[str, ...]
    takes: dict[str, bool]
    places: int
    least: int
    named: tuple[str, ...]
    text: str


def known(path: Sequence[str]) -> Known:
    """Return what a command takes."""
    return _known(tuple(path))


@cache
def _known(path: tuple[str, ...]) -> Known:
    command = _command(path)
    takes = {"--help": False, "-h": False}
    for param in command.params:
        for name in (*param.opts, *param.secondary_opts) if _is_option(param) else ():
            takes[name] = not param.is_flag
    arguments = [p for p in command.params if not _is_option(p)]
    places = -1 if any(p.nargs < 0 for p in arguments) else len(arguments)
    named = tuple(str(p.name) for p in arguments)
    least = 1 if path in ABOUT_A_MODEL else sum(bool(p.required) for p in arguments)
    return Known(path, takes, places, least, named, str(command.help or ""))


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _command(path: Sequence[str]) -> Any:
    """Return a command by its words; the group of all of them without any."""
    found = root()
    for word in path:
        found = found.get_command(None, word)
    return found


@cache
def root() -> Any:
    """Return all of `tco` as one command."""
    import typer.main

    from tco.cli.app import app

    return typer.main.get_command(app)


def every() -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that has no commands of its own.

    Without `init`: it writes what others ask, and takes a second to import.
    """
    from tco.cli.app import COMMANDS

    for name in (name for name in COMMANDS if name != "init"):
        inner = getattr(_command((name,)), "commands", None)
        yield from [(name, one) for one in inner] if inner else [(name,)]


def homes(flag: str) -> list[str]:
    """Return the commands that have an option."""
    return [" ".join(path) for path in every() if flag in known(path).takes]


def mended(words: Sequence[str]) -> Words | None:
    """Return the command line that was meant; None where that is not sure."""
    try:
        path, rest = _split([*words])
        return _line(path, rest) if path else rest
    except _LostError:
        return _alone(words)


def _alone(words: Sequence[str]) -> Words | None:
    """Return an option that stands alone, without a command: `tco --vrsion`."""
    if len(words) != 1 or not words[0].startswith("-"):
        return None
    own = [name for param in root().params for name in param.opts if name.startswith("--")]
    return difflib.get_close_matches(words[0], [*own, "--help"], 1, ALIKE) or None


def _line(path: tuple[str, ...], words: Words, *, moved: bool = False) -> Words:
    """Return a command with what stands after it, mended."""
    there = known(path)
    try:
        options, rest = _parts(there, words)
    except _ElsewhereError as error:
        home = MOVES.get(str(error))
        if moved or home is None:
            raise _LostError from None
        return _line((home,), words, moved=True)
    path, made = _placed(there, options, rest)
    if (moved or path != there.path) and path[0] in OF_A_MONTH and not _says_volume(made):
        made += ["--tokens", "50B"]
    return [*path, *made]


def _says_volume(words: Words) -> bool:
    """Return whether a volume is said, by options or variables."""
    variables = any(f"TCO_{flag[2:].upper()}" in os.environ for flag in VOLUMES[:-1])
    return variables or any(word.partition("=")[0] in VOLUMES for word in words)


# The command.


def _split(words: Words) -> tuple[tuple[str, ...], Words]:
    """Return the words of the command, and everything else in the order in which it was typed."""
    from tco.cli.app import COMMANDS

    free = [i for i, word in enumerate(words) if word[:1] != "-" and not _is_value(words, i)]
    if not free:
        raise _LostError
    at = next((i for i in free if words[i] in COMMANDS), free[0])
    at = free[0] if command_for(words[free[0]]) else at
    before, word, after = words[:at], words[at], words[at + 1 :]
    if word not in COMMANDS and _is_volume(word):
        return ("compare",), [*before, word, *after]
    meant = _meant(word, [*COMMANDS]).split()
    path = tuple(one for one in meant if not one.startswith("-"))
    options = [one for one in meant if one.startswith("-")]
    if not path:  # help and version are no commands
        return (), [*(one for one in after[:1] if one in COMMANDS), *options]
    if len(path) == 1 and (inner := getattr(_command(path), "commands", None)):
        if not after or after[0].startswith("-"):
            raise _LostError
        path, after = _inner(path[0], after, [*inner])
    return path, [*before, *options, *after]


def _is_value(words: Words, at: int) -> bool:
    """Return whether a word is the value of the option before it."""
    if at == 0 or not words[at - 1].startswith("-") or "=" in words[at - 1]:
        return False
    flag = words[at - 1]
    if meant := options_for(flag.lstrip("-")):
        return any("{}" in text for text in meant)
    return next((known(path).takes[flag] for path in every() if flag in known(path).takes), False)


def _meant(word: str, names: list[str]) -> str:
    """Return the command that a word means, with the options that say it."""
    if word in names:
        return word
    near = difflib.get_close_matches(word.lower().replace("-", ""), names, 1, ALIKE)
    if near and not command_for(word):
        return near[0]
    inner = [" ".join(path) for path in every() if path[-1] == word and len(path) > 1]
    meant = command_for(word) or next(iter(sorted(inner)), "")  # `catalog show` is the usual one
    if not meant:
        raise _LostError
    return meant


def _inner(group: str, words: Words, names: list[str]) -> tuple[tuple[str, ...], Words]:
    """Return the command of a group that words mean, and the words after it."""
    word, after = words[0], words[1:]
    if word in names:
        return (group, word), after
    meant = command_for(word).split()
    if meant[:1] == [group] and len(meant) > 1:
        return (group, meant[1]), [*meant[2:], *after]
    if near := difflib.get_close_matches(word.lower(), names, 1, SOMEWHAT_ALIKE):
        return (group, near[0]), after
    if len(meant) == 1 and len(names) == 1 and after:
        return (meant[0],), after
    if len(names) > 1:
        raise _LostError
    return (group, names[0]), after if word in LISTING else words


# Its options.


def _parts(there: Known, words: Words) -> tuple[Words, list[tuple[int, str]]]:
    """Return the options, mended, and the other words with the place where they were typed."""
    made: Words = []
    rest: list[tuple[int, str]] = []
    left = [*words]
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            rest.append((len(made), word))
            continue
        flag, equals, value = word.partition("=")
        if flag in there.takes or (word[:2] in there.takes and not word.startswith("--")):
            made.append(word)
            if there.takes.get(flag) and not equals:
                made.append(_next(left))
            continue
        follows = left[0] if left and not left[0].startswith("-") else None
        said, used = _option(there, flag, value if equals else follows)
        if used and not equals:
            left.pop(0)
        if said and not said[0].startswith("-"):
            rest.append((len(made), said[0]))
        else:
            made += said
    return made, rest


def _next(left: Words) -> str:
    if not left:
        raise _LostError
    return left.pop(0)


def _option(there: Known, flag: str, value: str | None) -> tuple[Words, bool]:
    """Return what is typed here for an option that there is not, and whether it took the value."""
    name = flag.lstrip("-")
    if value is not None and name != "volume" and {name, f"{name}s"} & {*there.named}:
        return [value], True
    for text in options_for(name):
        if text.split()[0] in there.takes and (made := _instead(text, value)):
            return made
    if explained(name):
        raise _LostError
    near = _near(there, name)
    if not there.takes[near]:
        return [near], False
    if value is None:
        raise _LostError
    return [near, value], True


def _near(there: Known, name: str) -> str:
    """Return the option that looks like a name.

    Raises:
        _ElsewhereError: None does, and another command has it.
    """
    longs = [option[2:] for option in there.takes if option.startswith("--")]
    folded = name.lower().replace("_", "-")
    near = difflib.get_close_matches(folded, longs, 1, ALIKE)
    if not near and homes(f"--{folded}"):
        raise _ElsewhereError(f"--{folded}")
    near = near or difflib.get_close_matches(folded, longs, 1, SOMEWHAT_ALIKE)
    if not near or len(name) < 3:
        raise _LostError
    return f"--{near[0]}"


def _instead(text: str, value: str | None) -> tuple[Words, bool] | None:
    """Return what a synonym comes to with a value; None where it does not fit."""
    suffix = (value or "").rpartition(".")[2]
    if text.startswith(("--format", "--export")) and suffix in EXPORTS and value != suffix:
        return ["--export", f"{suffix}={value}"], True
    if text == "--format {}":
        if value == "html":
            return ["--export", "html=report.html"], True
        return (["--format", value], True) if value in FORMATS else None
    if "{}" not in text:
        return shlex.split(text), False
    if value is None or text == "--export {}" or (text in COUNTED and not value[:1].isdigit()):
        return None
    return shlex.split(text.replace("{}", value.lstrip("$"))), True


# The words that are no options.


def _placed(
    there: Known, options: Words, rest: list[tuple[int, str]]
) -> tuple[tuple[str, ...], Words]:
    """Return the command and everything after it, each word where it belongs."""
    options, rest = _joined(there, options, rest)
    words = [word for _, word in rest]
    if 0 <= there.places < len(words):
        words = [word for word in words if word.lower() not in FILLERS]
    kept: Words = []
    for word in words:
        said = _as_option(there, word, options)
        options += said
        kept += [] if said else [word]
    if there.named == ("volume",) and kept and not _is_volume(kept[0]):
        return _of_names(kept, options)
    if there.path == ("explain",) and len(kept) == 2:
        return ("breakeven",), [*kept, *options]
    if 0 <= there.places < len(kept) or len(kept) < there.least - ("--validate" in options):
        raise _LostError
    return there.path, [*kept, *options]


def _joined(
    there: Known, options: Words, rest: list[tuple[int, str]]
) -> tuple[Words, list[tuple[int, str]]]:
    """Return options and volumes whose unit was typed as a word of its own, with it: `50 B`."""
    kept: list[tuple[int, str]] = []
    made = [*options]
    for at, word in rest:
        value = at >= 2 and there.takes.get(options[at - 2], False)
        spoken = kept[-1][1] if kept and kept[-1][0] == at else ""
        if at and "=" in made[at - 1] and made[at - 1].startswith("--") and _is_unit(word):
            made[at - 1] += word if word.lower() in ("k", "m", "b", "t") else f" {word}"
        elif value and _path_of_setting(options[at - 2], options[at - 1]):
            made[at - 1] += f"={word}"
        elif value and options[at - 1][-1:].isdigit() and _is_unit(word):
            made[at - 1] += word if word.lower() in ("k", "m", "b", "t") else f" {word}"
        elif spoken and _is_volume(spoken) and UNITS.fullmatch(word):
            plain = word.lower().removesuffix("s") in (
                "tok",
                "token",
            )  # which a volume is of anyhow
            kept[-1] = (at, spoken if plain else f"{spoken}{word}")
        else:
            kept.append((at, word))
    return made, kept


def _path_of_setting(flag: str, value: str) -> bool:
    """Return whether a value is a setting whose own value was typed as the next word."""
    return flag == "--set" and "." in value and "=" not in value


def _is_unit(word: str) -> bool:
    return bool(word) and (word.lower() in TIMES or UNITS.match(word) is not None)


def _is_volume(word: str) -> bool:
    return VOLUME.fullmatch(word) is not None


def _as_option(there: Known, word: str, options: Words) -> Words:
    """Return the option that a word means; nothing where it is a word of its own."""
    if _is_volume(word) and there.named != ("volume",):
        flag = next((f for f in ("--tokens", "--corpus") if f in there.takes), None)
        return [] if flag is None or _says_volume(options) else [flag, word]
    name, equals, value = word.partition("=")
    if equals and f"--{name.lower().replace('_', '-')}" in there.takes:
        return [f"--{name.lower().replace('_', '-')}", value]
    if word.endswith((".yaml", ".yml")) and "--file" in there.takes:
        return ["--file", word]
    found = GPUS.fullmatch(word)
    if found and {"--gpu", "--gpus"} <= there.takes.keys():
        return ["--gpus", found[1], "--gpu", found[2]]
    if there.path == ("catalog", "list"):
        return [f"--{word}"] if word in KINDS else _only(word)
    return []


def _only(name: str) -> Words:
    """Return the option that narrows a choice to a model or a provider; nothing for other words."""
    from tco.catalog.load import load_catalog
    from tco.catalog.lookup import find_model, find_provider

    for flag, find in (("--model", find_model), ("--provider", find_provider)):
        try:
            find(load_catalog(), name)
        except TcoError:  # no such name, or no catalog to look it up in
            continue
        return [flag, name]
    return []


def _of_names(names: Words, options: Words) -> tuple[tuple[str, ...], Words]:
    """Return the command that asks about names: of one its bill, of two who is cheaper."""
    if len(names) == 2:
        return ("breakeven",), [*names, *options]
    if len(names) == 1 and "/" in names[0]:
        return ("explain",), [*names, *options]
    if len(names) == 1 and (only := _only(names[0])):
        return ("compare",), [*only, *options]
    raise _LostError


# What is said.


def complaint(error: Any, words: Sequence[str]) -> str:
    """Return what a parser complains of, and the command that was meant."""
    path = error.ctx.command_path.split()[1:] if error.ctx else _path(words)
    if hasattr(error, "possibilities"):
        return _no_option(str(error.option_name), path, words)
    said = " ".join(error.format_message().split()).rstrip(".")
    said = f"{said[0].lower()}{printable(said[1:], 200)}"
    param, flag = getattr(error, "param", None), getattr(error, "option_name", None)
    if param is not None and not _is_option(param):
        return f"{said}; for example: {_examples(path)[0]}"
    if flag and "requires an argument" in said:
        return f"{flag} needs a value{_of_help(path, flag)}"
    if match := re.fullmatch(r"got unexpected extra argument\(?s?\)? \((.*)\)", said):
        said = f"more words than {' '.join(['tco', *path])} takes: {match[1]}"
    return f"{said}{tried(words, path)}"


def _path(words: Sequence[str]) -> Words:
    """Return the command that a line is of; nothing where that is not sure."""
    try:
        return [*_split([*words])[0]]
    except _LostError:
        return []


def no_command(name: str, path: Sequence[str], names: Sequence[str], words: Sequence[str]) -> str:
    """Return that there is no such command, and what was meant."""
    said = f"no command called {printable(name)!r}"
    if (fixed := mended(words)) is not None:
        return f"{said}{_meaning(name, fixed)}{tried(words, path)}".replace("?;", "?")
    meant = [word for word in command_for(name).split() if not word.startswith("-")]
    if not path and meant and (examples := _examples(meant)):
        return f"{said}; for example: {examples[0]}"
    return f"{said}{suggestion(name, names, 1) or ';'} see {' '.join(['tco', *path])} --help"


def _meaning(name: str, fixed: Sequence[str]) -> str:
    """Return that a word was misspelt, where one of a mended line looks like it."""
    near = difflib.get_close_matches(name, [w for w in fixed if w != name], 1, ALIKE)
    alike = near and near[0].startswith("-") == name.startswith("-")
    return f"; did you mean {near[0]}?" if alike else ""


def tried(words: Sequence[str], path: Sequence[str] = ()) -> str:
    """Return the command to try, or where to read on, as the end of a message."""
    fixed = mended(words)
    if fixed is None or fixed == [*words]:
        return f"; see {' '.join(['tco', *path])} --help"
    return f"; try: tco {shlex.join(fixed)}"


def _no_option(flag: str, path: Sequence[str], words: Sequence[str]) -> str:
    """Return that a command has no such option, why, and what was meant."""
    said = f"no option called {printable(flag)!r}"
    if why := explained(flag.lstrip("-")):
        return f"{said}: {why}"
    fixed = mended(words)
    if not path and flag in known(_path(words)).takes:
        return f"options stand after the command{tried(words)}"
    others = [home for home in homes(flag) if home.split() != [*path]]
    if not others or (fixed is not None and fixed[: len(path)] == [*path]):
        near = _meaning(flag, fixed or ())
        return f"{said}{near}{tried(words, path)}".replace("?;", "?")
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    said = f"{said} here, but in tco {', '.join(others[:3])}{more}"
    if fixed is None and (examples := _with(flag, others)):
        return f"{said}; for example: {examples[0]}"
    return f"{said}{tried(words, path if fixed else others[0].split())}"


def _with(flag: str, others: Sequence[str]) -> Words:
    """Return the examples that have an option, in the help of the commands that have it."""
    asked = [e for home in others for e in _examples(home.split())]
    return [example for example in asked if flag in example.split()]


def _examples(path: Sequence[str]) -> Words:
    """Return the commands that the help of a command shows."""
    lines = [line.strip() for line in known(path).text.split("\b")[-1].splitlines()]
    shown = [re.split(r"\s{2,}", line)[0] for line in lines if line.startswith("tco ")]
    return [example for example in shown if not example.endswith("\\")]


def _of_help(path: Sequence[str], flag: str) -> str:
    """Return what the value of an option is, in the words of the help."""
    for param in _command(path).params:
        if flag in param.opts and param.help:
            return f": {param.metavar}, {param.help[0].lower()}{param.help[1:].rstrip('.')}"
    return f"; see {' '.join(['tco', *path])} --help"


def stray(value: str, path: Sequence[str], words: Sequence[str]) -> UsageError | None:
    """Return the error for a volume that was typed where a name belongs; None for other words."""
    takes = known(path).takes
    if not _is_volume(value) or "--tokens" not in takes:
        return None
    said = f"{printable(value, 40)!r} is a volume, no option"
    if mended(words) is None:
        return UsageError(f"{said}; for example: {_examples(path)[0]}")
    return UsageError(f"{said}{tried(words, path)}")


def volume_typed(word: str, options: QuestionOptions) -> QuestionOptions:
    """Return a question with the volume that was typed without an option: `tco compare 50B`.

    Raises:
        UsageError: It is no volume, or another one is said too.
    """
    if not _is_volume(word):
        raise UsageError(f"{printable(word, 40)!r} is no volume{tried(typed, ('compare',))}")
    volumes = ("tokens", "requests", "users", "developers")
    if other := next((n for n in volumes if options.get(n)), None):
        raise UsageError(f"{word} and --{other} both say the volume; give one of them")
    if re.search(r"req|[0-9 ]r/", word, re.IGNORECASE):
        count = re.fullmatch(rf"([0-9.,_]+\s*{SCALE}?)\s*req(uests?)?", word, re.IGNORECASE)
        return {**options, "requests": count[1] if count else word}
    return {**options, "tokens": word}
