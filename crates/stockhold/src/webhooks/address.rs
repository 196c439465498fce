//! Which addresses a webhook may be sent to: those of the public internet, so that nobody can use the shop to reach what
//! only the shop's own network reaches (a database, a router, a cloud's metadata).
//!
//! Promise: what is not known to be public is refused. The addresses are those of IANA's special-purpose registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, _, _) => true,                         // this network, private, loopback
        (100, 64..=127, _) => true,                           // shared by a carrier's customers (CGNAT)
        (169, 254, _) => true,                                // link-local, and the metadata of clouds
        (172, 16..=31, _) | (192, 168, _) => true,            // private
        (192, 0, 0) | (192, 88, 99) => true,                  // protocol assignments, 6to4 relays
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => true, // documentation
        (198, 18..=19, _) => true,                            // measurements
        (224..=255, _, _) => true,                            // multicast, reserved, broadcast
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, ..] = address.segments();
    // IPv4 in another dress is judged by what it is: mapped (::ffff:…), and behind a translator (64:ff9b::).
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    if (a, b, c, d, e, f) == (0x64, 0xff9b, 0, 0, 0, 0) {
        let [.., w, x, y, z] = address.octets();
        return is_public_v4(Ipv4Addr::new(w, x, y, z));
    }
    let global = (0x2000..=0x3fff).contains(&a);
    let special = match (a, b) {
        (0x2001, 0..=0x01ff) => true, // protocol assignments, Teredo among them
        (0x2001, 0x0db8) => true,     // documentation
        (0x2002, _) => true,          // 6to4: an IPv4 address inside
        (0x3fff, 0..=0x0fff) => true, // documentation
        _ => false,
    };
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], public: bool) {
        for text in addresses {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(is_public(address), public, "{text}");
        }
    }

    #[test]
    fn public_addresses_may_be_sent_to() {
        check(
            &["1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"],
            true,
        );
        check(&["192.167.1.1", "169.253.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255"], true);
        check(&["2606:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888", "64:ff9b::808:808"], true);
        check(&["::ffff:8.8.8.8"], true);
    }

    #[test]
    fn what_only_our_own_network_reaches_may_not() {
        check(&["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "::1", "::"], false);
        check(&["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1"], false);
        check(&["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "fec0::1"], false);
        check(&["100.64.0.1", "100.127.255.255", "198.18.0.1", "198.19.255.255"], false);
        check(&["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1", "240.0.0.1", "255.255.255.255"], false);
        check(
            &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "192.0.0.8", "192.88.99.1"],
            false,
        );
    }

    #[test]
    fn an_old_address_in_a_new_dress_is_known() {
        check(&["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1"], false);
        check(&["64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"], false);
        check(&["2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::127.0.0.1"], false);
    }
}
