//! Refusals in Stripe's wire format. Each one knows whether an idempotency key remembers it: parameter validation is
//! forgotten, a refusal after execution began is kept and replayed.

use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct ApiError {
    pub status: u16,
    pub kind: &'static str,
    pub code: Option<&'static str>,
    pub param: Option<String>,
    pub message: String,
    /// Stored under the idempotency key: execution had begun.
    pub kept: bool,
}

impl ApiError {
    fn invalid_request(code: Option<&'static str>, param: Option<&str>, message: String) -> ApiError {
        let param = param.map(str::to_owned);
        ApiError { status: 400, kind: "invalid_request_error", code, param, message, kept: false }
    }

    pub fn unknown(param: &str) -> ApiError {
        ApiError::invalid_request(
            Some("parameter_unknown"),
            Some(param),
            format!("Received unknown parameter: {param}"),
        )
    }

    pub fn missing(param: &str) -> ApiError {
        ApiError::invalid_request(Some("parameter_missing"), Some(param), format!("Missing required param: {param}."))
    }

    /// A parameter that can be read but not accepted.
    pub fn invalid(param: &str, message: impl Into<String>) -> ApiError {
        ApiError::invalid_request(None, Some(param), message.into())
    }

    pub fn invalid_code(code: &'static str, param: &str, message: impl Into<String>) -> ApiError {
        ApiError::invalid_request(Some(code), Some(param), message.into())
    }

    /// Stripe has it, this sandbox does not: said aloud, because an ignored parameter would be a silent lie.
    pub fn not_imitated(param: &str) -> ApiError {
        let message = format!("The sandbox does not imitate `{param}`, although Stripe knows it.");
        ApiError::invalid_request(Some("sandbox_not_imitated"), Some(param), message)
    }

    /// A refusal by the state of the books: remembered under the idempotency key.
    pub fn refused(code: Option<&'static str>, param: Option<&str>, message: impl Into<String>) -> ApiError {
        ApiError { kept: true, ..ApiError::invalid_request(code, param, message.into()) }
    }

    /// The object in the address does not exist.
    pub fn no_such(what: &str, id: &str) -> ApiError {
        let message = format!("No such {what}: '{id}'");
        ApiError { status: 404, ..ApiError::refused(Some("resource_missing"), Some("id"), message) }
    }

    /// An object that a parameter names does not exist.
    pub fn no_such_param(what: &str, id: &str, param: &str) -> ApiError {
        ApiError::refused(Some("resource_missing"), Some(param), format!("No such {what}: '{id}'"))
    }

    pub fn unrecognized(method: &str, path: &str) -> ApiError {
        let message =
            format!("Unrecognized request URL ({method}: {path}). The sandbox imitates only what a shop uses.");
        ApiError { status: 404, ..ApiError::invalid_request(None, None, message) }
    }

    pub fn unauthorized(message: impl Into<String>) -> ApiError {
        ApiError { status: 401, ..ApiError::invalid_request(None, None, message.into()) }
    }

    pub fn key_reused(key: &str) -> ApiError {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. \
             Try using a key other than '{key}' if you meant to execute a different request."
        );
        ApiError { kind: "idempotency_error", ..ApiError::invalid_request(None, None, message) }
    }

    pub fn key_in_use(key: &str) -> ApiError {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        let error = ApiError::invalid_request(Some("idempotency_key_in_use"), None, message);
        ApiError { status: 409, kind: "idempotency_error", ..error }
    }

    pub fn too_many_requests() -> ApiError {
        let message = "Request rate limit exceeded. You can learn more about rate limits in the documentation.";
        ApiError { status: 429, ..ApiError::invalid_request(Some("rate_limit"), None, message.to_owned()) }
    }

    pub fn lock_timeout() -> ApiError {
        let message = "This object cannot be accessed right now because another API request or Stripe process is \
            currently accessing it.";
        ApiError { status: 429, ..ApiError::invalid_request(Some("lock_timeout"), None, message.to_owned()) }
    }

    pub fn forbidden() -> ApiError {
        let message = "The provided key does not have the required permissions for this endpoint.";
        ApiError { status: 403, ..ApiError::invalid_request(None, None, message.to_owned()) }
    }

    pub fn server_error() -> ApiError {
        let message = "An unknown error occurred.".to_owned();
        ApiError { status: 500, kind: "api_error", kept: true, ..ApiError::invalid_request(None, None, message) }
    }

    pub fn books_unwritable(error: &std::io::Error) -> ApiError {
        let message = format!("The sandbox cannot write its books: {error}");
        ApiError { status: 500, kind: "api_error", ..ApiError::invalid_request(None, None, message) }
    }

    pub fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = self.code {
            error["code"] = json!(code);
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({"error": error})
    }
}
