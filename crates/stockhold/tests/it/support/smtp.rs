//! A mail server that the tests start: `aiosmtpd`, a real SMTP implementation, as a child process below the tests'
//! Python. What it is handed it files in a Maildir. It ends when its standard input does, so with the test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Takes the port and the folder; says which port it listens on.
const SERVER: &str = r#"
import asyncio, sys
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

async def main():
    loop = asyncio.get_running_loop()
    mailbox = Mailbox(sys.argv[2])
    server = await loop.create_server(lambda: SMTP(mailbox, enable_SMTPUTF8=True), "127.0.0.1", int(sys.argv[1]))
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"#;

/// Takes a mail apart; Python's own reader knows every encoding that a mail may use.
const READER: &str = r#"
import email, email.policy, json, sys

read = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
part = lambda kind: next((p.get_content() for p in read.walk() if p.get_content_type() == kind), None)
print(json.dumps({
    "message_id": read["Message-ID"], "from": read["From"], "to": read["To"], "subject": read["Subject"],
    "kind": read.get_content_type(), "text": part("text/plain"), "html": part("text/html"),
}))
"#;

/// A mail as its reader shows it.
#[derive(Debug, serde::Deserialize)]
pub struct Mail {
    pub message_id: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub kind: String,
    pub text: String,
    pub html: String,
}

#[derive(Debug)]
pub struct MailServer {
    port: u16,
    child: Option<Child>,
    folder: tempfile::TempDir,
}

impl MailServer {
    pub fn start() -> MailServer {
        let mut server = MailServer { port: 0, child: None, folder: tempfile::tempdir().expect("a temporary folder") };
        server.up();
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Comes back where it was.
    pub fn up(&mut self) {
        let mut child = Command::new(python())
            .args(["-c", SERVER, &self.port.to_string()])
            .arg(self.maildir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("it speaks")).read_line(&mut said).expect("it says its port");
        self.port = said.trim().parse().expect("it listens: `cargo xtask test` installs aiosmtpd");
        self.child = Some(child);
    }

    /// Connections are refused from now on.
    pub fn down(&mut self) {
        let mut child = self.child.take().expect("it is up");
        child.kill().expect("it can be ended");
        child.wait().expect("it ends");
    }

    /// What has arrived, in no order.
    pub fn mails(&self) -> Vec<Mail> {
        let files = std::fs::read_dir(self.maildir().join("new")).into_iter().flatten().flatten();
        files.map(|file| read(&file.path())).collect()
    }

    fn maildir(&self) -> PathBuf {
        self.folder.path().join("mail")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.down();
        }
    }
}

fn read(file: &Path) -> Mail {
    let output = Command::new(python()).args(["-c", READER]).arg(file).output().expect("Python starts");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The virtual environment that `cargo xtask test` fills.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sdk-venv/bin/python")
}
