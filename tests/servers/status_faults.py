"""Behaviours 1 to 16 and 34 to 36: another status, another body, another header, sent as it should be."""

import email.utils
import json
import math
import time

from selection import behaviour


def fail(answer, status, message, kind="server_error", code=None):
    """Turns the answer into a refusal with OpenAI's error body."""
    answer.status, answer.is_right, answer.usage, answer.body = status, False, None, None
    answer.payload = {"error": {"message": message, "type": kind, "param": None, "code": code}}


def too_many(answer, headers=()):
    fail(answer, 429, "Rate limit reached for requests", "rate_limit_error", "rate_limit_exceeded")
    answer.headers.update(headers)


def quiet(turn, seconds):
    """From now on requests are counted as ones that should have waited."""
    turn.log.quiet_until = max(turn.log.quiet_until, time.monotonic() + seconds)


@behaviour(1, "429 with Retry-After: SECONDS (seconds=2)", select="first:1")
def retry_after(answer, turn):
    seconds = turn.parameter("seconds", "2")
    too_many(answer, {"Retry-After": seconds})
    quiet(turn, float(seconds))


@behaviour(2, "429 without any header, for the first tries", select="tries:3")
def bare_429(answer, turn):
    too_many(answer)


@behaviour(3, "429 with Retry-After as a date: ahead by seconds=2, past, or unreadable", ("ahead", "past", "unreadable"),
           select="first:1")
def retry_after_date(answer, turn):
    seconds = turn.parameter("seconds", 2.0)
    now = time.time()
    moment = {"ahead": math.ceil(now + seconds), "past": now - 60, "unreadable": 0}[turn.kind]
    date = email.utils.formatdate(moment, usegmt=True)
    too_many(answer, {"Date": email.utils.formatdate(now, usegmt=True),
                      "Retry-After": "after lunch" if turn.kind == "unreadable" else date})
    if turn.kind == "ahead":
        quiet(turn, seconds)


@behaviour(4, "429 with retry-after-ms (ms=300) and Retry-After (seconds=60)", select="first:1")
def retry_after_ms(answer, turn):
    milliseconds = turn.parameter("ms", 300)
    too_many(answer, {"retry-after-ms": milliseconds, "Retry-After": turn.parameter("seconds", "60")})
    quiet(turn, milliseconds / 1000)


@behaviour(5, "429 with Retry-After: 86400")
def retry_tomorrow(answer, turn):
    too_many(answer, {"Retry-After": turn.parameter("seconds", "86400")})


@behaviour(6, "429 insufficient_quota")
def no_quota(answer, turn):
    fail(answer, 429, "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota",
         "insufficient_quota")


@behaviour(7, "right answer, x-ratelimit-remaining-requests: 0, reset 1s; or values of -1 and 0 that mean nothing",
           ("zero", "negative"), select="first:1")
def remaining(answer, turn):
    if turn.kind == "zero":
        answer.headers.update({"x-ratelimit-limit-requests": 60, "x-ratelimit-remaining-requests": 0,
                               "x-ratelimit-reset-requests": "1s"})
        quiet(turn, 1.0)
    else:
        answer.headers.update({"x-ratelimit-limit-requests": 0, "x-ratelimit-remaining-requests": -1,
                               "x-ratelimit-reset-requests": "0", "x-ratelimit-limit-tokens": -1,
                               "x-ratelimit-remaining-tokens": -1, "x-ratelimit-reset-tokens": "0s"})


@behaviour(8, "500, 502, 503, 504 or 529, for the first tries", ("503", "500", "502", "504", "529"), select="tries:2")
def server_error(answer, turn):
    fail(answer, int(turn.kind), f"The server had an error (try {turn.try_number}, {turn.kind})")


@behaviour(9, "503 for ever, or as long as select=seconds:S says", select="always")
def always_503(answer, turn):
    fail(answer, 503, "The model is overloaded", "overloaded_error")


@behaviour(10, "408, 409 or 425, once", ("408", "409", "425"), select="tries:1")
def try_again(answer, turn):
    fail(answer, int(turn.kind), "Please try again", "timeout")


@behaviour(11, "400, 404, 405, 413, 415 or 422 with a text (text=...)", ("400", "404", "405", "413", "415", "422"))
def client_error(answer, turn):
    text = turn.parameter("text", "the toy server does not like this request")
    fail(answer, int(turn.kind), text, "invalid_request_error")


@behaviour(12, "401 or 403", ("401", "403"))
def not_allowed(answer, turn):
    fail(answer, int(turn.kind), "Incorrect API key provided", "authentication_error", "invalid_api_key")


@behaviour(13, "400: prompt too long, in the wording of a kind of server", ("openai", "vllm", "llama", "tgi"))
def too_long(answer, turn):
    asked, allowed = turn.parameter("asked", 5001), turn.parameter("allowed", 4096)
    words = f"This model's maximum context length is {allowed} tokens. However, you requested {asked} tokens"
    if turn.kind == "openai":
        fail(answer, 400, f"{words}. Please reduce the length of the prompt.", "invalid_request_error",
             "context_length_exceeded")
    elif turn.kind == "vllm":
        fail(answer, 400, f"{words} ({asked - 1} in the messages, 1 in the completion).", "BadRequestError", 400)
    elif turn.kind == "llama":
        fail(answer, 400, "the request exceeds the available context size, try increasing it",
             "exceed_context_size_error", 400)
        answer.payload["error"].update(n_prompt_tokens=asked, n_ctx=allowed)
    else:
        fail(answer, 422, "")
        answer.payload = {"error": f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {allowed}. "
                                   f"Given: {asked - 1} `inputs` tokens and 1 `max_new_tokens`", "error_type": "validation"}


@behaviour(14, "400 content_filter; prompt=TEXT picks the prompts that hold it")
def content_filter(answer, turn):
    fail(answer, 400, "The response was filtered due to the prompt triggering the content management policy.", None,
         "content_filter")


@behaviour(15, "200 with an error object whose code is 503 (for the first tries) or 400", ("503", "400"), select="tries:2")
def error_in_200(answer, turn):
    fail(answer, 200, "Provider returned error", "upstream_error", int(turn.kind))


@behaviour(16, "an HTML page with 200 or 502, or nothing with 200", ("html200", "html502", "empty"), select="tries:1")
def page(answer, turn):
    answer.is_right, answer.usage = False, None
    answer.status = 502 if turn.kind == "html502" else 200
    if turn.kind == "empty":
        answer.body = b""
        return
    answer.headers["Content-Type"] = "text/html"
    answer.body = (b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>p {color: red}</style></head><body>"
                   b"<h1>Bad Gateway</h1>" + b"<p>The proxy could not reach the <b>server</b>.</p>" * 40 + b"</body></html>")


@behaviour(34, "a redirection: 301 or 307 to another path, 308 to another host", ("301", "307", "308"))
def redirection(answer, turn):
    answer.status, answer.is_right, answer.usage, answer.body = int(turn.kind), False, None, b""
    host = turn.request.headers.get("host", "127.0.0.1")
    target = f"http://127.0.0.2:{host.rpartition(':')[2]}{turn.request.path}" if turn.kind == "308" else "/elsewhere"
    answer.headers["Location"] = turn.parameter("location", target)


def responses(answer):
    """The responses in an answer: one, or llama.cpp's list."""
    payload = answer.payload if isinstance(answer.payload, list) else [answer.payload]
    return [response for response in payload if isinstance(response, dict)]


@behaviour(35, "another model's name in the answer (name=another-model)")
def other_model(answer, turn):
    for response in responses(answer):
        response["model"] = turn.parameter("name", "another-model")


@behaviour(36, "usage missing, zero, or larger than the true number", ("missing", "zero", "larger"))
def wrong_usage(answer, turn):
    factor = {"missing": None, "zero": 0, "larger": 10}[turn.kind]
    for response in responses(answer):
        usage = json.loads(json.dumps(response.pop("usage", {})))
        for holder, names in ((usage, list(usage)), (response, ("tokens_evaluated", "tokens_predicted"))):
            for name in names:
                if name in holder and factor is None:
                    del holder[name]
                elif name in holder:
                    holder[name] *= factor
        if usage:
            response["usage"] = usage
