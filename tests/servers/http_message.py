"""HTTP/1.1 as bytes: requests as they come in, and answers as the steps that send them."""

import json

REASONS = {100: "Continue", 200: "OK", 301: "Moved Permanently", 307: "Temporary Redirect", 308: "Permanent Redirect",
           400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
           415: "Unsupported Media Type", 422: "Unprocessable Content", 425: "Too Early", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
           529: "Overloaded"}
NOT_READ = object()
TLS_HANDSHAKE = b"\x16"

# Steps of sending: ("send", bytes), ("wait", seconds), ("close",), ("reset",).


class BadRequest(Exception):
    pass


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        path = target.split("?")[0]
        if path.startswith("http://"):  # as to a proxy
            path = "/" + path[len("http://"):].partition("/")[2]
        self.path = path
        self._json = NOT_READ

    @property
    def json(self):
        """The body; None where it is no JSON."""
        if self._json is NOT_READ:
            try:
                self._json = json.loads(self.body)
            except ValueError:
                self._json = None
        return self._json


class RequestReader:
    """Takes bytes, gives requests when they are whole."""

    def __init__(self):
        self._buffer = bytearray()

    def add(self, data):
        self._buffer += data

    def expects_continue(self):
        head = bytes(self._buffer.partition(b"\r\n\r\n")[0]).lower()
        return b"expect: 100-continue" in head and b"\r\n\r\n" in self._buffer

    def next(self):
        """A request, or None as long as it is not whole."""
        if self._buffer[:1] == TLS_HANDSHAKE:
            raise BadRequest("TLS on a plain port")
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        method, target, headers = self._head(bytes(self._buffer[:end]))
        begin = end + 4
        if "chunked" in headers.get("transfer-encoding", ""):
            found = self._chunks(begin)
            if found is None:
                return None
            body, begin = found
        else:
            length = int(headers.get("content-length", 0))
            if len(self._buffer) < begin + length:
                return None
            body = bytes(self._buffer[begin:begin + length])
            begin += length
        del self._buffer[:begin]
        return Request(method, target, headers, body)

    @staticmethod
    def _head(head):
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/"):
            raise BadRequest(lines[0][:80])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return parts[0], parts[1], headers

    def _chunks(self, begin):
        """(body, end) of a chunked body, or None."""
        body = b""
        while True:
            end = self._buffer.find(b"\r\n", begin)
            if end < 0:
                return None
            size = int(self._buffer[begin:end].split(b";")[0], 16)
            begin = end + 2
            if len(self._buffer) < begin + size + 2:
                return None
            body += self._buffer[begin:begin + size]
            begin += size + 2
            if size == 0:
                return body, begin


class Answer:
    """What goes back. Faults change it, or replace how it is sent by `script(answer) -> steps`."""

    def __init__(self, status=200, payload=None, usage=None, num_prompts=0, is_right=True):
        self.status, self.payload, self.usage = status, payload, usage
        self.num_prompts = num_prompts
        self.is_right = is_right  # holds the right values for a client that reads well
        self.body = None          # bytes instead of the payload
        self.headers = {"Content-Type": "application/json"}
        self.version = "HTTP/1.1"
        self.first = b""          # bytes before the status line
        self.framing = "length"   # or "chunked", "none"
        self.closes = False
        self.idle_seconds = None  # closes the connection when it is idle for that long
        self.script = None

    def body_bytes(self):
        return self.body if self.body is not None else json.dumps(self.payload, separators=(",", ":")).encode()

    def head_bytes(self, length=None):
        lines = [f"{self.version} {self.status} {REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif self.framing == "length":
            lines.append(f"Content-Length: {length}")
        if self.closes:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def steps(self):
        if self.script is not None:
            yield from self.script(self)
            return
        body = self.body_bytes()
        head = self.first + self.head_bytes(len(body))
        yield "send", head + (chunked(body) if self.framing == "chunked" else body)
        if self.closes or self.framing == "none":
            yield ("close",)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(body, size=512):
    pieces = [chunk(body[begin:begin + size]) for begin in range(0, len(body), size)]
    return b"".join(pieces) + b"0\r\n\r\n"
