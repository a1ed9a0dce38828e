//! What Grantway knows of each OAuth provider, as data.
//!
//! The one rule: a provider is a TOML file, its stem is its id, and no code names one.

mod color;
mod load;
mod parameter;
mod pointer;
mod provider;
mod reading;
mod rules;
mod template;
#[cfg(test)]
mod tests;
mod wire;

pub use load::{Catalog, CatalogError};
pub use parameter::{AskedOf, FromCallback, Parameter, Pattern};
pub use pointer::{Condition, Pointers};
pub use provider::Provider;
pub use reading::{
    Account, Answer, Callback, Kept, Lookup, Reading, Revoke, RevokeAuth, Source, Userinfo, Verify,
};
pub use rules::InvalidProvider;
pub use template::{Template, TemplateError};
pub use wire::{
    ApiSignature, ClientAuth, ClientJwt, Exchange, Fixed, JwtAlgorithm, Method, Pkce, Refresh, RefreshBy,
    RequestSignature, ResponseMode, Rotates, SecondScopes, TokenBody, TokenPlace,
};
