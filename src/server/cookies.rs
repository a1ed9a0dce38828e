//! Cookies: `__Host-`, Secure, HttpOnly, Lax, and named for one session or flow, so that two tabs
//! don't collide.
//!
//! On `http`, which is for loopback alone, they go without the attribute and the prefix that asks for
//! it: Chromium and Firefox take Secure cookies there, Safari and WebKitGTK don't.

use cookie::{Cookie, SameSite, time::Duration};
use grantway_core::{Origin, Secret};
use http::{HeaderMap, HeaderValue, header::COOKIE};

/// The cookies of one origin, our own.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    is_https: bool,
}

impl Cookies {
    /// As that origin can have them.
    #[must_use]
    pub fn of(origin: &Origin) -> Self {
        Self { is_https: origin.as_str().starts_with("https:") }
    }

    /// The value of one cookie of a request.
    #[must_use]
    pub fn read(self, headers: &HeaderMap, name: &str) -> Option<Secret> {
        let name = self.full(name);
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
    pub fn set(self, name: &str, value: &Secret, seconds: i64) -> Option<HeaderValue> {
        let cookie = Cookie::build((self.full(name), value.expose()))
            .path("/")
            .secure(self.is_https)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(seconds.max(0)));
        let mut header = HeaderValue::from_str(&cookie.build().to_string()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn full(self, name: &str) -> String {
        if self.is_https { format!("__Host-{name}") } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_host_only_and_comes_back() {
        for (origin, set_as, name) in [
            (
                "https://connect.test",
                "__Host-x=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600",
                "__Host-x",
            ),
            ("http://localhost:4200", "x=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600", "x"),
        ] {
            let cookies = Cookies::of(&origin.parse().unwrap());
            let set = cookies.set("x", &Secret::new("v".to_owned()), 600).unwrap();

            assert_eq!(set.to_str().unwrap(), set_as);
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&format!("a=1; {name}=v; b=2")).unwrap());
            assert_eq!(cookies.read(&headers, "x").unwrap().expose(), "v");
            assert!(cookies.read(&headers, "y").is_none());
        }
    }
}
