"""Who a page belongs to: the caller behind a Gradio request, as the app's middleware named them."""

import gradio as gr

from studio import Caller

OWNER_KEY = "hearth.owner"
ROLE_KEY = "hearth.role"


def caller_of(request: gr.Request | None) -> Caller:
    """Return the caller of a request.

    The app's middleware puts the owner (and the role) into the ASGI scope; without it the dashboard
    runs on the loopback address for the one person ``local``, who may change what all share.
    """
    scope = getattr(getattr(request, "request", None), "scope", None) or {}
    owner = scope.get(OWNER_KEY, "local")
    role = scope.get(ROLE_KEY, "admin" if owner == "local" else "user")
    return Caller(owner=owner, role="admin" if role == "admin" else "user", via="ui")


def page_of(request: gr.Request | None) -> str:
    """Return the id of the page load that a request comes from; each tab has its own."""
    return (getattr(request, "session_hash", None) or "") if request is not None else ""


def link(request: gr.Request | None, path: str) -> str:
    """Return the address of one of our own routes as this page must ask for it, below any proxy's prefix."""
    scope = getattr(getattr(request, "request", None), "scope", None) or {}
    return f"{str(scope.get('root_path', '')).rstrip('/')}/{path.lstrip('/')}"
