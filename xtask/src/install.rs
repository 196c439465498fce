//! What the tests need beside Rust, installed when it is missing and may be installed.

use std::path::Path;
use std::process::Command;

/// PostgreSQL's server programs: the tests start a private cluster with them.
pub fn postgresql(may_install: bool) -> Result<(), String> {
    if has_postgresql() {
        return Ok(());
    }
    let advice = "PostgreSQL's server is missing. On Debian: apt-get install postgresql";
    if !may_install || !is_root() {
        return Err(advice.to_owned());
    }
    println!("== installing PostgreSQL (the tests start a private server with it)");
    apt_get(&["update", "--quiet"])?;
    apt_get(&["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"])?;
    if has_postgresql() { Ok(()) } else { Err(advice.to_owned()) }
}

fn has_postgresql() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.iter().any(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err("apt-get is not here; install PostgreSQL by hand".to_owned());
    }
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("apt-get {} ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("apt-get does not start: {error}")),
    }
}
