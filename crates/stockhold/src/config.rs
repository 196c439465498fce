//! Settings: flags and environment, read once at start. What a shopkeeper sets lives in the database.
//!
//! Invariant: a secret is never a flag (flags show in `ps`) and never prints.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use rules::time::Span;

/// Where Stripe answers.
const STRIPE_API_BASE: &str = "https://api.stripe.com";

/// What the commands that need a shop have in common.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`; without it, `shop.db` in the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, help_heading = "Database")]
    pub database_url: Option<String>,
    /// Everything the shop keeps on disk.
    #[arg(long, env = "STOCKHOLD_DATA_DIR", default_value = "./stockhold-data", help_heading = "Server")]
    pub data_dir: PathBuf,
    /// Address and port to listen on; `PORT` alone is honoured too.
    #[arg(long, env = "STOCKHOLD_LISTEN", help_heading = "Server")]
    pub listen: Option<SocketAddr>,
    /// How buyers reach the shop; goes into Stripe's return addresses and into letters.
    #[arg(long, env = "STOCKHOLD_BASE_URL", help_heading = "Server")]
    pub base_url: Option<String>,
    /// Where the Stripe client sends; tests and the sandbox set it.
    #[arg(long, env = "STRIPE_API_BASE", default_value = STRIPE_API_BASE, help_heading = "Stripe")]
    pub stripe_api_base: String,
    /// How long stock is held for an unpaid order; fractions are allowed.
    #[arg(long, env = "STOCKHOLD_HOLD_MINUTES", default_value = "30", help_heading = "Shop")]
    pub hold_minutes: String,
}

/// Everything a running shop is configured with.
#[derive(Debug, Clone)]
pub struct Config {
    pub database_url: String,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// Without a slash at its end.
    pub base_url: String,
    pub stripe_secret_key: Option<Secret>,
    pub webhook_secrets: Vec<Secret>,
    pub stripe_api_base: String,
    pub hold: Span,
    pub smtp_url: Option<Secret>,
    pub mail_from: Option<String>,
    /// Payments are simulated: where the sandbox answers. Its pages exist only then.
    pub sandbox: Option<SandboxAddress>,
}

/// Where the Stripe sandbox of a demo is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxAddress {
    /// Without a slash at its end.
    pub base_url: String,
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
        let listen = match (settings.listen, env("PORT")) {
            (Some(listen), _) => listen,
            (None, Some(port)) => {
                format!("127.0.0.1:{port}").parse().map_err(|_| wrong("PORT", "a port is a number up to 65535"))?
            }
            (None, None) => SocketAddr::from(([127, 0, 0, 1], 8080)),
        };
        let base_url = settings.base_url.clone().unwrap_or_else(|| format!("http://{listen}"));
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            return Err(wrong("STOCKHOLD_BASE_URL", "write it with http:// or https://"));
        }
        let key = secret("STRIPE_SECRET_KEY")?;
        if key.as_ref().is_some_and(|key| !is_stripe_key(key.expose())) {
            let problem = "a Stripe secret key begins with sk_test_, sk_live_, rk_test_ or rk_live_";
            return Err(wrong("STRIPE_SECRET_KEY", problem));
        }
        Ok(Config {
            database_url: database_url(settings),
            data_dir: settings.data_dir.clone(),
            listen,
            base_url: base_url.trim_end_matches('/').to_owned(),
            stripe_secret_key: key,
            webhook_secrets: webhook_secrets()?,
            stripe_api_base: settings.stripe_api_base.clone(),
            hold: minutes(&settings.hold_minutes)?,
            smtp_url: secret("SMTP_URL")?,
            mail_from: env("STOCKHOLD_MAIL_FROM"),
            sandbox: None,
        })
    }
}

impl Config {
    /// A demo's: everything in one folder, payments simulated.
    pub fn demo(folder: PathBuf, listen: SocketAddr, base_url: &str, stripe_url: &str, webhook_secret: &str) -> Config {
        Config {
            database_url: format!("sqlite:{}", folder.join("shop.db").display()),
            data_dir: folder,
            listen,
            base_url: base_url.to_owned(),
            stripe_secret_key: None,
            webhook_secrets: vec![Secret(webhook_secret.to_owned())],
            stripe_api_base: stripe_url.to_owned(),
            hold: Span::minutes(30),
            smtp_url: None,
            mail_from: None,
            sandbox: Some(SandboxAddress { base_url: stripe_url.to_owned() }),
        }
    }
}

pub fn database_url(settings: &Settings) -> String {
    let own = || format!("sqlite:{}", settings.data_dir.join("shop.db").display());
    settings.database_url.clone().filter(|url| !url.is_empty()).unwrap_or_else(own)
}

/// A positive number of minutes, in decimals, without passing through a float.
fn minutes(text: &str) -> Result<Span, ConfigError> {
    let refused = || wrong("STOCKHOLD_HOLD_MINUTES", "a positive number of minutes, such as 30 or 0.05");
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return Err(refused());
    }
    let millionths: String = format!("{fraction:0<6}").chars().take(6).collect();
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| refused())? };
    let millionths: i64 = millionths.parse().map_err(|_| refused())?;
    let minutes_in_millionths = whole.checked_mul(1_000_000).and_then(|minutes| minutes.checked_add(millionths));
    let micros = minutes_in_millionths.and_then(|minutes| minutes.checked_mul(60)).filter(|micros| *micros > 0);
    micros.map(Span::micros).ok_or_else(refused)
}

fn webhook_secrets() -> Result<Vec<Secret>, ConfigError> {
    let Some(list) = secret("STRIPE_WEBHOOK_SECRET")? else { return Ok(Vec::new()) };
    let secrets: Vec<&str> = list.expose().split(',').map(str::trim).collect();
    if secrets.iter().any(|secret| secret.strip_prefix("whsec_").is_none_or(str::is_empty)) {
        return Err(wrong("STRIPE_WEBHOOK_SECRET", "each secret begins with whsec_; separate several with commas"));
    }
    Ok(secrets.into_iter().map(|secret| Secret(secret.to_owned())).collect())
}

fn is_stripe_key(key: &str) -> bool {
    ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].iter().any(|form| {
        key.strip_prefix(form).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
    })
}

/// A secret from `NAME`, the file that `NAME_FILE` names, or systemd's credentials.
fn secret(name: &'static str) -> Result<Option<Secret>, ConfigError> {
    let file = env(&format!("{name}_FILE"));
    match (env(name), file) {
        (Some(_), Some(_)) => Err(wrong(name, "set it or its _FILE, not both")),
        (Some(text), None) => Ok(Some(Secret(text))),
        (None, Some(file)) => from_file(name, Path::new(&file)).map(Some),
        (None, None) => match env("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(name)) {
            Some(file) if file.exists() => from_file(name, &file).map(Some),
            _ => Ok(None),
        },
    }
}

fn from_file(name: &'static str, file: &Path) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| wrong(name, &format!("{}: {error}", file.display())))?;
    Ok(Secret(text.trim().to_owned()))
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn wrong(setting: &'static str, problem: &str) -> ConfigError {
    ConfigError { setting, problem: problem.to_owned() }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
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
        for bad in ["", ".", "0", "-1", "1e3", "NaN", "inf", "99999999999999999999", "0.0000001"] {
            assert!(minutes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_never_prints() {
        assert_eq!(format!("{:?}", Secret::new("sk_test_1".to_owned())), "***");
    }

    #[test]
    fn a_key_has_stripes_form() {
        assert!(is_stripe_key("sk_test_1") && is_stripe_key("rk_live_1"));
        assert!(!is_stripe_key("sk_test_") && !is_stripe_key("pk_test_1") && !is_stripe_key(""));
    }
}
