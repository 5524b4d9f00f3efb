"""Some hundred command lines and broken files, drawn by a seed, keep to the contract."""

import random
import shutil
from pathlib import Path

import pytest
from running import run

from tco.api.mcp import called

from .making import against, against_message, broken, command_line, message, samples

LINES, FILES, MESSAGES = 160, 4, 60


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(8))
def test_command_lines(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(LINES // 8):
        line = command_line(rng)
        assert (wrong := against(line, run(*line))) is None, (line, wrong)


@pytest.mark.usefixtures("small")
def test_broken_files(tmp_path: Path) -> None:
    rng = random.Random(5)
    for good, line in samples(tmp_path):
        data = good.read_bytes()
        for number in range(FILES):
            bad = tmp_path / f"{number}{good.suffix}"
            bad.write_bytes(broken(data, rng))
            said = [*line, str(bad)]
            wrong = against(said, run(*said))
            assert wrong is None, (said, wrong, shutil.copy(bad, tmp_path / "kept"))


@pytest.mark.usefixtures("small")
def test_messages_of_agents() -> None:
    rng = random.Random(11)
    for _ in range(MESSAGES):
        name, said = message(rng)
        assert (wrong := against_message(called(name, said))) is None, (name, said, wrong)
