"""A run that takes the prompts it has learned to its other tasks: sweep.prompts_from.own_run."""

import json
import time

import support

METHODS = ("discrete", "soft", "from-definitions", "from-reviews")


class OwnPrompts(support.RunCase):
    def own(self, **overrides):
        return self.experiment(**{"sweep.prompts_from": "{own_run: true, methods: [discrete]}", **overrides})

    def rows(self, run):
        return json.loads(self.call("report", run, "--json")[0])["trials"]

    def test_every_task_gets_every_prompt_on_any_number_of_ranks(self):
        self.call("run", *self.own(), "--out", "alone", "--progress", "none")
        rows = self.rows("alone")
        self.assertEqual([(row["method"], row["task"]) for row in rows],
                         [(method, task) for method in METHODS for task in ("definitions", "reviews")])
        learned = {row["task"]: row for row in rows if row["method"] == "discrete"}
        for row in rows:
            self.assertEqual(row["state"], "done")
            source = row["method"].removeprefix("from-")
            if source == row["method"]:
                continue
            self.assertEqual(row["prompt"], learned[source]["prompt"])
            if source == row["task"]:
                self.assertEqual(row["test_metric"], learned[source]["test_metric"])
                self.assertEqual(row["dev_loss"], learned[source]["dev_loss"])
        events = [json.loads(line)["event"] for line in (self.folder / "alone/events.jsonl").read_text().splitlines()]
        self.assertEqual(events.count("run_done"), 1)
        self.assertEqual(events[-1], "run_done")
        self.assertEqual(self.status(self.folder / "alone")["state"], "done")
        self.call("run", *self.own(), "--out", "ranks", "--progress", "none", ranks=3)
        self.assertEqual(self.digest("ranks"), self.digest("alone"))
        resolved = (self.folder / "alone/resolved.yaml").read_text()
        self.assertNotIn("prompts_from", resolved)
        self.assertIn("from-reviews", resolved)

    def test_plans_say_that_trials_follow(self):
        for own_run, follow in ((True, True), (False, False)):
            arguments = self.experiment(**{"sweep.prompts_from.own_run": str(own_run).lower()})
            plan = json.loads(self.call("plan", *arguments, "--json")[0])
            self.assertEqual((len(plan["trials"]), plan["more_trials_follow"]), (4, follow))
            self.assertEqual("Not counted here" in self.call("plan", *arguments)[0], follow)

    def test_killed_in_either_part_it_goes_on(self):
        self.call("run", *self.own(), "--out", "whole", "--progress", "none")
        arguments = ("run", *self.own(), "--out", "killed", "--progress", "none")
        process = self.start(*arguments, ranks=3)
        self.wait_for_checkpoint(self.folder / "killed", process, count=2)
        support.kill_all(process)
        process = self.start(*arguments, ranks=3)
        self.wait_for_log("the plan has changed: 4 trials kept, 4 new", process)
        support.kill_all(process)
        self.call(*arguments)
        self.assertEqual(self.digest("killed"), self.digest("whole"))
        log = (self.folder / "killed/run.log").read_text()
        self.assertEqual(log.count("starting quickstart"), 1)
        # What had learned is not run again.
        self.assertNotRegex(log.split("the plan has changed")[-1], r"-(discrete|soft)-s1-\w+: (started|resumed)")

    def wait_for_log(self, text, process):
        deadline = time.monotonic() + support.TIMEOUT
        while text not in (self.folder / "killed/run.log").read_text():
            self.assertIsNone(process.poll(), "the run ended before it could be interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def test_more_seeds_give_the_prompts_of_a_run_that_had_them_from_the_start(self):
        self.call("run", *self.own(), "--out", "grown", "--progress", "none")
        self.call("run", *self.own(seeds="[1, 2]"), "--out", "grown", "--progress", "none", ranks=3)
        self.call("run", *self.own(seeds="[1, 2]"), "--out", "fresh", "--progress", "none", ranks=3)
        self.assertEqual(self.digest("grown"), self.digest("fresh"))

    def test_what_cannot_be_is_said_before_anything_runs(self):
        self.assertIn("--shard", self.call("run", *self.own(), "--shard", "1/2", expect=2)[1])
        self.assertIn("found both",
                      self.call("plan", *self.own(**{"sweep.prompts_from.run": "somewhere"}), expect=2)[1])
        self.assertIn("Not counted here", self.call("plan", *self.own())[0])


if __name__ == "__main__":
    support.main()
