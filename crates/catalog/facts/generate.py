#!/usr/bin/env python3
"""Writes ../providers/*.toml from providers.json: once. Since then the files are owned by hand.

Kept for two reasons: to make a file for a provider that the facts gain (`generate.py ID …`), and to show how each
fact became a field. `generate.py --all` overwrites every file. Needs Python 3.11 and, for logos, the npm package
simple-icons in the folder that SIMPLE_ICONS names.
"""
import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / 'providers'
FACTS = json.loads((HERE / 'providers.json').read_text())
PROVIDERS = {record['id']: record for record in FACTS['providers']}
ICONS = os.environ.get('SIMPLE_ICONS')

# What is left out, and why.
EXCLUDED = {
    'braintree': 'its documentation knows the exchange by its own libraries only, and those speak XML',
    'contentstack': 'its pages send people to a route behind #!, the facts to a path: which one works is not certain',
}

# Medium in the facts. Both addresses were since found with the provider itself (the pages of adobe-workfront and
# bullhorn, looker's own client, mautic's own tracker), or alike in two clients of unrelated authors.
CONFIRMED = {
    'act-on', 'adobe-workfront', 'bullhorn', 'bynder', 'glean', 'husqvarna', 'kintone', 'looker', 'mautic',
    'ninjaone', 'pingone', 'polar-accesslink', 'quaderno', 'salla', 'segment', 'tiktok-shop', 'trainingpeaks', 'zalo',
}

# What is signed, beyond JWTs.
SIGNATURES = {
    'alipay': {'request_signature': {'param': 'sign', 'time_param': 'timestamp', 'utc_offset': 8}},
    'odnoklassniki': {'api_signature': {'param': 'sig', 'params': {'application_key': '{application_key}'}}},
}

# One file of each family holds what they share.
FAMILIES = {
    'google': lambda r: r['token_url'] == 'https://oauth2.googleapis.com/token' and r['id'] != 'google',
    'microsoft': lambda r: 'login.microsoftonline.com' in r['token_url'] and r['id'] != 'microsoft',
    'facebook': lambda r: 'graph.facebook.com' in r['token_url'] and r['id'] != 'facebook',
    'zoho': lambda r: r['id'].startswith('zoho-'),
    'atlassian': lambda r: r['id'] in ('jira', 'confluence', 'jira-service-management'),
}

# Issuers that sign what tells the account, or that have nothing but metadata. Where userinfo tells the account,
# an issuer would only add a way to fail.
ISSUERS = {
    'google', 'okta', 'auth0', 'keycloak', 'authentik', 'fusionauth', 'gitlab', 'logingov', 'apple', 'amazon-cognito',
}
OFFLINE = {
    'offline_access', 'offline', 'offline.access', 'refresh_token', 'extended', 'wl.offline_access',
    'users.profile.me:read',
}
OWN_LICENCE = {'contentstack', 'keycloak', 'webex'}
UNIQUE_WITHIN = {
    'slack': '/team_id', 'slack-user': '/team_id', 'quickbooks': 'callback:/realmId',
    'quickbooks-sandbox': 'callback:/realmId',
}
FROM_CALLBACK = {
    ('zoho', 'accounts_host'): ('accounts-server', 'https://([^/]+)/?'),
    ('adobe-sign', 'shard'): ('api_access_point', r'https://api\.([^./]+)\.adobesign\.com/?'),
    ('datadog', 'site'): ('domain', None),
    ('kommo', 'subdomain'): ('referer', r'([^./]+)\.kommo\.com'),
    ('lightspeed-retail', 'domain_prefix'): ('domain_prefix', None),
}
RENAMED_REDIRECT = {'openrouter': 'callback_url', 'printful': 'redirect_url', 'untappd': 'redirect_url'}
SECOND_SCOPES = {'slack': ('user_scope', 'user:'), 'hubspot': ('optional_scope', 'optional:')}
CONSTANT_HEADERS = {
    'platform:app:version (by /u/name)': 'web:grantway:0.1 (by /u/grantway)',
    'app name (contact)': 'grantway',
    'app name': 'grantway',
}

# Where a session's API may be.
SESSION_BASES = {'bullhorn': r'https://rest[a-z0-9-]*\.bullhornstaffing\.com/rest-services/[A-Za-z0-9]+/?'}

# What they answer in the place of `invalid_grant`.
DEAD = {
    'slack': ['invalid_refresh_token', 'token_revoked', 'account_inactive'],
    'slack-user': ['invalid_refresh_token', 'token_revoked', 'account_inactive'],
    'github-app': ['bad_refresh_token'], 'twitter': ['invalid_request'],
    'facebook': ['190'], 'facebook-lead-ads': ['190'], 'facebook-pages': ['190'], 'messenger': ['190'],
    'meta-ads': ['190'], 'whatsapp-business': ['190'], 'instagram': ['190'], 'threads': ['190'],
    'alipay': ['isv.code-invalid', 'isv.refresh-token-invalid', 'isv.refresh-token-time-out'],
    'wechat': ['40030', '42002'], 'wechat-official': ['40030', '42002'],
}
TOKEN, ACCESS, REFRESH = '{token}', '{access_token}', '{refresh_token}'
CLIENT = {'client_id': '{client_id}', 'client_secret': '{client_secret}'}
API = {'auth': 'api', 'params': {}}
# The words of `revoke.how`, as fields.
REVOKE = {
    'acuity-scheduling': {'auth': 'none', 'params': {'access_token': ACCESS, **CLIENT}},
    'adobe-sign': {'auth': 'none', 'params': {'token': TOKEN}},
    'freshbooks': {'auth': 'none', 'params': {'token': TOKEN, **CLIENT}},
    'github': {'auth': 'basic', 'body': 'json', 'params': {'access_token': ACCESS}},
    'github-app': {'auth': 'basic', 'body': 'json', 'params': {'access_token': ACCESS}},
    'heroku': None,
    'livechat': {'auth': 'none', 'body': 'query', 'params': {'token': ACCESS}},
    'miro': {'auth': 'none', 'body': 'json',
             'params': {'clientId': '{client_id}', 'clientSecret': '{client_secret}', 'accessToken': ACCESS}},
    'mollie': {'auth': 'basic'},
    'naver': {'auth': 'none',
              'params': {'grant_type': 'delete', 'access_token': ACCESS, 'service_provider': 'NAVER', **CLIENT}},
    'notion': {'auth': 'basic', 'body': 'json', 'params': {'token': ACCESS}},
    'oura': {'auth': 'none', 'body': 'query', 'params': {'access_token': ACCESS}},
    'razorpay': {'auth': 'none', 'body': 'json',
                 'params': {'token': TOKEN, 'token_type_hint': '{token_type_hint}', **CLIENT}},
    'servicenow': {'auth': 'none', 'body': 'query', 'params': {'token': TOKEN}},
    'square': {'auth': 'none', 'body': 'json', 'params': {'client_id': '{client_id}', 'access_token': ACCESS},
               'headers': {'Authorization': 'Client {client_secret}'}},
    'stripe': {'auth': 'none', 'params': {'client_id': '{client_id}', 'stripe_user_id': '{extra:account}'},
               'headers': {'Authorization': 'Bearer {client_secret}'}},
    'supabase': {'auth': 'none', 'body': 'json', 'params': {'refresh_token': REFRESH, **CLIENT}},
    'tiktok': {'auth': 'none',
               'params': {'client_key': '{client_id}', 'client_secret': '{client_secret}', 'token': ACCESS}},
    'tiktok-ads': {'auth': 'none', 'body': 'json',
                   'params': {'app_id': '{client_id}', 'secret': '{client_secret}', 'access_token': ACCESS}},
    'todoist': {'auth': 'none', 'body': 'query', 'params': {'access_token': ACCESS, **CLIENT}},
    'trustpilot': {'auth': 'none', 'params': {'token': TOKEN}},
    'vk': {'auth': 'none', 'params': {'access_token': ACCESS, 'client_id': '{client_id}'}},
    'webflow': {'auth': 'none', 'body': 'json', 'params': {'access_token': ACCESS, **CLIENT}},
    'weibo': {'auth': 'none', 'params': {'access_token': ACCESS}},
    'zoho': {'auth': 'none', 'params': {'token': TOKEN}},
}
REVOKE['square-sandbox'] = REVOKE['square']
REVOKE['stripe-app'] = REVOKE['stripe-express'] = REVOKE['stripe']


def certain(record):
    """High, confirmed, or a medium whose endpoints are on the domain of its own documentation."""
    if record['confidence'] == 'high' or record['id'] in CONFIRMED:
        return True
    def domain(url):
        host = re.sub(r'\{[^}]*\}', 'x', (url or '').split('://')[-1]).split('/')[0].split(':')[0]
        return '.'.join(host.split('.')[-2:])
    return bool(record['docs_url']) and domain(record['docs_url']) == domain(record['token_url'])


def template(text, used):
    """A fact's template in our words; notes what is taken from the token answer."""
    def kept(match):
        used.add(match[1])
        return '{extra:%s}' % match[1]
    return re.sub(r'\{token:([a-z_]+)\}', kept, str(text))


def pointer(value):
    return [value] if isinstance(value, str) else value


def answer(record, used):
    facts, out, extra = record['token_response'], {}, {}
    for name in ('access_token', 'refresh_token', 'expires_in', 'scope'):
        if facts.get(name) and facts[name] != '/' + name:
            out[name] = facts[name]
    if facts.get('expires_at'):
        out['expires_at'] = facts['expires_at']
    if record['default_expires_in']:
        out['default_expires_in'] = record['default_expires_in']
    if 'expiry_in_jwt' in record['quirks']:
        out['expires_by_jwt'] = True
    if facts.get('scope_sep') or 'scope_returned_comma' in record['quirks']:
        out['scope_separator'] = ','
    if facts.get('ok'):
        out['ok'] = facts['ok']
    if facts.get('error') and facts['error'] != '/error':
        out['error'] = facts['error']
    if 'graph.facebook.com' in record['token_url'] or record['id'] in ('instagram', 'threads'):
        out['error'] = ['/error/code', '/error']
    if record['id'] in DEAD or record['id'].startswith('zoho'):
        out['dead'] = DEAD.get(record['id'], ['invalid_code'])
    for name, at in (facts.get('extra') or {}).items():
        name = re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()
        if name not in ('refresh_expires_in', 'expires_in_zero') and re.fullmatch('[a-z_]+', name):
            extra[name] = at
    if facts.get('api_base'):
        extra['api_base'] = facts['api_base']
    for name in sorted(used):
        extra.setdefault(name, '/' + name)
    if record['id'] == 'slack':
        extra['user_access_token'] = '/authed_user/access_token'
        out['second_scope'] = '/authed_user/scope'
        del out['scope']
    if record['id'] == 'google' or family_of(record) == 'google':
        out['scope_aliases'] = {
            'https://www.googleapis.com/auth/userinfo.email': 'email',
            'https://www.googleapis.com/auth/userinfo.profile': 'profile',
        }
    if extra:
        out['extra'] = extra
    return out


def account(record):
    facts, out = record['account'], {}
    source = facts['source']
    source = {'access_token_jwt': 'access_token', 'post': 'nothing'}.get(source, source)
    if source != 'userinfo':
        out['source'] = source
    def reading(value):
        if source == 'callback' and isinstance(value, str):
            return '/' + value.lstrip('/')
        return value
    standard = {'id': '/sub', 'email': '/email', 'name': '/name', 'handle': '/preferred_username'}
    for name in ('id', 'email', 'handle', 'name'):
        if facts.get(name) and facts[name] != standard[name] and source != 'nothing':
            out[name] = reading(facts[name])
    org = facts.get('org_name') or facts.get('org')
    # An opaque id tells a person nothing.
    if isinstance(org, str) and org.startswith('/') and not re.search(r'([iI]d|key)$', org):
        out['org'] = org
    if UNIQUE_WITHIN.get(record['id']):
        out['within'] = UNIQUE_WITHIN[record['id']]
    return out


def parameters(record):
    out = []
    for facts in record['connection_params']:
        if facts['name'] == 'api_host' and record['id'] == 'wrike':
            continue
        one = {'name': facts['name'], 'label': facts['label']}
        one['pattern'] = re.sub(r'^\^(?!.*\|\^)(.*)\$$', r'\1', facts['pattern'])
        one['example'] = facts['example']
        if facts['default'] is not None:
            one['default'] = facts['default']
        elif not facts['required']:
            one['optional'] = True
        if facts['asked_of'] == 'app' or facts.get('free_host'):
            one['asked_of'] = 'app'
        if facts.get('free_host'):
            one['free_host'] = True
        key = ('zoho' if record['id'].startswith('zoho') else record['id'], facts['name'])
        if key in FROM_CALLBACK:
            param, pattern = FROM_CALLBACK[key]
            one['from_callback'] = {'param': param, **({'pattern': pattern} if pattern else {})}
        out.append(one)
    return out


def userinfo(record, used):
    facts = record['userinfo']
    if not facts:
        return None
    out = {'url': template(facts['url'], used)}
    if record['id'] == 'wrike':
        out['url'] = out['url'].replace('{api_host}', '{extra:api_base}')
    if facts['method'] != 'GET':
        out['method'] = facts['method']
    if facts['auth'] != 'bearer':
        out['auth'] = facts['auth']
    body = facts['body'] or ''
    if body.startswith('json: '):
        out['body'] = body[6:]
    elif body.startswith('form: '):
        out['body'], out['body_as'] = body[6:], 'form'
    headers = {name: CONSTANT_HEADERS.get(value, value) for name, value in facts['headers'].items()}
    if headers:
        out['headers'] = headers
    return out


def api_urls(out):
    """Where the facts call an API with the token. Others were added by hand, from the providers' manuals."""
    extra = {**out.get('answer', {}).get('extra', {}), **out.get('lookup', {}).get('extra', {})}
    urls = ['{extra:api_base}'] if 'api_base' in extra else []
    found = re.match(r'(https://[^/?]*\bapi[^/?]*)|(https://[^/?]+/api/)', out.get('userinfo', {}).get('url', ''))
    return urls + [found[0]] if found and '{callback' not in found[0] else urls


def revoke(record):
    facts = record['revoke']
    if not facts:
        return None
    url = facts['url']
    if facts.get('style') == 'rfc7009':
        if facts.get('client_auth') == 'none':
            return {'url': url, 'auth': 'none'}
        return url
    key = 'zoho' if record['id'].startswith('zoho') else record['id']
    shape = REVOKE.get(key, API)
    if shape is None:
        return None
    method = {} if facts['method'] == 'POST' else {'method': facts['method']}
    return {'url': url, **method, **shape}


def refresh(record, used):
    facts, out = record['refresh'], {}
    by = {'none': 'nothing', 'exchange_access_token': 'access_token'}.get(facts['kind'])
    if by:
        out['by'] = by
    if record['refresh_url']:
        out['url'] = record['refresh_url']
    if record['refresh_auth_method']:
        out['client_auth'] = record['refresh_auth_method'].removeprefix('client_secret_')
    if 'refresh_without_client' in record['quirks']:
        out['client_auth'] = 'none'
    params = {name: fixed(value, used) for name, value in record['refresh_params'].items()}
    if 'refresh_without_client' in record['quirks']:
        params['client_id'] = False
    if 'type_instead_of_grant' in record['quirks']:
        params['grant_type'] = False
    if params:
        out['params'] = params
    if facts['rotates'] in ('yes', 'no') and not by:
        out['rotates'] = facts['rotates']
    if facts['lifetime']:
        out['lifetime'] = facts['lifetime']
    if record['id'] in ('atlassian', 'confluence', 'jira', 'jira-service-management'):
        out['grace'] = 600
    if record['id'] == 'xero':
        out['grace'] = 1800
    return out


def fixed(value, used):
    return False if value is None else template(value, used)


def file_of(record):
    used, quirks, out = set(), record['quirks'], {}
    out['name'] = record['name']
    if record['aliases']:
        out['aliases'] = record['aliases']
    out['categories'] = record['categories']
    brand = record['brand'] or {}
    if brand.get('hex'):
        out['brand_color'] = brand['hex'].upper().replace('#', '#')
    slug = brand.get('simple_icons')
    if slug and slug not in OWN_LICENCE and not brand.get('icon_license'):
        out['logo'] = slug
    if record['docs_url']:
        out['docs_url'] = record['docs_url']
    if record['confidence'] != 'high':
        out['experimental'] = True
    if (record['id'] in ISSUERS or family_of(record) in ISSUERS) and record['oidc_issuer']:
        out['issuer'] = record['oidc_issuer']
    authorize_url = record['authorize_url']
    if record['authorize_fragment']:
        authorize_url += '#' + record['authorize_fragment']
    out['authorize_url'], out['token_url'] = authorize_url, record['token_url']

    always = [scope for scope in record['default_scopes'] if 'offline_scope' in quirks and scope in OFFLINE]
    scopes = [scope for scope in record['default_scopes'] if scope not in always]
    if scopes:
        out['scopes'] = scopes
    if always:
        out['always_scopes'] = always
    separator = record['scope_separator'].replace('+', ' ')
    if separator != ' ':
        out['scope_separator'] = separator
    if record['scope_param'] != 'scope':
        out['scope_param'] = record['scope_param']
    for name in ('client_id_param', 'client_secret_param'):
        if record[name] and record[name] != name.removesuffix('_param'):
            out[name] = record[name]
    if 'redirect_is_alias' in quirks:
        out['redirect_uri'] = '{redirect_alias}'
    if record['id'] in ('tiktok-ads', 'tiktok-shop'):
        out['code_param'] = 'auth_code'
    if record['id'] in RENAMED_REDIRECT:
        out['redirect_uri_param'] = RENAMED_REDIRECT[record['id']]
    if record['pkce'] not in ('supported', 'required'):
        out['pkce'] = 'off'
    elif record['pkce_method'] == 'plain' or 'pkce_plain_only' in quirks:
        out['pkce'] = 'plain'

    authorize = dict(record['authorize_params'])
    mode = authorize.pop('response_mode', record['callback']['response_mode'])
    if mode == 'form_post':
        out['response_mode'] = 'form_post'
    if 'response_type' in authorize:
        out['response_type'] = authorize.pop('response_type')
    if authorize.get('nonce') == '{random}':
        authorize.pop('nonce')
        out['nonce'] = True
    authorize.pop('redirect_url', None)
    authorize = {name: fixed(value, used) for name, value in authorize.items()}
    if 'no_redirect_in_authorize' in quirks:
        authorize['redirect_uri'] = False
    if 'no_client_id' in quirks or 'no_client_id_in_authorize' in quirks:
        authorize['client_id'] = False
    if authorize:
        out['authorize_params'] = authorize
    # What the sign-in page shows anyway is not asked for twice.
    if authorize.get('prompt') == 'consent' and 'google' in (record['id'], family_of(record)):
        out['switch_account_params'] = {'prompt': 'select_account consent'}
        out['incremental_params'] = {'include_granted_scopes': 'true'}

    detail, method = record['token_auth_detail'], record['token_auth_method']
    headers = {name: CONSTANT_HEADERS.get(value, value) for name, value in record['token_headers'].items()}
    if detail == 'client_secret_jwt_es256':
        out['client_auth'] = 'secret_jwt'
        out['client_jwt'] = {'alg': 'ES256', 'key_id': '{key_id}', 'issuer': '{team_id}',
                             'audience': 'https://appleid.apple.com'}
    elif method == 'private_key_jwt':
        out['client_auth'], out['client_jwt'] = 'private_key_jwt', {'alg': 'RS256'}
    elif detail == 'secret_key_basic':
        out['client_auth'] = 'none'
        headers['Authorization'] = 'Bearer {client_secret}'
    elif detail == 'header_secret_key':
        out['client_auth'] = 'none'
        headers['secret_key'] = '{client_secret}'
    elif method == 'client_secret_basic':
        out['client_auth'] = 'basic'
    elif method == 'signed_request':
        out['client_auth'] = 'signed_request'
        out['api_auth'] = 'none'
    elif method == 'none':
        out['client_auth'] = 'none'
    if 'token_via_get' in quirks:
        out['token_method'], out['token_body'] = 'GET', 'query'
    elif record['token_body'] != 'form':
        out['token_body'] = record['token_body']
    token = {name: fixed(value, used) for name, value in record['token_params'].items() if name != 'redirect_url'}
    if 'no_client_id' in quirks:
        token['client_id'] = False
    if 'type_instead_of_grant' in quirks:
        token['grant_type'] = False
    if token:
        out['token_params'] = token
    if headers:
        out['token_headers'] = headers

    callback, kept = record['callback'], []
    sections = {}
    names = [name for name in pointer(callback['code_param']) if name != 'code'] if callback['code_param'] else []
    found = {}
    if names:
        found['code'] = pointer(callback['code_param'])
    if 'code_suffix' in quirks:
        found['code_suffix'] = '#_'
    text = json.dumps([record[part] for part in ('token_params', 'refresh_params', 'userinfo', 'account', 'revoke')])
    kept = [name for name in callback['keep_params']
            if name not in ('hmac', 'timestamp', 'host', 'client_id', 'platform', 'next', 'user', 'id_token', 'scope',
                            'mws_auth_token')]
    for name in sorted(set(re.findall(r'callback:/?([A-Za-z_-]+)', text)) - set(kept)):
        kept.append(name)
    if kept:
        found['keep'] = kept
    if 'scope_only_in_callback' in quirks:
        found['scope'] = 'scope'
    if callback['verify']:
        found['verify'] = 'hmac_sha256'
    sections['callback'] = found
    sections['userinfo'] = userinfo(record, used)
    sections['refresh'] = refresh(record, used)
    if record['long_lived_exchange']:
        long = record['long_lived_exchange']
        sections['long_lived'] = {'url': long['url'], 'method': long['method'], 'params': long['params']}
    if record['userinfo'] and record['userinfo']['auth'] != 'bearer' and record['userinfo']['auth'] != 'none':
        out['api_auth'] = sections['userinfo'].pop('auth')
    sections['account'] = account(record)
    if record['post_connect']:
        looked = record['post_connect']
        extra = {'site': looked['pick']}
        for name, key in (('site_name', 'label'), ('api_base', 'base')):
            if looked.get(key):
                extra[name] = looked[key]
        if 'purpose' in looked and looked['url']:
            sections['lookup'] = {'url': looked['url'], 'extra': extra}
        if 'second_session_exchange' in quirks:
            out['api_auth'] = 'header:%s={extra:session}' % looked['pick'].lstrip('/')
            extra = {'session': looked['pick'], 'api_base': {'at': looked['base'], 'pattern': SESSION_BASES[record['id']]}}
            sections['lookup'] = {'url': looked['url'], 'each_refresh': True, 'extra': extra}
    found = revoke(record)
    if isinstance(found, str):
        out['revoke'] = found
    elif found:
        sections['revoke'] = found
    if record['id'] in SECOND_SCOPES:
        param, prefix = SECOND_SCOPES[record['id']]
        out['second_scopes'] = {'param': param, 'prefix': prefix}
    sections['answer'] = answer(record, used)
    out.update({name: section for name, section in sections.items() if section})
    out.update(SIGNATURES.get(record['id'], {}))
    if api_urls(out):
        out['api_urls'] = api_urls(out)
    asked = parameters(record)
    if asked:
        out['parameter'] = asked
    return out


def family_of(record):
    return next((name for name, fits in FAMILIES.items() if fits(record)), None)


def on_top(own, base):
    """What a file says beyond its family's; None when it lacks what the family has."""
    out = {}
    for key, value in own.items():
        if key not in base or key == 'aliases':
            out[key] = value
        elif isinstance(value, dict) and isinstance(base[key], dict):
            inner = on_top(value, base[key])
            if inner is None:
                return None
            if inner:
                out[key] = inner
        elif value != base[key]:
            out[key] = value
    missing = [key for key in base if key not in own and key not in ('aliases', 'docs_url')]
    empty = {'scopes': [], 'always_scopes': []}
    for key in missing:
        if key in ('brand_color', 'logo', 'experimental', 'switch_account_params',
                   'incremental_params', 'issuer', 'scope_aliases'):
            if key in ('brand_color', 'logo'):
                return None
            continue
        if key not in empty:
            return None
        out[key] = empty[key]
    return out


def text_of(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return '[' + ', '.join(text_of(one) for one in value) + ']'
    if isinstance(value, dict):
        if not value:
            return '{}'
        return '{ ' + ', '.join(f'{key_of(key)} = {text_of(one)}' for key, one in value.items()) + ' }'
    if ('"' in value or '\\' in value) and "'" not in value and '\n' not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def key_of(key):
    return key if re.fullmatch('[A-Za-z0-9_-]+', key) else json.dumps(key)


def toml(out, note):
    lines, tables = [], []
    for line in note_lines(note):
        lines.append('# ' + line)
    for key, value in out.items():
        if key == 'parameter':
            continue
        inline = isinstance(value, dict) and (
            key in ('authorize_params', 'switch_account_params', 'incremental_params', 'token_params',
                    'token_headers', 'second_scopes')
            or len(text_of(value)) < 70)
        if isinstance(value, dict) and not inline:
            tables.append((f'[{key}]', value))
        else:
            lines.append(f'{key} = {text_of(value)}')
    for one in out.get('parameter', []):
        tables.append(('[[parameter]]', one))
    for heading, table in tables:
        lines += ['', heading] + [f'{key_of(key)} = {text_of(value)}' for key, value in table.items()]
    return '\n'.join(lines) + '\n'


def note_lines(note):
    words, line = (note or '').split(), ''
    for word in words:
        if len(line) + len(word) > 110:
            yield line
            line = ''
        line = f'{line} {word}'.strip()
    if line:
        yield line


def main(ids):
    OUT.mkdir(exist_ok=True)
    counts = {'written': 0, 'excluded': 0, 'uncertain': 0}
    for record in PROVIDERS.values():
        if ids and record['id'] not in ids:
            continue
        if record['id'] in EXCLUDED:
            counts['excluded'] += 1
            continue
        if not certain(record):
            counts['uncertain'] += 1
            continue
        out, family = file_of(record), family_of(record)
        if family:
            reduced = on_top(out, file_of(PROVIDERS[family]))
            out = {'extends': family, **reduced} if reduced is not None else out
        if ICONS and out.get('logo') and not (pathlib.Path(ICONS) / 'icons' / f"{out['logo']}.svg").exists():
            del out['logo']
        notes = [record['note'], record['refresh'].get('note') and f"Refresh: {record['refresh']['note']}"]
        (OUT / f"{record['id']}.toml").write_text(toml(out, '. '.join(note.rstrip('.') for note in notes if note)))
        counts['written'] += 1
    print(counts)


if __name__ == '__main__':
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    main([] if arguments == ['--all'] else arguments)
