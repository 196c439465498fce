//! Letters to staff: invitations, and links for new passwords.
//!
//! Promise: whoever asked learns nothing but through the letter. The link is drawn here, when the letter is written, and
//! the one before it stops working; a try that failed leaves no link that anybody has seen.

use super::letters::envelope;
use super::wait;
use crate::language::Language;
use crate::ledger::Fault;
use crate::letters::staff::{ToStaff, render};
use crate::mail::MailError;
use crate::shop::Shop;
use crate::staff;
use crate::storage::staff::Purpose;
use crate::storage::staff_letters::{self, ATTEMPTS_MAX, Leased};

const LETTERS_PER_ROUND: i64 = 20;

/// Writes what is due; returns how many wishes came to an end.
pub async fn write(shop: &Shop) -> Result<usize, Fault> {
    let mut ended = 0;
    for id in staff_letters::due(&shop.storage, shop.now(), LETTERS_PER_ROUND).await? {
        ended += usize::from(write_one(shop, &id).await?);
    }
    Ok(ended)
}

async fn write_one(shop: &Shop, id: &str) -> Result<bool, Fault> {
    let Some(leased) = staff_letters::lease(&shop.storage, id, shop.now()).await? else { return Ok(false) };
    let Leased { wanted, attempts, is_too_much } = &leased;
    let member = staff::find(&shop.storage, &wanted.email).await?.filter(|_| !is_too_much);
    let Some(member) = member else {
        staff_letters::done(&shop.storage, id, shop.now()).await?;
        return Ok(true);
    };
    let token = staff::draw_link(&shop.storage, &member, wanted.purpose, shop.now()).await?;
    let language = Language::of_tag(&wanted.language);
    let url = format!("{}{}/admin/links?token={}", shop.config.admin_url(), language.prefix(), token.expose());
    let envelope = envelope(shop, &*shop.read_settings().await?, language, String::new());
    let letter =
        ToStaff { id, attempt: *attempts, purpose: wanted.purpose, to: &member.email, name: &member.name, url: &url };
    let letter = match render(&shop.words, &shop.theme, language, letter, &envelope) {
        Ok(letter) => letter,
        Err(error) => return Err(Fault(error.to_string())),
    };
    match shop.mailer.send(&letter).await {
        Ok(()) => {
            let what = if wanted.purpose == Purpose::Invite { "an invitation" } else { "a link for a new password" };
            shop.tell(format!("mail     {what}"));
        }
        Err(MailError::Refused(why)) => tracing::warn!(why, letter = id, "a letter to staff was refused"),
        Err(MailError::Unavailable(_)) if *attempts >= ATTEMPTS_MAX => {
            tracing::warn!(letter = id, "a letter to staff could not be sent for long and is given up");
        }
        Err(MailError::Unavailable(_)) => {
            staff_letters::try_again_at(&shop.storage, id, shop.now() + wait(*attempts)).await?;
            return Ok(false);
        }
    }
    staff_letters::done(&shop.storage, id, shop.now()).await?;
    Ok(true)
}
