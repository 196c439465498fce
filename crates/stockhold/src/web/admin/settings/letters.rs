//! Letters: what each says, with sample data, and those that have not gone.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::response::Response;
use minijinja::context;
use serde::Deserialize;

use super::found;
use crate::language::Language;
use crate::letters::{self, sample};
use crate::storage::effects;
use crate::web::PageError;
use crate::web::admin::desk::Desk;

/// More letters that wait at once are a mail server that is away: they go together.
const SHOWN: usize = 100;

#[derive(Debug, Deserialize)]
pub struct Tag {
    #[serde(default)]
    lang: String,
}

pub async fn list(desk: Desk) -> Result<Response, PageError> {
    let languages: Vec<_> = Language::ALL.iter().map(|language| context! { tag => language.tag() }).collect();
    let names: Vec<_> = sample::letters(Language::En)
        .iter()
        .map(|sample| {
            let subject = written(&desk, sample.name, desk.language).map(|letter| letter.subject).unwrap_or_default();
            context! { name => sample.name, subject, to_owner => sample.kind.to_owner() }
        })
        .collect();
    let waiting = effects::open_letters(&desk.shop.storage).await?;
    let waiting: Vec<_> = waiting
        .iter()
        .take(SHOWN)
        .map(|letter| {
            let kind = letter.subject.split(':').nth(1).unwrap_or_default().replace('_', "-");
            context! {
                id => letter.id.as_str(), kind => desk.say(&format!("admin-orders-letter-{kind}"), &[]),
                number => letter.number.to_string(), is_refused => letter.state == "refused",
                due_at => desk.time(letter.due_at), error => letter.error.as_str(),
            }
        })
        .collect();
    let has_server = desk.shop.config.smtp_url.is_some();
    let sender = desk.shop.mailer.sender();
    let context = context! { names, languages, waiting, has_server, sender, section => "letters" };
    desk.page(super::OK, "admin/settings/letters.html", context)
}

pub async fn show(
    desk: Desk,
    name: Result<Path<String>, PathRejection>,
    tag: Result<Query<Tag>, QueryRejection>,
) -> Result<Response, PageError> {
    let name = name?.0;
    let language = Language::parse(&tag?.0.lang).unwrap_or(desk.language);
    let letter = found(written(&desk, &name, language))?;
    let languages: Vec<_> =
        Language::ALL.iter().map(|other| context! { tag => other.tag(), here => *other == language }).collect();
    let context = context! { name, languages, lang_of_letter => language.tag(), subject => letter.subject, text => letter.text, section => "letters" };
    desk.page(super::OK, "admin/settings/letter.html", context)
}

/// Tries a letter now that has not gone.
pub async fn send_again(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let again = effects::retry_letter(&desk.shop.storage, &id?.0, desk.shop.now()).await?;
    desk.shop.wake_workers();
    Ok(desk.done("/admin/settings/letters", if again { "letter-again" } else { "letter-gone" }))
}

/// What a reader sees of a letter.
struct Written {
    subject: String,
    text: String,
}

/// A letter with sample data, in the words that it would be sent with now.
fn written(desk: &Desk, name: &str, language: Language) -> Option<Written> {
    let sample = sample::letters(language).into_iter().find(|sample| sample.name == name)?;
    let mut envelope = sample::envelope(language);
    desk.settings.name(language).clone_into(&mut envelope.shop_name);
    let (words, theme) = (&desk.shop.words, &desk.shop.theme);
    let letter = letters::render(words, theme, sample.kind, &sample.about, &sample.order, &envelope).ok()?;
    Some(Written { subject: letter.subject, text: letter.text })
}
