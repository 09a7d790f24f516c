//! The papers of a dossier. They follow from events, after the commit: rendering takes
//! milliseconds and belongs in no transaction. A page that is asked for a paper which is not
//! there yet makes it in the same way, so nobody waits for a queue.

mod form01;

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Instant;
use contracts::onestop as event;
use db::blobs::Hash;
use db::outbox::Event;
use db::{Act, Actor, Tx};
use paper::{Component, Delivery, DeliveryWay, FileEntry, Office, Party, Pdf};
use serde_json::Value;
use web::Problem;
use web::lang::in_vietnamese;

use super::control::{self, Hand, Kept};
use super::law::Law;
use super::rules::Status;
use super::{Dossier, DossierId, History, PaperKind, StoredFile, checklist, grounds, limits, store};
use crate::App;
use crate::procedure::Procedure;
use crate::signing::{self, Spot};
use crate::stated::{self, Stated};
use crate::statement::{self, rules::Kind, rules::Signer};
use crate::words::WORDS;

/// The paper that follows from an event, if one does.
pub fn kind_after(topic: &str) -> Option<PaperKind> {
    match topic {
        event::RECEIVED | event::SUPPLEMENTED => Some(PaperKind::Receipt),
        event::SUPPLEMENT_ASKED => Some(PaperKind::Supplement),
        event::DECLINED => Some(PaperKind::Refusal),
        event::EXTENDED => Some(PaperKind::Apology),
        event::STOPPED => Some(PaperKind::Stop),
        event::DECIDED | event::CORRECTED => Some(PaperKind::Result),
        _ => None,
    }
}

/// The topics after which something is printed.
pub const TOPICS: [&str; 8] = [
    event::RECEIVED,
    event::SUPPLEMENTED,
    event::SUPPLEMENT_ASKED,
    event::DECLINED,
    event::EXTENDED,
    event::STOPPED,
    event::DECIDED,
    event::CORRECTED,
];

/// Makes the paper that follows from an event. Twice is once: the first one made is kept.
pub async fn follow(app: &App, event: &Event) -> Result<(), String> {
    let moved: event::DossierMoved = event.read()?;
    let Some(kind) = kind_after(&event.topic) else { return Ok(()) };
    // What was not received before is not received by what was brought: there is no form 01 yet.
    if kind == PaperKind::Receipt && moved.to == Status::Filed.number() {
        return Ok(());
    }
    let id = moved.dossier.parse().map_err(|_| format!("no dossier id: {}", moved.dossier))?;
    // A child's forms would be a second promise to the citizen: only its result is printed unasked.
    let child = app.site.db.read(async move |tx: &mut Tx| crate::interlinked::is_child(tx, id).await);
    if kind != PaperKind::Result && child.await.map_err(|e| e.to_string())? {
        return Ok(());
    }
    make(app, id, kind, app.site.clock.now()).await.map(drop).map_err(|problem| problem.to_string())
}

/// Everything a paper may speak of, read in one transaction.
struct Facts {
    dossier: Dossier,
    procedure: Arc<Procedure>,
    history: Vec<History>,
    files: Vec<StoredFile>,
    decision: Option<store::Decision>,
    /// What corrections have put right, by the field of the result, and the version before the last.
    corrected: (BTreeMap<String, String>, Option<(String, base::Day)>),
    counter: directory::Unit,
    agency: directory::Unit,
    above: Option<directory::Unit>,
    /// Names of those who acted, by account.
    names: Vec<(String, String)>,
    calendar: base::Calendar,
    /// Which unit holds each internal step, by the step's id.
    holders: Vec<(String, String)>,
    /// Who signs what was received, on the papers that say it.
    signer: Option<Arc<Signer>>,
    /// The results of the parts of an interlinked dossier, in a line.
    parts: String,
    law: Arc<Law>,
    /// The limit that a clerk stated, where the procedure's file has none.
    stated: Option<Stated>,
    money: form01::Money,
}

impl Facts {
    async fn read(tx: &mut Tx, app: &App, id: DossierId) -> Result<Facts, Problem> {
        let dossier = store::get(tx, id).await?;
        let mut history = store::list_history(tx, id).await?;
        history.retain(|h| !crate::takeover::before(h));
        let agency = directory::get_unit(tx, &dossier.agency).await?;
        let above = directory::ancestors(tx, &agency.id).await?.into_iter().skip(1).find(|u| !u.territory);
        let mut names = Vec::new();
        for account in history.iter().filter_map(|h| h.account.as_deref()) {
            if !names.iter().any(|(a, _)| a == account)
                && let Ok(id) = account.parse()
            {
                names.push((account.to_string(), directory::person(tx, id).await?.name));
            }
        }
        let procedure = app.catalogue.version(&dossier.procedure)?;
        let mut holders = Vec::new();
        for stage in &procedure.steps {
            let unit = super::unit_with(tx, &dossier, &stage.unit_kind).await?;
            holders.push((stage.id.clone(), directory::get_unit(tx, &unit).await?.name));
        }
        let parts = match procedure.run_children {
            true => crate::interlinked::results(&procedure, &crate::interlinked::parts(tx, id).await?),
            false => String::new(),
        };
        Ok(Facts {
            law: app.catalogue.law(),
            parts,
            stated: stated::find(tx, &dossier, &procedure).await?,
            money: form01::Money::read(tx, id).await?,
            calendar: directory::calendar(tx, &dossier.counter).await?,
            holders,
            signer: None,
            procedure,
            files: store::list_files(tx, id).await?,
            decision: store::find_decision(tx, id).await?,
            corrected: crate::correction::changes(tx, id).await?,
            counter: directory::get_unit(tx, &dossier.counter).await?,
            agency,
            above,
            names,
            history,
            dossier,
        })
    }

    /// What the frame in force on this day calls the form, and the symbol behind its number.
    fn form(&self, kind: PaperKind, day: base::Day) -> (Option<paper::FormName>, Option<String>) {
        let Some(form) = self.law.form(kind, day) else { return (None, None) };
        let symbol = Some(form.symbol.to_string()).filter(|symbol| !symbol.is_empty());
        (Some(paper::FormName { number: form.number.into(), title: form.title.into() }), symbol)
    }

    fn last(&self, verb: &str) -> Option<&History> {
        self.history.iter().rev().find(|h| h.verb == verb)
    }

    fn name(&self, account: Option<&str>) -> String {
        self.names
            .iter()
            .find(|(a, _)| Some(a.as_str()) == account)
            .map(|(_, n)| n.clone())
            .unwrap_or_default()
    }

    fn office(&self, app: &App, unit: &directory::Unit) -> Office {
        let brand = &app.site.brand;
        Office {
            above: Some(self.agency.name.clone()).filter(|name| *name != unit.name),
            name: unit.name.clone(),
            place: brand.province.clone(),
            phone: Some(brand.hotline.clone()).filter(|s| !s.is_empty()),
            website: Some(app.address.clone()).filter(|s| !s.is_empty()),
            demo: brand.demo,
        }
    }

    fn party(&self) -> Party {
        form01::party(&self.dossier)
    }

    /// The address at which a paper that follows this line of the log is checked: it carries the signed
    /// statement of what was received by then.
    fn proof_url(&self, app: &App, kind: Kind, line: &History) -> Option<String> {
        let text = self.signer.as_ref()?.sign(&statement::state(kind, &self.dossier, line, &self.files))?;
        Some(app.proof_url(&text))
    }

    fn files_until(&self, at: Instant) -> Vec<FileEntry> {
        let name = |id: &str| self.procedure.component(id).map(|c| c.name.clone());
        self.files
            .iter()
            .filter(|f| f.added_at <= at)
            .map(|f| FileEntry {
                name: f.name.clone(),
                component: name(&f.component),
                size_bytes: f.size.unsigned_abs(),
                sha256: f.sha256.to_string(),
            })
            .collect()
    }

    /// The components as handed in: papers on the counter, files online.
    fn components(&self) -> Vec<Component> {
        let online = self.dossier.channel == "online";
        // What the clerk counted, where it was counted.
        let counted = self.last("receive").and_then(|h| h.details["papers"].as_array());
        self.procedure
            .components_for(&self.dossier.answers)
            .into_iter()
            .map(|c| {
                let files = self.files.iter().filter(|f| f.component == c.id).count();
                let here = !online && c.required;
                let by_list = if here { [c.originals, 0, c.copies] } else { [0; 3] };
                let [originals, certified, photocopies] =
                    counted.map_or(by_list, |papers| counts(papers, &c.id));
                Component {
                    name: c.name.clone(),
                    originals,
                    certified,
                    photocopies,
                    electronic: u32::try_from(files).unwrap_or(u32::MAX) + u32::from(online && c.by_form),
                    ..Component::default()
                }
            })
            .filter(|c| c.originals + c.certified + c.photocopies + c.electronic > 0)
            .collect()
    }

    fn request(&self) -> String {
        self.procedure.name.clone()
    }
}

/// Originals, certified copies and copies of a component among the papers that were counted.
fn counts(papers: &[Value], component: &str) -> [u32; 3] {
    let paper = papers.iter().find(|p| p["component"] == component);
    let count = |what: &str| paper.and_then(|p| p[what].as_u64()).and_then(|n| u32::try_from(n).ok());
    ["originals", "certified", "copies"].map(|what| count(what).unwrap_or(0))
}

/// Makes the paper of this kind for the dossier's present state, stores it and answers its
/// name in the blob store. Doing it twice keeps the first.
pub async fn make(app: &App, id: DossierId, kind: PaperKind, now: Instant) -> Result<Hash, Problem> {
    let mut facts = {
        let app = app.clone();
        app.site.db.clone().read(async move |tx: &mut Tx| Facts::read(tx, &app, id).await).await?
    };
    // Without its key such a paper waits, and is told as not made: it is a proof, or it is nothing.
    if matches!(kind, PaperKind::Slip | PaperKind::Receipt) {
        facts.signer = Some(app.statements.signer(&app.site.db).await?);
    }
    let ordinal = ordinal(&facts, kind).ok_or(Problem::NotFound)?;
    let data = in_vietnamese(|| data(app, &facts, kind, now)).ok_or(Problem::NotFound)?;
    let pdf = app.press.print(move || data.render(now)).await?;

    let act =
        Act { actor: Actor::System, office: None, verb: "onestop.print", subject: id.to_string(), at: now };
    let signs = signs(&facts, kind, &pdf);
    let (counter, agency) = (facts.counter.id.clone(), facts.agency.id.clone());
    let bytes = match kind {
        PaperKind::Receipt | PaperKind::Supplement | PaperKind::Refusal => {
            signing::service::signed(app, &[counter, agency], pdf.bytes, now).await
        }
        PaperKind::Apology | PaperKind::Stop => {
            signing::service::signed(app, &[agency, counter], pdf.bytes, now).await
        }
        PaperKind::Slip | PaperKind::Result | PaperKind::Control => pdf.bytes,
    };
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let hash = app.site.blobs.store(&app.site.db, act.clone(), bytes).await?;
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Hash, Problem> {
            // The first one made stays; a second one's content is held by no row and is swept.
            if store::put_paper(tx, id, kind, ordinal, hash, size, now).await? {
                db::blobs::commit(tx, &hash).await?;
                if let Some((account, spot)) = &signs {
                    if let Some(spot) = spot {
                        signing::store::save_spot(tx, id, ordinal, spot).await?;
                    }
                    signing::wait(tx, id, ordinal, account, now).await?;
                }
                return Ok(hash);
            }
            Ok(store::find_paper(tx, id, kind).await?.map_or(hash, |first| first.sha256))
        })
        .await
}

/// Who signs a fresh result, and where in it; without a place the signature is there and not seen.
fn signs(facts: &Facts, kind: PaperKind, pdf: &Pdf) -> Option<(String, Option<Spot>)> {
    if kind != PaperKind::Result {
        return None;
    }
    let decided = facts.last("correct_result").or_else(|| facts.last("decide"))?;
    let spot = pdf.sign_here.map(|here| Spot {
        page: here.page,
        centre_pt: here.centre_pt,
        top_pt: here.top_pt,
        room_pt: here.room_pt,
    });
    Some((decided.account.clone()?, spot))
}

/// The result as it would be if it were granted now, for the leader who decides. No number is taken and
/// nothing is kept: where the number will stand, the paper says that it is a draft.
pub async fn draft(app: &App, id: DossierId, signer: (String, String), now: Instant) -> Result<Pdf, Problem> {
    let reading = app.clone();
    let mut facts = app.site.db.read(async move |tx: &mut Tx| Facts::read(tx, &reading, id).await).await?;
    let (signer_name, signer_title) = signer;
    facts.decision = Some(store::Decision {
        outcome: "granted".into(),
        number: WORDS.kept("paper.draft", &[]),
        symbol: facts.procedure.result.symbol.clone().unwrap_or_default(),
        day: now.day(),
        reason: String::new(),
        signer_name,
        signer_title,
        agency: facts.agency.name.clone(),
    });
    let data = Data::Result(in_vietnamese(|| result(app, &facts)).ok_or(Problem::NotFound)?);
    app.press.print(move || data.render(now)).await
}

/// The line of the log after which this paper is printed.
fn ordinal(facts: &Facts, kind: PaperKind) -> Option<i64> {
    match kind {
        PaperKind::Slip => facts.last("file").map(|h| h.ordinal),
        PaperKind::Receipt => {
            let accepted = facts.dossier.accepted_at?;
            facts.history.iter().rev().find(|h| h.at >= accepted && restarts(h)).map(|h| h.ordinal)
        }
        PaperKind::Supplement => facts.last("ask_supplement").map(|h| h.ordinal),
        PaperKind::Refusal => facts.last("refuse").map(|h| h.ordinal),
        PaperKind::Apology => facts.last("extend").map(|h| h.ordinal),
        PaperKind::Stop => facts.last("stop").map(|h| h.ordinal),
        PaperKind::Result => facts.last("correct_result").or_else(|| facts.last("decide")).map(|h| h.ordinal),
        PaperKind::Control => facts.history.last().map(|h| h.ordinal).filter(|ordinal| *ordinal > 0),
    }
}

/// Whether this line of the log gave the promised time that the receipt states.
fn restarts(h: &History) -> bool {
    matches!(h.verb.as_str(), "receive" | "supplement") && h.promised.is_some()
}

/// A paper ready for the press.
#[expect(clippy::large_enum_variant, reason = "one lives for the length of a rendering")]
enum Data {
    Slip(paper::ProofSlip),
    Receipt(paper::Receipt),
    Supplement(paper::SupplementRequest),
    Refusal(paper::Refusal),
    Apology(paper::Apology),
    Result(paper::ResultPaper),
    Stop(paper::StopNotice),
    Control(paper::ControlSlip),
}

impl Data {
    fn render(&self, at: Instant) -> Result<Pdf, paper::RenderError> {
        match self {
            Data::Slip(p) => paper::slip(p, at),
            Data::Receipt(p) => paper::receipt(p, at),
            Data::Supplement(p) => paper::supplement_request(p, at),
            Data::Refusal(p) => paper::refusal(p, at),
            Data::Apology(p) => paper::apology(p, at),
            Data::Result(p) => paper::result(p, at),
            Data::Stop(p) => paper::stop_notice(p, at),
            Data::Control(p) => paper::control_slip(p, at),
        }
    }
}

fn data(app: &App, f: &Facts, kind: PaperKind, now: Instant) -> Option<Data> {
    Some(match kind {
        PaperKind::Slip => Data::Slip(slip(app, f)?),
        PaperKind::Receipt => Data::Receipt(receipt(app, f)?),
        PaperKind::Supplement => Data::Supplement(supplement(app, f)?),
        PaperKind::Refusal => Data::Refusal(refusal(app, f)?),
        PaperKind::Apology => Data::Apology(apology(app, f)?),
        PaperKind::Result => Data::Result(result(app, f)?),
        PaperKind::Stop => Data::Stop(stop(app, f)?),
        PaperKind::Control => Data::Control(control(app, f, now)),
    })
}

fn slip(app: &App, f: &Facts) -> Option<paper::ProofSlip> {
    let filed = f.history.first()?;
    Some(paper::ProofSlip {
        office: f.office(app, &f.counter),
        code: f.dossier.code.clone(),
        proof_url: f.proof_url(app, Kind::Slip, filed)?,
        filed_at: f.dossier.filed_at,
        answer_by: f.dossier.answer_by,
        applicant: f.party(),
        procedure_code: f.procedure.code.clone(),
        procedure: f.procedure.name.clone(),
        files: f.files_until(filed.at),
    })
}

fn receipt(app: &App, f: &Facts) -> Option<paper::Receipt> {
    let d = &f.dossier;
    let h = f.history.iter().rev().find(|h| restarts(h))?;
    let clerk = f.history.iter().rev().find(|h| h.office.is_some() && restarts(h));
    let submitter = form01::submitter(&f.history);
    let (form, symbol) = f.form(PaperKind::Receipt, h.at.day());
    Some(paper::Receipt {
        office: f.office(app, &f.counter),
        form,
        number: d.code.rsplit('-').next().map(str::to_string),
        symbol,
        code: d.code.clone(),
        proof_url: f.proof_url(app, Kind::Receipt, h)?,
        applicant: submitter.as_deref().map_or_else(|| f.party(), form01::named),
        owner: submitter.is_some().then(|| f.party()),
        request: f.request(),
        components: f.components(),
        sets: form01::sets(&f.history),
        legal_time: match &f.stated {
            Some(stated) => stated.printed(),
            None => crate::view::limit(f.procedure.limit),
        },
        received_at: h.at,
        due_at: h.promised,
        delivery: Delivery {
            way: match d.return_by.as_str() {
                "post" => DeliveryWay::Post,
                "online" => DeliveryWay::Online,
                _ => DeliveryWay::Counter,
            },
            place: match d.return_by.as_str() {
                "post" => Some(d.applicant.address.clone()),
                "counter" => Some(f.counter.name.clone()),
                _ => None,
            },
        },
        fee: f.money.line(&f.procedure),
        register: None,
        notes: Vec::new(),
        submitter: submitter.or_else(|| Some(d.applicant.name.clone())),
        receiver: clerk.map(|h| f.name(h.account.as_deref())).unwrap_or_default(),
        files: f.files_until(h.at),
    })
}

fn supplement(app: &App, f: &Facts) -> Option<paper::SupplementRequest> {
    let h = f.last("ask_supplement")?;
    let asked: Vec<&str> =
        h.details["components"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let items = asked
        .iter()
        .filter_map(|id| f.procedure.component(id))
        .map(|c| Component {
            name: c.name.clone(),
            originals: c.originals,
            photocopies: c.copies,
            note: match checklist::mark_of(h, &c.id) {
                Some(mark) => Some(WORDS.t(&format!("mark.{}", mark.word()), &[])),
                None => c.note.clone(),
            },
            ..Component::default()
        })
        .chain(asked_anew(f, h))
        .collect();
    let (form, symbol) = f.form(PaperKind::Supplement, h.at.day());
    Some(paper::SupplementRequest {
        office: f.office(app, &f.counter),
        form,
        number: number(h),
        symbol,
        date: h.at.day(),
        code: f.dossier.code.clone(),
        applicant: f.party(),
        request: f.request(),
        items,
        reason: grounds::told(h),
        answer_by: None,
        contact_name: Some(f.name(h.account.as_deref())),
        contact_phone: Some(app.site.brand.hotline.clone()).filter(|s| !s.is_empty()),
        count: u32::try_from(f.dossier.supplement_requests).unwrap_or(1),
        official: f.name(h.account.as_deref()),
    })
}

/// The questions to be answered anew, beside the papers.
fn asked_anew(f: &Facts, h: &History) -> Vec<Component> {
    let Some(form) = &f.procedure.form else { return Vec::new() };
    let asked = crate::answers::rules::asked(&f.procedure, std::slice::from_ref(&h.details));
    let line = |field: String| Component {
        name: WORDS.t("paper.answer_anew", &[("title", form.title(&field))]),
        ..Component::default()
    };
    asked.into_iter().map(line).collect()
}

fn refusal(app: &App, f: &Facts) -> Option<paper::Refusal> {
    let h = f.last("refuse")?;
    let (form, symbol) = f.form(PaperKind::Refusal, h.at.day());
    Some(paper::Refusal {
        office: f.office(app, &f.counter),
        form,
        number: number(h),
        symbol,
        date: h.at.day(),
        code: Some(f.dossier.code.clone()),
        applicant: f.party(),
        request: f.request(),
        reason: grounds::told(h),
        legal_basis: grounds::basis_of(h),
        complain_to: f.agency.name.clone(),
        contact_name: Some(f.name(h.account.as_deref())),
        contact_phone: Some(app.site.brand.hotline.clone()).filter(|s| !s.is_empty()),
        submitter: Some(f.dossier.applicant.name.clone()),
        receiver: f.name(h.account.as_deref()),
    })
}

fn apology(app: &App, f: &Facts) -> Option<paper::Apology> {
    let h = f.last("extend")?;
    let before: Instant = serde_json::from_value(h.details["promised"].clone()).ok()?;
    let (form, symbol) = f.form(PaperKind::Apology, h.at.day());
    Some(paper::Apology {
        office: f.office(app, &f.agency),
        form,
        number: number(h),
        symbol,
        date: h.at.day(),
        code: f.dossier.code.clone(),
        applicant: f.party(),
        request: f.request(),
        received_at: f.dossier.accepted_at?,
        promised_at: before,
        reason: grounds::told(h),
        new_due_at: h.promised?,
        signer: paper::Signer {
            authority_form: None,
            on_behalf_of: None,
            position: h.details["title"].as_str().unwrap_or_default().into(),
            name: f.name(h.account.as_deref()),
        },
        recipients: vec![f.counter.name.clone()],
    })
}

/// The number of the paper that a line of the log took; older lines took none.
fn number(h: &History) -> Option<String> {
    h.details["number"].as_str().map(str::to_string)
}

fn stop(app: &App, f: &Facts) -> Option<paper::StopNotice> {
    let h = f.last("stop")?;
    let d = &f.dossier;
    let (form, symbol) = f.form(PaperKind::Stop, h.at.day());
    let place = [("counter", f.counter.name.as_str()), ("agency", f.agency.name.as_str())];
    let paid = base::Dong::new(d.fee_paid).filter(|_| d.fee_paid > 0).map(base::format::money);
    let fees = match &paid {
        Some(paid) => WORDS.t("stop.fees_paid", &[("paid", paid), place[1]]),
        None => WORDS.t("stop.fees_none", &[]),
    };
    Some(paper::StopNotice {
        office: f.office(app, &f.agency),
        form,
        number: number(h),
        symbol,
        date: h.at.day(),
        code: d.code.clone(),
        applicant: f.party(),
        request: f.request(),
        reason: grounds::told(h),
        legal_basis: grounds::basis_of(h),
        papers: WORDS.t("stop.papers", &place),
        fees,
        complain_to: f.agency.name.clone(),
        contact_phone: Some(app.site.brand.hotline.clone()).filter(|s| !s.is_empty()),
        signer: paper::Signer {
            authority_form: None,
            on_behalf_of: None,
            position: h.details["title"].as_str().unwrap_or_default().into(),
            name: f.name(h.account.as_deref()),
        },
        recipients: vec![f.counter.name.clone()],
    })
}

fn control(app: &App, f: &Facts, now: Instant) -> paper::ControlSlip {
    let name = |hand: &Hand| match hand {
        Hand::Applicant => f.dossier.applicant.name.clone(),
        Hand::Counter => f.counter.name.clone(),
        Hand::Unit(name) => name.clone(),
        Hand::Stage(id) => {
            let stage = f.procedure.step(id).map(|s| s.name.clone()).unwrap_or_default();
            let unit = f.holders.iter().find(|(of, _)| of == id).map(|(_, unit)| unit.as_str());
            format!("{} ({stage})", unit.unwrap_or_default())
        }
    };
    let rows =
        control::hand_overs(&f.history, &f.procedure.steps, (&f.calendar, &f.law)).into_iter().map(|row| {
            let h = f.history.iter().find(|h| h.ordinal == row.ordinal);
            paper::HandOver {
                giver: name(&row.giver),
                taker: name(&row.taker),
                at: row.at,
                kept: row.kept.map(|kept| match kept {
                    Kept::Early => paper::Kept::Early,
                    Kept::OnTime => paper::Kept::OnTime,
                    Kept::Late => paper::Kept::Late,
                }),
                by: h.map(|h| f.name(h.account.as_deref())).unwrap_or_default(),
                note: h.map(hand_over_note).unwrap_or_default(),
            }
        });
    paper::ControlSlip {
        office: f.office(app, &f.counter),
        form: f.form(PaperKind::Control, now.day()).0,
        date: now.day(),
        code: f.dossier.code.clone(),
        applicant: f.party(),
        request: f.request(),
        promised_at: f.dossier.promised,
        rows: rows.collect(),
    }
}

/// What was said of a hand-over, and the short limit that it came too late for.
fn hand_over_note(h: &History) -> String {
    let late = limits::missed(h).map(|(short, by)| {
        let at = base::format::time_vn(by);
        crate::desk::words::kept(&format!("history.late_{}", short.word()), &[("at", &at)])
    });
    [late, Some(h.note.clone()).filter(|note| !note.is_empty())]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
}

/// The template of a result and its fields. Where its answers are not there, which only dossiers of before
/// can be without, a letter says that it is granted.
fn filled<'a>(f: &'a Facts, r: &store::Decision, granted: bool) -> (&'a str, Vec<paper::Field>) {
    let (spec, corrected) = (&f.procedure.result, &f.corrected.0);
    let field = |(key, from): (&String, &String)| {
        let value = || match from.as_str() {
            "dossier.parts" => f.parts.clone(),
            _ => value(&f.dossier, &f.procedure, r, from),
        };
        paper::Field { key: key.clone(), value: corrected.get(key).cloned().unwrap_or_else(value) }
    };
    let fields: Vec<paper::Field> =
        spec.fields.iter().map(field).filter(|field| !field.value.trim().is_empty()).collect();
    let own = paper::result_templates().iter().find(|t| t.name == spec.template.as_str());
    let printable = own.is_some_and(|t| t.required.iter().all(|key| fields.iter().any(|f| f.key == *key)));
    if granted && printable { (spec.template.as_str(), fields) } else { ("decision-letter", Vec::new()) }
}

fn result(app: &App, f: &Facts) -> Option<paper::ResultPaper> {
    let r = f.decision.as_ref()?;
    let granted = r.outcome == "granted";
    let (corrected, replaced) = &f.corrected;
    let listed = f.last("decide").filter(|h| h.reason_code.as_deref() != Some("other"));
    let listed =
        listed.map(grounds::reason_of).filter(|words| !words.is_empty()).map(|words| format!("{words}."));
    let reason = corrected.get(crate::correction::REASON).unwrap_or(&r.reason).clone();
    let (template, mut fields) = filled(f, r, granted);
    let words = |key: &str| {
        WORDS.t(
            key,
            &[
                ("procedure", &f.procedure.name),
                ("applicant", &f.dossier.applicant.name),
                ("code", &f.dossier.code),
            ],
        )
    };
    let mut body = match (granted, template) {
        (false, _) => {
            vec![words("letter.denied"), listed.unwrap_or_default(), reason, words("letter.denied_next")]
        }
        (true, "decision-letter") => vec![words("letter.granted"), reason],
        (true, _) => vec![reason],
    };
    if let Some((number, day)) = replaced {
        let day = base::format::date_vn(*day);
        let value = WORDS.t("letter.replaces", &[("number", number), ("day", &day)]);
        // A certificate has a place of its own for it.
        match template {
            "birth-certificate" => fields.push(paper::Field { key: "replaces".into(), value }),
            _ => body.push(value),
        }
    }
    Some(paper::ResultPaper {
        template: template.into(),
        agency_above: f.above.as_ref().map(|u| u.name.clone()),
        agency: r.agency.clone(),
        number: Some(r.number.clone()),
        symbol: Some(r.symbol.clone()).filter(|s| !s.is_empty()),
        place: app.site.brand.province.clone(),
        date: r.day,
        title: String::new(),
        subject: Some(words("letter.subject")),
        issuer: None,
        to: vec![f.dossier.applicant.name.clone()],
        fields,
        body: body.into_iter().filter(|p| !p.trim().is_empty()).collect(),
        legal_basis: f.last("decide").map(grounds::basis_of).unwrap_or_default(),
        complain_to: (!granted).then(|| f.agency.name.clone()),
        signer: paper::Signer {
            authority_form: None,
            on_behalf_of: None,
            position: r.signer_title.clone(),
            name: r.signer_name.clone(),
        },
        recipients: vec![words("letter.recipient")],
        demo: app.site.brand.demo,
    })
}

/// The value a template's field takes: the form's answers, the applicant or the decision.
pub(crate) fn value(d: &Dossier, p: &Procedure, r: &store::Decision, from: &str) -> String {
    let a = &d.applicant;
    match from.split_once('.') {
        Some(("answers", field)) => answer(d, p, field),
        Some(("applicant", "name")) => a.name.clone(),
        Some(("applicant", "number" | "personal_number")) => a.number.clone(),
        Some(("applicant", "address")) => a.address.clone(),
        Some(("result", "number")) => r.number.clone(),
        Some(("result", "day")) => r.day.to_string(),
        Some(("result", "year")) => r.day.year().to_string(),
        Some(("result", "agency")) => r.agency.clone(),
        Some(("dossier", "code")) => d.code.clone(),
        _ => String::new(),
    }
}

/// An answer as people read it: the label of a choice, otherwise what was typed.
fn answer(d: &Dossier, p: &Procedure, field: &str) -> String {
    let Some(value) = d.answers.get(field) else { return String::new() };
    if let (Some(form), Value::Object(_) | Value::Array(_)) = (&p.form, value) {
        return crate::procedure::ask::answer_text(form, field, value);
    }
    let form = p.form.as_ref();
    let is_money = form.and_then(|form| form.property(field)).is_some_and(|asked| asked["format"] == "money");
    if let Some(amount) = value.as_i64().filter(|_| is_money).and_then(base::Dong::new) {
        return base::format::money(amount);
    }
    let typed = match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let label = p
        .form
        .as_ref()
        .and_then(|form| form.ui.get(field))
        .and_then(|ui| ui.options.iter().find(|o| o.value == typed));
    label.map_or(typed.clone(), |o| o.label.clone())
}
