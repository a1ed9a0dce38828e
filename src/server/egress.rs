//! Where this server connects to on its own account: providers, by addresses that their names resolve to.
//!
//! The one rule: an address of the inside (loopback, private, link-local, metadata) is dialled only if the
//! operator says so. Names are resolved here, each address is tested, and the tested one is dialled.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What is no public host, by the special-purpose registries (RFC 6890) and for multicast.
const INSIDE_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The only global unicast space so far; NAT64, unique local, link-local and multicast are outside it.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

/// What of it is none: protocol assignments with Teredo, documentation, 6to4.
const INSIDE_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b]: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// An address that is refused.
#[derive(Debug, thiserror::Error)]
#[error("the address is not public; server.allowed_networks can allow it")]
pub struct NotPublic;

/// What may be dialled beside public addresses.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    allowed: Arc<[IpNet]>,
}

impl Egress {
    /// Public addresses, and those of these networks.
    #[must_use]
    pub fn with(allowed: Vec<IpNet>) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Whether an address may be dialled.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Tests a URL whose host is an address: no resolver is asked about those.
    ///
    /// # Errors
    /// When it may not be dialled.
    pub fn check(&self, url: &Url) -> Result<(), NotPublic> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.allows(address) { Ok(()) } else { Err(NotPublic) }
    }

    /// The addresses of a name that may be dialled.
    async fn addresses(
        &self,
        name: &str,
    ) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let mut found = resolve(name).await?;
        found.retain(|address| self.allows(address.ip()));
        if found.is_empty() {
            tracing::warn!(host = name, "refused to connect: its addresses are not public");
            return Err(Box::new(NotPublic));
        }
        Ok(found)
    }
}

impl Resolve for Egress {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.clone();
        Box::pin(async move {
            let addresses: Addrs = Box::new(egress.addresses(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

/// Names under `localhost` are loopback (RFC 6761, section 6.3), though many resolvers don't know it;
/// every other name goes to the system.
async fn resolve(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    let name = name.trim_end_matches('.');
    if name.ends_with(".localhost") {
        return Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]);
    }
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !INSIDE_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !INSIDE_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(egress: &Egress, address: &str) -> bool {
        egress.allows(address.parse().unwrap())
    }

    #[test]
    fn no_address_of_the_inside_is_dialled_however_it_is_written() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:53aa::1",
            "2001:db8::1",
            "100::1",
        ] {
            assert!(!allows(&Egress::default(), inside), "{inside}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(allows(&Egress::default(), public), "{public}");
        }
    }

    #[test]
    fn the_operator_may_allow_networks() {
        let egress = Egress::with(vec!["10.2.0.0/16".parse().unwrap(), "64:ff9b::/96".parse().unwrap()]);

        assert!(allows(&egress, "10.2.3.4") && allows(&egress, "::ffff:10.2.3.4"));
        assert!(allows(&egress, "64:ff9b::808:808"));
        assert!(!allows(&egress, "10.3.0.1") && !allows(&egress, "127.0.0.1"));
    }

    #[test]
    fn an_address_in_a_url_is_tested_too() {
        for evil in ["http://127.0.0.1/", "https://2130706433/", "https://[::1]:8443/", "https://0x7f.1/"] {
            assert!(Egress::default().check(&evil.parse().unwrap()).is_err(), "{evil}");
        }
        assert!(Egress::default().check(&"https://1.1.1.1/".parse().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn a_name_of_the_inside_has_no_address() {
        for name in ["localhost", "provider.localhost", "provider.localhost."] {
            assert!(Egress::default().addresses(name).await.is_err(), "{name}");
        }
        let loopback = Egress::with(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(loopback.addresses("provider.localhost").await.unwrap()[0].ip(), Ipv4Addr::LOCALHOST);
    }
}
