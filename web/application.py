"""The annotation server's application: its pages, its JSON, its photos. docs/annotation-api.md says what each answers.

A change is in the database before the answer is sent; the same op_id again is answered as the first time.
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from vsa_toolkit.db.campaigns import WHAT
from vsa_toolkit.db.engine import DatabaseAwayError
from vsa_toolkit.db.journal import Conflict
from vsa_toolkit.errors import DataError, UserError, VsaError

from . import reviewing
from .access import Access, Visit
from .answers import TEMPLATES, as_sentence, refusal
from .desk import Desk, NoSuchImageError, conflict_json
from .guard import Guard
from .modules import imported_by
from .office import Office
from .operations import read_batch, read_client, read_object, read_operation
from .photo import web_photo
from .reviewing import image_of
from .static_files import static_file


def create_application(office: Office, access: Access) -> ASGIApp:
    """The application for the people of one campaign, behind one door."""
    application = Starlette(
        routes=[
            Route("/", page),
            Route("/join", join),
            Route("/api/session", session_),
            Route("/api/session", begin_session, methods=["POST"]),
            Route("/api/session", end_session, methods=["DELETE"]),
            Route("/api/next", next_image),
            Route("/api/operations", operate_batch, methods=["POST"]),
            Route("/api/practice", practise_again, methods=["POST"]),
            Route("/api/images/{image:int}", image_state),
            Route("/api/images/{image:int}/operations", operate, methods=["POST"]),
            Route("/api/images/{image:int}/suggestions", ask_for_suggestions, methods=["POST"]),
            Route("/photos/{image:int}", photo),
            *reviewing.routes(office),
            Route("/static/{name}", static_file),
        ],
        exception_handlers={
            HTTPException: _refused,
            NoSuchImageError: _missing,
            Conflict: _conflict,
            DatabaseAwayError: _away,
            VsaError: _failed,
            Exception: _broken,
        },
    )
    application.state.office = office
    application.state.access = access
    return Guard(application, access)


# Coming in --------------------------------------------------------------------------------------------------


def page(request: Request) -> Response:
    """The annotation page; with a good token first the session's cookie."""
    access: Access = request.app.state.access
    token = request.query_params.get("token")
    if token is None:
        office = _office(request)
        person = _visit(request).person
        context = {
            "dataset": office.dataset, "split": office.split, "scope": office.scope(person), "person": person,
            "campaign": office.campaign, "scripts": dict.fromkeys((*imported_by("early.js"), *imported_by("page.js"))),
        }  # fmt: skip
        return TEMPLATES.TemplateResponse(request, "annotate.html", context)
    answer = RedirectResponse("/", 303)
    if access.visit(request.cookies.get(access.cookie)) is None:
        admitted = access.admit(token)
        if admitted is None:
            return refusal(
                request, 401, "This token is used up or not this server's: the terminal shows the address to open."
            )
        _set_cookie(answer, access, admitted[1])
    return answer


def join(request: Request) -> Response:
    """The page of an invitation link. Its token is behind the #, which browsers send to nobody."""
    return TEMPLATES.TemplateResponse(request, "join.html", {"campaign": _office(request).campaign})


def session_(request: Request) -> Response:
    return JSONResponse(_session(request, _visit(request)))


async def begin_session(request: Request) -> Response:
    """Come in with a token, also where an earlier session has ended and the page still holds changes."""
    token = read_object(await request.body()).get("token")
    access: Access = request.app.state.access
    admitted = await run_in_threadpool(access.admit, token) if isinstance(token, str) else None
    if admitted is None:
        raise HTTPException(401, "This link was used already, is too old, or is not from here: ask for a new one.")
    visit, secret = admitted
    answer = JSONResponse(_session(request, visit))
    _set_cookie(answer, access, secret)
    return answer


def end_session(request: Request) -> Response:
    access: Access = request.app.state.access
    access.leave(request.cookies[access.cookie])
    answer = JSONResponse({})
    answer.delete_cookie(access.cookie, path="/")
    return answer


def _set_cookie(answer: Response, access: Access, secret: str) -> None:
    answer.set_cookie(
        access.cookie, secret, max_age=access.cookie_age, httponly=True, samesite="strict", path="/",
        secure=access.site.secure,
    )  # fmt: skip


def _session(request: Request, visit: Visit) -> dict[str, Any]:
    expires = visit.expires_at.isoformat(timespec="seconds")
    return _office(request).session(visit.person) | {"expires_at": expires}


# Annotating -------------------------------------------------------------------------------------------------


def next_image(request: Request) -> Response:
    return JSONResponse(_desk(request).next())


def image_state(request: Request) -> Response:
    desk = _desk(request)
    return JSONResponse({"state": desk.state(image_of(request)), "progress": desk.progress()})


async def operate(request: Request) -> Response:
    """Write one operation. The body is read here, the database is spoken to in a thread."""
    operation = read_operation(await request.body(), request.headers.get("if-match"))
    client = read_client(request.headers.get("x-client"))
    return JSONResponse(await run_in_threadpool(_desk(request).operate, image_of(request), operation, client))


async def operate_batch(request: Request) -> Response:
    batch = read_batch(await request.body())
    desk = _desk(request)
    if batch.scope is not None and batch.scope != _office(request).scope(desk.person):
        raise Conflict("these changes belong to somebody else or to another campaign.", {"kind": "scope"})
    return JSONResponse(await run_in_threadpool(desk.operate_batch, batch))


async def ask_for_suggestions(request: Request) -> Response:
    body = await request.body()
    what = read_object(body).get("what") if body else None
    if what is not None and what not in WHAT:
        raise UserError(f"what must be one of {', '.join(WHAT)}.")
    kinds = WHAT if what is None else (what,)
    return JSONResponse(await run_in_threadpool(_desk(request).ask_for_suggestions, image_of(request), kinds))


def practise_again(request: Request) -> Response:
    desk = _desk(request)
    desk.practise_again()
    return JSONResponse(desk.next())


def photo(request: Request) -> Response:
    """A photo by the id of its image, as its content says what it is."""
    image = _desk(request).image(image_of(request))
    headers = {"ETag": f'"{image.sha256}"', "Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        data, media_type = web_photo(image.file)
    except DataError as error:
        raise HTTPException(404, str(error)) from error
    return Response(data, media_type=media_type, headers=headers)


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def _visit(request: Request) -> Visit:
    """Who asks; the guard has let nobody through who has no session."""
    visit: Visit = request.scope["visit"]
    return visit


def _desk(request: Request) -> Desk:
    return _office(request).desk(_visit(request).person)


# Refusals ---------------------------------------------------------------------------------------------------


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentences = {404: "There is no such page or image.", 405: "This address does not take that method."}
    known = error.detail if error.detail.endswith(".") else sentences.get(error.status_code, error.detail)
    return refusal(request, error.status_code, known)


def _missing(request: Request, error: Exception) -> Response:
    return refusal(request, 404, str(error))


def _conflict(request: Request, error: Exception) -> Response:
    assert isinstance(error, Conflict)
    return JSONResponse({"error": as_sentence(str(error)), "conflict": conflict_json(error)}, 409)


def _failed(request: Request, error: Exception) -> Response:
    return refusal(request, 422, str(error))


def _away(request: Request, error: Exception) -> Response:
    """A full disk, a locked database: the page keeps its change and tries again."""
    return refusal(request, 503, str(error))


def _broken(request: Request, error: Exception) -> Response:
    """A bug: the page keeps its change and tries again."""
    return refusal(request, 500, "Something went wrong in the server: its terminal shows what.")
