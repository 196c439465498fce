//! A browser without scripts: it keeps its cookies, fills in forms and follows no redirect by itself.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::shop::TestShop;

#[derive(Debug)]
pub struct Browser<'a> {
    shop: &'a TestShop,
    cookies: Mutex<BTreeMap<String, String>>,
}

#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub location: String,
    pub retry_after: String,
    pub text: String,
}

impl Page {
    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&start).unwrap_or_else(|| panic!("no field {name} in {}", self.text)) + start.len();
        self.text[at..].split('"').next().unwrap_or_default().to_owned()
    }
}

impl Browser<'_> {
    pub fn new(shop: &TestShop) -> Browser<'_> {
        Browser { shop, cookies: Mutex::default() }
    }

    /// Takes a cookie that no answer brought.
    pub fn keep_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().expect("nobody panicked with the cookies").insert(name.to_owned(), value.to_owned());
    }

    /// A cookie as it is kept, as somebody who steals it would have it.
    pub fn cookie(&self, name: &str) -> String {
        self.cookies.lock().expect("nobody panicked with the cookies").get(name).cloned().unwrap_or_default()
    }

    pub async fn head(&self, path: &str) -> Page {
        self.send(self.shop.http.head(self.address(path))).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.shop.http.get(self.address(path))).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.post_raw(path, form.finish()).await
    }

    /// A body that no form would make.
    pub async fn post_raw(&self, path: &str, body: impl Into<reqwest::Body>) -> Page {
        let request = self.shop.http.post(self.address(path)).header("Sec-Fetch-Site", "same-origin");
        self.send(request.header("Content-Type", "application/x-www-form-urlencoded").body(body)).await
    }

    /// A form with a file in it.
    pub async fn hand_in(&self, path: &str, fields: &[(&str, &str)], name: &str, file: &[u8]) -> Page {
        let mark = "----a-form-of-the-tests";
        let mut body = Vec::new();
        for (field, value) in fields {
            let part = format!("--{mark}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{mark}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{mark}--\r\n").as_bytes());
        let request = self.shop.http.post(self.address(path)).header("Sec-Fetch-Site", "same-origin");
        self.send(request.header("Content-Type", format!("multipart/form-data; boundary={mark}")).body(body)).await
    }

    pub async fn put_into_cart(&self, sku: &str, quantity: i64) {
        let page = self.post("/cart/add", &[("sku", sku), ("quantity", &quantity.to_string()), ("from", sku)]).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/cart"), "{}", page.text);
    }

    /// The form at the check-out, filled in: what pressing Pay would send.
    pub async fn pay_form(&self, email: &str) -> Vec<(String, String)> {
        let form = self.get("/checkout").await;
        assert_eq!(form.status, 200, "{} {}", form.location, form.text);
        let field = |name: &str, value: String| (name.to_owned(), value);
        vec![
            field("order_id", form.hidden("order_id")),
            field("seen", form.hidden("seen")),
            field("email", email.to_owned()),
            field("name", "Ada".to_owned()),
        ]
    }

    pub async fn press_pay(&self, form: &[(String, String)]) -> Page {
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/checkout", &fields).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.shop.base_url)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<String> = {
            let kept = self.cookies.lock().expect("nobody panicked with the cookies");
            kept.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        let request = if cookies.is_empty() { request } else { request.header("Cookie", cookies.join("; ")) };
        let response = request.send().await.expect("the shop answers");
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie is a pair");
            let mut kept = self.cookies.lock().expect("nobody panicked with the cookies");
            kept.insert(name.to_owned(), value.to_owned());
        }
        let header = |name| response.headers().get(name).map_or("", |text| text.to_str().expect("text")).to_owned();
        let (location, retry_after) = (header("location"), header("retry-after"));
        let status = response.status().as_u16();
        Page { status, location, retry_after, text: response.text().await.expect("the page is whole") }
    }
}
