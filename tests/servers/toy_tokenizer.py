"""A byte-level BPE tokenizer of GPT-2's kind: the one of a folder with tokenizer.json, or a small one made of words.txt.

Special tokens in a text are not looked for: a server's prompts are plain text here.
"""

import json
import pathlib
import unicodedata

CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
WORDS = pathlib.Path(__file__).with_name("words.txt")
NUM_CAPITALISED = 120  # words that also exist with a capital first letter
# Words that also exist without a blank before them: answers of chat models. No merge of one spoils another.
BARE_WORDS = ("good", "bad", "great", "terrible", "positive", "negative", "yes", "no", "true", "false")
CACHE_SIZE = 200_000


def byte_symbols():
    """The character that stands for each byte in the vocabulary."""
    symbols, following = [], 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or 174 <= byte <= 255:
            symbols.append(chr(byte))
        else:
            symbols.append(chr(following))
            following += 1
    return symbols


def character_class(character):
    """0: white space, 1: letter, 2: digit, 3: other."""
    if character.isspace():
        return 0
    return {"L": 1, "N": 2}.get(unicodedata.category(character)[0], 3)


def run_end(text, begin, wanted):
    while begin < len(text) and character_class(text[begin]) == wanted:
        begin += 1
    return begin


def word_end(text, begin):
    """End of the word that begins at `begin`, as GPT-2's pattern has it."""
    for contraction in CONTRACTIONS:
        if text.startswith(contraction, begin):
            return begin + len(contraction)
    start = begin + 1 if text[begin] == " " else begin
    if start < len(text) and character_class(text[start]) != 0:
        return run_end(text, start, character_class(text[start]))
    end = run_end(text, begin, 0)
    # The last blank belongs to the word after it.
    return end - 1 if end < len(text) and end - 1 > begin else end


def split_words(text):
    begin, words = 0, []
    while begin < len(text):
        end = word_end(text, begin)
        words.append(text[begin:end])
        begin = end
    return words


class Tokenizer:
    """Texts to ids and back. `vocabulary` is symbol string -> id, `merges` a list of pairs, the first rank first."""

    def __init__(self, vocabulary, merges, special_ids=()):
        self.vocabulary = vocabulary
        self.merges = merges
        self.special_ids = set(special_ids)
        self.size = max(vocabulary.values()) + 1
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._symbols = byte_symbols()
        self._word_ids, self._text_ids = {}, {}
        byte_of = {symbol: byte for byte, symbol in enumerate(self._symbols)}
        self.bytes_of = [b""] * self.size
        for token, number in vocabulary.items():
            is_plain = number not in self.special_ids and all(symbol in byte_of for symbol in token)
            self.bytes_of[number] = bytes(byte_of[symbol] for symbol in token) if is_plain else token.encode()
        self.text_of = [piece.decode("utf-8", "replace") for piece in self.bytes_of]

    def is_whole(self, number):
        """False for a special token, and for one that is a part of a character."""
        if number in self.special_ids or not self.bytes_of[number]:
            return False
        return self.text_of[number].encode() == self.bytes_of[number]

    def encode(self, text):
        ids = self._text_ids.get(text)
        if ids is None:
            ids = [number for word in split_words(text) for number in self._encode_word(word)]
            if len(self._text_ids) > CACHE_SIZE:
                self._text_ids.clear()
            self._text_ids[text] = ids
        return ids

    def _encode_word(self, word):
        ids = self._word_ids.get(word)
        if ids is None:
            parts = self._merge([self._symbols[byte] for byte in word.encode("utf-8", "replace")])
            ids = [self.vocabulary[part] for part in parts]
            if len(self._word_ids) > CACHE_SIZE:
                self._word_ids.clear()
            self._word_ids[word] = ids
        return ids

    def _merge(self, parts):
        """Merges the pair of the lowest rank everywhere, until no pair has a rank."""
        while len(parts) > 1:
            pairs = [pair for pair in zip(parts, parts[1:]) if pair in self._ranks]
            if not pairs:
                break
            best = min(pairs, key=self._ranks.__getitem__)
            merged, i = [], 0
            while i < len(parts):
                if tuple(parts[i:i + 2]) == best:
                    merged.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    merged.append(parts[i])
                    i += 1
            parts = merged
        return parts

    def decode(self, ids):
        return b"".join(self.bytes_of[number] for number in ids).decode("utf-8", "replace")

    def write(self, folder):
        """A folder that Hugging Face and bbprompt read as a GPT-2 tokenizer."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                 "end_of_word_suffix": "", "fuse_unk": False, "vocab": self.vocabulary,
                 "merges": [" ".join(pair) for pair in self.merges]}
        content = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
                   "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level, "model": model}
        (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def made_of_words():
    """The 256 bytes, then the words of words.txt and what their merges, from left to right, need in between.

    Words with a blank come first, so that no pair inside them is merged before them."""
    words = WORDS.read_text(encoding="utf-8").split()
    blank = byte_symbols()[ord(" ")]
    capitalised = [word.capitalize() for word in words[:NUM_CAPITALISED]]
    all_words = [blank + word for word in words + capitalised] + capitalised + list(BARE_WORDS)
    vocabulary = {symbol: number for number, symbol in enumerate(byte_symbols())}
    merges = []
    for word in all_words:
        for end in range(2, len(word) + 1):
            if word[:end] not in vocabulary:
                vocabulary[word[:end]] = len(vocabulary)
                merges.append((word[:end - 1], word[end - 1]))
    return Tokenizer(vocabulary, merges)


def read(folder):
    """The tokenizer of a folder with a tokenizer.json of GPT-2's kind."""
    content = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))
    model = content["model"]
    if model.get("type") != "BPE":
        raise SystemExit(f"{folder}/tokenizer.json: expected a model of type BPE, found {model.get('type')}")
    merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
    vocabulary, special = dict(model["vocab"]), []
    for token in content.get("added_tokens", []):
        vocabulary[token["content"]] = token["id"]
        special.append(token["id"])
    return Tokenizer(vocabulary, merges, special)
