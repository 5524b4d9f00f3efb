"""Completion, asked for as shells ask: by variables, in a process of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import ROOT, clean, shell

from tco.catalog.load import load_catalog
from tco.cli.app import COMMANDS, WORDS, app
from tco.cli.complete import ARGUMENTS, KINDS, _options, names_of

LAZY = ("numpy", "pydantic", "yaml", "rich", "tco.analysis", "tco.options", "tco.render")
MAIN = (
    "import sys\nfrom tco.cli.app import run\n"
    "try:\n    run()\nexcept SystemExit:\n    pass\n"
    "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder that the names of the catalog are kept in."""
    return str(tmp_path_factory.mktemp("cache"))


def bash(words: list[str], cache: str, **env: str) -> list[str]:
    """Return what bash is told for a command line whose last word is being typed."""
    asked = {
        "_TCO_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(["tco", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = shell(env={**asked, "TCO_CACHE_DIR": cache, **env})
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("com", ["compare"]),
        ("catalog sh", ["show"]),
        ("compare --pea", ["--peak", "--peak-to-mean"]),
        ("compare --model gpt-oss", ["gpt-oss-120b", "gpt-oss-20b"]),
        ("compare --model gpt-4.1,gpt-oss-1", ["gpt-4.1,gpt-oss-120b"]),
        ("compare --model=gpt-oss-1", ["gpt-oss-120b"]),
        ("compare --gpu h200", ["h200-nvl", "h200-sxm"]),
        ("compare --provider opena", ["openai"]),
        ("compare --seller nebi", ["nebius"]),
        ("compare --profile gen", ["general"]),
        ("compare --tier s", ["self"]),
        ("compare --license perm", ["permissive"]),
        ("compare --purchase reserved_1", ["reserved_1y"]),
        ("compare --precision fp8", ["fp8"]),
        ("compare --engine legacy-", ["legacy-rocm"]),
        ("compare --service fl", ["flex"]),
        ("compare --billing sch", ["scheduled"]),
        ("compare --parallel ex", ["expert"]),
        ("compare --min-score mmlu", ["mmlu="]),
        ("compare --set serving.head", ["serving.headroom="]),
        ("compare --tokenizer gpt-4.1-m", ["gpt-4.1-mini="]),
        ("compare -o js", ["json"]),
        ("compare --format m", ["md"]),
        ("compare --export cs", ["csv="]),
        ("compare --color ne", ["never"]),
        ("explain openai/gpt-4.1-", ["openai/gpt-4.1-mini", "openai/gpt-4.1-nano"]),
        ("explain self/gpt-oss-1", ["self/gpt-oss-120b"]),
        ("breakeven gpt-4.1 self/gpt-oss-1", ["self/gpt-oss-120b"]),
        ("breakeven --among openai/gpt-4.1-m", ["openai/gpt-4.1-mini"]),
        ("sensitivity --vary own.pu", ["own.pue="]),
        ("size gpt-oss-1", ["gpt-oss-120b"]),
        ("train gpt-4.1-m", ["gpt-4.1-mini"]),
        ("train --method ql", ["qlora"]),
        ("size --slo tp", ["tpot="]),
        ("catalog show h200-s", ["h200-sxm"]),
        ("catalog history gpt-4.1-n", ["gpt-4.1-nano"]),
        ("import bench x.json --gpu h200-s", ["h200-sxm"]),
        ("explain --option mine:kind=fixed,usd_per_month=5 mi", ["mine"]),
        # Nothing is offered where files are meant, or where nothing is known: shells offer files.
        ("compare --catalog ", []),
        ("compare -f ", []),
        ("compare --tokens 5", []),
        ("import bench x.json --engine vl", []),
        ("compre --model l", []),
        ("compare --modle l", []),
    ],
)
def test_what_is_offered(line: str, offered: list[str], cache: str) -> None:
    found = bash(line.split(" "), cache)
    assert found[: len(offered)] == offered
    assert offered or not found


def test_zsh_and_fish(cache: str) -> None:
    asked = {"_TYPER_COMPLETE_ARGS": "tco compare --model gpt-oss", "TCO_CACHE_DIR": cache}
    zsh = shell(env={**asked, "_TCO_COMPLETE": "complete_zsh"}).stdout.decode()
    assert zsh == '_arguments \'*: :(("gpt-oss-120b"\n"gpt-oss-20b"))\'\n'
    fish = {**asked, "_TCO_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert shell(env=fish).stdout == b"gpt-oss-120b\ngpt-oss-20b\n"
    setup = {**fish, "_TYPER_COMPLETE_ARGS": "tco explain self/glm-5.2@8xh200-s"}
    assert shell(env=setup).stdout == b"self/glm-5.2@8xh200-sxm\n"
    option = {**fish, "_TYPER_COMPLETE_ARGS": "tco compare --peak-"}
    assert shell(env=option).stdout.startswith(b"--peak-to-mean\tBusiest hour over")
    files = {**fish, "_TYPER_COMPLETE_FISH_ACTION": "is-args", "_TYPER_COMPLETE_ARGS": "tco size "}
    assert shell(env=files).returncode == 0
    nothing = {**files, "_TYPER_COMPLETE_ARGS": "tco compare --catalog "}
    assert shell(env=nothing).returncode == 1  # fish then offers files


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_real_bash(tmp_path: Path, cache: str) -> None:
    command = tmp_path / "tco"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tco "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = (
        'eval "$(_TCO_COMPLETE=source_bash tco)"\n'
        "complete -p tco\n"
        "COMP_WORDS=(tco compare --model gpt-oss)\nCOMP_CWORD=3\n_tco_completion tco\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    env = clean({"PYTHONPATH": str(ROOT / "src"), "TCO_CACHE_DIR": cache})
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**env, "PATH": f"{tmp_path}:{env['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    registered, offered = done.stdout.splitlines()
    assert re.fullmatch(r"complete -o default -F _tco_completion tco", registered)
    assert offered == "gpt-oss-120b gpt-oss-20b"


def test_names_of_files_that_are_named(tmp_path: Path, cache: str) -> None:
    (tmp_path / "ours.yaml").write_text(
        "accelerators:\n  our-gpu: {name: Ours, vendor: us, family: hopper, launch_year: 2026,"
        " memory_gib: 80, bandwidth_gb_per_s: 3000, tflops: {bf16: 900}, link: {kind: none},"
        " sources: [us]}\nsources: {us: {title: us, read: 2026-11-01}}\n",
        encoding="utf-8",
    )
    scenario = tmp_path / "tco.yaml"
    scenario.write_text(
        "catalog: ours.yaml\noptions: [{name: our-contract, kind: fixed, usd_per_month: 5}]\n",
        encoding="utf-8",
    )
    overlay = ["compare", "--catalog", f"{tmp_path}/ours.yaml", "--gpu", "our"]
    assert bash(overlay, cache) == ["our-gpu"]
    assert bash(["compare", "-f", str(scenario), "--gpu", "our"], cache) == ["our-gpu"]
    assert bash(["compare", "--gpu", "our"], cache, TCO_FILE=str(scenario)) == ["our-gpu"]
    assert bash(["explain", "-f", str(scenario), "our"], cache) == ["our-contract"]


def test_what_is_broken_offers_nothing_and_says_nothing(tmp_path: Path, cache: str) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("accelerators: [1\n", encoding="utf-8")
    for named in (["-f", str(broken)], ["--catalog", str(broken)], ["-f", f"{tmp_path}/none"]):
        assert bash(["compare", *named, "--gpu", "h2"], cache) == []
    assert bash(["compare", "--gpu", "h200-s"], cache, TCO_TOKENS="nonsense") == ["h200-sxm"]
    assert bash(["compare", "--gpu", "h2"], cache, TCO_FILE=str(broken)) == []
    assert bash(["compare", "--option", "nonsense", "--model", "gpt-oss"], cache) == []


def test_nothing_heavy_is_imported(cache: str) -> None:
    bash(["compare", "--model", "l"], cache)  # keeps the names
    for line in ("compare --model l", "compare --set s", "compare --m", "c"):
        done = subprocess.run(
            [sys.executable, "-c", MAIN],
            env=clean(
                {
                    "PYTHONPATH": ":".join(sys.path),
                    "TCO_CACHE_DIR": cache,
                    "_TCO_COMPLETE": "complete_zsh",
                    "_TYPER_COMPLETE_ARGS": f"tco {line}",
                }
            ),
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"' in done.stdout
        assert not [name for name in LAZY if name in done.stderr.splitlines()], line


def test_kinds_of_names_are_those_of_the_catalog() -> None:
    assert set(names_of(load_catalog())) == set(KINDS)


def test_the_tables_name_what_there_is() -> None:
    """Every option and argument that something is offered for exists."""
    import typer.main

    root = typer.main.get_command(app)
    ctx = root.make_context("tco", [], resilient_parsing=True)
    arguments, options = set(), set()
    for name in COMMANDS:
        command = root.get_command(ctx, name)  # type: ignore[attr-defined]
        inner = getattr(command, "commands", {"": command})
        for sub, leaf in inner.items():
            for param in leaf.params:
                where = f"{name} {sub}".strip()
                kind = arguments if param.param_type_name == "argument" else options
                kind.add(f"{where} {param.name}" if kind is arguments else param.name)
    assert set(WORDS) <= set(COMMANDS)
    assert ARGUMENTS.keys() <= arguments
    assert _options().keys() <= options
