//! Popup or redirect: one rule, told from what a browser says of its device.
//!
//! A phone (either way up) and a tablet held upright are redirected; a tablet lying on its side and
//! everything with a mouse get a popup.

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

/// What the browser says of itself. Sizes are CSS pixels of the screen, not of the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device<'a> {
    /// `navigator.userAgent`.
    pub user_agent: &'a str,
    /// `navigator.maxTouchPoints`.
    pub touch_points: i32,
    /// Whether the main pointer is a finger: the media query `(pointer: coarse)`.
    pub coarse_pointer: bool,
    /// `screen.width` as the device is held now.
    pub screen_width: i32,
    /// `screen.height` as the device is held now.
    pub screen_height: i32,
}

/// The widest short side of a phone's screen: unfolded phones are tablets from here on.
const PHONE_SHORT_SIDE: i32 = 600;

impl Device<'_> {
    /// What this device gets unless the caller forces a mode.
    #[must_use]
    pub fn mode(self) -> Mode {
        if !self.is_hand_held() {
            return Mode::Popup;
        }
        let short_side = self.screen_width.min(self.screen_height);
        if short_side < PHONE_SHORT_SIDE || self.screen_height >= self.screen_width {
            Mode::Redirect
        } else {
            Mode::Popup
        }
    }

    /// A touch laptop's main pointer is fine; iPadOS calls itself a Mac, but no Mac has five touch points.
    fn is_hand_held(self) -> bool {
        let agent = self.user_agent;
        let names_itself =
            ["Android", "iPhone", "iPad", "iPod", "Mobile"].iter().any(|name| agent.contains(name));
        let ipad_as_mac = agent.contains("Macintosh") && self.touch_points > 1;
        (names_itself && !agent.contains("CrOS"))
            || ipad_as_mac
            || (self.coarse_pointer && self.touch_points > 1 && !agent.contains("Windows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1";
    const PIXEL: &str =
        "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36";
    const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15";
    const WINDOWS: &str =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36";

    #[test]
    fn the_rule_by_device() {
        for (name, user_agent, touch_points, coarse_pointer, screen_width, screen_height, mode) in [
            ("iPhone upright", IPHONE, 5, true, 390, 844, Mode::Redirect),
            ("iPhone lying", IPHONE, 5, true, 844, 390, Mode::Redirect),
            ("Android phone upright", PIXEL, 5, true, 412, 915, Mode::Redirect),
            ("Android phone lying", PIXEL, 5, true, 915, 412, Mode::Redirect),
            ("iPad upright, as a Mac", MAC, 5, true, 820, 1180, Mode::Redirect),
            ("iPad lying, as a Mac", MAC, 5, true, 1180, 820, Mode::Popup),
            ("iPad with a trackpad, lying", MAC, 5, false, 1180, 820, Mode::Popup),
            ("Mac", MAC, 0, false, 1440, 900, Mode::Popup),
            ("desktop on its side", WINDOWS, 0, false, 1080, 1920, Mode::Popup),
            ("touch laptop", WINDOWS, 10, false, 1536, 864, Mode::Popup),
        ] {
            let device = Device { user_agent, touch_points, coarse_pointer, screen_width, screen_height };

            assert_eq!(device.mode(), mode, "{name}");
        }
    }
}
