"""What the server saw: a line of JSON for each request that is done with, and counters."""

import collections
import json
import time

FLUSH_SECONDS = 0.05


class Peak:
    """The most of something within any window of so many seconds."""

    def __init__(self, seconds):
        self._seconds = seconds
        self._events = collections.deque()
        self._sum = 0
        self.most = 0

    def add(self, now, amount=1):
        self._events.append((now, amount))
        self._sum += amount
        while self._events[0][0] <= now - self._seconds:
            self._sum -= self._events.popleft()[1]
        self.most = max(self.most, self._sum)


class RequestLog:
    """`path`: the log's file, or None. `window`: seconds that stand for a minute."""

    def __init__(self, path, window, key):
        self._file = open(path, "a", encoding="utf-8") if path else None
        self._last_flush = 0.0
        self._key = key
        self.routes = collections.Counter()
        self.behaviours = collections.Counter()
        self._answered = collections.Counter()
        self.tries = collections.Counter()
        self.num_again = self.num_prompts = 0
        self.second, self.window, self.tokens = Peak(1.0), Peak(window), Peak(window)
        self.open_connections = self.peak_connections = self.num_connections = self.num_requests = 0
        self.num_while_waiting, self.quiet_until = 0, 0.0

    def connected(self):
        self.num_connections += 1
        self.open_connections += 1
        self.peak_connections = max(self.peak_connections, self.open_connections)
        return self.num_connections

    def arrived(self, request, asks_model):
        """Counts a request when it is whole."""
        now = time.monotonic()
        self.num_requests += 1
        self.routes[f"{request.method} {request.path}"] += 1
        if asks_model:
            self.second.add(now)
            self.window.add(now)
            self.num_while_waiting += now < self.quiet_until
        return self.num_requests, now

    def answered(self, keys, answer, is_whole):
        """Counts the prompts of an answer that held the right values and was written to its end."""
        if answer.usage is not None:
            self.tokens.add(time.monotonic(), answer.usage.prompt + answer.usage.completion)
        if not (answer.is_right and is_whole):
            return
        for key in keys:
            self._answered[key] += 1
            self.num_prompts += 1
            self.num_again += self._answered[key] > 1

    def write(self, record):
        if self._file is None:
            return
        self._file.write(json.dumps(record, ensure_ascii=True) + "\n")
        if record["time"] - self._last_flush > FLUSH_SECONDS:
            self.flush()

    def flush(self):
        self._last_flush = time.monotonic()
        if self._file is not None:
            self._file.flush()

    def headers(self, headers):
        """Without anything that could be a key."""
        return {name: value for name, value in headers.items()
                if name not in ("authorization", "api-key", "x-api-key", "proxy-authorization", "cookie")
                and not (self._key and self._key in value)}

    def stats(self):
        return {"requests": self.num_requests, "routes": dict(self.routes), "behaviours": dict(self.behaviours),
                "prompts_answered": self.num_prompts, "prompts_answered_again": self.num_again,
                "peak_in_a_second": self.second.most, "peak_in_a_window": self.window.most,
                "peak_tokens_in_a_window": self.tokens.most, "connections": self.num_connections,
                "open_connections": self.open_connections, "peak_connections": self.peak_connections,
                "requests_during_retry_after": self.num_while_waiting}
