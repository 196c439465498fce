//! Forms of settings: what was typed, what is wrong with it, and what stands instead when somebody else was faster.
//!
//! Promise: nothing that was typed is lost, and nothing that stands is overwritten unseen: a form knows the revision it was
//! made from, and a conflict shows both.

use std::collections::BTreeMap;

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use minijinja::context;
use minijinja::value::Value;

use crate::web::PageError;
use crate::web::admin::desk::Desk;
use crate::web::api::conditions::Conditions;
use crate::web::problem::{FieldError, Problem};

/// A form as the browser sends it.
pub type Sent = Result<Form<Vec<(String, String)>>, FormRejection>;

/// Field → text.
pub type Values = BTreeMap<String, String>;

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct Typed(Vec<(String, String)>);

impl Typed {
    pub fn read(sent: Sent) -> Result<Typed, PageError> {
        let pairs = sent?.0;
        // PostgreSQL cannot store a NUL, and nobody types one.
        let has_nul = pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'));
        if has_nul { Err(PageError::Unreadable) } else { Ok(Typed(pairs)) }
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.trim())
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn is_ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// The id that was drawn with the form, for what it makes: the same form again makes it once.
    pub fn drawn_id(&self, prefix: &str) -> Result<&str, PageError> {
        let id = self.get("id");
        let is_ours = id
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_ours { Ok(id) } else { Err(PageError::Unreadable) }
    }

    /// The number behind the prefix of a button's value: `remove-rate-2`.
    pub fn pressed(&self, prefix: &str) -> Option<usize> {
        self.get("do").strip_prefix(prefix)?.parse().ok()
    }

    pub fn values(&self) -> Values {
        let texts = self.0.iter().filter(|(name, _)| !matches!(name.as_str(), "do" | "revision"));
        texts.map(|(name, value)| (name.clone(), value.replace("\r\n", "\n").trim().to_owned())).collect()
    }

    pub fn revision(&self) -> i64 {
        self.get("revision").parse().unwrap_or_default()
    }
}

/// A form as it is shown.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    pub values: Values,
    pub wrong: Values,
    /// What stands now, where it is not what was typed.
    pub now: Values,
    /// Somebody else was faster.
    pub overtaken: bool,
    pub revision: i64,
}

impl Sheet {
    pub fn of(values: Values, revision: i64) -> Sheet {
        Sheet { values, revision, ..Sheet::default() }
    }

    /// Puts words beside a field; the first stay.
    pub fn put(&mut self, desk: &Desk, field: &str, code: &str, detail: &str) {
        let key = format!("admin-wrong-{code}");
        let words = if desk.has_word(&key) { desk.say(&key, &[]) } else { detail.to_owned() };
        self.wrong.entry(field.to_owned()).or_insert(words);
    }

    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Takes a refusal into the form. `field` says at which field a pointer is shown; `stands` is what is there now.
    pub fn refuse(
        &mut self,
        desk: &Desk,
        problem: Problem,
        field: impl Fn(&FieldError) -> String,
        stands: (Values, i64),
    ) -> Result<(), PageError> {
        let (code, errors) = problem.into_wrongs()?;
        if matches!(code, "precondition-failed" | "conflict") {
            self.overtake(stands);
            return Ok(());
        }
        for error in errors {
            self.put(desk, &field(&error), error.code, &error.detail);
        }
        Ok(())
    }

    /// What was typed stays, what stands is shown beside it, and the next try has seen it.
    pub fn overtake(&mut self, (stands, revision): (Values, i64)) {
        let differs = |(field, text): &(&String, &String)| self.values.get(*field).map_or("", String::as_str) != *text;
        self.now = stands.iter().filter(differs).map(|(field, text)| (field.clone(), text.clone())).collect();
        (self.overtaken, self.revision) = (true, revision);
    }

    pub fn status(&self) -> StatusCode {
        match (self.overtaken, self.is_right()) {
            (true, _) => StatusCode::CONFLICT,
            (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
            (false, true) => StatusCode::OK,
        }
    }

    pub fn value(&self) -> Value {
        let general = self.wrong.get("").cloned().unwrap_or_default();
        context! {
            values => self.values.clone(),
            wrong => self.wrong.clone(),
            general,
            now => self.now.clone(),
            overtaken => self.overtaken,
            revision => self.revision,
            is_right => self.is_right(),
        }
    }
}

/// The condition of whoever has read this revision.
pub fn as_read(revision: i64) -> Conditions {
    let mut headers = HeaderMap::new();
    let tag = HeaderValue::from_str(&format!("\"{revision}.desk\"")).expect("digits in quotes");
    headers.insert(IF_MATCH, tag);
    Conditions::read(&headers)
}

/// The condition of whoever makes something new.
pub fn as_new() -> Conditions {
    let mut headers = HeaderMap::new();
    headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
    Conditions::read(&headers)
}

/// A number as JSON has it, or nothing and a word beside the field.
pub fn number(desk: &Desk, sheet: &mut Sheet, typed: &Typed, field: &str) -> serde_json::Value {
    match serde_json::from_str::<serde_json::Number>(typed.get(field)) {
        Ok(number) => serde_json::Value::Number(number),
        Err(_) => {
            sheet.put(desk, field, "not-a-number", "This is not a number.");
            serde_json::Value::Null
        }
    }
}

/// A whole number.
pub fn whole(desk: &Desk, sheet: &mut Sheet, typed: &Typed, field: &str) -> serde_json::Value {
    match typed.get(field).parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => {
            sheet.put(desk, field, "not-a-number", "This is not a number.");
            serde_json::Value::Null
        }
    }
}
