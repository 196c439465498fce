//! The hosted payment page: a plain bank terminal in which every choice is one test case of the payment engine.
//!
//! It works without JavaScript. Ids that browser tests rely on: `form#terminal`, `input#card`, `input#email`,
//! `select#method`, `select#webhooks`, `button#pay`, `button#expire`, `button#authenticate`,
//! `button#fail-authentication`, `a#back`, `p#message`, `p#closed`.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::html::{escape, option, origin, page};
use crate::sessions::{self, DELAYED_METHOD};
use crate::webhooks::WebhookMode;
use crate::{Pay, PayError, Sandbox, form, money};

const GOOD_CARD: &str = "4242 4242 4242 4242";

struct Words {
    language: &'static str,
    strip: &'static str,
    title: &'static str,
    discount: &'static str,
    shipping: &'static str,
    total: &'static str,
    email: &'static str,
    card: &'static str,
    method: &'static str,
    methods: [(&'static str, &'static str); 13],
    webhooks: &'static str,
    travel: [(&'static str, &'static str); 7],
    pay: &'static str,
    nothing_due: &'static str,
    expire: &'static str,
    back: &'static str,
    question: &'static str,
    authenticate: &'static str,
    refuse: &'static str,
    complete: &'static str,
    expired: &'static str,
    to_shop: &'static str,
    unknown: &'static str,
    declined: &'static str,
    not_offered: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    strip: "Sandbox: nothing here can charge a card",
    title: "Payment terminal",
    discount: "Discount",
    shipping: "Shipping",
    total: "Total",
    email: "E-mail",
    card: "Card number",
    method: "How to pay",
    methods: [
        ("card", "The card number above"),
        ("4000000000000002", "Card: declined"),
        ("4000000000009995", "Card: insufficient funds"),
        ("4000000000000069", "Card: expired"),
        ("4000000000003220", "Card: the bank asks back (3-D Secure)"),
        ("4000000000007726", "Card: refunds wait first"),
        ("4000000000005126", "Card: refunds fail later"),
        ("4000000000000259", "Card: disputed as fraud after payment"),
        ("4000000000002685", "Card: disputed as not received"),
        ("4000000000001976", "Card: the bank only asks (inquiry)"),
        ("4000000000005423", "Card: the issuer warns of fraud"),
        ("delayed_succeeds", "Bank debit: the money arrives later"),
        ("delayed_fails", "Bank debit: fails later"),
    ],
    webhooks: "Tell the shop",
    travel: [
        ("", "as set on the control page"),
        ("on_time", "on time"),
        ("late", "a minute late"),
        ("twice", "twice"),
        ("two_events", "as two events"),
        ("out_of_order", "out of order"),
        ("lost", "never"),
    ],
    pay: "Pay",
    nothing_due: "Complete the order: nothing is due",
    expire: "Let this checkout expire now",
    back: "Back to the shop without paying",
    question: "Your bank asks: do you confirm this payment?",
    authenticate: "Yes, it is me",
    refuse: "No, refuse",
    complete: "This checkout is complete. There is nothing more to do here.",
    expired: "This checkout has expired. Nothing was charged; the shop can start a new one.",
    to_shop: "Back to the shop",
    unknown: "There is no such checkout.",
    declined: "The payment did not go through. You can try again with another card.",
    not_offered: "The shop does not offer this way to pay.",
};

const CHINESE: Words = Words {
    language: "zh-CN",
    strip: "沙盒环境：这里不会扣任何款项",
    title: "支付终端",
    discount: "优惠",
    shipping: "运费",
    total: "合计",
    email: "电子邮箱",
    card: "卡号",
    method: "支付方式",
    methods: [
        ("card", "使用上面的卡号"),
        ("4000000000000002", "银行卡：拒付"),
        ("4000000000009995", "银行卡：余额不足"),
        ("4000000000000069", "银行卡：已过期"),
        ("4000000000003220", "银行卡：需要银行验证（3-D Secure）"),
        ("4000000000007726", "银行卡：退款先处理中"),
        ("4000000000005126", "银行卡：退款稍后失败"),
        ("4000000000000259", "银行卡：付款后因欺诈发生争议"),
        ("4000000000002685", "银行卡：付款后因未收到商品发生争议"),
        ("4000000000001976", "银行卡：银行仅询问（查询）"),
        ("4000000000005423", "银行卡：发卡行预警欺诈"),
        ("delayed_succeeds", "银行扣款：稍后到账"),
        ("delayed_fails", "银行扣款：稍后失败"),
    ],
    webhooks: "通知商店",
    travel: [
        ("", "按控制页设置"),
        ("on_time", "准时"),
        ("late", "晚一分钟"),
        ("twice", "两次"),
        ("two_events", "作为两个事件"),
        ("out_of_order", "乱序"),
        ("lost", "不通知"),
    ],
    pay: "支付",
    nothing_due: "完成订单：无需付款",
    expire: "让此次结账立即过期",
    back: "不付款，返回商店",
    question: "银行询问：您确认这笔付款吗？",
    authenticate: "是我本人，确认",
    refuse: "不，拒绝",
    complete: "此次结账已完成，这里无需再操作。",
    expired: "此次结账已过期，没有扣款；可以在商店重新结账。",
    to_shop: "返回商店",
    unknown: "没有这次结账。",
    declined: "付款没有成功，可以换一张卡再试。",
    not_offered: "商店不提供这种支付方式。",
};

/// The session's language; left to the browser when the shop has not chosen one.
fn words(session: &Value, headers: &HeaderMap) -> &'static Words {
    let wished = headers.get(header::ACCEPT_LANGUAGE).and_then(|wish| wish.to_str().ok()).unwrap_or_default();
    let locale = session["locale"].as_str().filter(|locale| *locale != "auto").unwrap_or(wished);
    if locale.starts_with("zh") { &CHINESE } else { &ENGLISH }
}

pub async fn show(State(sandbox): State<Sandbox>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    sandbox.expire_due();
    render(&sandbox, &id, &headers, None)
}

pub async fn press(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let pairs = std::str::from_utf8(&body).ok().and_then(|text| form::decode(text).ok()).unwrap_or_default();
    let field = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let pay = match (field("action"), field("method")) {
        ("expire", _) => {
            // Losing the race against a payment is no error here: the page then says what happened instead.
            let _ = sandbox.act(None, |act| sessions::expire(act, &id, &Vec::new()));
            return render(&sandbox, &id, &headers, None);
        }
        ("authenticate", _) => Pay::Authenticate,
        ("fail-authentication", _) => Pay::FailAuthentication,
        (_, "delayed_succeeds") => Pay::DelayedSucceeds,
        (_, "delayed_fails") => Pay::DelayedFails,
        (_, "card" | "") => Pay::Card(field("card").to_owned()),
        (_, number) => Pay::Card(number.to_owned()),
    };
    let travel = WebhookMode::parse(field("webhooks"), WebhookMode::LATE_SECONDS);
    let email = Some(field("email")).filter(|email| email.contains('@'));
    match sandbox.pay_as(&id, &pay, email, travel) {
        Ok(session) => {
            let target = session["success_url"].as_str().unwrap_or("/").replace("{CHECKOUT_SESSION_ID}", &id);
            match HeaderValue::from_str(&target) {
                Ok(target) => (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response(),
                Err(_) => render(&sandbox, &id, &headers, None),
            }
        }
        Err(PayError::AuthenticationRequired | PayError::NotOpen { .. } | PayError::UnknownSession) => {
            render(&sandbox, &id, &headers, None)
        }
        Err(failure) => render(&sandbox, &id, &headers, Some(&failure)),
    }
}

fn render(sandbox: &Sandbox, id: &str, headers: &HeaderMap, failure: Option<&PayError>) -> Response {
    let found = sandbox.with_state(|state| {
        let session = state.books.sessions.get(id)?;
        let intent = session["payment_intent"].as_str().and_then(|id| state.books.payment_intents.get(id));
        Some((session.clone(), intent.is_some_and(|intent| intent["status"] == "requires_action")))
    });
    let Some((session, asks_back)) = found else {
        let words = words(&Value::Null, headers);
        let main = format!("<main><div class=\"panel\"><p id=\"closed\">{}</p></div></main>", words.unknown);
        let mut answer = page(words.language, words.title, words.strip, &main, &[]);
        *answer.status_mut() = StatusCode::NOT_FOUND;
        return answer;
    };
    let words = words(&session, headers);
    let mut main = format!(
        "<main><div class=\"panel\"><h1>{}</h1>{}</div><div class=\"panel\">",
        words.title,
        bill(&session, words)
    );
    if let Some(failure) = failure {
        let text = match failure {
            PayError::Declined { .. } => words.declined,
            PayError::MethodNotOffered => words.not_offered,
            _ => "",
        };
        let _ = write!(
            main,
            "<p class=\"bad\" role=\"alert\" id=\"message\">{text} <span class=\"quiet\">{}</span></p>",
            escape(&failure.to_string())
        );
    }
    match session["status"].as_str() {
        Some("open") if asks_back => main.push_str(&confirmation(words)),
        Some("open") => main.push_str(&terminal(&session, words)),
        Some("complete") => main.push_str(&closed(words.complete, words, &success_url(&session, id))),
        _ => main.push_str(&closed(words.expired, words, session["cancel_url"].as_str().unwrap_or_default())),
    }
    main.push_str("</div></main>");
    let origins: Vec<String> =
        ["success_url", "cancel_url"].iter().filter_map(|name| origin(session[*name].as_str()?)).collect();
    page(words.language, words.title, words.strip, &main, &origins)
}

fn success_url(session: &Value, id: &str) -> String {
    session["success_url"].as_str().unwrap_or_default().replace("{CHECKOUT_SESSION_ID}", id)
}

fn bill(session: &Value, words: &Words) -> String {
    let currency = session["currency"].as_str().unwrap_or_default();
    let print = |amount: &Value| escape(&money::print(amount.as_i64().unwrap_or(0), currency));
    let mut rows = String::new();
    for item in sessions::line_items(session) {
        let name = escape(item["description"].as_str().unwrap_or_default());
        let _ = write!(
            rows,
            "<tr><td>{name} × {}</td><td class=\"amount\">{}</td></tr>",
            item["quantity"],
            print(&item["amount_subtotal"])
        );
    }
    let details = &session["total_details"];
    if details["amount_discount"].as_i64().unwrap_or(0) > 0 {
        let _ = write!(
            rows,
            "<tr id=\"discount\"><td>{}</td><td class=\"amount\">−{}</td></tr>",
            words.discount,
            print(&details["amount_discount"])
        );
    }
    if !details["amount_shipping"].is_null() {
        let _ = write!(
            rows,
            "<tr id=\"shipping\"><td>{}</td><td class=\"amount\">{}</td></tr>",
            words.shipping,
            print(&details["amount_shipping"])
        );
    }
    let total = print(&session["amount_total"]);
    let _ =
        write!(rows, "<tr class=\"total\" id=\"total\"><td>{}</td><td class=\"amount\">{total}</td></tr>", words.total);
    format!("<table><tbody>{rows}</tbody></table>")
}

fn terminal(session: &Value, words: &Words) -> String {
    let mut form = String::from("<form method=\"post\" id=\"terminal\">");
    let offers = |method: &str| {
        session["payment_method_types"].as_array().is_some_and(|all| all.iter().any(|one| one == method))
    };
    if session["customer_email"].is_null() {
        let _ = write!(
            form,
            "<label for=\"email\">{}</label><input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" value=\"buyer@example.com\">",
            words.email
        );
    }
    let free = session["amount_total"] == 0;
    if !free {
        let _ = write!(
            form,
            "<label for=\"card\">{}</label><input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"off\" maxlength=\"24\" value=\"{GOOD_CARD}\">",
            words.card
        );
        let _ = write!(form, "<label for=\"method\">{}</label><select id=\"method\" name=\"method\">", words.method);
        for (value, text) in words.methods {
            let kind = if value.starts_with("delayed") { DELAYED_METHOD } else { "card" };
            if offers(kind) {
                form.push_str(&option(value, text, false));
            }
        }
        form.push_str("</select>");
    }
    let _ =
        write!(form, "<label for=\"webhooks\">{}</label><select id=\"webhooks\" name=\"webhooks\">", words.webhooks);
    for (value, text) in words.travel {
        form.push_str(&option(value, text, false));
    }
    let currency = session["currency"].as_str().unwrap_or_default();
    let pay = match free {
        true => words.nothing_due.to_owned(),
        false => format!("{} {}", words.pay, money::print(session["amount_total"].as_i64().unwrap_or(0), currency)),
    };
    let _ = write!(
        form,
        "</select><button class=\"main\" id=\"pay\" name=\"action\" value=\"pay\">{}</button><div class=\"row\">\
         <button id=\"expire\" name=\"action\" value=\"expire\">{}</button>",
        escape(&pay),
        words.expire
    );
    if let Some(back) = session["cancel_url"].as_str() {
        let _ = write!(form, "<a class=\"button\" id=\"back\" href=\"{}\">{}</a>", escape(back), words.back);
    }
    form.push_str("</div></form>");
    form
}

fn confirmation(words: &Words) -> String {
    format!(
        "<form method=\"post\" id=\"terminal\"><h2>{}</h2>\
         <button class=\"main\" id=\"authenticate\" name=\"action\" value=\"authenticate\">{}</button>\
         <div class=\"row\"><button id=\"fail-authentication\" name=\"action\" value=\"fail-authentication\">{}</button></div></form>",
        words.question, words.authenticate, words.refuse
    )
}

fn closed(text: &str, words: &Words, shop: &str) -> String {
    let link = match shop {
        "" => String::new(),
        shop => format!("<p><a class=\"button\" id=\"back\" href=\"{}\">{}</a></p>", escape(shop), words.to_shop),
    };
    format!("<p id=\"closed\" role=\"status\">{text}</p>{link}")
}
