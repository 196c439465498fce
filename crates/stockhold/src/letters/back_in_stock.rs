//! The letter that goods are back: to whoever asked for it, once.

use minijinja::context;

use super::{Envelope, LetterError, host, one_line};
use crate::language::{Language, Words};
use crate::mail::Letter;
use crate::theme::Theme;

/// What the letter is about.
#[derive(Debug, Clone, Copy)]
pub struct Back<'a> {
    /// Of the wish: a repeat has the same.
    pub id: &'a str,
    pub to: &'a str,
    pub title: &'a str,
    pub product_url: &'a str,
}

pub fn render(
    words: &Words,
    theme: &Theme,
    language: Language,
    back: Back<'_>,
    envelope: &Envelope,
) -> Result<Letter, LetterError> {
    let named = [("title", back.title.into()), ("shop", envelope.shop_name.as_str().into())];
    let subject = one_line(&words.say(language, "letter-back-subject", &named));
    let context = context! {
        lang => language.tag(),
        subject => subject.as_str(),
        shop_name => envelope.shop_name.as_str(),
        sandbox => envelope.sandbox,
        title => back.title,
        product_url => back.product_url,
    };
    let write = |name: &str| {
        super::write(words, theme, language, name, name, &context)
            .map_err(|error| LetterError { kind: "back_in_stock", error })
    };
    Ok(Letter {
        message_id: format!("{}.back@{}", back.id, host(&envelope.base_url)),
        thread_id: format!("{}@{}", back.id, host(&envelope.base_url)),
        to: back.to.to_owned(),
        subject,
        text: write("letters/back_in_stock.txt")?,
        html: write("letters/back_in_stock.html")?,
    })
}
