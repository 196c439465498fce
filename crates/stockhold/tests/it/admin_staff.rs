//! Staff: invitations, roles, the owner who stays; and what is written down about all of it.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use rules::text::Email;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::clock::Clock;
use stockhold::staff::{self, Role, StaffRefusal, Token};
use stockhold::storage::staff::Purpose;
use stockhold::storage::{RowExt, Storage};
use stockhold::{values, workers};

use crate::admin_sign_in::{PASSWORD, hired, letter_link, sign_in};
use crate::on_both_engines;
use crate::support::browser::Browser;
use crate::support::process::Program;
use crate::support::shop::TestShop;
use crate::support::steps::another_process;

const OWNER: &str = "owner@shop.example";

async fn id_of(shop: &TestShop, email: &str) -> String {
    let member = staff::find(&shop.shop.storage, email).await.expect("the database answers");
    member.expect("somebody has this address").id
}

on_both_engines!(
    /// Invited by letter, in with a password of their own, and able to look at things alone.
    a_read_only_person_is_invited_and_changes_nothing,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let owner = Browser::new(shop);
        sign_in(&owner, OWNER, PASSWORD).await;
        let wrong = [("name", ""), ("email", "nobody"), ("role", "king")];
        let page = owner.post("/admin/staff/invite", &wrong).await;
        assert!(page.status == 422 && page.text.contains("Choose a role."), "{}", page.text);
        let fields = [("name", "Grace"), ("email", "grace@shop.example"), ("role", "read_only")];
        let no_role = owner.post("/admin/staff/invite", &fields[..2]).await;
        assert!(no_role.status == 422 && no_role.text.contains("id=\"role-wrong\""), "{}", no_role.text);
        assert_eq!(owner.post("/admin/staff/invite", &fields).await.location, "/admin/staff?done=staff-invited");
        assert_eq!(owner.post("/admin/staff/invite", &fields).await.status, 409, "the address is taken");
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        let link = letter_link(shop);
        let grace = Browser::new(shop);
        shop.shop.clock.advance(Span::minutes(7 * 24 * 60 - 1));
        assert!(grace.get(&link).await.text.contains("Grace"));
        let token = link.split('=').next_back().expect("a token");
        let fields = [("token", token), ("password", "a whale under the bridge")];
        assert_eq!(grace.post("/admin/links", &fields).await.location, "/admin");
        assert_eq!(grace.get("/admin").await.status, 200);
        for path in ["/admin/staff", "/admin/audit-log"] {
            assert_eq!(grace.get(path).await.status, 403, "{path}");
        }
        assert_eq!(grace.post("/admin/staff/invite", &[("name", "x")]).await.status, 403);
        // The owner sees them, and takes the place away: at once, also from an open session.
        sign_in(&owner, OWNER, PASSWORD).await;
        let page = owner.get("/admin/staff").await;
        assert!(page.text.contains("grace@shop.example") && page.text.contains("Active"), "{}", page.text);
        let id = id_of(shop, "grace@shop.example").await;
        assert_eq!(owner.post(&format!("/admin/staff/{id}/disable"), &[]).await.status, 303);
        assert_eq!(grace.get("/admin").await.status, 303);
        assert_eq!(sign_in(&grace, "grace@shop.example", "a whale under the bridge").await.status, 422);
        assert_eq!(owner.post(&format!("/admin/staff/{id}/enable"), &[]).await.status, 303);
        assert_eq!(sign_in(&grace, "grace@shop.example", "a whale under the bridge").await.status, 303);
        // Another role signs them in anew.
        assert_eq!(owner.post(&format!("/admin/staff/{id}/role"), &[("role", "owner")]).await.status, 303);
        assert_eq!(grace.get("/admin").await.status, 303, "what an open session may do was decided by the old role");
        sign_in(&grace, "grace@shop.example", "a whale under the bridge").await;
        assert_eq!(grace.get("/admin/staff").await.status, 200);
        assert_eq!(owner.post("/admin/staff/staff_of_nobody/disable", &[]).await.status, 404);
    }
);

on_both_engines!(
    /// Whoever is let in again signs in again: neither a session nor a link from before opens. Nor does a session stay when
    /// the owner takes somebody's authenticator away.
    nothing_from_before_opens_for_whoever_was_shown_out,
    TestShop,
    async |shop: &TestShop| {
        let (storage, email) = (&shop.shop.storage, "grace@shop.example");
        let member = hired(shop, email, Role::Manager).await;
        let grace = Browser::new(shop);
        sign_in(&grace, email, PASSWORD).await;
        let link = staff::draw_link(storage, &member, Purpose::Reset, shop.shop.now()).await.expect("it answers");
        staff::disable(storage, &member.id).await.expect("the database answers").expect("it is no owner");
        assert_eq!(grace.get("/admin").await.status, 303);
        assert_eq!(staff::password_link(storage, &link, shop.shop.now()).await, Ok(None));
        staff::enable(storage, &member.id).await.expect("the database answers").expect("they are there");
        assert_eq!(grace.get("/admin").await.status, 303, "the session was ended");
        assert_eq!(staff::password_link(storage, &link, shop.shop.now()).await, Ok(None), "and so was the link");

        sign_in(&grace, email, PASSWORD).await;
        assert_eq!(grace.get("/admin").await.status, 200);
        let owner = shop.sign_in(Role::Owner).await;
        let place = format!("/admin/staff/{}/authenticator", member.id);
        assert_eq!(owner.post(&place, &[]).await.location, "/admin/staff?done=staff-authenticator-removed");
        assert_eq!(grace.get("/admin").await.status, 303);
    }
);

on_both_engines!(
    /// There is always an owner who can sign in, whoever presses what at the same moment, wherever.
    the_last_owner_stays_however_many_demote_each_other,
    TestShop,
    async |shop: &TestShop| {
        let other = another_process(shop).await;
        let (one, two) = (hired(shop, OWNER, Role::Owner).await, hired(shop, "two@shop.example", Role::Owner).await);
        let storages = [&shop.shop.storage, &other.storage];
        let invited = Email::parse("invited@shop.example").expect("an address");
        let invited = staff::invite(storages[0], &invited, "Invited", Role::Owner, shop.shop.now()).await;
        let invited = invited.expect("the database answers").expect("nobody has the address");
        for round in 0..20 {
            let changes = (0..6).map(|n| {
                let id = if n % 2 == 0 { &one.id } else { &two.id };
                let storage = storages[(n / 2 + round) % 2];
                async move {
                    let changed = match n % 3 {
                        0 => staff::disable(storage, id).await,
                        _ => staff::change_role(storage, id, Role::Manager).await,
                    };
                    changed.expect("the database answers")
                }
            });
            let told = join_all(changes).await;
            assert!(told.contains(&Err(StaffRefusal::LastOwner)), "{told:?}");
            let sql = "select count(*) from staff where role = 'owner' and disabled = 0 and password <> ''";
            let owners = shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0);
            assert_eq!(owners, 1, "round {round}: {told:?}");
            for id in [&one.id, &two.id] {
                staff::enable(storages[0], id).await.expect("the database answers").expect("they are there");
                staff::change_role(storages[0], id, Role::Owner).await.expect("it answers").expect("they are there");
            }
        }
        let gone = staff::disable(storages[0], &invited.id).await.expect("the database answers");
        assert_eq!(gone, Ok(()), "whoever never came is no owner who can sign in");
        let page = shop.sign_in(Role::Owner).await;
        staff::disable(storages[0], &two.id).await.expect("the database answers").expect("one is left");
        let told = page.post(&format!("/admin/staff/{}/disable", one.id), &[]).await;
        assert!(told.status == 409 && told.text.contains("needs an owner who can sign in"), "{}", told.text);
    }
);

on_both_engines!(
    /// Who, when, what, from where: filtered, page by page, and as a spreadsheet.
    the_audit_log_says_who_did_what,
    TestShop,
    async |shop: &TestShop| {
        hired(shop, OWNER, Role::Owner).await;
        let owner = Browser::new(shop);
        sign_in(&owner, OWNER, "guess number one").await;
        sign_in(&owner, OWNER, PASSWORD).await;
        let reader = shop.sign_in(Role::ReadOnly).await;
        reader.get("/admin/staff").await;
        let page = owner.get("/admin/audit-log").await;
        assert!(page.status == 200 && page.text.contains("Page opened without permission"), "{}", page.text);
        for outcome in ["Done", "Refused", "Denied"] {
            assert!(page.text.contains(outcome), "{outcome}");
        }
        for _ in 0..60 {
            reader.post("/admin/staff/invite", &[]).await;
        }
        let rows = |text: &str| text.matches("<tr><td><time").count();
        let first = owner.get("/admin/audit-log?action=staff.invite").await;
        let next = first.text.split("rel=\"next\"").next().and_then(|text| text.rsplit("href=\"").next());
        let next = next.and_then(|text| text.split('"').next()).expect("another page").replace("&amp;", "&");
        let second = owner.get(&next).await;
        assert_eq!((rows(&first.text), rows(&second.text)), (50, 10));
        let id = id_of(shop, OWNER).await;
        let mine = owner.get(&format!("/zh/admin/audit-log?who=staff:{id}")).await;
        assert_eq!(rows(&mine.text), 1, "{}", mine.text);
        let today = owner.get("/admin/audit-log?day=2026-11-25&action=page.open").await;
        let other = owner.get("/admin/audit-log?day=2026-11-24").await;
        assert_eq!((rows(&today.text), rows(&other.text)), (1, 0), "{}", today.text);
        assert!(owner.get("/admin/audit-log?day=tomorrow").await.text.contains("Enter a day as"));
        let sheet = owner.post("/admin/audit-log/export", &[("action", "staff.invite")]).await;
        assert_eq!(sheet.text.lines().count(), 61, "a heading and sixty lines");
        let taken = owner.get("/admin/audit-log?action=audit.export").await;
        assert_eq!(rows(&taken.text), 1, "who took it stands in it");
    }
);

on_both_engines!(
    /// What programs do with a key stands there beside what people do; what buyers do does not.
    the_audit_log_has_what_keys_do,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let before = shop.shop.storage.read("select id from audit_log", values![]).await.expect("rows").len();
        let note = json!({ "text": "hello" });
        let path = format!("/api/admin/orders/{id}/notes");
        assert_eq!(shop.staff("POST", &path, "note", note.clone()).await.0, 201);
        assert_eq!(shop.staff("POST", &path, "other", json!({})).await.0, 422);
        assert_eq!(shop.staff("GET", &path, "x", Value::Null).await.0, 200, "looking leaves no line");
        assert_eq!(shop.staff("GET", &format!("/api/admin/customers/{id}/export"), "x", Value::Null).await.0, 200);
        let key = shop.api_key("orders:read").await;
        let request = shop.http.post(format!("{}{path}", shop.base_url)).bearer_auth(key).header("Idempotency-Key", "n");
        assert_eq!(request.json(&note).send().await.expect("the shop answers").status(), 403);
        let sql = "select actor, action, outcome, subject, client from audit_log order by id";
        let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
        let rows: Vec<_> = rows[before..].iter().map(|row| (row.text(0), row.text(1), row.text(2), row.text(3))).collect();
        let export = format!("/api/admin/customers/{id}/export");
        let name = rows[0].0;
        assert!(name.starts_with("key:"), "{name}");
        let expected = [
            (name, "order.note", "done", path.as_str()),
            (name, "order.note", "refused", path.as_str()),
            (name, "customer.export", "done", export.as_str()),
            ("key:tests", "order.note", "denied", path.as_str()),
        ];
        assert_eq!(rows, expected);
        let page = shop.sign_in(Role::Owner).await.get("/admin/audit-log?action=order.note").await;
        assert!(page.status == 200 && page.text.contains("Note added to an order"), "{}", page.text);
    }
);

on_both_engines!(
    /// A spreadsheet of the log has every line once, however many there are.
    the_audit_log_is_taken_out_whole,
    TestShop,
    async |shop: &TestShop| {
        let owner = shop.sign_in(Role::Owner).await;
        let rows = (0..2500).map(|n| format!("('0{n:04}', 1, '', 'order.ship', 'order {n}', 'done', '', '')"));
        let head = "insert into audit_log (id, happened_at, actor, action, subject, outcome, detail, client) values";
        let sql = format!("{head} {}", rows.collect::<Vec<_>>().join(", "));
        shop.shop.storage.execute_script(sql).await.expect("they are stored");
        let sheet = owner.post("/admin/audit-log/export", &[("action", "order.ship")]).await;
        let lines: BTreeSet<&str> = sheet.text.lines().collect();
        assert_eq!((sheet.text.lines().count(), lines.len()), (2501, 2501), "a heading, and each line once");
    }
);

on_both_engines!(
    /// No name, number or word has a NUL, and PostgreSQL keeps none: it is answered, and not a failure of ours.
    nothing_at_the_desk_fails_by_a_nul,
    TestShop,
    async |shop: &TestShop| {
        let owner = shop.sign_in(Role::Owner).await;
        for path in [
            "/admin/audit-log?who=%00",
            "/admin/orders?q=%00",
            "/admin/orders?after=-9223372036854775808",
            "/admin/settings/webhooks/%00",
            "/admin/payments/webhooks/%00",
            "/admin/customers?q=a%00b",
        ] {
            let status = owner.get(path).await.status;
            assert!([200, 404].contains(&status), "{path}: {status}");
        }
        for path in ["/admin/staff/%00/disable", "/admin/settings/keys/%00/revoke"] {
            assert_eq!(owner.post(path, &[]).await.status, 404, "{path}");
        }
        for (path, field) in [
            ("/admin/account/sessions/end", "session"),
            ("/admin/audit-log/export", "who"),
            ("/admin/staff/invite", "name"),
            ("/admin/sign-in", "email"),
        ] {
            assert_eq!(owner.post(path, &[(field, "a\0b")]).await.status, 422, "{path}");
        }
    }
);

on_both_engines!(
    /// One's own authenticator is removed on the page of one's account, which knows when it has to stay.
    ones_own_authenticator_is_no_colleagues,
    TestShop,
    async |shop: &TestShop| {
        let one = hired(shop, OWNER, Role::Owner).await;
        let owner = Browser::new(shop);
        sign_in(&owner, OWNER, PASSWORD).await;
        let other = hired(shop, "two@shop.example", Role::Manager).await;
        assert_eq!(owner.post(&format!("/admin/staff/{}/authenticator", one.id), &[]).await.status, 404);
        assert_eq!(owner.post(&format!("/admin/staff/{}/authenticator", other.id), &[]).await.status, 303);
        let secret = "A".repeat(500);
        let long = owner.post("/admin/account/authenticator", &[("secret", &secret), ("code", "123456")]).await;
        assert_eq!(long.status, 422);
    }
);

on_both_engines!(
    /// What somebody writes cannot look like another line.
    a_line_of_the_audit_log_is_one_line,
    TestShop,
    async |shop: &TestShop| {
        let reader = shop.sign_in(Role::ReadOnly).await;
        reader.post("/admin/staff/%0d%0aowner%20did%20it/disable", &[]).await;
        let rows = shop.shop.storage.read("select subject, detail from audit_log", values![]).await.expect("rows");
        assert!(!rows.is_empty());
        for row in rows {
            let text = format!("{}{}", row.text(0), row.text(1));
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
);

on_both_engines!(
    /// Not even by a statement of somebody who has the database.
    the_database_itself_keeps_the_audit_log_as_it_is,
    TestShop,
    async |shop: &TestShop| {
        shop.sign_in(Role::ReadOnly).await.post("/admin/staff/invite", &[]).await;
        let storage = &shop.shop.storage;
        for change in ["update audit_log set actor = 'nobody'", "delete from audit_log"] {
            assert!(storage.write(change, values![]).await.is_err(), "{change}");
        }
        let rows = storage.read("select actor from audit_log", values![]).await.expect("the database answers");
        assert!(rows.len() == 1 && rows[0].text(0).starts_with("staff:"), "{rows:?}");
    }
);

/// Whoever has the machine gets in, and lets others in and out.
#[tokio::test]
async fn the_machine_prints_links_and_shows_people_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    let environment = [
        ("STOCKHOLD_DATA_DIR", folder.path().display().to_string()),
        ("STOCKHOLD_BASE_URL", "https://shop.example".to_owned()),
        ("STOCKHOLD_ADMIN_HOST", "admin.shop.example".to_owned()),
    ];
    let run = async |arguments: &[&str]| {
        let ended = Program::run(arguments, &environment).await;
        (ended.code, ended.out, ended.err)
    };
    assert_eq!(run(&["admin", "list"]).await.0, Some(4), "there is no shop yet");
    assert_eq!(run(&["migrate"]).await.0, Some(0));
    let (code, out, _) = run(&["admin", "setup-link"]).await;
    let token = out.trim().strip_prefix("https://admin.shop.example/admin/setup?token=").expect("a link, alone");
    assert_eq!(code, Some(0));
    let storage = Storage::open(&url).await.expect("it opens");
    let (email, now) = (Email::parse(OWNER).expect("an address"), Clock::system().now());
    let token = Token::parse(token).expect("a token");
    staff::set_up(&storage, &token, &email, "Ada", PASSWORD, now).await.expect("it answers").expect("the link is open");
    let (code, out, err) = run(&["admin", "setup-link"]).await;
    assert!(code == Some(1) && out.is_empty() && err.contains("has an owner already"), "{err}");
    let (_, out, _) = run(&["admin", "list"]).await;
    assert!(out.contains("owner") && out.contains("active") && out.contains(OWNER), "{out}");
    let (_, out, _) = run(&["admin", "list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&list["data"][0]["role"], &list["data"][0]["joined"]), (&"owner".into(), &true.into()));
    assert!(!out.contains("argon2"), "{out}");
    let (code, out, _) = run(&["admin", "reset-password", "Owner@shop.example", "--remove-authenticator"]).await;
    let token = out.trim().strip_prefix("https://admin.shop.example/admin/links?token=").expect("a link, alone");
    let token = Token::parse(token).expect("a token");
    assert_eq!(code, Some(0));
    assert!(staff::password_link(&storage, &token, Clock::system().now()).await.expect("it answers").is_some());
    let (code, _, err) = run(&["admin", "disable", OWNER]).await;
    assert!(code == Some(1) && err.contains("needs an owner"), "{err}");
    let two = Email::parse("two@shop.example").expect("an address");
    staff::hire(&storage, &two, "Two", Role::Manager, "", now).await.expect("it answers");
    assert_eq!(run(&["admin", "disable", "two@shop.example"]).await.0, Some(0));
    assert_eq!(run(&["admin", "disable", "two@shop.example"]).await.0, Some(1), "nobody signs in so any more");
    let log = storage.read("select actor, action from audit_log order by id", values![]).await.expect("it answers");
    let log: Vec<_> = log.iter().map(|row| (row.text(0), row.text(1))).collect();
    assert_eq!(log, [("machine", "admin.reset_password"), ("machine", "admin.disable")]);
    let detail = storage.read("select detail from audit_log order by id limit 1", values![]).await.expect("it answers");
    assert_eq!(detail[0].text(0), "the authenticator is removed, and every session ended");
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The machine's log has no address, no password, no secret of a link or a session. The audit log has no secret either.
#[tokio::test]
async fn no_log_has_an_address_or_a_secret() {
    let heard = Heard::default();
    let writer = heard.clone();
    let filter = tracing_subscriber::EnvFilter::new("info,stockhold=trace");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(move || writer.clone());
    // One thread: what the shop logs in its tasks is heard as well.
    let _listening = tracing::subscriber::set_default(log.finish());
    let shop = TestShop::on_sqlite().await;
    let token = staff::draw_setup_link(&shop.shop.storage, shop.shop.now()).await.expect("it answers").expect("a link");
    let browser = Browser::new(&shop);
    browser.get(&format!("/admin/setup?token={}", token.expose())).await;
    let fields = [("token", token.expose()), ("email", OWNER), ("name", "Canary"), ("password", PASSWORD)];
    browser.post("/admin/setup", &fields).await;
    let session = browser.cookie("admin");
    sign_in(&Browser::new(&shop), OWNER, "guess number one").await;
    browser.post("/admin/reset", &[("email", OWNER)]).await;
    browser
        .post("/admin/staff/invite", &[("name", "Canary"), ("email", "grace@shop.example"), ("role", "manager")])
        .await;
    workers::until_idle(&shop.shop).await.expect("the workers come to rest");
    let reset = letter_link(&shop);
    browser.get(&reset).await;
    browser.get("/admin/nothing?email=grace@shop.example").await;
    browser.post_raw("/admin/sign-in", "\u{0}").await;
    // A failure has its line, too: the database is gone.
    shop.shop.storage.execute_script("drop table staff_letters".to_owned()).await.expect("it is dropped");
    assert_eq!(browser.post("/admin/reset", &[("email", OWNER)]).await.status, 500);
    assert!(workers::until_idle(&shop.shop).await.is_err());
    tracing::info!("the end");
    let said = String::from_utf8_lossy(&heard.0.lock().expect("nobody panicked with it")).into_owned();
    assert!(said.contains("the end") && said.contains("a request failed"), "the log was heard: {said}");
    let audit = "select actor, action, subject, detail, client from audit_log";
    let audit = shop.shop.storage.read(audit, values![]).await.expect("the database answers");
    let audit: Vec<String> = audit.iter().map(|row| format!("{row:?}")).collect();
    let secret = reset.split('=').next_back().expect("a token");
    for canary in [OWNER, "grace@", PASSWORD, "guess number", token.expose(), &session, secret] {
        assert!(!said.contains(canary), "{canary} in the log: {said}");
        assert!(!audit.join("\n").contains(canary), "{canary} in the audit log");
    }
}
