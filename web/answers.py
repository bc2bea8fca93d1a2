"""Answers that are sentences: JSON for the API, a plain page for people."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.templating import Jinja2Templates

TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")

HEADINGS = {
    401: "This address needs its token",
    403: "Not from here",
    404: "Nothing is here",
    405: "Not in this way",
    413: "Too large",
    421: "Another address",
}


def refusal(request: Request, status: int, sentence: str) -> Response:
    """Why a request is not answered, as `{"error": sentence}` below /api/, else as a page."""
    sentence = as_sentence(sentence)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": sentence}, status)
    context = {"heading": HEADINGS.get(status, "Something went wrong"), "text": sentence}
    return TEMPLATES.TemplateResponse(request, "message.html", context, status_code=status)


def as_sentence(said: str) -> str:
    """What an error says, as a page shows it: with a capital and an end."""
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "?", "!")) else ".")
