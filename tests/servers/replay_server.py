"""Answers with recorded exchanges: status, headers, body and chunk borders, or the end without an answer, as recorded.

Usage: replay_server.py RECORDING... [--seconds 60]

One recording: every connection gets it for its first request. Several: each connection the next one, and then the last.
Recordings are JSON files {request, response: {status, headers, body or body_base64, chunks, transport_error}}. A recording
that ended in silence (TimeoutError) leaves the connection open without a byte. It prints one line of JSON with its port.
"""

import argparse
import asyncio
import base64
import json
import os
import pathlib
import sys

from http_message import REASONS, BadRequest, RequestReader, chunk

PIECE_SECONDS = 0.01  # between two chunks, so that each arrives alone


class Recording:
    def __init__(self, path):
        content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        response = content.get("response")
        if not isinstance(response, dict) or "status" not in response:
            raise SystemExit(f"{path}: expected a recorded exchange with a response")
        self.status, self.headers = response["status"], response["headers"]
        self.end = response.get("transport_error", "")
        self.chunks = [part.encode() for part in response.get("chunks") or []]
        self.body = base64.b64decode(response["body_base64"]) if "body_base64" in response else response["body"].encode()
        self.is_head = content["request"]["method"] == "HEAD"

    def head(self):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Recorded')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def pieces(self):
        """What is written, piece by piece."""
        if self.status is None:
            return
        if self.status == 100:  # the body holds the answer after it, header and all
            yield self.head()
            yield self.body
            return
        if not any(name.lower() == "transfer-encoding" for name in self.headers):
            yield self.head() + (b"" if self.is_head else self.body)
            return
        yield self.head()
        for part in self.chunks:
            yield chunk(part)
        if not self.end:
            yield b"0\r\n\r\n"

    @property
    def is_silent(self):
        return "Timeout" in self.end

    @property
    def closes(self):
        return bool(self.end) or self.headers.get("Connection", "").lower() == "close"


class Replay:
    def __init__(self, recordings):
        self._recordings = recordings
        self._num_connections = 0

    async def connected(self, reader, writer):
        recording = self._recordings[min(self._num_connections, len(self._recordings) - 1)]
        self._num_connections += 1
        if await self._has_request(reader):
            for piece in recording.pieces():
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(PIECE_SECONDS)
            if not recording.closes or recording.is_silent:
                await reader.read()  # until the client leaves
        writer.close()

    @staticmethod
    async def _has_request(reader):
        requests = RequestReader()
        while True:
            data = await reader.read(1 << 16)
            if not data:
                return False
            requests.add(data)
            try:
                if requests.next() is not None:
                    return True
            except (BadRequest, ValueError):
                return True


async def serve(options):
    parent = os.getppid()  # before it can die
    replay = Replay([Recording(path) for path in options.recordings])
    server = await asyncio.start_server(replay.connected, "127.0.0.1", options.port)
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "process": os.getpid()}), flush=True)
    loop = asyncio.get_running_loop()
    end = loop.time() + options.seconds
    while os.getppid() == parent and loop.time() < end:
        await asyncio.sleep(min(0.5, options.seconds))
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", metavar="RECORDING", help="a JSON file of a recorded exchange")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--seconds", type=float, default=60.0, help="ends after that long")
    asyncio.run(serve(parser.parse_args(sys.argv[1:])))


if __name__ == "__main__":
    main()
