"""What a request for tokens asks for, and the right answers of the OpenAI-like shapes: vllm, topk, chat and text."""

import hashlib
import struct

CREATED = 1_700_000_000  # answers are equal bit for bit, so the time stands still
MOST_TOKENS = 256


class RequestError(Exception):
    """The server refuses a request."""

    def __init__(self, status, message, kind="invalid_request_error", code=None):
        super().__init__(message)
        self.status, self.message, self.kind, self.code = status, message, kind, code


class Usage:
    def __init__(self, prompt, completion):
        self.prompt, self.completion = prompt, completion

    def __add__(self, other):
        return Usage(self.prompt + other.prompt, self.completion + other.completion)

    def json(self):
        return {"prompt_tokens": self.prompt, "total_tokens": self.prompt + self.completion,
                "completion_tokens": self.completion}


def is_ids(value):
    return isinstance(value, list) and all(type(part) is int for part in value)


def read_prompts(value, tokenizer, takes_ids=True):
    """A list of id lists, and whether the request had a list of prompts."""
    if isinstance(value, str):
        return [tokenizer.encode(value)], False
    if takes_ids and is_ids(value) and value:
        return [checked(value, tokenizer)], False
    if not isinstance(value, list) or not value:
        raise RequestError(400, "expected a prompt: a text, token ids, or a list of these", "BadRequestError")
    prompts = []
    for part in value:
        if isinstance(part, str):
            prompts.append(tokenizer.encode(part))
        elif takes_ids and is_ids(part):
            prompts.append(checked(part, tokenizer))
        else:
            raise RequestError(400, "a list of prompts holds something else than prompts", "BadRequestError")
    return prompts, True


def checked(ids, tokenizer):
    for number in ids:
        if not 0 <= number < tokenizer.size:
            raise RequestError(400, f"Token id {number} is out of vocabulary", "BadRequestError")
    return ids


def read_biases(value, size):
    """The map of OpenAI: {"id": bias}."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestError(400, "Invalid type for 'logit_bias': expected an object.")
    try:
        biases = {int(key): float(bias) for key, bias in value.items()}
    except (TypeError, ValueError):
        raise RequestError(400, "Invalid value for 'logit_bias': expected numbers.") from None
    if any(not 0 <= number < size or abs(bias) > 100 for number, bias in biases.items()):
        raise RequestError(400, "Invalid 'logit_bias': expected token ids, and biases from -100 to 100.")
    return biases


def read_length(body, name, missing):
    length = body.get(name)
    if length is None:
        return missing
    if type(length) is not int:
        raise RequestError(400, f"Input should be a valid integer: {name}", "BadRequestError")
    return length


def request_id(prefix, ids):
    return f"{prefix}-{hashlib.blake2b(struct.pack(f'<{len(ids)}I', *ids), digest_size=12).hexdigest()}"


class Place:
    """One generated or echoed token: its id, and the distribution that its values come from (None: no values)."""

    def __init__(self, token, distribution):
        self.token, self.distribution = token, distribution


def generate(engine, ids, length, request, biases):
    """A list of Place. Values are before or after the biases, as the engine is set."""
    ids, places = list(ids), []
    temperature = request.get("temperature", 1.0)
    for _ in range(min(length, MOST_TOKENS)):
        bare = engine.model.after(ids)
        biased = bare.with_biases(biases) if biases else bare
        if temperature:
            digest = hashlib.blake2b(repr((ids[-8:], len(ids), request.get("seed"))).encode(), digest_size=8).digest()
            token = biased.sample(struct.unpack("<Q", digest)[0] / 2**64)
        else:
            token = biased.top(1)[0][0]
        places.append(Place(token, biased if engine.biased_values else bare))
        ids.append(token)
    return places


class LegacyAnswers:
    """/v1/completions with tokens, token_logprobs, top_logprobs and text_offset."""

    def __init__(self, engine):
        self._engine = engine
        self._tokenizer = engine.tokenizer

    def answer(self, body):
        """(JSON value, Usage, number of prompts)."""
        engine = self._engine
        prompts, _ = read_prompts(body.get("prompt"), self._tokenizer, takes_ids=engine.shape == "vllm")
        k = self._read_top(body)
        echo = self._read_echo(body)
        length = read_length(body, "max_tokens", 16)
        if length < (0 if echo else 1):
            raise RequestError(400, f"max_tokens must be at least 1, got {length}.", "BadRequestError")
        if body.get("n") not in (None, 1):
            raise RequestError(400, "n is 1 on this server", "BadRequestError")
        biases = read_biases(body.get("logit_bias"), self._tokenizer.size)
        choices, usage = [], Usage(0, 0)
        for index, ids in enumerate(prompts):
            engine.check_context(len(ids), length)
            places = generate(engine, ids, length, body, biases)
            choices.append(self._choice(index, ids, places, (k, echo, body)))
            usage += Usage(len(ids), len(places))
        answer = {"id": request_id("cmpl", prompts[0]), "object": "text_completion", "created": CREATED,
                  "model": body.get("model") or engine.name, "choices": choices, "usage": usage.json()}
        if engine.fingerprint:
            answer["system_fingerprint"] = engine.fingerprint
        return answer, usage, len(prompts)

    def _read_top(self, body):
        k = body.get("logprobs")
        if k is None or self._engine.shape == "text":
            return None
        if type(k) is not int or k < 0:
            raise RequestError(400, "logprobs: expected a number of 0 or more", "BadRequestError")
        most = self._engine.most_top
        if k > most and not body.get("_any_top"):
            if self._engine.shape == "vllm":
                raise RequestError(400, f"Requested sample logprobs of {k}, which is greater than max allowed: {most}",
                                   "BadRequestError")
            raise RequestError(400, f"Invalid value for 'logprobs': must be less than or equal to {most}.")
        return k

    def _read_echo(self, body):
        if not body.get("echo") or self._engine.echo == "ignore":
            return False
        if self._engine.echo == "refuse":
            raise RequestError(400, "echo is not supported by this model")
        return True

    def _choice(self, index, ids, places, wishes):
        k, echo, body = wishes
        shown = self._echoed(ids) + places if echo else places
        tokens = [place.token for place in shown]
        choice = {"index": index, "text": self._tokenizer.decode(tokens), "finish_reason": "length",
                  "logprobs": None if k is None else self._lists(shown, k, body)}
        if self._engine.shape == "vllm":
            choice["stop_reason"] = choice["prompt_logprobs"] = None
            if body.get("return_token_ids"):
                choice.update(token_ids=tokens[len(ids) if echo else 0:], prompt_token_ids=ids)
        return choice

    def _echoed(self, ids):
        model = self._engine.model
        return [Place(number, model.after(ids[:i]) if i else None) for i, number in enumerate(ids)]

    def _lists(self, places, k, body):
        names_ids = self._engine.shape == "vllm" and body.get("return_tokens_as_token_ids")
        named = body.get("logprob_token_ids") or [] if self._engine.shape == "vllm" else []
        checked(named, self._tokenizer)
        texts = self._tokenizer.text_of

        def name(number):
            return f"token_id:{number}" if names_ids else texts[number]

        lists = {"text_offset": [], "token_logprobs": [], "tokens": [], "top_logprobs": []}
        offset = 0
        for place in places:
            lists["text_offset"].append(offset)
            offset += len(texts[place.token])
            lists["tokens"].append(name(place.token))
            if place.distribution is None:
                lists["token_logprobs"].append(None)
                lists["top_logprobs"].append(None)
                continue
            value = place.distribution.log_probability
            lists["token_logprobs"].append(value(place.token))
            entries = dict(place.distribution.top(k))
            for number in (place.token, *named):
                entries.setdefault(number, value(number))
            lists["top_logprobs"].append({name(number): entry for number, entry in entries.items()})
        return lists


class ChatAnswers:
    """/v1/chat/completions. Only llama.cpp's records hold ids."""

    def __init__(self, engine, most_top=20, has_ids=False):
        self._engine = engine
        self._most_top, self._has_ids = most_top, has_ids

    def answer(self, body):
        engine = self._engine
        ids = engine.tokenizer.encode(self._prompt(body.get("messages")))
        k = self._read_top(body)
        if body.get("n") not in (None, 1):
            raise RequestError(400, "n is 1 on this server")
        length = read_length(body, "max_completion_tokens", read_length(body, "max_tokens", 16))
        if length < 1:
            raise RequestError(400, "Invalid 'max_tokens': integer below minimum value.")
        engine.check_context(len(ids), length)
        places = generate(engine, ids, length, body, read_biases(body.get("logit_bias"), engine.tokenizer.size))
        text = engine.tokenizer.decode([place.token for place in places])
        content = None if k is None else {"content": [self._record(place, k) for place in places]}
        usage = Usage(len(ids), len(places))
        answer = {"choices": [{"finish_reason": "length", "index": 0, "message": {"role": "assistant", "content": text},
                               "logprobs": content}],
                  "created": CREATED, "model": body.get("model") or engine.name, "object": "chat.completion",
                  "usage": usage.json(), "id": request_id("chatcmpl", ids)}
        if engine.fingerprint:
            answer["system_fingerprint"] = engine.fingerprint
        return answer, usage, 1

    def _prompt(self, messages):
        if not isinstance(messages, list) or not messages:
            raise RequestError(400, "Missing required parameter: 'messages'.")
        lines = []
        for message in messages:
            content = message.get("content")
            if isinstance(content, list):
                content = "".join(part.get("text", "") for part in content)
            lines.append(f"{message.get('role')}: {content}\n")
        return "".join(lines) + "assistant:"

    def _read_top(self, body):
        k = body.get("top_logprobs")
        if not body.get("logprobs") or self._engine.shape == "text":
            if k is not None and self._engine.shape != "text":
                raise RequestError(400, "'logprobs' must be true when 'top_logprobs' is specified.")
            return None
        if k is not None and (type(k) is not int or not 0 <= k) or (k or 0) > self._most_top and not body.get("_any_top"):
            raise RequestError(400, f"Invalid value for 'top_logprobs': must be at most {self._most_top}.")
        return k or 0

    def _record(self, place, k):
        record = self._entry(place.token, place.distribution.log_probability(place.token))
        record["top_logprobs"] = [self._entry(*pair) for pair in place.distribution.top(k)]
        return record

    def _entry(self, number, value):
        tokenizer = self._engine.tokenizer
        entry = {"id": number} if self._has_ids else {}
        entry.update(token=tokenizer.text_of[number], bytes=list(tokenizer.bytes_of[number]), logprob=value)
        return entry
