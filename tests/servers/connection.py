"""One connection of the fault server: reads requests, asks for answers, sends them step by step."""

import asyncio
import socket
import struct

from http_message import BadRequest, RequestReader

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """Requests on a connection are answered one after the other."""

    def __init__(self, service):
        self._service = service
        self._reader = RequestReader()
        self._transport = self._task = self._timer = None
        self._is_busy = self._is_lost = self._was_continued = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        self.number = self.num_requests = 0
        self.tunnels = False  # after CONNECT

    def connection_made(self, transport):
        self._transport = transport
        self.number = self._service.connected(self)

    def connection_lost(self, problem):
        self._is_lost = True
        self._may_write.set()
        if self._timer is not None:
            self._timer.cancel()
        self._service.lost(self)

    def pause_writing(self):
        self._may_write.clear()

    def resume_writing(self):
        self._may_write.set()

    def data_received(self, data):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.tunnels:
            self.reset()
            return
        self._reader.add(data)
        self._next()

    def _next(self):
        if self._is_busy or self._is_lost:
            return
        try:
            request = self._reader.next()
        except (BadRequest, ValueError):
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self._transport.close()
            return
        if request is None:
            if not self._was_continued and self._reader.expects_continue():
                self._was_continued = True
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self._is_busy, self._was_continued = True, False
        self.num_requests += 1
        delay = self._service.accept(self, request)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._answer)
        else:
            self._answer()

    def _answer(self):
        answer = self._service.answer(self)
        if answer.script is None and not self._is_lost:
            self._send_at_once(answer)
        elif not self._is_lost:
            self._task = asyncio.get_running_loop().create_task(self._send(answer))
        else:
            self._service.sent(self, 0, False)

    def _send_at_once(self, answer):
        num_bytes, is_closing = 0, False
        for step in answer.steps():
            if step[0] == "send":
                self._transport.write(step[1])
                num_bytes += len(step[1])
            else:
                is_closing = True
        self._finish(num_bytes, answer, is_closing)

    async def _send(self, answer):
        num_bytes, is_closing = 0, False
        for name, *value in answer.steps():
            await self._may_write.wait()
            if self._is_lost:
                break
            if name == "send":
                self._transport.write(value[0])
                num_bytes += len(value[0])
            elif name == "wait":
                await asyncio.sleep(value[0])
            elif name == "reset":
                self.reset()
            else:
                is_closing = True
        self._finish(num_bytes, answer, is_closing)

    def _finish(self, num_bytes, answer, is_closing):
        self._service.sent(self, num_bytes, not self._is_lost and not self._transport.is_closing())
        self._is_busy = False
        if is_closing:
            self._transport.close()
        elif not self._is_lost:
            idle = answer.idle_seconds or self._service.idle_seconds
            if idle:
                self._timer = asyncio.get_running_loop().call_later(idle, self._transport.close)
            self._next()

    def reset(self):
        """Ends the connection with RST; what was written and not yet sent is lost."""
        plain = self._transport.get_extra_info("socket")
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._transport.abort()
