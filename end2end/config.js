/** Who lives where in these tests, and Grantway's configuration that says so. */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const TARGET = process.env.GRANTWAY_TARGET ?? join(ROOT, 'target');
export const LOGS = fileURLToPath(new URL('test-results', import.meta.url));

/** Grantway itself. */
export const CONNECT = 'http://connect.localhost:4200';
/** The sample host app, examples/rust-host: the app `acme`, "Acme Notes". */
export const ACME = 'http://app.localhost:4201';
/** npm oidc-provider, as "Example ID" and, never chosen, as "Other ID". */
export const OIDC = 'http://oidc.localhost:4203';
/** PyPI authlib, as "Plain": OAuth 2.0 without OpenID Connect. */
export const PLAIN = 'http://plain.localhost:4205';
/** Plain pages of hosts.js: the app `birch`, "Birch". */
export const BIRCH = 'http://birch.localhost:4208';
/** The same pages on a site that is nobody's. */
export const EVIL = 'http://evil.localhost:4208';
/** The host page of `engines/`, for our widget and the published reference widget. */
export const WIDGET = 'http://widget.localhost:4220';
/** What the reference widget needs of a server. */
export const REFERENCE = 'http://reference.localhost:4221';
/** `grantway demo`, its host app and its provider. */
export const DEMO = { connect: 'http://connect.localhost:4210', app: 'http://app.localhost:4211', provider: 'http://provider.localhost:4212' };

export const CLIENT_SECRET = 'oidc-client-secret';
/** `cedar` is an app on birch's pages, with many providers that nobody goes to. */
export const APPS = ['acme', 'birch', 'cedar'];
export const MANY = ['github', 'google', 'hubspot', 'linkedin', 'notion', 'salesforce', 'shopify', 'slack', 'zendesk', 'zoho-crm'];
export const REDIRECT_URIS = [
  ...['acme.oidc', 'birch.oidc', 'birch.other', 'birch.posts', 'birch.pushed'].map((id) => `${CONNECT}/connect/callback/${id}`),
  `${REFERENCE}/callback`,
];

const client = `client_id = "grantway"
client_secret = "${CLIENT_SECRET}"
scopes = ["openid", "email", "profile", "offline_access"]`;

/** @param {string} dataDir */
export const grantwayToml = (dataDir) => `
[server]
base_url = "${CONNECT}"
listen = "127.0.0.1:${new URL(CONNECT).port}"
data_dir = "${dataDir}"
site_root = "${join(TARGET, 'site')}"

[apps.acme]
name = "Acme Notes"
website_url = "${ACME}"

[apps.acme.providers.oidc]
${client}

[apps.birch]
name = "Birch"
website_url = "${BIRCH}"

[apps.birch.providers.oidc]
${client}

[apps.birch.providers.other]
${client}

[apps.birch.providers.posts]
${client}

[apps.birch.providers.pushed]
client_id = "grantway-pushed"
client_secret = "${CLIENT_SECRET}"
scopes = ["openid", "email", "offline_access"]

[apps.birch.providers.plain]
client_id = "grantway"
client_secret = "${CLIENT_SECRET}"

[apps.cedar]
name = "Cedar"
website_url = "${BIRCH}"

${MANY.map((id) => `[apps.cedar.providers.${id}]\nclient_id = "cedar"\nclient_secret = "unused"`).join('\n')}

[providers.oidc]
name = "Example ID"
issuer = "${OIDC}"

[providers.other]
name = "Other ID"
issuer = "${OIDC}"

[providers.posts]
name = "Posting ID"
issuer = "${OIDC}"
response_mode = "form_post"

[providers.pushed]
name = "Pushed ID"
issuer = "${OIDC}"
client_auth = "basic"
pushed_authorization = true

[providers.plain]
name = "Plain"
authorize_url = "http://{site}.localhost:${new URL(PLAIN).port}/authorize"
token_url = "http://{site}.localhost:${new URL(PLAIN).port}/token"
revoke = "http://{site}.localhost:${new URL(PLAIN).port}/revoke"
client_auth = "basic"
scopes = ["read"]
userinfo = { url = "http://{site}.localhost:${new URL(PLAIN).port}/me" }
account = { id = "/user/id", handle = "/user/login", email = "/user/mail" }

[[providers.plain.parameter]]
name = "site"
label = "Name of your site"
pattern = "[a-z]+"
example = "plain"
`;
