"""20 of the kills of tests/kill_runs.py."""

import pathlib
import shutil
import sys
import tempfile
import unittest

import support

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import kill_runs  # noqa: E402


class Kills(unittest.TestCase):
    def test_every_run_that_is_killed_at_random_moments_ends_with_the_same_digest(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="bbk_", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        kill_runs.Campaign(seed=20261124, ranks=3, folder=folder, kills_per_run=10).go(kills=20)


if __name__ == "__main__":
    support.main()
