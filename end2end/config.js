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
/** Plain pages of hosts.js: the app `birch`, "Birch". */
export const BIRCH = 'http://birch.localhost:4208';
/** The same pages on a site that is nobody's. */
export const EVIL = 'http://evil.localhost:4208';
/** `grantway demo`, its host app and its provider. */
export const DEMO = { connect: 'http://connect.localhost:4210', app: 'http://app.localhost:4211', provider: 'http://provider.localhost:4212' };

export const CLIENT_SECRET = 'oidc-client-secret';
export const APPS = ['acme', 'birch'];
export const REDIRECT_URIS = ['acme.oidc', 'birch.oidc', 'birch.other'].map((id) => `${CONNECT}/connect/callback/${id}`);

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

[providers.oidc]
name = "Example ID"
issuer = "${OIDC}"

[providers.other]
name = "Other ID"
issuer = "${OIDC}"
`;
