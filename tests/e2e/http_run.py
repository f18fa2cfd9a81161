"""A small experiment whose model is the fault server of tests/servers, and ways to run it under faults."""

import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))

import support
import toy_tokenizer
from started_server import StartedServer

# The probe's prompt; faults that are not about the probe leave it alone.
PROBE = "the waiter kind"
LABELS = (" good", " bad")
KEY = "sesame-street-42"

TASK = """name: toy
train: {data}/train.csv
dev: {data}/dev.csv
test: {data}/test.csv
columns: {{text_a: text, label: label}}
template: "{{prompt}} {{text_a}} It was {{mask}}"
labels: {{negative: bad, positive: good}}
metric: accuracy
"""

EXPERIMENT = """name: faults
task: task.yaml
few_shot: {train_per_class: 2, dev_per_class: 2, max_test: 6}
prompt: {kind: discrete, length: 2, discrete: {relaxation: index, num_candidates: 20}}
optimizer: {kind: random_search, random_search: {population_size: 4}}
budget: {evaluations: 20}
seeds: [1]
failures: {policy: fail_trial, max_attempts: 1}
"""

# Limits that end a silence soon and leave a slow machine time.
SETTINGS = {"model.kind": "server", "model.name": "toy", "model.max_tokens": 512, "model.tries": 5, "model.requests": 4,
            "model.patience_seconds": 8, "model.times.first_byte_seconds": 5, "model.times.stall_seconds": 3,
            "model.times.total_seconds": 30}


class HttpRunCase(support.RunCase):
    def setUp(self):
        super().setUp()
        data = support.SOURCE / "configs/quickstart/reviews"
        (self.folder / "task.yaml").write_text(TASK.format(data=data))
        (self.folder / "faults.yaml").write_text(EXPERIMENT)
        toy_tokenizer.made_of_words().write(self.folder / "tokenizer")
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.end()
        super().tearDown()

    def server(self, *arguments):
        """A fault server that lives as long as the test, or shorter; its log is in self.folder/log-N."""
        log = self.folder / f"log-{len(self.servers)}"
        server = StartedServer("--favour", ",".join(LABELS), "--log", log, "--seconds", support.TIMEOUT, *arguments)
        server.log = log
        self.servers.append(server)
        return server

    def run_against(self, server, out="run", ranks=0, expect=0, **overrides):
        """Runs the experiment; returns all that was printed."""
        settings = {**SETTINGS, "model.url": f"[\"{overrides.pop('url', server.url)}\"]",
                    "model.tokenizer": self.folder / "tokenizer", **overrides}
        options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        output, errors = self.call("run", self.folder / "faults.yaml", *options, "--out", out, "--progress", "none",
                                   ranks=ranks, expect=expect)
        log = self.folder / out / "run.log"
        return output + errors + (log.read_text() if log.exists() else "")

    def fault_free(self, *arguments, **overrides):
        """(digest, counters of the server) of the same experiment on a server of the same shape without faults."""
        name, server = f"free-{len(self.servers)}", self.server(*arguments)
        self.run_against(server, out=name, **overrides)
        return self.digest(name), server.stats()

    def most_tries(self, server):
        """The most requests for the same thing until it was answered rightly, without those of the probe."""
        tries, most = collections.Counter(), 0
        for line in server.log.read_text().splitlines():
            record = json.loads(line)
            text = record["body"] + "".join(map(text_of, record["prompts"]))
            if record["method"] != "POST" or "completion" not in record["path"] or PROBE in text:
                continue
            key = (record["path"], record["body"])
            tries[key] += 1
            most = max(most, tries[key])
            if record["status"] == 200 and record["behaviour"] is None:
                tries[key] = 0
        return most


def text_of(ids, tokenizer=toy_tokenizer.made_of_words()):
    return tokenizer.decode(ids)
