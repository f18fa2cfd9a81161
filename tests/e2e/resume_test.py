"""A run that is killed, stopped, or loses a rank goes on where it was, with the results of an uninterrupted one."""

import collections
import os
import pathlib
import random
import re
import signal
import time

import support


class Resume(support.RunCase):
    @classmethod
    def setUpClass(cls):
        cls.reference = None

    def setUp(self):
        super().setUp()
        self.arguments = self.experiment()

    def reference_digest(self):
        if Resume.reference is None:
            self.call("run", *self.arguments, "--out", "reference", ranks=3)
            Resume.reference = self.digest("reference")
        return Resume.reference

    def finish(self, out="run", ranks=3):
        """Runs to the end, and compares with an uninterrupted run."""
        self.call("run", *self.arguments, "--out", out, ranks=ranks)
        self.assertEqual(self.digest(out), self.reference_digest())

    def finished_generations(self, out="run"):
        """Trial -> generations that the log says were finished when the trial was last taken up again."""
        log = (self.folder / out / "run.log").read_text()
        return dict(re.findall(r"(\S+): resumed after generation (\d+)", log))

    def test_killed_at_random_moments_it_ends_with_the_same_digest(self):
        chance = random.Random(20260731)
        for attempt in range(4):
            process = self.start("run", *self.arguments, "--out", "run", ranks=3)
            self.wait_for_checkpoint(self.folder / "run", process, count=chance.randint(1, 4))
            time.sleep(chance.uniform(0.0, 0.05))
            support.kill_all(process)
        self.finish()
        self.assertTrue(self.finished_generations(), "the log does not say where it resumed")

    def test_no_finished_generation_is_evaluated_again(self):
        process = self.start("run", *self.arguments, "--out", "run", "--progress", "none", ranks=2)
        self.wait_for_checkpoint(self.folder / "run", process, count=3)
        support.kill_all(process)
        self.finish(ranks=2)
        finished = collections.Counter()
        for line in (self.folder / "run" / "run.log").read_text().splitlines():
            match = re.search(r"(\S+): generation (\d+) finished", line)
            if match:
                finished[match.groups()] += 1
        self.assertGreater(len(finished), 10)
        # A generation is finished when its checkpoint is on disk, which is when the line is written.
        self.assertEqual([key for key, times in finished.items() if times > 1], [])

    def test_a_stop_signal_to_the_master_checkpoints_and_exits_with_3(self):
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            with self.subTest(signal=number):
                out = f"run{int(number)}"
                process = self.start("run", *self.arguments, "--out", out)
                self.wait_for_checkpoint(self.folder / out, process)
                process.send_signal(number)
                _, errors = process.communicate(timeout=support.TIMEOUT)
                self.assertEqual(process.returncode, 3, errors)
                self.assertIn("run the same command again", errors)
                self.assertEqual(self.status(self.folder / out)["state"], "stopped")
                self.finish(out)

    def test_a_signal_to_mpirun_reaches_the_master(self):
        process = self.start("run", *self.arguments, "--out", "run", ranks=3)
        self.wait_for_checkpoint(self.folder / "run", process)
        process.send_signal(signal.SIGUSR1)
        _, errors = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 3, errors)
        self.finish()

    def test_a_stop_signal_to_one_worker_stops_the_run(self):
        process = self.start("run", *self.arguments, "--out", "run", ranks=3)
        self.wait_for_checkpoint(self.folder / "run", process)
        os.kill(support.rank_processes(process.pid)[2], signal.SIGTERM)
        _, errors = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 3, errors)
        self.finish()

    def test_one_worker_killed_ends_the_run_soon_with_a_message_and_it_resumes(self):
        process = self.start("run", *self.arguments, "--out", "run", ranks=3)
        self.wait_for_checkpoint(self.folder / "run", process)
        os.kill(support.rank_processes(process.pid)[1], signal.SIGKILL)
        _, errors = process.communicate(timeout=30 * support.FACTOR)  # never hangs
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("signal 9", errors)
        self.assertIn("run the same command again", errors)
        self.finish()

    def test_a_finished_run_is_not_run_again(self):
        self.call("run", *self.arguments, "--out", "run")
        before = {path: path.stat().st_mtime_ns for path in (self.folder / "run").rglob("*.h5")}
        self.assertTrue(before)
        self.finish(ranks=0)
        after = {path: path.stat().st_mtime_ns for path in (self.folder / "run").rglob("*.h5")}
        self.assertEqual(before, after)

    def test_a_sweep_that_grew_computes_only_what_is_missing(self):
        self.call("run", *self.arguments, "--out", "run")
        num_before = len(self.call("report", "run", "--csv")[0].splitlines()) - 1
        grown = self.experiment(seeds="[2,1]")
        process = self.start("run", *grown, "--out", "run", ranks=2)
        self.wait_for_checkpoint(self.folder / "run", process, count=2)
        support.kill_all(process)
        shown = [trial["state"] for trial in self.status(self.folder / "run")["trials"]]
        self.assertEqual(len(shown), 2 * num_before, "the status is of the new plan from its start")
        self.assertGreaterEqual(shown.count("done"), num_before, "done before, yet not shown so")
        self.call("report", "run")  # what is there of the new plan
        self.call("run", *grown, "--out", "run", ranks=3)
        self.call("run", *grown, "--out", "fresh", ranks=3)
        self.assertEqual(self.digest("run"), self.digest("fresh"))
        log = (self.folder / "run/run.log").read_text()
        self.assertIn(f"{num_before} trials kept, {num_before} new, 0 left out", log)
        self.assertGreaterEqual(log.count("done in an earlier start, not run again"), num_before)
        # Shrunk again: the results are those of the first run, and nothing is computed.
        self.finish(ranks=0)

    def test_a_damaged_checkpoint_is_told_and_the_previous_one_serves(self):
        process = self.start("run", *self.arguments, "--out", "run")
        self.wait_for_checkpoint(self.folder / "run", process, count=4)
        support.kill_all(process)
        newest = [path for path in (self.folder / "run/trials").glob("*.checkpoint.h5")
                  if pathlib.Path(str(path).replace(".checkpoint.h5", ".checkpoint.previous.h5")).exists()]
        self.assertTrue(newest)
        content = bytearray(newest[0].read_bytes())
        content[len(content) // 2] ^= 4
        newest[0].write_bytes(content)
        self.finish()
        self.assertIn(newest[0].name, (self.folder / "run/run.log").read_text())

    def test_damaged_checkpoints_alone_are_refused(self):
        process = self.start("run", *self.arguments, "--out", "run")
        self.wait_for_checkpoint(self.folder / "run", process, count=4)
        support.kill_all(process)
        for path in (self.folder / "run/trials").glob("*.checkpoint*.h5"):
            path.write_bytes(path.read_bytes()[:1000])
        _, errors = self.call("run", *self.arguments, "--out", "run", expect=1)
        self.assertRegex(errors, r"checkpoint.*h5")


if __name__ == "__main__":
    support.main()
