//! Settings: flags and environment, read once at start. What a shopkeeper sets lives in the database.
//!
//! Invariant: a secret is never a flag (flags show in `ps`) and never prints. What cannot be used is refused at
//! start, by the name of its setting and with the way to mend it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use ipnet::IpNet;
use rules::books::HOLD_MAX;
use rules::time::Span;

/// Where Stripe answers.
const STRIPE_API_BASE: &str = "https://api.stripe.com";

/// What the commands that need a shop have in common.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`; without it, `shop.db` in the data folder. Also as `DATABASE_URL_FILE`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, help_heading = "Database")]
    pub database_url: Option<DatabaseUrl>,
    /// Everything the shop keeps on disk. Without it, `$STATE_DIRECTORY` of systemd, else `./stockhold-data`.
    #[arg(long, env = "STOCKHOLD_DATA_DIR", help_heading = "Server")]
    pub data_dir: Option<PathBuf>,
    /// Address and port to listen on; `PORT` alone is honoured too. Without both, `127.0.0.1:8080`.
    #[arg(long, env = "STOCKHOLD_LISTEN", help_heading = "Server")]
    pub listen: Option<SocketAddr>,
    /// How buyers reach the shop; goes into Stripe's return addresses and into letters. Without it, `http://LISTEN`.
    #[arg(long, env = "STOCKHOLD_BASE_URL", help_heading = "Server")]
    pub base_url: Option<String>,
    /// Proxies in front of the shop, as addresses or networks (10.0.0.0/8), separated by commas: of a request that comes
    /// from one of them, `X-Forwarded-For` says who asks. Without it, it is whoever connects.
    #[arg(long, env = "STOCKHOLD_TRUSTED_PROXIES", help_heading = "Server")]
    pub trusted_proxies: Option<String>,
    /// The host that answers `/admin`, such as admin.shop.example: on the shop's other hosts there is no admin then. Without
    /// it, every host of the shop answers.
    #[arg(long, env = "STOCKHOLD_ADMIN_HOST", help_heading = "Server")]
    pub admin_host: Option<String>,
    /// Where the Stripe client sends; tests and the sandbox set it.
    #[arg(long, env = "STRIPE_API_BASE", default_value = STRIPE_API_BASE, help_heading = "Stripe")]
    pub stripe_api_base: String,
    /// How long stock is held for an unpaid order; fractions are allowed.
    #[arg(long, env = "STOCKHOLD_HOLD_MINUTES", default_value = "30", help_heading = "Shop")]
    pub hold_minutes: String,
    /// Say once that a database which was used with a live key elsewhere lives here now.
    #[arg(long, help_heading = "Database")]
    pub confirm_moved: bool,
}

/// An address that may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// Everything a running shop is configured with.
#[derive(Clone)]
pub struct Config {
    pub database_url: String,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// Without a slash at its end.
    pub base_url: String,
    /// The one host that answers `/admin`, with its port where it is not the usual one.
    pub admin_host: Option<String>,
    /// Whose word about where a request came from is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub stripe_secret_key: Option<Secret>,
    pub webhook_secrets: Vec<Secret>,
    pub stripe_api_base: String,
    pub hold: Span,
    pub smtp_url: Option<Secret>,
    pub mail_from: Option<String>,
    /// Somebody has said that a database which was used elsewhere lives here now.
    pub confirm_moved: bool,
    /// Payments are simulated: where the sandbox answers. Its pages exist only then.
    pub sandbox: Option<SandboxAddress>,
}

/// Where the Stripe sandbox of a demo is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxAddress {
    /// Without a slash at its end.
    pub base_url: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

/// Text that must not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A setting that cannot be used, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct ConfigError {
    pub setting: &'static str,
    pub problem: String,
}

impl Secret {
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Config {
    /// Checks the settings and reads the secrets from the environment or their files.
    pub fn read(settings: &Settings) -> Result<Config, ConfigError> {
        let listen = listen(settings.listen, env("PORT"))?;
        let base_url = match settings.base_url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => web_address("STOCKHOLD_BASE_URL", url)?,
            None => local_url(listen),
        };
        let stripe_api_base = web_address("STRIPE_API_BASE", &settings.stripe_api_base)?;
        let stripe_secret_key = secret("STRIPE_SECRET_KEY")?;
        if let Some(key) = &stripe_secret_key {
            check_key(key, &stripe_api_base)?;
        }
        // Without a key nothing can be charged: a Stripe on this machine can only be the sandbox.
        let simulated = stripe_secret_key.is_none() && is_loopback(&stripe_api_base);
        Ok(Config {
            database_url: database_url(settings)?,
            data_dir: data_dir(settings),
            listen,
            base_url,
            admin_host: admin_host(settings.admin_host.as_deref())?,
            trusted_proxies: networks(settings.trusted_proxies.as_deref().unwrap_or_default())?,
            stripe_secret_key,
            webhook_secrets: webhook_secrets(secret("STRIPE_WEBHOOK_SECRET")?)?,
            sandbox: simulated.then(|| SandboxAddress { base_url: stripe_api_base.clone() }),
            stripe_api_base,
            hold: minutes(&settings.hold_minutes)?,
            smtp_url: secret("SMTP_URL")?,
            mail_from: env("STOCKHOLD_MAIL_FROM"),
            confirm_moved: settings.confirm_moved,
        })
    }

    /// How staff reach the desk, without a slash at its end.
    pub fn admin_url(&self) -> String {
        match (&self.admin_host, self.base_url.split_once("://")) {
            (Some(host), Some((scheme, _))) => format!("{scheme}://{host}"),
            _ => self.base_url.clone(),
        }
    }

    /// Whether the key charges real money.
    pub fn is_live(&self) -> bool {
        self.stripe_secret_key.as_ref().is_some_and(is_live)
    }
}

/// Where the shop's books are.
pub fn database_url(settings: &Settings) -> Result<String, ConfigError> {
    let given = settings.database_url.as_ref().map(|url| url.0.clone()).filter(|url| !url.is_empty());
    let url = match (given, env("DATABASE_URL_FILE")) {
        (Some(_), Some(_)) => return Err(wrong("DATABASE_URL", "set it or DATABASE_URL_FILE, not both")),
        (Some(url), None) => url,
        (None, Some(file)) => from_file("DATABASE_URL", Path::new(&file))?.0,
        (None, None) => match credential("DATABASE_URL")? {
            Some(url) => url.0,
            None => format!("sqlite:{}", data_dir(settings).join("shop.db").display()),
        },
    };
    let is_known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
    // The address itself may carry a password: it is not repeated here.
    if is_known { Ok(url) } else { Err(wrong("DATABASE_URL", "write sqlite:PATH or postgres://USER@HOST/NAME")) }
}

/// `STOCKHOLD_LOG_FORMAT`; none: whatever suits standard error.
pub fn log_format() -> Result<Option<LogFormat>, ConfigError> {
    match env("STOCKHOLD_LOG_FORMAT").as_deref() {
        None => Ok(None),
        Some("human") => Ok(Some(LogFormat::Human)),
        Some("json") => Ok(Some(LogFormat::Json)),
        Some(_) => Err(wrong("STOCKHOLD_LOG_FORMAT", "write human or json")),
    }
}

/// The webhook secrets alone: the sandbox signs with the first.
pub fn webhook_secrets_from_environment() -> Result<Vec<Secret>, ConfigError> {
    webhook_secrets(secret("STRIPE_WEBHOOK_SECRET")?)
}

/// How a browser on this machine reaches what listens there.
pub fn local_url(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        format!("http://localhost:{}", listen.port())
    } else {
        format!("http://{listen}")
    }
}

/// The folder of everything the shop keeps on disk.
pub fn data_dir(settings: &Settings) -> PathBuf {
    let given = settings.data_dir.clone().filter(|folder| !folder.as_os_str().is_empty());
    // systemd may name several; the first is ours.
    let state = || env("STATE_DIRECTORY").and_then(|list| list.split(':').next().map(PathBuf::from));
    given.or_else(state).unwrap_or_else(|| PathBuf::from("./stockhold-data"))
}

fn listen(given: Option<SocketAddr>, port: Option<String>) -> Result<SocketAddr, ConfigError> {
    let port = match (given, port) {
        (Some(listen), _) => return Ok(listen),
        (None, None) => 8080,
        (None, Some(port)) => {
            let problem = "write a port from 1 to 65535, or an address and a port as STOCKHOLD_LISTEN";
            port.parse().ok().filter(|port| *port > 0).ok_or_else(|| wrong("PORT", problem))?
        }
    };
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// A web address without the slash at its end.
fn web_address(setting: &'static str, url: &str) -> Result<String, ConfigError> {
    let url = url.trim().trim_end_matches('/');
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains(['?', '#', '@']);
    if host.is_empty() || host.starts_with(['/', ':']) || !is_plain {
        return Err(wrong(setting, "write an address such as https://shop.example"));
    }
    Ok(url.to_owned())
}

/// Addresses and networks, separated by commas.
fn networks(list: &str) -> Result<Vec<IpNet>, ConfigError> {
    let problem = "write addresses or networks, separated by commas: 127.0.0.1, 10.0.0.0/8, fd00::/8";
    let named = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    named
        .map(|text| {
            let alone = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| wrong("STOCKHOLD_TRUSTED_PROXIES", problem))
        })
        .collect()
}

/// A positive number of minutes, in decimals.
pub fn minutes(text: &str) -> Result<Span, ConfigError> {
    let refused = || wrong("STOCKHOLD_HOLD_MINUTES", "write a positive number of minutes, such as 30 or 0.05");
    let hold = Span::parse_minutes(text.trim()).ok_or_else(refused)?;
    if hold > HOLD_MAX {
        return Err(wrong("STOCKHOLD_HOLD_MINUTES", "hold goods for a year at most"));
    }
    if hold > Span::micros(0) { Ok(hold) } else { Err(refused()) }
}

fn webhook_secrets(list: Option<Secret>) -> Result<Vec<Secret>, ConfigError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let secrets: Vec<&str> = list.expose().split(',').map(str::trim).collect();
    if secrets.iter().any(|secret| secret.strip_prefix("whsec_").is_none_or(str::is_empty)) {
        let problem =
            "each secret begins with whsec_ (Stripe shows it beside the endpoint); separate several with commas";
        return Err(wrong("STRIPE_WEBHOOK_SECRET", problem));
    }
    Ok(secrets.into_iter().map(|secret| Secret(secret.to_owned())).collect())
}

/// A host as browsers send it: no scheme, no path.
fn admin_host(given: Option<&str>) -> Result<Option<String>, ConfigError> {
    let Some(host) = given.map(str::trim).filter(|host| !host.is_empty()) else { return Ok(None) };
    let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
    if !is_host {
        return Err(wrong("STOCKHOLD_ADMIN_HOST", "write a host alone, such as admin.shop.example"));
    }
    Ok(Some(host.to_ascii_lowercase()))
}

fn check_key(key: &Secret, stripe_api_base: &str) -> Result<(), ConfigError> {
    if !is_stripe_key(key.expose()) {
        let problem = "a Stripe secret key begins with sk_test_, sk_live_, rk_test_ or rk_live_";
        return Err(wrong("STRIPE_SECRET_KEY", problem));
    }
    if is_live(key) && stripe_api_base != STRIPE_API_BASE {
        let problem = "a live key is sent to Stripe only: unset STRIPE_API_BASE or use a test key";
        return Err(wrong("STRIPE_SECRET_KEY", problem));
    }
    Ok(())
}

fn is_stripe_key(key: &str) -> bool {
    ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].iter().any(|form| {
        key.strip_prefix(form).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
    })
}

fn is_live(key: &Secret) -> bool {
    key.expose().starts_with("sk_live_") || key.expose().starts_with("rk_live_")
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A secret from `NAME`, the file that `NAME_FILE` names, or systemd's credentials.
fn secret(name: &'static str) -> Result<Option<Secret>, ConfigError> {
    match (env(name), env(&format!("{name}_FILE"))) {
        (Some(_), Some(_)) => Err(wrong(name, &format!("set it or {name}_FILE, not both"))),
        (Some(text), None) => Ok(Some(Secret(text.trim().to_owned()))),
        (None, Some(file)) => from_file(name, Path::new(&file)).map(Some),
        (None, None) => credential(name),
    }
}

fn credential(name: &'static str) -> Result<Option<Secret>, ConfigError> {
    let file = env("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(name));
    file.filter(|file| file.exists()).map(|file| from_file(name, &file)).transpose()
}

fn from_file(name: &'static str, file: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| wrong(name, &format!("{} cannot be read: {error}", file.display())))?;
    match text.trim() {
        "" => Err(wrong(name, &format!("{} is empty", file.display()))),
        text => Ok(Secret(text.to_owned())),
    }
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty())
}

fn wrong(setting: &'static str, problem: &str) -> ConfigError {
    ConfigError { setting, problem: problem.to_owned() }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(DatabaseUrl(text.trim().to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Without the database's address, which may carry a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("data_dir", &self.data_dir)
            .field("listen", &self.listen)
            .field("base_url", &self.base_url)
            .field("stripe_api_base", &self.stripe_api_base)
            .field("hold", &self.hold)
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_may_have_decimals_and_must_be_positive() {
        assert_eq!(minutes("30"), Ok(Span::minutes(30)));
        assert_eq!(minutes("0.05"), Ok(Span::seconds(3)));
        assert_eq!(minutes(".5"), Ok(Span::seconds(30)));
        for bad in ["", ".", "0", "-1", "1e3", "NaN", "inf", "99999999999999999999", "0.0000001", "9999999"] {
            assert!(minutes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let read = |list: &str| networks(list).map(|networks| networks.iter().map(ToString::to_string).collect());
        assert_eq!(read(""), Ok(Vec::<String>::new()));
        let three = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(str::to_owned);
        assert_eq!(read("127.0.0.1, 10.0.0.0/8,fd00::/8,"), Ok(three.to_vec()));
        for bad in ["proxy", "10.0.0.0/33", "10.0.0", "*"] {
            assert!(networks(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("sk_test_1".to_owned());
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
        let url: DatabaseUrl = "postgres://shop:password@db/shop".parse().expect("any text");
        assert_eq!(format!("{url:?}"), "***");
    }

    #[test]
    fn a_key_has_stripes_form_and_a_live_one_goes_to_stripe_only() {
        assert!(is_stripe_key("sk_test_1") && is_stripe_key("rk_live_1"));
        assert!(!is_stripe_key("sk_test_") && !is_stripe_key("pk_test_1") && !is_stripe_key(""));
        let live = Secret::new("rk_live_1".to_owned());
        assert!(check_key(&live, STRIPE_API_BASE).is_ok());
        assert!(check_key(&live, "http://127.0.0.1:12111").is_err());
    }

    #[test]
    fn webhook_secrets_are_one_or_several_and_never_empty() {
        let read = |text: &str| webhook_secrets(Some(Secret::new(text.to_owned()))).map(|secrets| secrets.len());
        assert_eq!(read("whsec_1"), Ok(1));
        assert_eq!(read("whsec_1, whsec_2"), Ok(2));
        for bad in ["whsec_", "sk_test_1", "whsec_1,", ","] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_a_whole_one() {
        let read = |url: &str| web_address("STOCKHOLD_BASE_URL", url);
        assert_eq!(read("https://shop.example/"), Ok("https://shop.example".to_owned()));
        for bad in ["", "shop.example", "ftp://shop.example", "https://", "https://a b", "https://u:p@shop.example"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(
            is_loopback("http://127.0.0.1:12111") && is_loopback("http://[::1]:1/x") && is_loopback("http://localhost")
        );
        assert!(!is_loopback("https://api.stripe.com") && !is_loopback("http://127.0.0.1.example"));
    }

    #[test]
    fn a_port_alone_is_honoured_and_an_address_goes_before_it() {
        let address: SocketAddr = "0.0.0.0:9000".parse().expect("an address");
        assert_eq!(listen(Some(address), Some("1".to_owned())), Ok(address));
        assert_eq!(listen(None, Some("9001".to_owned())), Ok(SocketAddr::from(([127, 0, 0, 1], 9001))));
        assert!(listen(None, Some("0".to_owned())).is_err() && listen(None, Some("http".to_owned())).is_err());
        assert_eq!(local_url(address), "http://localhost:9000");
    }
}
