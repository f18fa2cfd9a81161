"""What is asked of the model is logged when one wants it, and what a stop left open is not paid for twice."""

import collections
import csv
import json
import os
import random
import signal
import time

import support


class QueryLog(support.RunCase):
    def lines(self, folder):
        lines = []
        for path in sorted((self.folder / folder).glob("*.jsonl")):
            text = path.read_text()
            self.assertTrue(not text or text.endswith("\n"))  # a worker that was stopped early asked nothing
            lines += [json.loads(line) for line in text.splitlines()]
        return lines

    @staticmethod
    def counted(lines):
        """How often each shard of each prompt was really asked."""
        return collections.Counter((line["trial"], line["point"], line["split"], line["begin"], line["end"])
                                   for line in lines if line["status"] == "ok")

    def test_it_has_every_query_that_the_report_counts(self):
        self.call("run", *self.experiment(), "--out", "run", "--query-log", "log", ranks=3)
        paid = collections.Counter()
        for line in self.lines("log"):
            self.assertEqual(line["queries"], line["end"] - line["begin"])
            paid[line["trial"]] += line["queries"]
        rows = list(csv.DictReader(self.call("report", "run", "--csv")[0].splitlines()))
        counted = {row["id"]: sum(int(row[f"{purpose}_queries"]) for purpose in ("search", "dev", "test"))
                   for row in rows}
        self.assertEqual(dict(paid), counted)
        self.assertEqual(len(list((self.folder / "log").iterdir())), 2)  # one for each worker

    def num_asked(self):
        return sum(path.read_text().count("\n") for path in (self.folder / "log").glob("*.jsonl"))

    def test_stopped_many_times_it_pays_only_for_what_was_running(self):
        experiment = self.experiment(seeds="[1,2]")
        self.call("run", *experiment, "--out", "whole", "--query-log", "whole-log")
        chance = random.Random(7)
        stops = 0
        while stops < 6:
            enough = self.num_asked() + chance.randint(15, 60)
            process = self.start("run", *experiment, "--out", "run", "--query-log", "log", "--progress", "none", ranks=3)
            while process.poll() is None and self.num_asked() < enough:
                time.sleep(0.01)
            ended = process.poll() is not None
            if not ended:
                # To the launcher, which passes it to all, or to the master alone.
                target = chance.choice([process.pid, None])
                if target:
                    process.send_signal(signal.SIGUSR1)
                else:
                    master = support.rank_processes(process.pid).get(0)
                    if master:
                        os.kill(master, signal.SIGTERM)
            _, errors = process.communicate(timeout=support.TIMEOUT)
            if process.returncode == 0:
                break
            self.assertEqual(process.returncode, 3, errors)
            stops += 1
        self.assertGreater(stops, 1)
        self.call("run", *experiment, "--out", "run", "--query-log", "log", ranks=3)
        self.assertEqual(self.digest("run"), self.digest("whole"))
        whole, paid = self.counted(self.lines("whole-log")), self.counted(self.lines("log"))
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
