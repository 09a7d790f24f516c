//! Paying, as the applicant meets it: what is owed line by line and by which rule, who pays less, the
//! QR with the words of the transfer, the way to the counter; afterwards the receipts, and how to ask
//! money back. The page comes again by itself while a payment is awaited, and can be told not to.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Dong, Instant, format};
use db::Tx;
use directory::{Citizen, UnitId, Viewer};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Form, Path, Problem, Query, Shell, page};

use super::claim::{self, Claim, pages as claims};
use super::refund::{self, Wish};
use super::store::{self, Account, Bill, Grant, LineRow, Payment, Receipt, Reduction, Refund};
use super::vietqr::VietQr;
use super::words::say;
use super::{demo, receipt};
use crate::App;
use crate::desk::frame::{address, encode};
use crate::dossier::files;
use crate::dossier::follow::plain;
use crate::dossier::{self, Case, Who};
use crate::filters;

/// How often the page comes again while a payment is awaited, in seconds.
const AGAIN_S: u32 = 20;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/ho-so-cua-toi/{code}/nop-phi", get(show))
        .route("/ho-so-cua-toi/{code}/hoan-phi", post(ask_refund))
        .route("/ho-so/{code}/bien-lai/{receipt}", get(paper))
}

/// Where the applicant pays.
pub fn path(code: &str) -> String {
    format!("/ho-so-cua-toi/{}/nop-phi", encode(code))
}

/// An amount as pages show it.
pub fn money(amount: i64) -> String {
    Dong::new(amount).map_or_else(|| amount.to_string(), format::money)
}

/// A line of the bill, ready to print.
pub struct LineView {
    pub name: String,
    pub kind: String,
    pub count: String,
    pub amount: String,
    pub source: String,
}

impl LineView {
    /// The line as people read it.
    pub fn of(l: &LineRow) -> LineView {
        let count = match l.unit.is_empty() {
            true => String::new(),
            false => say(
                "line.count",
                &[("n", &l.quantity.to_string()), ("unit", &l.unit), ("price", &money(l.price))],
            ),
        };
        LineView {
            name: l.name.clone(),
            kind: say(&format!("kind.{}", l.kind), &[]),
            count,
            amount: money(l.price * l.quantity),
            source: l.source.clone(),
        }
    }
}

/// A reduction that was granted, ready to print.
pub struct GrantView {
    pub name: String,
    pub percent: i64,
    pub amount: String,
    pub proof: String,
}

impl GrantView {
    /// The grant as people read it.
    pub fn of(g: &Grant) -> GrantView {
        let proof = match (&g.proof_file, g.proof_note.is_empty()) {
            (Some(_), true) => say("proof.file", &[]),
            (Some(_), false) => say("proof.file_and", &[("note", &g.proof_note)]),
            (None, _) => say("proof.seen", &[("note", &g.proof_note)]),
        };
        GrantView { name: g.name.clone(), percent: g.percent, amount: money(g.amount), proof }
    }
}

/// A receipt, ready to print.
pub struct ReceiptView {
    pub id: String,
    pub number: String,
    pub amount: String,
    pub way: String,
    pub at: Instant,
    /// Why it is void; "" while it stands.
    pub void: String,
    pub href: String,
}

impl ReceiptView {
    /// The receipt as people read it.
    pub fn of(r: &Receipt, code: &str) -> ReceiptView {
        ReceiptView {
            id: r.id.clone(),
            number: say("receipt.number", &[("number", &r.number), ("series", &r.series)]),
            amount: money(r.amount),
            way: say(&format!("way.{}", r.way), &[]),
            at: r.at,
            void: r.void_reason.clone().unwrap_or_default(),
            href: format!("/ho-so/{}/bien-lai/{}", encode(code), r.id),
        }
    }
}

/// A refund, ready to print.
pub struct RefundView {
    pub number: String,
    pub amount: String,
    pub state: String,
    pub at: Instant,
    pub reason: String,
    pub said: String,
}

impl RefundView {
    /// The refund as people read it.
    pub fn of(r: &Refund) -> RefundView {
        let said = match (r.state.as_str(), r.paid_reference.is_empty()) {
            // Whoever is told no is told where to complain. law: onestop/refusal-reasons
            ("refused", _) => say("refund.refused", &[("said", &r.decision_note)]),
            (_, true) => r.decision_note.clone(),
            (_, false) => say("refund.paid_by", &[("reference", &r.paid_reference)]),
        };
        RefundView {
            number: r.number.clone(),
            amount: money(r.amount),
            state: say(&format!("refund_state.{}", r.state), &[]),
            at: r.asked_at,
            reason: r.reason.clone(),
            said,
        }
    }
}

/// A QR as one path over `size` modules, without its quiet zone.
struct Qr {
    path: String,
    size: usize,
}

/// How to pay by transfer.
struct Transfer {
    bank: String,
    number: String,
    holder: String,
    words: String,
    amount: String,
    qr: Option<Qr>,
    /// The demonstration's bank with everything filled in; "" where there is none.
    demo: String,
}

#[derive(Template)]
#[template(path = "fee/pay.html")]
struct PayPage {
    shell: Shell,
    code: String,
    procedure: String,
    counter: String,
    /// Something is owed now.
    open: bool,
    owed: String,
    lines: Vec<LineView>,
    grants: Vec<GrantView>,
    note: String,
    reductions: Vec<Reduction>,
    transfer: Option<Transfer>,
    /// What came that was too little; "" for nothing.
    held: String,
    receipts: Vec<ReceiptView>,
    refunds: Vec<RefundView>,
    /// What may be asked back; "" for nothing.
    refundable: String,
    wish: Wish,
    errors: Vec<FieldError>,
    message: String,
    claim: claims::ClaimPart,
    /// The address that stops the page from coming again, or starts it; "" where nothing is awaited.
    stop: String,
    waits: bool,
    again_s: u32,
}

impl PayPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PayQuery {
    /// The page is not to come again by itself.
    dung: bool,
    /// What has just been done.
    bao: String,
}

/// Everything the page is made of, read in one transaction.
pub(super) struct Read {
    pub case: Case,
    bill: Option<Bill>,
    account: Option<Account>,
    lines: Vec<LineRow>,
    grants: Vec<Grant>,
    held: Vec<Payment>,
    reductions: Vec<Reduction>,
    receipts: Vec<Receipt>,
    refunds: Vec<Refund>,
    left: i64,
    counter: String,
    claims: Vec<Claim>,
    /// The applicant's own papers that could prove a claim.
    papers: Vec<(String, String)>,
}

pub(super) async fn read(app: &App, viewer: &Viewer, code: &str, now: Instant) -> Result<Read, Problem> {
    let (catalogue, who, code) = (app.catalogue.clone(), Who::from(viewer), plain(code));
    let person = viewer.person().clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<Read, Problem> {
        let case = own(tx, &catalogue, &who, &code, now).await?;
        let id = case.dossier.id;
        let bill = store::find_open_bill(tx, id).await?;
        let shown = bill.clone().or(store::list_bills(tx, id).await?.into_iter().next());
        let (lines, grants) = match &shown {
            Some(b) => (store::list_lines(tx, &b.id).await?, store::list_grants(tx, &b.id).await?),
            None => (Vec::new(), Vec::new()),
        };
        let account = match bill.as_ref().and_then(|b| b.account.as_deref()) {
            Some(account) => Some(store::get_account(tx, account).await?),
            None => None,
        };
        let held = match &bill {
            Some(b) => store::list_held(tx, &b.id).await?,
            None => Vec::new(),
        };
        Ok(Read {
            claims: claim::list(tx, id).await?,
            papers: match &bill {
                Some(_) => claims::papers(tx, &person, now.day()).await?,
                None => Vec::new(),
            },
            reductions: super::reductions(tx, &case, now.day()).await?,
            receipts: store::list_receipts(tx, id).await?,
            refunds: store::list_refunds(tx, id).await?,
            left: refund::left(tx, &case).await?,
            counter: directory::get_unit(tx, &UnitId::from(case.dossier.counter.as_str())).await?.name,
            case,
            bill,
            account,
            lines,
            grants,
            held,
        })
    });
    read.await
}

/// The dossier of whoever asks; somebody else's does not exist.
pub(super) async fn own(
    tx: &mut Tx,
    catalogue: &crate::Catalogue,
    who: &Who,
    code: &str,
    now: Instant,
) -> Result<Case, Problem> {
    let case = Case::find(tx, catalogue, who, code, now).await?;
    if case.dossier.account.as_deref() == Some(who.account.as_str()) {
        Ok(case)
    } else {
        Err(Problem::NotFound)
    }
}

/// `GET /ho-so-cua-toi/{code}/nop-phi`.
async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
    Query(query): Query<PayQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let read = read(&app, &viewer, &code, now).await?;
    dossier::look(&app, &viewer, "onestop.look-own", &read.case.dossier.code, now).await;
    let mut page = view(&app, &viewer, read, query.dung);
    match query.bao.as_str() {
        "hoan-phi" => page.shell = page.shell.notice(NoticeKind::Done, say("pay.refund_asked", &[])),
        "mien-giam" => page.shell = page.shell.notice(NoticeKind::Done, say("claim.sent", &[])),
        _ => {}
    }
    let again = page.waits && !query.dung;
    let response = page::html(page);
    Ok(if again { page::again(response, AGAIN_S, None) } else { response })
}

/// The page again with what was wrong with a claim; it does not come again by itself.
pub(super) fn claimed_again(
    app: &App,
    viewer: &Viewer,
    before: Read,
    (typed, errors, message): (claims::Typed, Vec<FieldError>, String),
) -> Response {
    let mut page = view(app, viewer, before, true);
    page.shell = page.shell.errors();
    (page.claim.typed, page.claim.errors, page.claim.message) = (typed, errors, message);
    page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page)
}

fn view(app: &App, viewer: &Viewer, read: Read, stopped: bool) -> PayPage {
    let d = &read.case.dossier;
    let held: i64 = read.held.iter().map(|p| p.amount).sum();
    let owed = read.bill.as_ref().map_or(0, |b| b.amount - held);
    let here = path(&d.code);
    let legacy = d.fee_asked - d.fee_paid;
    let open = d.state.status() == dossier::rules::Status::AwaitingFee && legacy > 0;
    let claimable = match (open, &read.bill) {
        (true, Some(_)) => read.reductions.clone(),
        _ => Vec::new(),
    };
    let mut claim = claims::ClaimPart::of(&read.claims, claimable, read.papers);
    claim.form = stopped;
    PayPage {
        claim,
        shell: viewer
            .citizen_shell(&app.site, say("title.pay", &[("code", &d.code)]))
            .active("/ho-so-cua-toi"),
        code: d.code.clone(),
        procedure: read.case.procedure.name.clone(),
        counter: read.counter,
        open,
        owed: money(if read.bill.is_some() { owed } else { legacy }),
        lines: read.lines.iter().map(LineView::of).collect(),
        grants: read.grants.iter().map(GrantView::of).collect(),
        note: read.bill.as_ref().map(|b| b.note.clone()).unwrap_or_default(),
        reductions: if open { read.reductions } else { Vec::new() },
        transfer: match (&read.bill, read.account) {
            (Some(bill), Some(account)) => Some(transfer(app, bill, account, owed)),
            _ => None,
        },
        held: if held > 0 { money(held) } else { String::new() },
        receipts: read.receipts.iter().map(|r| ReceiptView::of(r, &d.code)).collect(),
        refunds: read.refunds.iter().map(RefundView::of).collect(),
        refundable: if read.left > 0 { money(read.left) } else { String::new() },
        wish: Wish { amount: read.left, ..Wish::default() },
        errors: Vec::new(),
        message: String::new(),
        stop: match (open, stopped) {
            (false, _) => String::new(),
            (true, false) => format!("{here}?dung=true"),
            (true, true) => here,
        },
        waits: open,
        again_s: AGAIN_S,
    }
}

fn transfer(app: &App, bill: &Bill, account: Account, owed: i64) -> Transfer {
    let text = VietQr::transfer(&account.bin, &account.number, owed, &bill.code).make();
    let text = text.unwrap_or_else(|fault| {
        tracing::error!(?fault, account = account.id, "an account cannot become a VietQR");
        String::new()
    });
    let demo = match app.demo_bank {
        Some(_) => address(demo::PATH, [("qr", text.as_str())]),
        None => String::new(),
    };
    Transfer {
        bank: account.bank,
        number: account.number,
        holder: account.holder,
        words: bill.code.clone(),
        amount: money(owed),
        qr: paper::qr_path(&text).ok().map(|(path, size)| Qr { path, size }),
        demo,
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RefundForm {
    amount: String,
    reason: String,
    to_name: String,
    to_account: String,
}

impl RefundForm {
    fn wish(&self) -> Wish {
        Wish {
            amount: self.amount.parse::<Dong>().map_or(0, Dong::amount),
            reason: self.reason.clone(),
            to_name: self.to_name.clone(),
            to_account: self.to_account.clone(),
        }
    }
}

/// `POST /ho-so-cua-toi/{code}/hoan-phi`: the applicant asks for money back.
async fn ask_refund(
    State(app): State<App>,
    citizen: Citizen,
    Path(code): Path<String>,
    Form(form): Form<RefundForm>,
) -> Result<Response, Problem> {
    let (viewer, now, code) = (&citizen.viewer, app.site.clock.now(), plain(&code));
    let before = read(&app, viewer, &code, now).await?;
    let act = viewer.act("onestop.ask-refund", before.case.dossier.id.to_string(), now);
    let (catalogue, who, wish, asked) = (app.catalogue.clone(), Who::from(viewer), form.wish(), code.clone());
    let done = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            let mut case = own(tx, &catalogue, &who, &asked, now).await?;
            refund::ask(tx, &mut case, &wish, &who).await.map(drop)
        })
        .await;
    let (errors, message) = match done {
        Ok(()) => return Ok(Redirect::to(&address(&path(&code), [("bao", "hoan-phi")])).into_response()),
        Err(Problem::Invalid(errors)) => (errors, String::new()),
        Err(Problem::Refused(message)) => (Vec::new(), message.outside),
        Err(other) => return Err(other),
    };
    let mut page = view(&app, viewer, before, true);
    page.shell = page.shell.errors();
    (page.errors, page.message, page.wish) = (errors, message, form.wish());
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// `GET /ho-so/{code}/bien-lai/{receipt}`: a receipt, for whoever may see the dossier.
async fn paper(
    State(app): State<App>,
    viewer: Viewer,
    Path((code, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let hash = receipt::paper(&app, &code, &id, &Who::from(&viewer), now).await?;
    let bytes = app.site.blobs.get_kept(&hash).await?;
    dossier::look(&app, &viewer, "onestop.look-fee-receipt", &code, now).await;
    Ok(files::pdf(bytes, &say("receipt.file", &[("code", &code)])))
}
