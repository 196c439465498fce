//! Sends a webhook: once, to an address that was checked at the moment of connecting.
//!
//! Promise: a name is resolved once for each connection, every address it has must be public, and the connection goes to
//! one of exactly those. A name server that answers otherwise a moment later (DNS rebinding) changes nothing.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, Url};

use super::address::is_public;
use crate::steps::{Course, Step, Steps};

/// How long an endpoint may take to answer; it should answer first and work afterwards.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// What is sent is thin: who wants more asks the API.
pub const BODY_BYTES_MAX: usize = 20_000;
/// What is kept of an answer, to be shown.
const ANSWER_BYTES_MAX: usize = 1_000;
const URL_BYTES_MAX: usize = 2_000;

/// Why an address cannot be an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("This is not an address such as https://example.org/hooks.")]
    NotAnAddress,
    #[error("Webhooks are sent over https only.")]
    NotHttps,
    #[error("This address is not on the public internet.")]
    NotPublic,
    #[error("An address with a name or a password in it is not taken.")]
    WithPassword,
}

impl UrlError {
    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            UrlError::NotAnAddress => "not-an-address",
            UrlError::NotHttps => "not-https",
            UrlError::NotPublic => "not-public",
            UrlError::WithPassword => "with-password",
        }
    }
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// There was an answer, whatever it says.
    Answered { status: u16, words: String },
    /// There was none, or nothing was sent.
    NotAnswered(String),
}

/// One message, ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
}

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How names are resolved; a test has its own name server.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String) -> Found + Send + Sync>);

impl Lookup {
    pub fn new(find: impl Fn(String) -> Found + Send + Sync + 'static) -> Lookup {
        Lookup(Arc::new(find))
    }

    fn of_the_system() -> Lookup {
        Lookup::new(|name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        })
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

#[derive(Debug, Clone)]
pub struct Sender {
    /// In a sandbox, programs on this machine may be told too, so that webhooks can be tried.
    is_sandbox: bool,
    within: Duration,
    lookup: Lookup,
    /// Made when something is first sent: most shops tell nobody, and trust roots take a while to read.
    client: Arc<OnceLock<Result<Client, String>>>,
    steps: Steps,
}

impl Sender {
    pub fn new(is_sandbox: bool, within: Duration) -> Sender {
        let lookup = Lookup::of_the_system();
        Sender { is_sandbox, within, lookup, client: Arc::default(), steps: Steps::default() }
    }

    /// A test has its own name server.
    #[must_use]
    pub fn looking_up(self, lookup: Lookup) -> Sender {
        Sender { lookup, client: Arc::default(), ..self }
    }

    /// A test watches each call.
    #[must_use]
    pub fn watched(self, steps: Steps) -> Sender {
        Sender { steps, ..self }
    }

    /// An endpoint's address, written as it will be called. Names are not resolved here: what they lead to is looked at
    /// whenever something is sent.
    pub fn check(&self, text: &str) -> Result<String, UrlError> {
        self.parse(text).map(String::from)
    }

    fn parse(&self, text: &str) -> Result<Url, UrlError> {
        let text = text.trim();
        if text.is_empty() || text.len() > URL_BYTES_MAX || text.chars().any(char::is_control) {
            return Err(UrlError::NotAnAddress);
        }
        // The parser knows every way of writing an address: 0x7f.1 and 2130706433 are 127.0.0.1 to it.
        let mut url = Url::parse(text).map_err(|_| UrlError::NotAnAddress)?;
        let host = url.host_str().ok_or(UrlError::NotAnAddress)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::WithPassword);
        }
        let literal = literal(&host);
        let here = self.is_sandbox && (is_localhost(&host) || literal.is_some_and(|address| address.is_loopback()));
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return Err(UrlError::NotHttps),
            _ => return Err(UrlError::NotAnAddress),
        }
        if !here && (is_localhost(&host) || literal.is_some_and(|address| !is_public(address))) {
            return Err(UrlError::NotPublic);
        }
        url.set_fragment(None);
        Ok(url)
    }

    /// One attempt, without a look at what came before.
    pub async fn send(&self, url: &str, message: &Message) -> Sent {
        let url = match self.parse(url) {
            Ok(url) => url,
            Err(error) => return Sent::NotAnswered(error.to_string()),
        };
        if message.body.len() > BODY_BYTES_MAX {
            return Sent::NotAnswered("the message is too long".to_owned());
        }
        let client = match self.client.get_or_init(|| self.make_client()) {
            Ok(client) => client,
            Err(why) => return Sent::NotAnswered(why.clone()),
        };
        let course = self.steps.next(Step::Call);
        if course == Course::NeverHappens {
            return Sent::NotAnswered("the process died before this".to_owned());
        }
        if course == Course::HappensTwice {
            drop(post(client, url.clone(), message).await);
        }
        let sent = post(client, url, message).await;
        if course == Course::LosesItsAnswer { Sent::NotAnswered("the answer was lost".to_owned()) } else { sent }
    }

    /// Every message opens a connection of its own, so that its address is looked at each time.
    fn make_client(&self) -> Result<Client, String> {
        // Somebody else may have installed a provider already; either one does. Without any, `build` panics.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("Stockhold/", env!("CARGO_PKG_VERSION"), " (webhooks)"))
            .timeout(self.within)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Guard { is_sandbox: self.is_sandbox, lookup: self.lookup.clone() }));
        client.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))
    }
}

async fn post(client: &Client, url: Url, message: &Message) -> Sent {
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", message.timestamp)
        .header("webhook-signature", &message.signature)
        .body(message.body.clone());
    match request.send().await {
        Ok(response) => Sent::Answered { status: response.status().as_u16(), words: beginning(response).await },
        Err(error) => Sent::NotAnswered(describe(&error)),
    }
}

/// The first words of an answer; it may be endless, slow or no text at all.
async fn beginning(mut response: Response) -> String {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        read.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - read.len())]);
        if read.len() >= ANSWER_BYTES_MAX {
            break;
        }
    }
    let words = String::from_utf8_lossy(&read);
    words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>().trim().to_owned()
}

/// What a person can do something about; the address itself stands beside it.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut last = String::new();
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return Forbidden.to_string();
        }
        last = error.to_string();
        cause = error.source();
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    last
}

/// Resolves names for the connections of this client: what is not public is no address.
#[derive(Debug)]
struct Guard {
    is_sandbox: bool,
    lookup: Lookup,
}

#[derive(Debug, thiserror::Error)]
#[error("this name leads to an address that is not on the public internet")]
struct Forbidden;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let here = self.is_sandbox && is_localhost(name.as_str());
        let found = (self.lookup.0)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            let may = |address: &IpAddr| if here { address.is_loopback() } else { is_public(*address) };
            // One bad address among good ones is no accident.
            if found.is_empty() || !found.iter().all(may) {
                return Err(Forbidden.into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
}

/// An address written as such; the parser has put it into its usual form.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn message() -> Message {
        Message { id: "msg_1".to_owned(), timestamp: 1, signature: "v1,x".to_owned(), body: "{}".to_owned() }
    }

    #[test]
    fn an_address_is_https_and_public() {
        use UrlError::{NotAnAddress, NotHttps, NotPublic, WithPassword};
        let sender = Sender::new(false, ANSWER_WITHIN);
        let table = [
            ("https://example.org/hooks?shop=1", Ok("https://example.org/hooks?shop=1".to_owned())),
            (" https://Example.org:8443/a#b ", Ok("https://example.org:8443/a".to_owned())),
            ("https://8.8.8.8/", Ok("https://8.8.8.8/".to_owned())),
            ("http://example.org/", Err(NotHttps)),
            ("http://127.0.0.1/", Err(NotHttps)),
            ("ftp://example.org/", Err(NotAnAddress)),
            ("example.org", Err(NotAnAddress)),
            ("", Err(NotAnAddress)),
            ("https://", Err(NotAnAddress)),
            ("https://ada:secret@example.org/", Err(WithPassword)),
            ("https://127.0.0.1/", Err(NotPublic)),
            ("https://127.1/", Err(NotPublic)),
            ("https://0x7f.1/", Err(NotPublic)),
            ("https://2130706433/", Err(NotPublic)),
            ("https://0177.0.0.1/", Err(NotPublic)),
            ("https://[::1]/", Err(NotPublic)),
            ("https://[::ffff:127.0.0.1]/", Err(NotPublic)),
            ("https://[fe80::1]/", Err(NotPublic)),
            ("https://169.254.169.254/latest/meta-data", Err(NotPublic)),
            ("https://10.0.0.1/", Err(NotPublic)),
            ("https://localhost/", Err(NotPublic)),
            ("https://LOCALHOST./", Err(NotPublic)),
            ("https://shop.localhost/", Err(NotPublic)),
        ];
        for (text, expected) in table {
            assert_eq!(sender.check(text), expected, "{text}");
        }
    }

    #[test]
    fn a_sandbox_may_tell_programs_on_its_own_machine_and_no_further() {
        let sender = Sender::new(true, ANSWER_WITHIN);
        for text in ["http://127.0.0.1:9000/hooks", "http://localhost:9000/", "http://[::1]/", "https://localhost/"] {
            assert!(sender.check(text).is_ok(), "{text}");
        }
        for text in ["http://10.0.0.1/", "http://example.org/", "http://169.254.169.254/"] {
            assert_eq!(sender.check(text), Err(UrlError::NotHttps), "{text}");
        }
        assert_eq!(sender.check("https://192.168.1.1/"), Err(UrlError::NotPublic));
    }

    /// Whatever a name leads to: nothing is connected to unless all of it is public.
    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused() {
        let table: [&[&str]; 7] = [
            &["127.0.0.1"],
            &["169.254.169.254"],
            &["::1"],
            &["::ffff:10.0.0.1"],
            &["8.8.8.8", "10.0.0.1"],
            &["2606:4700::1111", "fe80::1"],
            &[],
        ];
        for is_sandbox in [false, true] {
            for found in table {
                let found: Vec<IpAddr> = found.iter().map(|text| text.parse().expect("an address")).collect();
                let answers = found.clone();
                let lookup = Lookup::new(move |_| {
                    let found = answers.clone();
                    Box::pin(async move { Ok(found) })
                });
                let sender = Sender::new(is_sandbox, Duration::from_secs(5)).looking_up(lookup);
                let sent = sender.send("https://inside.example.org/", &message()).await;
                assert_eq!(sent, Sent::NotAnswered(Forbidden.to_string()), "{found:?}");
            }
        }
    }

    /// DNS rebinding: a name that was public when it was asked about leads inside a moment later. It is asked about once
    /// for each connection, and the second time it is refused.
    #[tokio::test]
    async fn a_name_is_asked_about_once_for_each_connection_and_judged_each_time() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let lookup = Lookup::new(move |_| {
            // Nothing listens on port 1 of the first: the connection fails or times out, but it goes there.
            let text = if count.fetch_add(1, Ordering::SeqCst) == 0 { "8.8.8.8" } else { "127.0.0.1" };
            let found = vec![text.parse().expect("an address")];
            Box::pin(async move { Ok(found) })
        });
        let sender = Sender::new(true, Duration::from_millis(300)).looking_up(lookup);
        let first = sender.send("https://rebind.example.org:1/", &message()).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1, "between the look and the connection nobody asks again: {first:?}");
        assert_ne!(first, Sent::NotAnswered(Forbidden.to_string()));
        let second = sender.send("https://rebind.example.org:1/", &message()).await;
        assert_eq!(second, Sent::NotAnswered(Forbidden.to_string()));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}
