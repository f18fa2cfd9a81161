"""Reports of several runs: what is one experiment, and what is not."""

import csv
import io
import json
import unittest

import support


class SeveralRuns(support.RunCase):
    SETTINGS = {"seeds": "[1, 2]", "budget.evaluations": 12,
                "few_shot": "{train_per_class: 2, dev_per_class: 2, max_test: 8}"}

    def small_run(self, name, *more, **settings):
        self.call("run", *self.experiment(**{**self.SETTINGS, **settings}), "--out", name, *more)
        return name

    def rows(self, *arguments):
        output = self.call("report", *arguments, "--csv", "--table", "matrix")[0]
        return [row for row in csv.DictReader(io.StringIO(output, newline="")) if not row["method"].startswith("manual")]

    def test_parts_of_a_sweep_are_the_whole(self):
        whole = self.digest(self.small_run("whole"))
        parts = [self.small_run(f"part-{i}", "--shard", f"{i}/3") for i in (1, 2, 3)]
        for order in (parts, parts[::-1], [parts[1], parts[2], parts[0]]):
            self.assertEqual(self.call("report", *order, "--digest")[0], whole + "\n")
        # Two of three are no whole, and a run next to itself is none of more.
        lines = self.call("report", parts[0], parts[1], "--digest")[0].splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["part-1", "part-2"])
        self.assertEqual(self.call("report", "whole", "whole", "--digest")[0], f"whole {whole}\nwhole {whole}\n")
        # Parts differ in their seeds and tasks alone: rows as those of the whole.
        self.assertEqual(self.rows(*parts), self.rows("whole"))

    def test_runs_that_differ_are_rows_of_their_own(self):
        first = self.small_run("first")
        second = self.small_run("second", **{"budget.evaluations": 18, "seeds": "[3]"})
        unasked = ("uniform guess", "majority label")
        rows = [row for row in self.rows(first, second) if row["method"] not in unasked]
        self.assertEqual({row["method"] for row in rows},
                         {f"{method} (budget.evaluations={budget})" for method in ("discrete", "soft") for budget in (12, 18)})
        for row in rows:
            self.assertEqual(row["seeds"], "1" if "=18" in row["method"] else "2")
        trials = list(csv.DictReader(io.StringIO(self.call("report", first, second, "--csv")[0], newline="")))
        self.assertEqual([row["run"] for row in trials], ["first"] * 8 + ["second"] * 4)

    def test_predictions_are_lines(self):
        run = self.small_run("run", **{"seeds": "[1]"})
        output, errors = self.call("report", run, "--csv", "--table", "predictions")
        self.assertEqual(errors, "")
        lines = list(csv.DictReader(io.StringIO(output, newline="")))
        self.assertEqual(len(lines), 4 * 8)
        right = {}
        for line in lines:
            labels = {name: float(line[f"score_{name}"]) for name in self.labels(line["task"])}
            self.assertEqual(max(labels, key=labels.get), line["predicted"])
            self.assertEqual(line["right"], str(line["gold"] == line["predicted"]).lower())
            source = support.SOURCE / "configs/quickstart" / line["file"]
            self.assertEqual(self.rows_of(source)[int(line["row"]) - 1]["label"], line["gold"])
            right.setdefault(line["trial"], []).append(line["right"] == "true")
        for trial in csv.DictReader(io.StringIO(self.call("report", run, "--csv")[0], newline="")):
            self.assertEqual(sum(right[trial["id"]]) / 8, float(trial["test_accuracy"]))

    @staticmethod
    def rows_of(path):
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in path.read_text().splitlines()]
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))

    def labels(self, task):
        output = self.call("report", "run", "--csv", "--table", "predictions")[0]
        return {line["gold"] for line in csv.DictReader(io.StringIO(output, newline="")) if line["task"] == task}

    def test_two_runs_side_by_side(self):
        first = self.small_run("first")
        second = self.small_run("second", **{"budget.evaluations": 18})
        output = self.call("compare", first, second)[0]
        settings = output.split("Settings that differ\n\n")[1].split("\n\n")[0].splitlines()[2:]
        self.assertEqual([line.split() for line in settings], [["budget.evaluations", "12", "18"]])
        self.assertIn("The runs have no trial in common.", output)
        self.assertRegex(output, r"soft +definitions \(accuracy\) +[0-9. ±]+ 2 +[+-]")
        self.assertIn("bit for bit (equal digests)", self.call("compare", first, first)[0])
        self.assertIn("expected two runs", self.call("compare", first, expect=2)[1])


if __name__ == "__main__":
    support.main()
