"""A server on this machine: a socket that listens, uvicorn on it, and the browser that is sent there."""

from __future__ import annotations

import os
import socket
import threading
import webbrowser

import uvicorn
from starlette.types import ASGIApp

from vsa_toolkit.errors import DataError

from .access import HOST

USUAL_PORT = 8807
"""Kept from day to day where it is free: a browser keeps unsaved changes by host and port."""


def listen(port: int | None) -> socket.socket:
    """A socket that takes connections on 127.0.0.1 already: at `port` (0: a free one), or at the usual one if free.

    Raises:
        DataError: another program has the port.
    """
    if port is None:
        try:
            return _listen(USUAL_PORT)
        except OSError:
            port = 0
    try:
        return _listen(port)
    except OSError as error:
        raise DataError(
            f"port {port} cannot be used ({error.strerror}): choose another, or 0 for a free one."
        ) from error


def serve(app: ASGIApp, listener: socket.socket, open_in_browser: str | None = None) -> None:
    """Answer requests until Ctrl-C (a KeyboardInterrupt); what is being answered then is finished first."""
    if open_in_browser is not None:
        # a browser may be a program in this terminal that does not come back
        threading.Thread(target=webbrowser.open, args=(open_in_browser,), daemon=True).start()
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, lifespan="off", ws="none",
        timeout_graceful_shutdown=3,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would share the port with another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)  # who reads the address may connect at once
    except OSError:
        listener.close()
        raise
    return listener
