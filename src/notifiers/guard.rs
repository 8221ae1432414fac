//! Which addresses a notifier may connect to: public ones, and those the configuration lists.
//!
//! Whoever can choose a target, or answer for its name, could otherwise have the engine speak to what
//! only the engine can reach. Addresses are judged when a connection is made, not when a name is read:
//! a name may point elsewhere the next time.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A block of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether it holds `address`; an IPv4 address in its IPv6 form counts as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(it)) => (base.to_bits() ^ it.to_bits()).leading_zeros() >= u32::from(self.bits),
            (IpAddr::V6(base), IpAddr::V6(it)) => (base.to_bits() ^ it.to_bits()).leading_zeros() >= u32::from(self.bits),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Network, ()> {
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.parse().map_err(|_| ())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            // `+8` and `08` parse as numbers and are no lengths.
            Some(typed) => typed.parse().ok().filter(|n: &u8| *n <= most && n.to_string() == typed).ok_or(())?,
        };
        Ok(Network { base, bits })
    }
}

/// An address that a notifier must not connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub IpAddr);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address", self.0)
    }
}

impl std::error::Error for Refused {}

/// Decides about addresses, and resolves names to those it lets pass.
#[derive(Debug, Clone)]
pub struct Guard(Arc<[Network]>);

impl Guard {
    /// Lets public addresses pass and those of `allow`.
    pub fn new(allow: &[Network]) -> Guard {
        Guard(allow.into())
    }

    /// Judges one address.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let passes = is_public(address) || self.0.iter().any(|network| network.contains(address));
        if passes { Ok(()) } else { Err(Refused(address)) }
    }

    /// Judges a host as it stands in an address, if it is no name.
    pub fn check_literal(&self, host: &str) -> Result<(), Refused> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        bare.parse().map_or(Ok(()), |address| self.check(address))
    }

    /// The addresses of `host` that may be connected to.
    ///
    /// # Errors
    /// There is none; a [`Refused`] inside if others were found.
    pub async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (mut passing, mut refused) = (Vec::new(), None);
        for found in tokio::net::lookup_host((host, port)).await? {
            match self.check(found.ip()) {
                Ok(()) => passing.push(found),
                Err(no) => refused = refused.or(Some(no)),
            }
        }
        match refused {
            _ if !passing.is_empty() => Ok(passing),
            Some(refused) => Err(io::Error::new(io::ErrorKind::PermissionDenied, refused)),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move { Ok(Box::new(guard.addresses(name.as_str(), 0).await?.into_iter()) as Addrs) })
    }
}

/// Whether `address` can be reached over the Internet: IANA's registries of special-purpose addresses
/// (RFC 6890 and later), with everything that leads to IPv4 in disguise left out.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, private, shared (CGNAT), loopback, link-local.
        [0 | 10 | 127, ..] | [100, 64..=127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => true,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out: loopback, IPv4-mapped, NAT64, unique-local, link-local and multicast
    // addresses all lie outside it.
    match address.segments() {
        // Protocol assignments (Teredo among them), documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ];
    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.0.1",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.0.1",
        "192.169.0.1",
        "198.17.0.1",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00:1450::1",
        "2003::1",
        "3ffe::1",
    ];

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn only_public_addresses_pass() {
        let guard = Guard::new(&[]);
        for text in REFUSED {
            assert_eq!(guard.check(ip(text)), Err(Refused(ip(text))), "{text}");
            let bracketed = if text.contains(':') { format!("[{text}]") } else { (*text).to_owned() };
            assert!(guard.check_literal(&bracketed).is_err(), "{bracketed}");
        }
        for text in PUBLIC {
            assert_eq!(guard.check(ip(text)), Ok(()), "{text}");
        }
        assert!(guard.check_literal("localhost").is_ok(), "a name is judged by where it leads");
    }

    #[test]
    fn however_an_address_is_disguised_in_a_url() {
        let guard = Guard::new(&[]);
        for url in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0/",
            "http://[::ffff:7f00:1]/",
            "http://127.0.0.1./",
            "http://①②⑦.0.0.1/",
            "http://%31%32%37.0.0.1/",
            "http://169.254.169.254:80/latest",
        ] {
            let url = reqwest::Url::parse(url).expect(url);
            assert!(guard.check_literal(url.host_str().expect("a host")).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_listed_passes_and_nothing_beside_it() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.1.2.3", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:127.0.0.1"),
            ("192.168.4.0/22", "192.168.7.255", "192.168.8.0"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("fd00::/8", "fd12::1", "fc00::1"),
            ("64:ff9b::/96", "64:ff9b::808:808", "64:ff9b:1::1"),
            ("0.0.0.0/0", "127.0.0.1", "::1"),
        ] {
            let listed: Network = network.parse().expect(network);
            assert!(Guard::new(&[listed]).check(ip(inside)).is_ok(), "{network} {inside}");
            assert!(!listed.contains(ip(outside)), "{network} {outside}");
        }
        for bad in ["", "10", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/08", "::/129", "localhost", "10.0.0.0/8/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_leads_to_what_may_be_reached() {
        let refused = Guard::new(&[]).addresses("localhost", 1).await.expect_err("loopback");
        assert!(refused.get_ref().is_some_and(|inner| inner.is::<Refused>()), "{refused:?}");
        let v4 = Guard::new(&["127.0.0.0/8".parse().expect("a network")]).addresses("localhost", 1).await.expect("allowed");
        assert!(!v4.is_empty() && v4.iter().all(SocketAddr::is_ipv4), "{v4:?}");
    }
}
