"""What a run leaves and shows: files that other programs read, tables, progress, status."""

import csv
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import support

try:
    import h5py
except ImportError:
    h5py = None


class Output(support.RunCase):
    def test_results_are_read_by_h5py_and_agree_with_the_report(self):
        if h5py is None:
            self.skipTest("h5py is not installed for " + sys.executable)
        self.finished_run()
        rows = {row["id"]: row for row in csv.DictReader(io.StringIO(self.call("report", "run", "--csv")[0]))}
        self.assertEqual(len(rows), 4)
        with h5py.File(self.folder / "run/results.h5") as results:
            self.assertEqual(set(results["trials"]), set(rows))
            for name, trial in results["trials"].items():
                gold = trial["gold/test"][:]
                predicted = trial["best/splits/test/predicted"][:]
                self.assertEqual(len(gold), 24)
                self.assertAlmostEqual((gold == predicted).mean(), float(rows[name]["test_metric"]), places=12)
                self.assertEqual(trial["generations/num_evaluations"][-1], 36)
                text = trial["best/prompt/text"][()].decode()
                self.assertEqual(len(trial["best/prompt/tokens"]), 5)
                self.assertTrue(text)

    def test_rescoring_as_the_run_did_gives_the_runs_figures_and_asks_no_model(self):
        self.finished_run()
        figures = ("dev_metric", "dev_loss", "test_metric", "test_loss", "manual_test_metric", "search_queries")
        tables = [list(csv.DictReader(io.StringIO(self.call(*command, "--csv")[0])))
                  for command in (["report", "run"], ["rescore", "run/results.h5"])]
        for reported, rescored in zip(*tables, strict=True):
            for figure in figures:
                self.assertAlmostEqual(float(reported[figure]), float(rescored[figure]), places=6, msg=figure)
        both = self.call("rescore", "run", "--calibration", "none", "--calibration", "few_shot")[0]
        for text in ("discrete, none", "discrete, few_shot", "uniform guess"):
            self.assertIn(text, both)
        self.assertIn("at most 1", self.call("rescore", "run", "--ensemble", "2", expect=2)[1])
        self.assertIn("at least 2", self.call("rescore", "run", "--ensemble", "1", expect=2)[1])
        self.assertIn("few_shot", self.call("rescore", "run", "--calibration", "x", expect=2)[1])

    def test_a_table_that_does_not_fit_on_the_disk_is_an_error(self):
        self.finished_run()
        for arguments in (["report", "run", "--csv"], ["report", "run", "--digest"], ["status", "run"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run(self.command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True,
                                      env=self.environment, cwd=self.folder, timeout=support.TIMEOUT)
            self.assertEqual(done.returncode, 1)
            self.assertIn("disk may be full", done.stderr)

    def test_status_of_a_run_started_again_has_the_figures_of_finished_trials(self):
        self.finished_run()
        before = self.status(self.folder / "run")["trials"]
        self.call("run", *self.experiment(), "--out", "run")
        self.assertEqual(self.status(self.folder / "run")["trials"], before)

    def test_h5dump_reads_every_file(self):
        self.finished_run()
        files = list((self.folder / "run").rglob("*.h5"))
        self.assertEqual(files, [self.folder / "run/results.h5"])  # trials have no files of their own any more
        for file in files:
            done = subprocess.run(["h5dump", "-H", str(file)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("generations", done.stdout)

    def test_the_table_shows_every_task_and_method(self):
        self.finished_run()
        table = self.call("report", "run")[0]
        for word in ("definitions", "reviews", "discrete", "soft", "manual"):
            self.assertIn(word, table)
        whole = json.loads(self.call("report", "run", "--json")[0])
        self.assertEqual(len(whole["trials"]), 4)
        self.assertEqual(whole["digest"], self.digest("run"))
        self.assertEqual({row["method"] for row in whole["matrix"]},
                         {"uniform guess", "majority label", "manual", "discrete", "soft"})
        self.assertIn("average", table)

    def test_runs_are_reported_together_in_every_form(self):
        self.finished_run()
        once = self.call("report", "run", "--csv")[0]
        self.assertEqual(self.call("report", "run", "run/results.h5", "--csv")[0], once)
        self.assertIn("| discrete |", self.call("report", "run", "--markdown", "--baseline", "soft")[0])
        self.assertIn("\\toprule", self.call("report", "run", "--latex")[0])
        rows = list(csv.DictReader(io.StringIO(self.call("report", "run", "--csv", "--table", "efficiency",
                                                         "--efficiency", "soft")[0])))
        self.assertEqual([(row["method"], row["pairs"]) for row in rows], [("discrete", "2"), ("soft", "2")])
        self.call("report", "run", "--html", "page.html")
        page = (self.folder / "page.html").read_text(encoding="utf-8")
        self.assertTrue(page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n"))
        self.assertIn("<bdi>discrete</bdi>", page)
        for arguments in (["--baseline", "hard"], ["--efficiency", "hard"], ["--table", "matrix"],
                          ["--csv", "--table", "efficiency"], ["--csv", "--table", "prompts"]):
            self.assertTrue(self.call("report", "run", *arguments, expect=2)[1])

    def test_plain_progress_lines_go_to_standard_error_and_to_the_log(self):
        self.finished_run()  # with --progress plain
        errors = (self.folder / "run-errors").read_text()
        line = r"\d+:\d\d trials \d/4 .* gen \d+/\d+ .* fitness .* dev .* queries of [\d,]+, \d+/s .* left"
        self.assertRegex(errors, line)
        self.assertRegex((self.folder / "run/run.log").read_text(), line)

    def test_on_a_terminal_one_line_is_drawn_over(self):
        held = self.gate()
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                held.shut()
                master, slave = pty.openpty()
                command = self.command("run", *self.experiment(**{"budget.evaluations": 72}), "--out", f"run{ranks}",
                                       "--query-log", held.log, ranks=ranks, program=held.program)
                process = subprocess.Popen(command, env=self.environment, stderr=slave, stdout=subprocess.DEVNULL,
                                           cwd=self.folder)
                self.started.append(process)
                os.close(slave)
                # Slowly, until the line has been drawn a second time.
                shown = b""
                while len(re.findall(rb"\r\x1b\[K\d+:\d\d trials", shown)) < 2:
                    held.let(1, is_hopeless=lambda: process.poll() is not None)
                    time.sleep(0.05)  # it is drawn five times a second at most
                    shown += self.read(master, timeout=0)
                held.open()
                while part := self.read(master, timeout=support.TIMEOUT):
                    shown += part
                self.assertEqual(process.wait(timeout=support.TIMEOUT), 0)
                os.close(master)

    @staticmethod
    def read(terminal, timeout):
        """What was written to it; nothing where nothing comes in time, or nothing will come any more."""
        if not select.select([terminal], [], [], timeout)[0]:
            return b""
        try:
            return os.read(terminal, 65536)
        except OSError:
            return b""

    def test_status_is_read_while_the_run_goes_on(self):
        process = self.start_and_hold("run", *self.experiment(), "--out", "run", "--progress", "none")
        shown = self.call("status", "run")[0]
        self.assertIn("running", shown)
        self.assertRegex(shown, r"definitions-discrete-s1-\w+ +running +\d/6")
        process.send_signal(signal.SIGINT)
        self.gate().open()
        process.communicate(timeout=support.TIMEOUT)
        self.assertIn("stopped", self.call("status", "run")[0])

    def test_events_and_status_tell_of_a_whole_run(self):
        self.finished_run()  # on three ranks
        events = self.events(self.folder / "run")
        self.assertEqual((events[0]["event"], events[-1]["event"]), ("run_started", "run_done"))
        self.assertEqual(sum(event["event"] == "trial_done" for event in events), 4)
        self.assertEqual(sum(event["event"] == "generation" for event in events), 4 * 6)
        self.assertEqual({event["workers"] for event in events if event["event"] == "run_started"}, {2})
        status = self.status(self.folder / "run")
        self.assertEqual([rank["rank"] for rank in status["ranks"]], [1, 2])
        self.assertEqual(sum(rank["queries"] for rank in status["ranks"]), sum(trial["queries"] for trial in status["trials"]))
        shown = self.call("status", "run", "--all")[0]
        self.assertIn("0 waiting, 0 running, 4 done, 0 failed", shown)
        self.assertRegex(shown, r"slowest: rank [12] ")
        self.call("run", *self.experiment(), "--out", "other", "--model-memory", "0", expect=2)

    def test_plan_lists_the_trials_of_the_run(self):
        plan = self.call("plan", *self.experiment())[0]
        self.finished_run()
        ids = {row["id"] for row in csv.DictReader(io.StringIO(self.call("report", "run", "--csv")[0]))}
        self.assertEqual(set(re.findall(r"^(\S+-s1-\w+) ", plan, re.MULTILINE)), ids)


if __name__ == "__main__":
    support.main()
