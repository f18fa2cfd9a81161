"""`bbprompt serve` as a process: its values against Hugging Face's, many clients at once, keys, and how it ends."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import unittest

import support

GPT2 = pathlib.Path(os.environ.get("BBPROMPT_SHARED_DIR", support.SOURCE.parent / "shared")) / "models/tiny-gpt2-random"
TOLERANCE = 2e-5
MAX_TOKENS = 64  # of that model
SECONDS = 3  # of many clients; tests/bench/serve_load.py does it for longer


def call(port, path, body=None, headers=None):
    """(status, JSON or text) of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=support.TIMEOUT)
    try:
        return ask(connection, path, body, headers)
    finally:
        connection.close()


def ask(connection, path, body=None, headers=None):
    headers = {"Content-Type": "application/json", **(headers or {})}
    connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    return answer.status, json.loads(text) if answer.headers["Content-Type"] == "application/json" else text


class Serve(support.RunCase):
    def serve(self, folder, *options):
        """A server's process and port, when it is ready."""
        process = self.start("serve", folder, "--port", 0, "--port-file", self.folder / "port", *options)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("listening on http://127.0.0.1:"), line + (process.stderr.read() if not line else ""))
        port = int(line.rsplit(":", 1)[1])
        self.assertEqual((self.folder / "port").read_text(), f"{port}\n")
        return process, port

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=support.TIMEOUT), 0, process.stderr.read())
        process.stdout.close()
        process.stderr.close()

    @unittest.skipUnless(GPT2.exists(), f"{GPT2} is absent")
    def test_its_log_probabilities_are_those_of_hugging_face(self):
        golden = json.loads((GPT2 / "golden.json").read_text())
        ids = golden["token_ids"]
        process, port = self.serve(GPT2, "--max-logprobs", -1)
        num_values = 0
        for case in golden["cases"]:
            if any(key in case for key in ("attention_mask", "position_ids", "embedding_vectors")):
                continue
            for row, expected in zip(case["input_ids"], case["rows"]):
                for at in expected["at"]:
                    prompt = row[:at["position"] + 1]
                    request = {"prompt": prompt, "max_tokens": 1, "temperature": 0, "return_tokens_as_token_ids": True}
                    named = call(port, "/v1/completions", {**request, "logprobs": 0, "logprob_token_ids": ids})
                    whole = call(port, "/v1/completions", {**request, "logprobs": -1})
                    for status, answer in (named, whole):
                        self.assertEqual(status, 200, answer)
                        lists = answer["choices"][0]["logprobs"]
                        self.assertEqual(lists["tokens"], [f"token_id:{at['argmax']}"])
                        for token, value in zip(ids, at["log_softmax"]):
                            self.assertAlmostEqual(lists["top_logprobs"][0][f"token_id:{token}"], value, delta=TOLERANCE)
                            num_values += 1
                    for token in ids[:3] if len(prompt) < MAX_TOKENS else []:  # the same number by echo
                        echo = call(port, "/v1/completions", {"prompt": prompt + [token], "max_tokens": 0, "echo": True,
                                                              "logprobs": 0})[1]
                        self.assertAlmostEqual(echo["choices"][0]["logprobs"]["token_logprobs"][-1],
                                               at["log_softmax"][ids.index(token)], delta=TOLERANCE)
        self.assertGreater(num_values, 100)
        self.stop(process)

    def test_64_clients_get_the_answers_that_one_gets(self):
        process, port = self.serve(support.model(), "--max-waiting", 16)
        requests = [{"inputs": [{"segments": [{"tokens": [5 + i, 6]}, {"mask": True}]}] * (1 + i % 5), "answers": [10, 11]}
                    for i in range(40)]
        expected = [call(port, "/v1/mask_scores", request)[1]["scores"] for request in requests]
        end = time.monotonic() + SECONDS

        def ask_for_long(first):
            counts = {200: 0, 429: 0}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=support.TIMEOUT)
            while time.monotonic() < end or counts[200] == 0:
                i = (first + sum(counts.values())) % len(requests)
                status, answer = ask(connection, "/v1/mask_scores", requests[i])
                counts[status] += 1  # no other
                if status == 200:
                    self.assertEqual(answer["scores"], expected[i])
                else:
                    time.sleep(0.01)
            connection.close()
            return counts[200]

        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            clients = [pool.submit(ask_for_long, i) for i in range(64)]
            while time.monotonic() < end:
                self.assertEqual(call(port, "/health")[0], 200)
                time.sleep(0.1)
            num_answers = sum(client.result() for client in clients)
        self.assertGreaterEqual(num_answers, 64)
        metrics = call(port, "/metrics")[1]
        self.assertIn(f'bbprompt_requests_total{{route="/v1/mask_scores",status="200"}} {num_answers + 40}\n', metrics)
        self.stop(process)

    def test_requests_under_way_are_answered_when_it_is_told_to_end(self):
        process, port = self.serve(support.model())
        request = {"inputs": [{"segments": [{"text": "word " * 100}, {"mask": True}]}] * 200, "answers": [10]}
        statuses = []

        def ask_once():
            try:
                statuses.append(call(port, "/v1/mask_scores", request)[0])
            except OSError:  # came too late
                statuses.append(None)

        threads = [threading.Thread(target=ask_once) for _ in range(6)]
        for thread in threads:
            thread.start()
        # One more may be the one that is computed, or still be on its way.
        self.wait_until(lambda: statuses.count(200) + self.num_waiting(port) >= 5, process)
        self.stop(process)
        for thread in threads:
            thread.join()
        self.assertGreaterEqual(statuses.count(200), 5)
        self.assertLessEqual(set(statuses), {200, 503, None})
        with self.assertRaises(ConnectionRefusedError):
            call(port, "/health")

    def num_waiting(self, port):
        return int(call(port, "/metrics")[1].split("\nbbprompt_requests_waiting ")[1].split("\n")[0])

    def test_a_key_is_read_from_a_file_that_is_private_or_from_the_environment(self):
        key = self.folder / "key"
        key.write_text("open-sesame\n")
        key.chmod(0o644)
        self.assertIn("chmod 600", self.call("serve", support.model(), "--port", 0, "--key-file", key, expect=2)[1])
        key.chmod(0o600)
        process, port = self.serve(support.model(), "--key-file", key)
        self.assertEqual(call(port, "/v1/models")[0], 401)
        self.assertEqual(call(port, "/v1/models", headers={"Authorization": "Bearer open-sesame"})[0], 200)
        self.stop(process)
        self.environment["BBPROMPT_SERVE_KEY"] = "other"
        process, port = self.serve(support.model())
        self.assertEqual(call(port, "/v1/models", headers={"Authorization": "Bearer other"})[0], 200)
        self.stop(process)

    def test_a_server_for_the_network_without_a_key_warns(self):
        process = self.start("serve", support.model(), "--port", 0, "--host", "0.0.0.0")
        self.assertIn("listening on http://0.0.0.0:", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        self.assertIn("set a key with --key-file", process.communicate(timeout=support.TIMEOUT)[1])
        self.assertEqual(process.returncode, 0)

    def test_mistakes_of_the_command_line_are_explained(self):
        self.assertIn("expected the folder of a model", self.call("serve", expect=2)[1])
        self.assertIn("--port", self.call("serve", support.model(), "--port", 70000, expect=2)[1])
        self.assertIn("none", self.call("serve", support.model(), "--weights", "none", expect=1)[1])
        process, port = self.serve(support.model())
        self.assertIn("cannot listen at", self.call("serve", support.model(), "--port", port, expect=1)[1])
        self.stop(process)


if __name__ == "__main__":
    support.main()
