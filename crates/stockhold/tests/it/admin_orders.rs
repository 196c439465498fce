//! Orders at the desk, through HTTP, on both engines: what the pages say, what each action does once, and what is refused
//! where it happens.

use rules::ids::OrderId;
use rules::orders::{Fulfilment, Status};
use rules::refunds::RefundState;
use rules::time::Span;
use serde_json::json;
use stockhold::staff::Role;
use stockhold::storage::{RowExt, order_list, order_notes, today};
use stockhold::values;
use stripe_sandbox::{Fault, Faults, NewDispute, Pay, RefundStatus};

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

const PRICE_MINOR: i64 = crate::support::books::PRICE_MINOR;

fn at(id: OrderId, page: &str) -> String {
    format!("/admin/orders/{id}{page}")
}

/// Opens the form of a parcel and sends it with these units of the first line.
async fn ship(browser: &Browser<'_>, id: OrderId, units: &str, more: &[(&str, &str)]) -> Page {
    let form = browser.get(&at(id, "/ship")).await;
    let shipment = form.hidden("shipment");
    let fields = [&[("shipment", shipment.as_str()), ("units-1", units)], more].concat();
    browser.post(&at(id, "/ship"), &fields).await
}

/// Asks what a refund would do; the page carries everything that the button sends.
async fn look(browser: &Browser<'_>, id: OrderId, query: &str) -> Page {
    browser.get(&at(id, &format!("/refund?step=preview&{query}"))).await
}

async fn press_refund(browser: &Browser<'_>, id: OrderId, shown: &Page, more: &[(&str, &str)]) -> Page {
    let (refund, seen) = (shown.hidden("refund"), shown.hidden("seen"));
    let fields = [&[("refund", refund.as_str()), ("seen", seen.as_str())], more].concat();
    browser.post(&at(id, "/refund"), &fields).await
}

/// What the audit log says of an action: how it went, and its details.
async fn lines(shop: &TestShop, action: &'static str) -> Vec<(String, String)> {
    let sql = "select outcome, detail from audit_log where action = $1 order by id";
    let rows = shop.shop.storage.read(sql, values![action]).await.expect("the database answers");
    rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect()
}

async fn charge_of(shop: &TestShop, id: OrderId) -> String {
    let intent = shop.view(id).await.payments[0].intent_id.clone();
    let books = shop.sandbox.snapshot();
    let charges = books["charges"].as_array().expect("charges");
    let own = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
    own["id"].as_str().expect("an id").to_owned()
}

fn refunds_at_stripe(shop: &TestShop) -> usize {
    shop.sandbox.snapshot()["refunds"].as_array().expect("refunds").len()
}

on_both_engines!(
    /// A list leads to an order, and the order says what happened; in both languages, and looking changes nothing.
    orders_are_listed_found_and_shown,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let paid = shop.paid(&[("mug", 2)]).await;
        let unpaid = shop.check_out(&[("mug", 1)]).await;
        let before = shop.view(paid).await;
        let browser = shop.sign_in(Role::ReadOnly).await;
        let has = |page: &Page, id: OrderId| page.text.contains(&format!("/admin/orders/{id}"));
        for (address, shows) in [
            ("/admin/orders", (true, false)),
            ("/zh/admin/orders", (true, false)),
            ("/admin/orders?tab=unpaid", (false, true)),
            ("/admin/orders?tab=all", (true, true)),
            ("/admin/orders?tab=refunds", (false, false)),
            ("/admin/orders?q=mug", (true, true)),
            ("/admin/orders?tab=to_ship&q=mug", (true, false)),
            ("/admin/orders?q=nobody", (false, false)),
            ("/admin/orders?tab=all&status=paid", (true, false)),
            ("/admin/orders?tab=all&min=64&max=64", (true, false)),
            ("/admin/orders?tab=all&from=2026-11-25&to=2026-11-26", (true, true)),
            ("/admin/orders?tab=all&to=2026-11-01", (false, false)),
            ("/admin/orders?tab=all&country=DE", (false, false)),
            ("/admin/orders?tab=all&from=yesterday&status=nonsense&after=x", (true, true)),
        ] {
            let page = browser.get(address).await;
            assert_eq!((page.status, (has(&page, paid), has(&page, unpaid))), (200, shows), "{address} {}", page.text);
        }
        // Whoever searches looks everywhere, unless they have chosen a tab.
        let tab = |page: &Page| page.text.contains("name=\"tab\"");
        assert!(!tab(&browser.get("/admin/orders").await) && !tab(&browser.get("/admin/orders?q=mug").await));
        assert!(browser.get("/admin/orders?tab=unpaid").await.text.contains("name=\"tab\" value=\"unpaid\""));
        let odd = browser.get("/admin/orders?tab=all&from=yesterday").await;
        assert!(odd.text.contains("Not understood, and left out: From."), "{}", odd.text);
        let page = browser.get(&at(paid, "")).await;
        let intent = &before.payments[0].intent_id;
        for words in ["Payment succeeded, $64.00", "Order placed, 2 units held", "checkout.session.completed", "buyer", intent] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        assert!(!page.text.contains("/refund\"") && !page.text.contains("/ship\""), "a reader is offered nothing to do");
        let page = browser.get(&format!("/zh{}", at(paid, ""))).await;
        assert!(page.text.contains("付款成功") && page.text.contains("未发货"), "{}", page.text);
        assert_eq!(browser.get(&at(unpaid, "")).await.status, 200);
        for wrong in ["/admin/orders/ord_1", "/admin/orders/ord_00000000000000000000000000000001", "/admin/orders/%27"] {
            assert_eq!(browser.get(wrong).await.status, 404, "{wrong}");
        }
        assert_eq!(shop.view(paid).await, before, "looking changes nothing");
        // An order is of the mode that it was paid in, whatever key the shop has by now.
        assert!(browser.get(&at(paid, "")).await.text.contains("Test: no real money"));
        let live = "update orders set livemode = 1 where id = $1";
        shop.shop.storage.write(live, values![paid.to_string()]).await.expect("the database answers");
        let page = browser.get(&at(paid, "")).await;
        assert!(page.text.contains("<dd>Live</dd>"), "{}", page.text);
        // Whoever may only read is told so, on every action.
        for action in ["/ship", "/refund", "/cancel", "/address", "/notes", "/letters"] {
            assert_eq!(browser.post(&at(paid, action), &[]).await.status, 403, "{action}");
        }
        let fulfilment = shop.sign_in(Role::Fulfilment).await;
        for money in ["/refund", "/cancel"] {
            assert_eq!(fulfilment.get(&at(paid, money)).await.status, 403, "{money}");
            assert_eq!(fulfilment.post(&at(paid, money), &[]).await.status, 403, "{money}");
        }
        assert_eq!(fulfilment.get(&at(paid, "/ship")).await.status, 200);
    }
);

on_both_engines!(
    /// A parcel leaves once per form, its letter goes once, and its number leads to its carrier.
    a_parcel_leaves_once_and_its_letter_too,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 3)]).await;
        let (ann, ben) = (shop.sign_in(Role::Fulfilment).await, shop.sign_in(Role::Fulfilment).await);
        let letters = shop.letters();
        let form = ann.get(&at(id, "/ship")).await;
        let shipment = form.hidden("shipment");
        let fields = [
            ("shipment", shipment.as_str()),
            ("units-1", "2"),
            ("carrier", "DHL"),
            ("tracking", "JD01"),
            ("notify", "1"),
        ];
        let place = at(id, "/ship");
        let (first, second) = tokio::join!(ann.post(&place, &fields), ann.post(&place, &fields));
        for page in [first, second] {
            assert_eq!((page.status, page.location), (303, at(id, "?done=order-shipped")), "{}", page.text);
        }
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.fulfilment, view.lines[0].shipped, view.shipments.len()), (Fulfilment::PartlyShipped, 2, 1));
        assert_eq!(shop.letters(), letters + 1, "{:?}", shop.subjects());
        let link = "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD01";
        let mail = shop.shop.mailer.stored();
        let plain = |text: &str| text.replace("&#x2f;", "/");
        assert!(mail[0].text.contains(link) && plain(&mail[0].html).contains(link), "{}", mail[0].text);
        let page = ann.get(&at(id, "")).await;
        assert!(plain(&page.text).contains(link) && page.text.contains("2 units shipped · DHL JD01"), "{}", page.text);
        // The same form with other contents is no other parcel.
        let other = [("shipment", shipment.as_str()), ("units-1", "1")];
        assert_eq!(ann.post(&place, &other).await.status, 409);
        // Two people have the form of the last one open: one sends it, the other is told what is left.
        let [mine, theirs] = [ann.get(&place).await, ben.get(&place).await].map(|form| form.hidden("shipment"));
        let [mine, theirs] = [&mine, &theirs].map(|shipment| [("shipment", shipment.as_str()), ("units-1", "1")]);
        let (first, second) = tokio::join!(ann.post(&place, &mine), ben.post(&place, &theirs));
        let mut answers = [first.status, second.status];
        answers.sort_unstable();
        assert_eq!(answers, [303, 409], "{} {}", first.text, second.text);
        shop.settle().await;
        assert_eq!((shop.view(id).await.lines[0].shipped, shop.letters()), (3, letters + 1), "nobody ticked the letter");
        let late = ann.get(&place).await;
        assert!(late.text.contains("There is nothing left to ship."), "{}", late.text);
    }
);

on_both_engines!(
    /// What cannot be sent is said on the form, and nothing is written.
    a_parcel_is_refused_where_it_cannot_leave,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let browser = shop.sign_in(Role::Manager).await;
        let unpaid = shop.check_out(&[("mug", 1)]).await;
        let page = browser.get(&at(unpaid, "/ship")).await;
        assert!(page.text.contains("This order is not paid."), "{}", page.text);
        let forged = [("shipment", "shp_00000000000000000000000000000001"), ("units-1", "1")];
        let page = browser.post(&at(unpaid, "/ship"), &forged).await;
        assert!(page.status == 409 && page.text.contains("This order is not paid."), "{}", page.text);
        let id = shop.paid(&[("mug", 2)]).await;
        for (units, status, words) in [
            ("0", 422, "Enter how many units are in the parcel."),
            ("", 422, "Enter how many units are in the parcel."),
            ("-1", 422, "Enter whole numbers."),
            ("two", 422, "Enter whole numbers."),
            ("3", 409, "Only 2 of mug are left."),
        ] {
            let page = ship(&browser, id, units, &[("carrier", "DHL <b>")]).await;
            assert!(page.status == status && page.text.contains(words), "{units} {} {}", page.status, page.text);
            assert!(page.text.contains("DHL &lt;b&gt;"), "what was typed stays: {}", page.text);
        }
        assert_eq!(browser.post(&at(id, "/ship"), &[("shipment", "nonsense")]).await.status, 422);
        let view = shop.view(id).await;
        assert_eq!((view.shipments.len(), view.fulfilment), (0, Fulfilment::Unfulfilled));
    }
);

on_both_engines!(
    /// A refund is shown before it is sent, with its letter; it goes once, however often it is pressed, and by whomever.
    a_refund_is_shown_first_and_goes_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 3)]).await;
        let browser = shop.sign_in(Role::Manager).await;
        let shown = look(&browser, id, "units-1=1&restock=1&reason=chipped").await;
        for words in ["Refund $32.00?", "1 unit goes back on the shelf", "On its way back", "$32.00", "chipped"] {
            assert!(words == "On its way back" || shown.text.contains(words), "{words}: {}", shown.text);
        }
        assert!(shown.text.contains("<pre class=\"letter\""), "{}", shown.text);
        let (before, letters) = (shop.view(id).await, shop.letters());
        assert!(before.refunds.is_empty() && shop.level("mug").await == (6, 0), "looking changes nothing");
        let more = [("units-1", "1"), ("restock", "1"), ("reason", "chipped")];
        let (first, second) =
            tokio::join!(press_refund(&browser, id, &shown, &more), press_refund(&browser, id, &shown, &more));
        assert_eq!((first.status, second.status), (303, 303), "{} {}", first.text, second.text);
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.refunds.len(), view.refunded(), refunds_at_stripe(shop)), (1, PRICE_MINOR, 1));
        assert_eq!((view.refunds[0].reason.as_str(), shop.level("mug").await), ("chipped", (7, 0)));
        assert_eq!((view.lines[0].cancelled, shop.letters()), (1, letters + 1), "{:?}", shop.subjects());
        let page = browser.get(&at(id, "")).await;
        for words in ["Partly refunded", "$32.00 refunded", "chipped", "1 restocked"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        // Two people give the rest back at once: what was captured goes back, and no more.
        let ben = shop.sign_in(Role::Owner).await;
        let (mine, his) = (look(&browser, id, "units-1=2").await, look(&ben, id, "units-1=2").await);
        let rest = [("units-1", "2")];
        let (first, second) = tokio::join!(press_refund(&browser, id, &mine, &rest), press_refund(&ben, id, &his, &rest));
        let mut answers = [first.status, second.status];
        answers.sort_unstable();
        assert!(answers[0] == 303 && answers[1] >= 409, "{answers:?}");
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.refunded(), view.status, refunds_at_stripe(shop)), (3 * PRICE_MINOR, Status::Refunded, 2));
    }
);

on_both_engines!(
    /// What cannot go back is said where it was asked for.
    a_refund_is_refused_where_it_cannot_go,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        let browser = shop.sign_in(Role::Manager).await;
        let unpaid = shop.check_out(&[("mug", 1)]).await;
        let page = browser.get(&at(unpaid, "/refund")).await;
        assert!(page.text.contains("This order is not paid."), "{}", page.text);
        let id = shop.paid(&[("mug", 2)]).await;
        for (query, words) in [
            ("units-1=3", "Only 2 of mug are left."),
            ("amount=64.01", "At most $64.00 can go back."),
            ("amount=0", "Enter an amount such as 12.50."),
            ("amount=1e9", "Enter an amount such as 12.50."),
            ("units-1=x", "Enter whole numbers."),
            ("", "Choose what to refund"),
        ] {
            let page = look(&browser, id, query).await;
            assert!(page.status == 422 && page.text.contains(words), "{query} {} {}", page.status, page.text);
        }
        // What was shown is what goes: another amount in the form is asked about again.
        let shown = look(&browser, id, "amount=10").await;
        let forged = [("refund", &*shown.hidden("refund")), ("seen", "1000"), ("amount", "20")];
        assert_eq!(browser.post(&at(id, "/refund"), &forged).await.status, 409);
        // Stripe refuses: nothing goes back, and the page says why.
        shop.sandbox.set_faults(Faults::default().with(Fault::Missing.on("/v1/refunds").standing()));
        let page = press_refund(&browser, id, &shown, &[("amount", "10")]).await;
        assert_eq!(page.location, at(id, "?done=order-refund-refused"), "{}", page.text);
        shop.sandbox.set_faults(Faults::default());
        shop.settle().await;
        assert_eq!(shop.view(id).await.refunds[0].state, RefundState::Failed);
        let page = browser.get(&page.location).await;
        assert!(page.text.contains("Stripe refused the refund.") && page.text.contains("Refund failed"), "{}", page.text);
        // A bank looks at the payment: nobody pays twice.
        shop.sandbox.dispute(&charge_of(shop, id).await, &NewDispute::because("product_not_received")).expect("a dispute");
        shop.settle().await;
        let page = browser.get(&at(id, "/refund")).await;
        assert!(page.text.contains("The bank is looking at this payment."), "{}", page.text);
        let page = browser.get(&at(id, "")).await;
        assert!(page.text.contains("Disputed") && page.text.contains("The bank disputes $64.00"), "{}", page.text);
        let again = press_refund(&browser, id, &shown, &[("amount", "10")]).await;
        assert_eq!(again.location, at(id, "?done=order-refund-asked"), "the same form meets its first answer");
        assert_eq!(refunds_at_stripe(shop), 0);
    }
);

on_both_engines!(
    /// A large refund asks for the password, and then goes on where it stopped, as the same refund.
    a_large_refund_asks_for_the_password,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        let id = shop.paid(&[("mug", 16)]).await;
        let browser = shop.sign_in(Role::Owner).await;
        shop.shop.clock.advance(Span::minutes(11));
        let shown = look(&browser, id, "units-1=16").await;
        assert!(shown.text.contains("asked for your password"), "{}", shown.text);
        let page = press_refund(&browser, id, &shown, &[("units-1", "16")]).await;
        assert!(page.status == 303 && page.location.starts_with("/admin/confirm?return_to="), "{}", page.location);
        assert!(shop.view(id).await.refunds.is_empty());
        let back = page.location.split_once("return_to=").expect("a place").1.to_owned();
        let back = form_urlencoded::parse(format!("to={back}").as_bytes()).next().expect("a place").1.into_owned();
        let again = browser.get(&back).await;
        assert_eq!(again.hidden("refund"), shown.hidden("refund"), "the same refund");
        let small = look(&browser, id, "units-1=1").await;
        assert!(!small.text.contains("asked for your password"));
        let page = press_refund(&browser, id, &small, &[("units-1", "1")]).await;
        assert_eq!(page.status, 303);
        shop.settle().await;
        assert_eq!(shop.view(id).await.refunded(), PRICE_MINOR);
    }
);

on_both_engines!(
    /// An order is called off once; what the page said is what happens, or it is said anew.
    an_order_is_called_off_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let browser = shop.sign_in(Role::Manager).await;
        let id = shop.paid(&[("mug", 2)]).await;
        let form = browser.get(&at(id, "/cancel")).await;
        assert!(form.text.contains("$64.00 goes back"), "{}", form.text);
        let fields = [("seen", &*form.hidden("seen")), ("reason", "sold twice")];
        let place = at(id, "/cancel");
        let (first, second) = tokio::join!(browser.post(&place, &fields), browser.post(&place, &fields));
        assert_eq!((first.status, second.status), (303, 303), "{} {}", first.text, second.text);
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.refunds.len(), shop.level("mug").await), (Status::Refunded, 1, (9, 0)));
        assert!(browser.get(&place).await.text.contains("nothing left to cancel"));
        // Paid while the page was open: it is read again before anything happens.
        let unpaid = shop.check_out(&[("mug", 1)]).await;
        let form = browser.get(&at(unpaid, "/cancel")).await;
        let seen = form.hidden("seen");
        shop.pay(unpaid).await;
        shop.settle().await;
        let page = browser.post(&at(unpaid, "/cancel"), &[("seen", &*seen), ("reason", "")]).await;
        assert!(page.status == 409 && page.text.contains("changed since you looked"), "{}", page.text);
        assert_eq!(shop.view(unpaid).await.status, Status::Paid);
    }
);

on_both_engines!(
    /// Addresses, notes and letters: each form counts once, and nobody overwrites another unseen.
    addresses_notes_and_letters_count_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let (ann, ben) = (shop.sign_in(Role::Manager).await, shop.sign_in(Role::Manager).await);
        let place = at(id, "/address");
        let (mine, his) = (ann.get(&place).await.hidden("before"), ben.get(&place).await.hidden("before"));
        let fields = |before: &str, name: &str| -> Vec<(String, String)> {
            let pairs = [("before", before), ("name", name), ("street", "1 Kiln Lane"), ("country", "DE")];
            pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
        };
        let post = async |browser: &Browser<'_>, fields: Vec<(String, String)>| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (&**name, &**text)).collect();
            browser.post(&place, &fields).await
        };
        assert_eq!(post(&ann, fields(&mine, "Lin Wei")).await.location, at(id, "?done=order-address"));
        assert_eq!(post(&ann, fields(&mine, "Lin Wei")).await.status, 303, "the same form again");
        let page = post(&ben, fields(&his, "Someone Else")).await;
        assert!(page.status == 409 && page.text.contains("Somebody else has changed the address"), "{}", page.text);
        assert!(page.text.contains("Lin Wei") && page.text.contains("Someone Else"), "both are shown: {}", page.text);
        assert!(shop.view(id).await.shipping_address.contains("Lin Wei"));
        let page = ann.get(&at(id, "")).await;
        assert!(page.text.contains("manager changed the address") && page.text.contains("Germany"), "{}", page.text);
        let stands = ann.get(&place).await.hidden("before");
        let empty = post(&ann, fields(&stands, " ")).await;
        assert!(empty.status == 422 && empty.text.contains("cannot be left empty"), "{}", empty.text);
        assert!(shop.view(id).await.shipping_address.contains("Lin Wei"), "a parcel goes to somebody");

        let note = page.hidden("note");
        let written = [("note", &*note), ("text", "call <b>first</b>")];
        let place = at(id, "/notes");
        let (first, second) = tokio::join!(ann.post(&place, &written), ann.post(&place, &written));
        assert_eq!((first.status, second.status), (303, 303), "{}", first.text);
        let notes = order_notes::of_order(&shop.shop.storage, id).await.expect("the database answers");
        assert_eq!((notes.len(), notes[0].author.as_str()), (1, "manager"));
        assert!(ann.get(&at(id, "")).await.text.contains("call &lt;b&gt;first"));
        assert_eq!(ann.post(&place, &[("note", &*note), ("text", "")]).await.status, 422);
        assert_eq!(ann.post(&place, &[("note", "x"), ("text", "x")]).await.status, 422);

        let letters = shop.letters();
        let page = ann.get(&at(id, "")).await;
        let again = page.hidden("again");
        let wish = [("letter", "order_confirmed"), ("about", ""), ("again", &*again)];
        let place = at(id, "/letters");
        let (first, second) = tokio::join!(ann.post(&place, &wish), ann.post(&place, &wish));
        assert_eq!((first.status, second.status), (303, 303), "{} {}", first.text, second.text);
        shop.settle().await;
        assert_eq!(shop.letters(), letters + 1, "one click is one letter: {:?}", shop.subjects());
        let stored = shop.shop.mailer.stored();
        assert_eq!(stored[0].subject, stored[1].subject);
        assert!(stored[0].message_id != stored[1].message_id, "another letter to a mail server");
        let unsaid = [("letter", "refund_sent"), ("about", ""), ("again", &*again)];
        assert_eq!(ann.post(&place, &unsaid).await.status, 404, "nothing is said that was not said before");
        let owners = [("letter", "owner_dispute"), ("about", ""), ("again", &*again)];
        assert_eq!(ann.post(&place, &owners).await.status, 422);

        ship(&ann, id, "1", &[]).await;
        let page = ann.get(&at(id, "/address")).await;
        assert!(page.text.contains("There is nothing left to ship."), "{}", page.text);
    }
);

on_both_engines!(
    /// Many at once: each order for itself, and the page says which did not leave, and why.
    many_orders_are_shipped_each_for_itself,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let (first, second) = (shop.paid(&[("mug", 1)]).await, shop.paid(&[("mug", 2)]).await);
        let unpaid = shop.check_out(&[("mug", 1)]).await;
        let letters = shop.letters();
        let browser = shop.sign_in(Role::Fulfilment).await;
        let query = format!("order={first}&order={second}&order={unpaid}&order=nonsense&order={first}");
        let form = browser.get(&format!("/admin/orders/ship?{query}")).await;
        assert!(form.text.contains("2 of them can be shipped"), "{}", form.text);
        let seed = form.hidden("seed");
        let ids = [first, second, unpaid].map(|id| id.to_string());
        let mut fields = vec![("seed", seed.as_str()), ("carrier", "UPS"), ("notify", "1")];
        fields.extend(ids.iter().map(|id| ("order", id.as_str())));
        let page = browser.post("/admin/orders/ship", &fields).await;
        for words in ["2 orders are marked as shipped.", "1 order is not shipped:", "This order is not paid."] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        assert_eq!(browser.post("/admin/orders/ship", &fields).await.status, 200, "the same again");
        shop.settle().await;
        for (id, parcels) in [(first, 1), (second, 1), (unpaid, 0)] {
            assert_eq!(shop.view(id).await.shipments.len(), parcels);
        }
        assert_eq!(shop.letters(), letters + 2, "{:?}", shop.subjects());

        let slips = browser.get(&format!("/admin/orders/packing-slips?{query}")).await;
        assert_eq!((slips.status, slips.text.matches("class=\"slip\"").count()), (200, 2), "{}", slips.text);
        let left_out = format!("their money goes back: {}.", shop.view(unpaid).await.number);
        assert!(slips.text.contains(&left_out), "{}", slips.text);
        let slip = browser.get(&at(second, "/packing-slip")).await;
        assert!(slip.text.contains(&shop.view(second).await.number.to_string()), "{}", slip.text);
        let ticked: Vec<_> = ids.iter().map(|id| ("order", id.as_str())).collect();
        assert_eq!(browser.post("/admin/orders/csv", &ticked).await.status, 403, "whose they are is not theirs");
        let browser = shop.sign_in(Role::Manager).await;
        let file = browser.post("/admin/orders/csv", &ticked).await;
        let rows: Vec<&str> = file.text.lines().collect();
        assert!(rows.len() == 4 && rows[0].contains("number,placed_at"), "{}", file.text);
        assert!(rows[2].contains("paid,shipped") && rows[2].contains("64.00,USD"), "{}", file.text);
        shop.shop.clock.advance(Span::minutes(11));
        let late = browser.post("/admin/orders/csv", &ticked).await;
        assert!(late.location.starts_with("/admin/confirm"), "addresses leave the shop only with the password");
        let noted = lines(shop, "orders.export_ticked").await;
        let noted: Vec<_> = noted.iter().map(|(outcome, detail)| (outcome.as_str(), detail.as_str())).collect();
        assert_eq!(noted, [("denied", ""), ("done", "3 orders")]);
    }
);

on_both_engines!(
    /// A bank takes days: until the money is there the order is paid still, and nobody is led to pack what it paid for.
    an_order_whose_money_is_on_its_way_back_is_not_packed,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let browser = shop.sign_in(Role::Owner).await;
        let paid = [shop.paid(&[("mug", 2)]).await, shop.paid(&[("mug", 2)]).await, shop.paid(&[("mug", 2)]).await];
        let [called_off, by_amount, in_part] = paid;
        let to_ship = async || {
            let counted = order_list::counts(&shop.shop.storage).await.expect("the database answers").to_ship;
            let today = today::counts(&shop.shop.storage, 0).await.expect("the database answers").to_ship;
            let page = browser.get("/admin/orders?tab=to_ship").await.text;
            let found = browser.get("/admin/orders?tab=to_ship&q=mug").await.text;
            let listed = paid.map(|id| page.contains(&format!("/admin/orders/{id}")));
            assert_eq!(paid.map(|id| found.contains(&format!("/admin/orders/{id}"))), listed);
            assert_eq!((counted, today), (listed.iter().filter(|is_listed| **is_listed).count() as i64, counted));
            listed
        };
        assert_eq!(to_ship().await, [true; 3]);
        shop.sandbox.next_refund(Some(RefundStatus::Pending));
        assert_eq!(shop.cancel(called_off).await.0, 200);
        for (id, body) in [
            (by_amount, json!({ "amount": { "amount": 2 * PRICE_MINOR, "currency": "USD" } })),
            (in_part, json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true })),
        ] {
            shop.settle().await;
            shop.sandbox.next_refund(Some(RefundStatus::Pending));
            let path = format!("/api/admin/orders/{id}/refunds");
            assert_eq!(shop.staff("POST", &path, &id.to_string(), body).await.0, 201);
        }
        shop.settle().await;
        shop.sandbox.next_refund(None);

        let says = async |id: OrderId, word: &str, [is_packed, is_shipped]: [bool; 2]| {
            let page = browser.get(&at(id, "")).await.text;
            let chips = page.split("<h1").nth(1).and_then(|rest| rest.split("<section").next()).unwrap_or_default();
            assert!(chips.contains(word), "{word}: {chips}");
            assert_eq!(page.contains("/packing-slip\""), is_packed, "{chips}");
            assert_eq!(chips.contains("Not shipped"), is_shipped, "{chips}");
            let slip = browser.get(&at(id, "/packing-slip")).await.text;
            assert_eq!(slip.contains("class=\"slip\""), is_packed, "{slip}");
            assert_eq!(slip.contains("No packing slip"), !is_packed, "{slip}");
        };
        for id in paid {
            assert_eq!(shop.view(id).await.status, Status::Paid);
        }
        says(called_off, "Refund on its way", [false, false]).await;
        // Nobody has said what its goods are to do: it is on the list, with the same word.
        says(by_amount, "Refund on its way", [false, true]).await;
        says(in_part, "Partly refunded", [true, true]).await;
        assert_eq!(to_ship().await, [false, true, true]);
        let list = browser.get("/admin/orders?tab=all").await.text;
        assert_eq!(list.matches("Refund on its way").count(), 2, "{list}");
        let page = browser.get(&format!("/zh{}", at(called_off, ""))).await.text;
        assert!(page.contains(">退款途中</span>") && !page.contains("部分退款") && !page.contains("未发货"), "{page}");
        let chosen = browser.get(&format!("/admin/orders/ship?order={called_off}&order={in_part}")).await.text;
        assert!(chosen.contains("1 of them can be shipped"), "{chosen}");

        // The bank refuses it: the money is owed, and the goods stay called off.
        let refund = shop.view(called_off).await.refunds[0].stripe_id.clone().expect("it is at Stripe");
        shop.sandbox.move_refund(&refund, RefundStatus::Failed, None).expect("it moves");
        shop.settle().await;
        says(called_off, "Refund failed", [false, false]).await;
        assert_eq!(to_ship().await, [false, true, true]);
        let refund = shop.view(by_amount).await.refunds[0].stripe_id.clone().expect("it is at Stripe");
        shop.sandbox.move_refund(&refund, RefundStatus::Succeeded, None).expect("it moves");
        shop.settle().await;
        says(by_amount, "Refunded", [false, false]).await;
        assert_eq!(to_ship().await, [false, false, true]);
    }
);

on_both_engines!(
    /// Money that leaves by cancelling, or in many small refunds, is money that leaves: the password is asked for all the same.
    large_money_back_asks_for_the_password_whatever_it_is_called,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        let (large, small) = (shop.paid(&[("mug", 16)]).await, shop.paid(&[("mug", 15)]).await);
        let unpaid = shop.check_out(&[("mug", 16)]).await;
        let browser = shop.sign_in(Role::Owner).await;
        shop.shop.clock.advance(Span::minutes(11));
        let cancel = async |id: OrderId| {
            let form = browser.get(&at(id, "/cancel")).await;
            let fields = [("seen", form.hidden("seen")), ("reason", "wrong & late".to_owned())];
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            (form.text.contains("asked for your password"), browser.post(&at(id, "/cancel"), &fields).await.location)
        };
        let (warned, place) = cancel(large).await;
        assert!(warned && place.starts_with("/admin/confirm?return_to="), "{place}");
        assert_eq!(shop.view(large).await.cancelled_at, None);
        let query = place.split_once('?').expect("a query").1;
        let back = form_urlencoded::parse(query.as_bytes()).next().expect("a place").1.into_owned();
        assert!(browser.get(&back).await.text.contains("value=\"wrong &amp; late\""), "what was typed is not lost");
        assert_eq!(cancel(unpaid).await, (false, at(unpaid, "?done=order-cancelled")), "no money leaves");
        assert_eq!(cancel(small).await, (false, at(small, "?done=order-cancelled")));
        for (number, units) in [(1, "10"), (2, "6")] {
            let shown = look(&browser, large, &format!("units-1={units}")).await;
            let page = press_refund(&browser, large, &shown, &[("units-1", units)]).await;
            let asks = page.location.starts_with("/admin/confirm?");
            assert_eq!(asks, number == 2, "{number}: {}", page.location);
        }
        let told = async |action: &'static str| {
            let noted = lines(shop, action).await;
            noted.iter().map(|(outcome, detail)| format!("{outcome}: {detail}")).collect::<Vec<_>>()
        };
        let asked = "refused: the password comes first";
        let cancelled = [asked, "done: up to $0.00 goes back", "done: up to $480.00 goes back"];
        assert_eq!(told("order.cancel").await, cancelled, "amounts and not reasons, which may name somebody");
        assert_eq!(told("order.refund").await, ["done: $320.00", asked]);
        for action in ["refund-again", "payment-back", "refunds/x/y/elsewhere"] {
            let page = browser.post(&format!("/admin/payments/{action}"), &[("order", "x")]).await;
            assert!(page.location.starts_with("/admin/confirm?"), "{action}: {}", page.location);
        }
    }
);

on_both_engines!(
    /// Each state of an order says in words what is the matter.
    every_state_says_what_is_the_matter,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        let browser = shop.sign_in(Role::Owner).await;
        let processing = shop.check_out(&[("mug", 1)]).await;
        shop.sandbox.pay(&shop.session_of(processing).await, Pay::DelayedSucceeds).expect("the buyer finishes");
        shop.settle().await;
        let failed = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.next_refund(Some(RefundStatus::Failed));
        let shown = look(&browser, failed, "units-1=1").await;
        press_refund(&browser, failed, &shown, &[("units-1", "1")]).await;
        shop.settle().await;
        shop.sandbox.next_refund(None);
        let cancelled = shop.check_out(&[("mug", 1)]).await;
        shop.cancel(cancelled).await;
        shop.settle().await;
        for (id, english, chinese) in [
            (processing, ["Confirming payment", "do not ship"], ["付款确认中", "请先不要发货"]),
            (failed, ["Refund failed", "is owed"], ["退款失败", "需要退还"]),
            (cancelled, ["Cancelled", "back on the shelf"], ["已取消", "退回库存"]),
        ] {
            for (prefix, words) in [("", english), ("/zh", chinese)] {
                let page = browser.get(&format!("{prefix}{}", at(id, ""))).await;
                for word in words {
                    assert!(page.text.contains(word), "{word}: {}", page.text);
                }
            }
        }
    }
);

on_both_engines!(
    /// Goods are named as the order froze them, in its buyer's language: a page in another one says so wherever it names them,
    /// so that a screen reader does not read English as Chinese.
    goods_of_an_order_are_marked_as_the_language_they_are_in,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 2)]).await;
        // Reports name goods as the catalogue does: what has no Chinese name there is called by its English one.
        let english = "update products set title = $2 where slug = $1";
        shop.shop.storage.write(english, values!["mug", "{\"en\":\"mug\"}"]).await.expect("the database answers");
        let browser = shop.sign_in(Role::Owner).await;
        for (path, marked) in [
            ("/zh/admin/orders".to_owned(), "<span class=\"goods\" lang=\"en\">mug"),
            (format!("/zh{}", at(id, "")), "<span lang=\"en\">mug"),
            (format!("/zh{}", at(id, "/ship")), "<span lang=\"en\">mug"),
            (format!("/zh{}", at(id, "/refund")), "<span lang=\"en\">mug"),
            (format!("/zh{}", at(id, "/refund?step=preview&units-1=1")), "<dt lang=\"en\">1 × mug"),
            (format!("/zh{}", at(id, "/packing-slip")), "<span lang=\"en\">mug"),
            ("/zh/admin".to_owned(), "<th scope=\"row\" lang=\"en\">"),
            ("/zh/admin/reports".to_owned(), "<th scope=\"row\" lang=\"en\">mug"),
        ] {
            let page = browser.get(&path).await;
            assert!(page.status == 200 && page.text.contains(marked), "{path}: {} {}", page.status, page.text);
        }
        // And the buyer's own pages.
        let cookie = format!("orders={}", shop.shop.order_token(id));
        let own = async |page: &str| {
            let request = shop.http.get(format!("{}/zh/orders/{id}{page}", shop.base_url)).header("Cookie", &cookie);
            request.send().await.expect("the shop answers").text().await.expect("a page")
        };
        let page = own("/cancel").await;
        assert!(page.contains("<dt lang=\"en\">mug"), "{page}");
        assert_eq!(ship(&browser, id, "1", &[]).await.status, 303);
        let shown = look(&browser, id, "units-1=1").await;
        assert_eq!(press_refund(&browser, id, &shown, &[("units-1", "1")]).await.status, 303);
        shop.settle().await;
        let page = own("").await;
        for marked in ["<span lang=\"en\">mug", "<dd lang=\"en\">1 × mug", "<span lang=\"en\">1 × mug"] {
            assert!(page.contains(marked), "{marked} in {page}");
        }
    }
);
