"""Answers that cannot be written in full, and files that are no plain files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from running import DAY, ROOT, clean, run

from tco.catalog.files import write_atomically

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")
ASK = ("compare", "--requests", "0", "--model", "gpt-4.1", "--tier", "api", *DAY)
SAID = "tco: the answer could not be written: no space left on device\n"


def typed(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Return what a shell does with a line in which `tco` is this one."""
    command = f'tco() {{ "{sys.executable}" -m tco "$@"; }}; {line}'
    return subprocess.run(
        ["/bin/bash", "-c", command],
        env=clean({"PYTHONPATH": str(ROOT / "src"), **env}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


@full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("asked", [" ".join((*ASK, "-q")), "--help", "init -"])
def test_a_full_disk_is_told(asked: str, unbuffered: str) -> None:
    result = typed(f"tco {asked} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (result.returncode, result.stderr) == (2, SAID)


def test_a_closed_stdout_is_told() -> None:
    result = typed(f"tco {' '.join(ASK)} -q >&-")
    assert (result.returncode, result.stderr) == (
        2,
        "tco: stdout is closed: there is nowhere to answer\n",
    )


@full
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_messages_that_nobody_can_read_are_no_success(where: str) -> None:
    asked = " ".join(("breakeven", "gpt-4.1", "self/llama-3.3-70b", *DAY))
    said = typed(f"tco {asked} {where}")
    quiet = typed(f"tco {asked} -q {where}")
    assert (said.returncode, quiet.returncode) == (2, 0)
    assert said.stdout == quiet.stdout != ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_early_is_no_error(unbuffered: str) -> None:
    line = "tco catalog list --top 2000 -q -o json | head -1; echo ${PIPESTATUS[0]}"
    result = typed(line, PYTHONUNBUFFERED=unbuffered)
    assert (result.stdout.splitlines()[-1], result.stderr) == ("141", "")


def exported(path: Path | str) -> tuple[int, str]:
    result = run(*ASK, "-q", "-o", "csv", "--export", f"json={path}")
    return result.exit_code, result.stderr


@full
def test_an_export_to_a_full_device_is_told() -> None:
    assert exported("/dev/full") == (2, "tco: --export: /dev/full: no space left on device\n")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_an_export_follows_a_link_and_leaves_it(tmp_path: Path) -> None:
    real, link, loose = tmp_path / "real", tmp_path / "link", tmp_path / "loose"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    loose.symlink_to(tmp_path / "new")
    assert [exported(path)[0] for path in (link, loose)] == [0, 0]
    assert link.is_symlink()
    assert loose.is_symlink()
    assert real.read_text() == (tmp_path / "new").read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert len(list(tmp_path.iterdir())) == 4  # no temporary one is left


def test_an_export_is_written_into_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    assert exported(pipe) == (0, "")
    reader.join(20)
    assert read[0].startswith("{")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["folder", "folder/", "none/"])
def test_a_folder_is_no_file_to_export_to(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    code, said = exported(f"{tmp_path}/{name}")
    assert code == 2
    assert said.endswith(": is a directory\n")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_stdout_can_be_exported_to(tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = f"tco {' '.join(ASK)} -q -o csv --export csv=/dev/stdout"
    assert typed(f"{line} > {out}").returncode == 0
    whole = out.read_text()
    assert typed(line).stdout == whole
    half = len(whole) // 2
    assert whole[:half] == whole[half:]


def test_what_cannot_be_written_in_full_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (os.open("/dev/full", os.O_WRONLY), "/x"))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new" * 9999)
    assert path.read_bytes() == b"old"


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text("mine")
    result = run("init", str(path))
    assert result.exit_code == 2
    assert path.read_text() == "mine"
    assert run("init", str(path), "--force").exit_code == 0
    assert path.read_text() != "mine"
