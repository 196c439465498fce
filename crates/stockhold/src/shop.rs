//! The shop: what every door is handed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use rules::books::Policy;
use rules::ids::{OrderId, RefundId};
use rules::money::Currency;
use rules::price_rules::PriceRules;
use rules::time::Timestamp;
use sha2::Sha256;
use tokio::sync::{Notify, broadcast};

use crate::clock::Clock;
use crate::config::Config;
use crate::language::{Language, Words};
use crate::ledger::Ledger;
use crate::mail::Mailer;
use crate::steps::Steps;
use crate::storage::{Storage, StorageError, migrate, orders, place, settings};
use crate::stripe::client::{Client, Timeouts};
use crate::theme::Theme;
use crate::webhooks::sender::{ANSWER_WITHIN, Sender};
use crate::webhooks::signature::SigningSecret;

/// Lines that the demo prints as things happen; who listens too late misses some.
const HAPPENINGS_KEPT: usize = 256;
/// Live holds of one e-mail and of one client address: a person needs one; a family or a shop counter a few.
const HOLDS_PER_BUYER_MAX: i64 = 3;
const HOLDS_PER_CLIENT_MAX: i64 = 20;
/// Few enough that a buyer may want to know.
const LOW_STOCK: i64 = 5;
/// What a shop sells in until somebody says otherwise.
const CURRENCY: &str = "USD";

/// Everything a door may use, shared by all of them.
pub struct Shop {
    pub config: Config,
    pub clock: Clock,
    pub storage: Storage,
    pub ledger: Ledger,
    pub stripe: Client,
    pub mailer: Mailer,
    /// Tells other programs of the shopkeeper's.
    pub webhooks: Sender,
    pub secret: ShopSecret,
    /// The shop's own words and look, over those of the program.
    pub words: Words,
    pub theme: Theme,
    settings: RwLock<Arc<Settings>>,
    /// What orders are placed by where nothing is set.
    unset: Policy,
    happenings: broadcast::Sender<String>,
    wake: Notify,
    wake_reconciler: Notify,
}

/// What a test sets otherwise than a shop would.
#[derive(Debug, Clone, Default)]
pub struct Conduct {
    pub patience: Timeouts,
    pub steps: Steps,
}

/// What the shopkeeper has set, as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Names per language tag.
    pub name_en: String,
    pub name_zh: String,
    pub currency: Currency,
    pub time_zone: String,
    /// Who hears of what a person must look at; empty: whoever letters come from.
    pub owner_email: String,
    pub owner_language: Language,
    /// Whether the owner hears of each new order by letter.
    pub owner_order_letters: bool,
    /// At and below this many, pages say how many are left; 0: never.
    pub low_stock: i64,
    /// Those the shop's pages are offered in; never empty.
    pub languages: Vec<Language>,
    pub policy: Policy,
    /// The documents that `policy.prices` was read from; empty: none.
    pub shipping_zones: String,
    pub tax_rules: String,
    /// How many times they were changed.
    pub revision: i64,
}

/// The key that order tokens are made with; drawn once per shop, kept in its database.
#[derive(Clone)]
pub struct ShopSecret([u8; 32]);

/// Why the shop cannot open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("The database cannot be used: {0}")]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Migrate(#[from] migrate::MigrateError),
    #[error("A setting cannot be read: {0}")]
    Setting(String),
    #[error("The Stripe client cannot be made: {0}")]
    Stripe(String),
    #[error("Letters cannot be sent: {0}")]
    Mail(String),
    #[error(
        "These books were last used with a live key elsewhere ({from}). If that shop still runs, two shops would charge \
        and refund the same orders. If this is its new home, start once with --confirm-moved."
    )]
    Moved { from: String },
}

impl Shop {
    /// Opens the database, brings its schema to head and starts the ledger.
    pub async fn open(config: Config, clock: Clock) -> Result<Arc<Shop>, OpenError> {
        Shop::open_with(config, clock, Conduct::default()).await
    }

    /// The same for a test, which calls Stripe with less patience and may watch each step.
    pub async fn open_with(config: Config, clock: Clock, conduct: Conduct) -> Result<Arc<Shop>, OpenError> {
        let Conduct { patience, steps } = conduct;
        let storage = Storage::open_watched(&config.database_url, steps.clone()).await?;
        migrate::run(&storage).await?;
        if config.is_live() {
            if config.confirm_moved {
                place::confirm(&storage).await?;
            }
            if let Some(from) = place::moved_from(&storage).await? {
                return Err(OpenError::Moved { from });
            }
        }
        settings::get_or_set(&storage, settings::CURRENCY, CURRENCY).await?;
        settings::get_or_set(&storage, settings::REVISION, "1").await?;
        let unset = unset_policy(&config)?;
        let settings = Settings::of(&settings::all(&storage).await?, &unset)?;
        let secret = ShopSecret::of(&storage).await?;
        let key = config.stripe_secret_key.as_ref().map_or("sk_test_sandbox", |key| key.expose());
        let stripe = Client::new(&config.stripe_api_base, key, patience)
            .map_err(|error| OpenError::Stripe(error.to_string()))?
            .watched(steps.clone());
        let from = config.mail_from.clone().unwrap_or_else(|| "shop@localhost".to_owned());
        let mailer = match &config.smtp_url {
            Some(url) => Mailer::smtp(url.expose(), &from).map_err(|error| OpenError::Mail(error.to_string()))?,
            None => Mailer::folder(config.data_dir.join("mailbox"), &from),
        }
        .watched(steps.clone());
        let webhooks = Sender::new(config.sandbox.is_some(), patience.total.min(ANSWER_WITHIN)).watched(steps);
        let ledger = Ledger::start(&storage, unset.clone());
        let (happenings, _) = broadcast::channel(HAPPENINGS_KEPT);
        let (wake, wake_reconciler) = (Notify::new(), Notify::new());
        let settings = RwLock::new(Arc::new(settings));
        let (words, theme) = (Words::of(&config.data_dir), Theme::of(&config.data_dir));
        Ok(Arc::new(Shop {
            config,
            clock,
            storage,
            ledger,
            stripe,
            mailer,
            webhooks,
            secret,
            words,
            theme,
            settings,
            unset,
            happenings,
            wake,
            wake_reconciler,
        }))
    }

    /// A demo: the sample shop's name stands before anything is read.
    pub async fn open_demo(config: Config, clock: Clock) -> Result<Arc<Shop>, OpenError> {
        let storage = Storage::open(&config.database_url).await?;
        migrate::run(&storage).await?;
        settings::get_or_set(&storage, "name_en", "Harbour Kiln").await?;
        settings::get_or_set(&storage, "name_zh", "海港窑").await?;
        drop(storage);
        Shop::open(config, clock).await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The settings as they were read last. Whoever begins something asks [`Shop::read_settings`] first.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the settings as they stand now, whoever changed them: a row each, by one statement. There is no cache that
    /// could be wrong, so a change counts with the next request of every instance.
    pub async fn read_settings(&self) -> Result<Arc<Settings>, StorageError> {
        let read = Arc::new(Settings::of(&settings::all(&self.storage).await?, &self.unset)?);
        let mut stands = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        // Two read at once: the later change stays, whoever comes back first.
        if read.revision >= stands.revision {
            *stands = read.clone();
        }
        Ok(read)
    }

    pub fn draw_order_id(&self) -> OrderId {
        OrderId::from_u128(uuid::Uuid::now_v7().as_u128())
    }

    pub fn draw_refund_id(&self) -> RefundId {
        RefundId::from_u128(uuid::Uuid::now_v7().as_u128())
    }

    /// The secret half of a guest's order link; always the same for an order, so that a repeated request can be
    /// answered again and nothing need be stored.
    pub fn order_token(&self, order: OrderId) -> String {
        base64url(&self.order_mac(order).finalize().into_bytes())
    }

    /// Compares in constant time.
    pub fn check_order_token(&self, order: OrderId, token: &str) -> bool {
        let right = self.order_token(order);
        subtle::ConstantTimeEq::ct_eq(right.as_bytes(), token.as_bytes()).into()
    }

    /// A keyed digest of something personal, such as an address: enough to count by, useless to anybody else.
    pub fn keyed_digest(&self, purpose: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret.0).expect("a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        base64url(&mac.finalize().into_bytes()[..18])
    }

    /// What a buyer is called in the books once their data are erased: the same person again can be counted by it, and
    /// nobody can be told from it.
    pub fn name_when_erased(&self, buyer: &str) -> String {
        format!("{}{}", orders::ERASED, self.keyed_digest("erased buyer", buyer))
    }

    /// What an endpoint of webhooks checks signatures with: always the same for an endpoint and the generation of its
    /// secret, so that nothing need be stored.
    pub fn webhook_secret(&self, endpoint: &str, generation: i64) -> SigningSecret {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret.0).expect("a key of any length");
        mac.update(format!("webhook\0{endpoint}\0{generation}").as_bytes());
        SigningSecret::new(mac.finalize().into_bytes().into())
    }

    /// Names this shop among others that may share its Stripe account; says nothing about its secret.
    pub fn shop_id(&self) -> String {
        format!("shop_{}", self.keyed_digest("shop", ""))
    }

    fn order_mac(&self, order: OrderId) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret.0).expect("a key of any length");
        mac.update(b"order\0");
        mac.update(order.to_string().as_bytes());
        mac
    }

    /// Tells whoever listens (the demo's terminal) that something happened.
    pub fn tell(&self, line: impl Into<String>) {
        let _ = self.happenings.send(line.into()); // Nobody listening is fine.
    }

    pub fn happenings(&self) -> broadcast::Receiver<String> {
        self.happenings.subscribe()
    }

    /// There is work: the workers need not wait for their next round.
    pub fn wake_workers(&self) {
        self.wake.notify_one();
    }

    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Somebody wants our books compared with Stripe's now.
    pub fn wake_reconciler(&self) {
        self.wake_reconciler.notify_one();
    }

    pub async fn reconciler_woken(&self) {
        self.wake_reconciler.notified().await;
    }
}

impl Settings {
    /// Reads what is set; `unset` is what counts where nothing is.
    fn of(set: &BTreeMap<String, String>, unset: &Policy) -> Result<Settings, StorageError> {
        let text = |key: &str, unset: &str| set.get(key).cloned().unwrap_or_else(|| unset.to_owned());
        let policy = settings::policy(set, unset)?;
        let languages: Vec<Language> = text("languages", "").split(' ').filter_map(Language::parse).collect();
        Ok(Settings {
            name_en: text("name_en", "My shop"),
            name_zh: text("name_zh", "我的小店"),
            currency: policy.currency,
            time_zone: text("time_zone", "UTC"),
            owner_email: text("owner_email", ""),
            owner_language: Language::of_tag(&text("owner_language", "en")),
            owner_order_letters: set.get(settings::OWNER_ORDER_LETTERS).is_some_and(|set| set == "1"),
            low_stock: settings::number(set, settings::LOW_STOCK)?.unwrap_or(LOW_STOCK),
            languages: if languages.is_empty() { Language::ALL.to_vec() } else { languages },
            policy,
            shipping_zones: text(settings::SHIPPING_ZONES, ""),
            tax_rules: text(settings::TAX_RULES, ""),
            revision: settings::number(set, settings::REVISION)?.unwrap_or(0),
        })
    }

    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::En => &self.name_en,
            Language::ZhCn => &self.name_zh,
        }
    }
}

/// What orders are placed by where the shopkeeper has set nothing.
fn unset_policy(config: &Config) -> Result<Policy, OpenError> {
    let currency = Currency::parse(CURRENCY).map_err(|error| OpenError::Setting(error.to_string()))?;
    Ok(Policy {
        currency,
        hold: config.hold,
        holds_per_buyer_max: HOLDS_PER_BUYER_MAX,
        holds_per_client_max: HOLDS_PER_CLIENT_MAX,
        charge_minor_min: currency.charge_minor_min(),
        charge_minor_max: currency.charge_minor_max(),
        prices: Arc::new(PriceRules::none()),
    })
}

impl ShopSecret {
    async fn of(storage: &Storage) -> Result<ShopSecret, OpenError> {
        let mut drawn = [0u8; 32];
        getrandom::fill(&mut drawn).map_err(|error| OpenError::Setting(error.to_string()))?;
        let hex: String = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
        let stands = settings::get_or_set(storage, "shop_secret", &hex).await?;
        let refused = || OpenError::Setting("shop_secret is not 64 hexadecimal digits".to_owned());
        let mut bytes = [0u8; 32];
        if stands.len() != 64 || !stands.is_ascii() {
            return Err(refused());
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&stands[2 * at..2 * at + 2], 16).map_err(|_| refused())?;
        }
        Ok(ShopSecret(bytes))
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

impl std::fmt::Debug for ShopSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShopSecret(***)")
    }
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop").field("storage", &self.storage).finish_non_exhaustive()
    }
}
