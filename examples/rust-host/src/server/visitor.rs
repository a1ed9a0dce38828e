//! Who is here. A real app has accounts and sessions; this one gives each browser a random user.

use axum::http::{HeaderMap, HeaderValue, header};

const COOKIE: &str = "demo_user";
const PREFIX: &str = "user_";
const THIRTY_DAYS: u32 = 30 * 24 * 60 * 60;

/// The user of this browser.
pub(super) struct Visitor {
    /// The app's own id of its user, as Grantway gets it.
    pub(super) id: String,
    is_new: bool,
}

impl Visitor {
    /// The browser's user, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match known(headers) {
            Some(id) => Self { id, is_new: false },
            None => Self { id: new_id(), is_new: true },
        }
    }

    /// The browser's user, if it has been here before.
    pub(super) fn known(headers: &HeaderMap) -> Option<Self> {
        known(headers).map(|id| Self { id, is_new: false })
    }

    /// The cookie to set, for a new user.
    pub(super) fn cookie(&self, public_url: &str) -> Option<HeaderValue> {
        let secure = if public_url.starts_with("https:") { "; Secure" } else { "" };
        let cookie =
            format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={THIRTY_DAYS}{secure}", self.id);
        if self.is_new { HeaderValue::try_from(cookie).ok() } else { None }
    }
}

fn known(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && is_id(value))
        .map(|(_, value)| value.to_owned())
}

fn is_id(value: &str) -> bool {
    value
        .strip_prefix(PREFIX)
        .is_some_and(|random| random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[expect(clippy::disallowed_methods, reason = "an example stands alone; it has no Entropy to be told from")]
fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness nobody gets to be anybody: the id fails its own check and is asked for again.
    if getrandom::fill(&mut bytes).is_err() {
        return PREFIX.to_owned();
    }
    bytes.iter().fold(PREFIX.to_owned(), |id, byte| format!("{id}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_keeps_the_id_of_the_first_visit() {
        let first = Visitor::of(&HeaderMap::new());
        let cookie = first.cookie("https://app.acme.com").unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();

        let headers = HeaderMap::from_iter([(header::COOKIE, format!("a=b; {pair}").parse().unwrap())]);
        let second = Visitor::of(&headers);

        assert_eq!(first.id, second.id);
        assert!(second.cookie("https://app.acme.com").is_none());
    }

    #[test]
    fn a_made_up_id_is_not_believed() {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("demo_user=admin"))]);

        assert!(Visitor::known(&headers).is_none());
    }
}
