"""Run, kill, resume, report: the least that must work, on three ranks."""

import support


class Smoke(support.RunCase):
    def test_a_killed_run_ends_with_the_results_of_an_undisturbed_one(self):
        expected = self.finished_run("undisturbed")
        arguments = ("run", *self.experiment(), "--out", "run", "--progress", "none")
        process = self.start_and_hold(*arguments, ranks=3)
        support.kill_all(process)  # SIGKILL
        self.assertEqual(self.status(self.folder / "run")["state"], "running")
        self.gate().open()
        self.call(*arguments, ranks=3)
        self.assertEqual(self.digest("run"), expected)
        events = [event["event"] for event in self.events(self.folder / "run")]
        self.assertIn("run_resumed", events)
        self.assertIn("trial_resumed", events)
        table = self.call("report", "run")[0]
        for word in ("manual", "discrete", "soft", "definitions", "reviews"):
            self.assertIn(word, table)
        self.assertEqual(self.status(self.folder / "run")["state"], "done")


if __name__ == "__main__":
    support.main()
