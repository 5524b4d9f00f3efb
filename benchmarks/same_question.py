"""Hold every door against `explain` on many random questions: `python benchmarks/same_question.py`.

`tests/laws/test_same_question.py` does the same on a sample. 2,000 questions take about 20 minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from doors import DOORS, cases, differences, of_portfolio
from laws.test_same_question import REFUSED


def main() -> None:
    """Print how often each door was asked, refused and differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2_000)
    asked = parser.parse_args()
    refused: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        doors = {**DOORS, "portfolio": partial(of_portfolio, folder=Path(folder))}
        for number, case in enumerate(cases(asked.seed, asked.count)):
            for told in differences(case, doors):
                reason = next((r for r in REFUSED if r in told), None)
                if reason is None and not told.startswith("refused"):
                    wrong += 1
                    print(f"{number}: {told}\n  {case.said}")
                else:
                    refused[reason or told[:60]] += 1
    print(f"{asked.count} questions, {len(doors)} doors each: {wrong} differences")
    for reason, count in refused.most_common(12):
        print(f"  {count} refused: {reason}")


if __name__ == "__main__":
    main()
