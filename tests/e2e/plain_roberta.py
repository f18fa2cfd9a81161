"""RoBERTa's tokenizer and forward pass in plain Python, for a small model: what an exported prompt is checked against."""

import json
import math
import re
import struct


def softmax(values):
    top = max(values)
    shares = [math.exp(value - top) for value in values]
    return [share / sum(shares) for share in shares]


class Tokenizer:
    """Byte-level BPE; words are split as GPT-2 splits ASCII text."""

    WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")

    def __init__(self, folder):
        self.vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        self.ranks = {pair: rank for rank, pair in enumerate(pairs)}

    def encode(self, text):
        assert text.isascii(), text
        ids = []
        for word in self.WORDS.findall(text):
            parts = ["\u0120" if letter == " " else letter for letter in word]
            while len(parts) > 1:
                rank, at = min((self.ranks.get(pair, math.inf), i) for i, pair in enumerate(zip(parts, parts[1:])))
                if rank == math.inf:
                    break
                parts[at:at + 2] = [parts[at] + parts[at + 1]]
            ids += [self.vocabulary[part] for part in parts]
        return ids


class Roberta:
    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text())
        content = (folder / "model.safetensors").read_bytes()
        self.begin = 8 + struct.unpack("<Q", content[:8])[0]
        self.header, self.content = json.loads(content[8:self.begin]), content
        self.kept = {}

    def numbers(self, name, row=None):
        entry = self.header[name]
        first, last = entry["data_offsets"]
        letter, size = {"F16": ("e", 2), "F32": ("f", 4)}[entry["dtype"]]
        if row is not None:
            width = entry["shape"][1]
            first, last = first + row * width * size, first + (row + 1) * width * size
        return struct.unpack(f"<{(last - first) // size}{letter}", self.content[self.begin + first:self.begin + last])

    def matrix(self, name):
        if name not in self.kept:
            flat, (rows, columns) = self.numbers(name), self.header[name]["shape"]
            self.kept[name] = [flat[i * columns:(i + 1) * columns] for i in range(rows)]
        return self.kept[name]

    def linear(self, name, states):
        weight, bias = self.matrix(name + ".weight"), self.numbers(name + ".bias")
        return [[sum(map(float.__mul__, map(float, row), state)) + b for row, b in zip(weight, bias)] for state in states]

    def norm(self, name, states):
        scale, shift = self.numbers(name + ".weight"), self.numbers(name + ".bias")
        result = []
        for state in states:
            mean = sum(state) / len(state)
            deviation = math.sqrt(sum((x - mean) ** 2 for x in state) / len(state) + self.config["layer_norm_eps"])
            result.append([(x - mean) / deviation * s + b for x, s, b in zip(state, scale, shift)])
        return result

    def embedded(self, ids):
        return [list(self.numbers("roberta.embeddings.word_embeddings.weight", token)) for token in ids]

    def answer_logits(self, embedded, at, answers):
        """Of these tokens, at one place."""
        kind = self.numbers("roberta.embeddings.token_type_embeddings.weight", 0)
        first = self.config["pad_token_id"] + 1
        states = [[w + p + k for w, p, k in
                   zip(word, self.numbers("roberta.embeddings.position_embeddings.weight", first + i), kind)]
                  for i, word in enumerate(embedded)]
        states = self.norm("roberta.embeddings.LayerNorm", states)
        for layer in range(self.config["num_hidden_layers"]):
            states = self.layer(f"roberta.encoder.layer.{layer}.", states)
        hidden = self.linear("lm_head.dense", [states[at]])[0]
        hidden = [0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in hidden]
        hidden = self.norm("lm_head.layer_norm", [hidden])[0]
        bias = self.numbers("lm_head.bias")
        return [sum(w * h for w, h in zip(self.numbers("roberta.embeddings.word_embeddings.weight", token), hidden)) +
                bias[token] for token in answers]

    def layer(self, path, states):
        heads = self.config["num_attention_heads"]
        size = self.config["hidden_size"] // heads
        query, key, value = (self.linear(path + "attention.self." + name, states) for name in ("query", "key", "value"))
        mixed = [[] for _ in states]
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for i, asked in enumerate(query):
                shares = softmax([sum(a * b for a, b in zip(asked[part], other[part])) / math.sqrt(size) for other in key])
                mixed[i] += [sum(share * other[part][d] for share, other in zip(shares, value)) for d in range(size)]
        added = [[a + b for a, b in zip(one, state)] for one, state in
                 zip(self.linear(path + "attention.output.dense", mixed), states)]
        states = self.norm(path + "attention.output.LayerNorm", added)
        inner = [[0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in row]
                 for row in self.linear(path + "intermediate.dense", states)]
        added = [[a + b for a, b in zip(one, state)] for one, state in zip(self.linear(path + "output.dense", inner), states)]
        return self.norm(path + "output.LayerNorm", added)
