//! The built program as its users run it: real processes with real ports, files and signals.
//!
//! A house is a database, a Stripe sandbox beside it, and as many instances of the shop as a test starts.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stockhold::clock::Clock;
use stockhold::mail::{self, StoredLetter};
use stockhold::storage::Storage;
use stripe_sandbox::{Options, Sandbox};
use tokio::net::TcpListener;

use super::shop::{Answer, answer};

/// How long anything may take on a busy machine before it counts as broken.
pub const PATIENCE: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(25);
pub const KEY: &str = "sk_test_of_the_tests";
const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

/// Ports below those that the system hands to clients: a port that a killed shop has left stays free for it.
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// What a program that ended has said.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// One running process; it is killed when nobody needs it any more.
#[derive(Debug)]
pub struct Program {
    child: Child,
    out: Heard,
    err: Heard,
}

type Heard = Arc<Mutex<String>>;

impl Program {
    /// Starts `stockhold` with nothing of this process's environment.
    pub fn start(arguments: &[&str], environment: &[(&str, String)]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stockhold"));
        command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the built program starts");
        let (out, err) = (hear(child.stdout.take()), hear(child.stderr.take()));
        Program { child, out, err }
    }

    /// Runs a command to its end.
    pub async fn run(arguments: &[&str], environment: &[(&str, String)]) -> Ended {
        Program::start(arguments, environment).ended().await
    }

    pub async fn ended(mut self) -> Ended {
        let mut status: Option<ExitStatus> = None;
        until(&format!("the program ends; it said: {}", self.said()), async || {
            status = self.child.try_wait().expect("a child of ours");
            status.is_some()
        })
        .await;
        // Its pipes may still be read for a moment after it is gone.
        until("its pipes are closed", async || Arc::strong_count(&self.out) + Arc::strong_count(&self.err) == 2).await;
        let code = status.and_then(|status| status.code());
        Ended { code, out: text(&self.out), err: text(&self.err) }
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill(); // It may be gone already.
        let _ = self.child.wait();
    }

    /// Asks it to end, as a service manager does.
    pub fn terminate(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "kill -TERM");
    }

    pub fn said(&self) -> String {
        format!("{}{}", text(&self.out), text(&self.err))
    }

    pub fn printed(&self) -> String {
        text(&self.out)
    }

    /// Exit code 5.
    fn found_its_address_taken(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_some_and(|status| status.code() == Some(5))
    }

    fn assert_runs(&mut self) {
        let status = self.child.try_wait().expect("a child of ours");
        assert!(status.is_none(), "the program ended with {status:?}: {}", self.said());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn hear(pipe: Option<impl Read + Send + 'static>) -> Heard {
    let heard = Heard::default();
    let (mut pipe, into) = (pipe.expect("a pipe"), heard.clone());
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut piece) {
            into.lock().expect("nobody panics here").push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    });
    heard
}

fn text(heard: &Heard) -> String {
    heard.lock().expect("nobody panics here").clone()
}

/// Asks again until it is so; there is no other wait in these tests.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "in {PATIENCE:?} it never came true that {what}");
        tokio::time::sleep(ASK_EVERY).await;
    }
}

pub fn free_port() -> u16 {
    let from = u16::try_from(std::process::id() % u32::from(PORTS)).expect("below the number of ports");
    loop {
        let port = FIRST_PORT + from.wrapping_add(NEXT_PORT.fetch_add(1, Ordering::SeqCst)) % PORTS;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[derive(Debug)]
pub struct House {
    pub sandbox: Sandbox,
    pub sandbox_url: String,
    pub database_url: String,
    pub http: reqwest::Client,
    pub folder: tempfile::TempDir,
    /// How buyers reach the shop: the same for all instances.
    base_url: String,
    ports: Vec<u16>,
    hold_minutes: &'static str,
}

/// A shop process that can be killed and started again on its port.
#[derive(Debug)]
pub struct Instance {
    pub url: String,
    environment: Vec<(&'static str, String)>,
    program: Option<Program>,
}

impl House {
    pub async fn on_sqlite(hold_minutes: &'static str) -> House {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database_url = format!("sqlite:{}", folder.path().join("shop.db").display());
        House::open(folder, database_url, hold_minutes).await
    }

    pub async fn on_postgres(hold_minutes: &'static str) -> House {
        let folder = tempfile::tempdir().expect("a temporary folder");
        House::open(folder, super::postgres::database_url(), hold_minutes).await
    }

    /// Its webhooks go to the last instance.
    async fn open(folder: tempfile::TempDir, database_url: String, hold_minutes: &'static str) -> House {
        let ports = match database_url.starts_with("sqlite:") {
            true => vec![free_port()],
            false => vec![free_port(), free_port()],
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let sandbox_url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let told = ports.last().expect("at least one instance");
        let sandbox = Sandbox::open(Options {
            state_dir: None,
            base_path: sandbox_url.clone(),
            clock: Arc::new(|| Clock::system().now().micros()),
            webhook_url: Some(format!("http://127.0.0.1:{told}/api/webhooks/stripe")),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            api_key: Some(KEY.to_owned()),
        });
        let sandbox = sandbox.expect("a sandbox in memory");
        let stripe = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, stripe).await });
        sandbox.spawn_deliveries();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(Duration::from_secs(20)).build().expect("a client");
        let base_url = format!("http://127.0.0.1:{}", ports[0]);
        House { sandbox, sandbox_url, database_url, http, folder, base_url, ports, hold_minutes }
    }

    /// One on SQLite, two on PostgreSQL; each with a data folder of its own.
    pub fn instances(&self) -> Vec<Instance> {
        (0..self.ports.len()).map(|at| Instance::new(self, at)).collect()
    }

    fn data_dir(&self, at: usize) -> PathBuf {
        self.folder.path().join(format!("data-{at}"))
    }

    /// What `serve` needs here.
    pub fn environment(&self, at: usize) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.database_url.clone()),
            ("STOCKHOLD_DATA_DIR", self.data_dir(at).display().to_string()),
            ("STOCKHOLD_LISTEN", format!("127.0.0.1:{}", self.ports[at])),
            ("STOCKHOLD_BASE_URL", self.base_url.clone()),
            ("STOCKHOLD_HOLD_MINUTES", self.hold_minutes.to_owned()),
            ("STRIPE_SECRET_KEY", KEY.to_owned()),
            ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ("STRIPE_API_BASE", self.sandbox_url.clone()),
            ("RUST_LOG", "warn".to_owned()),
        ]
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        Program::run(arguments, &self.environment(0)).await
    }

    /// Draws a key with the command that shopkeepers use.
    pub async fn draw_key(&self, scopes: &str) -> String {
        let ended = self.run(&["keys", "create", "--name", "test", "--scopes", scopes]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.out.trim().to_owned()
    }

    /// Puts goods on the shelf over the API.
    pub async fn stock(&self, key: &str, name: &str, units: i64) {
        let product = json!({ "title": { "en": name }, "status": "active", "variants":
            [{ "sku": name, "price": { "amount": 3200, "currency": "USD" } }] });
        let place = format!("{}/api/admin/products/{name}", self.base_url);
        let request = self.http.put(place).bearer_auth(key).json(&product);
        let (status, body) = answer(request.send().await.expect("the shop answers")).await;
        assert!([201, 428].contains(&status), "it is new, or stands already: {status} {body}");
        let place = format!("{}/api/admin/stock/{name}/movements", self.base_url);
        let request = self.http.post(place).bearer_auth(key).header("Idempotency-Key", name);
        let request = request.json(&json!({ "delta": units, "reason": "received" }));
        let (status, body) = answer(request.send().await.expect("the shop answers")).await;
        assert_eq!(status, 201, "{body}");
    }

    pub async fn get(&self, url: &str, key: &str) -> Answer {
        let request = self.http.get(url).bearer_auth(key);
        answer(request.send().await.expect("the shop answers")).await
    }

    /// Every letter of every instance.
    pub fn letters(&self) -> Vec<StoredLetter> {
        (0..self.ports.len()).flat_map(|at| mail::read_folder(&self.data_dir(at).join("mailbox"))).collect()
    }

    /// The database from outside, to look at what no route shows.
    pub async fn storage(&self) -> Storage {
        Storage::open(&self.database_url).await.expect("the database opens")
    }

    /// `stockhold audit` finds nothing.
    pub async fn books_balance(&self) {
        let ended = self.run(&["audit", "--json"]).await;
        assert_eq!((ended.code, ended.out.trim()), (Some(0), r#"{"findings":[]}"#), "{ended:?}");
    }
}

impl Instance {
    fn new(house: &House, at: usize) -> Instance {
        let url = format!("http://127.0.0.1:{}", house.ports[at]);
        Instance { url, environment: house.environment(at), program: None }
    }

    /// Another setting from its next start on; an empty one is none.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.environment.retain(|(stands, _)| *stands != name);
        self.environment.push((name, value.to_owned()));
    }

    /// Starts it and returns once it is ready.
    pub async fn start(&mut self, http: &reqwest::Client) {
        let mut program = Program::start(&["serve"], &self.environment);
        let ready = format!("{}/readyz", self.url);
        let begun = Instant::now();
        while !http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            // Between its fork and its own program a child of another test has what that test has, this port for one.
            if program.found_its_address_taken() {
                program = Program::start(&["serve"], &self.environment);
            }
            program.assert_runs();
            assert!(begun.elapsed() < PATIENCE, "the shop is not ready; it said: {}", program.said());
            tokio::time::sleep(ASK_EVERY).await;
        }
        self.program = Some(program);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.program = None;
    }

    pub fn terminate(&mut self) -> Program {
        let program = self.program.take().expect("it runs");
        program.terminate();
        program
    }
}

/// The number of a JSON answer, or nothing.
pub fn number(body: &Value, pointer: &str) -> Option<i64> {
    body.pointer(pointer).and_then(Value::as_i64)
}
