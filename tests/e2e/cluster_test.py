"""Parts of a sweep that run apart, and runs that stop before their time is over."""

import time

import support


class Shards(support.RunCase):
    def test_parts_reported_together_are_the_whole_sweep(self):
        experiment = self.experiment(seeds="[1,2]")
        self.call("run", *experiment, "--out", "whole", ranks=3)
        parts = []
        for index in (1, 2, 3, 4):
            parts.append(f"part{index}")
            self.call("run", *experiment, "--out", parts[-1], "--shard", f"{index}/4")
        whole = self.call("report", "whole", "--csv")[0].splitlines()
        together = self.call("report", *parts, "--csv")[0].splitlines()
        # Times and the run's name differ; all else is the same, in the order of the sweep.
        self.assertEqual(self.without_times(whole), self.without_times(together))
        self.assertEqual(len(whole), 1 + 8)

    @staticmethod
    def without_times(lines):
        names = lines[0].split(",")
        kept = [i for i, name in enumerate(names) if name not in ("seconds", "host", "started_at", "run")]
        return [",".join(line.split(",")[i] for i in kept) for line in lines]

    def test_a_part_is_refused_in_the_folder_of_another(self):
        experiment = self.experiment()
        self.call("run", *experiment, "--out", "run", "--shard", "1/2")
        other = self.call("run", *experiment, "--out", "run", "--shard", "2/2", expect=2)[1]
        self.assertIn("no trial in common", other)
        self.assertIn("expected I/N", self.call("run", *experiment, "--shard", "3/2", expect=2)[1])
        self.assertIn("no trial is left", self.call("plan", *experiment, "--shard", "9/9", expect=2)[1])


class TimeLeft(support.RunCase):
    def test_a_run_stops_in_time_and_goes_on_to_the_same_digest(self):
        experiment = self.experiment(seeds="[1,2]")
        arguments = ("run", *experiment, "--out", "parts")
        self.call("run", *experiment, "--out", "whole")
        # The workers get no further until the time is over.
        held = self.gate()
        process = self.start(*arguments, "--time-left", "3s", "--stop-before", "1s", "--query-log", held.log, ranks=3,
                             program=held.program)
        _, errors = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 3, errors)
        self.assertIn("the end of its time", errors)
        self.environment["SLURM_JOB_END_TIME"] = str(int(time.time()) + 30)
        self.assertIn("the end of its time", self.call(*arguments, "--stop-before", "1h", expect=3)[1])
        del self.environment["SLURM_JOB_END_TIME"]
        self.call(*arguments, ranks=3)
        self.assertEqual(self.digest("parts"), self.digest("whole"))

    def test_durations_that_are_none_are_refused(self):
        errors = self.call("run", *self.experiment(), "--time-left", "soon", expect=2)[1]
        self.assertIn("expected a duration", errors)


if __name__ == "__main__":
    support.main()
