//! Lists of dossiers and reports as files. A list is read in pages of two thousand and sent while it is
//! read; giving it out is a look at people's data, and stands in the audit book before the first byte.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use db::Tx;
use directory::UnitId;
use tokio::sync::mpsc;
use web::Problem;
use web::lang::{self, Lang};

use super::behind::{self, Behind, Line};
use super::pages::Seen;
use super::rules::Grade;
use super::sheet::{Cell, Kind, Sheet};
use super::{By, Counts, Figure};
use crate::App;
use crate::catalogue::Catalogue;
use crate::dossier::rules::Status;
use crate::measure::words::{kept, say};

/// Rows read at once by `behind::list_many`.
const PAGE: i64 = 2_000;

/// What can stand in a list. The first ones stand there unless others are chosen.
pub const COLUMNS: [&str; 21] = [
    "code",
    "procedure",
    "name",
    "agency",
    "status",
    "filed",
    "accepted",
    "due",
    "decided",
    "grade",
    "channel",
    "number",
    "phone",
    "address",
    "counter",
    "return_by",
    "requests",
    "fee_asked",
    "fee_paid",
    "since",
    "parent",
];
/// How many stand there by default.
pub const COLUMNS_USUAL: usize = 11;

/// The columns asked for, in their order here.
pub fn columns(asked: &[String]) -> Vec<&'static str> {
    let chosen: Vec<&str> = COLUMNS.into_iter().filter(|c| asked.iter().any(|a| a == c)).collect();
    if chosen.is_empty() { COLUMNS[..COLUMNS_USUAL].to_vec() } else { chosen }
}

/// Names of units, by id, as far as they have been met.
type Names = HashMap<String, String>;

fn cell(column: &str, l: &Line, catalogue: &Catalogue, units: &Names) -> Cell {
    let text = |text: &str| Cell::Text(text.to_string());
    let unit = |id: &str| text(units.get(id).map_or(id, String::as_str));
    match column {
        "code" => text(&l.code),
        "procedure" => match catalogue.version(&l.procedure) {
            Ok(procedure) => text(&procedure.name),
            Err(_) => text(&l.procedure),
        },
        "name" => text(&l.applicant_name),
        "agency" => unit(&l.agency),
        "counter" => unit(&l.counter),
        "status" => {
            Status::from_number(l.status).map_or(Cell::Empty, |s| Cell::Text(crate::words::status(s)))
        }
        "filed" => Cell::At(l.filed_at),
        "accepted" => l.accepted_at.into(),
        "due" => l.due_at.into(),
        "decided" => l.decided_at.into(),
        "since" => Cell::At(l.since),
        "parent" => l.parent.as_deref().map_or(Cell::Empty, text),
        "grade" => match Grade::ALL.into_iter().find(|g| Some(g.points()) == l.grade) {
            Some(grade) => Cell::Text(say(&format!("figure.{}", grade.word()), &[])),
            None => Cell::Empty,
        },
        "channel" => Cell::Text(say(&format!("channel.{}", l.channel), &[])),
        "return_by" => Cell::Text(say(&format!("channel.{}", l.return_by), &[])),
        "number" => text(&l.applicant_number),
        "phone" => text(&l.applicant_phone),
        "address" => text(&l.applicant_address),
        "requests" => Cell::Number(l.requests),
        "fee_asked" => Cell::Number(l.fee_asked),
        "fee_paid" => Cell::Number(l.fee_paid),
        _ => Cell::Empty,
    }
}

/// `GET /bao-cao/ho-so/xuat?…&dang=xlsx&cot=code&cot=name`: the dossiers behind a figure.
pub async fn dossiers(State(app): State<App>, seen: Seen) -> Result<Response, Problem> {
    let kind = Kind::from_word(&seen.query.dang).ok_or(Problem::NotFound)?;
    let behind = seen.behind(&app)?;
    let columns = columns(&seen.query.cot);
    let subject =
        format!("{} {} {}-{}", behind.figure.word(), seen.place.as_str(), seen.ask.from, seen.ask.to);
    let act = seen
        .official
        .viewer
        .act("onestop.export-dossiers", subject, seen.now)
        .in_office(seen.post.unit.as_str());
    db::audit::looked(&app.site.db, act).await?;
    // Files go to other agencies and programs: they are the same whoever takes them.
    let head: Vec<String> = columns.iter().map(|c| kept(&format!("column.{c}"), &[])).collect();
    let (to, from) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    tokio::spawn(async move {
        if let Err(problem) = pour(&app, &behind, kind, &head, &columns, &to).await {
            // The length was not promised: a broken stream is how the reader learns of it.
            let _ = to.send(Err(std::io::Error::other(problem.to_string()))).await;
        }
    });
    let name = format!("ho-so-{}-{}", seen.query.o, base::format::date_vn(seen.now.day()).replace('/', ""));
    Ok(answer(kind, &name, from))
}

async fn pour(
    app: &App,
    behind: &Behind,
    kind: Kind,
    head: &[String],
    columns: &[&'static str],
    to: &mpsc::Sender<Result<Bytes, std::io::Error>>,
) -> Result<(), Problem> {
    let mut sheet = Sheet::new(kind, head);
    let (mut after, mut names): (Option<String>, Names) = (None, HashMap::new());
    loop {
        let (asked, from, known) = (behind.clone(), after.clone(), names.clone());
        let read = async move |tx: &mut Tx| -> db::Result<(Vec<Line>, Names)> {
            let lines = behind::list_many(tx, &asked, from.as_deref()).await?;
            let mut names = known.clone();
            for id in lines.iter().flat_map(|l| [&l.agency, &l.counter]) {
                if !names.contains_key(id) {
                    let unit = directory::get_unit(tx, &UnitId::from(id.as_str())).await?;
                    names.insert(id.clone(), unit.name);
                }
            }
            Ok((lines, names))
        };
        let (lines, known) = app.site.db.read(read).await?;
        names = known;
        let more = i64::try_from(lines.len()).unwrap_or(0) == PAGE;
        for l in &lines {
            let cells: Vec<Cell> = columns.iter().map(|c| cell(c, l, &app.catalogue, &names)).collect();
            if !sheet.row(&cells) {
                return Err(Problem::fault("more rows than a sheet holds"));
            }
        }
        after = lines.last().map(|l| l.id.clone());
        if to.send(Ok(sheet.take().into())).await.is_err() {
            return Ok(()); // nobody reads any more
        }
        if !more {
            let _ = to.send(Ok(sheet.finish().into())).await;
            return Ok(());
        }
    }
}

/// `GET /bao-cao/xuat?…&dang=csv`: the report itself.
pub async fn table(State(app): State<App>, seen: Seen) -> Result<Response, Problem> {
    let kind = Kind::from_word(&seen.query.dang).ok_or(Problem::NotFound)?;
    let lines = lang::speaking(Lang::Vi, seen.report(&app)).await?;
    let mut head = vec![kept(&format!("by.{}", by_word(seen.ask.by)), &[])];
    head.extend(Figure::ALL.iter().map(|f| kept(&format!("figure.{}", f.word()), &[])));
    head.extend([kept("figure.in_time", &[]), kept("figure.days", &[])]);
    let mut sheet = Sheet::new(kind, &head);
    let total = (String::new(), kept("report.total", &[]), Counts::sum(lines.iter().map(|l| &l.2)));
    for (_, name, counts) in lines.iter().chain([&total]) {
        let mut cells = vec![Cell::Text(name.clone())];
        cells.extend(Figure::ALL.iter().map(|f| Cell::Number(counts.of(*f))));
        let tenths = |n: Option<i64>| n.map_or(Cell::Empty, Cell::Tenths);
        cells.extend([tenths(counts.in_time()), tenths(counts.days())]);
        sheet.row(&cells);
    }
    let (to, from) = mpsc::channel(2);
    let mut bytes = sheet.take();
    bytes.extend(sheet.finish());
    let _ = to.send(Ok(bytes.into())).await;
    Ok(answer(kind, &format!("bao-cao-{}-{}", seen.ask.from, seen.ask.to), from))
}

/// The word of a cut in `words/`.
pub fn by_word(by: By) -> &'static str {
    match by {
        By::Unit => "unit",
        By::Field => "field",
        By::Procedure => "procedure",
        By::Month => "month",
        By::Channel => "channel",
        By::Official => "official",
    }
}

/// The stream as a file. `name` is ours: letters, digits and hyphens.
fn answer(kind: Kind, name: &str, from: mpsc::Receiver<Result<Bytes, std::io::Error>>) -> Response {
    let stream = futures_util::stream::unfold(from, async |mut from| from.recv().await.map(|b| (b, from)));
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.media()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}.{}\"", kind.word()));
    headers
        .insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}
