//! A private PostgreSQL that the tests start themselves: one cluster a test process, one database a call.
//!
//! A small shell watches over it: when the test process ends, however it ends, its pipe closes, the server is
//! stopped and its folder deleted. `DATABASE_URL_FOR_TESTS` names a server to use instead.
//!
//! Whether its commits reach the disk is said by whoever includes this file: only the benchmark asks for that. Tests kill
//! shops, never the server or the machine, so a commit that is in the server's memory is as safe there.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::REACHES_THE_DISK;

const SERVER_STARTS_WITHIN: Duration = Duration::from_secs(60);

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU64 = AtomicU64::new(1);

struct Cluster {
    /// `postgres://user@host:port`, without a database.
    address: String,
    _watched: Option<Child>,
}

/// The address of a fresh, empty database.
pub fn database_url() -> String {
    let cluster = CLUSTER.get_or_init(start);
    let name = format!("shop_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::SeqCst));
    run_sql(&format!("{}/postgres", cluster.address), &format!("create database {name}"));
    format!("{}/{name}", cluster.address)
}

/// Runs one statement on a thread of its own, so that async tests can call it too.
fn run_sql(url: &str, sql: &str) {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let done = std::thread::spawn(move || connect_and_run(&url, &sql)).join().expect("the statement's thread ends");
    done.expect("PostgreSQL answers");
}

fn connect_and_run(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        let driver = tokio::spawn(connection);
        let result = client.batch_execute(sql).await;
        driver.abort();
        result
    })
}

fn start() -> Cluster {
    if let Ok(address) = std::env::var("DATABASE_URL_FOR_TESTS") {
        return Cluster { address: address.trim_end_matches('/').to_owned(), _watched: None };
    }
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("stockhold-pg-").tempdir().expect("a temporary folder").keep();
    let user = unprivileged_user();
    if let Some(user) = &user {
        run(Command::new("chown").arg(user).arg(&folder));
    }
    let data = folder.join("data");
    let mut initdb = command_as(user.as_deref(), &programs.join("initdb"));
    run(initdb
        .current_dir(&folder)
        .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--username=shop", "--no-sync", "--pgdata"])
        .arg(&data));
    let port = free_port();
    let watched = spawn_watched(&programs, user.as_deref(), &folder, port);
    let address = format!("postgres://shop@127.0.0.1:{port}");
    wait_until_up(&format!("{address}/postgres"));
    Cluster { address, _watched: Some(watched) }
}

/// The server below a shell that waits for its standard input to end: the far end is held by this process.
fn spawn_watched(programs: &Path, user: Option<&str>, folder: &Path, port: u16) -> Child {
    // Ctrl-C reaches every process of the terminal; the shell must live on to clear up.
    let script = r#"trap '' INT TERM HUP; "$1" -D "$2/data" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$2" -p "$3" \
        -c max_connections=300 -c log_min_messages=fatal -c fsync=$4 -c full_page_writes=$4 >"$2/log" 2>&1 &
        server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$2""#;
    let mut shell = command_as(user, Path::new("/bin/sh"));
    shell.current_dir(folder).args(["-c", script, "watch"]).arg(programs.join("postgres")).arg(folder);
    shell
        .arg(port.to_string())
        .arg(if REACHES_THE_DISK { "on" } else { "off" })
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell starts")
}

fn wait_until_up(url: &str) {
    let begun = std::time::Instant::now();
    loop {
        let address = url.to_owned();
        let up = std::thread::spawn(move || connect_and_run(&address, "select 1").is_ok()).join();
        if up.unwrap_or(false) {
            return;
        }
        assert!(begun.elapsed() < SERVER_STARTS_WITHIN, "PostgreSQL did not start");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Where initdb and postgres are: Debian keeps them beside the version, others on the path.
pub fn programs() -> PathBuf {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .expect("PostgreSQL's server is installed: `cargo xtask test` does it")
}

/// PostgreSQL refuses to run as root: then somebody without rights runs it.
fn unprivileged_user() -> Option<String> {
    let id = Command::new("id").arg("-u").output().expect("id runs").stdout;
    if String::from_utf8_lossy(&id).trim() != "0" {
        return None;
    }
    let has_postgres = Command::new("id").arg("postgres").output().is_ok_and(|found| found.status.success());
    Some(if has_postgres { "postgres" } else { "nobody" }.to_owned())
}

fn command_as(user: Option<&str>, program: &Path) -> Command {
    match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound address").port()
}
