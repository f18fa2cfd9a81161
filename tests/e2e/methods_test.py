"""Every method of configs/eight_datasets.yaml gives the same bits on any number of ranks and after a kill."""

import support


class Methods(support.RunCase):
    def experiment(self, **overrides):
        settings = {"seeds": "[1]", "profile": "quick", "sweep.axes.task": "[quickstart/reviews.yaml]",
                    "budget": "{evaluations: 44, queries: 0}", "prompt.length": "3",
                    "few_shot": "{train_per_class: 4, dev_per_class: 3, max_test: 16}"}
        settings.update(overrides)
        options = []
        for key, value in settings.items():
            options += ["--set", f"{key}={value}"]
        return [str(support.SOURCE / "configs/eight_datasets.yaml"), *options]

    def test_one_digest_on_any_number_of_ranks_and_after_kills(self):
        experiment = self.experiment()
        self.call("run", *experiment, "--out", "alone")
        expected = self.digest("alone")
        for ranks in (2, 4):
            with self.subTest(ranks=ranks):
                self.call("run", *experiment, "--out", f"ranks{ranks}", ranks=ranks)
                self.assertEqual(self.digest(f"ranks{ranks}"), expected)
        for kill in range(4):
            process = self.start("run", *experiment, "--out", self.folder / "killed", ranks=3)
            self.wait_for_checkpoint(self.folder / "killed", process, count=3 + 5 * kill)
            support.kill_all(process)
        self.call("run", *experiment, "--out", "killed", ranks=3)
        self.assertEqual(self.digest("killed"), expected)
        files = [file.name for file in (self.folder / "killed" / "trials").iterdir()]
        self.assertFalse([name for name in files if "checkpoint" in name], files)


if __name__ == "__main__":
    support.main()
