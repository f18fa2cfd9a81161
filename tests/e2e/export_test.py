"""bbprompt export: a program of its own gives the same probabilities by the exported files alone."""

import json
import pathlib
import py_compile
import struct

import plain_roberta
import support


class Export(support.RunCase):
    def setUp(self):
        super().setUp()
        self.finished_run("run")
        self.model = plain_roberta.Roberta(support.model())
        self.tokenizer = plain_roberta.Tokenizer(support.model())

    def exported(self, *options):
        self.call("export", "run", *options, "--out", "files")
        return json.loads((self.folder / "files/prompt.json").read_text())

    def vectors(self):
        content = (self.folder / "files/vectors.safetensors").read_bytes()
        begin = 8 + struct.unpack("<Q", content[:8])[0]
        entry = json.loads(content[8:begin])["vectors"]
        rows, width = entry["shape"]
        flat = struct.unpack(f"<{rows * width}f", content[begin:begin + 4 * rows * width])
        return [flat[i * width:(i + 1) * width] for i in range(rows)]

    def probabilities(self, spec, row):
        """What the exported script does, without its libraries."""
        special = spec["model"]["special_ids"]
        ids, vectors_at, answer_at = list(special["begin"]), None, None
        for segment in spec["segments"]:
            if "text" in segment:
                ids += self.tokenizer.encode("".join(p if isinstance(p, str) else row[p["field"]] for p in segment["text"]))
            elif "ids" in segment:
                ids += segment["ids"]
            elif "vectors" in segment:
                vectors_at = len(ids)
                ids += spec["prompt"]["base_ids"]
            else:
                answer_at = len(ids)
                ids += special["answer"]
        embedded = self.model.embedded(ids + special["end"])
        if vectors_at is not None:
            for i, vector in enumerate(self.vectors(), start=vectors_at):
                embedded[i] = [a + b for a, b in zip(embedded[i], vector)]
        answers = [token for label in spec["labels"] for (token,) in label["answer_ids"]]
        logits = self.model.answer_logits(embedded, answer_at, answers)
        return plain_roberta.softmax([logit - offset for logit, offset in zip(logits, spec["calibration"])])

    def test_the_exported_files_give_the_probabilities(self):
        for method in ("discrete", "soft"):
            spec = self.exported("--task", "reviews", "--method", method)
            self.assertEqual(spec["prompt"]["kind"], method)
            self.assertEqual(len(spec["checked_rows"]), 2)
            for row in spec["checked_rows"]:
                for found, expected in zip(self.probabilities(spec, row), row["probabilities"], strict=True):
                    self.assertAlmostEqual(found, expected, delta=2e-5)
            py_compile.compile(str(self.folder / "files/predict_hf.py"), doraise=True)
            (self.folder / "files").rename(self.folder / f"files-{method}")

    def test_it_prints_json_and_writes_into_new_folders_alone(self):
        spec = json.loads(self.call("export", "run", "--task", "definitions")[0])
        self.assertEqual(spec["task"], "definitions")
        taken = pathlib.Path(self.folder / "taken")
        taken.mkdir()
        (taken / "mine").touch()
        self.assertIn("expected a new or an empty folder",
                      self.call("export", "run", "--task", "reviews", "--out", taken, expect=2)[1])
        self.assertIn("--task: expected one of the run's tasks", self.call("export", "run", expect=2)[1])


if __name__ == "__main__":
    support.main()
