"""Data sets as a user gets them: imported, checked, and found by every rank below the data folder."""

import re

import support

ROWS = ["gj04\t{label}\t\tThe {noun} {verb} sentence number {number}.\n".format(
    label=number % 2, noun="cat" if number % 3 else "dog", verb="reads" if number % 2 else "read the",
    number=number) for number in range(40)]


class Data(support.RunCase):
    def import_cola(self, *options, expect=0):
        (self.folder / "train.tsv").write_text("".join(ROWS[:30]))
        (self.folder / "dev.tsv").write_text("".join(ROWS[30:] + ROWS[:1]))
        return self.call("data", "import", "cola", "train.tsv", "dev.tsv", *options, expect=expect)

    def write_config(self, data_folder=""):
        model = support.SOURCE / "configs/quickstart/tiny-roberta"
        (self.folder / "cola.yaml").write_text(
            f"name: small\nmodel: {{path: {model}}}\ntask: {support.SOURCE}/configs/tasks/cola.yaml\n"
            "few_shot: {train_per_class: 4, dev_per_class: 3}\nprompt: {kind: soft, length: 3}\n"
            "optimizer: {cma_es: {population_size: 6}}\nbudget: {evaluations: 18}\nshard_size: 3\n"
            f"data_folder: '{data_folder}'\n")

    def test_import_shows_what_it_wrote_and_warns_of_other_counts(self):
        shown, errors = self.import_cola("--out", "sets")
        self.assertRegex(shown, r"sets/cola/train\.jsonl +30 +15 +15")
        self.assertRegex(shown, r"note: .*written as test\.jsonl")
        self.assertRegex(errors, r"warning: .*train: expected 8551 rows .* found 30 rows")
        self.assertEqual((self.folder / "sets/cola/test.jsonl").read_text().count("\n"), 11)
        self.assertFalse((self.folder / "sets/cola/dev.jsonl").exists())

    def test_strict_import_writes_nothing(self):
        _, errors = self.import_cola("--out", "sets", "--strict", expect=1)
        self.assertRegex(errors, r"dev: expected 1043 rows")
        self.assertFalse((self.folder / "sets").exists())

    def test_a_data_set_that_is_there_is_replaced_only_when_asked(self):
        self.import_cola("--out", "sets")
        self.import_cola("--out", "sets")  # the same rows
        rows = self.folder / "sets/cola/train.jsonl"
        before = rows.read_text()
        (self.folder / "other.tsv").write_text("".join(ROWS[:20]))
        arguments = ("data", "import", "cola", "--train", "other.tsv", "--out", "sets")
        _, errors = self.call(*arguments, expect=1)
        self.assertRegex(errors, r"sets/cola/train\.jsonl: .*found other rows.*--overwrite")
        self.assertEqual(rows.read_text(), before)
        shown, _ = self.call(*arguments, "--overwrite")
        self.assertRegex(shown, r"note: .*sets/cola/test\.jsonl: left as it was")
        self.assertEqual(rows.read_text().count("\n"), 20)

    def test_usage_errors(self):
        for arguments, pattern in ((["data"], "expected import or check"),
                                   (["data", "fetch"], "expected import or check"),
                                   (["data", "import"], "expected a task and its files"),
                                   (["data", "import", "colla", "x"], "unknown data set"),
                                   (["data", "check"], "file")):
            _, errors = self.call(*arguments, expect=2)
            self.assertRegex(errors, pattern)
        shown, _ = self.call("data", "import", "--help")
        self.assertIn("mrpc, qnli, cola", shown)

    def test_check_counts_shared_rows_and_measures_lengths(self):
        self.import_cola()  # into data/
        self.write_config()
        shown, _ = self.call("data", "check", "cola.yaml")
        self.assertRegex(shown, r"train +30 +0 +15 \(50\.0%\) +15 \(50\.0%\)")
        self.assertRegex(shown, r"\ntest +train +1 +1\n")
        self.assertIn("takes 128 tokens, with a prompt of 3", " ".join(shown.split()))
        shown, _ = self.call("data", "check", support.SOURCE / "configs/tasks/cola.yaml", "--data", "data")
        self.assertIn("lengths: not measured", shown)

    def test_every_rank_finds_the_data_folder_and_ids_do_not_depend_on_it(self):
        self.import_cola("--out", "sets")
        self.write_config()
        self.environment["BBPROMPT_DATA"] = "sets"
        self.call("run", "cola.yaml", "--out", "a", ranks=3)
        (self.folder / "sets").rename(self.folder / "moved")
        self.environment["BBPROMPT_DATA"] = str(self.folder / "moved")
        self.call("run", "cola.yaml", "--out", "b", ranks=1)
        self.assertEqual(self.digest("a"), self.digest("b"))
        self.environment["BBPROMPT_DATA"] = "nowhere"
        self.write_config("moved")
        self.call("run", "cola.yaml", "--out", "c", ranks=2)
        trials = [sorted(line.split(",")[0] for line in self.call("report", run, "--csv")[0].splitlines()) for run in "ac"]
        self.assertEqual(trials[0], trials[1])

    def test_missing_data_say_what_to_do(self):
        self.write_config()
        _, errors = self.call("plan", "cola.yaml", expect=1)
        self.assertRegex(errors, re.escape(str(self.folder / "data/cola/train.jsonl")) +
                         r".*set data_folder or BBPROMPT_DATA.*`bbprompt data import`")
        _, errors = self.call("data", "check", "cola.yaml", expect=1)
        self.assertRegex(errors, r"set data_folder or BBPROMPT_DATA")


if __name__ == "__main__":
    support.main()
