"""What stands before every page: the Host, Origin, session and size of a request, and the headers of each answer.

Host: a foreign name that resolves to this machine (DNS rebinding) is refused. Origin: other sites cannot post.
Session: without the cookie nothing but the style sheets and scripts is to be had. Size: no body over 64 KiB.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import Access
from .answers import refusal

LARGEST_BODY = 64 * 1024
TOO_LARGE = f"A request has at most {LARGEST_BODY // 1024} KiB."
SAFE_METHODS = ("GET", "HEAD")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            return
        request = Request(scope)
        answer = self.app
        objection = self._objection(request)
        if objection is not None:
            answer = refusal(request, *objection)
        await answer(scope, _limited(receive), _with_headers(send))

    def _objection(self, request: Request) -> tuple[int, str] | None:
        """Why a request is not let in: a status and a sentence."""
        headers = request.headers
        host = headers.get("host", "")
        if host not in self.access.hosts:
            return 421, f"This server answers at {self.access.hosts[0]} only."
        if request.method not in SAFE_METHODS and headers.get("origin") != f"http://{host}":
            return 403, "Changes are taken from this server's own pages only."
        if _declared_size(headers) > LARGEST_BODY:
            return 413, TOO_LARGE
        open_to_all = request.url.path.startswith("/static/") or _is_entrance(request)
        if not open_to_all and not self.access.knows(request.cookies.get(self.access.cookie)):
            return 401, "Open the address that `vsa annotate` printed: it lets this browser in."
        return None


def _is_entrance(request: Request) -> bool:
    return request.url.path == "/" and request.method == "GET" and "token" in request.query_params


def _declared_size(headers: Headers) -> int:
    try:
        return int(headers.get("content-length", "0"))
    except ValueError:
        return LARGEST_BODY + 1


def _limited(receive: Receive) -> Receive:
    """`receive` that counts: a chunked body declares no size."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST_BODY:
            raise HTTPException(413, TOO_LARGE)
        return message

    return counted


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sent
