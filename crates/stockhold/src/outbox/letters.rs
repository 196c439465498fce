//! The effect `send_letter`: one letter per order and kind (E2).
//!
//! A crash between hand-over and recording repeats it with the same Message-ID; nothing else does.

use rules::effects::Letter;
use rules::orders::Status;
use rules::payments::Purpose;

use super::Carried;
use crate::language::Language;
use crate::ledger::Fault;
use crate::letters::{self, Envelope};
use crate::mail::{self, MailError};
use crate::shop::{Settings, Shop};
use crate::storage::effects::{self, EffectRow};
use crate::storage::order_notes::AGAIN;
use crate::storage::orders::{self, OrderView};

pub(super) async fn send(shop: &Shop, effect: &EffectRow) -> Result<Carried, Fault> {
    // ORDER:LETTER or ORDER:LETTER:ABOUT, as `Effect::subject` writes it.
    let mut parts = effect.subject.splitn(3, ':').skip(1);
    let (word, about) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // Whoever asks for a letter once more gives that wish a name, and it is another letter.
    let (about, again) = about.split_once(AGAIN).unwrap_or((about, ""));
    let Some(kind) = Letter::parse(word) else {
        return Ok(Carried::Refused(format!("this version has no letter {word}")));
    };
    let Some(order) = orders::find(&shop.storage, effect.order_id).await? else { return Ok(Carried::Done) };
    // Whoever was erased is not written to, and there is nowhere to write.
    if is_overtaken(kind, about, &order) || (order.is_erased() && !kind.to_owner()) {
        return Ok(Carried::Done);
    }
    let settings = shop.read_settings().await?;
    if kind == Letter::OrderConfirmed && settings.owner_order_letters {
        // Before the buyer's own, whose address may be refused; a repeat finds it there.
        effects::queue_letter(&shop.storage, order.id, Letter::OwnerNewOrder, shop.now()).await?;
    }
    let language = if kind.to_owner() { settings.owner_language } else { Language::of_tag(&order.language) };
    let order_url = format!(
        "{}{}/orders/{}?token={}",
        shop.config.base_url,
        language.prefix(),
        order.id,
        shop.order_token(order.id)
    );
    let envelope = envelope(shop, &settings, language, order_url);
    let letter = match letters::render(&shop.words, &shop.theme, kind, about, &order, &envelope) {
        Ok(letter) if again.is_empty() => letter,
        Ok(letter) => mail::Letter { message_id: format!("{again}.{}", letter.message_id), ..letter },
        Err(error) => return Ok(Carried::Unknown(error.to_string().into())),
    };
    match shop.mailer.send(&letter).await {
        Ok(()) => {
            shop.tell(format!("mail     {} for order {}", kind.as_str().replace('_', " "), order.number));
            Ok(Carried::Done)
        }
        Err(MailError::Refused(why)) => Ok(Carried::Refused(why)),
        Err(MailError::Unavailable(why)) => Ok(Carried::Unknown(why.into())),
    }
}

/// Subject and text of a letter as it would be, for whoever wants to read it before it is sent.
pub async fn preview(shop: &Shop, kind: Letter, about: &str, order: &OrderView) -> Result<(String, String), Fault> {
    let settings = shop.read_settings().await?;
    let language = if kind.to_owner() { settings.owner_language } else { Language::of_tag(&order.language) };
    // The link is the buyer's alone.
    let order_url = format!("{}{}/orders/…", shop.config.base_url, language.prefix());
    let envelope = envelope(shop, &settings, language, order_url);
    let letter = letters::render(&shop.words, &shop.theme, kind, about, order, &envelope);
    letter.map(|letter| (letter.subject, letter.text)).map_err(|error| Fault(error.to_string()))
}

/// What is not true any more is not written: money that has come back since is not called sent (R1), an order that is
/// called off is not called confirmed, and nobody is asked to do what is done. Each has a letter of its own.
fn is_overtaken(kind: Letter, about: &str, order: &OrderView) -> bool {
    let refund = order.refunds.iter().find(|refund| refund.id.to_string() == about);
    let all_goes_back = order.going_back() == order.captured();
    match kind {
        Letter::PaymentProcessing => order.status != Status::Processing,
        Letter::PaymentFailed => order.captured() > 0,
        Letter::RefundSent => refund.is_none_or(|refund| !refund.state.is_alive()),
        Letter::OrderConfirmed | Letter::OwnerNewOrder => {
            order.lines.iter().all(|line| line.cancelled == line.quantity)
        }
        Letter::OwnerRefundFailed => all_goes_back || refund.is_some_and(|refund| refund.state.is_alive()),
        Letter::OwnerPaymentDiffers => {
            !order.payments.iter().any(|payment| payment.purpose == Purpose::Mismatch && payment.left_minor() > 0)
        }
        Letter::OrderShipped
        | Letter::OrderLink
        | Letter::LateRefund
        | Letter::OrderCancelled
        | Letter::OwnerLatePayment
        | Letter::OwnerDispute
        | Letter::OwnerRefundUnassigned => false,
    }
}

/// What stands around every letter; a letter about no order has no order's link.
pub(super) fn envelope(shop: &Shop, settings: &Settings, language: Language, order_url: String) -> Envelope {
    Envelope {
        shop_name: settings.name(language).to_owned(),
        order_url,
        base_url: shop.config.base_url.clone(),
        admin_url: shop.config.admin_url(),
        sandbox: shop.config.sandbox.is_some(),
        owner_email: owner_email(shop, settings),
        owner_language: settings.owner_language,
    }
}

/// The owner's own address if it is set, else the one that letters come from.
fn owner_email(shop: &Shop, settings: &Settings) -> String {
    let set = Some(settings.owner_email.clone()).filter(|email| !email.is_empty());
    set.unwrap_or_else(|| shop.mailer.sender())
}
