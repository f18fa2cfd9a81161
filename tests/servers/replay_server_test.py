"""The replay server sends recorded exchanges as they were.

Usage: replay_server_test.py [RECORDINGS] -- folder of recorded llama.cpp answers; tests that read it skip without it
"""

import json
import pathlib
import sys
import tempfile
import unittest

from http_message import chunk
from started_server import StartedServer

RECORDINGS = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None


class Replays(unittest.TestCase):
    def written(self, until=b"", **response):
        """What a recording with this response sends, and how it ends."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "recording.json")
            path.write_text(json.dumps({"request": {"method": "POST", "path": "/completion"}, "response": response}))
            with StartedServer(path, program="replay_server.py") as server:
                return server.raw({}, until=until)

    def test_whole_answers(self):
        found = self.written(b"{}", status=200, headers={"Content-Length": "2", "Server": "x"}, body="{}")
        self.assertEqual(found, (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\n{}", "open"))
        found = self.written(None, status=415, headers={"Content-Length": "1", "Connection": "close"}, body_base64="/w==")
        self.assertTrue(found[0].endswith(b"\xff") and found[1] == "closed")

    def test_chunks_and_the_end_of_a_cut_answer(self):
        headers = {"Transfer-Encoding": "chunked"}
        data, end = self.written(b"0\r\n\r\n", status=200, headers=headers, body="abcé", chunks=["ab", "cé"])
        self.assertTrue(data.endswith(b"\r\n\r\n" + chunk(b"ab") + chunk("cé".encode()) + b"0\r\n\r\n"))
        data, end = self.written(None, status=200, headers=headers, body="ab", chunks=["ab"], transport_error="cut")
        self.assertTrue(data.endswith(b"\r\n\r\n" + chunk(b"ab")) and end == "closed")

    def test_no_answer(self):
        self.assertEqual(self.written(None, status=None, headers={}, body="", transport_error="cut"), (b"", "closed"))
        self.assertEqual(self.written(status=None, headers={}, body="", transport_error="TimeoutError"), (b"", "open"))

    @unittest.skipUnless(RECORDINGS and RECORDINGS.is_dir(), "the recorded answers are not here")
    def test_one_recording_for_each_connection(self):
        paths = [RECORDINGS / name for name in ("completions/prompt_string.json", "errors/bad_utf8.json",
                                                "native_completion/n_probs_full_vocab.json", "errors/expect_100.json")]
        recorded = [json.loads(path.read_text())["response"] for path in paths]
        with StartedServer(*paths, program="replay_server.py") as server:
            for response in recorded[:3]:
                status, _, body = server.exchange("POST", "/v1/completions", {})
                self.assertEqual((status, body), (response["status"], response.get("body", "").encode()))
            for _ in range(2):  # the last one again and again
                data, _ = server.raw({}, until=b"}}")
                self.assertEqual(data, b"HTTP/1.1 100 Continue\r\n\r\n" + recorded[3]["body"].encode())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
