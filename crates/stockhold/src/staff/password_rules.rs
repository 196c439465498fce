//! Which passwords staff may choose: long ones, of any characters, that nobody would try first.
//!
//! No rules about kinds of characters and no expiry: both make people choose worse ones. What counts is how many tries
//! somebody who knows common passwords, words, dates, keyboards and this shop would need.

use zxcvbn::{Score, zxcvbn};

/// Without a second factor, and with one.
pub const CHARS_MIN: usize = 12;
pub const CHARS_MIN_WITH_SECOND_FACTOR: usize = 8;
/// Sentences fit; and nobody makes us hash a book.
pub const CHARS_MAX: usize = 128;
/// More than a hundred million tries: out of reach for whoever may try a few times an hour.
const SCORE_MIN: Score = Score::Three;
/// More than a million, where the password is half of what is asked for.
const SCORE_MIN_WITH_SECOND_FACTOR: Score = Score::Two;

/// Why a password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    #[error("use at least {0} characters")]
    TooShort(usize),
    #[error("use at most {CHARS_MAX} characters")]
    TooLong,
    #[error("this password is among the first that somebody would try")]
    EasyToGuess,
}

/// `own_words` are those that somebody who knows the shop would try: its name, the person's name and address.
pub fn check(password: &str, has_second_factor: bool, own_words: &[&str]) -> Result<(), PasswordRefusal> {
    let (least, score) = match has_second_factor {
        true => (CHARS_MIN_WITH_SECOND_FACTOR, SCORE_MIN_WITH_SECOND_FACTOR),
        false => (CHARS_MIN, SCORE_MIN),
    };
    match password.chars().count() {
        count if count < least => return Err(PasswordRefusal::TooShort(least)),
        count if count > CHARS_MAX => return Err(PasswordRefusal::TooLong),
        _ => {}
    }
    let words = words(own_words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if zxcvbn(password, &words).score() < score { Err(PasswordRefusal::EasyToGuess) } else { Ok(()) }
}

/// The words themselves and their parts: of `Harbour Kiln` and `ada@kiln.example` also `harbour`, `kiln`, `ada`.
fn words(own: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = vec!["stockhold".to_owned(), "shopkeeper".to_owned(), "admin".to_owned()];
    for text in own.iter().map(|text| text.to_lowercase()) {
        let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() > 2);
        words.extend(parts.map(str::to_owned));
        words.push(text.split_whitespace().collect());
        words.push(text);
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_one(password: &str, has_second_factor: bool, expected: Result<(), PasswordRefusal>) {
        let own = ["Harbour Kiln", "ada@kiln.example", "Ada Lovelace"];
        assert_eq!(check(password, has_second_factor, &own), expected, "{password:?}");
    }

    #[test]
    fn long_passwords_of_any_characters_are_taken() {
        check_one("correct horse battery staple", false, Ok(()));
        check_one("wo3 de mao xihuan chi yu", false, Ok(()));
        check_one("我家的猫每天早上都要吃鱼喝水", false, Ok(()));
        check_one("v7#kQz!m2Lp9", false, Ok(()));
        check_one("v7#kQz!m", true, Ok(()));
        check_one(&"v7#kQz!m2Lp9 ".repeat(9), false, Ok(()));
    }

    #[test]
    fn short_and_endless_ones_are_not() {
        check_one("v7#kQz!m2Lp", false, Err(PasswordRefusal::TooShort(12)));
        check_one("v7#kQz!", true, Err(PasswordRefusal::TooShort(8)));
        check_one("", false, Err(PasswordRefusal::TooShort(12)));
        check_one(&"v7#kQz!m2Lp9 ".repeat(10), false, Err(PasswordRefusal::TooLong));
    }

    #[test]
    fn what_somebody_would_try_first_is_not() {
        for common in [
            "password1234",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "P@ssw0rd1234",
            "iloveyou2026",
            "1q2w3e4r5t6y",
            "letmein12345",
        ] {
            check_one(common, false, Err(PasswordRefusal::EasyToGuess));
        }
        for short in ["password", "12345678", "qwertyui", "kiln2026", "iloveyou", "ada12345"] {
            check_one(short, true, Err(PasswordRefusal::EasyToGuess));
        }
        for of_the_shop in ["harbourkiln1", "HarbourKiln2026", "Stockhold2026", "ada@kiln.example", "kilnkilnkiln"] {
            check_one(of_the_shop, false, Err(PasswordRefusal::EasyToGuess));
        }
    }
}
