//! A person who speaks HTTP: keeps cookies, fills the forms a page has, sends their hidden
//! fields (so the CSRF token too), follows redirects when asked; or a program with a token.
//!
//! The same person talks to a router inside the test or to a server on a port.

use crate::html::Page;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tower::ServiceExt;

/// Whom the person talks to.
#[derive(Clone)]
enum Door {
    Inside(Router),
    Wire(SocketAddr),
}

/// Somebody with a browser's manners.
#[derive(Clone)]
pub struct Person {
    door: Door,
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    token: Option<String>,
    headers: BTreeMap<String, String>,
    page: std::sync::Arc<Page>,
    path: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as text; our pages and API are UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).expect("the answer is UTF-8")
    }

    /// The body as JSON, or the body in the panic when it is not.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{} is not JSON ({e}): {}", self.status, self.text()))
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// This answer if it has the status; otherwise a panic that shows what was said instead.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}\n{}", self.header("location"), self.said());
        self
    }

    /// The page's words, or the body as it is.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        if self.header("content-type").starts_with("text/html") {
            Page::parse(&text).text()
        } else {
            text.into()
        }
    }
}

/// A file to upload.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    pub field: &'a str,
    pub file_name: &'a str,
    pub content_type: &'a str,
    pub bytes: &'a [u8],
}

impl Person {
    /// A stranger before a router in this process.
    pub fn inside(router: Router) -> Person {
        Person::at(Door::Inside(router))
    }

    /// A stranger before a server that listens.
    pub fn over_the_wire(server: SocketAddr) -> Person {
        Person::at(Door::Wire(server))
    }

    fn at(door: Door) -> Person {
        Person {
            door,
            address: SocketAddr::from(([127, 0, 0, 1], 40_000)),
            cookies: BTreeMap::new(),
            token: None,
            headers: BTreeMap::new(),
            page: Default::default(),
            path: "/".into(),
        }
    }

    /// The same person from another network address (inside only; over the wire it is real).
    pub fn from_address(mut self, address: [u8; 4]) -> Person {
        self.address = SocketAddr::from((address, 40_000));
        self
    }

    /// A program: sends this token and no cookies.
    pub fn with_token(mut self, token: &str) -> Person {
        self.token = Some(token.into());
        self.cookies.clear();
        self
    }

    /// Sends this header with every request from now on.
    pub fn says(&mut self, name: &str, value: &str) {
        self.headers.insert(name.into(), value.into());
    }

    /// The page last seen.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The path and query last opened.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether this cookie is held.
    pub fn holds_cookie(&self, name: &str) -> bool {
        self.cookies.contains_key(name)
    }

    /// Opens a page, following redirects; what it shows is kept for `submits` and `clicks`.
    pub async fn opens(&mut self, path: &str) -> Answer {
        let answer = self.sends(Method::GET, path, None, Bytes::new()).await;
        self.follows(answer).await
    }

    /// Asks once, following nothing.
    pub async fn gets(&mut self, path: &str) -> Answer {
        self.sends(Method::GET, path, None, Bytes::new()).await
    }

    /// Clicks the link with these words.
    #[track_caller]
    pub fn link(&self, words: &str) -> String {
        let link = self.page.link(words);
        link.unwrap_or_else(|| panic!("{} has no link {words:?}:\n{}", self.path, self.page.outline()))
    }

    /// Fills the form that has the button with these words, and presses it. A field the form
    /// does not have is a failure: a person could not fill it either. Follows nothing.
    pub async fn submits(&mut self, button: &str, filled: &[(&str, &str)]) -> Answer {
        let (action, fields) = self.filled_form(button, filled);
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let kind = "application/x-www-form-urlencoded";
        self.sends(Method::POST, &action, Some(kind), body.into()).await
    }

    /// Presses the button of the form with this action, where several have a button with the same words.
    pub async fn submits_to(&mut self, action: &str) -> Answer {
        let forms = self.page.forms();
        let form = forms.iter().find(|form| form.action == action);
        let form =
            form.unwrap_or_else(|| panic!("{} has no form to {action}:\n{}", self.path, self.page.outline()));
        let body: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        let kind = "application/x-www-form-urlencoded";
        self.sends(Method::POST, action, Some(kind), body.into()).await
    }

    /// As `submits`, for a form with files.
    pub async fn submits_files(
        &mut self,
        button: &str,
        filled: &[(&str, &str)],
        files: &[Upload<'_>],
    ) -> Answer {
        let (action, fields) = self.filled_form(button, filled);
        let (kind, body) = multipart(&fields, files);
        self.sends(Method::POST, &action, Some(&kind), body).await
    }

    fn filled_form(&self, button: &str, filled: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let forms = self.page.forms();
        let form = forms.iter().find(|form| form.buttons.iter().any(|(words, _)| words == button));
        let form = form
            .unwrap_or_else(|| panic!("{} has no button {button:?}:\n{}", self.path, self.page.outline()));
        let mut fields = form.fields.clone();
        for (name, _) in filled {
            let known = form.controls.iter().any(|control| control == name);
            assert!(known, "the form of {button:?} has no field {name:?}, only {:?}", form.controls);
            fields.retain(|(other, _)| other != name);
        }
        fields.extend(filled.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        let pressed = form.buttons.iter().find(|(words, _)| words == button);
        fields.extend(pressed.and_then(|(_, adds)| adds.clone()));
        let action = if form.action.is_empty() { self.path.clone() } else { form.action.clone() };
        (action, fields)
    }

    /// Follows redirects to the page they end at.
    pub async fn follows(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..5 {
            if !(300..400).contains(&answer.status) {
                return answer;
            }
            let to = answer.header("location").to_string();
            answer = self.sends(Method::GET, &to, None, Bytes::new()).await;
        }
        panic!("redirects go round in a circle at {}", self.path)
    }

    /// Calls the API with a JSON body, or without one.
    pub async fn calls(&mut self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let kind = body.map(|_| "application/json");
        let bytes = body.map_or_else(Bytes::new, |value| value.to_string().into());
        self.sends(method, path, kind, bytes).await
    }

    /// Sends one file to the API as multipart.
    pub async fn uploads(&mut self, path: &str, file: Upload<'_>) -> Answer {
        self.tries_upload(path, file).await.unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// As `uploads`, for a server that may have died.
    pub async fn tries_upload(&mut self, path: &str, file: Upload<'_>) -> Result<Answer, String> {
        let (kind, body) = multipart(&[], &[file]);
        self.tries(Method::POST, path, Some(&kind), body).await
    }

    /// Sends a request as it is: for those who test what no form would send.
    pub async fn sends(&mut self, method: Method, path: &str, kind: Option<&str>, body: Bytes) -> Answer {
        self.tries(method, path, kind, body).await.unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// As `sends`, for a server that may have died.
    pub async fn tries(
        &mut self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: Bytes,
    ) -> Result<Answer, String> {
        let host = match &self.door {
            Door::Inside(_) => "cuulong.test".to_string(),
            Door::Wire(address) => address.to_string(),
        };
        let path = path.strip_prefix(&format!("http://{host}")).unwrap_or(path);
        let mut request = Request::builder().method(&method).uri(path).header(header::HOST, &host);
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.headers.contains_key("referer") {
            request = request.header(header::REFERER, format!("http://{host}{}", self.path));
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        } else if method != Method::GET {
            request = request.header(header::ORIGIN, format!("http://{host}"));
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, all.join("; "));
        }
        let length = body.len();
        request = request.header(header::CONTENT_LENGTH, length);
        let request = request.body(body).map_err(|e| format!("not a request: {e}"))?;
        let answer = match &self.door {
            Door::Inside(router) => inside(router.clone(), request, self.address).await?,
            Door::Wire(address) => wire(*address, request).await?,
        };
        self.remembers(&method, path, &answer);
        Ok(answer)
    }

    fn remembers(&mut self, method: &Method, path: &str, answer: &Answer) {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("cookies are ASCII");
            let (pair, rules) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if value.is_empty() || rules.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        if answer.header("content-type").starts_with("text/html") {
            self.page = Page::parse(&String::from_utf8_lossy(&answer.body)).into();
            if *method == Method::GET {
                self.path = path.into();
            }
        }
    }
}

async fn inside(router: Router, request: Request<Bytes>, from: SocketAddr) -> Result<Answer, String> {
    let mut request = request.map(Body::from);
    request.extensions_mut().insert(ConnectInfo(from));
    let Ok(answer) = router.oneshot(request).await;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// One connection a request: the server may be killed at any moment, and a fresh connection
/// leaves no doubt about which request died with it.
async fn wire(address: SocketAddr, request: Request<Bytes>) -> Result<Answer, String> {
    let stream = tokio::net::TcpStream::connect(address).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let driver = tokio::spawn(connection);
    let exchange = async {
        let answer = sender.send_request(request.map(Full::new)).await.map_err(|e| e.to_string())?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    };
    let answer = exchange.await;
    driver.abort();
    answer
}

pub fn multipart(fields: &[(String, String)], files: &[Upload<'_>]) -> (String, Bytes) {
    const LINE: &str = "----cuulong-test-5d1f7c90a3";
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    for file in files {
        let head = format!(
            "--{LINE}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
             Content-Type: {}\r\n\r\n",
            file.field, file.file_name, file.content_type
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{LINE}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={LINE}"), body.into())
}
