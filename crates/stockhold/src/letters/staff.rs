//! Letters to those who work in the shop: an invitation, a link for a new password.

use minijinja::context;

use super::{Envelope, LetterError, host, one_line};
use crate::language::{Language, Words};
use crate::mail::Letter;
use crate::storage::staff::Purpose;
use crate::theme::Theme;

/// What the letter is about.
#[derive(Debug, Clone, Copy)]
pub struct ToStaff<'a> {
    /// Of the wish. A repeat has another link, so it is another letter: the attempt is part of its Message-ID.
    pub id: &'a str,
    pub attempt: i64,
    pub purpose: Purpose,
    pub to: &'a str,
    pub name: &'a str,
    /// The link with its secret.
    pub url: &'a str,
}

pub fn render(
    words: &Words,
    theme: &Theme,
    language: Language,
    letter: ToStaff<'_>,
    envelope: &Envelope,
) -> Result<Letter, LetterError> {
    let key = |part: &str| match letter.purpose {
        Purpose::Invite => format!("letter-staff-invite-{part}"),
        Purpose::Setup | Purpose::Reset | Purpose::Code => format!("letter-staff-reset-{part}"),
    };
    let named = [("shop", envelope.shop_name.as_str().into()), ("name", letter.name.into())];
    let say = |part: &str| words.say(language, &key(part), &named);
    let subject = one_line(&say("subject"));
    let context = context! {
        lang => language.tag(),
        subject => subject.as_str(),
        shop_name => envelope.shop_name.as_str(),
        sandbox => envelope.sandbox,
        heading => say("heading"),
        text => say("text"),
        button => say("button"),
        url => letter.url,
        last => say("last"),
    };
    let write = |name: &str| {
        super::write(words, theme, language, name, name, &context).map_err(|error| LetterError { kind: "staff", error })
    };
    Ok(Letter {
        message_id: format!("{}.{}.staff@{}", letter.id, letter.attempt, host(&envelope.base_url)),
        thread_id: format!("{}@{}", letter.id, host(&envelope.base_url)),
        to: letter.to.to_owned(),
        subject,
        text: write("letters/staff.txt")?,
        html: write("letters/staff.html")?,
    })
}
