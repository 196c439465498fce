//! The letter that an endpoint of webhooks was disabled: to the owner, once.

use minijinja::context;

use super::{Envelope, LetterError, host, one_line};
use crate::language::Words;
use crate::mail::Letter;
use crate::theme::Theme;

/// What the letter is about.
#[derive(Debug, Clone, Copy)]
pub struct Disabled<'a> {
    /// Of the endpoint.
    pub id: &'a str,
    pub url: &'a str,
    /// The first failure, in microseconds: when it fails another time, that is another letter.
    pub since: i64,
    /// It said itself that it is gone; otherwise nothing arrived for days.
    pub is_gone: bool,
}

pub fn render(
    words: &Words,
    theme: &Theme,
    disabled: Disabled<'_>,
    envelope: &Envelope,
) -> Result<Letter, LetterError> {
    let language = envelope.owner_language;
    let subject = words.say(language, "letter-endpoint-subject", &[("shop", envelope.shop_name.as_str().into())]);
    let subject = one_line(&subject);
    let context = context! {
        lang => language.tag(),
        subject => subject.as_str(),
        shop_name => envelope.shop_name.as_str(),
        sandbox => envelope.sandbox,
        url => disabled.url,
        is_gone => disabled.is_gone,
    };
    let write = |name: &str| {
        super::write(words, theme, language, name, name, &context)
            .map_err(|error| LetterError { kind: "endpoint_disabled", error })
    };
    Ok(Letter {
        message_id: format!("{}.{}.disabled@{}", disabled.id, disabled.since, host(&envelope.base_url)),
        thread_id: format!("{}@{}", disabled.id, host(&envelope.base_url)),
        to: envelope.owner_email.clone(),
        subject,
        text: write("letters/endpoint_disabled.txt")?,
        html: write("letters/endpoint_disabled.html")?,
    })
}
