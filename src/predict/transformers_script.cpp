#include "bbprompt/predict/exported_prompt.hpp"

namespace bbprompt {

std::string transformers_script() {
  return R"PY("""Labels texts with a prompt that bbprompt exported, through Hugging Face transformers and PyTorch.

    python predict_hf.py MODEL_FOLDER --check                    the rows of prompt.json get its probabilities
    python predict_hf.py MODEL_FOLDER "a text" ["a second text"]

As a module: Labeler(MODEL_FOLDER).probabilities({"text_a": "..."}). Texts that do not fit the model are refused;
bbprompt cuts them.
"""

import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

HERE = pathlib.Path(__file__).parent


class Labeler:
    def __init__(self, model, folder=HERE):
        self.spec = json.loads((pathlib.Path(folder) / "prompt.json").read_text(encoding="utf-8"))
        self.is_causal = self.spec["model"]["family"] == "causal"
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        kind = AutoModelForCausalLM if self.is_causal else AutoModelForMaskedLM
        self.model = kind.from_pretrained(model, torch_dtype=torch.float32).eval()
        self.vectors = {}
        if self.spec["prompt"]["kind"] == "soft":
            from safetensors.torch import load_file
            self.vectors = load_file(pathlib.Path(folder) / self.spec["prompt"]["vectors"])

    def input_of(self, row):
        """Token ids, the place of the prompt's vectors, and that of the answer."""
        special = self.spec["model"]["special_ids"]
        ids, vectors_at, answer_at = list(special["begin"]), None, None
        for segment in self.spec["segments"]:
            if "text" in segment:
                text = "".join(piece if isinstance(piece, str) else row[piece["field"]] for piece in segment["text"])
                ids += self.tokenizer(text, add_special_tokens=False)["input_ids"]
            elif "ids" in segment:
                ids += segment["ids"]
            elif "vectors" in segment:
                vectors_at = len(ids)
                ids += self.spec["prompt"]["base_ids"] or [0] * segment["vectors"]
            elif "separator" in segment:
                ids += special["separator"]
            else:
                answer_at = len(ids)
                ids += special["answer"]
        ids += special["end"]
        if len(ids) > self.spec["model"]["max_tokens"]:
            raise ValueError(f"{len(ids)} tokens, the model takes {self.spec['model']['max_tokens']}")
        return ids, vectors_at, len(ids) - 1 if self.is_causal else answer_at

    def logits(self, ids, vectors_at):
        if vectors_at is None:
            return self.model(input_ids=torch.tensor([ids])).logits[0]
        embedded = self.model.get_input_embeddings()(torch.tensor([ids])).detach().clone()
        vectors = self.vectors["vectors"]
        place = slice(vectors_at, vectors_at + len(vectors))
        embedded[0, place] = embedded[0, place] + vectors if self.spec["prompt"]["base_ids"] else vectors
        hooks = []
        for layer in range(1, self.spec["prompt"]["num_layers"]):
            def add(module, given, deep=self.vectors[f"layers.{layer}"]):
                hidden = given[0].clone()
                hidden[0, place] = hidden[0, place] + deep
                return (hidden, *given[1:])
            hooks.append(self.model.base_model.encoder.layer[layer].register_forward_pre_hook(add))
        try:
            return self.model(inputs_embeds=embedded, attention_mask=torch.ones(1, len(ids))).logits[0]
        finally:
            for hook in hooks:
                hook.remove()

    def answer_score(self, ids, vectors_at, answer_at, answer):
        """A masked model's score of a word; a causal one's log-probability of all its tokens."""
        if not self.is_causal:
            return self.logits(ids, vectors_at)[answer_at, answer[0]].item()
        logs = self.logits(ids + answer[:-1], vectors_at).log_softmax(-1)
        return sum(logs[answer_at + i, token].item() for i, token in enumerate(answer))

    @torch.no_grad()
    def probabilities(self, row):
        ids, vectors_at, answer_at = self.input_of(row)
        scores = []
        for label, offset in zip(self.spec["labels"], self.spec["calibration"]):
            words = [self.answer_score(ids, vectors_at, answer_at, answer) for answer in label["answer_ids"]]
            scores.append(sum(words) / len(words) - offset)
        shares = torch.tensor(scores, dtype=torch.float64).softmax(0).tolist()
        return {label["name"]: share for label, share in zip(self.spec["labels"], shares)}


def main(model, *arguments):
    labeler = Labeler(model)
    if arguments != ("--check",):
        print(labeler.probabilities(dict(zip(("text_a", "text_b"), arguments))))
        return
    for row in labeler.spec["checked_rows"]:
        found = list(labeler.probabilities(row).values())
        worst = max(abs(a - b) for a, b in zip(found, row["probabilities"]))
        assert worst < 1e-4, f"probabilities differ by {worst}: another model, or another version of its tokenizer"
    print("as bbprompt has them")


if __name__ == "__main__":
    main(*sys.argv[1:])
)PY";
}

}  // namespace bbprompt
