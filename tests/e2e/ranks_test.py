"""The same configuration and seed give the same bits on any number of ranks."""

import support


class Ranks(support.RunCase):
    def test_every_number_of_ranks_gives_the_digest_of_one_process(self):
        # The whole model: its products are large enough for the kernels of the BLAS to share out.
        experiment = self.experiment(**{"model.path": support.SOURCE / support.QUICKSTART_MODEL, "budget.evaluations": 12})
        self.call("run", *experiment, "--out", "alone")
        expected = self.digest("alone")
        self.assertRegex(expected, r"^[0-9a-f]{64}$")
        for ranks in (1, 2, 3, 5, 8):
            with self.subTest(ranks=ranks):
                self.call("run", *experiment, "--out", f"ranks{ranks}", ranks=ranks)
                self.assertEqual(self.digest(f"ranks{ranks}"), expected)


if __name__ == "__main__":
    support.main()
