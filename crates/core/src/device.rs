//! Popup or redirect: one rule, told from what a browser says of its device.
//!
//! A phone leaves by redirect, and so does a tablet that is held upright; everything else gets a popup.
//! `widget/src/device.js` is the same rule; both run the vectors of `device/vectors.json`.

use serde::{Deserialize, Serialize};

/// How a person is taken to the Connect pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A window of its own, 500×700, that closes itself.
    Popup,
    /// The whole page goes and comes back to `return_url`.
    #[default]
    Redirect,
}

/// What the browser says of itself. Sizes are CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device<'a> {
    /// `navigator.userAgent`.
    pub user_agent: &'a str,
    /// `navigator.maxTouchPoints`.
    pub touch_points: i32,
    /// Whether the main pointer is a finger: the media query `(pointer: coarse)`.
    pub coarse_pointer: bool,
    /// `screen.width` and `screen.height`. iOS never turns them.
    pub screen: (i32, i32),
    /// `innerWidth` and `innerHeight`, as the page is held now.
    pub window: (i32, i32),
}

/// The widest shorter side of a phone's screen: unfolded phones are tablets from here on.
const PHONE_SHORT_SIDE: i32 = 600;

impl Device<'_> {
    /// What this device gets unless the caller forces a mode.
    #[must_use]
    pub fn mode(self) -> Mode {
        let (width, height) = self.window;
        let is_upright = height >= width;
        let leaves = self.is_small() || (self.is_tablet() && is_upright);
        if self.is_touched() && leaves { Mode::Redirect } else { Mode::Popup }
    }

    /// An enlarged laptop's screen may be as small as a phone's.
    fn is_touched(self) -> bool {
        self.touch_points > 0
    }

    fn is_small(self) -> bool {
        self.screen.0.min(self.screen.1) < PHONE_SHORT_SIDE
    }

    /// A touch laptop's main pointer is a mouse. iPadOS calls itself a Mac and may have a trackpad, but no
    /// Mac has touch points.
    fn is_tablet(self) -> bool {
        self.coarse_pointer || self.user_agent.contains("Mac")
    }
}

/// Whether a page is shown inside another app: its own browser, or a web app installed on iOS. Providers
/// may refuse to sign people in there (Google answers `disallowed_useragent`), and it has cookies of its own.
///
/// Android's web views say `; wv`; on iOS, and on an iPad that calls itself a
/// Mac, only browsers name Safari; and a few apps name themselves.
#[must_use]
pub fn is_inside_an_app(user_agent: &str) -> bool {
    let names = |name: &str| user_agent.contains(name);
    names("; wv")
        || ["FBAN/", "FBAV/", "Instagram ", " Line/", "Slack"].iter().any(|app| names(app))
        || (["iPhone;", "iPad;", "iPod", "Macintosh;"].iter().any(|device| names(device))
            && names("AppleWebKit/")
            && !names("Safari/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vector<'a> {
        name: &'a str,
        user_agent: &'a str,
        touch_points: i32,
        coarse_pointer: bool,
        screen: (i32, i32),
        window: (i32, i32),
        mode: Mode,
        reference: Mode,
        why: Option<&'a str>,
    }

    fn vectors() -> Vec<Vector<'static>> {
        serde_json::from_str(include_str!("device/vectors.json")).unwrap()
    }

    #[test]
    fn every_device_of_the_vectors_gets_its_mode() {
        for vector in vectors() {
            let Vector { user_agent, touch_points, coarse_pointer, screen, window, .. } = vector;
            let device = Device { user_agent, touch_points, coarse_pointer, screen, window };

            assert_eq!(device.mode(), vector.mode, "{}", vector.name);
        }
    }

    #[test]
    fn every_difference_from_the_reference_has_a_reason() {
        let vectors = vectors();

        assert!(vectors.len() >= 40);
        for vector in vectors {
            assert_eq!(vector.why.is_some(), vector.mode != vector.reference, "{}", vector.name);
        }
    }

    #[test]
    fn another_apps_browser_is_told_from_a_browser() {
        let ios =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let android = "Mozilla/5.0 (Linux; Android 15; Pixel 9";
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for (user_agent, expected) in [
            (format!("{ios} Version/26.0 Mobile/15E148 Safari/604.1"), false),
            (format!("{ios} CriOS/142.0 Mobile/15E148 Safari/604.1"), false),
            // Installed on the home screen.
            (format!("{ios} Mobile/15E148"), true),
            (format!("{ios} Mobile/15E148 [FBAN/FBIOS;FBAV/500.0]"), true),
            (format!("{ios} Mobile/15E148 Safari/604.1 Line/15.0"), true),
            (format!("{android}) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"), false),
            (
                format!("{android}; wv) AppleWebKit/537.36 Version/4.0 Chrome/142.0 Mobile Safari/537.36"),
                true,
            ),
            (
                format!("{android}) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36 Instagram 300.0"),
                true,
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0".to_owned(), false),
            (format!("{mac} Version/26.0 Safari/605.1.15"), false),
            (format!("{mac} Chrome/142.0.0.0 Safari/537.36"), false),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0"
                    .to_owned(),
                false,
            ),
            // An iPad's home screen.
            (mac.to_owned(), true),
        ] {
            assert_eq!(is_inside_an_app(&user_agent), expected, "{user_agent}");
        }
    }
}
