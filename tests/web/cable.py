"""A network cable between a browser and a server on this machine, which can be pulled out and put in again."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Cable:
    """Passes connections of `port` on to another port; while it is out, all of them break and new ones are refused."""

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._in = True
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def pull_out(self) -> None:
        with self._lock:
            self._in = False
            ends, self._ends = self._ends, set()
        for end in ends:
            _hang_up(end)

    def put_in(self) -> None:
        self._in = True

    def close(self) -> None:
        self.pull_out()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._to, timeout=10)
            far.settimeout(None)
        except OSError:
            return _hang_up(near)
        with self._lock:
            stays = self._in
            self._ends |= {near, far} if stays else set()
        if not stays:
            for end in (near, far):
                _hang_up(end)
            return None
        threading.Thread(target=self._pass_on, args=(far, near), daemon=True).start()
        return self._pass_on(near, far)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with self._lock:
                self._ends.discard(end)
            _hang_up(end)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
