"""A language model's HTTP server for tests: right answers that are a fixed function of the prompt, and faults on order.

Usage: fault_server.py [--shape vllm] [--behaviour NUMBER[:name=value,...]]... [--mix] [options]

It listens on loopback, prints one line of JSON with its port, and ends after --seconds or with the process that started it.
GET /stats has its counters. POST /control with {"behaviours": ["8:kind=503"], "mix": 0.2} changes the faults from now on.

A behaviour's parameters: kind=A|B (of several one is drawn for each try), prompt=TEXT (only requests whose prompt holds it,
as text or as ids), skip=TEXT (all but those), others as --list says, and select=
  always      every request                    never       none
  first:N     the first N requests             after:N     all but the first N
  every:N     every N-th request               seconds:S   those within S seconds of the first
  tries:N     the first N tries of each prompt
  fraction:F  this part of the tries, decided by seed, prompt and number of the try alone
"""

import argparse
import asyncio
import collections
import json
import os
import signal
import socket
import sys
import tempfile

import start_faults
from behaviours import BEHAVIOURS
from connection import Connection
from http_message import Answer, Request
from request_log import RequestLog
from selection import MIX_FRACTION, Mix, Script, Turn, prompt_keys
from toy_answers import RequestError, read_prompts
from toy_engine import SHAPES, Engine

PARENT_SECONDS = 0.5


class Service:
    """What all connections share: the engine, the faults, the log."""

    def __init__(self, options):
        self.idle_seconds = options.idle
        self._delay, self._seed = options.delay, options.seed
        self._engine = Engine(options)
        self._log = RequestLog(options.log, options.window, options.api_key)
        self._tries = collections.Counter()
        self._under_way = {}  # by connection
        self.set_faults(options.behaviour, options.mix)

    def set_faults(self, behaviours, mix):
        self.scripts = [Script(text) for text in behaviours]
        self._mix = Mix(mix) if mix else None

    def setting(self, number):
        """The script of a behaviour that is a setting, or None."""
        return next((script for script in self.scripts if script.behaviour.number == number), None)

    def connected(self, _):
        return self._log.connected()

    def lost(self, _):
        self._log.open_connections -= 1

    def accept(self, connection, request):
        """Takes note of a whole request; returns for how long its answer waits."""
        asks_model = self._engine.answers_tokens(request)
        number, now = self._log.arrived(request, asks_model)
        key = hash((request.path, request.body))
        self._tries[key] += asks_model
        turn = Turn(request, self._seed, self._tries[key], now)
        turn.number, turn.asks_model = number, asks_model
        turn.connection, turn.engine, turn.log = connection, self._engine, self._log
        self._under_way[connection] = turn
        return self._delay if asks_model else 0.0

    def answer(self, connection):
        turn = self._under_way[connection]
        turn.applied = None
        answer = self._own_answer(turn.request) or self._proxy_answer(turn)
        if answer is None:
            answer = self._faulty_answer(turn) if turn.asks_model else self._engine.answer(turn.request)
        turn.answer = answer
        return answer

    def _own_answer(self, request):
        if request.path == "/stats":
            self._log.flush()
            return Answer(payload=self._log.stats())
        if request.method == "POST" and request.path == "/control":
            try:
                self.set_faults(request.json.get("behaviours", []), request.json.get("mix", 0.0))
            except SystemExit as problem:
                return self._engine.refusal(RequestError(400, str(problem)))
            return Answer(payload={"status": "ok"})
        return None

    def _proxy_answer(self, turn):
        script = self.setting(40)
        is_proxied = turn.request.method == "CONNECT" or turn.request.target.startswith("http://")
        if script is None or not is_proxied:
            return None
        turn.script, turn.applied = script, 40
        answer = Answer(status=407, payload={"error": "Proxy Authentication Required"}, is_right=False)
        answer.headers["Proxy-Authenticate"] = "Basic realm=\"toy\""
        if turn.kind == "cut" and turn.request.method == "CONNECT":
            turn.connection.tunnels = True
            answer.script = lambda answer: iter([("send", b"HTTP/1.1 200 Connection established\r\n\r\n")])
        elif turn.kind == "cut":
            answer.script = lambda answer: iter([("reset",)])
        return answer

    def _faulty_answer(self, turn):
        for turn.script in self._picked(turn):
            entry, request = turn.script.behaviour, turn.request
            if entry.before is not None and isinstance(request.json, dict):
                request = Request(request.method, request.target, request.headers, request.body)
                entry.before(request.json, turn)
            answer = self._engine.answer(request)
            may_change = entry.after is not None and (answer.status == 200 or entry.number <= 16)
            if may_change and entry.after(answer, turn) is False:
                continue
            turn.applied = entry.number
            self._log.behaviours[str(entry.number)] += 1
            return answer
        return self._engine.answer(turn.request)

    def _picked(self, turn):
        yield from (script for script in self.scripts if script.picks(turn))
        script = self._mix.pick(turn) if self._mix else None
        if script is not None:
            yield script

    def sent(self, connection, num_bytes, is_whole):
        """The end of a request: counted and logged."""
        turn = self._under_way.pop(connection)
        if turn.asks_model:
            self._log.answered(prompt_keys(turn.request), turn.answer, is_whole)
        request = turn.request
        self._log.write({"sequence": turn.number, "connection": connection.number, "time": turn.time,
                         "method": request.method, "path": request.path, "headers": self._log.headers(request.headers),
                         "body": request.body.decode("utf-8", "replace"), "prompts": self._prompts(turn),
                         "try": turn.try_number, "behaviour": turn.applied, "status": turn.answer.status,
                         "bytes": num_bytes, "whole": is_whole and turn.answer.script is None})

    def _prompts(self, turn):
        body = turn.request.json
        if not turn.asks_model or not isinstance(body, dict) or "prompt" not in body:
            return []
        try:
            return read_prompts(body["prompt"], self._engine.tokenizer)[0]
        except RequestError:
            return []

    def end(self):
        self._log.flush()


def listening_socket(host, port):
    """Bound and not listening yet: connections are refused."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


async def serve(options, folder):
    service = Service(options)
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end.set)
    loop.call_later(options.seconds, end.set)
    watch = loop.create_task(watch_parent(options.parent, end))
    tls = service.setting(39)
    context = start_faults.tls_context(folder, tls.parameters.get("kind", "self_signed")) if tls else None
    listener = listening_socket(options.host, options.port)
    ready = {"port": listener.getsockname()[1], "process": os.getpid()}
    if context is not None:
        ready["certificate"] = os.path.join(folder, "cert.pem")
    refused = service.setting(20)
    if refused is None:
        listener.listen(1024)
    print(json.dumps(ready), flush=True)
    if refused is not None:
        await asyncio.sleep(float(refused.parameters.get("seconds", 2)))
    server = await loop.create_server(lambda: Connection(service), sock=listener, ssl=context, backlog=1024)
    await end.wait()
    watch.cancel()
    server.close()
    service.end()


async def watch_parent(parent, end):
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_SECONDS)
    end.set()


def behaviour_table():
    lines = []
    for number, entry in sorted(BEHAVIOURS.items()):
        lines.append(f"{number:3}  {entry.title}")
        details = [f"kinds: {', '.join(entry.kinds)}"] if entry.kinds != ("",) else []
        if not entry.setting:
            details.append(f"select={entry.select}")
        lines += [f"       {'; '.join(details)}"] if details else []
    return "\n".join(lines)


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, epilog="behaviours:\n" + behaviour_table().replace("%", "%%"),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="vllm", help="whose requests and answers it has")
    parser.add_argument("--behaviour", action="append", default=[], metavar="NUMBER[:name=value,...]",
                        help="a fault; repeatable, the first one that picks a request counts")
    parser.add_argument("--mix", type=float, nargs="?", const=MIX_FRACTION, default=0.0, metavar="FRACTION",
                        help=f"part of the tries that meets one of many passing faults (alone: {MIX_FRACTION})")
    parser.add_argument("--list", action="store_true", help="print the behaviours and end")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--seconds", type=float, default=600.0, help="ends after that long")
    parser.add_argument("--seed", type=int, default=1, help="of the distributions and the faults")
    parser.add_argument("--name", default="toy", help="the model's name")
    parser.add_argument("--context", type=int, default=2048, help="longest input and answer, in tokens")
    parser.add_argument("--tokenizer", metavar="FOLDER",
                        help="with tokenizer.json of GPT-2's kind; without: 3,420 tokens of its own")
    parser.add_argument("--write-tokenizer", metavar="FOLDER", help="write the tokenizer there and end")
    parser.add_argument("--favour", default="", metavar="WORD,...",
                        help="words whose first token is likely after any prompt; write the blank before them")
    parser.add_argument("--echo", choices=("answer", "refuse", "ignore"), help="otherwise what the shape does")
    parser.add_argument("--bias-values", choices=("before", "after"),
                        help="values before or after logit_bias; otherwise as the shape")
    parser.add_argument("--fingerprint", default="", help="system_fingerprint of the answers")
    parser.add_argument("--api-key", default="", help="key that requests must carry")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds from a request for tokens to its answer")
    parser.add_argument("--idle", type=float, default=0.0, help="seconds after which an idle connection is closed; 0: never")
    parser.add_argument("--window", type=float, default=60.0, help="seconds that stand for a minute in /stats")
    parser.add_argument("--log", metavar="FILE", help="a line of JSON for each request that is done with")
    return parser.parse_args(arguments)


def main():
    parent = os.getppid()  # before it can die
    options = read_options(sys.argv[1:])
    options.parent = parent
    if options.list:
        print(behaviour_table())
    elif options.write_tokenizer:
        Engine(options).tokenizer.write(options.write_tokenizer)
    else:
        with tempfile.TemporaryDirectory(prefix="bbprompt_server_") as folder:
            asyncio.run(serve(options, folder))


if __name__ == "__main__":
    main()
