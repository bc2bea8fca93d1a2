"""What stands before every page: the Host, Origin, session and size of a request, and the headers of each answer.

Host: a foreign name that resolves to this machine (DNS rebinding) is refused. Origin: other sites cannot post.
Session: without the cookie nothing but the style sheets, the scripts and the way in is to be had; who it belongs to is
in the scope as "visit". Size: no body over 64 KiB.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vsa_toolkit.db.engine import DatabaseAwayError

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
        objection = self._objection(request) or await self._stranger(request)
        if objection is not None:
            answer = refusal(request, *objection)
        await answer(scope, _limited(receive), _with_headers(send))

    def _objection(self, request: Request) -> tuple[int, str] | None:
        """What is wrong with a request, whoever sent it: a status and a sentence."""
        site, headers = self.access.site, request.headers
        host = headers.get("host", "")
        if not site.answers_to(host):
            return 421, f"This server answers at {site.origin} only."
        if request.method not in SAFE_METHODS and not site.is_own_origin(headers.get("origin"), host):
            return 403, "Changes are taken from this server's own pages only."
        if _declared_size(headers) > LARGEST_BODY:
            return 413, TOO_LARGE
        return None

    async def _stranger(self, request: Request) -> tuple[int, str] | None:
        """Why a request without a session is not let in; one with a session has its visit noted."""
        if request.url.path.startswith("/static/") or _is_entrance(request):
            return None
        try:
            visit = await run_in_threadpool(self.access.visit, request.cookies.get(self.access.cookie))
        except DatabaseAwayError as error:
            return 503, str(error)
        if visit is None:
            return 401, self.access.how_to_come_in
        request.scope["visit"] = visit
        return None


def _is_entrance(request: Request) -> bool:
    """The ways in: the address with a token, an invitation's page, and where a page posts its token."""
    path, method = request.url.path, request.method
    if method == "POST":
        return path == "/api/session"
    return method == "GET" and (path == "/join" or (path == "/" and "token" in request.query_params))


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
