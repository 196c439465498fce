//! Carriers: who takes parcels, and where one of theirs can be followed.
//!
//! A carrier is stored as it was typed, so that nobody is bound to this list; what is on it gets a link.

/// One carrier: how it is called, other names people type, and the page of a parcel, with `{}` for its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    pub name: &'static str,
    aliases: &'static [&'static str],
    page: &'static str,
}

/// The carriers that are offered; the pages are the carriers' own.
pub const CARRIERS: &[Carrier] = &[
    Carrier {
        name: "DHL",
        aliases: &["dhl express", "dhl paket"],
        page: "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}",
    },
    Carrier { name: "UPS", aliases: &["united parcel service"], page: "https://www.ups.com/track?tracknum={}" },
    Carrier { name: "FedEx", aliases: &["federal express"], page: "https://www.fedex.com/fedextrack/?trknbr={}" },
    Carrier {
        name: "USPS",
        aliases: &["us postal service"],
        page: "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    },
    Carrier {
        name: "Royal Mail",
        aliases: &["royalmail"],
        page: "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    },
    Carrier { name: "DPD", aliases: &[], page: "https://tracking.dpd.de/status/en_US/parcel/{}" },
    Carrier { name: "GLS", aliases: &[], page: "https://gls-group.com/track/{}" },
    Carrier {
        name: "Hongkong Post",
        aliases: &["hong kong post", "香港邮政"],
        page: "https://webapp.hongkongpost.hk/en/mail_tracking/index.html?tracking={}",
    },
    Carrier {
        name: "SF Express 顺丰",
        aliases: &["sf express", "sf", "顺丰", "顺丰速运", "順豐"],
        page: "https://www.sf-express.com/chn/sc/waybill/waybill-detail/{}",
    },
    Carrier {
        name: "China Post 中国邮政",
        aliases: &["china post", "ems", "中国邮政", "邮政"],
        page: "https://www.ems.com.cn/qps/yjcx?mailNum={}",
    },
    Carrier {
        name: "YTO 圆通",
        aliases: &["yto", "yto express", "圆通", "圆通速递"],
        page: "https://www.yto.net.cn/query?waybillNo={}",
    },
    Carrier {
        name: "ZTO 中通",
        aliases: &["zto", "zto express", "中通", "中通快递"],
        page: "https://www.zto.com/express/expressCheck.html?txtBill={}",
    },
    Carrier {
        name: "STO 申通",
        aliases: &["sto", "sto express", "申通", "申通快递"],
        page: "https://www.sto.cn/query?billcode={}",
    },
    Carrier {
        name: "Yunda 韵达",
        aliases: &["yunda", "韵达", "韵达快递"],
        page: "https://www.yundaex.com/cn/track?waybill={}",
    },
    Carrier {
        name: "JD Logistics 京东物流",
        aliases: &["jd", "jd logistics", "京东", "京东物流"],
        page: "https://www.jdl.com/orderSearch?waybillCodes={}",
    },
];

/// Where a parcel can be followed; `None`: nobody known carries it, or it has no number.
pub fn tracking_url(carrier: &str, tracking: &str) -> Option<String> {
    let tracking: String = tracking.split_whitespace().collect();
    // A number is letters, digits and dashes; anything else would be somebody else's address.
    let is_number = !tracking.is_empty() && tracking.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let known = known(carrier).filter(|_| is_number)?;
    Some(known.page.replace("{}", &tracking))
}

/// The carrier that somebody means by what they typed.
pub fn known(typed: &str) -> Option<&'static Carrier> {
    let typed = typed.trim().to_lowercase();
    CARRIERS.iter().find(|carrier| carrier.name.to_lowercase() == typed || carrier.aliases.contains(&typed.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_of_a_known_carrier_can_be_followed() {
        for (carrier, page) in [
            ("DHL", "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD01-4"),
            (" dhl express ", "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD01-4"),
            ("顺丰", "https://www.sf-express.com/chn/sc/waybill/waybill-detail/JD01-4"),
            ("YTO 圆通", "https://www.yto.net.cn/query?waybillNo=JD01-4"),
        ] {
            assert_eq!(tracking_url(carrier, "JD01 -4").as_deref(), Some(page), "{carrier}");
        }
    }

    #[test]
    fn what_is_no_number_or_nobody_s_has_no_link() {
        for (carrier, tracking) in
            [("DHL", ""), ("DHL", "\"><script>"), ("DHL", "a/../b"), ("DHL", "a&b=c"), ("my uncle", "1"), ("", "1")]
        {
            assert_eq!(tracking_url(carrier, tracking), None, "{carrier} {tracking}");
        }
    }

    #[test]
    fn no_name_means_two_carriers() {
        for carrier in CARRIERS {
            for name in carrier.aliases.iter().copied().chain([carrier.name]) {
                assert_eq!(known(name).map(|known| known.name), Some(carrier.name), "{name}");
            }
            assert_eq!(carrier.page.matches("{}").count(), 1, "{}", carrier.name);
        }
    }
}
