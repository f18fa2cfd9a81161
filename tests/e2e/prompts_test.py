"""The kinds of prompt and of candidates, as a user asks for them."""

import csv
import io
import json

import support


class Candidates(support.RunCase):
    SETTINGS = ["--method", "discrete", "--set", "prompt.discrete.num_candidates=60",
                "--set", "prompt.discrete.candidates.text=train_file"]

    def candidates(self, *options, expect=0):
        return self.call("candidates", support.SOURCE / "configs/quickstart/quickstart.yaml", *self.SETTINGS,
                         *options, expect=expect)

    def test_the_table_shows_rank_count_pmi_text_and_ids(self):
        shown = self.candidates("--set", "prompt.discrete.candidates.source=pmi_phrases")[0]
        self.assertRegex(shown, r"definitions discrete, 60 candidates\nrank +count +PMI +text +token ids\n")
        self.assertRegex(shown, r"\n +1 +\d+ +- +of +284\n")
        self.assertRegex(shown, r"\n +\d+ +\d+ +\d\.\d\d +United States +\d+ \d+\n")
        self.assertIn("... and 10 more; --all shows them", shown)
        self.assertRegex(self.candidates("--all")[0], r"\n +60 ")

    def test_a_written_list_reads_back_as_the_same_candidates(self):
        for source in ("words", "pmi_phrases", "pmi_tokens", "vocabulary"):
            with self.subTest(source=source):
                task = ["--set", "sweep.axes.task=[reviews.yaml]"]
                given = ["--set", f"prompt.discrete.candidates.source={source}", *task]
                self.candidates(*given, "--out", "list.txt")
                read = ["--set", "prompt.discrete.candidates.source=list", *task,
                        "--set", f"prompt.discrete.candidates.file={self.folder / 'list.txt'}"]
                first = self.rows(self.candidates(*given, "--all")[0])
                self.assertGreater(len(first), 10)
                self.assertEqual(first, self.rows(self.candidates(*read, "--all")[0]))

    @staticmethod
    def rows(table):
        """(text, ids) of each row: what follows rank, count and PMI."""
        return [line.split(None, 3)[3].split() for line in table.splitlines() if line.strip()[:1].isdigit()]

    def test_wrong_usage_is_told(self):
        self.assertIn("expected a trial with prompt.kind: discrete of method \"soft\"",
                      self.call("candidates", support.SOURCE / "configs/quickstart/quickstart.yaml",
                                "--method", "soft", expect=2)[1])
        self.assertIn("absent.txt", self.candidates("--set", "prompt.discrete.candidates.source=list", "--set",
                                                    "prompt.discrete.candidates.file=absent.txt", expect=1)[1])


class FixedPrompts(support.RunCase):
    def test_written_prompts_and_demonstrations_run_without_a_search(self):
        quickstart = support.SOURCE / "configs/quickstart"
        config = self.folder / "fixed.yaml"
        config.write_text(f"""
name: fixed
model: {{path: {quickstart}/tiny-roberta}}
task: {quickstart}/reviews.yaml
few_shot: {{train_per_class: 4, dev_per_class: 3, max_test: 24}}
sweep:
  variants:
    written: {{prompt.kind: manual, prompt.manual.text: "Really:"}}
    shown: {{prompt.kind: demonstrations, prompt.demonstrations.per_class: 1, prompt.demonstrations.draws: 3,
            prompt.demonstrations.max_field_tokens: 8}}
""")
        self.call("run", config, "--out", "one", "--progress", "none")
        self.call("run", config, "--out", "two", "--progress", "none", ranks=2)
        self.assertEqual(self.digest("one"), self.digest("two"))
        rows = {row["method"]: row for row in csv.DictReader(io.StringIO(self.call("report", "one", "--csv")[0]))}
        self.assertEqual(set(rows), {"written", "shown"})
        whole = json.dumps(json.loads(self.call("report", "one", "--json")[0]))
        self.assertIn("Really:", whole)


if __name__ == "__main__":
    support.main()
