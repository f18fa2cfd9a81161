"""What is asked of the model is logged when one wants it, and what a stop left open is not paid for twice."""

import collections
import csv
import json
import os
import random
import signal

import support


class QueryLog(support.RunCase):
    def lines(self, folder):
        lines = []
        for path in sorted((self.folder / folder).glob("*.jsonl")):
            text = path.read_text()
            self.assertTrue(text.endswith("\n"))
            lines += [json.loads(line) for line in text.splitlines()]
        return lines

    @staticmethod
    def counted(lines):
        """How often each shard of each prompt was really asked."""
        return collections.Counter((line["trial"], line["point"], line["split"], line["begin"], line["end"])
                                   for line in lines if line["status"] == "ok")

    def test_it_has_every_query_that_the_report_counts(self):
        self.finished_run()
        paid = collections.Counter()
        for line in self.lines("run-log"):
            self.assertEqual(line["queries"], line["end"] - line["begin"])
            paid[line["trial"]] += line["queries"]
        rows = list(csv.DictReader(self.call("report", "run", "--csv")[0].splitlines()))
        counted = {row["id"]: sum(int(row[f"{purpose}_queries"]) for purpose in ("search", "dev", "test"))
                   for row in rows}
        self.assertEqual(dict(paid), counted)
        self.assertEqual(len(list((self.folder / "run-log").iterdir())), 2)  # one for each worker

    def stop(self, process, is_by_launcher):
        """Through the launcher, which passes the signal to all, or by a signal to the master alone."""
        if is_by_launcher:
            process.send_signal(signal.SIGUSR1)
        else:
            os.kill(support.rank_processes(process.pid)[0], signal.SIGTERM)
        self.gate().open()
        _, errors = process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 3, errors)

    def test_stopped_many_times_it_pays_only_for_what_was_running(self):
        experiment = self.experiment(seeds="[1,2]")
        self.call("run", *experiment, "--out", "whole", "--query-log", "whole-log")
        arguments = ("run", *experiment, "--out", "run", "--progress", "none")
        chance = random.Random(7)
        stops = 5
        for stop in range(stops):
            process = self.start_and_hold(*arguments, items=chance.randint(10, 30), ranks=3, until=())
            self.stop(process, is_by_launcher=stop % 2 == 0)
        self.call(*arguments, "--query-log", "rest", ranks=3)
        self.assertEqual(self.digest("run"), self.digest("whole"))
        whole, paid = self.counted(self.lines("whole-log")), self.counted(self.gate().lines + self.lines("rest"))
        self.assertEqual(whole - paid, collections.Counter())
        again = paid - whole
        print(f"{stops} stops, {sum(whole.values())} items, {sum(again.values())} paid again")
        self.assertLessEqual(sum(again.values()), 2 * stops, again)  # one at each of two workers
        log = (self.folder / "run/run.log").read_text()
        self.assertIn("results of the open group are in the checkpoint, not asked again", log)

    def test_a_folder_that_cannot_be_written_is_told(self):
        _, errors = self.call("run", *self.experiment(), "--out", "run", "--query-log", "/proc/no", expect=1)
        self.assertIn("--query-log", errors)


if __name__ == "__main__":
    support.main()
