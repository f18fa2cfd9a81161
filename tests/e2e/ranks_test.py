"""The same configuration and seed give the same bits on any number of ranks."""

import support


class Ranks(support.RunCase):
    def test_every_number_of_ranks_gives_the_digest_of_one_process(self):
        experiment = self.experiment()
        self.call("run", *experiment, "--out", "alone")
        expected = self.digest("alone")
        self.assertRegex(expected, r"^[0-9a-f]{64}$")
        for ranks in (1, 2, 3, 4, 8):
            with self.subTest(ranks=ranks):
                self.call("run", *experiment, "--out", f"ranks{ranks}", ranks=ranks)
                self.assertEqual(self.digest(f"ranks{ranks}"), expected)

    def test_another_seed_gives_another_digest(self):
        self.call("run", *self.experiment(), "--out", "one")
        self.call("run", *self.experiment(seeds="[2]"), "--out", "two")
        self.assertNotEqual(self.digest("one"), self.digest("two"))


if __name__ == "__main__":
    support.main()
