"""What `bbprompt plan` says before anything is paid: trials, queries, tokens, memory, simulated times."""

import json
import re

import support


class Plan(support.RunCase):
    def plan(self, *options, **overrides):
        return json.loads(self.call("plan", *self.experiment(**overrides), "--json", *options)[0])

    def test_one_rank_takes_the_sum_of_all_queries(self):
        plan = self.plan("--seconds-per-query", "0.25", "--spread", "0", "--ranks", "1,2")
        self.assertEqual(plan["queries"], sum(trial["queries"] for trial in plan["trials"]))
        alone, with_a_worker = plan["time"]["runs"]
        self.assertAlmostEqual(alone["wall_seconds"], 0.25 * plan["queries"], places=6)
        self.assertAlmostEqual(alone["busy"], 1.0, places=9)
        # The second rank only makes the first one a master.
        self.assertEqual(with_a_worker["wall_seconds"], alone["wall_seconds"])
        self.assertAlmostEqual(with_a_worker["core_hours"], 2 * alone["core_hours"], places=9)

    def test_queries_are_those_of_the_run(self):
        # A soft prompt is never asked twice; only how often the incumbent changes is not known before.
        settings = {"sweep.variants": "{soft: {prompt.kind: soft}}"}
        planned = {trial["id"]: trial for trial in self.plan(**settings)["trials"]}
        self.call("run", *self.experiment(**settings), "--out", "run", ranks=3)
        for trial in json.loads(self.call("report", "run", "--json")[0])["trials"]:
            plan = planned[trial["id"]]
            asked = sum(trial[purpose + "_queries"] for purpose in ("search", "dev", "test"))
            self.assertLessEqual(abs(asked - plan["queries"]), plan["generations"] * plan["dev"], trial["id"])

    def test_more_ranks_never_do_better_than_their_share(self):
        plan = self.plan("--seconds-per-query", "0.1", "--ranks", "1,3,9,10000")
        runs = plan["time"]["runs"]
        self.assertEqual([run["ranks"] for run in runs], [1, 3, 9, 10000])
        for run in runs:
            self.assertLessEqual(run["speed_up"], max(1, run["ranks"] - 1) * (1 + 1e-9))
            self.assertLessEqual(run["busy"], 1 + 1e-9)
        self.assertGreater(runs[-1]["unused_ranks"], 0)
        self.assertEqual(plan, self.plan("--seconds-per-query", "0.1", "--ranks", "1,3,9,10000"))

    def test_the_recommended_ranks_are_busy(self):
        plan = self.plan("--seconds-per-query", "0.1")
        recommended = plan["time"]["recommended_ranks"]
        again = self.plan("--seconds-per-query", "0.1", "--ranks", recommended)["time"]["runs"][0]
        self.assertGreaterEqual(again["busy"], 0.95)

    def test_the_table_is_short_unless_asked(self):
        many = {"seeds": "[" + ",".join(map(str, range(1, 31))) + "]"}
        text = self.call("plan", *self.experiment(**many), "--measure")[0]
        self.assertEqual(len(re.findall(r"^\S+-s\d+-[0-9a-f]{8} ", text, re.MULTILINE)), 50)
        self.assertIn("... and 70 more; --all shows every one", text)
        self.assertRegex(text, r"120 trials, at most about \d+ queries with \d+\s+tokens")
        self.assertRegex(text, r"Estimated memory: .* of weights once per node")
        self.assertRegex(text, r"s per query \(measured here\)")
        self.assertRegex(text, r"Recommended: \d+ ranks?, the largest")
        text = self.call("plan", *self.experiment(**many), "--all")[0]
        self.assertEqual(len(re.findall(r"^\S+-s\d+-[0-9a-f]{8} ", text, re.MULTILINE)), 120)

    def test_wrong_options_are_told(self):
        for options, message in [
                (["--ranks", "4"], "needs --seconds-per-query S or --measure"),
                (["--ranks", "4,,8", "--seconds-per-query", "1"], "--ranks: expected numbers from 1"),
                (["--ranks", "0", "--seconds-per-query", "1"], "--ranks: expected numbers from 1"),
                (["--seconds-per-query", "0"], "expected seconds above 0"),
                (["--seconds-per-query", "nan"], "expected seconds above 0"),
                (["--seconds-per-query", "1", "--measure"], "found both"),
                (["--seconds-per-query", "1", "--spread", "1"], "--spread: expected"),
                (["--seconds-per-query", "1", "--overhead=-1"], "--overhead: expected")]:
            self.assertIn(message, self.call("plan", *self.experiment(), *options, expect=2)[1])


if __name__ == "__main__":
    support.main()
