//! Stripe's own SDKs as judges: they drive the sandbox and verify its webhooks. `cargo xtask test` installs them.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{SECRET, Street};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// Runs one judge with an input; its word is its exit code.
async fn ask(program: &Path, judge: &str, arguments: &[&str], input: &str) {
    let mut child = Command::new(program)
        .current_dir(folder())
        .arg(judge)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs what is missing", program.display()));
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{judge} {arguments:?}: {said}");
}

async fn judged_by(program: &Path, judge: &str) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // The SDKs compare signatures with the computer's own clock.
    let street = Street::at(i64::try_from(now).unwrap()).await;
    let port = street.base.rsplit(':').next().unwrap();
    ask(program, judge, &["api", port], "").await;
    street.sandbox.deliver_due().await;
    let letters: Vec<_> =
        street.letters().iter().map(|letter| json!({"signature": letter.signature, "body": letter.body})).collect();
    let input = json!({"secret": SECRET, "letters": letters}).to_string();
    ask(program, judge, &["webhooks"], &input).await;
}

#[tokio::test]
async fn the_node_sdk_finds_stripe_here() {
    let installed = folder().join("node_modules/stripe").is_dir();
    assert!(
        installed,
        "Stripe's SDK for Node is not installed in crates/stripe-sandbox/tests/sdk: run `cargo xtask test`"
    );
    judged_by(Path::new("node"), "judge.mjs").await;
}

#[tokio::test]
async fn the_python_sdk_finds_stripe_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("sdk-venv/bin/python");
    assert!(program.exists(), "Stripe's SDK for Python is not installed in target/sdk-venv: run `cargo xtask test`");
    judged_by(&program, "judge.py").await;
}
