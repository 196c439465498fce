//! Signing in: nobody finds a password or a code by trying, a second factor is not skipped, and what was copied of a
//! session is worth nothing once its owner says so.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures_util::future::join_all;
use rules::text::Email;
use rules::time::Span;
use stockhold::config::Secret;
use stockhold::shop::Shop;
use stockhold::staff::second_factor::SharedSecret;
use stockhold::staff::throttle::{self, Who};
use stockhold::staff::{self, Member, Role};
use stockhold::storage::staff::Purpose;
use stockhold::storage::{RowExt, second_factors};
use stockhold::{values, web, workers};
use tower::ServiceExt;

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;
use crate::support::steps::another_process;

pub const PASSWORD: &str = "three tea cups and a tray";
const OWNER: &str = "owner@shop.example";

/// Somebody with a password.
pub async fn hired(shop: &TestShop, email: &str, role: Role) -> Member {
    let hash = staff::hash_password(PASSWORD.to_owned()).await.expect("it is hashed");
    let address = Email::parse(email).expect("an address");
    let now = shop.shop.now();
    staff::hire(&shop.shop.storage, &address, "Ada", role, &hash, now).await.expect("the database answers")
}

async fn enrolled(shop: &TestShop, member: &Member) -> SharedSecret {
    let secret = SharedSecret::draw().expect("random numbers");
    let stored = second_factors::enrol(&shop.shop.storage, &member.id, (secret.expose(), 0), &[], shop.shop.now());
    stored.await.expect("the database answers");
    secret
}

pub async fn sign_in(browser: &Browser<'_>, email: &str, password: &str) -> Page {
    browser.post("/admin/sign-in", &[("email", email), ("password", password), ("return_to", "/admin")]).await
}

/// One try from an address, at an instance: its status, and whether the second factor was asked for first.
async fn tries(shop: &Arc<Shop>, address: [u8; 4], email: &str, password: &str, code: &str) -> (u16, bool) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([("email", email), ("password", password), ("code", code)]);
    let request = Request::post("/admin/sign-in")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Sec-Fetch-Site", "same-origin")
        .extension(ConnectInfo(SocketAddr::from((address, 1))))
        .body(Body::from(form.finish()))
        .expect("a request");
    let response = web::router(shop.clone()).oneshot(request).await.expect("a router always answers");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("the answer is whole");
    (status, String::from_utf8_lossy(&bytes).contains("name=\"code\""))
}

/// How many passwords were looked at: each of those that were wrong has its line.
async fn looked_at(shop: &TestShop) -> i64 {
    let sql = "select count(*) from audit_log where action = 'session.sign_in' and outcome = 'refused'";
    shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0)
}

on_both_engines!(
    /// A thousand wrong passwords over two instances, from one address and from a hundred: no more are looked at than the
    /// limits say, and the owner still gets in from where they work, or with their second factor.
    a_thousand_wrong_passwords_are_not_looked_at,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        let secret = enrolled(shop, &owner).await;
        let other = another_process(shop).await;
        let doors = [&shop.shop, &other];
        // Five hundred from one address, many at once.
        let mut told = Vec::new();
        for batch in 0..10 {
            let wrong = (0..50).map(|n| tries(doors[n % 2], [203, 0, 113, 1], OWNER, "guess number one", ""));
            let answers = join_all(wrong).await;
            assert!(answers.iter().all(|(status, _)| [422, 429].contains(status)), "{batch}: {answers:?}");
            told.extend(answers);
        }
        let checked = told.iter().filter(|(status, _)| *status == 422).count();
        assert_eq!((checked, looked_at(shop).await), (5, 5), "five in a quarter of an hour from one address");
        // Five hundred from a hundred addresses.
        for address in 0..100u8 {
            let wrong = (0..5).map(|n| tries(doors[n % 2], [198, 51, 100, address], OWNER, "guess number two", ""));
            told.extend(join_all(wrong).await);
        }
        let checked = told.iter().filter(|(status, asks_code)| *status == 422 && !asks_code).count();
        assert!(checked <= 30, "thirty an hour for one account, wherever from: {checked}");
        assert_eq!(told.len(), 1000);
        // Strangers have not locked out the owner: a right code first, then the password.
        let code = secret.code(shop.shop.now()).expect("a code");
        assert_eq!(tries(&other, [192, 0, 2, 7], OWNER, PASSWORD, "").await, (422, true));
        assert_eq!(tries(&other, [192, 0, 2, 7], OWNER, PASSWORD, "000000").await, (422, true));
        assert_eq!(tries(&other, [192, 0, 2, 7], OWNER, PASSWORD, &code).await.0, 303);
        assert_eq!(tries(&other, [192, 0, 2, 8], OWNER, PASSWORD, "").await.0, 303, "the lock is lifted");
        // Whoever has no account here is answered alike.
        for n in 0..31u8 {
            tries(&shop.shop, [198, 51, 101, n], "nobody@shop.example", "guess number three", "").await;
        }
        assert_eq!(tries(&other, [192, 0, 2, 9], "nobody@shop.example", PASSWORD, "").await, (422, true));
    }
);

on_both_engines!(
    /// Whoever has signed in from here before gets in from here, whatever strangers try meanwhile.
    strangers_lock_nobody_out_of_the_place_they_work_at,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        let desk = [192, 0, 2, 1];
        assert_eq!(tries(&shop.shop, desk, OWNER, PASSWORD, "").await.0, 303);
        for address in 0..40u8 {
            tries(&shop.shop, [198, 51, 100, address], OWNER, "guess number one", "").await;
        }
        assert_eq!(tries(&shop.shop, [192, 0, 2, 2], OWNER, PASSWORD, "").await, (422, true), "elsewhere");
        assert_eq!(tries(&shop.shop, desk, OWNER, PASSWORD, "").await.0, 303);

        // Whoever reads the owner's letters is not one of the strangers.
        let who = Who { client: "a stranger".to_owned(), account: web::admin::sign_in::account(&shop.shop, OWNER) };
        for _ in 0..40 {
            throttle::at_account(&shop.shop.storage, &who, shop.shop.now()).await.expect("the database answers");
        }
        assert_eq!(tries(&shop.shop, [192, 0, 2, 2], OWNER, PASSWORD, "").await, (422, true), "elsewhere");
        let link = staff::draw_link(&shop.shop.storage, &owner, Purpose::Reset, shop.shop.now()).await;
        let (link, chosen) = (link.expect("the database answers"), "a whale under the bridge");
        let fields = [("token", link.expose()), ("password", chosen)];
        assert_eq!(Browser::new(shop).post("/admin/links", &fields).await.location, "/admin");
        assert_eq!(tries(&shop.shop, [192, 0, 2, 3], OWNER, chosen, "").await.0, 303, "the account is open again");
    }
);

on_both_engines!(
    /// After five wrong ones the next is looked at a minute later, then two, then four; a right one forgives.
    the_wait_grows_and_a_right_password_ends_it,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let browser = Browser::new(shop);
        for _ in 0..5 {
            assert_eq!(sign_in(&browser, OWNER, "guess number one").await.status, 422);
        }
        for wait in [60, 120, 240] {
            let page = sign_in(&browser, OWNER, PASSWORD).await;
            assert_eq!((page.status, page.retry_after), (429, wait.to_string()), "a right one is not looked at either");
            shop.shop.clock.advance(Span::seconds(wait - 1));
            assert_eq!(sign_in(&browser, OWNER, PASSWORD).await.retry_after, "1");
            shop.shop.clock.advance(Span::seconds(1));
            assert_eq!(sign_in(&browser, OWNER, "guess number one").await.status, 422);
        }
        shop.shop.clock.advance(Span::seconds(480));
        assert_eq!(sign_in(&browser, OWNER, PASSWORD).await.status, 303);
        for _ in 0..5 {
            assert_eq!(sign_in(&browser, OWNER, "guess number one").await.status, 422, "counted anew");
        }
        let page = browser.post("/zh/admin/sign-in", &[("email", OWNER), ("password", PASSWORD)]).await;
        assert!(page.status == 429 && page.text.contains("请在 1 分钟后再试"), "{}", page.text);
    }
);

on_both_engines!(
    /// A place that tries many names is slowed down as well: fifty an hour.
    one_place_tries_fifty_times_an_hour_whoever_it_tries_to_be,
    TestShop,
    async |shop: &TestShop| {
        for n in 0..50 {
            let name = format!("n{n}@shop.example");
            assert_eq!(tries(&shop.shop, [203, 0, 113, 9], &name, "guess number one", "").await.0, 422, "{n}");
        }
        assert_eq!(tries(&shop.shop, [203, 0, 113, 9], "x@shop.example", "guess number one", "").await.0, 429);
        assert_eq!(tries(&shop.shop, [203, 0, 113, 10], "x@shop.example", "guess number one", "").await.0, 422);
    }
);

on_both_engines!(
    /// Enrolling, signing in with the code, and that each code and each recovery code opens once.
    a_second_factor_is_asked_for_and_each_code_opens_once,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let browser = Browser::new(shop);
        assert_eq!(sign_in(&browser, OWNER, PASSWORD).await.location, "/admin");
        let copied = browser.cookie("admin");
        let form = browser.get("/admin/account/authenticator").await;
        assert!(form.text.contains("data:image/svg+xml;base64,"), "{}", form.text);
        let secret = SharedSecret::parse(&form.hidden("secret")).expect("a secret");
        let wrong = [("secret", secret.expose()), ("code", "000000")];
        assert_eq!(browser.post("/admin/account/authenticator", &wrong).await.status, 422);
        let code = |shop: &TestShop| secret.code(shop.shop.now()).expect("a code");
        let right = code(shop);
        let page =
            browser.post("/admin/account/authenticator", &[("secret", secret.expose()), ("code", &right)]).await;
        let recovery: Vec<&str> =
            page.text.split("<li><code>").skip(1).filter_map(|part| part.split("</code>").next()).collect();
        assert_eq!((page.status, recovery.len()), (200, 10), "{}", page.text);
        let thief = Browser::new(shop);
        thief.keep_cookie("admin", &copied);
        assert_eq!(thief.get("/admin").await.status, 303, "the session goes on under another secret");
        browser.post("/admin/sign-out", &[]).await;

        let step = sign_in(&browser, OWNER, PASSWORD).await;
        assert_eq!(step.location, "/admin/sign-in/code?return_to=%2Fadmin");
        assert_eq!(browser.get("/admin").await.status, 303, "the password alone opens nothing");
        let enter = async |typed: &str| {
            let page = browser.post("/admin/sign-in/code", &[("code", typed), ("return_to", "/admin")]).await;
            (page.status, page.location)
        };
        assert_eq!(enter(&right).await.0, 422, "the code of the enrolment was used up by it");
        shop.shop.clock.advance(Span::seconds(30));
        let next = code(shop);
        assert_eq!(enter(&next).await, (303, "/admin".to_owned()));
        assert_eq!(browser.get("/admin").await.status, 200);
        browser.post("/admin/sign-out", &[]).await;
        sign_in(&browser, OWNER, PASSWORD).await;
        assert_eq!(enter(&next).await.0, 422, "replayed within its half minute");
        assert_eq!(enter(&recovery[0].to_uppercase()).await.0, 303);
        browser.post("/admin/sign-out", &[]).await;
        sign_in(&browser, OWNER, PASSWORD).await;
        assert_eq!(enter(recovery[0]).await.0, 422, "a recovery code opens once");
        assert_eq!(enter(recovery[1]).await.0, 303);
        let account = browser.get("/admin/account").await;
        assert!(account.text.contains("8 recovery codes are left"), "{}", account.text);
    }
);

on_both_engines!(
    /// Of two who bring the same code at the same moment, one gets in.
    one_code_lets_one_in_however_many_bring_it,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        let secret = enrolled(shop, &owner).await;
        let browsers = [Browser::new(shop), Browser::new(shop), Browser::new(shop), Browser::new(shop)];
        for browser in &browsers {
            sign_in(browser, OWNER, PASSWORD).await;
        }
        let code = secret.code(shop.shop.now()).expect("a code");
        let fields = [("code", code.as_str())];
        let all = browsers.iter().map(|browser| browser.post("/admin/sign-in/code", &fields));
        let let_in = join_all(all).await.iter().filter(|page| page.status == 303).count();
        assert_eq!(let_in, 1);
    }
);

on_both_engines!(
    /// The statement that takes a code uses it up: whoever comes second hears no, whatever both of them saw before.
    a_code_is_used_up_by_taking_it,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        enrolled(shop, &owner).await;
        let take = async |step: i64| second_factors::use_step(&shop.shop.storage, &owner.id, step).await;
        assert_eq!((take(7).await, take(7).await), (Ok(true), Ok(false)));
        assert_eq!((take(6).await, take(8).await), (Ok(false), Ok(true)), "nor an older one");
    }
);

on_both_engines!(
    /// Six digits are not found by trying, also by whoever has the password.
    codes_are_not_found_by_trying,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        enrolled(shop, &owner).await;
        let browser = Browser::new(shop);
        sign_in(&browser, OWNER, PASSWORD).await;
        for n in 0..5 {
            assert_eq!(browser.post("/admin/sign-in/code", &[("code", "000000")]).await.status, 422, "{n}");
        }
        let page = browser.post("/admin/sign-in/code", &[("code", "000000")]).await;
        assert_eq!((page.status, page.retry_after.as_str()), (429, "60"));
        let other = Browser::new(shop);
        sign_in(&other, OWNER, PASSWORD).await;
        assert_eq!(other.post("/admin/sign-in/code", &[("code", "000000")]).await.status, 429, "in another browser");
    }
);

/// The link in the latest letter to staff.
pub fn letter_link(shop: &TestShop) -> String {
    let letters = shop.shop.mailer.stored();
    let text = letters.first().map(|letter| letter.text.clone()).unwrap_or_default();
    let line = text.lines().find(|line| line.contains("/admin/links?token="));
    let line = line.unwrap_or_else(|| panic!("no link in {text}"));
    line.strip_prefix(&shop.base_url).expect("a link to this shop").to_owned()
}

on_both_engines!(
    /// Asking is answered alike for everybody; looking at the link uses up nothing, pressing the button does, once.
    a_new_password_comes_by_letter_and_does_not_skip_the_second_factor,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        let inside = Browser::new(shop);
        sign_in(&inside, OWNER, PASSWORD).await;
        let browser = Browser::new(shop);
        let mut answers = Vec::new();
        for email in ["nobody@shop.example", "Owner@Shop.example"] {
            let page = browser.post("/zh/admin/reset", &[("email", email)]).await;
            answers.push((page.status, page.location, page.text));
        }
        assert_eq!(answers[0], answers[1]);
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert_eq!(shop.letters(), 1);
        assert!(shop.subjects()[0].contains("设置新密码"), "{:?}", shop.subjects());
        let link = letter_link(shop);
        assert!(link.starts_with("/zh/admin/links?token="), "{link}");
        for _ in 0..3 {
            assert_eq!(browser.head(&link).await.status, 200);
            assert_eq!(browser.get(&link).await.status, 200);
        }
        let token = link.split('=').next_back().expect("a token").to_owned();
        let choose = async |password: &str| {
            browser.post("/admin/links", &[("token", token.as_str()), ("password", password)]).await
        };
        let easy = choose("password1234").await;
        assert!(easy.status == 422 && easy.text.contains("easy to guess"), "{}", easy.text);
        let secret = enrolled(shop, &owner).await;
        let chosen = choose("a whale under the bridge").await;
        assert_eq!(chosen.location, "/admin/sign-in/code?return_to=%2Fadmin");
        assert_eq!(browser.get("/admin").await.status, 303, "not in yet");
        assert_eq!(inside.get("/admin").await.status, 303, "every session has ended");
        let code = secret.code(shop.shop.now()).expect("a code");
        assert_eq!(browser.post("/admin/sign-in/code", &[("code", &code)]).await.status, 303);
        assert_eq!(choose("another whale at the bridge").await.status, 403, "the link was used");
        assert_eq!(sign_in(&Browser::new(shop), OWNER, PASSWORD).await.status, 422, "the old password");

        // A link lasts fifteen minutes, and a newer one ends it.
        browser.post("/admin/reset", &[("email", OWNER)]).await;
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        let first = letter_link(shop);
        shop.shop.clock.advance(Span::minutes(1));
        browser.post("/admin/reset", &[("email", OWNER)]).await;
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        let second = letter_link(shop);
        assert_eq!((browser.get(&first).await.status, browser.get(&second).await.status), (403, 200));
        shop.shop.clock.advance(Span::minutes(15));
        assert_eq!(browser.get(&second).await.status, 403);
    }
);

on_both_engines!(
    /// Nobody fills another's mailbox, and nobody asks without end.
    letters_are_asked_for_a_few_times_an_hour,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let browser = Browser::new(shop);
        for n in 0..20 {
            assert_eq!(browser.post("/admin/reset", &[("email", OWNER)]).await.status, 303, "{n}");
        }
        assert_eq!(browser.post("/admin/reset", &[("email", OWNER)]).await.status, 429);
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert_eq!(shop.letters(), 5);
        let kept = "select count(*) from staff_letters where email <> ''";
        let kept = shop.shop.storage.read(kept, values![]).await.expect("the database answers")[0].int(0);
        assert_eq!(kept, 0, "addresses are forgotten");
    }
);

on_both_engines!(
    /// A stolen session is seen on the list and revoked; a new password ends what was stolen unseen.
    a_stolen_session_is_worth_nothing_once_its_owner_says_so,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let (browser, laptop) = (Browser::new(shop), Browser::new(shop));
        sign_in(&browser, OWNER, PASSWORD).await;
        sign_in(&laptop, OWNER, PASSWORD).await;
        let thief = Browser::new(shop);
        thief.keep_cookie("admin", &laptop.cookie("admin"));
        assert_eq!(thief.get("/admin").await.status, 200);
        let account = browser.get("/admin/account").await;
        let name = account.hidden("session");
        assert_eq!(browser.post("/admin/account/sessions/end", &[("session", &name)]).await.status, 303);
        assert_eq!((thief.get("/admin").await.status, browser.get("/admin").await.status), (303, 200));

        sign_in(&laptop, OWNER, PASSWORD).await;
        thief.keep_cookie("admin", &laptop.cookie("admin"));
        let own = browser.cookie("admin");
        let fields = [("current", PASSWORD), ("password", "a whale under the bridge")];
        let wrong = [("current", "guess number one"), ("password", "a whale under the bridge")];
        assert_eq!(browser.post("/admin/account/password", &wrong).await.status, 422);
        assert_eq!(browser.post("/admin/account/password", &fields).await.status, 303);
        assert_eq!((thief.get("/admin").await.status, browser.get("/admin").await.status), (303, 200));
        thief.keep_cookie("admin", &own);
        assert_eq!(thief.get("/admin").await.status, 303, "the one it went on from is worth nothing either");

        // Confirming draws it anew as well.
        shop.shop.clock.advance(Span::minutes(11));
        let own = browser.cookie("admin");
        let page = browser.get("/admin/staff").await;
        assert_eq!(page.location, "/admin/confirm?return_to=%2Fadmin%2Fstaff");
        let wrong = [("password", "guess number one"), ("return_to", "/admin/staff")];
        assert_eq!(browser.post("/admin/confirm", &wrong).await.status, 422);
        assert_eq!(browser.get("/admin/staff").await.location, "/admin/confirm?return_to=%2Fadmin%2Fstaff");
        let fields = [("password", "a whale under the bridge"), ("return_to", "/admin/staff")];
        assert_eq!(browser.post("/admin/confirm", &fields).await.location, "/admin/staff");
        assert_eq!(browser.get("/admin/staff").await.status, 200);
        thief.keep_cookie("admin", &own);
        assert_eq!(thief.get("/admin").await.status, 303);

        // Nothing of a session stands in the database that would open it.
        let rows = shop.shop.storage.read("select digest from staff_sessions", values![]).await.expect("rows");
        assert!(rows.iter().all(|row| row.text(0) != browser.cookie("admin")) && !rows.is_empty());
    }
);

on_both_engines!(
    /// A session that its owner left, by signing out or by signing in anew, is over here, not in their browser alone.
    a_session_that_was_left_is_worth_nothing,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let (browser, thief) = (Browser::new(shop), Browser::new(shop));
        sign_in(&browser, OWNER, PASSWORD).await;
        thief.keep_cookie("admin", &browser.cookie("admin"));
        assert_eq!(sign_in(&browser, OWNER, PASSWORD).await.status, 303);
        assert_eq!((browser.get("/admin").await.status, thief.get("/admin").await.status), (200, 303), "signed in anew");
        thief.keep_cookie("admin", &browser.cookie("admin"));
        assert_eq!(thief.get("/admin").await.status, 200);
        assert_eq!(browser.post("/admin/sign-out", &[]).await.location, "/admin/sign-in");
        assert_eq!(thief.get("/admin").await.status, 303, "signed out");
    }
);

on_both_engines!(
    /// Whatever changes how somebody proves who they are ends their other sessions, and what proved it before proves nothing.
    other_proofs_end_other_sessions,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        let (browser, laptop) = (Browser::new(shop), Browser::new(shop));
        for one in [&browser, &laptop] {
            assert_eq!(sign_in(one, OWNER, PASSWORD).await.location, "/admin");
        }
        let drawn = |page: &Page| {
            let codes = page.text.split("<li><code>").skip(1).filter_map(|part| part.split("</code>").next());
            codes.map(str::to_owned).collect::<Vec<String>>()
        };
        let form = browser.get("/admin/account/authenticator").await;
        let secret = SharedSecret::parse(&form.hidden("secret")).expect("a secret");
        let code = secret.code(shop.shop.now()).expect("a code");
        let fields = [("secret", secret.expose()), ("code", code.as_str())];
        let old = drawn(&browser.post("/admin/account/authenticator", &fields).await);
        assert_eq!(laptop.get("/admin").await.status, 303, "an authenticator");

        sign_in(&laptop, OWNER, PASSWORD).await;
        assert_eq!(laptop.post("/admin/sign-in/code", &[("code", &old[0])]).await.status, 303);
        assert_eq!(laptop.get("/admin").await.status, 200);
        let new = drawn(&browser.post("/admin/account/recovery-codes", &[]).await);
        assert_eq!((old.len(), new.len(), laptop.get("/admin").await.status), (10, 10, 303), "new recovery codes");
        sign_in(&laptop, OWNER, PASSWORD).await;
        assert_eq!(laptop.post("/admin/sign-in/code", &[("code", &old[1])]).await.status, 422, "one of before");
        assert_eq!(laptop.post("/admin/sign-in/code", &[("code", &new[0])]).await.status, 303);

        let easy = [("current", PASSWORD), ("password", "password1234")];
        let page = browser.post("/admin/account/password", &easy).await;
        assert!(page.status == 422 && page.text.contains("easy to guess"), "{}", page.text);
        assert_eq!(laptop.get("/admin").await.status, 200);
        assert_eq!(browser.post("/admin/account/authenticator/remove", &[]).await.status, 303);
        assert_eq!(laptop.get("/admin").await.status, 303, "no authenticator any more");
        sign_in(&laptop, OWNER, PASSWORD).await;
        assert_eq!(laptop.get("/admin").await.status, 200);
        assert_eq!(browser.post("/admin/account/sessions/end-others", &[]).await.status, 303);
        assert_eq!((browser.get("/admin").await.status, laptop.get("/admin").await.status), (200, 303), "by the button");
        let codes = "select count(*) from staff_recovery_codes";
        let left = shop.shop.storage.read(codes, values![]).await.expect("the database answers")[0].int(0);
        assert_eq!(left, 0, "nor codes for the day on which it is lost");

        let (storage, now) = (&shop.shop.storage, shop.shop.now());
        let link = staff::draw_link(storage, &owner, Purpose::Reset, now).await.expect("the database answers");
        let fields = [("current", PASSWORD), ("password", "a whale under the bridge")];
        assert_eq!(browser.post("/admin/account/password", &fields).await.status, 303);
        assert_eq!(staff::password_link(storage, &link, now).await, Ok(None), "a link that was on its way");
    }
);

on_both_engines!(
    /// Each link opens its own door: what stands between password and code sets no password, and a link for a new password
    /// is not the password.
    a_link_opens_its_own_door_alone,
    TestShop,
    async |shop: &TestShop| {
        let owner = hired(shop, OWNER, Role::Owner).await;
        let secret = enrolled(shop, &owner).await;
        let draw = async |purpose| staff::draw_link(&shop.shop.storage, &owner, purpose, shop.shop.now()).await;
        let (step, reset) = (draw(Purpose::Code).await, draw(Purpose::Reset).await);
        let (step, reset) = (step.expect("the database answers"), reset.expect("the database answers"));
        let browser = Browser::new(shop);
        let fields = [("token", step.expose()), ("password", "a whale under the bridge")];
        assert_eq!(browser.post("/admin/links", &fields).await.status, 403);
        let code = secret.code(shop.shop.now()).expect("a code");
        browser.keep_cookie("admin-step", reset.expose());
        let page = browser.post("/admin/sign-in/code", &[("code", &code)]).await;
        assert_eq!(page.location, "/admin/sign-in?expired=1", "{}", page.text);
        browser.keep_cookie("admin-step", step.expose());
        assert_eq!(browser.post("/admin/sign-in/code", &[("code", &code)]).await.status, 303);
    }
);

on_both_engines!(
    /// Whoever sends a form after half an hour signs in and finds it as it was; nobody else does, and no password is in it.
    nothing_that_was_typed_is_lost_when_a_session_ends,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let (browser, colleague) = (Browser::new(shop), shop.sign_in(Role::Owner).await);
        sign_in(&browser, OWNER, PASSWORD).await;
        shop.shop.clock.advance(Span::minutes(31));
        let typed = [("name", "Grace & <co>"), ("email", "grace@shop.example"), ("role", "manager"), ("password", "x")];
        let door = browser.post("/admin/staff/invite", &typed).await.location;
        assert!(door.starts_with("/admin/sign-in?return_to=%2Fadmin%2Fresume%3Fdraft%3D"), "{door}");
        assert!(browser.get(&door).await.text.contains("You were signed out"));
        let place = form_urlencoded::parse(door.split_once('?').expect("a query").1.as_bytes()).next().expect("a way").1;
        let fields = [("email", OWNER), ("password", PASSWORD), ("return_to", &*place)];
        assert_eq!(browser.post("/admin/sign-in", &fields).await.location, place);
        let page = browser.get(&place).await;
        assert!(page.text.contains("Grace &amp; &lt;co&gt;") && !page.text.contains("password"), "{}", page.text);
        assert_eq!(page.hidden("email"), "grace@shop.example");
        sign_in(&colleague, OWNER, PASSWORD).await;
        let other = shop.sign_in(Role::Owner).await;
        assert_eq!(other.get(&place).await.status, 404, "somebody else's");
        shop.shop.clock.advance(Span::minutes(11));
        let confirm = browser.post("/admin/staff/invite", &typed[..3]).await.location;
        assert!(confirm.starts_with("/admin/confirm?return_to=%2Fadmin%2Fresume%3Fdraft%3D"), "{confirm}");
        // A stranger keeps nothing here.
        let before = shop.shop.storage.read("select 1 from staff_drafts", values![]).await.expect("rows").len();
        let stranger = Browser::new(shop);
        assert_eq!(stranger.post("/admin/staff/invite", &typed).await.location, "/admin/sign-in?return_to=%2Fadmin%2Fstaff%2Finvite");
        let after = shop.shop.storage.read("select 1 from staff_drafts", values![]).await.expect("rows").len();
        assert_eq!((before, after), (2, 2));
    }
);

on_both_engines!(
    /// Only the password makes a session fresh: another secret for it, drawn for whatever reason, does not.
    ending_other_sessions_is_not_typing_the_password,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Owner).await;
        assert_eq!(browser.get("/admin/staff").await.status, 200);
        shop.shop.clock.advance(Span::minutes(11));
        let before = browser.cookie("admin");
        assert_eq!(browser.post("/admin/account/sessions/end-others", &[]).await.status, 303);
        assert_ne!(browser.cookie("admin"), before, "the session goes on under another secret");
        assert!(browser.get("/admin/staff").await.location.starts_with("/admin/confirm?"));
    }
);

on_both_engines!(
    /// A form that came too late loses no field that has a secret's name inside its own; forms about who somebody is are not
    /// kept at all; and what nobody comes back for is gone after an hour.
    a_form_that_is_kept_is_whole_and_has_no_secret,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Owner).await;
        shop.shop.clock.advance(Span::minutes(11));
        let kept = async || {
            let rows = shop.shop.storage.read("select fields from staff_drafts order by kept_at", values![]).await;
            rows.expect("rows").iter().map(|row| row.text(0).to_owned()).collect::<Vec<_>>()
        };
        for (path, fields) in [
            ("/admin/account/authenticator", [("secret", "x"), ("code", "123456")]),
            ("/zh/admin/account/authenticator", [("secret", "x"), ("code", "123456")]),
        ] {
            assert!(browser.post(path, &fields).await.location.contains("/admin/confirm?"), "{path}");
        }
        assert_eq!(kept().await, Vec::<String>::new());
        let typed = [("postcode", "10115"), ("code", "TEA10"), ("secrets", "1"), ("password", "x"), ("token", "y")];
        assert!(browser.post("/admin/staff/invite", &typed).await.location.contains("resume"));
        assert_eq!(kept().await, ["postcode=10115&code=TEA10&secrets=1"]);
        let put_away = workers::retain::run(&shop.shop).await.expect("it runs");
        assert_eq!(put_away.drafts, 0, "somebody may come back");
        shop.shop.clock.advance(Span::minutes(61));
        let put_away = workers::retain::run(&shop.shop).await.expect("it runs");
        assert_eq!((put_away.drafts, kept().await.len()), (1, 0));
    }
);

/// Once real money is taken, an owner sets up an authenticator before anything else opens.
#[tokio::test]
async fn the_owner_of_a_live_shop_has_a_second_factor() {
    let shop = TestShop::on_sqlite().await;
    let mut config = shop.shop.config.clone();
    config.stripe_secret_key = Some(Secret::new("sk_live_of_the_tests".to_owned()));
    let live = Shop::open(config, shop.shop.clock.clone()).await.expect("the shop opens");
    let owner = hired(&shop, OWNER, Role::Owner).await;
    let manager = hired(&shop, "manager@shop.example", Role::Manager).await;
    let ask = async |member: &Member, path: &str| {
        let token = staff::open_session(&live.storage, member, "tests", "tests", live.now()).await.expect("a session");
        let request = Request::get(path).header("Cookie", format!("admin={}", token.expose())).body(Body::empty());
        let response = web::router(live.clone()).oneshot(request.expect("a request")).await.expect("an answer");
        let place = response.headers().get("location").map_or("", |place| place.to_str().expect("text")).to_owned();
        (response.status().as_u16(), place)
    };
    let enrol = (303, "/admin/account/authenticator".to_owned());
    for path in ["/admin", "/admin/account", "/admin/staff", "/admin/audit-log"] {
        assert_eq!(ask(&owner, path).await, enrol, "{path}");
    }
    assert_eq!(ask(&owner, "/admin/account/authenticator").await.0, 200);
    assert_eq!(ask(&manager, "/admin").await.0, 200, "only the owner must");
    enrolled(&shop, &owner).await;
    assert_eq!(ask(&owner, "/admin").await.0, 200);
    // It can be replaced, not removed.
    let token = staff::open_session(&live.storage, &owner, "tests", "tests", live.now()).await.expect("a session");
    let request = Request::post("/admin/account/authenticator/remove").header("Sec-Fetch-Site", "same-origin");
    let request = request.header("Cookie", format!("admin={}", token.expose())).body(Body::empty());
    let response = web::router(live.clone()).oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(response.status().as_u16(), 409);
    assert!(second_factors::secret(&live.storage, &owner.id).await.expect("the database answers").is_some());
}
