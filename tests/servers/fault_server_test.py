"""The fault server answers rightly and repeatably, and each of its faults is the one it says.

Usage: fault_server_test.py [RECORDINGS] -- folder of recorded llama.cpp answers; tests that read it skip without it
"""

import http.client
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import toy_tokenizer
from started_server import FOLDER, StartedServer

RECORDINGS = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
PROMPT = "Review: the food was good. Verdict:"
ASK = {"model": "toy", "prompt": PROMPT, "max_tokens": 1, "temperature": 0, "logprobs": 5}
COMPLETIONS = "/v1/completions"


def shape_of(value):
    """Names and types of a JSON value; of a list those of its first entry."""
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__


class Answers(unittest.TestCase):
    """Right answers."""

    def test_values_are_log_probabilities_whatever_the_way(self):
        tokenizer = toy_tokenizer.made_of_words()
        ids = tokenizer.encode(PROMPT)
        with StartedServer() as server, StartedServer("--shape", "llama") as llama:
            whole = llama.post("/completion", {"prompt": ids, "n_predict": 1, "temperature": 0, "n_probs": tokenizer.size})
            values = {entry["id"]: entry["logprob"] for entry in whole["completion_probabilities"][0]["top_logprobs"]}
            self.assertEqual(len(values), tokenizer.size)
            self.assertAlmostEqual(math.fsum(map(math.exp, values.values())), 1.0, delta=1e-9)
            label = tokenizer.encode(" terrible")[0]
            named = server.post(COMPLETIONS, {**ASK, "prompt": ids, "logprob_token_ids": [label],
                                              "return_tokens_as_token_ids": True})
            top = named["choices"][0]["logprobs"]["top_logprobs"][0]
            self.assertEqual(top[f"token_id:{label}"], values[label])
            self.assertEqual(len(top), 6)
            self.assertEqual(list(top.values())[:5], sorted(values.values(), reverse=True)[:5])
            echo = server.post(COMPLETIONS, {**ASK, "prompt": PROMPT + " terrible", "echo": True, "max_tokens": 0})
            lists = echo["choices"][0]["logprobs"]
            self.assertEqual("".join(lists["tokens"]), PROMPT + " terrible")
            self.assertEqual(lists["token_logprobs"][-1], values[label])
            self.assertIsNone(lists["token_logprobs"][0])
            forced = llama.post("/completion", {"prompt": ids, "n_predict": 1, "temperature": 0, "n_probs": 1,
                                                "logit_bias": [[label, 100]]})
            self.assertEqual(forced["completion_probabilities"][0]["logprob"], values[label])

    def test_lifted_labels_are_normalised_among_themselves(self):
        tokenizer = toy_tokenizer.made_of_words()
        labels = [tokenizer.encode(word)[0] for word in (" good", " bad")]
        ask = {"prompt": PROMPT, "n_predict": 1, "temperature": 1, "top_k": 0, "top_p": 1.0, "min_p": 0, "n_probs": 4}
        with StartedServer("--shape", "llama") as server:
            bare = server.post("/completion", {**ask, "n_probs": tokenizer.size})
            values = {entry["id"]: entry["logprob"] for entry in bare["completion_probabilities"][0]["top_logprobs"]}
            lifted = server.post("/completion", {**ask, "post_sampling_probs": True,
                                                 "logit_bias": [[label, 100] for label in labels]})
        found = {entry["id"]: entry["prob"] for entry in lifted["completion_probabilities"][0]["top_probs"]}
        wanted = math.exp(values[labels[0]]) / sum(math.exp(values[label]) for label in labels)
        self.assertAlmostEqual(found[labels[0]], wanted, delta=1e-9)

    def test_answers_are_the_same_bytes_in_any_order_and_process(self):
        asks = [{**ASK, "prompt": [number, 300, 301]} for number in range(20)]
        with StartedServer() as first, StartedServer() as second, StartedServer("--seed", "2") as other:
            there = [first.exchange("POST", COMPLETIONS, ask)[2] for ask in asks]
            back = [second.exchange("POST", COMPLETIONS, ask)[2] for ask in reversed(asks)]
            self.assertEqual(there, back[::-1])
            self.assertEqual(len(set(there)), 20)
            self.assertNotEqual(there[0], other.exchange("POST", COMPLETIONS, asks[0])[2])

    def test_shapes_refuse_what_they_do_not_know(self):
        messages = {"messages": [{"role": "user", "content": "good?"}], "max_tokens": 1, "temperature": 0}
        with StartedServer("--shape", "topk") as server:
            self.assertEqual(len(server.post(COMPLETIONS, ASK)["choices"][0]["logprobs"]["top_logprobs"][0]), 5)
            server.post(COMPLETIONS, {**ASK, "logprobs": 6}, expect=400)
            server.post(COMPLETIONS, {**ASK, "prompt": [1, 2]}, expect=400)
        with StartedServer("--shape", "chat", "--favour", "good") as server:
            server.post(COMPLETIONS, ASK, expect=404)
            ask = {**messages, "logprobs": True, "top_logprobs": 20}
            record = server.post("/v1/chat/completions", ask)["choices"][0]["logprobs"]["content"][0]
            self.assertEqual((len(record["top_logprobs"]), "id" in record), (20, False))
            server.post("/v1/chat/completions", {**ask, "top_logprobs": 21}, expect=400)
            good = toy_tokenizer.made_of_words().encode("good")[0]
            record = server.post("/v1/chat/completions", {**ask, "logit_bias": {good: 100}})
            self.assertAlmostEqual(record["choices"][0]["logprobs"]["content"][0]["logprob"], 0.0)  # after the bias
        with StartedServer("--shape", "text") as server:
            self.assertIsNone(server.post(COMPLETIONS, ASK)["choices"][0]["logprobs"])
        with StartedServer("--context", 20) as server:
            self.assertIn("maximum context length is 20 tokens",
                          server.post(COMPLETIONS, {**ASK, "prompt": [300] * 20}, expect=400)["error"]["message"])
            refused = server.post(COMPLETIONS, {**ASK, "logprobs": 21}, expect=400)
            self.assertIn("max allowed: 20", refused["error"]["message"])
        with StartedServer("--shape", "llama", "--context", 64) as server:
            self.assertEqual(server.post(COMPLETIONS, {**ASK, "prompt": [300] * 200})["usage"]["prompt_tokens"], 40)
            self.assertEqual(len(server.post(COMPLETIONS, {**ASK, "prompt": ["a", [300]]})), 2)
            server.post(COMPLETIONS, {**ASK, "echo": False}, expect=500)

    def test_key_is_asked_for_and_never_logged(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            with StartedServer("--api-key", "sesame", "--log", log) as server:
                server.post(COMPLETIONS, ASK, expect=401)
                status, _, _ = server.exchange("POST", COMPLETIONS, ASK, {"Authorization": "Bearer sesame"})
                self.assertEqual(status, 200)
            self.assertNotIn("sesame", log.read_text())

    def test_tokenizer_goes_there_and_back(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, FOLDER / "fault_server.py", "--write-tokenizer", folder], check=True)
            read, made = toy_tokenizer.read(folder), toy_tokenizer.made_of_words()
        for text in (PROMPT, "It's  12x\n\n caf\u00e9 \U0001f916 Good", " ", "  two"):
            self.assertEqual(read.encode(text), made.encode(text))
            self.assertEqual(made.decode(made.encode(text)), text)
        for word in toy_tokenizer.WORDS.read_text(encoding="utf-8").split():
            self.assertEqual(len(made.encode(" " + word)), 1, word)
        for word in toy_tokenizer.BARE_WORDS:
            self.assertEqual(len(made.encode(word)), 1, word)

    @unittest.skipUnless(RECORDINGS and RECORDINGS.is_dir(), "the recorded answers are not here")
    def test_llama_shape_has_the_recorded_names_and_types(self):
        with StartedServer("--shape", "llama") as server:
            for name in ("completions/prompt_string_logprobs5", "completions/prompt_string", "chat/logprobs_top5",
                         "completions/prompt_list_of_two_strings", "native_completion/n_probs_5", "native_completion/list_two",
                         "native_completion/logit_bias_pairs_post", "completions/echo_true", "completions/n_2",
                         "native_completion/return_tokens", "discovery/props", "discovery/v1_models", "discovery/health",
                         "discovery/tokenize_plain", "discovery/wrong_path", "completions/prompt_missing",
                         "completions/prompt_null"):
                recorded = json.loads((RECORDINGS / f"{name}.json").read_text())
                request, response = recorded["request"], recorded["response"]
                status, _, body = server.exchange(request["method"], request["path"], request["body"].encode() or None)
                with self.subTest(name):
                    self.assertEqual(status, response["status"])
                    self.assertEqual(shape_of(json.loads(body)), shape_of(json.loads(response["body"])))


class Counts(unittest.TestCase):
    """The log, the counters, and which requests meet a fault."""

    def test_log_and_counters(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            with StartedServer("--log", log, "--behaviour", "1:seconds=3000", "--window", 6000) as server:
                self.assertEqual(server.exchange("POST", COMPLETIONS, ASK)[0], 429)
                server.post(COMPLETIONS, ASK)
                server.post(COMPLETIONS, {**ASK, "prompt": ["good", [1, 2]]})
                server.post(COMPLETIONS, ASK)
                stats = server.stats()
                records = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual((stats["prompts_answered"], stats["prompts_answered_again"]), (4, 1))
        self.assertEqual((stats["peak_in_a_window"], stats["requests_during_retry_after"]), (4, 3))
        self.assertEqual(stats["behaviours"], {"1": 1})
        self.assertIn(stats["peak_connections"], (1, 2))  # the server may see a client come before one goes
        self.assertEqual([(record["behaviour"], record["status"], record["try"]) for record in records],
                         [(1, 429, 1), (None, 200, 2), (None, 200, 1), (None, 200, 3)])
        self.assertEqual(records[2]["prompts"][1], [1, 2])

    def test_tries_of_a_prompt_meet_the_same_faults_in_any_order(self):
        def statuses(server, prompts):
            return {(prompt, number): server.exchange("POST", COMPLETIONS, {**ASK, "prompt": [prompt]})[0]
                    for number in range(3) for prompt in prompts}
        with StartedServer("--behaviour", "8:select=fraction:0.5") as first, \
                StartedServer("--behaviour", "8:select=fraction:0.5") as second:
            found = statuses(first, range(30))
            self.assertEqual(found, statuses(second, range(29, -1, -1)))
        self.assertTrue(20 < sum(status == 503 for status in found.values()) < 70)

    def test_selections(self):
        wanted = {"first:2": [503, 503, 200, 200], "after:3": [200, 200, 200, 503], "every:2": [200, 503, 200, 503],
                  "tries:1": [503, 200, 200, 200], "never": [200] * 4, "always": [503] * 4}
        with StartedServer() as server:
            for number, (selection, statuses) in enumerate(wanted.items()):
                server.control(f"9:select={selection}")
                ask = {**ASK, "prompt": [number]}
                self.assertEqual([server.exchange("POST", COMPLETIONS, ask)[0] for _ in range(4)], statuses, selection)
            server.control("14:prompt=secret")
            self.assertEqual(server.exchange("POST", COMPLETIONS, ASK)[0], 200)
            self.assertEqual(server.exchange("POST", COMPLETIONS, {**ASK, "prompt": "a secret"})[0], 400)
            server.control("9:skip=film was")
            ids = toy_tokenizer.made_of_words().encode("The film was good")
            statuses = [server.exchange("POST", COMPLETIONS, {**ASK, "prompt": prompt})[0]
                        for prompt in (ids, [ids], ids[2:])]
            self.assertEqual(statuses, [200, 200, 503])
            self.assertEqual(server.exchange("POST", "/control", {"behaviours": ["43"]})[0], 400)

    def test_mix_lets_every_prompt_through_in_the_end(self):
        with StartedServer("--mix", 0.2) as server:
            for prompt in range(60):
                for _ in range(12):
                    try:
                        status, headers, data = server.exchange("POST", COMPLETIONS, {**ASK, "prompt": [prompt]})
                        is_plain = status == 200 and "content-encoding" not in headers
                        if is_plain and json.loads(data)["choices"][0]["logprobs"]:
                            break
                    except (OSError, ValueError, LookupError, TypeError, http.client.HTTPException):
                        pass
                else:
                    self.fail(f"prompt {prompt} was not answered in 12 tries")
            stats = server.stats()
        self.assertGreater(len(stats["behaviours"]), 4)

    def test_ends_with_its_parent_and_its_time(self):
        script = ("import subprocess as s, sys; p = s.Popen([sys.executable, sys.argv[1]], stdout=s.PIPE, text=True);"
                  "print(p.pid, p.stdout.readline(), flush=True)")
        done = subprocess.run([sys.executable, "-c", script, FOLDER / "fault_server.py"], capture_output=True, text=True,
                              check=True)
        process = int(done.stdout.split()[0])
        deadline = time.monotonic() + 60
        while os.path.exists(f"/proc/{process}") and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{process}"))
        with StartedServer("--seconds", 0.2) as server:
            self.assertEqual(server.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
