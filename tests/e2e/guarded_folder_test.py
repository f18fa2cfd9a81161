"""A run's folder and what is not the run's: foreign files, links, pipes; a hang-up; leftovers; text that terminals obey."""

import json
import os
import shutil
import signal
import subprocess

import support


class GuardedFolder(support.RunCase):
    def run_into(self, out, expect=0):
        return self.call("run", *self.experiment(**{"seeds": "[1]"}), "--out", out, "--progress", "none", expect=expect)

    def test_files_of_other_people_stay(self):
        out = self.folder / "out"
        foreign = {"thesis.tmp.docx": "mine", "notes.tmp.123": "mine", "results.h5.bak": "mine", "trials/a.tmp.txt": "mine",
                   "trials/data.csv.tmp.77": "mine"}
        (out / "trials").mkdir(parents=True)
        for name, text in foreign.items():
            (out / name).write_text(text)
        (out / "status.json.tmp.9").write_text("left by a killed run")
        self.run_into(out)
        self.assertEqual({name: (out / name).read_text() for name in foreign}, foreign)
        self.assertFalse((out / "status.json.tmp.9").exists())

    def test_a_folder_with_files_of_a_runs_names_and_no_run_is_refused(self):
        for name in ("config.yaml", "results.h5", "status.json", "run.log", "events.jsonl"):
            out = self.folder / f"with-{name}"
            out.mkdir()
            (out / name).write_text("mine")
            errors = self.run_into(out, expect=1)[1]
            self.assertIn(f"{name}: expected a new folder or that of a run", errors)
            self.assertEqual((out / name).read_text(), "mine")

    def test_links_and_pipes_are_refused_and_not_waited_for(self):
        other = self.folder / "other"
        other.mkdir()
        (other / "x.h5.tmp.1").write_text("mine")
        for name, make in (("trials", lambda path: path.symlink_to(other)), ("lock", os.mkfifo), ("status.json", os.mkfifo),
                           ("run.log", lambda path: path.symlink_to(other / "log")), ("plan.txt", os.mkfifo)):
            out = self.folder / f"holds-{name}"
            out.mkdir()
            make(out / name)
            self.assertRegex(self.run_into(out, expect=1)[1], rf"{name}: expected (a regular file|a folder), found (a link|a pipe)")
        self.assertEqual([path.name for path in other.iterdir()], ["x.h5.tmp.1"])

    def test_a_hang_up_stops_with_checkpoints_unless_it_is_ignored(self):
        process = self.start_and_hold("run", *self.experiment(), "--out", "gone", "--progress", "none")
        os.kill(process.pid, signal.SIGHUP)
        self.gate().open()
        process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 3)
        self.assertIn('"state": "stopped"', (self.folder / "gone/status.json").read_text())
        under_nohup = subprocess.run(
            ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *map(str, self.command("run", *self.experiment(), "--out", "kept"))],
            env=self.environment, cwd=self.folder, capture_output=True, timeout=support.TIMEOUT)
        self.assertEqual(under_nohup.returncode, 0, under_nohup.stderr)

    def test_checkpoints_of_a_trial_that_is_done_go(self):
        out = self.folder / "out"
        self.run_into(out)
        digest = self.digest(out)
        name = json.loads((out / "status.json").read_text())["trials"][0]["id"]
        for leftover in (f"{name}.checkpoint.h5", f"{name}.checkpoint.previous.h5"):
            (out / "trials" / leftover).write_text("what a failed removal leaves")
        self.run_into(out)
        self.assertEqual(list((out / "trials").glob("*.checkpoint*")), [])
        self.assertEqual(self.digest(out), digest)

    def test_nothing_in_a_status_file_commands_the_terminal(self):
        out = self.folder / "hostile"
        out.mkdir()
        evil = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202eabc"
        trial = {"id": "a" + evil, "state": "failed", "queries": 5, "failure": evil}
        status = {"name": evil, "state": "running", "host": evil, "process_id": 1, "workers": 1, "seconds": 1.0,
                  "queries_per_second": 1e308, "seconds_left": 1e308, "updated": 5, "retried": 1, "given_up": 0,
                  "failures": [{"reason": evil, "count": 1, "rank": 0}], "ranks": [], "trials": [trial]}
        (out / "status.json").write_text(json.dumps(status))
        shown = self.call("status", out)[0]
        for letter in ("\x1b", "\x07", "\u009b", "\u202e"):
            self.assertNotIn(letter, shown)
        self.assertIn("\\x1b]0;owned\\x07", shown)
        self.assertLess(max(map(len, shown.splitlines())), 400)
        status["trials"] = [{**trial, "queries": 2**63 - 1}, {**trial, "queries": 2**63 - 1}]
        (out / "status.json").write_text(json.dumps(status))
        self.assertIn("queries: expected a count from 0 to 1e12", self.call("status", out, expect=1)[1])

    def test_weights_that_change_during_the_run_are_told(self):
        copy = self.folder / "model"
        shutil.copytree(support.model(), copy)
        weights = copy / "model.safetensors"
        process = self.start_and_hold("run", *self.experiment(**{"model.path": copy}), "--out", "changed", "--progress", "none")
        os.utime(weights, ns=(1, 1))  # as a copy over it, with other numbers, would
        self.gate().open()
        _, errors = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("model.safetensors: changed while the run used it", errors)

    def test_too_little_memory_is_an_error_that_names_it(self):
        limited = ["sh", "-c", 'ulimit -v 240000; exec "$@"', "sh",
                   *map(str, self.command("run", *self.experiment(), "--out", "small", "--progress", "none"))]
        done = subprocess.run(limited, env={**self.environment, "OPENBLAS_NUM_THREADS": "1"}, cwd=self.folder, text=True,
                              capture_output=True, timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("memory", done.stderr)


if __name__ == "__main__":
    support.main()
