"""Reads files of the store with h5py, a reader of its own, and compares them with the values that
sample_records.cpp states. Prints nothing when all is well; fails with an AssertionError otherwise.

usage: check_layout.py RESULTS CHECKPOINT"""

import hashlib
import math
import sys

import h5py
import numpy as np


def check_seal(path, kind):
    data = open(path, "rb").read()
    lines = data[:512].rstrip(b"\0").decode("ascii").split("\n")
    assert lines == [
        "bbprompt-hdf5", "schema 2", "kind " + kind, "size %d" % len(data),
        "sha256 " + hashlib.sha256(data[512:]).hexdigest(), ""], lines


def attributes(node, **expected):
    for name, value in expected.items():
        found = node.attrs[name]
        found = found.decode() if isinstance(found, bytes) else found
        same = found == value or (isinstance(value, float) and math.isnan(value) and math.isnan(found))
        assert same and np.ndim(found) == 0, (node.name, name, found, value)
    assert set(node.attrs) == set(expected), (node.name, set(node.attrs) ^ set(expected))


def array(node, dtype, expected):
    expected = np.asarray(expected, dtype=dtype)
    assert node.dtype == np.dtype(dtype), (node.name, node.dtype)
    assert node.shape == expected.shape, (node.name, node.shape)
    # Bit patterns: NaN equals NaN, and 0.0 is not -0.0.
    assert node[()].tobytes() == expected.tobytes(), (node.name, node[()])


def text(node, expected):
    assert node.shape == () and node[()] == expected.encode(), (node.name, node[()])


def texts(node, expected):
    assert [item.decode() for item in node[()]] == expected, (node.name, node[()])


def children(node, *expected):
    assert set(node) == set(expected), (node.name, set(node) ^ set(expected))


def check_run(run):
    attributes(run, version="0.1.0", name="sample", config_hash="c0ffee")
    children(run, "config_given", "config_resolved", "timings")
    text(run["config_given"], "name: sample  # as given\n")
    text(run["config_resolved"], "name: sample\nseed: 1\n")
    attributes(run["timings"], build="GCC 12.2.0, OpenBLAS", num_ranks=4)
    children(run["timings"], "config_folder")
    text(run["timings/config_folder"], "/home/someone/configs")


def check_generations(table):
    nan = math.nan
    columns = {
        "generation": [0, 3], "num_evaluations": [20, 40], "num_queries": [640, 1280],
        "best_fitness": [1.25, 0.0625], "median_fitness": [1.5, 1.0], "worst_fitness": [2.0, 1.75],
        "incumbent_fitness": [1.25, 0.0625], "sigma": [1.0, 0.1], "axis_ratio": [1.0, 1.5],
        "dev_metric": [nan, 0.5], "dev_loss": [nan, 0.875]}
    children(table, *columns)
    for name, values in columns.items():
        array(table[name], "<i8" if isinstance(values[0], int) else "<f8", values)


def check_split(split, metric, predicted):
    attributes(split, metric=metric, accuracy=metric + 0.125, loss=2.0 - metric)
    array(split["predicted"], "<i4", predicted)


def check_manual(manual):
    attributes(manual, generation=-1, fitness=1.5)
    prompt = manual["prompt"]
    attributes(prompt, kind="manual", num_layers=1)
    children(prompt, "text", "ids", "tokens", "point", "vectors", "base_ids")
    text(prompt["text"], "What is asked for \u2014 a place?")
    array(prompt["ids"], "<i4", [])
    texts(prompt["tokens"], [])
    array(prompt["vectors"], "<f4", np.zeros((0, 0)))
    children(manual["splits"], "test")
    check_split(manual["splits/test"], 0.25, [0, 0, 1, 2])


def check_best(best):
    attributes(best, generation=3, fitness=0.0625)
    prompt = best["prompt"]
    attributes(prompt, kind="soft", num_layers=2)
    text(prompt["text"], "nearest words")
    array(prompt["ids"], "<i4", [1015, 7])
    texts(prompt["tokens"], ["\u0120nearest", "words"])
    array(prompt["point"], "<f8", [0.1, -0.0, 1e-310])
    array(prompt["vectors"], "<f4", [[1, 2, 3], [4, 5, 0.1]])
    array(prompt["base_ids"], "<i4", [11])
    children(best["splits"], "dev", "test")
    check_split(best["splits/dev"], 0.5, [])
    check_split(best["splits/test"], 0.75, [0, 1, 2, 2])
    children(best["splits/dev"], "predicted")
    array(best["splits/test/label_scores"], "<f4", [[1, 0, -1], [0.5, 2, 0.25], [0, 0.1, 3], [-1, 0, 7]])


def check_usage(usage):
    names = ["num_evaluations", "num_queries", "num_calls", "num_tokens", "num_truncated", "num_bounded",
             "num_cached", "num_failed"]
    charges = dict.fromkeys(["num_requests", "num_prompt_tokens", "num_completion_tokens", "num_cut_answers"], 0)
    rows = {"search": [40, 1280, 80, 99000, 3, 0, 5, 1], "dev": [2, 6, 4, 400, 0, 0, 1, 0],
            "test": [2, 8, 3, 500, 1, 0, 0, 0]}
    children(usage, *rows)
    for purpose, values in rows.items():
        attributes(usage[purpose], **dict(zip(names, values)), **charges)


def check_trial(trial, state, stop_reason):
    digest = trial.attrs["digest"].decode()
    assert len(digest) == 64
    attributes(
        trial, id="trec-soft-s1", task="trec", method="soft", seed=2**64 - 1, config_hash="beef",
        model="roberta-tiny", model_fingerprint="f00d", metric="accuracy",
        objective="cross_entropy", state=state, stop_reason=stop_reason, digest=digest)
    assert trial.attrs["seed"].dtype == np.uint64
    children(trial, "failure", "config", "labels", "notes", "settings", "candidate_texts", "position_shares", "gold",
             "generations", "manual", "best", "usage", "timings")
    text(trial["failure"], "")
    text(trial["config"], "task: trec\n")
    texts(trial["labels"], ["LOC", "NUM", "gr\u00f6\u00dfer"])
    texts(trial["notes"], ['answer word "n\u00fc" has 2 tokens', "3 texts were cut"])
    texts(trial["settings"], ["task=trec", "prompt.length=2"])
    texts(trial["candidate_texts"], ["which", " gr\u00fc\u00df e", "place"])
    array(trial["position_shares"], "<f8", [[0.25, 0.5, 0.25], [0, 1 / 3, 2 / 3]])
    children(trial["gold"], "dev", "test")
    array(trial["gold/dev"], "<i4", [2, 1, 0])
    array(trial["gold/test"], "<i4", [0, 1, 2, 0])
    check_generations(trial["generations"])
    check_manual(trial["manual"])
    check_best(trial["best"])
    check_usage(trial["usage"])
    timings = trial["timings"]
    attributes(timings, host="node-7", started_at="2024-05-06T07:08:09Z", seconds=12.5)
    array(timings["generation_seconds"], "<f8", [3.5, 7.25])


def check_results(path):
    check_seal(path, "results")
    with h5py.File(path, "r") as file:
        assert file.userblock_size == 512
        attributes(file, schema=2, kind="results", digest=file.attrs["digest"].decode())
        children(file, "run", "trials", "trial_order")
        check_run(file["run"])
        texts(file["trial_order"], ["trec-soft-s1", "a-failed", "empty \u2205"])
        children(file["trials"], "trec-soft-s1", "a-failed", "empty \u2205")
        check_trial(file["trials/trec-soft-s1"], "done", "budget")
        failed = file["trials/a-failed"]
        # h5py ends a string at its first NUL; the bytes behind it are in the file all the same.
        assert failed["failure"][()] == b"server said \xff"
        assert failed["failure"].dtype.itemsize == len(b"server said \xff\0 and hung up\0")
        assert h5py.check_string_dtype(failed["failure"].dtype).encoding == "ascii"
        assert h5py.check_string_dtype(failed["config"].dtype).encoding == "utf-8"
        empty = file["trials/empty \u2205"]
        children(empty["gold"])
        children(empty["best/splits"])
        array(empty["generations/sigma"], "<f8", [])
        array(empty["best/prompt/vectors"], "<f4", np.zeros((0, 0)))
        array(empty["position_shares"], "<f8", np.zeros((0, 0)))
        texts(empty["candidate_texts"], [])


def check_checkpoint(path):
    check_seal(path, "checkpoint")
    with h5py.File(path, "r") as file:
        attributes(file, schema=2, kind="checkpoint")
        children(file, "trials", "trial_order", "checkpoint")
        check_trial(file["trials/trec-soft-s1"], "running", "")
        saved = file["checkpoint"]
        attributes(saved, incumbent_fitness=0.0625, version="0.1.0")
        array(saved["incumbent"], "<f8", [0.75, 1 / 3])
        optimizer = saved["optimizer"]
        attributes(optimizer, kind="cma_es")
        children(optimizer["arrays"], "covariance", "mean", "no_columns", "nothing")
        array(optimizer["arrays/covariance"], "<f8", [[1, 2, 3], [4, 5, 6]])
        array(optimizer["arrays/mean"], "<f8", [[0.5], [-0.5]])
        array(optimizer["arrays/no_columns"], "<f8", np.zeros((2, 0)))
        array(optimizer["arrays/nothing"], "<f8", np.zeros((0, 0)))
        children(optimizer["integers"], "generation", "num_drawn")
        array(optimizer["integers/generation"], "<i8", 4)
        array(optimizer["integers/num_drawn"], "<i8", -9007199254740993)
        selection = saved["selection"]
        array(selection["points"], "<f8", [[1, 2], [4, 5]])
        array(selection["fitness"], "<f8", [0.25, 0.5])
        array(selection["generation"], "<i8", [2, 3])
        array(selection["label_means"], "<f8", [[0.5, math.nan], [-0.25, math.nan]])
        texts(selection["scored"], ["1015 7", "3 1015"])
        array(saved["incumbent_label_means"], "<f8", [-3, -4])
        opened = saved["open"]
        attributes(opened, fingerprint="0pen")
        columns = {"member": [0, 5], "begin": [16, 0], "num_scores": [2, 1], "num_queries": [1, 6],
                   "num_calls": [3, 7], "num_tokens": [21, 8], "num_truncated": [4, 9], "num_bounded": [0, 0],
                   "num_requests": [0, 0], "num_prompt_tokens": [0, 0], "num_completion_tokens": [0, 0],
                   "num_cut_answers": [0, 0]}
        children(opened, "scores", *columns)
        array(opened["scores"], "<f8", [-0.5, -1.5, 0.25])
        for name, values in columns.items():
            array(opened[name], "<i8", values)
        cache = saved["cache"]
        children(cache, "prompts", "losses", "label_means")
        texts(cache["prompts"], ["1015 7", "7 7", "3 1015"])
        array(cache["losses"], "<f8", [0.5, 0.0625, 2])
        array(cache["label_means"], "<f8", [[-1, -2], [-3, -4], [-5, -0.1]])


check_results(sys.argv[1])
check_checkpoint(sys.argv[2])
