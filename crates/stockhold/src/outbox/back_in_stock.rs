//! Letters to those who asked to hear when goods are back.
//!
//! Promise: one letter a wish. It is leased, sent, and then forgotten with its address; a crash between hand-over and
//! forgetting repeats it with the same Message-ID, and nothing else does.

use rules::text::Sku;

use super::letters::envelope;
use super::wait;
use crate::language::Language;
use crate::ledger::Fault;
use crate::letters::back_in_stock::{Back, render};
use crate::mail::MailError;
use crate::shop::Shop;
use crate::storage::{products, stock_requests};

/// Letters of one round: many may wait for the same goods, and orders' letters go first.
const LETTERS_AT_ONCE: i64 = 50;

/// Writes to those whose goods are there; returns how many letters went.
pub async fn tell(shop: &Shop) -> Result<usize, Fault> {
    let mut told = 0;
    for id in stock_requests::due(&shop.storage, shop.now(), LETTERS_AT_ONCE).await? {
        told += usize::from(tell_one(shop, &id).await?);
    }
    Ok(told)
}

async fn tell_one(shop: &Shop, id: &str) -> Result<bool, Fault> {
    let Some(wish) = stock_requests::lease(&shop.storage, id, shop.now()).await? else { return Ok(false) };
    let skus: Vec<Sku> = Sku::parse(&wish.sku).into_iter().collect();
    let found = products::by_skus(&shop.storage, &skus, shop.now()).await?;
    let product = found.iter().find(|product| product.is_public());
    let Some((product, variant)) = product.and_then(|product| Some((product, product.variant(&wish.sku)?))) else {
        return Ok(false); // Taken off the shelf in this moment; the wish waits.
    };
    let language = Language::of_tag(&wish.language);
    let title = [product.title.get(language), variant.title.get(language)];
    let title = title.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" · ");
    let envelope = envelope(shop, &*shop.read_settings().await?, language, String::new());
    let product_url =
        format!("{}{}/products/{}?variant={}", shop.config.base_url, language.prefix(), product.slug, wish.sku);
    let back = Back { id: &wish.id, to: &wish.email, title: &title, product_url: &product_url };
    let letter = match render(&shop.words, &shop.theme, language, back, &envelope) {
        Ok(letter) => letter,
        Err(error) => return Err(Fault(error.to_string())),
    };
    match shop.mailer.send(&letter).await {
        Ok(()) => {
            stock_requests::remove(&shop.storage, id).await?;
            shop.tell(format!("mail     {} is back", wish.sku));
            Ok(true)
        }
        Err(MailError::Refused(why)) => {
            tracing::warn!(why, wish = id, "a back-in-stock letter was refused; its address is forgotten");
            stock_requests::remove(&shop.storage, id).await?;
            Ok(false)
        }
        Err(MailError::Unavailable(_)) if wish.attempts >= stock_requests::ATTEMPTS_MAX => {
            tracing::warn!(wish = id, "a back-in-stock letter could not be sent for long; its address is forgotten");
            stock_requests::remove(&shop.storage, id).await?;
            Ok(false)
        }
        Err(MailError::Unavailable(_)) => {
            stock_requests::try_again_at(&shop.storage, id, shop.now() + wait(wish.attempts)).await?;
            Ok(false)
        }
    }
}
