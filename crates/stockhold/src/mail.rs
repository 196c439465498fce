//! Letters go out: by SMTP, or into a mailbox folder when no server is set. A repeat carries the same Message-ID.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};

/// Longer than any healthy mail server takes, shorter than an effect's lease.
const SEND_WITHIN: Duration = Duration::from_secs(20);

/// A letter, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Without angle brackets.
    pub message_id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A letter as the mailbox folder keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLetter {
    pub message_id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Debug, Clone)]
pub struct Mailer {
    from: String,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The same again would be refused again.
    #[error("the letter was refused: {0}")]
    Refused(String),
    #[error("the mail server cannot be reached: {0}")]
    Unavailable(String),
}

impl Mailer {
    pub fn smtp(url: &str, from: &str) -> Result<Mailer, MailError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| MailError::Refused("SMTP_URL is not an smtp:// or smtps:// address".to_owned()))?
            .timeout(Some(SEND_WITHIN))
            .build();
        from.parse::<Mailbox>().map_err(|error| MailError::Refused(format!("STOCKHOLD_MAIL_FROM: {error}")))?;
        Ok(Mailer { from: from.to_owned(), way: Way::Smtp(transport) })
    }

    pub fn folder(folder: PathBuf, from: &str) -> Mailer {
        Mailer { from: from.to_owned(), way: Way::Folder(folder) }
    }

    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = self.message(letter)?;
        match &self.way {
            Way::Folder(folder) => store(folder, letter, &message.formatted()),
            Way::Smtp(transport) => match transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
                Err(error) => Err(MailError::Unavailable(error.to_string())),
            },
        }
    }

    /// The letters in the mailbox folder, newest first; none when letters go by SMTP.
    pub fn stored(&self) -> Vec<StoredLetter> {
        match &self.way {
            Way::Folder(folder) => read_folder(folder),
            Way::Smtp(_) => Vec::new(),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        let refused = |error: String| MailError::Refused(error);
        let from: Mailbox = self.from.parse().map_err(|error| refused(format!("{error}")))?;
        let to = letter.to.parse().map_err(|error| refused(format!("{error}")))?;
        Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(format!("<{}>", letter.message_id)))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| refused(error.to_string()))
    }
}

/// RFC 3834: no holiday notice answers this.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Named by its Message-ID, so that a repeat overwrites itself.
fn store(folder: &Path, letter: &Letter, raw: &[u8]) -> Result<(), MailError> {
    let name: String =
        letter.message_id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let stored = StoredLetter {
        message_id: letter.message_id.clone(),
        to: letter.to.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        html: letter.html.clone(),
    };
    let json = serde_json::to_vec(&stored).expect("text is JSON");
    let write = |ending: &str, bytes: &[u8]| {
        let (partial, whole) = (folder.join(format!("{name}.part")), folder.join(format!("{name}.{ending}")));
        std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, whole))
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| write("eml", raw))
        .and_then(|()| write("json", &json))
        .map_err(|error| MailError::Unavailable(error.to_string()))
}

fn read_folder(folder: &Path) -> Vec<StoredLetter> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut letters: Vec<(std::time::SystemTime, StoredLetter)> = entries
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "json"))
        .filter_map(|entry| {
            let written = entry.metadata().and_then(|data| data.modified()).ok()?;
            Some((written, serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok()?))
        })
        .collect();
    letters.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    letters.into_iter().map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, subject: &str) -> Letter {
        Letter {
            message_id: "ord_1.order_confirmed@shop.example".to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: "您好".to_owned(),
            html: "<p>您好</p>".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_repeated_letter_is_one_letter() {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = Mailer::folder(folder.path().join("mailbox"), "Shop <shop@example.org>");
        for _ in 0..2 {
            mailer.send(&letter("ada@example.org", "订单 1042")).await.expect("it is stored");
        }
        let stored = mailer.stored();
        assert_eq!((stored.len(), stored[0].subject.as_str()), (1, "订单 1042"));
    }

    #[tokio::test]
    async fn a_subject_cannot_smuggle_a_header() {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = Mailer::folder(folder.path().to_owned(), "shop@example.org");
        let smuggling = letter("ada@example.org", "Hello\r\nBcc: eve@example.org");
        mailer.send(&smuggling).await.expect("it is stored");
        let file = std::fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .find(|f| f.path().extension().is_some_and(|e| e == "eml"));
        let raw = std::fs::read_to_string(file.expect("a letter").path()).expect("text");
        assert!(!raw.contains("\nBcc:"), "{raw}");
    }
}
