"""The distribution of the next token: a fixed function of all token ids before it, and a seed.

A table of logits is drawn once. The ids' hash picks how the table is dealt out to the tokens: token at place i has entry
(factor * i + shift) mod n. So the sum over the vocabulary is known, and the best tokens are found without a look at all.
"""

import hashlib
import math
import random
import struct

SPREAD = 2.5          # of the logits
TAIL = -12.0          # logit of tokens that are no whole characters
MOST_BIAS = 300.0     # exp() of more is infinite
CACHE_SIZE = 50_000


class Distribution:
    """Log-probabilities of one place, perhaps with biases on some tokens."""

    def __init__(self, model, factor, shift, biases):
        self._model = model
        self._factor, self._shift = factor, shift
        self._inverse = pow(factor, -1, model.num_dealt)
        self._biases = biases
        total = model.total
        for number, bias in sorted(biases.items()):
            bare = self._bare(number)
            total += math.exp(bare + bias) - math.exp(bare)
        self._log_total = math.log(total)

    def _bare(self, number):
        place = self._model.place_of.get(number)
        if place is None:
            return TAIL - number / self._model.size
        return self._model.logits[(self._factor * place + self._shift) % self._model.num_dealt]

    def log_probability(self, number):
        return self._bare(number) + self._biases.get(number, 0.0) - self._log_total

    def with_biases(self, more):
        biases = dict(self._biases)
        for number, bias in more.items():
            biases[number] = biases.get(number, 0.0) + max(-MOST_BIAS, min(MOST_BIAS, bias))
        return Distribution(self._model, self._factor, self._shift, biases)

    def top(self, k):
        """The k best as (id, log-probability), best first; of equal ones the lower id."""
        model = self._model
        if k + len(self._biases) >= model.num_dealt:
            candidates = set(range(model.size))
        else:
            candidates = {model.dealt[(entry - self._shift) * self._inverse % model.num_dealt]
                          for entry in model.best_entries[:k + len(self._biases)]}
            candidates.update(self._biases)
        pairs = [(number, self.log_probability(number)) for number in candidates]
        pairs.sort(key=lambda pair: (-pair[1], pair[0]))
        return pairs[:k]

    def sample(self, uniform):
        for number, value in self.top(self._model.size):
            uniform -= math.exp(value)
            if uniform < 0:
                return number
        return number


class Model:
    """Distributions over the ids of a tokenizer. Tokens of `favoured` are likely after any text."""

    def __init__(self, tokenizer, seed, favoured=(), favour=6.0):
        self.size = tokenizer.size
        self.dealt = [number for number in range(self.size) if tokenizer.is_whole(number)]
        self.num_dealt = len(self.dealt)
        self.place_of = {number: place for place, number in enumerate(self.dealt)}
        draws = random.Random(seed)
        self.logits = [SPREAD * (sum(draws.random() for _ in range(4)) - 2.0) for _ in self.dealt]
        self.best_entries = sorted(range(self.num_dealt), key=lambda entry: (-self.logits[entry], entry))
        tails = [TAIL - number / self.size for number in range(self.size) if number not in self.place_of]
        self.total = math.fsum(math.exp(logit) for logit in self.logits + tails)
        self._factors = [factor for factor in range(2, self.num_dealt) if math.gcd(factor, self.num_dealt) == 1]
        self._favoured = {number: favour for number in favoured}
        self._key = struct.pack("<Q", seed & (2**64 - 1))
        self._cache = {}

    def hash_of(self, ids):
        return hashlib.blake2b(struct.pack(f"<{len(ids)}I", *ids), digest_size=16, key=self._key).digest()

    def after(self, ids):
        """The distribution of the token after these ids."""
        digest = self.hash_of(ids)
        found = self._cache.get(digest)
        if found is None:
            first, second = struct.unpack("<QQ", digest)
            found = Distribution(self, self._factors[first % len(self._factors)], second % self.num_dealt, self._favoured)
            if len(self._cache) > CACHE_SIZE:
                self._cache.clear()
            self._cache[digest] = found
        return found
