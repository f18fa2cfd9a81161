"""Makes the model and the finished run that the end-to-end tests share (support.py), before they all need them."""

import support


class FinishedRun(support.RunCase):
    def test_it_is_there(self):
        self.finished_run()
        self.assertTrue((self.folder / "run/results.h5").exists())


if __name__ == "__main__":
    support.main()
