"""The annotation server's application: its pages, its JSON, its photos.

    GET  /                            the page (with ?token=… the way in)
    GET  /api/next                    {"state": image state or null, "progress": …}: where the annotator goes on
    GET  /api/images/ID               the same for one image
    POST /api/images/ID/operations    one operation → {"op_id", "phrase", "saved_at", "state", "progress"}
    GET  /photos/ID                   the photo, upright
    GET  /static/…                    scripts and style sheets

Refusals are `{"error": "one sentence"}`: 401 no session, 403 foreign page, 404 no such image, 413 too large,
422 the change cannot be made, 503 the database is away for a while (send it again). A change is in the database before
the answer is sent; the same op_id again is answered as the first time and changes nothing.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from vsa_toolkit.db.engine import DatabaseAwayError
from vsa_toolkit.errors import DataError, VsaError

from .access import Access
from .answers import TEMPLATES, refusal
from .desk import Desk, NoSuchImageError
from .guard import Guard
from .operations import read_operation
from .photo import web_photo

STATIC = Path(__file__).parent / "static"


def create_application(desk: Desk, access: Access) -> ASGIApp:
    """The application for one annotator at one desk, behind one door."""
    application = Starlette(
        routes=[
            Route("/", page),
            Route("/api/next", next_image),
            Route("/api/images/{image:int}", image_state),
            Route("/api/images/{image:int}/operations", operate, methods=["POST"]),
            Route("/photos/{image:int}", photo),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            HTTPException: _refused,
            NoSuchImageError: _missing,
            DatabaseAwayError: _away,
            VsaError: _failed,
            Exception: _broken,
        },
    )
    application.state.desk = desk
    application.state.access = access
    return Guard(application, access)


def page(request: Request) -> Response:
    """The annotation page; with a good token first the session's cookie."""
    access: Access = request.app.state.access
    token = request.query_params.get("token")
    if token is None:
        desk: Desk = request.app.state.desk
        context = {"dataset": desk.dataset, "split": desk.split, "scope": desk.scope}
        return TEMPLATES.TemplateResponse(request, "annotate.html", context)
    admitted = access.admit(token) if not access.knows(request.cookies.get(access.cookie)) else True
    if not admitted:
        return refusal(
            request, 401, "This token is used up or not this server's: the terminal shows the address to open."
        )
    answer = RedirectResponse("/", 303)
    answer.set_cookie(access.cookie, access.session, httponly=True, samesite="strict", path="/")
    return answer


def next_image(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    image = desk.next_image()
    return JSONResponse({"state": None if image is None else desk.state(image), "progress": desk.progress()})


def image_state(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    return JSONResponse({"state": desk.state(_image(request)), "progress": desk.progress()})


async def operate(request: Request) -> Response:
    """Write one operation. The body is read here, the database is spoken to in a thread."""
    operation = read_operation(await request.body())
    desk: Desk = request.app.state.desk
    return JSONResponse(await run_in_threadpool(desk.operate, _image(request), operation))


def photo(request: Request) -> Response:
    """A photo by the id of its image, as its content says what it is."""
    desk: Desk = request.app.state.desk
    image = desk.image(_image(request))
    headers = {"ETag": f'"{image.sha256}"', "Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        data, media_type = web_photo(image.file)
    except DataError as error:
        raise HTTPException(404, str(error)) from error
    return Response(data, media_type=media_type, headers=headers)


def _image(request: Request) -> int:
    image: int = request.path_params["image"]
    if image >= 2**63:
        raise HTTPException(404, "There is no such image.")
    return image


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentences = {404: "There is no such page or image.", 405: "This address does not take that method."}
    known = error.detail if error.detail.endswith(".") else sentences.get(error.status_code, error.detail)
    return refusal(request, error.status_code, known)


def _missing(request: Request, error: Exception) -> Response:
    return refusal(request, 404, str(error))


def _failed(request: Request, error: Exception) -> Response:
    return refusal(request, 422, str(error))


def _away(request: Request, error: Exception) -> Response:
    """A full disk, a locked database: the page keeps its change and tries again."""
    return refusal(request, 503, str(error))


def _broken(request: Request, error: Exception) -> Response:
    """A bug: the page keeps its change and tries again."""
    return refusal(request, 500, "Something went wrong in the server: its terminal shows what.")
