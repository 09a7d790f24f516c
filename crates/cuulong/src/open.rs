//! Opens an installation: database, tables, province, blobs, systems, router.

use std::path::Path;

use axum::Router;
use base::{Calendar, Clock};
use db::blobs::{self, Blobs};
use db::{Db, Migration, Tx};
use directory::seed::Province;
use web::lang::{self, Lang};
use web::page::{FootColumn, NavItem};
use web::{Brand, Site};

use crate::cli::Failure;
use crate::config::Config;
use crate::words::WORDS;

/// With this PIN the officials of a demonstration sign.
pub const DEMO_PIN: &str = "246810";
/// The simulated telephone of a demonstration's first leader.
const DEMO_PHONE: &str = "0900000001";

/// An installation, open.
pub struct Opened {
    pub site: Site,
    pub trust: trust::App,
    pub onestop: onestop::App,
    pub router: Router,
}

/// Every table of every system, in the order of the crates.
pub fn migrations() -> Vec<Migration> {
    [web::migrations(), directory::migrations(), trust::migrations(), onestop::migrations()].concat()
}

/// Opens everything. `progress` hears what is being loaded, how much is done, and of how much.
pub async fn open(
    config: &Config,
    clock: Clock,
    mut progress: impl FnMut(&str, usize, usize),
) -> Result<Opened, Failure> {
    let db = database(config).await?;
    load(&db, config, &clock, &mut progress).await?;
    let blobs = contents(config).await?;
    let opened = assemble(db, blobs, config, clock.clone()).await?;
    if config.demo {
        let people = Province::named(&config.province).map(|p| p.demo_accounts()).unwrap_or_default();
        let leader = people.iter().find(|a| a.roles.contains(&directory::Role::Leader));
        let phones = leader.map(|a| vec![(a.login.clone(), DEMO_PHONE.to_string())]).unwrap_or_default();
        let plan = trust::Plan::province(people.into_iter().map(|a| a.login).collect(), DEMO_PIN);
        let plan = plan.with_phones(phones);
        let loaded = trust::seed_demo(&opened.trust, &plan, clock.now(), progress).await;
        let told = |e| Failure::new(format!("cannot load the demonstration's certificates: {e}"));
        if loaded.map_err(told)?.valid > 0 {
            onestop::let_paper_out(&opened.site.db, clock.now()).await.map_err(told)?;
        }
    }
    Ok(opened)
}

/// The store of the contents.
pub async fn contents(config: &Config) -> Result<Blobs, Failure> {
    let place = blobs::Config {
        place: config.blobs_url(),
        endpoint: Some(config.blobs.endpoint.clone()).filter(|s| !s.is_empty()),
        region: Some(config.blobs.region.clone()).filter(|s| !s.is_empty()),
        key: key(config)?,
        spool: Some(config.data.join("spool")),
    };
    Blobs::open(&place).await.map_err(|e| Failure::new(format!("cannot open the blob store: {e}")))
}

/// Puts the systems around an opened, loaded database.
pub async fn assemble(db: Db, blobs: Blobs, config: &Config, clock: Clock) -> Result<Opened, Failure> {
    let province = db
        .read(async |tx: &mut Tx| directory::province(tx).await)
        .await
        .map_err(|e| Failure::new(format!("cannot read the province: {e}")))?;
    let frame = if province.frame == "2018" { onestop::Frame::Y2018 } else { onestop::Frame::Y2025 };
    let english = lang::saying(Lang::En, || brand(&province, config.demo));
    let mut site = Site::new(db, blobs, clock, brand(&province, config.demo)).with_english(english);
    site.secure_cookies = config.secure();
    site.inbox = Some(onestop::inbox());
    site.holdings = Some(onestop::holdings());
    site.open_forms = &onestop::OPEN_FORMS;
    let trust = trust::App::open(site.clone(), &config.address, config.secret_file())
        .await
        .map_err(|e| Failure::new(format!("cannot open the certificates: {e}")))?
        .with_trust(&config.data.join("trust"))
        .map_err(|e| Failure::new(format!("cannot read whom to trust: {e}")))?
        .with_lead(config.trust.archive_lead_days.into())
        .with_pin_wait(config.trust.pin_wait_hours.into())
        .with_modules(config.trust.modules()?)
        .with_networks(config.trust.allowed()?)
        .map_err(|e| Failure::new(format!("cannot make the line to issuers outside: {e}")))?;
    let trust = trust.with_time_stamps(config.trust.stamps()?);
    // Only a demonstration plays an operator; a line to a real one needs its contract and its protocol.
    let trust = if config.demo { trust.with_simulated_phones() } else { trust };
    let mut onestop = onestop::App::open(site.clone(), frame, config.address.clone(), trust.safe())
        .await
        .map_err(|e| Failure::new(format!("cannot open the one-stop shop: {e}")))?;
    onestop = onestop.with_carriers(config.carriers()?);
    onestop.trust = Some(trust.clone());
    if let Some(settings) = config.national.settings()? {
        let link = onestop::national::Link::open(settings)
            .map_err(|e| Failure::new(format!("cannot open the line to the national portal: {e}")))?;
        onestop.national = Some(std::sync::Arc::new(link));
    }
    onestop.scanner = config.scan.settings()?.map(onestop::scan::Scanner::new);
    let router = Router::new()
        .merge(web::routes(&site))
        .merge(directory::routes(&site))
        .merge(trust::routes(&trust))
        .merge(onestop::routes(&onestop))
        .merge(crate::health::routes(&site, config, &onestop))
        .merge(crate::openapi::routes());
    // What certificates name is asked by programs, and stands beside what people open.
    let router = web::layers(router, &site).merge(web::programs(trust::addresses(&trust), &site));
    Ok(Opened { site, trust, onestop, router })
}

/// The database with its tables up to date.
async fn database(config: &Config) -> Result<Db, Failure> {
    make_data_folder(config)?;
    let db = connect(config).await?;
    db.migrate(&migrations()).await.map_err(|e| refused(config, &e))?;
    Ok(db)
}

/// The data folder, there and writable.
pub fn make_data_folder(config: &Config) -> Result<(), Failure> {
    std::fs::create_dir_all(&config.data).map_err(|e| {
        Failure::new(format!("cannot write to the data folder {}: {e}", config.data.display()))
    })?;
    writable(&config.data)
}

fn refused(config: &Config, error: &db::MigrateError) -> Failure {
    match error {
        db::MigrateError::Newer { system, name } => Failure::new(format!(
            "the data in {} was made by a newer version (it has {system}/{name}); start that version, or \
             choose another folder with --data",
            config.data.display()
        )),
        other => Failure::new(format!("cannot bring the tables up to date: {other}")),
    }
}

/// A folder in which nothing can be written is told before anything is tried.
fn writable(folder: &Path) -> Result<(), Failure> {
    let probe = folder.join(".writable");
    let tried = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|e| Failure::new(format!("cannot write to the data folder {}: {e}", folder.display())))
}

async fn connect(config: &Config) -> Result<Db, Failure> {
    let mut place = db::Config::new(config.database_url());
    place.connections = config.database.connections;
    place.bulk = config.database.bulk;
    Db::open(&place).await.map_err(|e| Failure::new(format!("cannot open the database: {e}")))
}

/// The database of an installation that must exist already: nothing is made or changed.
pub async fn database_that_is_there(config: &Config) -> Result<Db, Failure> {
    let url = config.database_url();
    if let Some(path) = url.strip_prefix("sqlite:")
        && !Path::new(path).exists()
    {
        return Err(Failure::new(format!("there is no installation in {}", config.data.display())));
    }
    connect(config).await
}

/// Brings the tables up to date; how many migrations were applied.
pub async fn migrate(config: &Config) -> Result<u32, Failure> {
    std::fs::create_dir_all(&config.data).map_err(Failure::io)?;
    let db = connect(config).await?;
    let applied = db.migrate(&migrations()).await.map_err(|e| refused(config, &e))?;
    db.close().await;
    Ok(applied)
}

/// Loads the province into an empty database: with people for a demonstration, without otherwise.
async fn load(
    db: &Db,
    config: &Config,
    clock: &Clock,
    progress: &mut impl FnMut(&str, usize, usize),
) -> Result<(), Failure> {
    let now = clock.now();
    let province = Province::named(&config.province)
        .ok_or_else(|| Failure::new(format!("there is no province file {}", config.province)))?;
    let loaded = if config.demo {
        directory::seed::load(db, &province, now, &mut *progress).await.map(drop)
    } else {
        directory::seed::load_units(db, &province, now, progress).await.map(drop)
    };
    loaded.map_err(|e| Failure::new(format!("cannot load the province: {e}")))?;
    onestop::seed(db, now).await.map_err(|e| Failure::new(format!("cannot load the number schemes: {e}")))?;
    if config.demo {
        let seeded = onestop::seed_demo(db, now).await;
        seeded.map_err(|e| Failure::new(format!("cannot load the demonstration's accounts: {e}")))?;
    }
    Ok(())
}

fn key(config: &Config) -> Result<Option<(String, String)>, Failure> {
    let (id, secret) = (&config.blobs.access_key_env, &config.blobs.secret_key_env);
    if id.is_empty() && secret.is_empty() {
        return Ok(None);
    }
    let read = |name: &str| {
        std::env::var(name).map_err(|_| Failure::new(format!("the environment variable {name} is not set")))
    };
    Ok(Some((read(id)?, read(secret)?)))
}

/// The working calendar of a unit in an installation.
pub async fn calendar_of(data: &Path, code: &str) -> Result<Calendar, Failure> {
    let config = Config { data: data.to_path_buf(), ..Config::default() };
    let db = database_that_is_there(&config).await?;
    let today = Clock::system().today();
    let wanted = code.to_string();
    let calendar = db
        .read(async move |tx: &mut Tx| -> db::Result<Option<Calendar>> {
            match directory::find_unit(tx, &wanted, today).await? {
                Some(unit) => directory::calendar(tx, &unit.id).await.map(Some),
                None => Ok(None),
            }
        })
        .await
        .map_err(|e| Failure::new(format!("cannot read the calendar: {e}")))?;
    db.close().await;
    calendar.ok_or_else(|| Failure::new(format!("there is no unit with the code {code}")))
}

/// Whose site it is, and the links that exist.
fn brand(province: &directory::Province, demo: bool) -> Brand {
    let link = |key: &str, href: &str| NavItem::new(WORDS.t(key, &[]), href);
    let services = vec![
        link("nav.procedures", "/thu-tuc"),
        link("nav.tracking", "/tra-cuu"),
        link("nav.mine", "/ho-so-cua-toi"),
    ];
    let more = vec![
        link("nav.life", "/viec-trong-doi"),
        link("nav.agencies", "/co-quan"),
        link("nav.petitions", "/phan-anh"),
        link("nav.book", "/dat-lich"),
        link("nav.signatures", "/kiem-tra-chu-ky"),
    ];
    let open_data = vec![
        link("nav.public", "/minh-bach"),
        link("nav.api", "/api/openapi.json"),
        link("nav.licences", "/giay-phep"),
    ];
    Brand {
        owner: province.owner.clone(),
        hotline: province.hotline.clone(),
        demo,
        nav: services.clone(),
        account: vec![
            link("nav.mine", "/ho-so-cua-toi"),
            link("nav.vault", "/kho-du-lieu"),
            link("nav.account", "/tai-khoan"),
        ],
        official_account: vec![trust::account()],
        administration: [
            vec![
                link("nav.national", onestop::national::pages::HERE).icon("arrow-forward-up"),
                link("nav.notices", onestop::NOTICES).icon("mail-forward"),
                link("nav.procedures", onestop::PROCEDURES_PATH).icon("forms"),
            ],
            trust::administration(),
        ]
        .concat(),
        modules: vec![link("nav.dossiers", "/mot-cua"), link("nav.administration", "/quan-tri/don-vi")],
        foot: vec![
            FootColumn { title: WORDS.t("foot.services", &[]), items: [services, more].concat() },
            FootColumn { title: WORDS.t("foot.open", &[]), items: open_data },
        ],
        sign_in: "/dang-nhap".into(),
        sign_out: "/dang-xuat".into(),
        ..Brand::of(&province.short_name)
    }
}
