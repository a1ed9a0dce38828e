"""A second, independent authorization server: PyPI `authlib`, plain OAuth 2.0 without OpenID Connect.

Clients prove themselves by HTTP Basic only, refresh tokens rotate, and a token tells nothing of who it is for: that is
asked of /me. No page has a script. /__ledger tells what was asked of it, without secrets.

    python plain.py        PORT, CLIENT_SECRET, REDIRECT_URI
"""
import os
import secrets
import time
from urllib.parse import urlsplit

os.environ['AUTHLIB_INSECURE_TRANSPORT'] = '1'  # loopback only

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token  # noqa: E402
from authlib.oauth2.rfc6749 import grants  # noqa: E402
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin, ClientMixin, TokenMixin  # noqa: E402
from authlib.oauth2.rfc6750 import BearerTokenValidator  # noqa: E402
from authlib.oauth2.rfc7009 import RevocationEndpoint  # noqa: E402
from authlib.oauth2.rfc7636 import CodeChallenge  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from markupsafe import escape  # noqa: E402

ACCOUNTS = {'alice': {'id': 1001, 'login': 'alice', 'mail': 'alice@example.org'}}
# In seconds: less than the minute for which a token handed out must live, so each one is refreshed first.
LIFETIME = 30

app = Flask(__name__)
app.config['OAUTH2_TOKEN_EXPIRES_IN'] = {'authorization_code': LIFETIME, 'refresh_token': LIFETIME}
app.config['OAUTH2_REFRESH_TOKEN_GENERATOR'] = True
codes, tokens, ledger = {}, [], []


class Client(ClientMixin):
    client_id, secret, redirect_uri = 'grantway', os.environ['CLIENT_SECRET'], os.environ['REDIRECT_URI']

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return self.redirect_uri

    def get_allowed_scope(self, scope):
        return ' '.join(word for word in scope.split() if word in ('read', 'write'))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(client_secret, self.secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return method == 'client_secret_basic'

    def check_response_type(self, response_type):
        return response_type == 'code'

    def check_grant_type(self, grant_type):
        return grant_type in ('authorization_code', 'refresh_token')


class Code(AuthorizationCodeMixin):
    def __init__(self, oauth_request, user):
        payload = oauth_request.payload
        self.user, self.redirect_uri, self.scope = user, payload.redirect_uri, payload.scope
        self.code_challenge = payload.data.get('code_challenge')
        self.code_challenge_method = payload.data.get('code_challenge_method')
        self.expires_at = time.time() + 60

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Token(TokenMixin):
    def __init__(self, user, token):
        self.user, self.scope = user, token['scope']
        self.access_token, self.refresh_token = token['access_token'], token.get('refresh_token')
        self.expires_at, self.revoked = time.time() + token['expires_in'], False

    def check_client(self, client):
        return True

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return LIFETIME

    def is_expired(self):
        return self.expires_at < time.time()

    def is_revoked(self):
        return self.revoked


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ['client_secret_basic']

    def save_authorization_code(self, code, oauth_request):
        codes[code] = Code(oauth_request, oauth_request.user)

    def query_authorization_code(self, code, client):
        found = codes.get(code)
        return found if found and found.expires_at > time.time() else None

    def delete_authorization_code(self, authorization_code):
        for code in [code for code, kept in codes.items() if kept is authorization_code]:
            del codes[code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ['client_secret_basic']
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        return next((kept for kept in tokens if kept.refresh_token == refresh_token and not kept.revoked), None)

    def authenticate_user(self, refresh_token):
        return refresh_token.user

    def revoke_old_credential(self, refresh_token):
        refresh_token.revoked = True


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ['client_secret_basic']

    def query_token(self, token_string, token_type_hint):
        return next((kept for kept in tokens if token_string in (kept.access_token, kept.refresh_token)), None)

    def revoke_token(self, token, request):
        token.revoked = True


class Bearer(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return next((kept for kept in tokens if kept.access_token == token_string), None)


server = AuthorizationServer(
    app,
    query_client=lambda client_id: Client() if client_id == Client.client_id else None,
    save_token=lambda token, oauth_request: tokens.append(Token(oauth_request.user, token)),
)
server.register_grant(CodeGrant, [CodeChallenge(required=False)])
server.register_grant(RefreshGrant)
server.register_endpoint(Revocation)
guard = ResourceProtector()
guard.register_token_validator(Bearer())


@app.before_request
def note():
    if request.path in ('/token', '/revoke'):
        told = {name: request.form.get(name) for name in ('grant_type', 'token_type_hint') if name in request.form}
        ledger.append({'path': request.path, 'basic': request.authorization is not None, **told})


@app.get('/authorize')
def ask():
    fields = ''.join(f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">' for key, value in request.args.items())
    return (
        f'<!doctype html><html lang="en"><title>Plain</title><h1>Plain: allow {escape(request.args.get("scope"))}?</h1>'
        f'<form method="post" action="/authorize">{fields}<button name="decision" value="allow">Allow</button></form>'
    )


@app.post('/authorize')
def decide():
    return server.create_authorization_response(request, grant_user=ACCOUNTS['alice'])


@app.post('/token')
def token():
    return server.create_token_response(request)


@app.post('/revoke')
def revoke():
    return server.create_endpoint_response(Revocation.ENDPOINT_NAME, request)


@app.get('/me')
@guard()
def me():
    return jsonify({'user': current_token.user})


@app.get('/__ledger')
def show_ledger():
    return jsonify(ledger)


if __name__ == '__main__':
    assert urlsplit(Client.redirect_uri).scheme in ('http', 'https')
    app.run('127.0.0.1', int(os.environ['PORT']))
