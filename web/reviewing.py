"""The reviewer's part of the application: its pages, and what they ask for (docs/annotation-api.md, Review)."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from vsa_toolkit.db import people
from vsa_toolkit.db.people import Person
from vsa_toolkit.db.phrases import Place
from vsa_toolkit.db.progress import AgreementCache, campaign_progress
from vsa_toolkit.db.review import ReviewBook
from vsa_toolkit.errors import UserError

from .answers import TEMPLATES
from .desk import phrase_json
from .office import Office
from .operations import read_object
from .review_operations import Judgement, read_judgement

FRESH = 2.0
"""Seconds for which figures that were worked out are given again, at least."""

REST = 10
"""For so many times as long as they took: a large campaign does not keep the server busy with counting."""


def routes(office: Office) -> list[BaseRoute]:
    """The routes for one campaign; those who may not come are refused with 403."""
    desk = ReviewDesk(office)

    async def operate(request: Request) -> Response:
        person = reviewer(request)
        given = read_judgement(await request.body())
        return JSONResponse(await run_in_threadpool(desk.operate, person, image_of(request), given))

    async def invite(request: Request) -> Response:
        if not _person(request).may_invite:
            raise HTTPException(403, "Owners invite: ask one.")
        given = read_object(await request.body())
        name, role = given.get("name"), given.get("role", "annotator")
        if not isinstance(name, str) or not isinstance(role, str):
            raise UserError("name and role must be strings.")
        return JSONResponse(await run_in_threadpool(desk.invite, name, role, request.app.state.access.site.origin))

    return [
        Route("/review", page("review.html", office, reviewer)),
        Route("/progress", page("progress.html", office, _person)),
        Route("/api/review", lambda request: JSONResponse(desk.images(reviewer(request)))),
        Route(
            "/api/review/images/{image:int}",
            lambda request: JSONResponse(desk.image(reviewer(request), image_of(request))),
        ),
        Route("/api/review/images/{image:int}/operations", operate, methods=["POST"]),
        Route("/api/progress", lambda request: desk.progress(request, _person(request))),
        Route("/api/people", invite, methods=["POST"]),
    ]


class ReviewDesk:
    """What reviewers see and do. Its methods are called from many threads."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._database = office.workspace.database
        self._book = ReviewBook(self._database, office.campaign)
        self._cache = AgreementCache()
        self._figures: dict[str, Any] = {}
        self._good_until = 0.0
        self._lock = threading.Lock()

    def images(self, person: Person) -> dict[str, Any]:
        """{"campaign", "images"}: what there is to review."""
        return {"campaign": self._office.campaign.name, "images": self._book.images()}

    def image(self, person: Person, image_id: int) -> dict[str, Any]:
        """All people's phrases of an image, matched."""
        image = self._office.desk(person).image(image_id)
        seen = self._book.image(person.id, image_id)
        return {
            "image": {
                "id": image.id, "key": image.key, "width": image.width, "height": image.height,
                "photo": f"/photos/{image.id}",
            },
            "people": seen.people,
            "phrases": [
                {
                    **(phrase_json(phrase.info.as_json()) or {}), "annotator": phrase.info.annotator,
                    "suggestion": phrase.suggestion, "sources": list(phrase.sources),
                }
                for phrase in seen.phrases
            ],
            "groups": seen.groups,
            "agreement": seen.agreement,
            "skips": [{"annotator": name, "reason": reason} for name, reason in seen.skips],
            "undoable": seen.undoable,
            "redoable": seen.redoable,
        }  # fmt: skip

    def operate(self, person: Person, image_id: int, given: Judgement) -> dict[str, Any]:
        """Carry out a judgement, once, and tell how the image is now."""
        self._office.desk(person).image(image_id)
        at = Place(self._office.campaign.id, person.id, image_id)
        book, op_id, versions = self._book, given.op_id, given.versions
        match given.kind:
            case "accept":
                answer = book.accept(at, op_id, given.phrases, versions)
            case "reject":
                answer = book.reject(at, op_id, given.phrases, cast(str, given.reason), versions)
            case "reopen":
                answer = book.reopen(at, op_id, given.phrases, versions)
            case "adjudicate":
                text, box = cast(str, given.text), cast(Any, given.box)
                answer = book.adjudicate(at, op_id, given.sources, text, box, versions)
            case "undo":
                answer = book.undo(at, op_id)
            case _:
                answer = book.redo(at, op_id)
        told = {"op_id": op_id, "saved_at": answer["saved_at"], "undone": answer["undone"]}
        return told | {"phrase": phrase_json(answer["phrase"]), "state": self.image(person, image_id)}

    def progress(self, request: Request, person: Person) -> Response:
        """The campaign's figures, for reviewers with everybody's, for annotators with their own; 304 where they are the
        same as before."""
        figures = self._all_figures() if person.may_review else _own(self._all_figures(), person)
        tag = f'"{hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()[:16]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return JSONResponse(figures, headers=headers)

    def invite(self, name: str, role: str, origin: str) -> dict[str, Any]:
        """{"annotator", "role", "link"}: a link for somebody new, or a new one for somebody known."""
        name = people.tidy_name(name)
        known = {row["annotator"]: row["role"] for row in people.list_annotators(self._database)}
        if name not in known:
            people.add_annotator(self._database, name, role)
        token = people.invite(self._database, name)
        return {"annotator": name, "role": known.get(name, role), "link": f"{origin}/join#{token}"}

    def _all_figures(self) -> dict[str, Any]:
        with self._lock:  # several who watch do not make it be worked out several times
            began = time.monotonic()
            if began >= self._good_until:
                self._figures = campaign_progress(
                    self._database, self._office.campaign, self._cache, self._office.split
                )
                took = time.monotonic() - began
                self._good_until = began + took + max(FRESH, REST * took)
            return self._figures


def page(template: str, office: Office, allowed: Callable[[Request], Person]) -> Callable[[Request], Response]:
    """A page for those whom `allowed` lets in."""

    def show(request: Request) -> Response:
        context = {
            "person": allowed(request), "campaign": office.campaign, "dataset": office.dataset, "split": office.split,
        }  # fmt: skip
        return TEMPLATES.TemplateResponse(request, template, context)

    return show


def reviewer(request: Request) -> Person:
    """Who asks, if they may review."""
    person = _person(request)
    if not person.may_review:
        raise HTTPException(403, "This is for reviewers.")
    return person


def image_of(request: Request) -> int:
    """The image that an address names."""
    image: int = request.path_params["image"]
    if image >= 2**63:
        raise HTTPException(404, "There is no such image.")
    return image


def _person(request: Request) -> Person:
    person: Person = request.scope["visit"].person
    return person


def _own(figures: dict[str, Any], person: Person) -> dict[str, Any]:
    """What one annotator may know: how far the campaign is and how they do themselves, nothing of what others wrote."""
    own = [row | {"agreement": None} for row in figures["people"] if row["annotator"] == person.name]
    return figures | {"people": own, "agreement": None}
