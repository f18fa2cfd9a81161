"""What a run meets on its machine: text that terminals obey, weights that change, too little memory."""

import json
import os
import shutil
import subprocess

import support


class Surroundings(support.RunCase):
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
