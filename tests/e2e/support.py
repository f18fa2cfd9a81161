"""What the end-to-end tests share: the binary, a small experiment, running it on any number of ranks, and one run of it
that is finished.

Every test file is called with the binary and the source folder: python3 X_test.py BINARY SOURCE_FOLDER
BBPROMPT_E2E_BINARY takes the binary's place. BBPROMPT_TEST_FOLDER keeps the small model and the finished run from file to
file; without it each file makes its own.
"""

import atexit
import fcntl
import hashlib
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

import gate
import small_model

BINARY = pathlib.Path(os.environ.get("BBPROMPT_E2E_BINARY") or sys.argv[1]).resolve() if len(sys.argv) > 2 else None
SOURCE = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
FACTOR = int(os.environ.get("BBPROMPT_TEST_TIMEOUT_FACTOR", "1"))  # sanitized builds take longer
TIMEOUT = 1800 * FACTOR  # of what hangs; no test waits for it else
QUICKSTART_MODEL = "configs/quickstart/tiny-roberta"


def shared_folder():
    """Where the small model and the finished run are."""
    if "BBPROMPT_TEST_FOLDER" not in os.environ:
        folder = tempfile.mkdtemp(prefix="bbprompt_e2e_shared_")
        os.environ["BBPROMPT_TEST_FOLDER"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder = pathlib.Path(os.environ["BBPROMPT_TEST_FOLDER"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def made_once(name, make, *sources):
    """The folder `name` of shared_folder(); make(path) makes it where there is none that is newer than the sources."""
    folder = shared_folder() / name
    with open(shared_folder() / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists() or any(source.stat().st_mtime > folder.stat().st_mtime for source in sources):
            shutil.rmtree(folder, ignore_errors=True)
            half_made = shared_folder() / f"{name}.half"
            shutil.rmtree(half_made, ignore_errors=True)
            make(half_made)
            half_made.rename(folder)
    return folder


def model():
    """The folder of the small model."""
    return made_once("small-roberta", lambda folder: small_model.write(SOURCE / QUICKSTART_MODEL, folder),
                     pathlib.Path(small_model.__file__))


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
        self._gate = None

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self._gate is not None:
            self._gate.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def experiment(self, **overrides):
        """Options that make a small experiment of the quickstart: two tasks, both prompt kinds, a small model."""
        settings = {"model.path": model(), "seeds": "[1]", "budget.evaluations": 36, "optimizer.cma_es.population_size": 6,
                    "few_shot": "{train_per_class: 4, dev_per_class: 3, max_test: 24}"}
        settings.update(overrides)
        options = []
        for key, value in settings.items():
            options += ["--set", f"{key}={value}"]
        return [str(SOURCE / "configs/quickstart/quickstart.yaml"), *options]

    def command(self, *arguments, ranks=0, program=BINARY):
        launcher = ["mpirun", "-n", str(ranks)] if ranks else []
        return [*launcher, str(program), *map(str, arguments)]

    def call(self, *arguments, ranks=0, expect=0, stdin=None):
        """Runs to the end and returns (standard output, standard error)."""
        done = subprocess.run(self.command(*arguments, ranks=ranks), env=self.environment, input=stdin, text=True,
                              capture_output=True, timeout=TIMEOUT, cwd=self.folder)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def start(self, *arguments, ranks=0, program=BINARY):
        process = subprocess.Popen(self.command(*arguments, ranks=ranks, program=program), env=self.environment,
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                   start_new_session=True)
        self.started.append(process)
        return process

    def gate(self):
        if self._gate is None:
            self._gate = gate.Gate(self.folder, BINARY)
        return self._gate

    def start_and_hold(self, *arguments, items=60, ranks=0, until=("generation",)):
        """Starts a run, lets about that many of its work items through, and waits for an event of these names, if any. Then
        the run stands still until self.gate().open(). experiment() has some 200 items."""
        held = self.gate()
        held.shut()
        process = self.start(*arguments, "--query-log", held.log, ranks=ranks, program=held.program)
        held.let(items, is_hopeless=lambda: process.poll() is not None)
        run = pathlib.Path(self.folder, arguments[arguments.index("--out") + 1])
        if until:
            self.wait_until(lambda: self.events(run, *until), process)
        return process

    def wait_until(self, is_so, process=None):
        """Looks again and again, as long as the process (if any) lives."""
        deadline = time.monotonic() + TIMEOUT
        while not is_so():
            if process is not None and process.poll() is not None:
                self.fail(f"the run ended too early, with {process.returncode}: {process.communicate()}")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)

    @staticmethod
    def events(run, *names):
        """The run's events so far, all or those of these names; a line that is being written is left out."""
        try:
            lines = (pathlib.Path(run) / "events.jsonl").read_text().split("\n")[:-1]
        except FileNotFoundError:
            return []
        return [event for event in map(json.loads, lines) if not names or event["event"] in names]

    def digest(self, run):
        return self.call("report", run, "--digest")[0].strip()

    def finished_run(self, name="run"):
        """A copy of a run of experiment() on three ranks, which any number of test files share."""
        def make(folder):
            _, errors = self.call("run", *RunCase.experiment(self), "--out", folder / "run", "--query-log", folder / "log",
                                  "--progress", "plain", "--progress-seconds", "0.01", ranks=3)
            (folder / "errors").write_text(errors)
            (folder / "digest").write_text(self.digest(folder / "run"))

        # Builds round differently.
        name_of_binary = hashlib.sha256(str(BINARY).encode()).hexdigest()[:8]
        shared = made_once(f"finished-{name_of_binary}", make, BINARY, pathlib.Path(__file__))
        shutil.copytree(shared / "run", self.folder / name)  # an absolute name stays what it is
        shutil.copytree(shared / "log", self.folder / f"{name}-log")
        shutil.copy(shared / "errors", self.folder / f"{name}-errors")
        return (shared / "digest").read_text()

    def status(self, run):
        """The run's status file, or None while there is none."""
        try:
            return json.loads((pathlib.Path(run) / "status.json").read_text())
        except FileNotFoundError:
            return None


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


def is_gone(pid):
    """Whether the process has ended; a killed one takes a moment."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill_all(process):
    """SIGKILL to mpirun and every rank; returns when all have ended."""
    ranks = list(rank_processes(process.pid).values())
    for pid in [*ranks, process.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate(timeout=TIMEOUT)
    deadline = time.monotonic() + TIMEOUT
    while not all(map(is_gone, ranks)) and time.monotonic() < deadline:
        time.sleep(0.005)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
