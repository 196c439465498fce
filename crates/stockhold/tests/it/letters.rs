//! Letters by a real mail server: what arrives, once per order and kind, and what a crash or an absent server does.

use std::ops::Deref;
use std::sync::Mutex;

use rules::orders::Status;
use rules::time::Span;
use serde_json::json;
use stockhold::storage::RowExt;
use stockhold::values;

use crate::on_both_engines;
use crate::support::shop::{Setup, TestShop};
use crate::support::smtp::MailServer;
use stripe_sandbox::Pay;

/// A shop whose letters go out by SMTP.
struct PostalShop {
    inner: TestShop,
    server: Mutex<MailServer>,
}

impl PostalShop {
    fn setup() -> (MailServer, Setup) {
        let server = MailServer::start();
        let smtp_url = Some(server.url());
        (server, Setup { smtp_url, ..Setup::default() })
    }

    async fn on_sqlite() -> PostalShop {
        let (server, setup) = PostalShop::setup();
        PostalShop { inner: TestShop::on_sqlite_with(setup).await, server: Mutex::new(server) }
    }

    async fn on_postgres() -> PostalShop {
        let (server, setup) = PostalShop::setup();
        PostalShop { inner: TestShop::on_postgres_with(setup).await, server: Mutex::new(server) }
    }

    fn with_server<T>(&self, ask: impl FnOnce(&mut MailServer) -> T) -> T {
        ask(&mut self.server.lock().expect("nobody panicked with it"))
    }

    fn message_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> =
            self.with_server(|server| server.mails()).into_iter().map(|m| m.message_id).collect();
        ids.sort();
        ids
    }

    async fn letter(&self, column: &'static str) -> i64 {
        let sql = match column {
            "attempts" => "select attempts from effects where kind = 'send_letter'",
            _ => "select count(*) from effects where kind = 'send_letter' and state = 'done'",
        };
        self.inner.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0)
    }
}

impl Deref for PostalShop {
    type Target = TestShop;

    fn deref(&self) -> &TestShop {
        &self.inner
    }
}

on_both_engines!(
    /// E2, P32: the confirmation arrives with a text and an HTML part, in the order's language; its Message-ID is the
    /// order's.
    letters_arrive_in_both_languages,
    PostalShop,
    async |shop: &PostalShop| {
        shop.stock("mug", 5).await;
        for (locale, subject, total) in [("en", "Order", "$32.00"), ("zh-CN", "订单", "32.00")] {
            let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": format!("{locale}@example.org"),
                "locale": locale, "shipping_address": { "name": "Ada" } });
            let request = shop.http.post(format!("{}/api/checkout", shop.base_url)).header("Idempotency-Key", locale);
            let request = request.header("Content-Type", "application/json").body(body.to_string());
            assert_eq!(request.send().await.expect("the shop answers").status().as_u16(), 201);
            let id = shop.order_of_key(locale);
            shop.pay(id).await;
            shop.settle().await;
            let mails = shop.with_server(|server| server.mails());
            let mail = mails.iter().find(|mail| mail.to == format!("{locale}@example.org")).expect("it arrived");
            assert_eq!(mail.message_id, format!("<{id}.order_confirmed@127.0.0.1>"));
            assert_eq!(mail.kind, "multipart/alternative");
            assert!(mail.subject.contains(subject), "{}", mail.subject);
            assert!(mail.from.contains("shop@example.org"), "{}", mail.from);
            let number = shop.view(id).await.number.to_string();
            for part in [&mail.text, &mail.html] {
                assert!(part.contains(total) && part.contains(&number) && part.contains("mug"), "{part}");
                let link = format!("/orders/{id}?token=");
                assert!(part.replace("&#x2f;", "/").contains(&link), "{part}");
            }
            assert!(mail.html.contains(&format!("<html lang=\"{locale}\">")) && !mail.text.contains('<'), "{}", mail.text);
        }
        assert_eq!(shop.message_ids().len(), 2);
    }
);

on_both_engines!(
    /// E2: the shop crashes after the mail server took the letter and before that was written down: the letter goes
    /// out again with the same Message-ID. Nothing else sends a letter twice.
    a_crash_after_the_handover_repeats_the_letter_with_its_id,
    PostalShop,
    async |shop: &PostalShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        shop.settle().await;
        let own = format!("<{id}.order_confirmed@127.0.0.1>");
        assert_eq!(shop.message_ids(), std::slice::from_ref(&own));

        // Told again by every door, for hours: no second letter.
        for _ in 0..3 {
            shop.shop.clock.advance(Span::minutes(60));
            stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
            shop.settle().await;
        }
        assert_eq!((shop.message_ids(), shop.letter("attempts").await), (vec![own.clone()], 1));

        // What the crash leaves behind: the letter is leased, and nobody knows that it went.
        let crashed = "update effects set state = 'due', leased_until = $1 where kind = 'send_letter'";
        let until = shop.shop.now() + Span::seconds(90);
        shop.shop.storage.write(crashed, values![until.micros()]).await.expect("the database answers");
        shop.settle().await;
        assert_eq!(shop.message_ids().len(), 1, "while the lease runs nobody repeats it");
        shop.shop.clock.advance(Span::seconds(90));
        shop.settle().await;
        assert_eq!(shop.message_ids(), [own.clone(), own.clone()], "the same letter, by its id");
        for _ in 0..3 {
            shop.shop.clock.advance(Span::minutes(60));
            shop.settle().await;
        }
        assert_eq!((shop.message_ids().len(), shop.letter("done").await), (2, 1));
    }
);

on_both_engines!(
    /// E2, M5: the mail server is down: the order is paid all the same, and its letter goes out, once, when the server
    /// is back.
    a_mail_server_that_is_down_delays_the_letter_alone,
    PostalShop,
    async |shop: &PostalShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.with_server(MailServer::down);
        shop.pay(id).await;
        for _ in 0..5 {
            shop.settle().await;
            shop.shop.clock.advance(Span::minutes(6));
        }
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Paid, (0, 0)));
        assert_eq!((shop.letter("attempts").await, shop.letter("done").await), (5, 0), "it is tried again and again");
        shop.with_server(MailServer::up);
        shop.settle().await;
        shop.shop.clock.advance(Span::minutes(6));
        shop.settle().await;
        assert_eq!(shop.message_ids(), [format!("<{id}.order_confirmed@127.0.0.1>")]);
        assert_eq!(shop.letter("done").await, 1);
    }
);

on_both_engines!(
    /// P4, P16, E2: a delayed payment: its buyer hears that it is awaited, and how it ended, each once; a letter that was
    /// overtaken before it went out is not sent.
    a_delayed_payment_is_told_of_while_it_lasts_and_when_it_ends,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        for (pay, end) in [(Pay::DelayedFails, "didn’t go through"), (Pay::DelayedSucceeds, "is confirmed")] {
            let id = shop.check_out(&[("mug", 1)]).await;
            let session = shop.session_of(id).await;
            let number = shop.view(id).await.number.to_string();
            let mine = || shop.subjects().into_iter().filter(|subject| subject.contains(&number)).collect::<Vec<_>>();
            shop.sandbox.pay(&session, pay.clone()).expect("the buyer finishes");
            for _ in 0..2 {
                shop.settle().await;
                stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
            }
            assert!(mine().len() == 1 && mine()[0].contains("confirming your payment"), "{:?}", mine());
            shop.sandbox.pay(&session, Pay::SettleDelayed).expect("the bank decides");
            shop.settle().await;
            assert!(mine().len() == 2 && mine()[1].contains(end), "{:?}", mine());
        }
        let id = shop.check_out(&[("mug", 1)]).await;
        let (session, before) = (shop.session_of(id).await, shop.letters());
        shop.sandbox.pay(&session, Pay::DelayedSucceeds).expect("the buyer finishes");
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("the bank decides at once");
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        shop.settle().await;
        assert_eq!(shop.letters(), before + 1, "what was awaited has come: {:?}", shop.subjects());
    }
);

on_both_engines!(
    /// A letter for each parcel, with what is in it and where it goes; all letters of an order are one thread.
    each_parcel_has_its_letter,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 3)]).await;
        for (key, units, tracking) in [("first", 1, "RR1"), ("second", 2, "RR2"), ("second", 2, "RR2")] {
            let items = json!([{ "sku": "mug", "quantity": units }]);
            let body = json!({ "items": items, "carrier": "Postal Service", "tracking": tracking });
            let (status, answer) = shop.staff("POST", &format!("/api/admin/orders/{id}/shipments"), key, body).await;
            assert!(status < 300, "{answer}");
            shop.settle().await;
        }
        let stored = shop.shop.mailer.stored();
        let letter = |tracking: &str| {
            let mut found = stored.iter().filter(|letter| letter.text.contains(tracking));
            let letter = found.next().expect("the parcel has a letter");
            assert!(found.next().is_none(), "a parcel has one letter");
            letter
        };
        let (first, second) = (letter("RR1"), letter("RR2"));
        assert!(first.subject.contains("Part of order") && first.text.contains("1 × mug"), "{}", first.text);
        assert!(second.subject.contains("is on its way") && second.text.contains("2 × mug"), "{}", second.text);
        assert!(first.message_id != second.message_id, "{}", first.message_id);
        let folder = shop.shop.config.data_dir.join("mailbox");
        let mails = std::fs::read_dir(folder).expect("a mailbox").flatten().map(|file| file.path());
        let mails: Vec<_> = mails.filter(|file| file.extension().is_some_and(|ending| ending == "eml")).collect();
        assert_eq!(mails.len(), 3);
        for mail in mails {
            let mail = std::fs::read_to_string(mail).expect("a mail").replace("\r\n ", " ");
            assert!(mail.contains(&format!("References: <{id}@127.0.0.1>")), "{mail}");
        }
    }
);
