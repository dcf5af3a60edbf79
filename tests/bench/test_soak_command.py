"""The long runs in a short form: what they find is reported, and a run that isn't there is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

from jtrader.app.settings import CHECKOUT

SOAK = CHECKOUT / "tests" / "bench" / "soak.py"


def soak(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")}
    own |= {"JTRADER_HOME": str(home)}
    return subprocess.run([sys.executable, str(SOAK), *words], env=own, capture_output=True, text=True, check=False)


def test_a_disturbed_crawl_is_reported_beside_what_was_found_before(tmp_path: Path) -> None:
    report = tmp_path / "soak" / "report.json"
    report.parent.mkdir()
    before = {"name": "recorder", "trouble": "", "figures": {"trades": 7}, "seconds": 1.0}
    report.write_text(json.dumps([before, {**before, "name": "crawl", "trouble": "an old one"}]))
    done = soak(tmp_path, "crawl", "--minutes", "0.05", "--seed", "3")
    assert done.returncode == 0, done.stderr
    kept, crawl = json.loads(report.read_text())
    assert kept == before
    assert crawl["name"] == "crawl"
    assert crawl["trouble"] == ""
    assert crawl["figures"]["candles"] == 4 * 1440
    assert crawl["figures"]["gaps"] == 0


def test_a_run_that_is_not_there_is_refused_with_the_list(tmp_path: Path) -> None:
    done = soak(tmp_path, "feed", "web")
    assert done.returncode == 2
    assert all(word in done.stderr for word in ("web", "crawl", "feed", "recorder"))
    assert not (tmp_path / "soak").exists()
