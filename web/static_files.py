"""The pages' scripts and styles, from memory: a page fetches forty at once, and a thread for each keeps it waiting."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from .modules import STATIC

MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    media_type: str
    etag: str


async def static_file(request: Request) -> Response:
    """A file of web/static by its name. Browsers keep it, and ask whether it is still the same."""
    found = _static_files().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@cache
def _static_files() -> dict[str, StaticFile]:
    return {
        file.name: StaticFile(content, MEDIA_TYPES[file.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
        for file in STATIC.iterdir()
        if file.suffix in MEDIA_TYPES and (content := file.read_bytes())
    }
