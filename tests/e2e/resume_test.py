"""A run that is killed, stopped, or loses a rank goes on where it was, with the results of an uninterrupted one."""

import os
import pathlib
import random
import signal
import time

import support


class Resume(support.RunCase):
    def setUp(self):
        super().setUp()
        self.arguments = self.experiment()
        self.undisturbed = self.finished_run("undisturbed")

    def start_and_hold(self, *arguments, out="run", **options):
        return super().start_and_hold("run", *(arguments or self.arguments), "--out", out, "--progress", "none", **options)

    def finish(self, out="run", ranks=3):
        """Runs to the end, and compares with an undisturbed run."""
        self.gate().open()
        self.call("run", *self.arguments, "--out", out, ranks=ranks)
        self.assertEqual(self.digest(out), self.undisturbed)

    def finished_generations(self):
        """Trial and number of each; none is there twice."""
        # A generation is finished when its checkpoint is on disk, which is when the event is written.
        finished = [(event["trial"], event["generation"]) for event in self.events(self.folder / "run", "generation")]
        self.assertEqual(len(finished), len(set(finished)))
        return finished

    def stopped(self, process):
        """The errors of a run that was asked to stop."""
        self.gate().open()
        _, errors = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 3, errors)
        return errors

    def test_killed_at_random_moments_it_ends_with_the_same_digest(self):
        chance = random.Random(20260731)
        for attempt in range(4):
            # After an item in whichever state the others and the checkpoint are in.
            support.kill_all(self.start_and_hold(items=chance.randint(1, 15), ranks=3, until=()))
        self.finish()
        self.assertEqual(len(self.events(self.folder / "run", "run_started", "run_resumed")), 5)

    def test_no_finished_generation_is_evaluated_again(self):
        process = self.start_and_hold(items=100, ranks=2)
        support.kill_all(process)
        self.finish(ranks=2)
        self.assertGreater(len(self.finished_generations()), 10)
        self.assertTrue(self.events(self.folder / "run", "trial_resumed"))

    def test_a_stop_signal_to_the_master_checkpoints_and_exits_with_3(self):
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                out = f"run{int(number)}"
                process = self.start_and_hold(out=out)
                process.send_signal(number)
                self.assertIn("run the same command again", self.stopped(process))
                self.assertEqual(self.status(self.folder / out)["state"], "stopped")
                self.finish(out)

    def test_a_hangup_that_is_ignored_stays_ignored(self):
        program = self.gate().program
        program.write_text(program.read_text().replace("exec ", "trap '' HUP\nexec "))  # as nohup does
        process = self.start_and_hold()
        process.send_signal(signal.SIGHUP)
        self.gate().open()
        self.assertEqual(process.wait(timeout=support.TIMEOUT), 0)
        self.assertEqual(self.digest("run"), self.undisturbed)

    def test_a_second_sigterm_ends_what_does_not_stop(self):
        process = self.start_and_hold()
        place = pathlib.Path(f"/proc/{process.pid}/wchan")
        if not place.exists() or place.read_text() == "0" and os.geteuid() != 0:
            self.skipTest("the kernel does not tell where a process waits")
        self.wait_until(lambda: "pipe" in place.read_text(), process)  # at the gate, which stays shut
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        self.assertEqual(process.wait(timeout=support.TIMEOUT), -signal.SIGTERM)
        self.finish()

    def test_a_signal_to_mpirun_reaches_the_master(self):
        process = self.start_and_hold(ranks=3)
        process.send_signal(signal.SIGUSR1)
        self.stopped(process)
        self.finish()

    def test_a_stop_signal_to_one_worker_stops_the_run(self):
        process = self.start_and_hold(ranks=3)
        os.kill(support.rank_processes(process.pid)[2], signal.SIGTERM)
        self.stopped(process)
        self.finish()

    def test_one_worker_killed_ends_the_run_with_a_message_and_it_resumes(self):
        process = self.start_and_hold(ranks=3)
        os.kill(support.rank_processes(process.pid)[1], signal.SIGKILL)
        self.gate().open()
        _, errors = process.communicate(timeout=support.TIMEOUT)  # never hangs
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("signal 9", errors)
        self.assertIn("run the same command again", errors)
        self.finish()

    def test_checkpoints_left_of_a_finished_trial_go_at_the_next_start(self):
        trials = self.folder / "undisturbed/trials"
        trials.mkdir(exist_ok=True)
        ids = [trial["id"] for trial in self.status(self.folder / "undisturbed")["trials"]]
        for name in (f"{ids[0]}.checkpoint.h5", f"{ids[0]}.checkpoint.previous.h5", f"{ids[1]}.checkpoint.previous.h5",
                     f"{ids[1]}.checkpoint.h5.tmp.12"):
            (trials / name).write_text("left by a process that ended here")
        (trials / "other.checkpoint.h5").write_text("of no trial of the plan")
        self.call("run", *self.arguments, "--out", "undisturbed")
        self.assertEqual(os.listdir(trials), ["other.checkpoint.h5"])
        self.assertEqual(self.digest("undisturbed"), self.undisturbed)

    def test_a_finished_run_is_not_run_again(self):
        run = self.folder / "undisturbed"
        before = {path: path.stat().st_mtime_ns for path in run.rglob("*.h5")}
        self.assertTrue(before)
        self.finish("undisturbed", ranks=0)
        after = {path: path.stat().st_mtime_ns for path in run.rglob("*.h5")}
        self.assertEqual(before, after)
        self.assertFalse(self.events(run, "trial_resumed"))

    def test_a_sweep_that_grew_computes_only_what_is_missing(self):
        self.finished_run("run")
        num_before = len(self.call("report", "run", "--csv")[0].splitlines()) - 1
        num_generations = len(self.finished_generations())
        grown = self.experiment(seeds="[2,1]")
        process = self.start_and_hold(*grown, ranks=2, until=())
        self.wait_until(lambda: len(self.finished_generations()) > num_generations, process)
        support.kill_all(process)
        shown = [trial["state"] for trial in self.status(self.folder / "run")["trials"]]
        self.assertEqual(len(shown), 2 * num_before, "the status is of the new plan from its start")
        self.assertGreaterEqual(shown.count("done"), num_before, "done before, yet not shown so")
        self.call("report", "run")  # what is there of the new plan
        self.gate().open()
        self.call("run", *grown, "--out", "run", ranks=3)
        self.call("run", *grown, "--out", "fresh", ranks=3)
        self.assertEqual(self.digest("run"), self.digest("fresh"))
        log = (self.folder / "run/run.log").read_text()
        self.assertIn(f"{num_before} trials kept, {num_before} new, 0 left out", log)
        finished = self.finished_generations()
        # Shrunk again: the results are those of the first run, and nothing is computed.
        self.finish(ranks=0)
        self.assertEqual(self.finished_generations(), finished)

    def hold_with_two_checkpoints(self):
        """A trial that has a checkpoint and the one before it."""
        process = self.start_and_hold(items=40)
        self.wait_until(lambda: list((self.folder / "run/trials").glob("*.checkpoint.previous.h5")), process)
        return process

    def test_a_damaged_checkpoint_is_told_and_the_previous_one_serves(self):
        support.kill_all(self.hold_with_two_checkpoints())
        newest = [path for path in (self.folder / "run/trials").glob("*.checkpoint.h5")
                  if pathlib.Path(str(path).replace(".checkpoint.h5", ".checkpoint.previous.h5")).exists()]
        self.assertTrue(newest)
        content = bytearray(newest[0].read_bytes())
        content[len(content) // 2] ^= 4
        newest[0].unlink()  # between two writes both names are of one file
        newest[0].write_bytes(content)
        self.finish()
        self.assertIn(newest[0].name, (self.folder / "run/run.log").read_text())

    def test_damaged_checkpoints_alone_are_refused(self):
        support.kill_all(self.hold_with_two_checkpoints())
        for path in (self.folder / "run/trials").glob("*.checkpoint*.h5"):
            path.write_bytes(path.read_bytes()[:1000])
        _, errors = self.call("run", *self.arguments, "--out", "run", expect=1)
        self.assertRegex(errors, r"checkpoint.*h5")


if __name__ == "__main__":
    support.main()
