"""The cookies of signed-in browsers and paired screens: HttpOnly, SameSite=Lax, Secure where the site is https."""

from starlette.responses import Response

from server.settings import Settings

#: Screens keep their token until it is revoked; browsers keep no cookie longer than 400 days (RFC 6265bis, 5.5).
DEVICE_SECONDS = 400 * 86_400


def set_session_cookie(response: Response, token: str, settings: Settings) -> None:
    """Sign the browser in."""
    set_cookie(response, "sid", token, settings, max_age=settings.session_days * 86_400)


def clear_session_cookie(response: Response, settings: Settings) -> None:
    """Sign the browser out."""
    response.delete_cookie(settings.cookie("sid"), path="/", secure=settings.https, httponly=True, samesite="lax")


def set_device_cookie(response: Response, token: str, settings: Settings) -> None:
    """Make the browser a station screen."""
    set_cookie(response, "device", token, settings, max_age=DEVICE_SECONDS)


def set_cookie(response: Response, name: str, token: str, settings: Settings, *, max_age: int) -> None:
    """Set one of our cookies (`sid`, `device`, `visit`) under its full name."""
    response.set_cookie(
        settings.cookie(name), token, max_age=max_age, path="/", secure=settings.https, httponly=True, samesite="lax"
    )
