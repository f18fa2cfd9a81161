"""Kills runs of a small sweep at random moments, again and again, until so many kills have happened; each run is taken
up again after every kill and must end with the digest of a run that nobody disturbed, and every file must stay whole.
A moment is a number of events that the run has written, however long that takes.

usage: kill_runs.py BINARY SOURCE_FOLDER [--kills N] [--seed S] [--ranks R] [--kills-per-run K]

A kill is SIGKILL or SIGTERM to one rank, to all ranks, or to mpirun. Prints a line for each run and a summary; the exit
code is 0 when nothing was lost. tests/e2e/kills_test.py runs 20 kills.

mpirun of Open MPI 4.1 now and then does not end when a rank is killed while it joins MPI, though every rank is gone
(3 of 89 kills aimed at that moment; watched for 72 s). Such an mpirun is killed too, and the summary counts it."""

import argparse
import collections
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "e2e"))
import support  # noqa: E402

try:
    import h5py
except ImportError:
    h5py = None

# Two tasks, four kinds of search, two seeds: 16 trials, of a model that answers at once.
SETTINGS = {
    "seeds": "[1,2]",
    "budget.evaluations": "18",
    "optimizer.cma_es.population_size": "6",
    "optimizer.cat_cma.population_size": "6",
    "optimizer.random_search.population_size": "6",
    "few_shot": "{train_per_class: 3, dev_per_class: 2, max_test: 12}",
    "sweep.variants": "{cma: {prompt.kind: discrete}, soft: {prompt.kind: soft},"
                      " cat: {prompt.kind: discrete, prompt.discrete.relaxation: index, optimizer.kind: cat_cma},"
                      " random: {prompt.kind: discrete, optimizer.kind: random_search}}",
}
HANG_SECONDS = 600 * support.FACTOR
LEFT_OVER_SECONDS = 20  # after which an mpirun without ranks is taken for hung
HUNG_MPIRUN = "PMIX ERROR: UNREACHABLE"  # what it printed before


class Failure(Exception):
    pass


def check_file(path):
    """The seal says size and hash of the whole file (results/README.md); and HDF5 reads all of it."""
    data = path.read_bytes()
    seal = dict(line.split(" ", 1) for line in data[:512].rstrip(b"\0").decode().splitlines()[1:])
    if int(seal["size"]) != len(data) or seal["sha256"] != hashlib.sha256(data[512:]).hexdigest():
        raise Failure(f"{path} is damaged")
    if h5py is None:
        subprocess.run(["h5dump", "-H", path], check=True, capture_output=True)
        return
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, node: node[()] if isinstance(node, h5py.Dataset) else None)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Campaign:
    def __init__(self, seed, ranks, folder, kills_per_run=8):
        self.chance = random.Random(seed)
        self.ranks = ranks
        self.folder = folder
        self.kills_per_run = kills_per_run
        self.kinds = collections.Counter()
        self.num_kills = 0
        self.num_files = 0
        self.num_hung_launchers = 0
        self.environment = support.environment()
        # What a killed mpirun leaves behind is left in here.
        self.scratch = folder / "t"
        self.scratch.mkdir()
        self.environment.update(TMPDIR=str(self.scratch), OMPI_MCA_btl_vader_backing_directory=str(self.scratch))
        configuration = support.SOURCE / "configs/quickstart/quickstart.yaml"
        self.arguments = [str(configuration)]
        for key, value in {"model.path": support.model(), **SETTINGS}.items():
            self.arguments += ["--set", f"{key}={value}"]

    def command(self, *arguments, ranks=0):
        return [*(["mpirun", "-n", str(ranks)] if ranks else []), str(support.BINARY), *map(str, arguments)]

    def call(self, *arguments, ranks=0):
        done = subprocess.run(self.command(*arguments, ranks=ranks), env=self.environment, capture_output=True, text=True,
                              timeout=support.TIMEOUT)
        if done.returncode != 0:
            raise Failure(f"{arguments} ended with {done.returncode}: {done.stderr}")
        return done.stdout.strip()

    def prepare(self):
        """The digest that every run must have, and how many events a run has."""
        out = self.folder / "reference"
        self.call("run", *self.arguments, "--out", out)
        self.reference = self.call("report", out, "--digest")
        out = self.folder / "counted"
        self.call("run", *self.arguments, "--out", out, ranks=self.ranks)
        self.num_events = self.count_events(out)
        if self.call("report", out, "--digest") != self.reference:
            raise Failure("an undisturbed run on several ranks has another digest")

    def run(self, index, max_kills):
        """One run, killed up to `max_kills` times. Returns (kills, starts)."""
        out = self.folder / f"run{index}"
        kills = starts = 0
        while True:
            starts += 1
            # Within a quarter of the events of a whole run, so that a run is killed several times before its end.
            moment = self.chance.randint(0, self.num_events // 4) if kills < max_kills else None
            kind = self.chance.choice(["SIGKILL", "SIGTERM"]), self.chance.choice(["one rank", "all ranks", "mpirun"])
            ended, code, errors = self.start(out, moment, kind)
            self.check_files(out)
            if not ended:
                kills += 1
                self.num_kills += 1
                self.kinds[kind] += 1
            elif code == 0:
                break
            else:
                raise Failure(f"{out}: undisturbed, but it ended with {code}:\n{errors}")
        if self.call("report", out, "--digest") != self.reference:
            raise Failure(f"{out}: another digest after {kills} kills")
        shutil.rmtree(out)
        return kills, starts

    def start(self, out, moment, kind):
        """Runs until the end, or until so many more events are written. Returns (came to its end, exit code, errors)."""
        known = self.count_events(out)
        errors = self.folder / "errors"
        with errors.open("w") as file:
            process = subprocess.Popen(self.command("run", *self.arguments, "--out", out, "--progress", "none",
                                                    ranks=self.ranks),
                                       env=self.environment, stdout=subprocess.DEVNULL, stderr=file)
            try:
                if moment is None:
                    code = process.wait(timeout=support.TIMEOUT)
                    return True, code, errors.read_text()
                while self.count_events(out) < known + moment:
                    if process.poll() is not None:
                        return True, process.returncode, errors.read_text()
                    time.sleep(0.001)
                ranks = support.rank_processes(process.pid)
                self.kill(process, ranks, kind)
                self.wait_for_launcher(process, errors)
                self.wait_for_end(ranks.values())
                return False, process.returncode, errors.read_text()
            except subprocess.TimeoutExpired:
                raise Failure(f"{out}: hangs after {kind}:\n{errors.read_text()}") from None
            finally:
                if process.poll() is None:
                    support.kill_all(process)

    @staticmethod
    def count_events(out):
        try:
            return (out / "events.jsonl").read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def kill(self, process, ranks, kind):
        number = getattr(signal, kind[0])
        targets = {"mpirun": [process.pid], "all ranks": list(ranks.values()) or [process.pid],
                   "one rank": [self.chance.choice(sorted(ranks.values()))] if ranks else [process.pid]}[kind[1]]
        for pid in targets:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def wait_for_launcher(self, process, errors):
        deadline = time.monotonic() + HANG_SECONDS
        left_over_since = None
        while process.poll() is None:
            now = time.monotonic()
            if support.rank_processes(process.pid) or HUNG_MPIRUN not in errors.read_text():
                left_over_since = None
            elif left_over_since is None:
                left_over_since = now
            elif now - left_over_since > LEFT_OVER_SECONDS:
                support.kill_all(process)
                self.num_hung_launchers += 1
            if now > deadline:
                raise subprocess.TimeoutExpired(process.args, HANG_SECONDS)
            time.sleep(0.01)

    def wait_for_end(self, pids):
        deadline = time.monotonic() + HANG_SECONDS
        while any(is_alive(pid) for pid in pids):
            if time.monotonic() > deadline:
                raise Failure("a rank outlives its mpirun")
            time.sleep(0.02)

    def check_files(self, out):
        for path in sorted(out.rglob("*.h5")):
            check_file(path)
            self.num_files += 1

    def go(self, kills, tell=print):
        self.prepare()
        tell(f"reference digest {self.reference[:16]}, {self.num_events} events undisturbed on {self.ranks} ranks")
        index = 0
        while self.num_kills < kills:
            index += 1
            start = time.monotonic()
            done, starts = self.run(index, min(self.kills_per_run, kills - self.num_kills))
            tell(f"run {index:3}: {done:3} kills, {starts:3} starts, {time.monotonic() - start:6.1f} s, same digest;"
                 f" {self.num_kills} of {kills} kills")
        for (name, target), count in sorted(self.kinds.items()):
            tell(f"{name} to {target}: {count}")
        if self.num_hung_launchers:
            tell(f"mpirun alone left over, killed: {self.num_hung_launchers}")
        tell(f"{self.num_kills} kills, {index} runs, all with the reference digest; {self.num_files} looks at files, 0 damaged")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("source")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--kills-per-run", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=3)
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bbk_", dir="/tmp"))  # short: Open MPI makes sockets below it
    try:
        Campaign(wanted.seed, wanted.ranks, folder, wanted.kills_per_run).go(
            wanted.kills, lambda line: print(line, flush=True))
    except Failure as failure:
        sys.exit(f"kill_runs.py: {failure}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
