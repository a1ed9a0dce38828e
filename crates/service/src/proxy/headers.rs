//! Which headers pass: all, but for those of one connection, those that carry somebody's credentials, and
//! those that would speak for our own origin.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ALT_SVC, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
        CONTENT_SECURITY_POLICY_REPORT_ONLY, COOKIE, EXPECT, FORWARDED, HOST, PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
        VIA,
    },
};

/// RFC 9110, section 7.6.1, and those from before it.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The backend's credentials, and what tells of its side of the network. The length is counted anew.
const OF_THE_CALLER: [HeaderName; 8] = [
    AUTHORIZATION,
    COOKIE,
    HOST,
    CONTENT_LENGTH,
    EXPECT,
    FORWARDED,
    VIA,
    HeaderName::from_static("x-real-ip"),
];

/// Cookies, and what a browser would believe of the whole origin.
const OF_THE_PROVIDER: [HeaderName; 12] = [
    SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    STRICT_TRANSPORT_SECURITY,
    ALT_SVC,
    CONTENT_SECURITY_POLICY,
    CONTENT_SECURITY_POLICY_REPORT_ONLY,
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
    HeaderName::from_static("reporting-endpoints"),
    HeaderName::from_static("surrogate-control"),
];

/// What a call takes along.
pub(super) fn of_request(headers: &HeaderMap) -> HeaderMap {
    let stays = |name: &HeaderName| {
        OF_THE_CALLER.contains(name)
            || name.as_str().starts_with("x-forwarded-")
            || name.as_str().starts_with("grantway-")
    };
    passing(headers, stays)
}

/// What its answer brings back.
pub(super) fn of_answer(headers: &HeaderMap) -> HeaderMap {
    let stays = |name: &HeaderName| {
        OF_THE_PROVIDER.contains(name)
            || name.as_str().starts_with("access-control-")
            || name.as_str().starts_with("grantway-")
            // RFC 9213: for one kind of shared cache.
            || name.as_str().ends_with("-cache-control")
    };
    let mut passed = passing(headers, stays);
    let kept = kept_by_no_shared_cache(&passed);
    passed.insert(CACHE_CONTROL, kept);
    passed
}

fn passing(headers: &HeaderMap, stays: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let named: Vec<_> = listed(headers, &CONNECTION).map(str::to_ascii_lowercase).collect();
    let passes = |name: &HeaderName| {
        !HOP_BY_HOP.contains(name) && !named.iter().any(|one| one == name.as_str()) && !stays(name)
    };
    let pairs = headers.iter().filter(|(name, _)| passes(name));
    pairs.fold(HeaderMap::new(), |mut passed, (name, value)| {
        passed.append(name, value.clone());
        passed
    })
}

/// The provider's word, but for the part that lets others than the caller keep an answer that was given to
/// one grant (RFC 9111, sections 3.5 and 5.2.2.7).
fn kept_by_no_shared_cache(headers: &HeaderMap) -> HeaderValue {
    let shares = ["public", "s-maxage", "proxy-revalidate"];
    let is_shared = |directive: &&str| {
        let name = directive.split('=').next().unwrap_or_default();
        shares.iter().any(|one| name.trim().eq_ignore_ascii_case(one))
    };
    let mut kept: Vec<_> = listed(headers, &CACHE_CONTROL).filter(|one| !is_shared(one)).collect();
    if kept.is_empty() {
        return HeaderValue::from_static("no-store");
    }
    let closed =
        |directive: &&str| ["private", "no-store"].iter().any(|one| directive.eq_ignore_ascii_case(one));
    if !kept.iter().any(closed) {
        kept.insert(0, "private");
    }
    kept.join(", ").try_into().unwrap_or(HeaderValue::from_static("no-store"))
}

/// The members of a list (RFC 9110, section 5.6.1). One with a comma in quotes is cut there, and put
/// together again by whoever joins them.
fn listed<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|one| !one.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_call_takes_along_nobodys_credentials_and_nothing_of_its_connection() {
        let headers = map(&[
            ("accept", "application/json"),
            ("authorization", "Bearer gw_sk_CANARY"),
            ("connection", "close, X-Hop"),
            ("connection", "x-hop-too"),
            ("content-length", "3"),
            ("content-type", "text/plain"),
            ("cookie", "a=b"),
            ("expect", "100-continue"),
            ("forwarded", "for=10.0.0.1"),
            ("grantway-host", "api.test"),
            ("host", "connect.test"),
            ("keep-alive", "1"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("via", "1.1 x"),
            ("x-custom", "1"),
            ("x-custom", "2"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-host", "connect.test"),
            ("x-hop", "1"),
            ("x-hop-too", "1"),
            ("x-real-ip", "10.0.0.1"),
        ]);

        let passed = of_request(&headers);

        assert_eq!(names(&passed), ["accept", "content-type", "x-custom"]);
        assert_eq!(passed.get_all("x-custom").iter().count(), 2);
    }

    #[test]
    fn an_answer_brings_no_cookie_and_nothing_that_speaks_for_our_origin() {
        let headers = map(&[
            ("access-control-allow-origin", "*"),
            ("alt-svc", "h3=\":443\""),
            ("cdn-cache-control", "max-age=600"),
            ("clear-site-data", "\"*\""),
            ("connection", "X-Hop"),
            ("content-length", "3"),
            ("content-security-policy", "script-src *"),
            ("etag", "\"1\""),
            ("grantway-upstream", "false"),
            ("link", "</next>; rel=next"),
            ("location", "https://else.test/"),
            ("set-cookie", "session=evil"),
            ("strict-transport-security", "max-age=0"),
            ("surrogate-control", "max-age=600"),
            ("transfer-encoding", "chunked"),
            ("www-authenticate", "Bearer"),
            ("x-hop", "1"),
            ("x-ratelimit-remaining", "7"),
        ]);

        let passed = of_answer(&headers);

        assert_eq!(
            names(&passed),
            [
                "cache-control",
                "content-length",
                "etag",
                "link",
                "location",
                "www-authenticate",
                "x-ratelimit-remaining"
            ]
        );
    }

    #[test]
    fn no_shared_cache_keeps_an_answer() {
        for (theirs, ours) in [
            (None, "no-store"),
            (Some("public"), "no-store"),
            (Some("no-store"), "no-store"),
            (Some("Private, max-age=60"), "Private, max-age=60"),
            (Some("public, max-age=60, s-maxage=600"), "private, max-age=60"),
            (Some("max-age=60, must-revalidate"), "private, max-age=60, must-revalidate"),
            (Some("private=\"set-cookie, x\", max-age=60"), "private, private=\"set-cookie, x\", max-age=60"),
        ] {
            let headers: Vec<_> = theirs.map(|theirs| ("cache-control", theirs)).into_iter().collect();

            assert_eq!(of_answer(&map(&headers))["cache-control"], ours, "{theirs:?}");
        }
    }
}
