//! The demonstration's bank: a page on which somebody plays the bank and says that money came. It
//! signs what it says and is heard as a real bank would be; there is no other way in. Only where the
//! installation is a demonstration.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::{Dong, Instant, format};
use bytes::Bytes;
use directory::Viewer;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Form, Problem, Query, Shell, page};

use super::Told;
use super::bank::{Bank, Notice, SignedNotices, hear};
use super::vietqr::VietQr;
use super::words::say;
use crate::App;
use crate::desk::frame::address;
use crate::filters;

/// Where the page is.
pub const PATH: &str = "/ngan-hang-thu";
/// The bank's word.
pub const WORD: &str = "ngan-hang-thu";

/// A demonstration bank with a secret of its own, new at each start: it signs for itself alone.
pub fn bank() -> Arc<SignedNotices> {
    let secret = web::secret::token();
    Arc::new(SignedNotices::new(WORD, secret.as_bytes()).expect("a token has 43 characters"))
}

/// The route of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/ngan-hang-thu", get(show).post(pay))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    /// The text of a VietQR, as a bank's app scans it.
    qr: String,
    /// What came of the last payment.
    #[serde(rename = "ket-qua")]
    outcome: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Order {
    reference: String,
    words: String,
    amount: String,
    account: String,
    payer_name: String,
    /// When the form was made: one form is one payment, however often it is sent.
    paid_at: String,
}

#[derive(Template)]
#[template(path = "fee/demo.html")]
struct DemoPage {
    shell: Shell,
    order: Order,
    errors: Vec<FieldError>,
}

impl DemoPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

fn page_of(app: &App, viewer: &Viewer, order: Order, errors: Vec<FieldError>) -> DemoPage {
    let shell = viewer.citizen_shell(&app.site, say("title.demo", &[]));
    DemoPage { shell: if errors.is_empty() { shell } else { shell.errors() }, order, errors }
}

/// A reference as banks write them; drawn when the form is made, so that one form pays once.
fn reference() -> String {
    let plain = web::secret::sha256_hex(web::secret::token().as_bytes()).to_ascii_uppercase();
    format!("FT{}", &plain[..12])
}

/// `GET /ngan-hang-thu`: a transfer to be made.
async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let bank = app.demo_bank.as_ref().ok_or(Problem::NotFound)?;
    tracing::debug!(bank = bank.word(), "somebody plays the bank");
    let payer_name = base::text::fold(&viewer.name).to_uppercase();
    let mut order = Order {
        reference: reference(),
        payer_name,
        paid_at: app.site.clock.now().to_string(),
        ..Order::default()
    };
    let scanned = asked.qr.trim();
    let mut wrong = Vec::new();
    match VietQr::parse(scanned) {
        Ok(qr) => {
            order.account = qr.number;
            order.amount = qr.amount.map(format::thousands).unwrap_or_default();
            order.words = qr.additional.purpose.unwrap_or_default();
        }
        Err(_) if scanned.is_empty() => {}
        Err(_) => wrong.push(FieldError::new("qr", say("demo.no_qr", &[]))),
    }
    let mut page = page_of(&app, &viewer, order, wrong);
    let said = match asked.outcome.as_str() {
        "applied" => Some((NoticeKind::Done, "demo.applied")),
        "known" => Some((NoticeKind::Info, "demo.known")),
        "task" => Some((NoticeKind::Warning, "demo.task")),
        _ => None,
    };
    if let Some((kind, key)) = said {
        page.shell = page.shell.notice(kind, say(key, &[]));
    }
    Ok(page::html(page))
}

/// `POST /ngan-hang-thu`: the bank says that the money came, over the way that every bank takes.
async fn pay(State(app): State<App>, viewer: Viewer, Form(order): Form<Order>) -> Result<Response, Problem> {
    let bank = app.demo_bank.clone().ok_or(Problem::NotFound)?;
    let now = app.site.clock.now();
    let amount = order.amount.parse::<Dong>().ok().filter(|a| !a.is_zero());
    let Some(amount) = amount else {
        let wrong = vec![FieldError::new("amount", say("fault.amount", &[]))];
        return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page_of(&app, &viewer, order, wrong)));
    };
    let notice = Notice {
        reference: order.reference.clone(),
        amount: amount.amount(),
        account: order.account.clone(),
        words: order.words.clone(),
        payer_name: order.payer_name.clone(),
        payer_account: String::new(),
        paid_at: Instant::parse_rfc3339(&order.paid_at).unwrap_or(now),
    };
    let body = serde_json::to_vec(&notice).map_err(Problem::fault)?;
    let headers = bank.sign(&body, now);
    let bank: Arc<dyn Bank> = bank;
    let outcome = match hear(&app, &bank, &headers, Bytes::from(body)).await {
        Ok(Told::Applied) => "applied",
        Ok(Told::Known) => "known",
        Ok(Told::Task(_)) => "task",
        Err(Problem::Invalid(errors)) => {
            let page = page_of(&app, &viewer, order, errors);
            return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
        Err(Problem::Malformed(_)) => {
            let wrong = vec![FieldError::new("words", say("demo.malformed", &[]))];
            let page = page_of(&app, &viewer, order, wrong);
            return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
        Err(other) => return Err(other),
    };
    Ok(Redirect::to(&address(PATH, [("ket-qua", outcome)])).into_response())
}
