//! Passwords: argon2id with the numbers OWASP names (19 MiB, two passes, one lane), hashed off the threads that serve.
//!
//! Invariant: at most [`HASHED_AT_ONCE`] are hashed at once, so that a crowd of guesses cannot eat the shop's memory; also
//! when whoever guessed does not wait for the answer.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::storage::{Result, StorageError};

const HASHED_AT_ONCE: usize = 4;

static HASHING: Semaphore = Semaphore::const_new(HASHED_AT_ONCE);

/// The PHC string to keep, with a salt of its own.
pub async fn hash_password(password: String) -> Result<String> {
    off_the_servers(move || {
        let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes()).map_err(broken)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password is the one of this hash. An empty hash is nobody's, and takes as long to say.
pub async fn verify_password(password: String, hash: String) -> Result<bool> {
    off_the_servers(move || {
        if hash.is_empty() {
            let nobodys: PasswordHash =
                Argon2::default().hash_password_with_salt(password.as_bytes(), &[7; 16]).map_err(broken)?;
            return Ok(std::hint::black_box(nobodys).to_string().is_empty());
        }
        let hash = PasswordHash::new(&hash).map_err(broken)?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
}

async fn off_the_servers<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let place = HASHING.acquire().await.map_err(broken)?;
    // The work goes on although its caller hangs up, and so its place is taken until it ends.
    let in_its_place = move || {
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(in_its_place).await.map_err(broken)?
}

fn broken(error: impl std::fmt::Display) -> StorageError {
    StorageError::Broken(format!("a password could not be hashed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_opens() {
        let hash = hash_password("correct horse battery".to_owned()).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for (password, opens) in [("correct horse battery", true), ("correct horse batterx", false), ("", false)] {
            assert_eq!(verify_password(password.to_owned(), hash.clone()).await, Ok(opens), "{password}");
        }
        assert_eq!(verify_password("correct horse battery".to_owned(), String::new()).await, Ok(false));
    }
}
