//! Cookies: `__Host-`, Secure, HttpOnly, Lax, and named for one session or flow, so that two tabs
//! don't collide. Browsers take Secure cookies on `http://localhost` too.

use cookie::{Cookie, SameSite, time::Duration};
use grantway_core::Secret;
use http::{HeaderMap, HeaderValue, header::COOKIE};

/// The value of one cookie of a request.
#[must_use]
pub fn read(headers: &HeaderMap, name: &str) -> Option<Secret> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| Secret::new(cookie.value().to_owned()))
}

/// A `Set-Cookie` header.
#[must_use]
pub fn set(name: String, value: &Secret, seconds: i64) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value.expose()))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds.max(0)));
    let mut header = HeaderValue::from_str(&cookie.build().to_string()).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_host_only_and_comes_back() {
        let set = set("__Host-x".to_owned(), &Secret::new("v".to_owned()), 600).unwrap();

        assert_eq!(set.to_str().unwrap(), "__Host-x=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600");
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=1; __Host-x=v; b=2"));
        assert_eq!(read(&headers, "__Host-x").unwrap().expose(), "v");
        assert!(read(&headers, "__Host-y").is_none());
    }
}
