//! The one-stop shop (một cửa điện tử) and the online public-service portal: procedures, online
//! filing, counters, settlement and results. Only the face below is public.

mod answers;
mod batch;
mod catalogue;
mod correction;
mod custody;
mod desk;
mod dossier;
mod fee;
mod filing;
mod filters;
mod grow;
mod hall;
mod helper;
mod home;
mod identity;
mod inspection;
mod intake;
mod interlinked;
mod leave;
mod life;
mod mailing;
mod measure;
mod message;
mod mine;
pub mod national;
mod notice;
mod number;
mod office;
mod once;
mod opinion;
mod people;
mod petition;
mod press;
mod procedure;
mod rating;
mod recount;
mod refusal;
mod register;
mod signer;
mod signing;
mod stated;
mod statement;
pub mod takeover;
#[cfg(test)]
mod tests;
mod tracking;
mod vault;
mod view;
mod words;
mod words_citizen;
mod words_office;

use std::sync::Arc;
use std::time::Duration;

use base::Instant;
use db::deliver::Listener;
use db::jobs::Handler;
use db::{Act, Actor, Db, Migration, Tx, args};
use utoipa::OpenApi;
use web::{Problem, Site};

pub use catalogue::Catalogue;
pub use dossier::rules::AfterSupplement;
pub use fee::bank::{Bank, NotProven, Notice, SignedNotices};
pub use filing::scan;
pub use grow::{Grown, Plan, grow};
pub use measure::rebuild as rebuild_measures;
pub use notice::carrier::{Carrier, Mail, MailSettings, Secrecy, Sms, SmsSettings, demo as demo_carriers};
pub use notice::{ADMIN as NOTICES, inbox};
pub use people::holdings;
pub use procedure::edit::pages::HERE as PROCEDURES_PATH;
pub use procedure::model::Frame;
pub use procedure::model::{files as procedure_files, newest as procedures};
pub use procedure::simulate;
pub use procedure::{import, inspect};
pub use statement::rotate as rotate_statement_key;

/// What the handlers of this system hold.
#[derive(Clone)]
pub struct App {
    pub site: Site,
    pub catalogue: Arc<Catalogue>,
    pub press: press::Press,
    /// The banks that tell of payments.
    pub banks: Vec<Arc<dyn Bank>>,
    /// The bank that anybody may play; only in a demonstration.
    pub demo_bank: Option<Arc<SignedNotices>>,
    /// The public address without a slash at its end, as QR codes and papers print it.
    pub address: String,
    /// The line to the national portal; none while it is closed.
    pub national: Option<Arc<national::Link>>,
    /// Who looks for malware in what comes in; none where none is configured.
    pub scanner: Option<Arc<scan::Scanner>>,
    /// The ways by which notices leave the house, at most one a channel; without one they stay in the
    /// inboxes.
    pub carriers: Vec<Arc<dyn Carrier>>,
    /// The keys that results are signed with; without them results stay unsigned.
    pub trust: Option<trust::App>,
    /// Who signs what was received.
    statements: statement::Desk,
}

impl App {
    /// Reads the catalogue, sees to the key that signs what was received, which lies in `safe`, and stands
    /// ready to make [`routes`] and [`listeners`].
    pub async fn open(
        site: Site,
        frame: Frame,
        address: String,
        safe: trust::safe::Safe,
    ) -> Result<App, Problem> {
        statement::ready(&site.db, &safe, site.clock.now()).await?;
        let catalogue = Catalogue::load(&site.db, frame, site.clock.now()).await?;
        let address = address.trim_end_matches('/').to_string();
        let demo_bank = site.brand.demo.then(fee::demo::bank);
        let banks = demo_bank.iter().map(|b| b.clone() as Arc<dyn Bank>).collect();
        let (catalogue, press) = (Arc::new(catalogue), press::Press::default());
        let app = App {
            site,
            catalogue,
            press,
            banks,
            demo_bank,
            address,
            national: None,
            scanner: None,
            carriers: Vec::new(),
            trust: None,
            statements: statement::Desk::new(safe),
        };
        Ok(app)
    }

    /// Listens to a bank's notices too.
    pub fn with_bank(mut self, bank: Arc<dyn Bank>) -> App {
        self.banks.push(bank);
        self
    }

    /// Lets notices leave the house by these ways.
    pub fn with_carriers(mut self, carriers: Vec<Arc<dyn Carrier>>) -> App {
        self.carriers = carriers;
        self
    }

    /// The ways by which notices leave the house.
    fn channels(&self) -> Vec<notice::Channel> {
        self.carriers.iter().map(|c| c.channel()).collect()
    }

    /// The address at which anybody may follow this dossier.
    pub fn tracking_url(&self, code: &str) -> String {
        format!("{}/tra-cuu?ma={code}", self.address)
    }

    /// The address at which anybody may check the paper that carries this signed statement.
    fn proof_url(&self, statement: &str) -> String {
        format!("{}{}?p={statement}", self.address, statement::pages::PATH)
    }
}

impl axum::extract::FromRef<App> for Site {
    fn from_ref(app: &App) -> Site {
        app.site.clone()
    }
}

/// The tables of this system.
pub fn migrations() -> Vec<Migration> {
    let own = |name, sql| Migration { system: "onestop", name, sql };
    vec![
        own("0001_onestop", include_str!("../migrations/0001_onestop.sql")),
        own("0002_fee", include_str!("../migrations/0002_fee.sql")),
        own("0003_national", include_str!("../migrations/0003_national.sql")),
        own("0004_measure", include_str!("../migrations/0004_measure.sql")),
        own("0005_petition", include_str!("../migrations/0005_petition.sql")),
        own("0006_hall", include_str!("../migrations/0006_hall.sql")),
        own("0007_pieces", include_str!("../migrations/0007_pieces.sql")),
        own("0008_draft_days", include_str!("../migrations/0008_draft_days.sql")),
        own("0010_proposal", include_str!("../migrations/0010_proposal.sql")),
        own("0017_batch", include_str!("../migrations/0017_batch.sql")),
        own("0018_opinion", include_str!("../migrations/0018_opinion.sql")),
        own("0019_custody", include_str!("../migrations/0019_custody.sql")),
        own("0020_leave", include_str!("../migrations/0020_leave.sql")),
        own("0021_filters", include_str!("../migrations/0021_filters.sql")),
        own("0022_vault", include_str!("../migrations/0022_vault.sql")),
        own("0023_draft_origin", include_str!("../migrations/0023_draft_origin.sql")),
        own("0024_message", include_str!("../migrations/0024_message.sql")),
        own("0025_notice", include_str!("../migrations/0025_notice.sql")),
        own("0026_statement", include_str!("../migrations/0026_statement.sql")),
        own("0027_helper", include_str!("../migrations/0027_helper.sql")),
        own("0029_procedure_edit", include_str!("../migrations/0029_procedure_edit.sql")),
        own("0031_interlinked", include_str!("../migrations/0031_interlinked.sql")),
        own("0033_takeover", include_str!("../migrations/0033_takeover.sql")),
        own("0034_measure_people", include_str!("../migrations/0034_measure_people.sql")),
        own("0035_after_result", include_str!("../migrations/0035_after_result.sql")),
        own("0040_million", include_str!("../migrations/0040_million.sql")),
        own("0042_signer", include_str!("../migrations/0042_signer.sql")),
        own("0043_people", include_str!("../migrations/0043_people.sql")),
        own("0044_unregistered", include_str!("../migrations/0044_unregistered.sql")),
        own("0050_result_signature", include_str!("../migrations/0050_result_signature.sql")),
        own("0060_result_on_paper", include_str!("../migrations/0060_result_on_paper.sql")),
        own("0061_device_request", include_str!("../migrations/0061_device_request.sql")),
        own("0062_signing_picture", include_str!("../migrations/0062_signing_picture.sql")),
        own("0063_result_level", include_str!("../migrations/0063_result_level.sql")),
        own("0064_result_version", include_str!("../migrations/0064_result_version.sql")),
        own("0065_phone_request", include_str!("../migrations/0065_phone_request.sql")),
        own("0070_recount", include_str!("../migrations/0070_recount.sql")),
        own("0070_statement_sealed", include_str!("../migrations/0070_statement_sealed.sql")),
        own("0071_measure_part", include_str!("../migrations/0071_measure_part.sql")),
        own("0070_account_recovery", include_str!("../migrations/0070_account_recovery.sql")),
        own("0071_fee_claim", include_str!("../migrations/0071_fee_claim.sql")),
        own("0072_owner_reminder", include_str!("../migrations/0072_owner_reminder.sql")),
        own("0070_law", include_str!("../migrations/0070_law.sql")),
        own("0074_answers", include_str!("../migrations/0074_answers.sql")),
    ]
}

/// What a new province needs before its first dossier: the schemes of numbers and the readings of
/// the law that are a choice.
/// law: onestop/dossier-code
pub async fn seed(db: &Db, now: Instant) -> Result<(), Problem> {
    // The rule writes four digits; a centre that takes more than 9,999 in a day is given a fifth,
    // since refusing the citizen would be worse. Whether 2025 allows it is not settled.
    const SCHEMES: [(&str, &str, i64, i64, &str, &str); 5] = [
        ("dossier", "{ident}-{yymmdd}-{n}", 4, 5, "day", "onestop/dossier-code"),
        ("result", "{n}", 2, 6, "year", "nd30/number"),
        ("petition", "PA-{ident}-{yyyy}-{n}", 5, 7, "year", "onestop/petition-limits"),
        (custody::SCHEME, "{n}", 2, 5, "year", "onestop/originals"),
        // Ours: a hall of more than 9,999 in a day would need a wider screen.
        ("ticket", "{n}", 3, 4, "day", "onestop/hall-priority"),
    ];
    let act =
        Act { actor: Actor::System, office: None, verb: "onestop.seed", subject: String::new(), at: now };
    db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        for (id, pattern, width, width_max, resets, source) in SCHEMES {
            tx.change(
                "insert into number_scheme (id, pattern, width, width_max, resets, source)
                 values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing",
                args![id, pattern, width, width_max, resets, source],
            )
            .await?;
        }
        // law: onestop/petition-limits; from which event each runs is our reading.
        // law: onestop/hall-priority; the groups are from memory, and the run is ours.
        for (id, value, source) in [
            ("petition-refuse", "2wd", "onestop/petition-limits"),
            ("petition-sort", "5wd", "onestop/petition-limits"),
            ("petition-answer", "15wd", "onestop/petition-limits"),
            ("petition-publish", "2wd", "onestop/petition-limits"),
            ("hall-priority", "elderly,disabled,pregnant", "onestop/hall-priority"),
            ("hall-priority-run", "2", "onestop/hall-priority"),
        ] {
            tx.change(
                "insert into parameter (id, value, valid_from, source)
                 values ($1, $2, '2018-01-01', $3) on conflict (id, valid_from) do nothing",
                args![id, value, source],
            )
            .await?;
        }
        measure::seed(tx).await?;
        fee::seed(tx).await?;
        notice::seed(tx).await?;
        recount::seed(tx).await?;
        Ok(national::seed(tx).await?)
    })
    .await
}

/// Beside a demonstration's register of certificates: results may go out on paper there.
pub async fn let_paper_out(db: &Db, now: Instant) -> Result<(), Problem> {
    signing::leave::seed_demo(db, now).await
}

/// Paths that take forms from pages of elsewhere ([`web::Site::open_forms`]): what the agent has signed.
pub const OPEN_FORMS: [&str; 1] = [signing::device::RETURN];

/// What only a demonstration has: invented accounts to pay into.
pub async fn seed_demo(db: &Db, now: Instant) -> Result<(), Problem> {
    fee::seed_demo(db, now).await
}

/// The pages and the JSON of this system.
pub fn routes(app: &App) -> axum::Router {
    axum::Router::new()
        .merge(home::routes())
        .merge(life::routes())
        .merge(procedure::pages::routes())
        .merge(procedure::edit::pages::routes())
        .merge(filing::pages::routes())
        .merge(tracking::routes())
        .merge(statement::pages::routes())
        .merge(mine::routes())
        .merge(helper::pages::routes())
        .merge(helper::desk::routes())
        .merge(signer::pages::routes())
        .merge(signer::desk::routes())
        .merge(signing::pages::routes())
        .merge(signing::leave::pages::routes())
        .merge(signing::picture::pages::routes())
        .merge(vault::pages::routes())
        .merge(vault::scan::routes())
        .merge(procedure::api::routes())
        .merge(filing::api::routes())
        .merge(filing::pieces::api::routes())
        .merge(dossier::api::routes())
        .merge(desk::api::routes())
        .merge(desk::pages::routes())
        .merge(batch::pages::routes())
        .merge(opinion::pages::routes())
        .merge(message::pages::routes())
        .merge(message::api::routes())
        .merge(notice::routes())
        .merge(custody::pages::routes())
        .merge(leave::pages::routes())
        .merge(recount::pages::routes())
        .merge(correction::pages::routes())
        .merge(mailing::pages::routes())
        .merge(register::routes())
        .merge(desk::saved::routes())
        .merge(inspection::pages::routes())
        .merge(interlinked::pages::routes())
        .merge(dossier::pages::routes())
        .merge(dossier::files::routes())
        .merge(identity::routes())
        .merge(measure::pages::routes())
        .merge(measure::public::routes())
        .merge(intake::routes())
        .merge(answers::pages::routes())
        .merge(stated::pages::routes())
        .merge(petition::pages::routes())
        .merge(petition::api::routes())
        .merge(rating::routes())
        .merge(fee::pages::routes())
        .merge(fee::claim::pages::routes())
        .merge(fee::desk::routes())
        .merge(fee::sheet::routes())
        .merge(fee::bank::routes())
        .merge(fee::demo::routes())
        .merge(national::pages::routes())
        .merge(hall::routes())
        .with_state(app.clone())
}

/// What follows from events: the papers of a dossier, its figures, and what the national portal is told.
pub fn listeners(app: &App) -> Vec<Listener> {
    let (national, notices) = (national::listeners(app), notice::listener(app));
    let people = people::listener(app);
    let app = app.clone();
    let (counts, keeping, linked, renewed) = (app.clone(), app.clone(), app.clone(), app.clone());
    let papers = Listener::new("onestop.papers", &dossier::papers::TOPICS, move |_, event| {
        let app = app.clone();
        async move { dossier::papers::follow(&app, &event).await }
    });
    let measure = Listener::of_batches("onestop.measure", &measure::TOPICS, move |db, events| {
        let app = counts.clone();
        async move { measure::follow(&app, &db, &events).await }
    });
    let vault = Listener::new("onestop.vault", &vault::TOPICS, move |_, event| {
        let app = keeping.clone();
        async move { vault::follow(&app, &event).await }
    });
    let parts = Listener::new("onestop.interlinked", &[contracts::onestop::DECIDED], move |_, event| {
        let app = linked.clone();
        async move { interlinked::go_on(&app, &event).await }
    });
    let kept = Listener::new("onestop.kept-results", &signing::keeping::TOPICS, move |_, event| {
        let app = renewed.clone();
        async move { signing::keeping::follow(&app, &event).await }
    });
    [vec![papers, measure, notices, vault, parts, people, kept], national].concat()
}

/// What comes again: uploads that nobody filed and drafts that nobody goes on with are let go, figures
/// that events missed are made, near appointments are told of, and the line to the national portal.
pub fn jobs(app: &App) -> Vec<Handler> {
    const HOUR: Duration = Duration::from_secs(3600);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let clock = app.site.clock.clone();
    let (counts, reminding, drafts) = (app.clone(), clock.clone(), clock.clone());
    let own = vec![
        Handler::new("onestop.catch-up-measure", move |db, _| {
            let app = counts.clone();
            async move { measure::catch_up(&app, &db).await.map(drop).map_err(|e| e.to_string()) }
        })
        .every(DAY),
        Handler::new("onestop.remind-appointments", move |db, _| {
            let now = reminding.now();
            async move { hall::remind_all(&db, now).await }
        })
        .every(HOUR),
        Handler::new("onestop.let-uploads-go", move |db, _| {
            let before = clock.now().plus_minutes(-base::limits::UPLOAD_UNREFERENCED_HOURS_MAX * 60);
            async move {
                let let_go = async move |tx: &mut Tx| -> db::Result<()> {
                    filing::pieces::store::delete_old(tx, before).await?;
                    filing::store::delete_unfiled(tx, before).await.map(drop)
                };
                db.upkeep(let_go).await.map_err(|e| e.to_string())
            }
        })
        .every(HOUR),
        Handler::new("onestop.let-drafts-go", move |db, _| {
            let now = drafts.now();
            async move { filing::draft::let_old_go(&db, now).await.map_err(|e| e.to_string()) }
        })
        .every(HOUR),
    ];
    let batches = app.clone();
    let batch = Handler::new(batch::JOB, move |db, job| {
        let app = batches.clone();
        async move { batch::run(&app, &db, &job).await }
    });
    let trying = app.clone();
    let trial = Handler::new(procedure::edit::trial::JOB, move |db, job| {
        let app = trying.clone();
        async move { procedure::edit::trial::run(&app, &db, &job).await }
    });
    let asking = app.clone();
    let lapse = Handler::new(opinion::LAPSE, move |db, job| {
        let app = asking.clone();
        async move { opinion::lapse(&app, &db, &job).await }
    });
    let signing =
        vec![signing::raise::handler(app), signing::device::handler(app), signing::keeping::handler(app)];
    let signing = [signing, signing::phone::handlers(app)].concat();
    [own, vec![batch, lapse, trial, recount::handler(app)], signing, notice::jobs(app), national::jobs(app)]
        .concat()
}

/// The JSON of this system, for the document that the roof puts together.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        procedure::api::list,
        procedure::api::show,
        filing::api::upload,
        filing::api::create,
        filing::api::keep_field,
        filing::pieces::api::abilities,
        filing::pieces::api::start,
        filing::pieces::api::ask,
        filing::pieces::api::go_on,
        filing::pieces::api::stop,
        dossier::api::show,
        dossier::api::step,
        dossier::api::history,
        statement::pages::keys,
        message::api::list,
        message::api::write,
        petition::api::send,
        petition::api::show,
        desk::api::desk
    ))]
    struct Doc;
    let mut doc = Doc::openapi();
    let components = doc.components.get_or_insert_default();
    components.schemas.extend(dossier::schema::components());
    doc
}
