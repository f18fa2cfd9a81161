"""Explaining finished runs, and moving their prompts to other tasks."""

import csv
import io
import json
import os

import support


class Explain(support.RunCase):
    def finished_run(self):
        self.call("run", *self.experiment(), "--out", "run", "--progress", "none")

    def report(self, run):
        return list(csv.DictReader(io.StringIO(self.call("report", run, "--csv")[0])))

    def explanations(self, *arguments):
        return json.loads(self.call("explain", "run", "--json", *arguments)[0])["explanations"]

    def test_a_whole_run_explains_the_best_prompt_of_each_task(self):
        self.finished_run()
        rows = self.report("run")
        text = self.call("explain", "run")[0]
        for task in ("definitions", "reviews"):
            best = max((row for row in rows if row["task"] == task),
                       key=lambda row: (float(row["dev_metric"]), -float(row["dev_loss"])))
            self.assertIn(best["id"], text)
            self.assertIn("examples that become right compared with the manual prompt", text)
        self.assertIn("--trial ID", text)

    def test_one_trial_is_explained_in_full_and_agrees_with_its_record(self):
        self.finished_run()
        for split in ("train", "dev", "test"):
            found = self.explanations("--task", "reviews", "--method", "discrete", "--split", split)
            self.assertEqual(len(found), 1)
            explanation = found[0]
            row = next(row for row in self.report("run") if row["id"] == explanation["trial"])
            if split != "train":
                self.assertAlmostEqual(explanation["whole"]["metric"], float(row[split + "_metric"]), places=12)
                self.assertAlmostEqual(explanation["whole"]["loss"], float(row[split + "_loss"]), places=9)
            self.assertEqual(explanation["unlike_record"], 0)
            self.assertEqual(len(explanation["parts"]), 5)
            for part in explanation["parts"]:
                self.assertEqual(len(part["replacements"]), 5)
                self.assertEqual(set(part["label_shift"]), set(explanation["labels"]))
                self.assertLessEqual(part["share"] + sum(a["share"] for a in part["alternatives"]), 1 + 1e-9)
            gain = len(explanation["turned_right"]) - len(explanation["turned_wrong"])
            difference = explanation["whole"]["metric"] - explanation["baseline"]["metric"]
            self.assertAlmostEqual(difference * explanation["examples"], gain, places=9)
            # The whole prompt, and each of five positions left out and replaced by five others.
            self.assertEqual(explanation["usage"]["queries"], (1 + 5 + 25) * explanation["examples"])
        text = self.call("explain", "run", "--trial", explanation["trial"])[0]
        self.assertIn("what each part adds to the mean score of a label", text)
        self.assertIn("replaced by", text)

    def test_saved_effects_stand_on_the_page_beside_their_prompts(self):
        self.finished_run()
        self.call("explain", "run", "--save")
        saved = json.loads((self.folder / "run/explanations.json").read_text())["explanations"]
        self.assertEqual(len(saved), 2)
        self.call("report", "run", "--html", "page.html")
        page = (self.folder / "page.html").read_text()
        for explanation in saved:
            for part in explanation["parts"]:
                self.assertIn(f'{part["left_out"]["loss_change"]:+.4f}</td>', page)
        (self.folder / "run/explanations.json").write_text("{")
        self.assertIn("explanations.json", self.call("report", "run", "--html", "page.html", expect=1)[1])
        self.assertEqual((self.folder / "page.html").read_text(), page)

    def test_soft_prompts_are_explained_by_vector(self):
        self.finished_run()
        found = self.explanations("--method", "soft")
        self.assertEqual([entry["task"] for entry in found], ["definitions", "reviews"])
        for explanation in found:
            self.assertEqual(explanation["kind"], "soft")
            self.assertEqual(len(explanation["parts"]), 5)

    def test_explaining_twice_says_the_same(self):
        self.finished_run()
        arguments = ("explain", "run", "--task", "reviews", "--json")
        self.assertEqual(self.call(*arguments)[0], self.call(*arguments)[0])

    def test_what_is_not_there_is_named(self):
        self.finished_run()
        self.assertIn("definitions, reviews", self.call("explain", "run", "--task", "x", expect=2)[1])
        self.assertIn("train, dev or test", self.call("explain", "run", "--split", "x", expect=2)[1])
        self.assertIn("config-folder", self.call("explain", "run", "--config-folder", "x", expect=2)[1])
        self.call("explain", "nothing", expect=1)

    def transfer(self, *options):
        settings = ["--set", "sweep.prompts_from.run=" + os.path.abspath(self.folder / "run"), "--set", "seeds=[1]",
                    "--set", "few_shot={train_per_class: 4, dev_per_class: 3, max_test: 24}"]
        return [str(support.SOURCE / "configs/analyses/transfer.yaml"), *settings, *options]

    def test_prompts_move_to_every_task_and_score_there_what_they_scored(self):
        self.finished_run()
        source = {row["task"]: row for row in self.report("run") if row["method"] == "discrete"}
        self.call("run", *self.transfer(), "--out", "moved", "--progress", "none", ranks=3)
        rows = self.report("moved")
        self.assertEqual({(row["task"], row["method"]) for row in rows},
                         {(task, method) for task in source for method in ("manual", "from-definitions", "from-reviews")})
        for row in rows:
            self.assertEqual(row["state"], "done")
            if row["method"] != "from-" + row["task"]:
                continue
            learned = source[row["task"]]
            self.assertEqual(row["prompt"], learned["prompt"])
            for figure in ("dev_metric", "dev_loss", "test_metric", "test_loss"):
                self.assertEqual(row[figure], learned[figure], figure)
        # The run holds the prompts: the one they came from may go.
        os.rename(self.folder / "run", self.folder / "gone")
        resolved = (self.folder / "moved/resolved.yaml").read_text()
        self.assertNotIn("prompts_from", resolved)
        self.assertIn("from-reviews", resolved)
        self.call("explain", "moved", "--method", "from-reviews")

    def test_a_run_that_cannot_give_prompts_is_refused(self):
        self.assertIn("expected the folder of a finished run", self.call("plan", *self.transfer(), expect=2)[1])
        self.finished_run()
        self.assertIn("the run has: discrete",
                      self.call("plan", *self.transfer("--set", "sweep.prompts_from.methods=[soft]"), expect=2)[1])
        os.remove(self.folder / "run/results.h5")
        self.assertIn("expected a finished run", self.call("plan", *self.transfer(), expect=2)[1])


if __name__ == "__main__":
    support.main()
