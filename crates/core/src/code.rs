//! The one table of what can go wrong: a stable code, and words for the person who meets it.
//!
//! Pages, the API and the frontend's callbacks all name failures by these codes.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $title:literal, $advice:literal;)*) => {
        /// A failure's stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As written in answers and callbacks.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// What happened, in a few words for a person.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What to do about it, for a person.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice),* }
            }
        }
    };
}

codes! {
    /// The browser refused to open a window.
    PopupBlocked = "popup_blocked", "The window was blocked",
        "Allow pop-up windows for this page, or continue in this tab.";
    /// A session token that is unknown, expired or used.
    InvalidToken = "invalid_token", "This link no longer works",
        "Go back to the app and press Connect again.";
    /// The person said no at the provider.
    AccessDenied = "access_denied", "You declined access",
        "Nothing was connected. You can try again, or go back to the app.";
    /// The provider answered something that can't be used.
    ProviderError = "provider_error", "The provider reported a problem",
        "Nothing was connected. Try again; if it keeps happening, tell the app's support.";
    /// The provider could not be reached or failed on its side.
    ProviderUnavailable = "provider_unavailable", "The provider is not answering",
        "Nothing was connected. Wait a moment, then try again.";
    /// A reauthorisation came back with another account.
    AccountMismatch = "account_mismatch", "That is a different account",
        "Nothing was changed. Use the account that was connected before, or keep both.";
    /// The person left out scopes that the app needs.
    ScopesMissing = "scopes_missing", "Some permissions are missing",
        "Try again and leave all permissions ticked.";
    /// An administrator must approve the app first.
    AdminApprovalRequired = "admin_approval_required", "An administrator must approve this first",
        "Ask your administrator to approve the app at the provider, then try again.";
    /// The page that opened the session is not the one it was minted for.
    OriginNotAllowed = "origin_not_allowed", "This page may not open the connection",
        "Go back to the app and press Connect there.";
    /// The server could not be reached by the frontend.
    NetworkError = "network_error", "The connection was lost",
        "Check your internet connection, then try again.";
    /// The frontend was called wrongly.
    InvalidOptions = "invalid_options", "The button is not set up correctly",
        "Tell the app's support.";
    /// The frontend was used after it was destroyed.
    Destroyed = "destroyed", "The button is gone",
        "Reload the page.";
    /// The person left before it was done.
    Cancelled = "cancelled", "You cancelled",
        "Nothing was connected. Go back to the app to start again.";
    /// A page or a callback in a browser that the session does not belong to.
    WrongBrowser = "wrong_browser", "This page belongs to another browser or has expired",
        "Go back to the app and press Connect again, in this browser.";
    /// A callback whose state was seen before or never existed.
    FlowUnknown = "flow_unknown", "This answer was already used or is too old",
        "Go back to the app and press Connect again.";
    /// A callback that is not what the provider would send.
    CallbackRefused = "callback_refused", "The provider's answer did not fit the question",
        "Nothing was connected. Go back to the app and press Connect again.";
    /// The signed-in user is not the one the session was minted for.
    UserMismatch = "user_mismatch", "The user is another one",
        "Mint a new session for the signed-in user.";
    /// A user's token that the app's identity provider did not sign, or not for now.
    InvalidUserToken = "invalid_user_token", "The user's token is not valid",
        "Send a fresh token of the signed-in user.";
    /// The app's identity provider can't be asked for its keys.
    IdentityUnavailable = "identity_unavailable", "The app's sign-in is not answering",
        "Try again in a moment; if it keeps happening, check `identity` in the settings.";
    /// The app deleted the user while a session was open.
    UserDeleted = "user_deleted", "The app ended this",
        "Nothing was connected. Go back to the app to start again.";
    /// The grant was revoked while its person was at the provider.
    GrantEnded = "grant_ended", "The connection was ended meanwhile",
        "Nothing was connected. Try again if you still want to connect it.";
    /// A request that posts across sites, or in another's name.
    CrossSite = "cross_site", "This request came from another site",
        "Use the buttons on the page itself.";
    /// A request that can't be read.
    InvalidRequest = "invalid_request", "The request can't be read",
        "See `detail`, correct the request and send it again.";
    /// A field of a request that breaks its rule.
    InvalidField = "invalid_field", "A field is not acceptable",
        "See `detail` and `field`, correct the value and send it again.";
    /// No API key, or one that is unknown, revoked or expired.
    Unauthorized = "unauthorized", "The API key is missing or wrong",
        "Send `Authorization: Bearer gw_sk_…` with a key made by `grantway key create`.";
    /// An API key that may not do this.
    InsufficientKeyScope = "insufficient_key_scope", "The API key may not do this",
        "Use a key that was made with the scope in `needed_scope`: `grantway key create --scope …`.";
    /// No such page, session or route.
    NotFound = "not_found", "There is nothing here",
        "Check the address.";
    /// A method that the route does not have.
    MethodNotAllowed = "method_not_allowed", "The method is not allowed here",
        "See the API's documentation for the methods of this route.";
    /// No such grant in this app.
    GrantNotFound = "grant_not_found", "No such grant",
        "List the app's grants with `GET /v1/grants`.";
    /// The grant's credential is dead at the provider.
    CredentialRevoked = "credential_revoked", "The grant no longer works at the provider",
        "Mint a session with this `grant_id` and let its user connect again.";
    /// Several grants of one user at one provider.
    AmbiguousGrant = "ambiguous_grant", "Several accounts fit",
        "Choose one of `grants` and ask for it by its `grant_id`.";
    /// A grant that may not do what is asked.
    InsufficientScope = "insufficient_scope", "The grant may not do that",
        "Mint a session with this `grant_id` and the missing `scopes`, and let its user connect again.";
    /// A refresh of the grant is under way and takes long.
    RefreshInProgress = "refresh_in_progress", "The token is being refreshed",
        "Wait a moment, then ask again.";
    /// A key that named another request before.
    IdempotencyKeyReused = "idempotency_key_reused", "This Idempotency-Key named another request",
        "Send a new key with each new request, and the old one only with the same bytes.";
    /// The first request of this key has no answer yet.
    IdempotencyKeyInFlight = "idempotency_key_in_flight", "The first request of this Idempotency-Key is at work",
        "Wait a moment, then send the same request again.";
    /// A key, an address or a session that asks too often.
    RateLimited = "rate_limited", "Too many requests",
        "Wait as long as `Retry-After` says, a minute at most, then try again.";
    /// A body beyond what may be passed on.
    BodyTooLarge = "body_too_large", "The body is too large",
        "Send it in parts, or ask for a token and call the provider yourself.";
    /// A call through a provider whose API's address the catalog does not know.
    ProxyNotSupported = "proxy_not_supported", "Calls to this provider can't be passed on",
        "Ask for a token and call the provider yourself, or name its `api_urls` in the catalog.";
    /// A call to where the access token may not go.
    ProxyNotAllowed = "proxy_not_allowed", "The call may not go there",
        "See `detail` and `allowed`: a call goes only to the provider's own API.";
    /// Two writers met; nothing was changed.
    Conflict = "conflict", "Something else changed this at the same moment",
        "Read it again, then repeat the request.";
    /// Our own failure.
    Internal = "internal_error", "Something went wrong on our side",
        "Try again in a moment.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_words() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.advice().ends_with('.'), "{code}");
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
