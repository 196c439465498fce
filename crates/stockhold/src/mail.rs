//! Letters go out: by SMTP, or into a mailbox folder when no server is set.
//!
//! Promise: a repeat carries the same Message-ID, so that a reader's program can tell it is the same letter; nothing
//! in a letter can become a header of its own; what is told of a failure names no address.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::steps::{Course, Step, Steps};

/// Longer than any healthy mail server takes, shorter than an effect's lease.
const SEND_WITHIN: Duration = Duration::from_secs(20);

/// The longest subject, in characters: mail programs show less.
const SUBJECT_CHARS_MAX: usize = 250;
/// SMTP's words for "you may not", said of us and not of the letter (RFC 4954, 6): with the right password it goes.
const LOGIN_REFUSED: [&str; 4] = ["530", "534", "535", "538"];

/// A letter, ready to go.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Without angle brackets.
    pub message_id: String,
    /// What it belongs to, written like a Message-ID: all letters of an order stand together in a mail program.
    pub thread_id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// To whom and what is personal: it never reaches a log through `{:?}`.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// A letter as the mailbox folder keeps it, beside the mail itself: nobody need take a mail apart to show it.
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
    steps: Steps,
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
        Ok(Mailer { from: from.to_owned(), way: Way::Smtp(transport), steps: Steps::default() })
    }

    pub fn folder(folder: PathBuf, from: &str) -> Mailer {
        Mailer { from: from.to_owned(), way: Way::Folder(folder), steps: Steps::default() }
    }

    /// The address that letters come from, without the name before it.
    pub fn sender(&self) -> String {
        self.from.parse::<Mailbox>().map_or_else(|_| self.from.clone(), |from| from.email.to_string())
    }

    /// A test watches each letter.
    #[must_use]
    pub fn watched(self, steps: Steps) -> Mailer {
        Mailer { steps, ..self }
    }

    /// Hands the letter over, or stores it. `Unavailable` may be a letter that went all the same: the repeat is
    /// recognised by its Message-ID.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        match self.steps.next(Step::Letter) {
            Course::Happens => self.hand_over(letter).await,
            Course::NeverHappens => Err(MailError::Unavailable("the process died before this".to_owned())),
            Course::LosesItsAnswer => {
                self.hand_over(letter).await?;
                Err(MailError::Unavailable("the answer was lost".to_owned()))
            }
            Course::HappensTwice => {
                self.hand_over(letter).await?;
                self.hand_over(letter).await
            }
        }
    }

    async fn hand_over(&self, letter: &Letter) -> Result<(), MailError> {
        let message = self.message(letter)?;
        match &self.way {
            Way::Folder(folder) => {
                let (folder, letter) = (folder.clone(), letter.clone());
                let stored = tokio::task::spawn_blocking(move || store(&folder, &letter, &message.formatted()));
                stored.await.map_err(|error| MailError::Unavailable(error.to_string()))?
            }
            Way::Smtp(transport) => match tokio::time::timeout(SEND_WITHIN, transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(understand(&error, &letter.to)),
                Err(_) => Err(MailError::Unavailable("the mail server took too long".to_owned())),
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

    /// Takes files out of the mailbox folder for good: those of which this says so, by name and contents. Returns how many
    /// letters they were; a letter is two files.
    pub fn forget(&self, goes: impl Fn(&str, &[u8]) -> bool) -> std::io::Result<usize> {
        self.forget_where(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(goes(&name, &std::fs::read(path)?))
        })
    }

    /// The same for those that were written before this moment.
    pub fn forget_before(&self, moment: Timestamp) -> std::io::Result<usize> {
        let seconds = u64::try_from(moment.seconds()).unwrap_or(0);
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        self.forget_where(|path| Ok(path.metadata()?.modified()? < moment))
    }

    fn forget_where(&self, goes: impl Fn(&Path) -> std::io::Result<bool>) -> std::io::Result<usize> {
        let Way::Folder(folder) = &self.way else { return Ok(0) };
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut letters = 0;
        for path in entries.map(|entry| entry.map(|entry| entry.path())) {
            let path = path?;
            // Whatever else takes files away at the same time is welcome.
            let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
            match goes(&path).and_then(|goes| if goes { std::fs::remove_file(&path).map(|()| true) } else { Ok(false) })
            {
                Ok(true) => letters += usize::from(path.extension().is_some_and(|ending| ending == "json")),
                Ok(false) => {}
                Err(error) if gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(letters)
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        let refused = |why: &str| MailError::Refused(why.to_owned());
        let from: Mailbox = self.from.parse().map_err(|_| refused("the sender is not an address"))?;
        let to: Address = letter.to.parse().map_err(|_| refused("the recipient is not an address"))?;
        let is_id = |c: char| c.is_ascii_graphic() && !"<>".contains(c);
        if [&letter.message_id, &letter.thread_id].iter().any(|id| id.is_empty() || !id.chars().all(is_id)) {
            return Err(refused("the Message-ID is not one"));
        }
        let thread = format!("<{}>", letter.thread_id);
        // A subject is one line: what ends a line would be folded into the header at best.
        let one_line = |c: char| if c.is_control() { ' ' } else { c };
        let subject: String = letter.subject.chars().map(one_line).take(SUBJECT_CHARS_MAX).collect();
        Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(format!("<{}>", letter.message_id)))
            .in_reply_to(thread.clone())
            .references(thread)
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| refused(&error.to_string()))
    }
}

/// A server's 5xx about this letter is final; everything else may pass, also a password that is wrong today.
fn understand(error: &lettre::transport::smtp::Error, to: &str) -> MailError {
    // Servers repeat the address they do not like.
    let why = error.to_string().replace(to, "***");
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    let final_word = error.is_permanent() && !LOGIN_REFUSED.contains(&code.as_str());
    if final_word { MailError::Refused(why) } else { MailError::Unavailable(why) }
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

/// Named by its Message-ID, so that a repeat overwrites itself. The sidecar comes last: who sees it finds the mail.
fn store(folder: &Path, letter: &Letter, raw: &[u8]) -> Result<(), MailError> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = letter.message_id.chars().map(plain).collect();
    let Letter { message_id, to, subject, text, html, .. } = letter.clone();
    let json = serde_json::to_vec(&StoredLetter { message_id, to, subject, text, html }).expect("text is JSON");
    std::fs::create_dir_all(folder)
        .and_then(|()| replace(folder, &format!("{name}.eml"), raw))
        .and_then(|()| replace(folder, &format!("{name}.json"), &json))
        .map_err(|error| MailError::Unavailable(format!("the mailbox folder cannot be written: {error}")))
}

/// Whole or not at all: written beside under a name of its own, then renamed.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = tempfile::NamedTempFile::new_in(folder)?;
    partial.write_all(bytes)?;
    partial.persist(folder.join(name)).map(drop).map_err(|error| error.error)
}

/// The letters in a mailbox folder, newest first. What cannot be read is left out.
pub fn read_folder(folder: &Path) -> Vec<StoredLetter> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut letters: Vec<(SystemTime, StoredLetter)> = entries
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "json"))
        .filter_map(|entry| {
            let written = entry.metadata().and_then(|data| data.modified()).ok()?;
            Some((written, serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok()?))
        })
        .collect();
    letters.sort_by(|(a_at, a), (b_at, b)| b_at.cmp(a_at).then_with(|| a.message_id.cmp(&b.message_id)));
    letters.into_iter().map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, subject: &str) -> Letter {
        Letter {
            message_id: "ord_1.order_confirmed@shop.example".to_owned(),
            thread_id: "ord_1@shop.example".to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: "您好".to_owned(),
            html: "<p>您好</p>".to_owned(),
        }
    }

    fn mailer(folder: &tempfile::TempDir) -> Mailer {
        Mailer::folder(folder.path().join("mailbox"), "Shop <shop@example.org>")
    }

    /// The one mail in the folder, as it would go over the wire.
    fn raw(folder: &tempfile::TempDir) -> String {
        let name = "mailbox/ord_1-order_confirmed-shop-example.eml";
        std::fs::read_to_string(folder.path().join(name)).expect("a letter")
    }

    #[tokio::test]
    async fn a_repeated_letter_is_one_letter() {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = mailer(&folder);
        assert_eq!(mailer.stored(), []);
        for _ in 0..2 {
            mailer.send(&letter("ada@example.org", "订单 1042")).await.expect("it is stored");
        }
        let stored = mailer.stored();
        assert_eq!((stored.len(), stored[0].subject.as_str()), (1, "订单 1042"));
        assert_eq!(stored[0].html, "<p>您好</p>");
        let files = std::fs::read_dir(folder.path().join("mailbox")).expect("a folder").count();
        assert_eq!(files, 2, "a mail, its sidecar, nothing left over");
    }

    #[tokio::test]
    async fn a_letter_says_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        mailer(&folder).send(&letter("ada@example.org", "Order 1042")).await.expect("it is stored");
        let raw = raw(&folder);
        for line in [
            "From: Shop <shop@example.org>\r\n",
            "To: ada@example.org\r\n",
            "Subject: Order 1042\r\n",
            "Message-ID: <ord_1.order_confirmed@shop.example>\r\n",
            "In-Reply-To: <ord_1@shop.example>\r\n",
            "References: <ord_1@shop.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            "Date: ",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(raw.contains(line), "{line} is not in {raw}");
        }
    }

    #[tokio::test]
    async fn a_subject_cannot_smuggle_a_header() {
        for end in ["\r\n", "\n", "\r", "\r\n\r\n", "\u{85}", "\u{2028}"] {
            let folder = tempfile::tempdir().expect("a folder");
            let smuggling = letter("ada@example.org", &format!("Hello{end}Bcc: eve@example.org"));
            mailer(&folder).send(&smuggling).await.expect("it is stored");
            let raw = raw(&folder);
            let bcc = raw.split(['\r', '\n']).any(|line| line.starts_with("Bcc"));
            assert!(!bcc, "{end:?}: {raw}");
        }
    }

    #[tokio::test]
    async fn an_address_or_an_id_that_is_none_is_refused_without_repeating_it() {
        let folder = tempfile::tempdir().expect("a folder");
        for to in ["", "ada", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@example.org"] {
            let Err(MailError::Refused(why)) = mailer(&folder).send(&letter(to, "Hello")).await else {
                panic!("{to:?} was taken for an address");
            };
            assert!(!why.contains('@'), "{why}");
        }
        for id in ["", "a b", "a>\r\nBcc: eve@example.org", "<a@b>"] {
            let plain = letter("ada@example.org", "Hello");
            for letter in [
                Letter { message_id: id.to_owned(), ..plain.clone() },
                Letter { thread_id: id.to_owned(), ..plain.clone() },
            ] {
                assert!(matches!(mailer(&folder).send(&letter).await, Err(MailError::Refused(_))), "{id:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_mail_server_that_is_away_is_no_refusal() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let mailer = Mailer::smtp(&format!("smtp://127.0.0.1:{port}"), "shop@example.org").expect("a mailer");
        let sent = mailer.send(&letter("ada@example.org", "Hello")).await;
        assert!(matches!(sent, Err(MailError::Unavailable(_))), "{sent:?}");
    }

    #[test]
    fn settings_that_cannot_work_are_refused_without_repeating_them() {
        for (url, from) in [("http://user:secret@localhost", "shop@example.org"), ("smtp://localhost", "nobody")] {
            let error = Mailer::smtp(url, from).expect_err("it cannot work").to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
