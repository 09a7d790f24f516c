//! What a citizen prepares before filing: answers, papers, where and how. A draft belongs to one
//! account, keeps whatever was typed, and becomes a dossier at most once.

use std::sync::Arc;

use base::{Day, Instant};
use db::{Act, Db, Tx, blobs};
use directory::{Person, Receiving};
use serde_json::Value;
use web::Problem;

use super::prefill;
use super::store::{self, DraftRow, UploadRow};
use super::{Attached, Filing};
use crate::catalogue::Catalogue;
use crate::dossier::{self, Applicant, DossierId};
use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Form, Frame, Level, Page};
use crate::procedure::{ask, places};
use crate::refusal::Refusal;
use crate::signer;

enum DraftKind {}

/// The ways in which a result can come back. law: onestop/result-ways
pub const RETURN_WAYS: [&str; 3] = ["counter", "online", "post"];
/// Units offered by one search.
const UNITS_MAX: u32 = 30;

/// A draft with what its pages need.
#[derive(Clone)]
pub struct Draft {
    pub row: DraftRow,
    pub procedure: Arc<Procedure>,
    pub answers: Answers,
    pub uploads: Vec<UploadRow>,
    /// The first day of the version now offered, where the draft was begun under an older one.
    pub newer: Option<Day>,
    /// Somebody has agreed to what it declares: a change makes that void.
    pub signed: bool,
}

impl Draft {
    /// The form. A draft exists only for procedures that have one.
    pub fn form(&self) -> Result<&Form, Problem> {
        self.procedure.form.as_ref().ok_or_else(|| Refusal::NotOnline.into())
    }

    /// The form's page with this id.
    pub fn page(&self, id: &str) -> Result<&Page, Problem> {
        self.form()?.pages.iter().find(|page| page.id == id).ok_or(Problem::NotFound)
    }

    /// The answers as filing would take them: tidied, without questions not asked.
    pub fn clean(&self) -> Answers {
        self.procedure.form.as_ref().map(|form| form.clean(&self.answers)).unwrap_or_default()
    }

    /// The uploads that belong to papers asked for in this case.
    fn attached(&self) -> Vec<Attached> {
        let asked = self.clean();
        let wanted: Vec<&str> =
            self.procedure.components_for(&asked).into_iter().map(|c| c.id.as_str()).collect();
        self.uploads
            .iter()
            .filter_map(|u| {
                let component = u.component.clone().filter(|c| wanted.contains(&c.as_str()))?;
                Some(Attached::upload(component, u.id.clone()))
            })
            .collect()
    }

    /// What would be handed in now.
    pub fn filing(&self, person: &Person) -> Filing {
        Filing {
            procedure: self.row.procedure.clone(),
            unit: self.row.unit.clone().unwrap_or_default(),
            account: Some(self.row.account.clone()),
            applicant: applicant(&self.procedure, &self.answers, person),
            channel: "online",
            return_by: self.row.return_by.clone(),
            answers: self.clean(),
            uploads: self.attached(),
        }
    }
}

/// The applicant is the account's person; telephone, mail and address as given on the form, where
/// the form asks for them.
fn applicant(procedure: &Procedure, answers: &Answers, person: &Person) -> Applicant {
    let on_form = |what: &str| {
        let form = procedure.form.as_ref()?;
        let (field, _) = form.ui.iter().find(|(_, ui)| ui.prefill.as_deref() == Some(what))?;
        answers.get(field).and_then(Value::as_str).map(str::to_string)
    };
    let pick = |what: &str, own: &Option<String>| on_form(what).or_else(|| own.clone()).unwrap_or_default();
    let number = person.personal_number.clone().or_else(|| on_form("person.personal_number"));
    Applicant {
        name: person.name.clone(),
        number: number.unwrap_or_default(),
        phone: pick("person.phone", &person.phone),
        email: pick("person.email", &person.email),
        address: pick("person.address", &person.address),
    }
}

/// Whether it may be handed in at any counter: its own address says who settles it, wherever that is. A file
/// without such a rule is settled where it was received, so only there. law: onestop/anywhere
pub fn is_taken_anywhere(procedure: &Procedure) -> bool {
    procedure.routing.iter().any(|route| route.when.is_none() && route.field.is_some())
}

/// The units that receive this procedure, by words of their names: those of the level that settles it, and
/// with `anywhere` all others of the province before them.
pub async fn receiving(
    tx: &mut Tx,
    procedure: &Procedure,
    frame: Frame,
    (q, anywhere): (&str, bool),
    now: Instant,
) -> Result<Vec<Receiving>, Problem> {
    let settles = procedure.settled_at(frame);
    let others = [Level::Province, Level::District, Level::Commune].into_iter();
    let others = others.filter(|level| anywhere && is_taken_anywhere(procedure) && !settles.contains(level));
    let mut units: Vec<Receiving> = Vec::new();
    for level in others.chain(settles.iter().copied()) {
        for unit in directory::list_receiving(tx, level.as_str(), q, now.day(), UNITS_MAX).await? {
            if !units.iter().any(|known| known.code == unit.code) {
                units.push(unit);
            }
        }
    }
    units.truncate(UNITS_MAX as usize);
    Ok(units)
}

/// Begins a draft for a person at a unit, with what is known of the person filled in.
pub async fn begin(
    tx: &mut Tx,
    catalogue: &Catalogue,
    code: &str,
    unit: &str,
    person: &Person,
    now: Instant,
) -> Result<String, Problem> {
    let procedure = &catalogue.find(code).ok_or(Problem::NotFound)?;
    if !procedure.is_online() {
        return Err(Refusal::NotOnline.into());
    }
    check_unit(tx, procedure, catalogue.frame, unit, now).await?;
    let form = procedure.form.as_ref().ok_or(Refusal::NotOnline)?;
    let earlier = prefill::earlier(tx, catalogue, person).await?;
    let mut taken = prefill::about_person(form, person, &earlier);
    let answers = form.clean(&taken.iter().map(|one| (one.field.clone(), one.value.clone())).collect());
    taken.retain(|one| answers.contains_key(&one.field));
    for one in &mut taken {
        one.value = answers[&one.field].clone();
    }
    let row = DraftRow {
        id: fresh_id(),
        account: person.account.to_string(),
        procedure: crate::catalogue::version_id(procedure),
        unit: Some(unit.to_string()),
        answers: Value::Object(answers).to_string(),
        return_by: "counter".into(),
        version: 1,
        created_at: now,
        updated_at: now,
        dossier: None,
    };
    store::save_draft(tx, &row).await?;
    prefill::save(tx, &row.id, &taken).await?;
    Ok(row.id)
}

/// A new name for a draft.
pub(super) fn fresh_id() -> String {
    base::Id::<DraftKind>::fresh().to_string()
}

/// Refuses a unit that does not receive this procedure.
pub(super) async fn check_unit(
    tx: &mut Tx,
    procedure: &Procedure,
    frame: Frame,
    unit: &str,
    now: Instant,
) -> Result<(), Problem> {
    let named = directory::find_unit(tx, unit, now.day()).await?.ok_or(Refusal::NoCounter)?;
    let offered = receiving(tx, procedure, frame, (&named.name, true), now).await?;
    if !offered.iter().any(|u| u.code == unit) {
        return Err(Refusal::NoCounter.into());
    }
    super::counter_for(tx, unit, now).await?;
    Ok(())
}

/// Keeps another place for the draft.
pub async fn keep_unit(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    account: &str,
    unit: &str,
    now: Instant,
) -> Result<(), Problem> {
    let mut draft = get(tx, catalogue, id, account).await?;
    check_unit(tx, &draft.procedure, catalogue.frame, unit, now).await?;
    draft.row.unit = Some(unit.to_string());
    store::save_answers(tx, &draft.row, now).await?;
    Ok(())
}

/// The draft of this account. Somebody else's is `NotFound`.
pub async fn get(tx: &mut Tx, catalogue: &Catalogue, id: &str, account: &str) -> Result<Draft, Problem> {
    let row = store::find_draft(tx, id, account).await?.ok_or(Problem::NotFound)?;
    let procedure = catalogue.version(&row.procedure)?;
    let answers = serde_json::from_str(&row.answers)
        .map_err(|e| db::Error::Fault(format!("answers of draft {id}: {e}")))?;
    let uploads = store::list_uploads(tx, id, account).await?;
    let offered = catalogue.find(&procedure.code).filter(|p| p.version > procedure.version && p.is_online());
    let newer = offered.map(|p| p.valid_from);
    let signed =
        !procedure.signers.is_empty() && signer::store::list_open(tx, id).await?.iter().any(|s| s.agreed());
    Ok(Draft { row, procedure, answers, uploads, newer, signed })
}

/// The code of the dossier a draft has become, if it has.
pub async fn filed_as(tx: &mut Tx, draft: &Draft) -> Result<Option<String>, Problem> {
    let Some(id) = &draft.row.dossier else { return Ok(None) };
    let id: DossierId = id.parse().map_err(|_| db::Error::Fault(format!("draft {} names no dossier", id)))?;
    Ok(Some(dossier::store::get(tx, id).await?.code))
}

/// Keeps what a page of the form sent, right or wrong. A filed draft is `Stale`.
pub async fn keep_page(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    account: &str,
    page: &str,
    sent: &[(String, String)],
    now: Instant,
) -> Result<Draft, Problem> {
    let mut draft = get(tx, catalogue, id, account).await?;
    draft.answers = ask::read(draft.form()?, draft.page(page)?, &draft.answers, sent);
    let procedure = draft.procedure.clone();
    if let Some(form) = &procedure.form {
        // What names no commune stays as it is, for the page's check and for filing to refuse.
        drop(places::take(tx, form, &mut draft.answers).await?);
    }
    draft.row.answers = Value::Object(draft.answers.clone()).to_string();
    draft.row.updated_at = now;
    store::save_answers(tx, &draft.row, now).await?;
    signer::changed(tx, catalogue, id, account, now).await?;
    Ok(draft)
}

/// Keeps one answer as it was typed, right or wrong, while the page is still open. `NotFound` for a
/// question the form does not have; a filed draft is `Stale`.
pub async fn keep_field(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    account: &str,
    field: &str,
    sent: &[(String, String)],
    now: Instant,
) -> Result<(), Problem> {
    let mut draft = get(tx, catalogue, id, account).await?;
    if draft.row.dossier.is_some() {
        return Err(Problem::Stale);
    }
    let form = draft.form()?;
    let page = form.pages.iter().find(|p| p.fields.iter().any(|f| f == field)).ok_or(Problem::NotFound)?;
    let mut read = ask::read(form, page, &draft.answers, sent);
    match read.shift_remove(field) {
        Some(value) => draft.answers.insert(field.to_string(), value),
        None => draft.answers.shift_remove(field),
    };
    let procedure = draft.procedure.clone();
    if let Some(form) = procedure.form.as_ref().filter(|f| f.is_address(field)) {
        drop(places::take(tx, form, &mut draft.answers).await?);
    }
    draft.row.answers = Value::Object(draft.answers.clone()).to_string();
    store::save_answers(tx, &draft.row, now).await?;
    signer::changed(tx, catalogue, id, account, now).await
}

/// How many days a draft is kept after its last change. law: onestop/draft-days
pub async fn days_kept(tx: &mut Tx, now: Instant) -> Result<i64, Problem> {
    let days = store::find_draft_days(tx, now.day()).await?;
    let days = days.and_then(|text| text.parse().ok()).filter(|days| (1..=3_660).contains(days));
    days.ok_or_else(|| Problem::fault("no parameter draft-days that is a number of days"))
}

/// Lets drafts go that nobody changed for too long, with the files brought to them.
pub async fn let_old_go(db: &Db, now: Instant) -> Result<(), Problem> {
    loop {
        let act = Act::system("onestop.let-draft-go", "", now);
        let let_go = async move |tx: &mut Tx| -> Result<usize, Problem> {
            let before = now.plus_days(-days_kept(tx, now).await?);
            let old = store::list_old_drafts(tx, before).await?;
            for draft in &old {
                for upload in store::list_uploads(tx, &draft.id, &draft.account).await? {
                    release(tx, &upload.sha256).await?;
                }
                crate::helper::store::end_of_draft(tx, &draft.id, "", now).await?;
                signer::end_of_draft(tx, &draft.id, "", now).await?;
                store::delete_draft(tx, &draft.id, &draft.account).await?;
            }
            Ok(old.len())
        };
        if db.write(act, let_go).await? == 0 {
            return Ok(());
        }
    }
}

/// Keeps how the result is to come back. Another word than the three is not kept.
pub async fn keep_return(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    account: &str,
    return_by: &str,
    now: Instant,
) -> Result<Draft, Problem> {
    let mut draft = get(tx, catalogue, id, account).await?;
    if RETURN_WAYS.contains(&return_by) {
        draft.row.return_by = return_by.into();
        draft.row.updated_at = now;
        store::save_answers(tx, &draft.row, now).await?;
    }
    Ok(draft)
}

/// Takes a file out of a draft. Doing it twice changes nothing.
pub async fn remove_upload(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    account: &str,
    upload: &str,
) -> Result<Draft, Problem> {
    let mut draft = get(tx, catalogue, id, account).await?;
    if let Some(found) = draft.uploads.iter().find(|u| u.id == upload) {
        release(tx, &found.sha256).await?;
        store::delete_upload(tx, upload, id, account).await?;
        draft.uploads.retain(|u| u.id != upload);
        let now = tx.act().at;
        signer::changed(tx, catalogue, id, account, now).await?;
    }
    Ok(draft)
}

/// Goes on under the version now offered: answers that still fit are kept, files for papers that it does
/// not know are let go. Where there is no newer one, nothing changes; a filed draft is `Stale`.
pub async fn take_newer(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    account: &str,
    now: Instant,
) -> Result<(), Problem> {
    let draft = get(tx, catalogue, id, account).await?;
    if draft.newer.is_none() {
        return Ok(());
    }
    let procedure = catalogue.find(&draft.procedure.code).ok_or(Problem::NotFound)?;
    let form = procedure.form.as_ref().ok_or(Refusal::NotOnline)?;
    let mut answers = draft.answers.clone();
    answers.retain(|field, _| form.property(field).is_some());
    for upload in &draft.uploads {
        if upload.component.as_deref().is_none_or(|c| procedure.component(c).is_none()) {
            release(tx, &upload.sha256).await?;
            store::delete_upload(tx, &upload.id, id, account).await?;
        }
    }
    let version = crate::catalogue::version_id(&procedure);
    store::save_version(tx, &draft.row, &version, &Value::Object(answers).to_string(), now).await?;
    signer::changed(tx, catalogue, id, account, now).await
}

/// Throws a draft away with its files.
pub async fn discard(tx: &mut Tx, catalogue: &Catalogue, id: &str, account: &str) -> Result<(), Problem> {
    let draft = get(tx, catalogue, id, account).await?;
    if draft.row.dossier.is_some() {
        return Err(Problem::Stale);
    }
    for upload in &draft.uploads {
        release(tx, &upload.sha256).await?;
    }
    let now = tx.act().at;
    crate::helper::store::end_of_draft(tx, id, account, now).await?;
    signer::end_of_draft(tx, id, account, now).await?;
    store::delete_draft(tx, id, account).await?;
    Ok(())
}

/// A file in a draft holds its content; without the row it may be swept.
async fn release(tx: &mut Tx, hash: &blobs::Hash) -> Result<(), Problem> {
    Ok(blobs::release(tx, hash).await?)
}

/// Files the draft; its code. A second submit finds the dossier that the first one made.
pub async fn submit(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    person: &Person,
    now: Instant,
) -> Result<String, Problem> {
    let account = person.account.to_string();
    let draft = get(tx, catalogue, id, &account).await?;
    if let Some(code) = filed_as(tx, &draft).await? {
        return Ok(code);
    }
    let waits = signer::before_filing(tx, &draft, person, now).await?;
    let waits: Result<(), Problem> =
        if waits.is_empty() { Ok(()) } else { Err(Refusal::Faults(waits).into()) };
    let filed = match (super::file(tx, catalogue, draft.filing(person), &account, now).await, waits) {
        (Ok(filed), Ok(())) => filed,
        (Err(Problem::Invalid(errors)), Err(Problem::Invalid(more))) => {
            return Err(Problem::Invalid(errors.into_iter().chain(more).collect()));
        }
        (Err(problem), _) | (Ok(_), Err(problem)) => return Err(problem),
    };
    store::save_filed(tx, id, &account, filed.id).await?;
    crate::helper::store::save_filed(tx, id, filed.id).await?;
    signer::store::save_filed(tx, id, filed.id).await?;
    Ok(filed.code)
}
