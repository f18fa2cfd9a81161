"""Each fault of the fault server is the one it says. Usage: behaviours_test.py"""

import email.utils
import gzip
import json
import math
import socket
import ssl
import sys
import time
import unittest
import zlib

from behaviours import BEHAVIOURS
from started_server import StartedServer
from wire_faults import brotli

COMPLETIONS = "/v1/completions"
ASK = {"model": "toy", "prompt": "Review: the food was good. Verdict:", "max_tokens": 1, "temperature": 0, "logprobs": 5}
TWO = {**ASK, "prompt": ["It was good", "It was bad"]}


def unpack_brotli(data):
    """Reads what brotli() writes: blocks without compression."""
    out, place, num_bits = b"", 0, 1
    while True:
        bits = int.from_bytes(data[place:place + 3], "little") >> num_bits
        if bits & 3 == 3:
            return out
        assert bits & 7 == 0 and bits >> 19 & 1 == 1
        length = (bits >> 3 & 0xFFFF) + 1
        out += data[place + 3:place + 3 + length]
        place, num_bits = place + 3 + length, 0


class FaultCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vllm = StartedServer("--favour", " good, bad")
        cls.llama = StartedServer("--shape", "llama", "--favour", " good, bad")
        cls.addClassCleanup(cls.vllm.end)
        cls.addClassCleanup(cls.llama.end)

    def once(self, behaviour, ask=None, server=None):
        """(status, headers, body) of one request that meets the behaviour."""
        server = server or self.vllm
        server.control(behaviour)
        return server.exchange("POST", COMPLETIONS, ask or ASK)

    def value(self, behaviour, ask=None, server=None):
        status, _, data = self.once(behaviour, ask, server)
        self.assertEqual(status, 200)
        return json.loads(data)

    def raw(self, behaviour, ask=None, **options):
        self.vllm.control(behaviour)
        return self.vllm.raw(ask or ASK, **options)

    def right(self, ask=None, server=None):
        (server or self.vllm).control()
        return (server or self.vllm).post(COMPLETIONS, ask or ASK)


class Statuses(FaultCase):
    def test_the_table_is_whole(self):
        self.assertEqual(sorted(BEHAVIOURS), list(range(1, 43)))

    def test_waiting(self):
        status, headers, _ = self.once("1:select=always")
        self.assertEqual((status, headers["Retry-After"]), (429, "2"))
        self.assertIsNone(self.once("2:select=always")[1]["Retry-After"])
        _, headers, _ = self.once("3:kind=ahead,select=always")
        ahead = email.utils.mktime_tz(email.utils.parsedate_tz(headers["Retry-After"])) - email.utils.mktime_tz(
            email.utils.parsedate_tz(headers["Date"]))
        self.assertIn(ahead, (2, 3))
        self.assertEqual(self.once("3:kind=unreadable,select=always")[1]["Retry-After"], "after lunch")
        _, headers, _ = self.once("4:select=always")
        self.assertEqual((headers["retry-after-ms"], headers["Retry-After"]), ("300", "60"))
        self.assertEqual(self.once("5")[1]["Retry-After"], "86400")
        self.assertEqual(json.loads(self.once("6")[2])["error"]["code"], "insufficient_quota")
        status, headers, data = self.once("7:select=always")
        self.assertEqual((status, headers["x-ratelimit-reset-requests"]), (200, "1s"))
        self.assertEqual(json.loads(data), self.right())

    def test_statuses_of_all_kinds(self):
        for number in (8, 9, 10, 11, 12):
            for kind in BEHAVIOURS[number].kinds:
                behaviour = f"{number}:select=always" + (f",kind={kind}" if kind else "")
                self.assertEqual(self.once(behaviour)[0], int(kind or 503))
        self.assertIn(b"no such soup", self.once("11:text=no such soup")[2])
        for kind in BEHAVIOURS[13].kinds:
            status, _, data = self.once(f"13:kind={kind}")
            self.assertTrue(400 <= status <= 422 and (b"4096" in data), data)
        self.assertIn(b"content_filter", self.once("14")[2])

    def test_pages_and_errors_inside_an_answer(self):
        for kind in ("503", "400"):
            status, _, data = self.once(f"15:kind={kind},select=always")
            self.assertEqual((status, json.loads(data)["error"]["code"]), (200, int(kind)))
        for kind, status in (("html200", 200), ("html502", 502), ("empty", 200)):
            found, headers, data = self.once(f"16:kind={kind},select=always")
            self.assertEqual((found, data.startswith(b"<!DOCTYPE")), (status, kind != "empty"))
        self.assertEqual(self.once("34:kind=301")[1]["Location"], "/elsewhere")
        self.assertTrue(self.once("34:kind=308")[1]["Location"].startswith("http://127.0.0.2:"))

    def test_names_and_usage(self):
        right = self.right()
        self.assertEqual(self.value("35")["model"], "another-model")
        self.assertNotIn("usage", self.value("36:kind=missing"))
        self.assertEqual(self.value("36:kind=zero")["usage"]["total_tokens"], 0)
        self.assertEqual(self.value("36:kind=larger")["usage"]["prompt_tokens"], 10 * right["usage"]["prompt_tokens"])
        self.assertEqual(self.value("42")["usage"]["completion_tokens"], 64)


class Wire(FaultCase):
    def test_cuts(self):
        whole = json.dumps(self.right(), separators=(",", ":")).encode()
        for kind in BEHAVIOURS[17].kinds:
            data, end = self.raw(f"17:kind={kind},select=always")
            head, _, body = data.partition(b"\r\n\r\n")
            self.assertEqual(end, "closed")
            self.assertEqual(head.count(b"Content-Length"), 1 if kind in ("length", "header_body") else 0)
            self.assertEqual(b"\r\n\r\n" in data, kind != "header")
            self.assertFalse(body.endswith(b"0\r\n\r\n"))
            self.assertEqual(len(body) > len(whole), kind == "last_chunk")

    def test_resets(self):
        self.assertEqual(self.raw("18:kind=before,select=always"), (b"", "reset"))
        data, end = self.raw("18:kind=half,select=always")
        self.assertTrue(data.startswith(b"HTTP/1.1 200") and end == "reset")
        data, end = self.raw("18:kind=reuse,select=always", num_requests=2)
        self.assertEqual((data.count(b"HTTP/1.1 200"), end), (1, "reset"))

    def test_silences(self):
        self.assertEqual(self.raw("19:kind=silence,select=always", until=b""), (b"", "open"))
        data, end = self.raw("19:kind=header,select=always", until=b"\r\n\r\n")
        self.assertEqual((data[-4:], end), (b"\r\n\r\n", "open"))
        data, end = self.raw("19:kind=drip,select=always", until=b"{")
        self.assertIn(data.partition(b"\r\n\r\n")[2], (b"{", b'{"'))
        self.assertEqual(end, "open")
        self.assertEqual(self.raw("19:seconds=0.1,select=always"), (b"", "closed"))

    def test_too_much(self):
        self.assertEqual(len(self.once("21:kind=blanks,megabytes=3")[2]), 3 << 20)
        self.assertEqual(self.once("21:kind=nested")[2], b"[" * 100_000 + b"]" * 100_000)
        data, _ = self.raw("21:kind=headers", until=b"\r\n\r\n{}")
        self.assertGreater(data.index(b"\r\n\r\n"), 10_000_000)
        _, headers, data = self.once("21:kind=gzip,megabytes=20")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertLess(len(data), 1 << 16)
        self.assertEqual(len(gzip.decompress(data)), 20 << 20)

    def test_events(self):
        _, headers, data = self.once("32")
        self.assertEqual(headers["Content-Type"], "text/event-stream")
        self.assertTrue(data.startswith(b"data: {") and data.endswith(b"data: [DONE]\n\n"))

    def test_compression(self):
        right = self.right()
        unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, "br": unpack_brotli, "lie": bytes}
        for kind in BEHAVIOURS[33].kinds:
            _, headers, data = self.once(f"33:kind={kind}")
            self.assertEqual(headers["Content-Encoding"], "gzip" if kind == "lie" else kind)
            self.assertEqual(json.loads(unpack[kind](data)), right)
        long = bytes(range(256)) * 1000
        self.assertEqual(unpack_brotli(brotli(long)), long)

    def test_short_connections_and_interim_answers(self):
        data, end = self.raw("37:kind=close")
        self.assertTrue(b"Connection: close" in data and end == "closed")
        data, end = self.raw("37:kind=hundred,requests=2", num_requests=2)
        self.assertEqual((data.count(b"200 OK"), data.count(b"Connection: close"), end), (2, 1, "closed"))
        self.assertEqual(self.raw("37:kind=idle,seconds=0.1")[1], "closed")
        data, _ = self.raw("38:kind=continue", until=b"}}")
        self.assertTrue(data.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"))
        self.assertEqual(self.raw("38:kind=twice", until=b"}}")[0].count(b"HTTP/1.1 "), 3)
        data, end = self.raw("38:kind=http10")
        self.assertTrue(data.startswith(b"HTTP/1.0 200") and b"Content-Length" not in data and end == "closed")


class Contents(FaultCase):
    def test_broken_json(self):
        for kind in BEHAVIOURS[22].kinds:
            data = self.once(f"22:kind={kind},select=always")[2]
            if kind == "surrogate":
                self.assertIn(b"\\ud800", data)
                continue
            with self.assertRaises(ValueError, msg=kind):
                json.loads(data.decode())

    def test_choices(self):
        for kind, (number, indices) in {"fewer": (1, [0]), "more": (3, [0, 1, 2]), "double": (2, [0, 0]),
                                        "index": (2, [0, 7]), "empty": (0, [])}.items():
            choices = self.value(f"23:kind={kind},select=always", TWO)["choices"]
            self.assertEqual((len(choices), [choice["index"] for choice in choices]), (number, indices))
        self.assertNotIn("choices", self.value("23:kind=missing,select=always"))
        self.assertIsNone(self.value("23:kind=null,select=always")["choices"])
        self.assertIsInstance(self.value("23:kind=texts,select=always")["choices"][0], str)
        self.assertEqual(self.value("24", TWO)["choices"], self.right(TWO)["choices"][::-1])
        self.assertEqual([one["choices"][0]["index"] for one in self.value("24", TWO, self.llama)], [1, 0])
        self.assertIsNone(self.value("25:select=always")["choices"][0]["logprobs"])
        self.assertIsNone(self.value("25:select=always", server=self.llama)["choices"][0]["logprobs"])

    def test_numbers(self):
        def sampled(value):
            logprobs = value["choices"][0]["logprobs"]
            return logprobs["content"][0]["logprob"] if "content" in logprobs else logprobs["token_logprobs"][0]

        def last(value):
            logprobs = value["choices"][0]["logprobs"]
            top = logprobs["content"][0]["top_logprobs"][-1:] if "content" in logprobs else logprobs["top_logprobs"]
            return list(top[0].values())[-1]

        for server in (self.vllm, self.llama):
            def found(kind, server=server):
                return self.value(f"26:kind={kind},select=always", server=server)
            self.assertTrue(math.isnan(sampled(found("nan"))) and math.isnan(last(found("nan"))))
            self.assertEqual((sampled(found("infinity")), sampled(found("1e400"))), (math.inf, math.inf))
            self.assertEqual(last(found("positive")), 0.5)
            self.assertIn(b"1e400", self.once("26:kind=1e400,select=always", server=server)[2])
            self.assertIsNone(sampled(found("null")))
            self.assertTrue(sampled(found("text")).startswith("\N{MINUS SIGN}"))
            self.assertEqual(sampled(found("-9999")), sampled(self.right(server=server)))
            self.assertEqual((last(found("-9999")), last(found("-3.4e38"))), (-9999.0, -3.4028234663852886e+38))

    def test_entries(self):
        self.assertNotIn(" bad", self.value("27:token= bad")["choices"][0]["logprobs"]["top_logprobs"][0])
        top = self.value("27:token= bad", server=self.llama)["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        self.assertEqual((len(top), " bad" in [record["token"] for record in top]), (4, False))
        top = self.value("28:kind=equal", server=self.llama)["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        self.assertEqual(len([record for record in top if record["token"] == top[0]["token"]]), 3)
        self.assertEqual(len({str(record["bytes"]) for record in top}), 5)
        for kind, sign in (("equal", None), ("half", "\ufffd")):
            data = self.once(f"28:kind={kind}")[2]
            pairs = json.loads(data, object_pairs_hook=list)
            top = dict(dict(dict(pairs)["choices"][0])["logprobs"])["top_logprobs"][0]
            self.assertEqual(len(top), 5)
            self.assertEqual([name for name, _ in top].count(sign or top[0][0]), 3 if kind == "equal" else 2)
        for kind, number in (("more", 8), ("fewer", 3), ("unsorted", 5)):
            top = self.value(f"29:kind={kind}")["choices"][0]["logprobs"]["top_logprobs"][0]
            self.assertEqual(len(top), number)
            self.assertEqual(list(top.values()) == sorted(top.values(), reverse=True), kind != "unsorted")

    def test_echo_and_number_of_entries(self):
        echo = {**ASK, "echo": True, "max_tokens": 0}
        self.assertEqual(len(self.value("30:kind=ignored", echo)["choices"][0]["logprobs"]["tokens"]), 1)
        self.assertEqual((self.once("30:kind=400", echo)[0], self.once("30:kind=500", echo)[0], self.once("30:kind=400")[0]),
                         (400, 500, 200))
        values = self.value("30:kind=zeros", echo)["choices"][0]["logprobs"]["token_logprobs"]
        self.assertEqual(set(values), {None, 0.0})
        many = {**ASK, "logprobs": 20}
        self.assertIsNone(self.value("31:kind=ignored", many)["choices"][0]["logprobs"])
        self.assertEqual(len(self.value("31:kind=clipped", many)["choices"][0]["logprobs"]["top_logprobs"][0]), 5)
        self.assertEqual((self.once("31:kind=refused", many)[0], self.once("31:kind=refused")[0]), (400, 200))


class Listening(unittest.TestCase):
    def test_refused_at_first(self):
        begin = time.monotonic()
        with StartedServer("--behaviour", "20:seconds=1") as server:
            deadline = begin + 120
            while time.monotonic() < deadline:
                try:
                    self.assertEqual(server.get("/health"), {"status": "ok"})
                    self.assertGreaterEqual(time.monotonic(), begin + 1.0)
                    return
                except ConnectionRefusedError:
                    time.sleep(0.05)
            self.fail("the server never listened")

    def test_certificates(self):
        reasons = {"self_signed": None, "expired": "expired", "other_name": "mismatch", "plain": None}
        for kind, reason in reasons.items():
            with StartedServer("--behaviour", f"39:kind={kind}") as server:
                self.assertEqual("certificate" in server.ready, kind != "plain")
                with self.assertRaises(ssl.SSLError):
                    self.greet(server.port, ssl.create_default_context())
                if kind == "plain":
                    continue
                own = ssl.create_default_context(cafile=server.ready["certificate"])
                if reason is None:
                    self.greet(server.port, own)
                else:
                    with self.assertRaisesRegex(ssl.SSLError, reason):
                        self.greet(server.port, own)

    @staticmethod
    def greet(port, context):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 200")

    def test_proxy(self):
        for kind, status in (("407", b"407"), ("cut", b"200")):
            with StartedServer("--behaviour", f"40:kind={kind}") as server:
                with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                    connection.sendall(b"CONNECT model.invalid:443 HTTP/1.1\r\nHost: model.invalid:443\r\n\r\n")
                    self.assertEqual(connection.recv(4096).split()[1], status)
                    if kind == "cut":
                        connection.sendall(b"\x16\x03\x01")
                        with self.assertRaises(ConnectionResetError):
                            connection.recv(100)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
