//! How often one key, one address and one session may ask. Counted in memory: each process for itself.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use grantway_core::{Code, SessionId};
use ipnet::IpNet;
use serde::Deserialize;

use crate::server::{problem::ApiError, render, state::AppState};

/// `[server.limits]`: requests a minute. A minute's worth may come at once.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Of one API key.
    pub per_key: NonZeroU32,
    /// Of one address, to what needs no API key, and with wrong ones.
    pub per_address: NonZeroU32,
    /// Departures of one session for a provider.
    pub starts_per_session: NonZeroU32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_key: number(60_000), per_address: number(6_000), starts_per_session: number(20) }
    }
}

/// What was asked lately.
#[derive(Debug)]
pub struct Limits {
    keys: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    starts: DefaultKeyedRateLimiter<SessionId>,
    trusted: Vec<IpNet>,
}

/// Asked too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// Whole seconds until it may be asked again, at least 1.
    pub seconds: u64,
}

impl From<TooOften> for ApiError {
    fn from(refusal: TooOften) -> Self {
        let detail = format!("too many requests; the next one is answered in {} s", refusal.seconds);
        Self::new(Code::RateLimited, detail).retry_after(refusal.seconds)
    }
}

impl Limits {
    /// Nothing was asked yet. `trusted` are the proxies whose `X-Forwarded-For` is believed.
    #[must_use]
    pub fn new(settings: &LimitSettings, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            keys: DefaultKeyedRateLimiter::keyed(Quota::per_minute(settings.per_key)),
            addresses: DefaultKeyedRateLimiter::keyed(Quota::per_minute(settings.per_address)),
            starts: DefaultKeyedRateLimiter::keyed(Quota::per_minute(settings.starts_per_session)),
            trusted,
        })
    }

    /// # Errors
    /// When the key asked too often.
    pub fn key(&self, id: &str) -> Result<(), TooOften> {
        check(&self.keys, &id.to_owned())
    }

    /// # Errors
    /// When the request's address asked too often.
    pub fn address(&self, request: &Request) -> Result<(), TooOften> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        // Without a socket, all share one.
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        check(&self.addresses, &network(client(peer, request.headers(), &self.trusted)))
    }

    /// # Errors
    /// When the session departed too often.
    pub fn start(&self, session: &SessionId) -> Result<(), TooOften> {
        check(&self.starts, session)
    }

    /// Forgets who may ask as if for the first time.
    pub fn forget(&self) {
        self.keys.retain_recent();
        self.addresses.retain_recent();
        self.starts.retain_recent();
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), TooOften> {
    limiter.check_key(key).map_err(|refusal| {
        let wait = refusal.wait_time_from(DefaultClock::default().now());
        TooOften { seconds: wait.as_secs() + 1 }
    })
}

/// Whose request it is: the peer, or whom the nearest proxies that we trust name. Anyone can write the
/// header's beginning, so it is read from its end.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut client = peer.to_canonical();
    for name in named.into_iter().rev() {
        let Ok(before) = name.parse::<IpAddr>() else { break };
        if !is_trusted(&client) {
            break;
        }
        client = before.to_canonical();
    }
    client
}

/// Who has one IPv6 address has its 2^64 neighbours too.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => Ipv6Addr::from_bits(long.to_bits() >> 64 << 64).into(),
    }
}

/// Counts a request that needs no API key by its address.
pub(crate) async fn per_address(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.limits.address(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) if request.uri().path().starts_with("/v1/") => ApiError::from(refusal).into_response(),
        Err(refusal) => page(refusal, request).await,
    }
}

/// The page of a refusal.
pub(crate) async fn page(refusal: TooOften, request: Request) -> Response {
    let mut response = render::problem(Code::RateLimited.into(), request).await;
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, refusal.seconds.into());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_who_asked_it() {
        let proxies = ["10.0.0.0/8", "::1/128"];
        for (peer, forwarded, trusted, client) in [
            ("192.0.2.1", &["203.0.113.9"][..], &proxies[..], "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], &proxies, "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.7, 203.0.113.9"], &proxies, "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.7", "203.0.113.9, 10.0.0.2"], &proxies, "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, nonsense"], &proxies, "10.0.0.1"),
            ("10.0.0.1", &[], &proxies, "10.0.0.1"),
            ("::ffff:10.0.0.1", &["2001:db8::7"], &proxies, "2001:db8::7"),
            ("::1", &["10.0.0.2"], &proxies, "10.0.0.2"),
        ] {
            assert_eq!(client_of(peer, forwarded, trusted), client, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn neighbours_in_ipv6_are_one_client() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();

        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn each_counts_for_itself() {
        let one = NonZeroU32::MIN;
        let settings = LimitSettings { per_key: one, per_address: one, starts_per_session: one };
        let limits = Limits::new(&settings, Vec::new());

        assert_eq!(limits.key("a"), Ok(()));
        let refusal = limits.key("a").unwrap_err();
        assert!((1..=60).contains(&refusal.seconds), "{refusal:?}");
        limits.forget();
        assert!(limits.key("a").is_err(), "who waits is not forgotten");
        assert_eq!(limits.key("b"), Ok(()));
    }
}
