"""Every method of the shipped configurations gives the same bits on any number of ranks and after a kill."""

import support


class Methods(support.RunCase):
    def configuration(self, name, **overrides):
        settings = {"model.path": support.model(), "seeds": "[1]", "sweep.axes.task": "[%s]" % (support.SOURCE / "configs/quickstart/reviews.yaml"),
                    "budget": "{evaluations: 44, queries: 0}",
                    "few_shot": "{train_per_class: 4, dev_per_class: 3, max_test: 16}"}
        settings.update(overrides)
        options = []
        for key, value in settings.items():
            options += ["--set", f"{key}={value}"]
        return [str(support.SOURCE / "configs" / name), *options]

    def digest_of(self, experiment, folder, ranks=0):
        self.call("run", *experiment, "--out", folder, ranks=ranks)
        return self.digest(folder)

    def test_eight_datasets_on_any_number_of_ranks_and_after_kills(self):
        experiment = self.configuration("eight_datasets.yaml", **{
            "profile": "quick",
            "sweep.variations": "[{when: {variant: cat_cma}, values: {prompt.length: [2], objective.kind: [hinge]}}]"})
        expected = self.digest_of(experiment, "alone")
        for ranks in (2, 4):
            with self.subTest(ranks=ranks):
                self.assertEqual(self.digest_of(experiment, f"ranks{ranks}", ranks), expected)
        for kill in range(4):
            process = self.start_and_hold("run", *experiment, "--out", "killed", items=20 + 10 * kill, ranks=3)
            support.kill_all(process)
        self.assertEqual(self.digest_of(experiment, "killed", ranks=3), expected)
        files = [file.name for file in (self.folder / "killed" / "trials").iterdir()]
        self.assertFalse([name for name in files if "checkpoint" in name], files)

    def test_relaxations_and_soft_prompts_on_any_number_of_ranks(self):
        for name in ("relaxations", "soft_prompts"):
            experiment = self.configuration(f"analyses/{name}.yaml")
            expected = self.digest_of(experiment, f"{name}-alone")
            for ranks in (2, 4):
                with self.subTest(configuration=name, ranks=ranks):
                    self.assertEqual(self.digest_of(experiment, f"{name}-{ranks}", ranks), expected)


if __name__ == "__main__":
    support.main()
