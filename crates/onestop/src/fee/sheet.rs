//! The money of one dossier as officials see it: `/mot-cua/ho-so/{code}/phi`. The clerk of its counter
//! grants reductions, replaces wrong receipts and asks for refunds here.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Dong, Instant};
use db::Tx;
use directory::{AnyOfficial, CounterClerk};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Form, Path, Problem, Query, Shell, page};

use super::pages::{GrantView, LineView, ReceiptView, RefundView, money};
use super::refund::{self, Wish};
use super::store::{self, Payment, Reduction};
use super::words::say;
use super::{Proof, claim, grant, receipt};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::rules::Seat;
use crate::dossier::{self, Case, StoredFile, Who};
use crate::filters;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/ho-so/{code}/phi", get(show))
        .route("/mot-cua/ho-so/{code}/phi/mien-giam", post(reduce))
        .route("/mot-cua/ho-so/{code}/phi/de-nghi", post(answer))
        .route("/mot-cua/ho-so/{code}/phi/bien-lai", post(replace))
        .route("/mot-cua/ho-so/{code}/phi/hoan", post(ask_refund))
}

/// Where the money of a dossier is.
pub fn path(code: &str) -> String {
    frame::dossier(code) + "/phi"
}

/// What the link to the money of a dossier says.
pub fn label() -> String {
    say("act.sheet", &[])
}

/// A bill with everything that belongs to it.
struct BillView {
    state: String,
    code: String,
    asked_at: Instant,
    amount: String,
    lines: Vec<LineView>,
    grants: Vec<GrantView>,
    payments: Vec<String>,
}

/// A claim of the applicant, with its proof.
struct ClaimLine {
    id: String,
    name: String,
    percent: i64,
    at: Instant,
    note: String,
    file: String,
    href: String,
}

/// All that is known of a dossier's money.
struct Money {
    back: String,
    code: String,
    applicant: String,
    bills: Vec<BillView>,
    receipts: Vec<ReceiptView>,
    refunds: Vec<RefundView>,
    reductions: Vec<Reduction>,
    /// The claim that waits for an answer.
    claim: Option<ClaimLine>,
    files: Vec<StoredFile>,
    /// The clerk of the counter may act.
    acts: bool,
    open: bool,
    /// Whole đồng.
    refundable: i64,
    action: String,
    post: String,
}

#[derive(Template)]
#[template(path = "fee/sheet.html")]
struct SheetPage {
    shell: Shell,
    m: Money,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ShowQuery {
    post: Option<String>,
    /// What has just been done.
    da: String,
}

async fn page_of(app: &App, official: &AnyOfficial, place: &Place, code: &str) -> Result<SheetPage, Problem> {
    let now = app.site.clock.now();
    let (catalogue, who, at) = (app.catalogue.clone(), Who::from(&official.viewer), place.clone());
    let asked = code.to_string();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        Ok((frame::counts(tx, &at, now).await?, read(tx, &case, &at).await?))
    });
    let (counts, m) = read.await?;
    dossier::look(app, &official.viewer, "onestop.look", &m.code, now).await;
    let title = say("title.sheet", &[("code", &m.code)]);
    let shell = frame::shell(app, &official.viewer, place, &counts, title, None);
    Ok(SheetPage { shell, m, error: String::new() })
}

async fn read(tx: &mut Tx, case: &Case, at: &Place) -> Result<Money, Problem> {
    let d = &case.dossier;
    let mut bills = Vec::new();
    for b in store::list_bills(tx, d.id).await? {
        bills.push(BillView {
            state: say(&format!("bill_state.{}", b.state), &[]),
            asked_at: b.asked_at,
            amount: money(b.amount),
            lines: store::list_lines(tx, &b.id).await?.iter().map(LineView::of).collect(),
            grants: store::list_grants(tx, &b.id).await?.iter().map(GrantView::of).collect(),
            payments: store::list_payments(tx, &b.id).await?.iter().map(payment).collect(),
            code: b.code,
        });
    }
    let receipts = store::list_receipts(tx, d.id).await?;
    let files = dossier::store::list_files(tx, d.id).await?;
    let claim = claim::find_open(tx, d.id).await?.map(|c| ClaimLine {
        href: format!("/ho-so/{}/tep/{}", frame::encode(&d.code), c.file),
        file: files.iter().find(|f| f.id == c.file).map(|f| f.name.clone()).unwrap_or_default(),
        id: c.id,
        name: c.name,
        percent: c.percent,
        at: c.at,
        note: c.note,
    });
    Ok(Money {
        claim,
        back: at.dossier(&d.code, None),
        code: d.code.clone(),
        applicant: d.applicant.name.clone(),
        bills,
        receipts: receipts.iter().map(|r| ReceiptView::of(r, &d.code)).collect(),
        refunds: store::list_refunds(tx, d.id).await?.iter().map(RefundView::of).collect(),
        reductions: super::reductions(tx, case, case.now.day()).await?,
        files,
        acts: case.seats.contains(&Seat::Counter),
        open: store::find_open_bill(tx, d.id).await?.is_some(),
        refundable: refund::left(tx, case).await?,
        action: path(&d.code),
        post: at.href("", &[]),
    })
}

/// A payment of a bill, in one line.
fn payment(p: &Payment) -> String {
    let key = match (p.state.as_str(), p.trouble.as_deref()) {
        ("open", Some(trouble)) => format!("trouble.{trouble}"),
        _ => "payment.placed".into(),
    };
    let (at, amount) = (base::format::time_vn(p.paid_at), money(p.amount));
    let state = say(&key, &[]);
    say("payment.line", &[("at", &at), ("amount", &amount), ("reference", &p.reference), ("state", &state)])
}

/// `GET /mot-cua/ho-so/{code}/phi`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(code): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let place = Place::of(&official, query.post.as_deref())?;
    let mut page = page_of(&app, &official, &place, &code).await?;
    let said = match query.da.as_str() {
        "mien-giam" => Some("done.grant"),
        "de-nghi" => Some("done.claim"),
        "bien-lai" => Some("done.replace"),
        "hoan" => Some("done.refund"),
        _ => None,
    };
    if let Some(key) = said {
        page.shell = page.shell.notice(NoticeKind::Done, say(key, &[]));
    }
    Ok(page::html(page))
}

/// What a clerk asks to be done with the money of a dossier.
#[derive(Clone, Debug)]
enum Deed {
    Grant { reduction: String, proof: Proof },
    Answer { claim: String, answer: claim::Answer },
    Replace { receipt: String, reason: String },
    Refund(Wish),
}

impl Deed {
    fn verb(&self) -> &'static str {
        match self {
            Deed::Grant { .. } => "onestop.grant-reduction",
            Deed::Answer { .. } => "onestop.answer-claim",
            Deed::Replace { .. } => "onestop.replace-fee-receipt",
            Deed::Refund(_) => "onestop.ask-refund",
        }
    }

    fn slug(&self) -> &'static str {
        match self {
            Deed::Grant { .. } => "mien-giam",
            Deed::Answer { .. } => "de-nghi",
            Deed::Replace { .. } => "bien-lai",
            Deed::Refund(_) => "hoan",
        }
    }
}

/// Does it, if the clerk sits at the dossier's own counter; shows the page again if it was refused.
async fn act(app: &App, clerk: &CounterClerk, code: &str, deed: Deed) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (catalogue, who, unit) = (app.catalogue.clone(), Who::from(&clerk.viewer), clerk.unit().clone());
    let (asked, wanted) = (code.to_string(), deed.clone());
    let done = app.site.db.write(clerk.act(deed.verb(), code, now), async move |tx: &mut Tx| {
        let mut case = Case::find(tx, &catalogue, &who, &asked, now).await?;
        if case.dossier.counter != unit {
            return Err(Problem::NotFound);
        }
        match &wanted {
            Deed::Grant { reduction, proof } => grant(tx, &mut case, reduction, proof, &who).await,
            Deed::Answer { claim, answer } => claim::decide(tx, &mut case, claim, answer, &who).await,
            Deed::Replace { receipt, reason } => {
                receipt::replace(tx, &mut case, receipt, reason, &who).await.map(drop)
            }
            Deed::Refund(wish) => refund::ask(tx, &mut case, wish, &who).await.map(drop),
        }
    });
    let place = Place::of_clerk(clerk)?;
    let error = match done.await {
        Ok(()) => {
            let next = place.href(&path(code), &[("da", deed.slug())]);
            return Ok(Redirect::to(&next).into_response());
        }
        Err(Problem::Refused(message)) => message.outside,
        Err(Problem::Invalid(errors)) => FieldError::all(&errors),
        Err(other) => return Err(other),
    };
    let official = AnyOfficial { official: clerk.official.clone(), viewer: clerk.viewer.clone() };
    let mut page = page_of(app, &official, &place, code).await?;
    (page.error, page.shell) = (error, page.shell.errors());
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GrantForm {
    reduction: String,
    /// A file of the dossier; "" when the clerk saw the paper.
    file: String,
    note: String,
}

/// `POST /mot-cua/ho-so/{code}/phi/mien-giam`.
async fn reduce(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
    Form(form): Form<GrantForm>,
) -> Result<Response, Problem> {
    let proof = Proof { file: Some(form.file).filter(|f| !f.is_empty()), note: form.note };
    act(&app, &clerk, &code, Deed::Grant { reduction: form.reduction, proof }).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AnswerForm {
    claim: String,
    /// `grant` or `decline`.
    deed: String,
    reason: String,
}

/// `POST /mot-cua/ho-so/{code}/phi/de-nghi`: the counter's answer to a claim.
async fn answer(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Problem> {
    let answer = match form.deed.as_str() {
        "grant" => claim::Answer::Grant,
        _ => claim::Answer::Decline { reason: form.reason },
    };
    act(&app, &clerk, &code, Deed::Answer { claim: form.claim, answer }).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ReplaceForm {
    receipt: String,
    reason: String,
}

/// `POST /mot-cua/ho-so/{code}/phi/bien-lai`.
async fn replace(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
    Form(form): Form<ReplaceForm>,
) -> Result<Response, Problem> {
    act(&app, &clerk, &code, Deed::Replace { receipt: form.receipt, reason: form.reason }).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RefundForm {
    amount: String,
    reason: String,
    to_name: String,
    to_account: String,
}

/// `POST /mot-cua/ho-so/{code}/phi/hoan`.
async fn ask_refund(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
    Form(form): Form<RefundForm>,
) -> Result<Response, Problem> {
    let wish = Wish {
        amount: form.amount.parse::<Dong>().map_or(0, Dong::amount),
        reason: form.reason,
        to_name: form.to_name,
        to_account: form.to_account,
    };
    act(&app, &clerk, &code, Deed::Refund(wish)).await
}
