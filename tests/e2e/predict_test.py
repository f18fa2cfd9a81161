"""bbprompt predict: the scores of the run itself, on any number of ranks, whole after a kill."""

import csv
import io
import json
import math
import random

import support

TEST = support.SOURCE / "configs/quickstart/reviews/test.csv"
TEXTS = [row["text"] for row in csv.DictReader(TEST.read_text().splitlines())]


class Predict(support.RunCase):
    def setUp(self):
        super().setUp()
        self.finished_run("run")
        self.trials = list(csv.DictReader(io.StringIO(self.call("report", "run", "--csv")[0])))

    def rows(self, text):
        return list(csv.DictReader(io.StringIO(text)))

    def test_the_runs_own_test_rows_get_what_the_run_said(self):
        # The run takes some of the file's rows, and its results hold their label scores.
        told = self.rows(self.call("report", "run", "--csv", "--table", "predictions")[0])
        ids = {trial["id"] for trial in self.trials if trial["task"] == "reviews"}
        self.assertEqual({row["trial"] for row in told if row["trial"] in ids}, ids)
        for name in ids:
            output, errors = self.call("predict", "run", TEST, "--trial", name)
            rows = self.rows(output)
            self.assertEqual([row["text"] for row in rows], TEXTS)
            self.assertRegex(errors, r"accuracy 0\.\d+ on 256 labelled rows")
            for row in (row for row in told if row["trial"] == name):
                mine = rows[int(row["row"]) - 1]
                self.assertEqual((mine["predicted"], mine["label"]), (row["predicted"], row["gold"]))
                odds = math.exp(float(row["score_positive"]) - float(row["score_negative"]))
                self.assertAlmostEqual(float(mine["p_positive"]), odds / (1 + odds), delta=1e-5)

    def test_any_number_of_ranks_and_both_formats_say_the_same(self):
        alone = self.call("predict", "run", TEST, "--task", "reviews")[0]
        for ranks in (2, 4):
            self.assertEqual(self.call("predict", "run", TEST, "--task", "reviews", ranks=ranks)[0], alone)
        lines = self.call("predict", "run", TEST, "--task", "reviews", "--format", "jsonl")[0].splitlines()
        for row, line in zip(self.rows(alone), map(json.loads, lines), strict=True):
            self.assertEqual((row["row"], row["predicted"], row["text"]), (str(line["row"]), line["predicted"], line["text"]))
            self.assertEqual(float(row["p_negative"]), line["probabilities"]["negative"])

    def test_texts_without_labels_from_standard_input(self):
        texts = TEXTS[:3]
        given = "".join(json.dumps({"text": text, "other": 1}) + "\n" for text in texts)
        output, errors = self.call("predict", "run", "-", "--task", "reviews", "--input-format", "jsonl", stdin=given)
        self.assertEqual([(row["text"], row["label"]) for row in self.rows(output)], [(text, "") for text in texts])
        self.assertNotIn("accuracy", errors)

    def test_an_ensemble_is_the_mean_of_the_label_scores(self):
        ids = [trial["id"] for trial in self.trials if trial["task"] == "reviews" and trial["method"] in ("discrete", "soft")]
        both = self.rows(self.call("predict", "run", TEST, "--task", "reviews", "--ensemble", len(ids))[0])
        single = [self.rows(self.call("predict", "run", TEST, "--trial", name)[0]) for name in ids]
        for i, row in enumerate(both):
            odds = [math.log(float(rows[i]["p_positive"]) / float(rows[i]["p_negative"])) for rows in single]
            expected = 1 / (1 + math.exp(-sum(odds) / len(odds)))
            self.assertAlmostEqual(float(row["p_positive"]), expected, places=9)

    def test_a_killed_one_goes_on_without_a_row_lost_or_doubled(self):
        rows = TEST.read_text().split("\n", 1)
        big = self.folder / "big.csv"
        big.write_text(rows[0] + "\n" + (rows[1].rstrip("\n") + "\n") * 8)
        whole = self.call("predict", "run", big, "--task", "reviews")[0]
        partial = self.folder / "out.csv.partial"
        places = random.Random(5)
        for kill in range(4):
            process = self.start("predict", "run", big, "--task", "reviews", "--out", "out.csv", ranks=(0, 3)[kill % 2])
            least = (partial.stat().st_size if partial.exists() else 0) + places.randrange(20_000)
            self.wait_until(lambda: process.poll() is not None or (partial.exists() and partial.stat().st_size > least))
            if process.poll() is None:
                support.kill_all(process)
            process.communicate(timeout=support.TIMEOUT)
        self.call("predict", "run", big, "--task", "reviews", "--out", "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), whole)
        self.assertEqual(list(self.folder.glob("out.csv.*")), [])

    def test_what_does_not_fit_is_named(self):
        self.assertIn('--task: expected one of the run\'s tasks', self.call("predict", "run", TEST, expect=2)[1])
        self.assertIn('no task "absent"', self.call("predict", "run", TEST, "--task", "absent", expect=2)[1])
        bad = self.folder / "bad.csv"
        bad.write_text("title,label\na,positive\n")
        self.assertIn('a column "text"', self.call("predict", "run", bad, "--task", "reviews", expect=1)[1])
        bad.write_text("text,label\na,excellent\n")
        self.assertIn('label "excellent"', self.call("predict", "run", bad, "--task", "reviews", expect=1, ranks=2)[1])
        (self.folder / "mine.csv").write_text("mine")
        errors = self.call("predict", "run", TEST, "--task", "reviews", "--out", "mine.csv", expect=1)[1]
        self.assertIn("there is such a file", errors)
        self.assertEqual((self.folder / "mine.csv").read_text(), "mine")


if __name__ == "__main__":
    support.main()
