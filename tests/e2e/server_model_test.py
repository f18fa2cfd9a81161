"""A model behind HTTP: `bbprompt serve` gives the results of the model itself; a killed run asks nothing twice."""

import csv
import io
import json
import os
import pathlib
import random
import time
import unittest

import http_run
import support

GPT2 = pathlib.Path(os.environ.get("BBPROMPT_SHARED_DIR", support.SOURCE.parent / "shared")) / "models/tiny-gpt2-random"
# What tells a run of a server from one of the model itself.
EXEMPT = {"id", "seconds", "config_hash", "digest", "run"}
CHARGES = ("_requests", "_prompt_tokens", "_completion_tokens", "_cut_answers")
NUM_KILLS = 8


class ServerModel(http_run.HttpRunCase):
    def serve(self, folder, *options):
        process = self.start("serve", folder, "--port", 0, *options)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("listening on http://127.0.0.1:"), line)
        return line.split()[-1]

    def rows(self, run):
        """The results of each trial, but for what cannot be equal."""
        rows = list(csv.DictReader(io.StringIO(self.call("report", run, "--csv")[0])))
        return [{name: value for name, value in row.items() if name not in EXEMPT and not name.endswith(CHARGES)}
                for row in rows]

    def model(self, url, folder, **settings):
        values = {"kind": "server", "url": f'["{url}"]', "name": pathlib.Path(folder).name, "tokenizer": folder, **settings}
        return ["--set", "model={%s}" % ", ".join(f"{key}: {value}" for key, value in values.items())]

    def compare(self, folder, experiment, **settings):
        """The experiment with the model of this folder, and behind a server, on several numbers of ranks."""
        self.call("run", *experiment, "--set", f"model={{path: {folder}}}", "--out", "local")
        url = self.serve(folder)
        for ranks in (0, 2, 4):
            out = f"served-{ranks}"
            self.call("run", *experiment, *self.model(url, folder, **settings), "--out", out, ranks=ranks)
            self.assertEqual(self.rows(out), self.rows("local"))
        self.assertEqual(self.digest("served-0"), self.digest("served-4"))
        return url

    def small(self, template, shard_size=32):
        task = self.folder / "small.yaml"
        text = (self.folder / "task.yaml").read_text().replace('"{prompt} {text_a} It was {mask}"', template)
        task.write_text(text)
        return [self.folder / "faults.yaml", "--set", "task=small.yaml", "--set", f"shard_size={shard_size}"]

    def test_a_masked_model_gives_the_same_results_behind_a_server(self):
        self.compare(support.model(), self.small('"{prompt} {text_a} It was {mask}."'), max_tokens=128, is_masked="true")

    @unittest.skipUnless(GPT2.exists(), f"{GPT2} is absent")
    def test_a_causal_model_gives_the_same_results_behind_a_server(self):
        for shard_size in (32, 3):
            with self.subTest(shard_size=shard_size):
                self.compare(GPT2, self.small('"{prompt} {text_a} It was {mask}"', shard_size), max_tokens=64)
                for folder in self.folder.glob("served-*"):
                    folder.rename(self.folder / f"before-{folder.name}-{shard_size}")
                (self.folder / "local").rename(self.folder / f"local-{shard_size}")

    @unittest.skipUnless(GPT2.exists(), f"{GPT2} is absent")
    def test_each_route_gives_nearly_the_same_losses(self):
        experiment = self.small('"{prompt} {text_a} It was {mask}"')
        self.call("run", *experiment, "--set", f"model={{path: {GPT2}}}", "--out", "local")
        local = self.rows("local")[0]
        url = self.serve(GPT2)
        for route in ("answer_scores", "named_ids", "echo"):
            self.call("run", *experiment, *self.model(url, GPT2, max_tokens=64, route=route), "--out", route)
            row = self.rows(route)[0]
            for name in ("fitness", "dev_loss", "test_loss", "manual_test_loss"):
                self.assertAlmostEqual(float(row[name]), float(local[name]), delta=1e-5, msg=f"{route} {name}")
            self.assertEqual(row["search_tokens"], local["search_tokens"])

    @unittest.skipUnless(GPT2.exists(), f"{GPT2} is absent")
    def test_explain_asks_the_server_of_the_run(self):
        url = self.serve(GPT2)
        self.call("run", *self.small('"{prompt} {text_a} It was {mask}"'), *self.model(url, GPT2, max_tokens=64), "--out", "run")
        self.assertIn("prompt", self.call("explain", "run")[0])

    def test_soft_prompts_are_refused_before_anything_is_asked(self):
        server = self.server()
        said = self.run_against(server, expect=2, **{"prompt.kind": "soft", "optimizer.kind": "cma_es"})
        self.assertIn("prompt.kind: discrete", said)

    def test_words_alone_need_error_rate(self):
        server = self.server("--shape", "text")
        said = self.run_against(server, expect=2)
        self.assertIn("error_rate", said)
        self.run_against(server, **{"objective.kind": "error_rate"})

    def answered(self, server):
        """How often each request for tokens was answered in full, by its path and body."""
        counts = {}
        for line in server.log.read_text().splitlines():
            record = json.loads(line)
            if record["method"] == "POST" and record["status"] == 200 and record["whole"]:
                key = (record["path"], record["body"])
                counts[key] = counts.get(key, 0) + 1
        return counts

    def test_a_killed_run_goes_on_and_asks_nothing_twice(self):
        free, _ = self.fault_free()
        server = self.server("--delay", "0.01")
        requests = 4
        options = ["run", self.folder / "faults.yaml", "--out", "run", "--progress", "none"]
        settings = {**http_run.SETTINGS, "model.requests": requests, "model.url": f'["{server.url}"]',
                    "model.tokenizer": self.folder / "tokenizer"}
        for name, value in settings.items():
            options += ["--set", f"{name}={value}"]
        moments = random.Random(5)
        for _ in range(NUM_KILLS):
            process = self.start(*options)
            most = server.stats()["requests"] + moments.randrange(5, 60)
            while process.poll() is None and server.stats()["requests"] < most:
                time.sleep(0.002)
            support.kill_all(process)
        self.call(*options)
        self.assertEqual(self.digest("run"), free)
        # Twice only what was on its way at a kill, and what the probe asks twice on purpose.
        again = sum(count - 1 for (_, body), count in self.answered(server).items() if http_run.PROBE not in body
                    and not any(http_run.PROBE in http_run.text_of(ids) for ids in prompts_of(body)))
        self.assertLessEqual(again, NUM_KILLS * requests)


def prompts_of(body):
    prompt = json.loads(body).get("prompt")
    return [prompt] if isinstance(prompt, list) and prompt and isinstance(prompt[0], int) else []


if __name__ == "__main__":
    support.main()
