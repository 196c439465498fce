//! What the descriptions of all operations have in common, put in from the table of routes: how a request is refused, the
//! tags of what staff may change, the headers around lists and limits. A handler describes only what is its own.

use axum::http::Method;
use serde_json::json;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required};

use super::Route;
use super::access::Access;

/// Paths of what has a strong `ETag`.
pub const TAGGED: [&str; 10] = [
    "/api/admin/collections/{slug}",
    "/api/admin/orders/{id}/shipping-address",
    "/api/admin/products/{slug}",
    "/api/admin/products/{slug}/images",
    "/api/admin/pages/{slug}",
    "/api/admin/coupons/{code}",
    "/api/admin/settings",
    "/api/admin/shipping-zones",
    "/api/admin/tax-rules",
    "/api/admin/webhooks/{id}",
];

/// A way to be refused: its status, its name among the components, what it means, and a code as an example.
struct Refused {
    status: u16,
    name: &'static str,
    description: &'static str,
    code: &'static str,
    detail: &'static str,
}

const fn refused(
    status: u16,
    name: &'static str,
    code: &'static str,
    description: &'static str,
    detail: &'static str,
) -> Refused {
    Refused { status, name, description, code, detail }
}

const REFUSED: [Refused; 12] = [
    refused(
        400,
        "BadRequest",
        "malformed-json",
        "The request cannot be read: `malformed-json`, `unreadable-body`, `idempotency-key-missing`, `idempotency-key-invalid`",
        "This is not JSON: expected value at line 1 column 1",
    ),
    refused(
        401,
        "Unauthorized",
        "unauthorized",
        "No key where one is needed, or one that is not valid",
        "Send a valid API key: Authorization: Bearer shk_…",
    ),
    refused(
        403,
        "Forbidden",
        "scope-missing",
        "`scope-missing`: the key may not do this; `cross-site`: a browser sent it from another site's page",
        "This key lacks the scope orders:write.",
    ),
    refused(404, "NotFound", "not-found", "There is nothing here", "There is nothing here."),
    refused(
        412,
        "PreconditionFailed",
        "precondition-failed",
        "It is not as it was read: somebody else changed it, or it is not there, or is there already",
        "Somebody changed this since you read it. Read it again.",
    ),
    refused(413, "TooLarge", "body-too-large", "The body is too large", "A body has at most 1 MB."),
    refused(
        415,
        "UnsupportedMediaType",
        "unsupported-media-type",
        "The body is of another kind than this route reads",
        "Send JSON, with Content-Type: application/json.",
    ),
    refused(
        422,
        "Invalid",
        "validation-failed",
        "Something in it cannot be used; `errors` names every field. `idempotency-key-reused`: the key was used for another \
            request",
        "Order between 1 and 999.",
    ),
    refused(
        428,
        "PreconditionRequired",
        "precondition-required",
        "It stands already: send `If-Match` with the `ETag` that was read",
        "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen; If-Match: * overwrites \
            whatever stands.",
    ),
    refused(
        429,
        "TooManyRequests",
        "too-many-attempts",
        "Too often, or too many at once; `Retry-After` says when to come again",
        "Too many codes that do not exist were entered. Try again later, or go on without one.",
    ),
    refused(
        500,
        "InternalError",
        "internal-error",
        "A fault of the shop's own; `instance` is the number to ask by",
        "Something went wrong on our side.",
    ),
    refused(
        503,
        "Unavailable",
        "unavailable",
        "The database, or the payment provider, cannot be reached just now; the same request may be repeated",
        "Something went wrong on our side.",
    ),
];

/// Puts in what the routes have in common.
pub(super) fn complete(api: &mut OpenApi, routes: &[Route]) {
    let components = api.components.get_or_insert_default();
    for refused in &REFUSED {
        components.responses.insert(refused.name.to_owned(), RefOr::T(answer(refused)));
    }
    for (path, item) in &mut api.paths.paths {
        for method in [Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE] {
            let route = routes.iter().find(|route| route.path == path && route.method == method);
            let Some(operation) = operation(item, &method) else { continue };
            // What the handlers say of refusals in general is said here, one by one.
            operation.responses.responses.remove("4XX");
            tag(operation, path, &method);
            name(operation);
            show(operation, path, &method);
            refuse(operation, path, &method, route.map(|route| route.access));
            page(operation);
        }
    }
}

fn operation<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    match method.as_str() {
        "GET" => item.get.as_mut(),
        "PUT" => item.put.as_mut(),
        "POST" => item.post.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

fn refuse(operation: &mut Operation, path: &str, method: &Method, access: Option<Access>) {
    let takes = |place: &ParameterIn| {
        let parameters = operation.parameters.iter().flatten();
        parameters.filter_map(only).any(|parameter| parameter.parameter_in == *place)
    };
    let named = operation.parameters.iter().flatten().filter_map(only).any(|one| one.name == "Idempotency-Key");
    let body = operation.request_body.is_some();
    let is_tagged = TAGGED.contains(&path);
    let changes = *method != Method::GET;
    let mut statuses = vec![500, 503];
    if let Some(access) = access {
        statuses.push(401);
        let is_key = !matches!(access, Access::Anyone);
        if is_key || changes {
            statuses.push(403);
        }
    }
    if path.contains('{') {
        statuses.push(404);
    }
    if body {
        statuses.extend([400, 413, 415, 422]);
    }
    if named {
        statuses.extend([400, 422]);
    }
    if takes(&ParameterIn::Query) {
        statuses.push(422);
    }
    if ["/api/checkout", "/api/quote"].contains(&path) {
        statuses.push(429);
    }
    if is_tagged && changes {
        statuses.push(412);
        if *method == Method::PUT || *method == Method::PATCH {
            statuses.push(428);
        }
    }
    for status in statuses {
        let refused = REFUSED.iter().find(|refused| refused.status == status).expect("each is in the table");
        let reference = RefOr::Ref(Ref::from_response_name(refused.name));
        operation.responses.responses.entry(status.to_string()).or_insert(reference);
    }
}

/// What the states of a thing that staff change are told by.
fn tag(operation: &mut Operation, path: &str, method: &Method) {
    if !TAGGED.contains(&path) || *method == Method::POST {
        return;
    }
    let parameters = operation.parameters.get_or_insert_default();
    let mut take = |name: &str, description: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
        parameters.push(RefOr::T(parameter.description(Some(description)).schema(Some(text)).build()));
    };
    match method.as_str() {
        "GET" => take("If-None-Match", "The `ETag` that is known already: 304 if it still holds"),
        "DELETE" => take("If-Match", "The `ETag` it was read with; left out: whatever stands is taken away"),
        "PUT" => {
            take("If-Match", "Needed where it stands already: the `ETag` it was read with, or `*` for whatever stands");
            take("If-None-Match", "`*`: only if it is not there yet");
        }
        _ => take("If-Match", "Needed: the `ETag` it was read with, or `*` for whatever stands"),
    }
    let told = |description: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        HeaderBuilder::new().schema(Some(text)).description(Some(description)).build()
    };
    for status in ["200", "201"] {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status)
            && *method != Method::DELETE
        {
            response.headers.insert("ETag".to_owned(), RefOr::T(told("For `If-Match` and `If-None-Match`")));
        }
    }
    if *method == Method::GET {
        let same = ResponseBuilder::new().description("It is as it was read").header("ETag", told("The same"));
        operation.responses.responses.insert("304".to_owned(), RefOr::T(same.build()));
    }
}

/// What a caller may call a request.
fn name(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "Idempotency-Key"
        {
            let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$"));
            let text = text.examples([json!("5b6f0a52-7f0e-4d0c-9a57-1e5a4f7c2b10")]).build();
            parameter.schema = Some(RefOr::T(text.into()));
        }
    }
}

/// Bodies that are taken as they stand, at a shop with these goods.
fn show(operation: &mut Operation, path: &str, method: &Method) {
    let usd = |amount: i64| json!({ "amount": amount, "currency": "USD" });
    let cart = json!([{ "sku": "HK-CUP-120-CEL", "quantity": 1 }]);
    let parcels = json!([{ "code": "parcel", "title": { "en": "Parcel", "zh-CN": "普通快递" }, "price": usd(600),
        "free_from": usd(8000), "days": { "min": 2, "max": 4 } }]);
    let zones = json!([{ "code": "home", "places": ["DE", "AT"], "methods": parcels }]);
    let taxes = json!({ "taxation": "included", "shipping": "standard",
        "rates": [{ "place": "DE", "class": "standard", "percent": 19 }] });
    let example = match (method.as_str(), path) {
        ("POST", "/api/checkout") => json!({ "items": cart, "email": "lin@example.com", "locale": "en" }),
        ("POST", "/api/quote") => json!({ "items": cart }),
        ("POST", "/api/orders/{id}/cancel") => json!({ "reason": "Ordered twice by mistake" }),
        ("PUT", "/api/admin/products/{slug}") => json!({
            "title": { "en": "Tea cup", "zh-CN": "茶杯" }, "status": "active", "options": ["Glaze"],
            "variants": [{ "sku": "HK-CUP-120-CEL", "options": { "Glaze": { "en": "Celadon", "zh-CN": "青瓷" } },
                "price": usd(3200), "weight_grams": 180 }],
        }),
        ("PUT", "/api/admin/collections/{slug}") => json!({ "title": { "en": "Teapots", "zh-CN": "茶壶" } }),
        ("PUT", "/api/admin/pages/{slug}") => {
            json!({ "title": { "en": "Contact", "zh-CN": "联系我们" }, "body": { "en": "Write to **us**." } })
        }
        ("POST", "/api/admin/stock/{sku}/movements") => json!({ "delta": 5, "reason": "received" }),
        ("POST", "/api/admin/orders/{id}/refunds") => json!({ "amount": usd(500), "reason": "A scratch" }),
        ("POST", "/api/admin/orders/{id}/shipments") => json!({ "carrier": "Post", "tracking": "RR123456785HK" }),
        ("POST", "/api/admin/orders/{id}/notes") => json!({ "text": "Asked for a gift wrap by telephone." }),
        ("PUT", "/api/admin/orders/{id}/shipping-address") => {
            json!({ "name": "Lin Wei", "street": "1 Harbour Road", "city": "Wan Chai", "country": "HK" })
        }
        ("POST", "/api/admin/coupons") => json!({ "code": "TEA10", "percent_off": 10, "usage_limit": 100 }),
        ("PATCH", "/api/admin/coupons/{code}") => json!({ "active": false }),
        ("PATCH", "/api/admin/settings") => json!({ "time_zone": "Asia/Hong_Kong", "hold_minutes": 30 }),
        ("PUT", "/api/admin/shipping-zones") => json!({ "zones": zones }),
        ("PUT", "/api/admin/tax-rules") => taxes,
        ("POST", "/api/admin/keys") => json!({ "name": "till", "scopes": ["orders:read", "stock:write"] }),
        _ => return,
    };
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(RefOr::T(content)) = body.content.get_mut("application/json")
    {
        content.example = Some(example);
    }
}

/// Whoever may name a limit gets a page, and the way to the next.
fn page(operation: &mut Operation) {
    let limited = operation.parameters.iter().flatten().filter_map(only).any(|parameter| parameter.name == "limit");
    if let (true, Some(RefOr::T(response))) = (limited, operation.responses.responses.get_mut("200")) {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let link = HeaderBuilder::new().schema(Some(text)).description(Some("`rel=\"next\"`, while there is more"));
        response.headers.insert("Link".to_owned(), RefOr::T(link.build()));
    }
}

fn only<T>(one: &RefOr<T>) -> Option<&T> {
    match one {
        RefOr::T(one) => Some(one),
        RefOr::Ref(_) => None,
    }
}

fn answer(refused: &Refused) -> Response {
    let title = refused.code.replace('-', " ");
    let example = json!({
        "type": format!("/problems/{}", refused.code),
        "title": format!("{}{}", title[..1].to_uppercase(), &title[1..]),
        "status": refused.status,
        "detail": refused.detail,
        "instance": "0198c0de5a5b7d7c9a51f2c3d4e5f607",
        "code": refused.code,
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(Some(example)).build();
    let response = ResponseBuilder::new().description(refused.description).content("application/problem+json", content);
    if ![429, 503].contains(&refused.status) {
        return response.build();
    }
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
    let later = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds until it may be tried again"));
    response.header("Retry-After", later.build()).build()
}
