"""Reads a run's CSV and JSON with Python's own readers and compares them with what
report_table_test.cpp put in. Prints nothing when all is well.

usage: check_data.py TRIALS_CSV REPORT_JSON"""

import csv
import json
import math
import sys

with open(sys.argv[1], newline="", encoding="utf-8", errors="surrogateescape") as file:
    rows = list(csv.DictReader(file, strict=True))
with open(sys.argv[2], encoding="utf-8") as file:
    report = json.load(file)

assert [row["id"] for row in rows] == [
    "mrpc-soft-s1", "trec-soft-s1", "mrpc-discrete-s1", "mrpc-soft-s2", "mrpc-soft-s3",
    "mrpc-discrete-s2"]
first, second, third, fourth, fifth, failed = rows
assert all(None not in row and None not in row.values() for row in rows)
assert first["prompt"] == 'say "yes",\r\nor no \u2014 now'
assert float(first["test_metric"]) == 0.1 + 0.2
assert int(first["seed"]) == 2**64 - 1
assert (first["dev_metric"], first["dev_loss"], first["manual_test_loss"]) == ("0.9", "0.4", "0.75")
assert (first["search_queries"], first["dev_queries"], first["generations"]) == ("100", "0", "0")
assert math.isnan(float(second["dev_loss"])) and second["dev_metric"] == "0.25"
assert float(third["fitness"]) == math.inf
assert fourth["prompt"].encode("utf-8", "surrogateescape") == b"cut \xe2\x80"
assert (failed["state"], failed["test_metric"], failed["fitness"]) == ("failed", "", "")
assert failed["failure"] == "server gone\nafter 5 tries"
assert failed["manual_test_metric"] == "0.5"

trials = report["trials"]
assert [list(trial) for trial in trials] == [list(rows[0])] * 6
assert trials[0]["test_metric"] == 0.1 + 0.2 and trials[0]["seed"] == 2**64 - 1
assert trials[0]["prompt"] == first["prompt"]
assert trials[1]["dev_loss"] is None and trials[2]["fitness"] is None
assert trials[3]["prompt"] == "cut \ufffd"
assert trials[5]["test_metric"] is None
assert report["matrix"][2]["method"] == "soft" and report["matrix"][2]["best"] is True
assert math.isclose(report["matrix"][2]["mean"], (0.1 + 0.2 + 0.7 + 0.9) / 3, rel_tol=1e-15)
assert report["tests"] == []  # no seed in common
assert report["run"] == {"version": "0.1.0", "name": "sample", "config_hash": "c0ffee",
                         "build": "GCC", "num_ranks": 2}
soft, discrete, trec = report["summary"]
tests = [0.1 + 0.2, 0.7, 0.9]
mean = sum(tests) / 3
deviation = math.sqrt(sum((value - mean) ** 2 for value in tests) / 2)
assert soft["test"]["n"] == 3 and soft["done"] == 3 and soft["failed"] == 0
assert math.isclose(soft["test"]["mean"], mean, rel_tol=1e-15)
assert math.isclose(soft["test"]["deviation"], deviation, rel_tol=1e-14)
assert soft["best_trial"] == "mrpc-soft-s2"
assert discrete["failed"] == 1 and discrete["test"] == {"n": 1, "mean": 0.45, "deviation": None}
assert trec["task"] == "trec"
