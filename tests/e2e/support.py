"""What the end-to-end tests share: the binary, a small experiment, and running it on any number of ranks.

Every test file is called with the binary and the source folder: python3 X_test.py BINARY SOURCE_FOLDER
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = pathlib.Path(sys.argv[1]) if len(sys.argv) > 2 else None
SOURCE = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
FACTOR = int(os.environ.get("BBPROMPT_TEST_TIMEOUT_FACTOR", "1"))  # sanitized builds take longer
TIMEOUT = 1800 * FACTOR  # catches hangs only


def environment():
    """The settings of jobs/mpi_environment.sh, without the data folder of the person who runs the tests."""
    script = f'unset BBPROMPT_DATA; source "{SOURCE}/jobs/mpi_environment.sh" && env -0'
    output = subprocess.run(["bash", "-c", script], check=True, capture_output=True).stdout
    return dict(entry.split("=", 1) for entry in output.decode().split("\0") if "=" in entry)


class RunCase(unittest.TestCase):
    """A temporary folder and ways to run bbprompt in it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bbprompt_e2e_"))
        self.environment = environment()
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def experiment(self, **overrides):
        """Options that make a small experiment of the quickstart: two tasks, both prompt kinds."""
        settings = {"seeds": "[1]", "budget.evaluations": 36, "optimizer.cma_es.population_size": 6,
                    "few_shot": "{train_per_class: 4, dev_per_class: 3, max_test: 24}"}
        settings.update(overrides)
        options = []
        for key, value in settings.items():
            options += ["--set", f"{key}={value}"]
        return [str(SOURCE / "configs/quickstart/quickstart.yaml"), *options]

    def command(self, *arguments, ranks=0):
        launcher = ["mpirun", "-n", str(ranks)] if ranks else []
        return [*launcher, str(BINARY), *map(str, arguments)]

    def call(self, *arguments, ranks=0, expect=0):
        """Runs to the end and returns (standard output, standard error)."""
        done = subprocess.run(self.command(*arguments, ranks=ranks), env=self.environment, text=True,
                              capture_output=True, timeout=TIMEOUT, cwd=self.folder)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def start(self, *arguments, ranks=0):
        process = subprocess.Popen(self.command(*arguments, ranks=ranks), env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                   start_new_session=True)
        self.started.append(process)
        return process

    def digest(self, run):
        return self.call("report", run, "--digest")[0].strip()

    def status(self, run):
        """The run's status file, or None while there is none."""
        try:
            return json.loads((pathlib.Path(run) / "status.json").read_text())
        except FileNotFoundError:
            return None

    def wait_for_checkpoint(self, run, process, count=1):
        """Waits until `count` checkpoints have been written, as seen by their change times."""
        seen = set()
        deadline = time.monotonic() + TIMEOUT
        while len(seen) < count:
            self.assertIsNone(process.poll(), "the run ended before it could be interrupted")
            self.assertLess(time.monotonic(), deadline)
            for file in (pathlib.Path(run) / "trials").glob("*.checkpoint.h5"):
                try:
                    seen.add((file.name, file.stat().st_mtime_ns))
                except FileNotFoundError:
                    pass
            time.sleep(0.005)


def rank_processes(launcher_pid):
    """Process ids of the ranks below mpirun (or the process itself), by rank; zombies left out."""
    ranks = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            variables = (entry / "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if state == "Z" or int(parent) != launcher_pid:
            continue
        for variable in variables:
            if variable.startswith(b"OMPI_COMM_WORLD_RANK="):
                ranks[int(variable.split(b"=")[1])] = int(entry.name)
    return ranks


def kill_all(process):
    """SIGKILL to mpirun and every rank."""
    for pid in [*rank_processes(process.pid).values(), process.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate(timeout=TIMEOUT)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
