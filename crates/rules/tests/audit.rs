//! The audit of one level: each figure that does not fit is found, under the promise that it breaks.

use std::collections::BTreeMap;

use rules::audit::{StockAccount, check_stock};
use rules::text::Sku;

/// Ten received, four sold, one of those back, two held.
const RIGHT: StockAccount = StockAccount {
    on_hand: 7,
    held: 2,
    seq: 3,
    movements_sum: 7,
    movements_count: 3,
    movements_seq_max: 3,
    live_holds_sum: 2,
    sold_sum: 3,
    sold_movements_sum: -3,
    short: 0,
    shortfalls_sum: 2,
    written_off_sum: -2,
};

fn findings(account: StockAccount) -> Vec<(&'static str, String)> {
    let accounts = BTreeMap::from([(Sku::parse("mug").expect("a SKU"), account)]);
    check_stock(&accounts).into_iter().map(|finding| (finding.promise, finding.subject)).collect()
}

#[test]
fn each_figure_that_does_not_fit_is_found() {
    assert_eq!(findings(RIGHT), []);
    for (promise, wrong) in [
        ("S1", StockAccount { held: -1, live_holds_sum: -1, ..RIGHT }),
        ("S1", StockAccount { held: 8, live_holds_sum: 8, ..RIGHT }),
        ("S1", StockAccount { short: 1, shortfalls_sum: 3, ..RIGHT }),
        ("S1", StockAccount { short: -1, written_off_sum: -3, ..RIGHT }),
        ("S2", StockAccount { shortfalls_sum: 3, ..RIGHT }),
        ("S2", StockAccount { written_off_sum: -1, ..RIGHT }),
        ("S2", StockAccount { movements_sum: 8, ..RIGHT }),
        ("S2", StockAccount { movements_count: 2, ..RIGHT }),
        ("S2", StockAccount { movements_seq_max: 4, ..RIGHT }),
        ("S2", StockAccount { live_holds_sum: 1, ..RIGHT }),
        ("S3", StockAccount { sold_sum: 4, ..RIGHT }),
        ("S3", StockAccount { sold_movements_sum: -4, ..RIGHT }),
    ] {
        assert_eq!(findings(wrong), [(promise, "mug".to_owned())], "{wrong:?}");
    }
    let promised = StockAccount { held: 7, live_holds_sum: 7, short: 2, shortfalls_sum: 4, ..RIGHT };
    assert_eq!(findings(promised), [], "and some of it missing");
    assert_eq!(findings(StockAccount { held: 7, live_holds_sum: 7, ..RIGHT }), [], "all of it may be held");
}
