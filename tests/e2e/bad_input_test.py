"""Bad input never passes silently: a clear error, the documented exit code, nothing half-written."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

import support

SHARED = pathlib.Path(os.environ.get("BBPROMPT_SHARED_DIR", ""))


def limit_file_size():
    """For a child process: a disk that is full, as it were, at 8 KiB a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


class BadInput(support.RunCase):
    def setUp(self):
        super().setUp()
        quickstart = support.SOURCE / "configs/quickstart"
        for name in ("definitions", "reviews"):
            shutil.copytree(quickstart / name, self.folder / name)
        for file in quickstart.glob("*.yaml"):
            shutil.copy(file, self.folder)
        (self.folder / "tiny-roberta").symlink_to(quickstart / "tiny-roberta")

    def experiment(self, **overrides):
        arguments = super().experiment(**overrides)
        return [str(self.folder / "quickstart.yaml"), *arguments[1:]]

    def refuse(self, *patterns, expect, **overrides):
        """The run is refused before anything is written, and validate says the same."""
        for command in (["validate", *self.experiment(**overrides)],
                        ["run", *self.experiment(**overrides), "--out", "run"]):
            _, errors = self.call(*command, expect=expect)
            for pattern in patterns:
                self.assertRegex(errors, pattern)
            self.assertFalse(list(self.folder.glob("run/**/*.h5")))

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))

    def test_misspelt_key(self):
        self.edit("quickstart.yaml", "seeds:", "sead:")
        self.refuse(r"quickstart\.yaml:\d+:\d+: sead: .*seeds", expect=2)

    def test_configuration_value_of_the_wrong_type(self):
        self.edit("quickstart.yaml", "population_size: 16", "population_size: many")
        self.refuse(r"quickstart\.yaml:\d+:\d+: .*population_size: expected .*found", expect=2)

    def test_configuration_cut_at_every_hundredth_byte(self):
        text = (self.folder / "quickstart.yaml").read_bytes()
        for size in range(0, len(text) - 40, 100):
            (self.folder / "quickstart.yaml").write_bytes(text[:size])
            code = subprocess.run(self.command("validate", self.folder / "quickstart.yaml"), capture_output=True,
                                  timeout=support.TIMEOUT).returncode
            self.assertIn(code, (0, 2), f"cut at {size}")

    def test_a_template_that_is_wrong_is_found_in_its_file(self):
        self.edit("reviews.yaml", "{prompt}", "{promt}")
        self.refuse(r"reviews\.yaml:\d+:\d+: task\.template: character \d+: unknown placeholder.*\"prompt\"", expect=2)

    def test_common_mistakes_are_named(self):
        for argument, expected in (("seeds=[1, 2", "the list is not closed"),
                                   ("task.template={prompt} {text_a} {mask}", "goes in quotes"),
                                   ("task.columns.text=a", "task.columns.text_a"),
                                   ("model.path=roberta-base", "downloads nothing")):
            errors = self.call("validate", *self.experiment(), "--set", argument, expect=None)[1]
            self.assertIn(expected, errors)

    def test_files_that_cannot_be_written_are_named_as_they_were_given(self):
        for out, expected in ((self.folder / "none/words.txt", "there is no folder"), (self.folder, "found a folder")):
            errors = self.call("candidates", *self.experiment(), "--method", "discrete", "--set",
                               "sweep.axes.task=[reviews.yaml]", "--out", out, expect=1)[1]
            self.assertIn(f"{out}: ", errors)
            self.assertIn(expected, errors)
            self.assertNotIn(".tmp.", errors)

    def test_missing_dataset_column(self):
        self.edit("reviews.yaml", "text_a: text", "text_a: sentence")
        self.refuse(r"reviews/train\.csv.*sentence", expect=1)

    def test_label_without_verbalizer(self):
        self.edit("reviews.yaml", "negative: bad", "hostile: bad")
        self.refuse(r"reviews/train\.csv:row \d+.*negative", expect=1)

    def test_answer_word_without_a_token_of_its_own_is_told(self):
        self.edit("reviews.yaml", "negative: bad", "negative: antidisestablishmentarian")
        shown, _ = self.call("validate", *self.experiment())
        self.assertRegex(shown, r"note: .*antidisestablishmentarian.*tokens")

    def test_two_labels_with_one_answer_word(self):
        self.edit("reviews.yaml", "negative: bad", "negative: good")
        self.refuse("good", expect=2)

    def test_more_shots_than_a_class_has(self):
        self.refuse("class|label", "1000", expect=1,
                    few_shot="{train_per_class: 1000, dev_per_class: 3, max_test: 24}")
        self.assertIn("1000", (self.folder / "run/run.log").read_text())
        self.call("run", *self.experiment(), "--out", "run")  # nothing came of the first

    def test_results_of_other_data_do_not_stand_beside_new_ones(self):
        self.call("run", *self.experiment(seeds="[1]"), "--out", "run")
        self.call("run", *self.experiment(seeds="[1]"), "--out", "run")
        with open(self.folder / "reviews/train.csv", "a", encoding="utf-8") as file:
            file.write("A further review,positive\n")
        for seeds in ("[1]", "[1, 2]"):
            _, errors = self.call("run", *self.experiment(seeds=seeds), "--out", "run", expect=1)
            self.assertRegex(errors, "finished trial reviews-.* changed since")

    def test_truncated_dataset(self):
        text = (self.folder / "definitions/train.jsonl").read_bytes()
        (self.folder / "definitions/train.jsonl").write_bytes(text[:50005])
        self.refuse(r"definitions/train\.jsonl:row \d+", expect=1)

    def test_empty_dataset(self):
        (self.folder / "definitions/test.jsonl").write_bytes(b"")
        self.refuse(r"definitions/test\.jsonl", expect=1)

    def test_bit_flipped_dataset(self):
        text = bytearray((self.folder / "reviews/train.csv").read_bytes())
        text[1000] |= 0x80
        (self.folder / "reviews/train.csv").write_bytes(text)
        self.refuse(r"reviews/train\.csv:row \d+.*UTF-8", expect=1)

    def test_long_texts_are_cut_and_counted(self):
        with open(self.folder / "reviews/test.csv", "a", encoding="utf-8") as file:
            for label in ("negative", "positive"):
                file.write('"' + "a long story " * 100 + f'",{label}\n')
        self.call("run", *self.experiment(few_shot="{train_per_class: 4, dev_per_class: 3, max_test: 0}",
                                          **{"budget.evaluations": 6}), "--out", "run")
        report = json.loads(self.call("report", "run", "--json")[0])
        cut = {trial["task"]: trial["test_truncated"] for trial in report["trials"]}
        self.assertEqual(cut, {"definitions": 0, "reviews": 4})  # two rows, best and manual prompt
        self.assertRegex(self.call("report", "run")[0], r"8 queries were longer than[^)]*in 2 of 4\s+trials")
        self.assertIn("4 queries were longer than the model takes", (self.folder / "run/run.log").read_text())

    def test_a_model_of_another_architecture(self):
        if not (SHARED / "models/tiny-llama-random").exists():
            self.skipTest("the folder of shared models is absent")
        self.refuse(r"tiny-llama-random.*config\.json", "llama", expect=1,
                    **{"model.path": SHARED / "models/tiny-llama-random"})

    def test_a_folder_with_another_configurations_run(self):
        self.finished_run()
        before = {path: path.read_bytes() for path in (self.folder / "run").rglob("*.h5")}
        _, errors = self.call("run", *self.experiment(seeds="[5]"), "--out", "run", expect=2)
        self.assertRegex(errors, "holds the run of another configuration")
        self.assertEqual(before, {path: path.read_bytes() for path in (self.folder / "run").rglob("*.h5")})

    def test_damaged_results_are_refused(self):
        self.finished_run()
        results = self.folder / "run/results.h5"
        good = results.read_bytes()
        for bad in (good[:-100], good[:3000] + bytes([good[3000] ^ 1]) + good[3001:], b""):
            results.write_bytes(bad)
            _, errors = self.call("report", "run", expect=1)
            self.assertIn("results.h5", errors)
        _, errors = self.call("report", self.folder / "nothing", expect=1)
        self.assertIn("nothing", errors)

    def test_a_full_disk_stops_the_run_and_damages_nothing(self):
        support.kill_all(self.start_and_hold("run", *self.experiment(), "--out", "run"))
        done = subprocess.run(self.command("run", *self.experiment(), "--out", "run"), env=self.environment, text=True,
                              capture_output=True, timeout=support.TIMEOUT, cwd=self.folder,
                              preexec_fn=limit_file_size)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "checkpoint.*(File too large|write)")
        self.call("run", *self.experiment(), "--out", "run")
        self.call("run", *self.experiment(), "--out", "reference")
        self.assertEqual(self.digest("run"), self.digest("reference"))

    def test_a_run_without_space_for_checkpoints_pays_no_more_and_goes_on_later(self):
        small = self.folder / "small"
        small.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(small)]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(small)], check=True)
        _, errors = self.call("run", *self.experiment(), "--out", "small/run", expect=1)
        self.assertIn("no space left for checkpoints; the run stops", errors)
        self.assertRegex(self.call("status", "small/run", "--state")[0], r"^(stopped: .*no space left|none|running)")
        subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
        self.call("run", *self.experiment(), "--out", "small/run")
        self.call("run", *self.experiment(), "--out", "reference")
        self.assertEqual(self.digest("small/run"), self.digest("reference"))
        self.assertIn("--on-full-disk: expected stop or go_on",
                      self.call("run", *self.experiment(), "--out", "x", "--on-full-disk", "wait", expect=2)[1])

    def test_a_second_run_in_the_same_folder_is_refused_while_the_first_lives(self):
        process = self.start_and_hold("run", *self.experiment(), "--out", "run")
        _, errors = self.call("run", *self.experiment(), "--out", "run", expect=1)
        self.assertIn("another bbprompt is running", errors)
        self.gate().open()
        process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 0)

    def test_help_is_the_same_both_ways_fits_the_terminal_and_leaves_no_option_without_a_word(self):
        self.environment["COLUMNS"] = "60"
        shown = self.call("help")[0]
        commands = re.findall(r"^  (\w+) {2,}\S", shown.split("Commands:")[1].split("First steps:")[0], re.M)
        self.assertGreater(len(commands), 8)
        for command in [[name] for name in commands if name != "data"] + [["data", "import"], ["data", "check"]]:
            shown = self.call(*command, "--help")[0]
            self.assertEqual(shown, self.call("help", *command)[0])
            text, _, options = shown.split("\nExample:")[0].partition("\nOptions:\n")
            self.assertLessEqual(max(map(len, (text + options).splitlines())), 60)
            for option in re.split(r"^  (?=-)", options, flags=re.M)[1:]:
                self.assertRegex(option, r"(?s)^-\S+(, --\S+)?( [A-Z]\S*)?\s+\S+ \S", f"{command}: no help for {option}")

    def test_wrong_usage_says_what_was_expected(self):
        for arguments, expected in ((["run"], "expected a configuration: bbprompt run FILE.yaml, found nothing"),
                                    (["report"], "bbprompt report RUN, found nothing"),
                                    (["repotr"], "did you mean \"report\"?"),
                                    (["run", "--ste", "a=1", "x.yaml"], "did you mean \"--set\"?"),
                                    (["plan", "x.yaml", "--spread", "wide"], "expected a number"),
                                    (["run", *self.experiment(), "--time-left", "30"], "more than --stop-before")):
            self.assertIn(expected, self.call(*arguments, expect=2)[1])

    def test_wrong_usage(self):
        for arguments in ([], ["runn"], ["run"], ["run", "--no-such-option", "x.yaml"], ["report"],
                          ["report", "x", "--csv", "--json"], ["run", "x.yaml", "--progress", "loud"]):
            self.call(*arguments, expect=2)
        for arguments in (["--help"], ["--version"], ["run", "--help"], ["plan", "--help"], ["validate", "--help"],
                          ["report", "--help"], ["status", "--help"]):
            shown, _ = self.call(*arguments)
            self.assertTrue(shown)


class CorruptModels(support.RunCase):
    """Every broken model folder is refused by name, through the whole program."""

    def test_every_case_is_refused_naming_the_file(self):
        corrupt = SHARED / "models/corrupt"
        if not corrupt.exists():
            self.skipTest("the folder of shared models is absent")
        cases = json.loads((corrupt / "cases.json").read_text())
        self.assertGreater(len(cases), 60)
        for case in cases:
            with self.subTest(file=case["file"]):
                model = self.folder / "model"
                shutil.rmtree(model, ignore_errors=True)
                shutil.copytree(corrupt / case["base"], model)
                shutil.copyfile(corrupt / case["file"], model / case["replaces"])
                _, errors = self.call("validate", *self.experiment(**{"model.path": model}), expect=1)
                self.assertIn(str(model / case["replaces"]), errors)


if __name__ == "__main__":
    support.main()
