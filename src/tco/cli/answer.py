"""From a question as it was typed to an answer on stdout: what every command has in common."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from typer import Exit

from tco.ask.layers import FIELDS, Ask, Given, Item, answered, given, given_of, parts, read
from tco.ask.options import QUESTION, Output, QuestionOptions
from tco.catalog.files import write_atomically
from tco.cli.options import Command, refuse_report, say, silence
from tco.errors import UsageError, nearest, printable
from tco.money import shown_in
from tco.render.first import beside
from tco.render.output import columns, in_colour, money_in, page, rendered, width
from tco.render.words import Block, View

if TYPE_CHECKING:
    from tco.options.question import Question


# From what was typed to a `Request`: flags, `TCO_*` variables, scenario file, user's own file.


def given_by(question: QuestionOptions, output: Output) -> Given:
    """Return all that was said, read and merged.

    Raises:
        UsageError: A flag or variable that cannot be read, or two that contradict each other.
        DataError: A scenario file that cannot be used.
    """
    warn_of_variables()
    typed = {**question, **output}
    layers = [read(given(typed), UsageError), read(_variables(), UsageError)]
    made = given_of(layers, file_of(question), config_file())
    refuse_report(made.output)
    return made


def file_of(question: QuestionOptions) -> str | None:
    """Return the scenario file as it was named, by flag or variable; None without one."""
    return str(question.get("file") or os.environ.get("TCO_FILE") or "") or None


def config_file() -> str | None:
    """Return the file with the user's own defaults, if there is one.

    `TCO_CONFIG` names it, or says that there is none when it is empty.
    """
    named = os.environ.get("TCO_CONFIG")
    if named is not None:
        return named or None
    base = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME", "")
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    path = f"{base or f'{home}/.config'}/tco/config.yaml"
    return path if os.path.isabs(path) and os.path.isfile(path) else None  # noqa: PTH113, PTH117


OTHER_VARIABLES = ("TCO_FILE", "TCO_CONFIG", "TCO_CACHE_DIR", "TCO_DEBUG", "TCO_LOGS_MEMORY")
"""Variables that mean something and are no option."""


def ignored_variables() -> tuple[str, ...]:
    """Return the variables that look like ours and mean nothing."""
    known = {*OTHER_VARIABLES, *(field.variable for field in FIELDS)}
    return tuple(sorted(n for n in os.environ if n.startswith("TCO_") and n not in known))


def warn_of_variables() -> None:
    """Say once which variables mean nothing, and which may have been meant; `-q` or not.

    It is no doubt about the data: something that was said does not count.
    """
    ignored = ignored_variables()
    if ignored:
        known = [*OTHER_VARIABLES, *(field.variable for field in FIELDS)]
        near = {n: [m for m in nearest(n, known, 1) if m != n] for n in ignored}
        meant = [
            f"{printable(n)}{f' (did you mean {one[0]}?)' if one else ''}"
            for n, one in near.items()
        ]
        say(f"tco: note: ignored, since no option is called so: {', '.join(meant)}")


def _variables() -> Iterator[Item]:
    for field in FIELDS:
        value = os.environ.get(field.variable, "").strip()
        # An option has commas inside, so that several in one variable need another separator.
        texts = value.split(";") if field.target == "options" else [value]
        for raw in parts(field, texts if field.many else value) if value else []:
            yield field, raw, field.variable, field.variable


# The command as it was typed, so that a report can say how to make it again.

HOW = {*Output.__annotations__, "plot"}
"""Options that say how an answer is written, not what is asked."""


def command_typed(as_of: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the command that runs now, and the flags of its question.

    Variables are written as the flags that say the same.

    Args:
        as_of: The day whose prices were used, so that the same command finds them again.
    """

    context = Command.running
    own: list[str] = []
    shared: list[str] = []
    for param in context.command.params:
        if param.name not in HOW:
            words = list(_words(param, context.params.get(param.name or "")))
            (shared if param.name in QuestionOptions.__annotations__ else own).extend(words)
    shared += _typed_variables(context.params)
    if "--as-of" not in shared:
        shared += ["--as-of", as_of]
    name = (context.info_name or "").split()
    return (*name, *own, *shared), tuple(shared)


def _words(param: Any, value: Any) -> Iterator[str]:
    """Return an option and its value as they are typed; nothing where it was not said."""
    if value is None or value is False or value == ():
        return
    flag = max(param.opts, key=len) if param.param_type_name == "option" else None
    for one in value if isinstance(value, list | tuple) else [value]:
        if flag is not None:
            yield flag
        if one is not True:
            yield str(one)


def _typed_variables(options: dict[str, Any]) -> Iterator[str]:
    """Return what variables say that flags did not, as flags."""
    for field in QUESTION:
        value = os.environ.get(field.variable, "").strip()
        if not value or options.get(field.name) not in (None, ()):
            continue
        for one in value.split(";") if field.target == "options" else [value]:
            yield from (field.flag, one.strip())
    file = os.environ.get("TCO_FILE")
    if file and not options.get("file"):
        yield from ("--file", file)


# The answer on stdout, warnings on stderr, copies in files.

# For terminals and pipes that cannot show what our screens are drawn with.
ASCII = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "×": "x",
        "…": "...",
        "█": "#",
        "▒": "=",
        "░": ".",
        "·": "|",
        "−": "-",
        "◆": "*",
    }
)


Report = Callable[[], str]
NO_PICTURE = (
    "--plot: no picture of this answer; compare, breakeven A B, sensitivity and plan have one"
)
NO_REPORTS: Mapping[str, Report] = MappingProxyType({})


Picture = Callable[[int], tuple[Block, ...]]


def deliver(
    result: Any,
    output: Mapping[str, Any],
    reports: Mapping[str, Report] = NO_REPORTS,
    picture: Picture | None = None,
) -> None:
    """Write a result where and how it was asked for.

    Args:
        output: What was said of how it is written.
        reports: Files that need more than the result, by their format.
        picture: Returns what is drawn under the answer, of some width.

    Raises:
        UsageError: A column, an order or a file to write that there is not; a file only after
            everything else has been written.
    """
    if money_in(result) and any(to == "html" for to, _ in output.get("export", ())):
        raise UsageError("--export html=FILE: a report is in dollars; leave out it or --currency")
    view = View(
        fields=output.get("fields"),
        sort=output.get("sort"),
        top=output.get("top"),
        assumptions=output.get("assumptions", False),
        notes=output.get("notes", False),
    )
    drawn = picture(columns()) if picture else ()
    kind = output.get("format", "table")
    colour = in_colour(sys.stdout, output.get("color", "auto"))
    shown = view._replace(plot=bool(drawn))
    text = rendered(result, kind, shown, columns=width(), colour=colour, more=drawn)
    write(text.translate(ASCII) if drawn and os.environ.get("TERM") == "dumb" else text, kind)
    if not output.get("quiet"):
        for warning in beside(result, view) if kind == "table" else result.warnings:
            say(f"tco: note: {warning}")
    exports = _exported(result, view, output.get("export", ()), reports, drawn)
    failed = [*_summarized(result, kind, view), *exports]
    if picture and not drawn:
        failed.append(NO_PICTURE)
    if failed:
        raise UsageError("; ".join(failed))


def _exported(
    result: Any,
    view: View,
    wanted: Iterable[tuple[str, str]],
    reports: Mapping[str, Report],
    drawn: Sequence[Block],
) -> Iterator[str]:
    """Write copies of an answer; return why one could not be made or written."""
    for kind, path in wanted:
        try:
            more = drawn if kind == "svg" else ()
            copy = _report(reports) if kind == "html" else rendered(result, kind, view, more=more)
        except UsageError as error:
            yield f"--export: {printable(path, 200)}: {error}"
            continue
        reason = _saved(path, copy)
        if reason is not None:
            yield reason


def _report(reports: Mapping[str, Report]) -> str:
    if "html" not in reports:
        raise UsageError("no report of this; compare, breakeven, sensitivity and plan have one")
    return reports["html"]()


def _summarized(result: Any, kind: str, view: View) -> Iterator[str]:
    """Add the page of an answer for GitHub to the summary of the job that runs, if one does."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if kind != "github" or not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(page(result, view) + "\n")
    except (OSError, ValueError) as error:
        yield f"GITHUB_STEP_SUMMARY: {printable(path, 200)}: {_why(error)}"


def write(text: str, kind: str) -> None:
    """Write to stdout whatever its encoding can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        # In JSON a character may be written as \\uXXXX; elsewhere the nearest plain one must do.
        if kind != "json":
            text = text.translate(ASCII)
        errors = "backslashreplace" if kind == "json" else "replace"
        text = text.encode(encoding, errors).decode(encoding)
    try:
        _write_all(sys.stdout, text)
    except BrokenPipeError:
        raise  # a reader that had enough is no error
    except (OSError, ValueError) as error:
        silence()  # what is left in its buffer cannot be written later either
        raise UsageError(f"the answer could not be written: {_why(error)}") from None


def _write_all(stream: Any, text: str) -> None:
    """Write a text to the end, also to a stream without a buffer, which takes what there is room
    for and says how much that was.
    """
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.RawIOBase):
        stream.write(text)
        stream.flush()
        return
    rest = memoryview(text.encode(stream.encoding or "utf-8", stream.errors or "strict"))
    while rest:
        rest = rest[raw.write(rest) or 0 :]


def _saved(path: str, text: str) -> str | None:
    """Write a file in one step; return why that was not possible, or None."""
    data = text.encode("utf-8")
    try:
        write_atomically(path, data)
    except (OSError, ValueError) as error:
        return f"--export: {printable(path, 200)}: {_why(error)}"
    return None


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or "not a path").lower()


PLOTTED = ("table", "md")
"""Formats that a picture made of characters can stand in."""


def answer(
    question: QuestionOptions,
    output: Output,
    ask: Ask,
    *,
    brief: Ask | None = None,
    plot: bool = False,
) -> Any:
    """Ask `ask` the question, write its answer, and return it.

    Args:
        question, output: What was typed.
        ask: Returns the result for resolved inputs.
        brief: Returns a result that is the same on a screen and is quicker to have.
        plot: Draw a picture under it.
    """
    said = given_by(question, output)
    if plot and (kind := said.output.get("format", "table")) not in PLOTTED:
        raise UsageError(f"--plot draws under a table; leave out one of --plot and --format {kind}")
    if brief is not None and _only_a_screen(said.output):
        ask = brief
    questions: list[Question] = []

    def kept(inputs: Question) -> Any:
        questions.append(inputs)
        return ask(inputs)

    result = answered(kept, said)
    reports: dict[str, Report] = {"html": partial(report_page, result, questions[-1])}
    pictures: list[Picture] = [partial(_picture, questions[-1], result)] if plot else []
    with shown_in(money_in(result)):
        deliver(result, said.output, reports, *pictures)
        _judge(result, said)
    return result


def answers_three_volumes(output: Output) -> bool:
    """Return whether an answer is asked for that can be of several volumes: no report, no bill."""
    formats = [output.get("format"), *(str(one) for one in output.get("export") or ())]
    return not any(str(one).startswith(("html", "focus")) for one in formats)


def _picture(inputs: Question, result: Any, columns: int) -> tuple[Block, ...]:
    """Return the picture of an answer; nothing where there is none."""
    from tco.render import plots

    if result.schema in ("tco.compare/1", "tco.breakeven/1"):
        from tco.analysis.charts.collect import curves_of

        return tuple(plots.cost(curves_of(inputs, result), columns))
    if result.schema == "tco.frontier/1":
        return tuple(plots.frontier(result, columns))
    if result.schema == "tco.sensitivity/1":
        return tuple(plots.tornado(result, columns))
    return tuple(plots.week(result, columns)) if result.schema == "tco.plan/1" else ()


def report_page(result: Any, inputs: Question | None = None) -> str:
    """Return the report of an answer: of logs with no question around it."""
    from tco.analysis.charts.collect import report_of
    from tco.analysis.charts.curves import Report
    from tco.render.report.page import check, page

    check()  # before what takes a second
    report = Report(answer=result) if inputs is None else report_of(inputs, result)
    return page(report, *command_typed(result.catalog.as_of), _kept_library)


def _kept_library() -> str:
    """Return the library that draws from where compiled catalogs are kept; else make and keep it.

    Its release is in its name, so that another one is bundled anew.
    """
    from importlib.metadata import version

    from tco.catalog.load import name_of, recall, remember
    from tco.render.report.page import drawing_library

    name = name_of(f"report library {version('vl-convert-python')}")
    kept = recall(name)
    if kept is not None:
        return kept.decode("utf-8")
    made = drawing_library()
    remember(name, made.encode("utf-8"))
    return made


def _judge(result: Any, given: Given) -> None:
    """Say which checks of the scenario file the answer does not keep.

    Raises:
        Exit: There is one, or one that cannot be told.
    """
    if not hasattr(result, "checks"):
        if given.request.checks and not given.output.get("quiet"):
            say(
                f"tco: note: {given.file} has checks; tco compare and tco plan hold answers to them"
            )
        return
    failed = [check for check in result.checks if check.state != "passed"]
    for check in failed:
        word = "failed" if check.state == "failed" else "cannot be told"
        say(f"tco: {check.file}:{check.line}: check {check.rule} {word}: {check.message}")
    if failed:
        raise Exit(1)


BRIEF = ("table", "md", "github", "llm")
"""Formats that show the short list only."""


def _only_a_screen(output: Mapping[str, Any]) -> bool:
    """Return whether nothing but the usual screen is to be written."""
    if output.get("format", "table") not in BRIEF or {"top", "fields", "sort"} & output.keys():
        return False
    return all(kind in (*BRIEF, "html", "svg") for kind, _ in output.get("export", ()))
