"""An app's backend beside Grantway, with the standard library alone: it mints sessions for its own user and
calls the provider through the grant. Any frontend's files are served beside it, so that its cookie is at home.

    GRANTWAY_URL        where this process reaches Grantway
    GRANTWAY_PUBLIC_URL where browsers reach it, if that is elsewhere
    GRANTWAY_API_KEY    made by `grantway key create --app …`
    APP_URL             this app's own public origin
    PORT, STATIC_DIR    where to listen; the folder of a built frontend
    PROVIDER, PROVIDER_API   whose accounts "Use it" takes, and what it calls (default: GitHub's "who am I")
"""

import json
import mimetypes
import os
import re
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

GRANTWAY_URL = os.environ["GRANTWAY_URL"]
GRANTWAY_PUBLIC_URL = os.environ.get("GRANTWAY_PUBLIC_URL", GRANTWAY_URL)
GRANTWAY_API_KEY = os.environ["GRANTWAY_API_KEY"]
APP_URL = os.environ["APP_URL"]
STATIC_DIR = Path(os.environ.get("STATIC_DIR", "dist")).resolve()
PROVIDER = os.environ.get("PROVIDER", "github")
PROVIDER_API = os.environ.get("PROVIDER_API", "https://api.github.com/user")


COOKIE = "(?:^|; )visitor=(visitor-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:;|$)"


class Problem(Exception):
    """A problem as Grantway tells it (RFC 9457), passed on to the frontend."""

    def __init__(self, status, code, detail, grant_id=None):
        super().__init__(detail)
        self.status = status
        self.body = {"code": code, "detail": detail, "grant_id": grant_id}


def unreached():
    return Problem(502, "network_error", "Grantway or the provider was not reached")


def get_json(request):
    try:
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except HTTPError:
        raise
    except (URLError, ValueError) as error:
        raise unreached() from error


def grantway(method, path, body=None):
    headers = {"Authorization": f"Bearer {GRANTWAY_API_KEY}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    try:
        return get_json(Request(GRANTWAY_URL + path, data=data, headers=headers, method=method))
    except HTTPError as error:
        try:
            told = json.load(error)
        except ValueError:
            raise unreached() from error
        raise Problem(error.code, told["code"], told["detail"], told.get("grant_id")) from error


def grant_of(user, grant_id):
    """One of this user's grants, or a refusal: an id alone proves nothing."""
    grant = grantway("GET", f"/v1/grants/{quote(str(grant_id), safe='')}")
    if grant["user"]["id"] != user:
        raise Problem(404, "grant_not_found", "no such grant of this user")
    return grant


def connect(user, asked):
    """A session for the signed-in user; with `grant_id`, to connect exactly that grant again."""
    terms = {"user": {"id": user}, "allowed_origin": APP_URL, "return_url": f"{APP_URL}/"}
    if asked.get("grant_id"):
        terms["grant_id"] = grant_of(user, asked["grant_id"])["grant_id"]
    return {"session_token": grantway("POST", "/v1/connect/sessions", terms)["session_token"]}


def connections(user, _asked):
    grants = grantway("GET", f"/v1/grants?user_id={quote(user, safe='')}")["data"]
    return [grant for grant in grants if grant["status"] != "revoked"]


def use(user, asked):
    """Calls the provider with a fresh token. A dead grant is `credential_revoked`: the user connects it again."""
    grant = grant_of(user, asked.get("grant_id"))
    # A token is for its own provider's API and for no other.
    if grant["provider"] != PROVIDER:
        raise Problem(409, "other_provider", f"this app calls {PROVIDER} alone")
    token = grantway("POST", f"/v1/grants/{grant['grant_id']}/token")["access_token"]
    try:
        about = get_json(Request(PROVIDER_API, headers={"Authorization": f"Bearer {token}"}))
    except HTTPError as error:
        raise Problem(502, "provider_error", f"the provider answered {error.code}") from error
    return {"works_as": about.get("name") or about.get("email") or about.get("login") or about.get("sub")}


ROUTES = {
    ("POST", "/api/connect"): connect,
    ("GET", "/api/connections"): connections,
    ("POST", "/api/use"): use,
}


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        path = urlsplit(self.path).path
        user, cookie = self.visitor()
        try:
            route = ROUTES.get((self.command, path))
            kind, body = self.api(route, user) if route else self.file(path)
            status = 200
        except Problem as problem:
            status, kind, body = problem.status, "application/json", json.dumps(problem.body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def api(self, route, user):
        asked = {}
        if self.command == "POST":
            if not self.is_ours():
                raise Problem(403, "cross_site", "posted from another site")
            asked = self.read_json()
        return "application/json", json.dumps(route(user, asked)).encode()

    def file(self, path):
        asked = (STATIC_DIR / ("index.html" if path == "/" else path.lstrip("/"))).resolve()
        if not asked.is_relative_to(STATIC_DIR) or not asked.is_file():
            raise Problem(404, "not_found", "no such page")
        body = asked.read_bytes()
        if asked.suffix == ".html":
            # One build runs beside any Grantway.
            body = body.replace(b"__GRANTWAY_URL__", GRANTWAY_PUBLIC_URL.encode())
        return mimetypes.guess_type(asked.name)[0] or "application/octet-stream", body

    def is_ours(self):
        """A page of another site must not act in our user's name. Browsers say whose page it is; old ones name its origin."""
        site = self.headers.get("Sec-Fetch-Site")
        return site == "same-origin" if site else self.headers.get("Origin") == APP_URL

    def read_json(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > 10_000:
            raise Problem(400, "invalid_request", "the body is too long")
        try:
            asked = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError as error:
            raise Problem(400, "invalid_request", "the body is not JSON") from error
        return asked if isinstance(asked, dict) else {}

    def visitor(self):
        """The visitor's cookie stands for your own sign-in. What looks like no id of ours is none: nobody becomes `user_1`."""
        known = re.search(COOKIE, self.headers.get("Cookie", ""))
        if known:
            return known[1], None
        user = f"visitor-{uuid.uuid4()}"
        secure = "; Secure" if APP_URL.startswith("https:") else ""
        return user, f"visitor={user}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def log_message(self, format, *args):
        """Queries may carry codes: no access log here."""


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3000"))
    print(f"{APP_URL} is served at port {port}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), App).serve_forever()
