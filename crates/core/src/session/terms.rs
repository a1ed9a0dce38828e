//! What a session was minted for, and the browser that opened it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Digest, Origin,
    device::Mode,
    grant::User,
    ids::{GrantId, ProviderId},
};

/// Whether a session may be opened by a link, which anyone can forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Link {
    /// Only by the app's own page.
    #[default]
    Off,
    /// By anyone, but the app's backend completes it for its own signed-in user.
    Code,
    /// By anyone who confirms to be the user.
    Confirm,
}

/// What the backend asked for, validated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Providers to choose from, never empty.
    pub providers: Vec<ProviderId>,
    /// The page that may open the session and hear of it.
    pub allowed_origin: Origin,
    /// Where a redirect returns.
    pub return_url: Option<Url>,
    /// For whom.
    pub user: User,
    /// Scopes by provider, where they differ from the registration's.
    pub scopes: BTreeMap<ProviderId, Vec<String>>,
    /// Connection parameters by provider, as the app knows them.
    #[serde(default)]
    pub parameters: BTreeMap<ProviderId, BTreeMap<String, String>>,
    /// The grant to authorise again.
    pub grant_id: Option<GrantId>,
    /// Ask the provider for its account chooser.
    pub switch_account: bool,
    /// Several providers, ended by a Done button.
    pub multiple: bool,
    /// Whether a link opens it.
    pub link: Link,
    /// Language of the pages; otherwise the browser's.
    pub locale: Option<String>,
    /// Look of the pages; otherwise the browser's.
    pub theme: Option<Theme>,
    /// Copied to the grant.
    pub metadata: BTreeMap<String, String>,
}

/// The look of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// The browser that a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Digest of its cookie's value.
    pub browser: Digest,
    /// How it was opened.
    pub mode: Mode,
    /// Whether the app's own page sent it (design: *bound*).
    pub bound: bool,
    /// Digest of the secret that reads the result; bound openings only.
    pub poll: Option<Digest>,
    /// Where the opening page wants the browser back; bound openings only.
    pub return_to: Option<Url>,
}
