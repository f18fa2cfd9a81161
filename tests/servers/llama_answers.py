"""The right answers of llama.cpp's server: field names, types and habits are those of recorded answers of b4748."""

import math

from toy_answers import CREATED, ChatAnswers, RequestError, Usage, generate, is_ids, request_id

SETTINGS = {
    "n_predict": -1, "seed": 4294967295, "temperature": 0.8, "dynatemp_range": 0.0, "dynatemp_exponent": 1.0, "top_k": 40,
    "top_p": 0.95, "min_p": 0.05, "xtc_probability": 0.0, "xtc_threshold": 0.1, "typical_p": 1.0, "repeat_last_n": 64,
    "repeat_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "dry_multiplier": 0.0, "dry_base": 1.75,
    "dry_allowed_length": 2, "dry_penalty_last_n": 64, "dry_sequence_breakers": ["\n", ":", "\"", "*"], "mirostat": 0,
    "mirostat_tau": 5.0, "mirostat_eta": 0.1, "stop": [], "max_tokens": -1, "n_keep": 0, "n_discard": 0,
    "ignore_eos": False, "stream": False, "logit_bias": [], "n_probs": 0, "min_keep": 0, "grammar": "",
    "grammar_trigger_words": [], "grammar_trigger_tokens": [], "preserved_tokens": [], "chat_format": "Content-only",
    "samplers": ["penalties", "dry", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"], "speculative.n_max": 16,
    "speculative.n_min": 0, "speculative.p_min": 0.75, "timings_per_token": False, "post_sampling_probs": False, "lora": []}
FINGERPRINT = "b4748-toy"
LONGEST_ANSWER = 64  # of one without a limit


def timings(num_prompt, num_completion):
    """Numbers of the recorded names and types; they measure nothing."""
    return {"prompt_n": num_prompt, "prompt_ms": 1.5, "prompt_per_token_ms": 1.5 / max(num_prompt, 1),
            "prompt_per_second": num_prompt / 0.0015, "predicted_n": num_completion, "predicted_ms": 0.5,
            "predicted_per_token_ms": 0.5 / max(num_completion, 1), "predicted_per_second": num_completion / 0.0005}


def number_or(value, otherwise):
    """Values of a wrong type are ignored."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise


def props(engine):
    defaults = {"id": 0, "id_task": -1, "n_ctx": engine.context, "speculative": False, "is_processing": False,
                "non_causal": False, "params": {**SETTINGS, "stream": True}, "prompt": "",
                "next_token": {"has_next_token": True, "has_new_line": False, "n_remain": -1, "n_decoded": 0,
                               "stopping_word": ""}}
    return {"default_generation_settings": defaults, "total_slots": 1, "model_path": f"{engine.name}.gguf",
            "chat_template": "", "bos_token": "<s>", "eos_token": "</s>", "build_info": FINGERPRINT}


class LlamaAnswers:
    def __init__(self, engine):
        self._engine = engine
        self._tokenizer = engine.tokenizer
        self._chat = ChatAnswers(engine, most_top=self._tokenizer.size, has_ids=True)

    def chat(self, body):
        """/v1/chat/completions. Biases are pairs here, too."""
        answer, usage, num_prompts = self._chat.answer({**body, "logit_bias": {
            number: max(-100.0, min(100.0, bias)) for number, bias in self._biases(body).items()}})
        answer.update(system_fingerprint=self._engine.fingerprint or FINGERPRINT,
                      timings=timings(usage.prompt, usage.completion))
        return answer, usage, num_prompts

    def completions(self, body):
        """/v1/completions: a list of prompts is answered with a list of responses."""
        if "echo" in body and self._engine.echo == "refuse":
            raise RequestError(500, "Unsupported param: echo", "server_error")
        if body.get("n") not in (None, 1):
            raise RequestError(500, "Only one completion choice is allowed", "server_error")
        k = body.get("logprobs")
        k = int(k) if isinstance(k, bool) or type(k) is int else 0
        return self._answer(body, self._openai_response, k, number_or(body.get("max_tokens"), -1))

    def native(self, body):
        """/completion."""
        length = number_or(body.get("n_predict"), number_or(body.get("max_tokens"), -1))
        return self._answer(body, self._native_response, number_or(body.get("n_probs"), 0), length)

    def _answer(self, body, respond, k, length):
        body = {**body, "temperature": number_or(body.get("temperature"), SETTINGS["temperature"])}
        length = int(length) if 0 <= length <= LONGEST_ANSWER else LONGEST_ANSWER
        responses, total = [], Usage(0, 0)
        for index, ids in enumerate(self._prompts(body)):
            ids, is_cut = self._cut(ids)
            places = generate(self._engine, ids, max(length, 1), body, self._biases(body))
            usage = Usage(len(ids), len(places))
            responses.append(respond(index, (ids, places, is_cut), (int(k), body), usage))
            total += usage
        return (responses[0] if len(responses) == 1 else responses), total, len(responses)

    def _prompts(self, body):
        if "prompt" not in body:
            raise RequestError(500, "\"prompt\" is required", "server_error")
        prompt = body["prompt"]
        if isinstance(prompt, str) or is_ids(prompt):
            return [self._ids(prompt)]
        if not isinstance(prompt, list):
            raise RequestError(400, "\"prompt\" must be a string, an list of tokens, a list of mixed strings & tokens, "
                                    "or a list of prompts")
        if any(type(part) is int for part in prompt):  # mixed: one prompt
            return [[number for part in prompt for number in self._ids([part] if type(part) is int else part)]]
        return [self._ids(part) for part in prompt]

    def _ids(self, prompt):
        if isinstance(prompt, str):
            return self._tokenizer.encode(prompt)
        if not is_ids(prompt):
            raise RequestError(400, "element of \"prompt\" must be a string, an list of tokens, or a list of mixed "
                                    "strings & tokens")
        if any(not 0 <= number < self._tokenizer.size for number in prompt):
            raise RequestError(500, "Input prompt is too big compared to KV size. Please try increasing KV size.",
                               "server_error")
        return prompt

    def _cut(self, ids):
        """A prompt of the context's length or more loses blocks at its begin, without a word."""
        context = self._engine.context
        if len(ids) < context:
            return ids, False
        block = context // 2
        return ids[(len(ids) - block) // block * block:], True

    def _biases(self, body):
        """Pairs [id, bias]; false bans the token. A map is ignored."""
        pairs = body.get("logit_bias")
        biases = {}
        for pair in pairs if isinstance(pairs, list) else []:
            if isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int and 0 <= pair[0] < self._tokenizer.size:
                biases[pair[0]] = -300.0 if pair[1] is False else float(number_or(pair[1], 0.0))
        return biases

    def _openai_response(self, index, result, wishes, usage):
        ids, places, _ = result
        records = self._records(places, wishes)
        choice = {"text": self._text(places), "index": index, "logprobs": {"content": records} if records else None,
                  "finish_reason": "length"}
        return {"choices": [choice], "created": CREATED, "model": str(wishes[1].get("model") or "gpt-3.5-turbo"),
                "system_fingerprint": self._engine.fingerprint or FINGERPRINT, "object": "text_completion",
                "usage": {"completion_tokens": usage.completion, "prompt_tokens": usage.prompt,
                          "total_tokens": usage.prompt + usage.completion},
                "id": request_id("chatcmpl", ids), "timings": timings(usage.prompt, usage.completion)}

    def _native_response(self, index, result, wishes, usage):
        ids, places, is_cut = result
        k, body = wishes
        biases = [{"bias": bias, "token": number} for number, bias in self._biases(body).items()]
        settings = {**SETTINGS, "n_predict": usage.completion, "max_tokens": usage.completion, "n_probs": k,
                    "temperature": float(body["temperature"]), "logit_bias": biases,
                    "post_sampling_probs": bool(body.get("post_sampling_probs"))}
        for name in ("top_k", "top_p", "min_p", "seed"):
            settings[name] = number_or(body.get(name), settings[name])
        response = {"index": index, "content": self._text(places),
                    "tokens": [place.token for place in places] if body.get("return_tokens") is True else [],
                    "id_slot": 0, "stop": True, "model": "gpt-3.5-turbo", "tokens_predicted": usage.completion,
                    "tokens_evaluated": usage.prompt, "generation_settings": settings,
                    "prompt": self._tokenizer.decode(ids), "has_new_line": False, "truncated": is_cut,
                    "stop_type": "limit", "stopping_word": "", "tokens_cached": usage.prompt + usage.completion - 1,
                    "timings": timings(usage.prompt, usage.completion)}
        records = self._records(places, wishes)
        if records:
            response["completion_probabilities"] = records
        return response

    def _text(self, places):
        return self._tokenizer.decode([place.token for place in places])

    def _records(self, places, wishes):
        """One for each token that is not a part of a character; none where none were asked for."""
        k, body = wishes
        if k <= 0:
            return []
        wanted = [place for place in places if self._tokenizer.is_whole(place.token)]
        if body.get("post_sampling_probs") is True:
            return [self._sampled_record(place, k, body) for place in wanted]
        return [{**self._entry(place.token, "logprob", place.distribution.log_probability(place.token)),
                 "top_logprobs": [self._entry(number, "logprob", value) for number, value in place.distribution.top(k)]}
                for place in wanted]

    def _sampled_record(self, place, k, body):
        """Probabilities after bias, temperature and the samplers."""
        distribution = place.distribution.with_biases(self._biases(body))
        pairs = sampled_probabilities(distribution.top(self._tokenizer.size), body)
        values = dict(pairs)
        return {**self._entry(place.token, "prob", values.get(place.token, 0.0)),
                "top_probs": [self._entry(number, "prob", value) for number, value in pairs[:k]]}

    def _entry(self, number, name, value):
        return {"id": number, "token": self._tokenizer.text_of[number], "bytes": list(self._tokenizer.bytes_of[number]),
                name: value}


def sampled_probabilities(pairs, body):
    """(id, probability), best first: top_k, top_p, min_p, then temperature, as llama.cpp's chain has them."""
    if body["temperature"] <= 0:
        return [(pairs[0][0], 1.0)]
    top_k = int(number_or(body.get("top_k"), SETTINGS["top_k"]))
    pairs = pairs[:top_k] if top_k > 0 else pairs
    total = math.fsum(math.exp(value) for _, value in pairs)
    top_p, sum_so_far, kept = number_or(body.get("top_p"), SETTINGS["top_p"]), 0.0, []
    for number, value in pairs:
        kept.append((number, value))
        sum_so_far += math.exp(value) / total
        if sum_so_far >= top_p:
            break
    min_p = number_or(body.get("min_p"), SETTINGS["min_p"])
    if min_p > 0:
        kept = [pair for pair in kept if pair[1] >= kept[0][1] + math.log(min_p)]
    weights = [(number, math.exp((value - kept[0][1]) / body["temperature"])) for number, value in kept]
    total = math.fsum(weight for _, weight in weights)
    return [(number, weight / total) for number, weight in weights]
