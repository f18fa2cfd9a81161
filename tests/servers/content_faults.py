"""Behaviours 22 to 31 and 42: JSON that is broken, or JSON that says something else than it should."""

import json
import re

from selection import before, behaviour
from status_faults import fail, responses

AGAIN = "@@again"     # any number of times at the end of a key: the key without it, which a dictionary cannot hold again
LITERAL = "@@number"  # a text that holds a number which no float can hold


def dump(payload):
    """JSON with what Python's own dictionaries and numbers cannot say."""
    text = re.sub(f'({AGAIN})+"', '"', json.dumps(payload, separators=(",", ":")))
    return text.replace('"' + LITERAL, "").replace(LITERAL + '"', "").encode()


@behaviour(22, "not JSON, two documents, a comma too much, a byte order mark, invalid UTF-8, half a surrogate pair",
           ("text", "two", "comma", "bom", "utf8", "surrogate"), select="tries:1")
def broken_json(answer, turn):
    body = answer.body_bytes()
    texts = {"text": b"The model says: good", "two": body + body, "comma": body[:-1] + b"," + body[-1:],
             "bom": b"\xef\xbb\xbf" + body, "utf8": body.replace(b'"model":"', b'"model":"\xff\xc3(', 1),
             "surrogate": body.replace(b'"model":"', b'"model":"\\ud800', 1)}
    answer.body, answer.is_right = texts[turn.kind], False


def lists_of_choices(answer):
    """(holder, name of its list) for each response: the choices, or the tokens of llama.cpp's own route."""
    for response in responses(answer):
        for name in ("choices", "completion_probabilities"):
            if name in response:
                yield response, name


@behaviour(23, "choices: missing, null, empty, one fewer, one more, an index twice, an index of 7, texts for objects",
           ("missing", "null", "empty", "fewer", "more", "double", "index", "texts"), select="tries:1")
def wrong_choices(answer, turn):
    changes = {"null": lambda choices: None, "empty": lambda choices: [], "fewer": lambda choices: choices[:-1],
               "more": lambda choices: choices + [{**choices[-1], "index": len(choices)}],
               "double": lambda choices: [choices[0]] * max(len(choices), 2),
               "index": lambda choices: choices[:-1] + [{**choices[-1], "index": 7}],
               "texts": lambda choices: [choice.get("text", "good") for choice in choices]}
    answer.is_right = False
    for holder, name in list(lists_of_choices(answer)):
        if turn.kind == "missing":
            del holder[name]
        elif holder[name]:
            holder[name] = changes[turn.kind](holder[name])


@behaviour(24, "choices in reverse order, with right indices")
def reversed_choices(answer, turn):
    if isinstance(answer.payload, list):
        answer.payload.reverse()
    for response in responses(answer):
        if "choices" in response:
            response["choices"].reverse()


@behaviour(25, "logprobs null, for 1 request of 20", select="every:20")
def no_values(answer, turn):
    answer.is_right = False
    for response in responses(answer):
        response.pop("completion_probabilities", None)
        for choice in response.get("choices", []):
            choice["logprobs"] = None


class Values:
    """All log-probabilities of an answer, whatever its shape: `change(number) -> value`."""

    def __init__(self, answer):
        self._answer = answer

    def blocks(self):
        """The parts of an answer that hold values: legacy lists, or a list of records."""
        for response in responses(self._answer):
            if "completion_probabilities" in response:
                yield response["completion_probabilities"]
            for choice in response.get("choices", []):
                logprobs = choice.get("logprobs")
                if logprobs:
                    yield logprobs.get("content", logprobs)

    def tops(self):
        """(holder, name or place) of each list of the best: a map of texts, or a list of records."""
        for block in self.blocks():
            if isinstance(block, dict):
                yield from ((block["top_logprobs"], place) for place, top in enumerate(block["top_logprobs"]) if top)
            else:
                yield from ((record, name) for record in block for name in ("top_logprobs", "top_probs") if name in record)

    def change_sampled(self, change):
        for block in self.blocks():
            if isinstance(block, dict):
                block["token_logprobs"] = [None if value is None else change(value) for value in block["token_logprobs"]]
            for record in block if isinstance(block, list) else []:
                change_record(record, change)

    def change_tops(self, change, skipped=0):
        """All entries but the first `skipped`."""
        for holder, name in self.tops():
            top = holder[name]
            if isinstance(top, dict):
                holder[name] = {key: change(value) if place >= skipped else value
                                for place, (key, value) in enumerate(top.items())}
            else:
                for record in top[skipped:]:
                    change_record(record, change)


def change_record(record, change):
    for name in ("logprob", "prob"):
        if name in record:
            record[name] = change(record[name])


NUMBERS = {"nan": float("nan"), "infinity": float("inf"), "null": None, "1e400": f"{LITERAL}1e400{LITERAL}", "positive": 0.5,
           "-9999": -9999.0, "-3.4e38": -3.4028234663852886e+38}


@behaviour(26, "values: NaN, Infinity, a text, null, 1e400, 0.5; or -9999 and -3.4e38 after the first two entries",
           ("nan", "infinity", "text", "null", "1e400", "positive", "-9999", "-3.4e38"), select="tries:1")
def wrong_numbers(answer, turn):
    kind, values = turn.kind, Values(answer)
    answer.is_right = False
    if kind.startswith("-"):
        values.change_tops(lambda value: NUMBERS[kind], skipped=2)
    else:
        def change(value):
            return f"\N{MINUS SIGN}{abs(value)}" if kind == "text" else NUMBERS[kind]
        values.change_sampled(change)
        values.change_tops(change)
    answer.body = dump(answer.payload)


@behaviour(27, "the lists of the best lack a token (token=TEXT; without: the last one)")
def missing_label(answer, turn):
    answer.is_right = False
    token = turn.parameter("token", "")
    for holder, name in Values(answer).tops():
        top = holder[name]
        if isinstance(top, dict):
            missing = token or list(top)[-1]
            holder[name] = {key: value for key, value in top.items() if key != missing}
        else:
            missing = token or top[-1]["token"]
            holder[name] = [record for record in top if record["token"] != missing]


@behaviour(28, "two entries of equal text and other bytes; or entries that are parts of a character", ("equal", "half"))
def equal_texts(answer, turn):
    kind = turn.kind
    for holder, name in Values(answer).tops():
        top = holder[name]
        if isinstance(top, dict):
            holder[name] = equal_keys(top, kind)
        else:
            for number, record in enumerate(top[-2:]):
                record["token"] = top[0]["token"] if kind == "equal" else "\ufffd"
                record["bytes"] = [226, 130 + number] if kind == "half" else [*top[0]["bytes"], 204, 129 + number]
    answer.body = dump(answer.payload)


def equal_keys(top, kind):
    """The last two entries of a map get the first one's text, or the sign for half a character."""
    keys = list(top)
    if any(key.startswith("token_id:") for key in keys):
        return top  # ids cannot be equal
    text = keys[0] if kind == "equal" else "\ufffd"
    shown = {key: top[key] for key in keys[:-2]}
    for number, key in enumerate(keys[-2:]):
        shown[text + AGAIN * (number + (kind == "equal"))] = top[key]
    return shown


def top_name(body):
    """The option that says how many of the best are wanted; None where they are not."""
    for name in ("top_logprobs", "n_probs", "logprobs"):
        if type(body.get(name)) is int and body[name] > 0:
            return name
    return None


@before(29, "more entries than asked for, fewer, or in another order", ("more", "fewer", "unsorted"))
def other_number(body, turn):
    name = top_name(body)
    if name and turn.kind != "unsorted":
        body[name] = body[name] + 3 if turn.kind == "more" else max(body[name] - 2, 1)
        body["_any_top"] = True


@behaviour(29, "")
def unsorted(answer, turn):
    for holder, name in Values(answer).tops() if turn.kind == "unsorted" else ():
        top = holder[name]
        holder[name] = dict(sorted(top.items())) if isinstance(top, dict) else list(reversed(top))


@before(30, "echo ignored, refused with 400 or 500, or answered with zeros", ("ignored", "400", "500", "zeros"))
def no_echo(body, turn):
    turn.asked_echo = bool(body.get("echo"))
    if turn.kind != "zeros" and turn.asked_echo:
        del body["echo"]
        body["max_tokens"] = max(body.get("max_tokens", 16), 1)


@behaviour(30, "")
def bad_echo(answer, turn):
    if not turn.asked_echo:
        return False
    answer.is_right = False
    if turn.kind in ("400", "500"):
        fail(answer, int(turn.kind), "Only no echo is supported", "invalid_request_error")
    elif turn.kind == "zeros":
        values = Values(answer)
        values.change_sampled(lambda value: 0.0)
        values.change_tops(lambda value: 0.0)
    return True


@before(31, "logprobs ignored, clipped to 5 entries, or refused over 5 (most=5)", ("ignored", "clipped", "refused"))
def fewer_values(body, turn):
    most, name = turn.parameter("most", 5), top_name(body)
    turn.asked_top = body[name] if name else 0
    if turn.kind == "ignored":
        for key in ("logprobs", "top_logprobs", "n_probs"):
            body.pop(key, None)
    elif turn.kind == "clipped" and turn.asked_top > most:
        body[name] = most


@behaviour(31, "")
def refused_values(answer, turn):
    most = turn.parameter("most", 5)
    if turn.kind == "refused" and turn.asked_top > most:
        fail(answer, 400, f"Invalid value for 'logprobs': must be less than or equal to {most}.", "invalid_request_error")
    answer.is_right = answer.is_right and turn.kind != "ignored"


@before(42, "max_tokens ignored: tokens=64 come back")
def long_answer(body, turn):
    tokens = turn.parameter("tokens", 64)
    for name in ("max_tokens", "max_completion_tokens", "n_predict"):
        if name in body:
            body[name] = tokens
