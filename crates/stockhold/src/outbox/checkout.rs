//! From a filled-in form to a payment page: the buyer's older order is closed, the new one placed, its session opened.

use rules::cart::{self, CartLine};
use rules::commands::Refusal;
use rules::commands::place_order::PlaceOrder;
use rules::commands::record_checkout::{CheckoutAnswer, RecordCheckout};
use rules::coupons::{CouponCode, CouponRefusal};
use rules::ids::OrderId;
use rules::money::Money;
use rules::orders::{Session, Status};
use rules::places::Destination;
use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};

use super::{Carried, carry_out, close, coupon_id, key_may_be_gone, open_effect};
use crate::language::Language;
use crate::ledger::{Failure, Fault};
use crate::shop::Shop;
use crate::storage::effects::{self, EffectRow};
use crate::storage::orders::{self, OrderView};
use crate::stripe::Call;
use crate::stripe::client::{FrozenForm, IdempotencyKey};
use crate::stripe::wire::{self, CheckoutParameters, Delivery, Discount};

/// Stripe refuses `expires_at` under 30 minutes after *it* receives the request, so a margin for queues and retries
/// comes on top. The shop closes the session itself when the hold is due; this is only the backstop, and it leaves room
/// for the one time that a hold may be lengthened: a session's end cannot be moved.
const SESSION_LIVES_MIN: Span = Span::minutes(30);
/// Stripe's own limit.
const SESSION_LIVES_MAX: Span = Span::minutes(24 * 60);
const SESSION_MARGIN: Span = Span::minutes(5);

/// What a door knows of a checkout; prices are the shop's own.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    pub order_id: OrderId,
    pub request_hash: String,
    pub lines: Vec<CartLine>,
    pub email: Email,
    /// Where it came from, hashed; empty for a trusted key.
    pub client: String,
    pub cart_id: String,
    pub language: String,
    pub shipping_address: String,
    /// Where it goes, as far as shipping and taxes ask.
    pub destination: Option<Destination>,
    pub shipping_method: Option<String>,
    pub coupon: Option<CouponCode>,
    /// What the buyer was shown, when they were shown a total.
    pub total_shown: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedCheckout {
    pub order_id: OrderId,
    /// Stripe's payment page; the order's own page once there is nothing left to pay.
    pub checkout_url: Option<String>,
    pub again: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckoutFailure {
    #[error(transparent)]
    Refused(Refusal),
    /// Stripe cannot be reached, or its answer is not known: nothing was charged.
    #[error("The payment provider cannot be reached. Nothing was charged.")]
    ProviderUnavailable,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Failure> for CheckoutFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => CheckoutFailure::Refused(refusal),
            Failure::Fault(fault) => CheckoutFailure::Fault(fault),
        }
    }
}

/// Everything between the button and the payment page. The same request again leads to the same page.
pub async fn check_out(shop: &Shop, request: CheckoutRequest) -> Result<OpenedCheckout, CheckoutFailure> {
    replace_older_orders(shop, &request).await?;
    let again = place(shop, &request).await?;
    open_page(shop, request.order_id, again).await
}

/// A buyer who comes back replaces their own order: its session is closed first, so that the last unit is theirs
/// again and never payable twice (scenarios S8, P14).
async fn replace_older_orders(shop: &Shop, request: &CheckoutRequest) -> Result<(), CheckoutFailure> {
    let older =
        orders::live_of_buyer(&shop.storage, &request.email.buyer(), &request.cart_id).await.map_err(Fault::from)?;
    if older.contains(&request.order_id) {
        return Ok(()); // The same form again: its order stands, and the older ones were closed then.
    }
    for order_id in older {
        if let Carried::Unknown(_) = close(shop, order_id).await? {
            return Err(CheckoutFailure::ProviderUnavailable);
        }
    }
    Ok(())
}

/// Places the order; when stock is short only because of due holds, those are taken back on the spot first.
async fn place(shop: &Shop, request: &CheckoutRequest) -> Result<bool, CheckoutFailure> {
    let command = PlaceOrder {
        order_id: request.order_id,
        request_hash: request.request_hash.clone(),
        lines: request.lines.clone(),
        email: request.email.clone(),
        formerly: shop.name_when_erased(&request.email.buyer()),
        client: request.client.clone(),
        cart_id: request.cart_id.clone(),
        language: request.language.clone(),
        shipping_address: request.shipping_address.clone(),
        destination: request.destination.clone(),
        shipping_method: request.shipping_method.clone(),
        coupon: request.coupon.clone(),
        total_shown: request.total_shown,
    };
    let first = shop.ledger.place_order(command.clone(), shop.now()).await;
    let placed = match first {
        Err(Failure::Refused(Refusal::OutOfStock { lines })) => {
            let short: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
            // The other click of a double click may have placed this very order a moment ago: it is what holds them.
            let stands = orders::find(&shop.storage, request.order_id).await.map_err(Fault::from)?.is_some();
            if !stands && !take_due_holds_back(shop, &short).await? {
                return Err(CheckoutFailure::Refused(Refusal::OutOfStock { lines }));
            }
            shop.ledger.place_order(command, shop.now()).await?
        }
        // The code is used up, but perhaps only by holds that are due.
        Err(Failure::Refused(refusal @ Refusal::Coupon(CouponRefusal::UsedUp))) => {
            let stands = orders::find(&shop.storage, request.order_id).await.map_err(Fault::from)?.is_some();
            if !stands && !take_due_uses_back(shop, request).await? {
                return Err(CheckoutFailure::Refused(refusal));
            }
            shop.ledger.place_order(command, shop.now()).await?
        }
        other => other?,
    };
    if !placed.again {
        let units: i64 = cart::demand(&request.lines).values().sum();
        shop.tell(format!("held     {units} units for order {}", placed.number));
    }
    Ok(placed.again)
}

/// Closes the sessions of due orders that hold these SKUs; true if any was closed.
async fn take_due_holds_back(shop: &Shop, skus: &[Sku]) -> Result<bool, Fault> {
    let names = skus.iter().map(Sku::to_string).collect();
    close_all(shop, orders::due_holding(&shop.storage, names, shop.now()).await?).await
}

/// The same for due orders that have the use of this code.
async fn take_due_uses_back(shop: &Shop, request: &CheckoutRequest) -> Result<bool, Fault> {
    let Some(code) = &request.coupon else { return Ok(false) };
    close_all(shop, orders::due_with_coupon(&shop.storage, code.as_str(), shop.now()).await?).await
}

async fn close_all(shop: &Shop, due: Vec<OrderId>) -> Result<bool, Fault> {
    let mut any = false;
    for order_id in due {
        any |= close(shop, order_id).await? == Carried::Done;
    }
    Ok(any)
}

async fn open_page(shop: &Shop, order_id: OrderId, again: bool) -> Result<OpenedCheckout, CheckoutFailure> {
    let effect_id = open_effect(order_id);
    if carry_out(shop, &effect_id).await? == Carried::NotDue
        && let Some(effect) = effects::find(&shop.storage, &effect_id).await.map_err(Fault::from)?
    {
        // The same form, sent twice: the other one is at it. The same bytes under the same key lead both to the one
        // page; Stripe lets only one through at a time.
        open(shop, &effect).await?;
    }
    let order = orders::find(&shop.storage, order_id).await.map_err(Fault::from)?;
    let order = order.ok_or_else(|| Fault("a placed order is gone".to_owned()))?;
    let page = |url: Option<String>| Ok(OpenedCheckout { order_id, checkout_url: url, again });
    match (order.status, order.session_state, &order.session_url) {
        (Status::Pending, Session::Open, Some(url)) => page(Some(url.clone())),
        // Nothing to pay: the order's own page asks for a confirmation (C14).
        (Status::Pending, Session::Never, _) => page(None),
        (Status::Pending, _, _) => Err(CheckoutFailure::ProviderUnavailable),
        (Status::Expired, Session::Never, _) if !again => Err(CheckoutFailure::ProviderUnavailable),
        // Paid, expired or cancelled meanwhile: the order's own page says so. "Try again" would be a lie.
        _ => page(None),
    }
}

/// The effect `open_checkout`: opens a session at Stripe for an order that has none yet.
pub(super) async fn open(shop: &Shop, effect: &EffectRow) -> Result<Carried, Fault> {
    let Some(order) = orders::find(&shop.storage, effect.order_id).await? else { return Ok(Carried::Done) };
    if order.session_state != Session::Opening {
        return Ok(Carried::Done);
    }
    if key_may_be_gone(effect, shop.now()) {
        return look_up(shop, &order, effect).await;
    }
    let forms = Forms::of(&parameters(shop, &order, shop.now()));
    let forms = Forms::from_stored(&effects::freeze(&shop.storage, &effect.id, &forms.stored()).await?);
    if let Some(form) = &forms.coupon {
        let key = IdempotencyKey::new(format!("stockhold:{}:1:coupon", order.id));
        match shop.stripe.create_coupon(&key, form).await {
            Call::Done(_) => {}
            // The id is the order's own: it was made by an earlier try whose answer was lost.
            Call::Refused(rejection) if rejection.code.as_deref() == Some("resource_already_exists") => {}
            // An earlier try may have come further than this one: only Stripe's list tells.
            Call::Refused(_) if effect.attempts > 1 => return look_up(shop, &order, effect).await,
            Call::Refused(rejection) => {
                let why = rejection.to_string();
                never_opened(shop, order.id, &why).await?;
                return Ok(Carried::Refused(why));
            }
            Call::Unknown(uncertainty) if uncertainty.is_kept => return look_up(shop, &order, effect).await,
            Call::Unknown(uncertainty) => return Ok(Carried::Unknown(uncertainty.into())),
        }
    }
    let key = IdempotencyKey::new(format!("stockhold:{}:1:session", order.id));
    match shop.stripe.create_session(&key, &forms.session).await {
        Call::Done(session) => opened(shop, order.id, &session).await,
        Call::Refused(rejection) => {
            let why = rejection.to_string();
            never_opened(shop, order.id, &why).await?;
            Ok(Carried::Refused(why))
        }
        // A kept 500 is all that this key will ever answer: the buyer must not wait a day for it.
        Call::Unknown(uncertainty) if uncertainty.is_kept => look_up(shop, &order, effect).await,
        Call::Unknown(uncertainty) => Ok(Carried::Unknown(uncertainty.into())),
    }
}

/// What is sent to open a payment page, frozen together before the first try: the session, and before it the one-off
/// coupon whose discount it names. A form has no line breaks, so one parts the two.
struct Forms {
    session: FrozenForm,
    coupon: Option<FrozenForm>,
}

impl Forms {
    fn of(parameters: &CheckoutParameters) -> Forms {
        Forms { session: wire::open_checkout_form(parameters), coupon: wire::discount_form(parameters) }
    }

    fn stored(&self) -> String {
        let parts: Vec<&str> =
            [Some(&self.session), self.coupon.as_ref()].into_iter().flatten().map(FrozenForm::as_str).collect();
        parts.join("\n")
    }

    fn from_stored(text: &str) -> Forms {
        let mut parts = text.splitn(2, '\n').map(|part| FrozenForm::from_stored(part.to_owned()));
        Forms { session: parts.next().expect("text has a first line"), coupon: parts.next() }
    }
}

/// After a day of not knowing, the key may be forgotten: sending again could open a second session. Stripe's list
/// tells whether the first try arrived.
async fn look_up(shop: &Shop, order: &OrderView, effect: &EffectRow) -> Result<Carried, Fault> {
    let since = effect.created_at.seconds() - 60;
    let mut after: Option<String> = None;
    loop {
        let page = match shop.stripe.sessions_created_since(since, after.as_deref()).await {
            Call::Done(page) => page,
            Call::Refused(rejection) => return Ok(Carried::Unknown(rejection.to_string().into())),
            Call::Unknown(uncertainty) => return Ok(Carried::Unknown(uncertainty.into())),
        };
        let own = order.id.to_string();
        if let Some(session) = page.data.iter().find(|session| session.client_reference_id.as_deref() == Some(&own)) {
            return opened(shop, order.id, session).await;
        }
        match page.data.last().filter(|_| page.has_more) {
            Some(last) => after = Some(last.id.clone()),
            None => {
                never_opened(shop, order.id, "Stripe never heard of it").await?;
                return Ok(Carried::Done);
            }
        }
    }
}

async fn opened(shop: &Shop, order_id: OrderId, session: &wire::Session) -> Result<Carried, Fault> {
    let answer = CheckoutAnswer::Opened {
        fact: session.fact(),
        url: session.url.clone(),
        expires_at: Timestamp::from_seconds(session.expires_at),
    };
    record(shop, order_id, answer).await
}

async fn never_opened(shop: &Shop, order_id: OrderId, why: &str) -> Result<Carried, Fault> {
    record(shop, order_id, CheckoutAnswer::NeverOpened { why: why.to_owned() }).await
}

async fn record(shop: &Shop, order_id: OrderId, answer: CheckoutAnswer) -> Result<Carried, Fault> {
    match shop.ledger.record_checkout(RecordCheckout { order_id, answer }, shop.now()).await {
        Ok(_) => Ok(Carried::Done),
        Err(Failure::Refused(refusal)) => Ok(Carried::Refused(refusal.to_string())),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn parameters(shop: &Shop, order: &OrderView, now: Timestamp) -> CheckoutParameters {
    let prefix = if order.language == "zh-CN" { "/zh" } else { "" };
    let base = &shop.config.base_url;
    let twice = order.hold_due_at + (order.hold_due_at - order.reserved_at);
    let lives_until = twice.max(now + SESSION_LIVES_MIN) + SESSION_MARGIN;
    let lives_until = lives_until.min(now + SESSION_LIVES_MAX - SESSION_MARGIN);
    CheckoutParameters {
        order_id: order.id,
        shop_id: shop.shop_id(),
        currency: order.currency,
        lines: order
            .lines
            .iter()
            .map(|line| (name(&line.title, &line.variant_title), line.quantity, line.unit_price))
            .collect(),
        email: order.email.clone(),
        locale: if order.language == "zh-CN" { "zh" } else { "en" },
        success_url: format!("{base}{prefix}/success?session_id={{CHECKOUT_SESSION_ID}}"),
        cancel_url: format!("{base}{prefix}/cart"),
        expires_at: lives_until.seconds(),
        discount: (order.discount > 0).then(|| Discount {
            coupon_id: coupon_id(order.id),
            amount_off: order.discount,
            name: order.coupon.clone().unwrap_or_default(),
        }),
        delivery: order.delivery.as_ref().map(|delivery| Delivery {
            title: delivery.title.clone(),
            amount: order.shipping,
            days: delivery.days.map(|days| (days.min, days.max)),
        }),
        tax: (order.tax_added() > 0).then(|| (tax_name(shop, &order.language), order.tax_added())),
    }
}

/// What the buyer reads on Stripe's page beside the tax.
fn tax_name(shop: &Shop, language: &str) -> String {
    shop.words.say(Language::of_tag(language), "order-tax", &[])
}

fn name(title: &str, variant_title: &str) -> String {
    if variant_title.is_empty() { title.to_owned() } else { format!("{title} · {variant_title}") }
}
