"""Behaviours 17 to 21, 32, 33, 37 and 38: the right answer, or none, sent in another way."""

import gzip
import json
import zlib

from http_message import chunk, chunked
from selection import behaviour

HOW_LONG = 3600.0  # of a silence, unless seconds= says another time
MIB = 1 << 20


def wrong(answer, script):
    answer.is_right, answer.script = False, script


@behaviour(17, "the body is cut: by its length, in a chunk, before the last chunk, after the header, in the header",
           ("length", "chunk", "last_chunk", "header_body", "header"), select="tries:1")
def cut(answer, turn):
    kind = turn.kind

    def script(answer):
        body = answer.body_bytes()
        answer.framing = "chunked" if "chunk" in kind else "length"
        head = answer.head_bytes(len(body))
        if kind == "length":
            yield "send", head + body[:len(body) // 2]
        elif kind == "chunk":
            yield "send", head + chunk(body)[:len(body) // 2]
        elif kind == "last_chunk":
            yield "send", head + chunked(body)[:-len(b"0\r\n\r\n")]
        else:
            yield "send", head if kind == "header_body" else head[:len(head) // 2]
        yield ("close",)
    wrong(answer, script)


@behaviour(18, "reset before the header, after half of the answer, or on reuse of a kept connection",
           ("before", "half", "reuse"), select="tries:1")
def reset(answer, turn):
    kind = turn.kind
    if kind == "reuse" and turn.connection.num_requests < 2:
        return False

    def script(answer):
        if kind == "half":
            body = answer.body_bytes()
            yield "send", answer.head_bytes(len(body)) + body[:len(body) // 2]
            yield "wait", 0.05
        yield ("reset",)
    wrong(answer, script)
    return True


@behaviour(19, "no answer for seconds=3600, a header and then silence, or a byte a second", ("silence", "header", "drip"),
           select="tries:1")
def stall(answer, turn):
    kind, seconds = turn.kind, turn.parameter("seconds", HOW_LONG)

    def script(answer):
        body = answer.body_bytes()
        if kind != "silence":
            yield "send", answer.head_bytes(len(body))
        for byte in body[:int(seconds)] if kind == "drip" else b"":
            yield "send", bytes([byte])
            yield "wait", 1.0
        yield "wait", 0.0 if kind == "drip" else seconds
        yield ("close",)
    wrong(answer, script)


def bomb(megabytes):
    """A gzip stream that grows a thousandfold."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * MIB
    for _ in range(megabytes):
        yield packer.compress(blanks)
    yield packer.flush()


@behaviour(21, "too much: 1 GiB of blanks (megabytes=1024), 100,000 nested arrays, 10 MB of headers, a gzip bomb",
           ("blanks", "nested", "headers", "gzip"))
def too_much(answer, turn):
    kind, megabytes = turn.kind, turn.parameter("megabytes", 1024)

    def script(answer):
        if kind == "blanks":
            yield "send", answer.head_bytes(megabytes * MIB)
            for _ in range(megabytes):
                yield "send", b" " * MIB
        elif kind == "nested":
            body = b"[" * 100_000 + b"]" * 100_000
            yield "send", answer.head_bytes(len(body)) + body
        elif kind == "headers":
            yield "send", b"HTTP/1.1 200 OK\r\n"
            for number in range(10 * 1024):
                yield "send", b"x-filler-%d: %s\r\n" % (number, b"a" * 1000)
            yield "send", b"Content-Length: 2\r\n\r\n{}"
        else:
            answer.headers["Content-Encoding"] = "gzip"
            answer.framing = "chunked"
            yield "send", answer.head_bytes()
            for piece in filter(None, bomb(megabytes)):
                yield "send", chunk(piece)
            yield "send", b"0\r\n\r\n"
    wrong(answer, script)


@behaviour(32, "server-sent events although not asked for")
def events(answer, turn):
    responses = answer.payload if isinstance(answer.payload, list) else [answer.payload]
    lines = [f"data: {json.dumps(response)}\n\n" for response in responses] + ["data: [DONE]\n\n"]
    answer.body = "".join(lines).encode()
    answer.headers["Content-Type"] = "text/event-stream"
    answer.framing = "chunked"


def brotli(data):
    """A brotli stream that holds the data as they are: uncompressed blocks of 64 KiB at most."""
    stream, num_bits, out = 0, 1, bytearray()  # one bit 0: a window of 2^16
    for begin in range(0, len(data), 1 << 16):
        block = data[begin:begin + (1 << 16)]
        # Not the last block; four half bytes of length - 1; uncompressed.
        stream |= ((len(block) - 1) << 3 | 1 << 19) << num_bits
        out += stream.to_bytes(3, "little") + block
        stream, num_bits = 0, 0
    out += (3 << num_bits).to_bytes(1, "little")  # the last block, empty
    return bytes(out)


@behaviour(33, "compressed with gzip, deflate or br as declared; or declared as gzip and not compressed",
           ("gzip", "deflate", "br", "lie"))
def compressed(answer, turn):
    body = answer.body_bytes()
    answer.headers["Content-Encoding"] = "gzip" if turn.kind == "lie" else turn.kind
    pack = {"gzip": lambda data: gzip.compress(data, mtime=0), "deflate": zlib.compress, "br": brotli, "lie": bytes}
    answer.body = pack[turn.kind](body)
    answer.is_right = answer.is_right and turn.kind != "lie"


@behaviour(37, "each answer closes the connection; 100 requests a connection; closed when idle for seconds=1",
           ("close", "hundred", "idle"))
def short_connections(answer, turn):
    if turn.kind == "idle":
        answer.idle_seconds = turn.parameter("seconds", 1.0)
    else:
        answer.closes = turn.kind == "close" or turn.connection.num_requests >= turn.parameter("requests", 100)


@behaviour(38, "100 Continue first; other 1xx twice; HTTP/1.0 without a length", ("continue", "twice", "http10"))
def interim(answer, turn):
    if turn.kind == "http10":
        answer.version, answer.framing = "HTTP/1.0", "none"
    elif turn.kind == "continue":
        answer.first = b"HTTP/1.1 100 Continue\r\n\r\n"
    else:
        answer.first = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
