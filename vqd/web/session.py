"""/api/session: signing in and out, for browsers."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from vqd.web import models
from vqd.web.problems import Refusal, responses
from vqd.web.sessions import COOKIE, LASTS_S, Sessions


def routes(sessions: Sessions) -> APIRouter:
    """Give the routes of sessions; these alone need no token."""
    router = APIRouter(tags=["session"])

    def told(request: Request) -> models.SessionShape:
        headers = request.headers
        is_in = sessions.admits(headers.get("authorization", ""), headers.get("cookie", ""))
        return models.SessionShape(token_needed=not sessions.is_open, signed_in=is_in)

    @router.get("/api/session")
    def show_session(request: Request) -> models.SessionShape:
        """Tell whether a token is needed here, and whether this request may ask."""
        return told(request)

    @router.post("/api/session", responses=responses(HTTPStatus.UNAUTHORIZED))
    def sign_in(
        body: models.SessionBody, request: Request, response: Response
    ) -> models.SessionShape:
        """Give a cookie for the token."""
        if not sessions.is_open and not sessions.is_token(body.token):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "wrong_token", "This is not the token.")
        is_secure = request.headers.get("origin", "").startswith("https://")
        response.set_cookie(
            COOKIE,
            sessions.begin(),
            max_age=LASTS_S,
            httponly=True,
            samesite="strict",
            secure=is_secure,
        )
        return models.SessionShape(token_needed=not sessions.is_open, signed_in=True)

    @router.delete("/api/session")
    def sign_out(response: Response) -> models.SessionShape:
        """Take the cookie away."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return models.SessionShape(token_needed=not sessions.is_open, signed_in=sessions.is_open)

    return router
