//! The effect `send_letter`: one letter per order and kind (E2).
//!
//! A crash between hand-over and recording repeats it with the same Message-ID; nothing else does.

use rules::effects::Letter;

use super::Carried;
use crate::language::{Language, Words};
use crate::ledger::Fault;
use crate::letters::{self, Envelope};
use crate::mail::MailError;
use crate::shop::Shop;
use crate::storage::effects::EffectRow;
use crate::storage::orders;

pub(super) async fn send(shop: &Shop, effect: &EffectRow) -> Result<Carried, Fault> {
    let word = effect.subject.rsplit(':').next().unwrap_or_default();
    let Some(kind) = Letter::parse(word) else {
        return Ok(Carried::Refused(format!("this version has no letter {word}")));
    };
    let Some(order) = orders::find(&shop.storage, effect.order_id).await? else { return Ok(Carried::Done) };
    let language = Language::of_tag(&order.language);
    let envelope = Envelope {
        shop_name: shop.settings.name(language).to_owned(),
        order_url: format!(
            "{}{}/orders/{}?token={}",
            shop.config.base_url,
            language.prefix(),
            order.id,
            shop.order_token(order.id)
        ),
        base_url: shop.config.base_url.clone(),
        sandbox: shop.config.sandbox.is_some(),
    };
    let letter = match letters::render(Words::get(), kind, &order, &envelope) {
        Ok(letter) => letter,
        Err(error) => return Ok(Carried::Unknown(error.to_string())),
    };
    match shop.mailer.send(&letter).await {
        Ok(()) => {
            shop.tell(format!("mail     {} for order {}", kind.as_str().replace('_', " "), order.number));
            Ok(Carried::Done)
        }
        Err(MailError::Refused(why)) => Ok(Carried::Refused(why)),
        Err(MailError::Unavailable(why)) => Ok(Carried::Unknown(why)),
    }
}
