"""A server: a socket that listens, uvicorn on it, the address that people type, and the browser that is sent there."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import warnings
import webbrowser
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from vsa_toolkit.errors import DataError, UserError

from .access import HERE, Site

USUAL_PORT = 8807
"""Kept from day to day where it is free: a browser keeps unsaved changes by host and port."""


def listen(port: int | None, host: str = HERE) -> socket.socket:
    """A socket that takes connections already: at `port` (0: a free one), or at the usual one if free.

    Raises:
        DataError: another program has the port, or this machine has no such address.
    """
    if port is None:
        try:
            return _listen(host, USUAL_PORT)
        except OSError:
            port = 0
    try:
        return _listen(host, port)
    except OSError as error:
        where = f"port {port}" if host == HERE else f"{host}:{port}"
        raise DataError(f"{where} cannot be used ({error.strerror}): choose another, or 0 for a free one.") from error


def site_for(host: str, port: int, public: str | None, secure: bool) -> Site:
    """Where a team's server is to be found. `public` is what people type, `host` what it listens at.

    Raises:
        UserError: `public` is no address.
    """
    scheme = "https" if secure else "http"
    everywhere = host in ("0.0.0.0", "::", "")
    name = socket.gethostname() if everywhere else host
    shown = f"[{name}]" if ":" in name else name
    origin = f"{scheme}://{shown}:{port}" if public is None else _origin(public)
    hosts = {urlsplit(origin).netloc, f"{shown}:{port}", f"localhost:{port}", f"{HERE}:{port}"}
    if everywhere:
        hosts |= {f"{socket.gethostname()}:{port}", f"{socket.getfqdn()}:{port}"}
    any_address = everywhere or _is_address(host)
    return Site(origin.lower(), tuple(sorted(each.lower() for each in hosts)), port, any_address)


def usual_origin(public: str | None) -> str:
    """The address of a team's server as an invitation names it; by default this machine's at the usual port."""
    return _origin(public) if public is not None else f"http://{socket.gethostname()}:{USUAL_PORT}"


def serve(
    app: ASGIApp, listener: socket.socket, open_in_browser: str | None = None,
    certificate: tuple[str, str] | None = None,
) -> None:  # fmt: skip
    """Answer requests until Ctrl-C (a KeyboardInterrupt); what is being answered then is finished first.

    certificate: the files of a certificate and of its key, to speak https.
    """
    warnings.filterwarnings("ignore", "Image size")  # that a photo is large: it is scaled
    if open_in_browser is not None:
        # a browser may be a program in this terminal that does not come back
        threading.Thread(target=webbrowser.open, args=(open_in_browser,), daemon=True).start()
    certificate_file, key_file = certificate or (None, None)
    try:
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off", ws="none",
            timeout_graceful_shutdown=3, ssl_certfile=certificate_file, ssl_keyfile=key_file, proxy_headers=False,
        )  # fmt: skip
        config.load()
    except OSError as error:
        raise UserError(f"certificate {certificate_file} with key {key_file} cannot be used: {error}.") from error
    uvicorn.Server(config).run(sockets=[listener])


def _origin(public: str) -> str:
    """Scheme and host of an address that people type."""
    try:
        parts = urlsplit(public)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not parts.query
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise UserError(f"--public {public!r} must be like https://annotate.example.org or http://lab:8807.")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off where a socket names its protocol; else the end of an answer waits up to 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would share the port with another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)  # who reads the address may connect at once
    except OSError:
        listener.close()
        raise
    return listener
