//! The product in Chromium, on both databases: every page that is opened on the way is judged by
//! axe at two widths, for inline style and script, and for scrolling sideways.

mod bad_line;
mod busy;
mod desk;
mod hands;
mod house;
mod offices;
mod public;
mod remote;
mod signers;
mod signing;
mod story;
mod together;
mod tour;
mod trust;

use axum::Router;
use db::testing::{TestDb, both};
use onestop::national::simulator::Faults;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use suite::browser::{Browser, WIDTHS, serve};
use suite::town::{PASSWORD, Portal, Town};
use web::session;

/// A browser fills a core by itself, so the stories are told one after another.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A town with a browser before it.
struct Visit {
    town: Town,
    browser: Browser,
    folder: tempfile::TempDir,
}

/// Tells a story in a browser on both databases.
fn visit<F: AsyncFn(&Visit)>(story: F) {
    visit_through(|router| router, story);
}

/// The same, over a line on which things may happen.
fn visit_through<F: AsyncFn(&Visit)>(line: fn(Router) -> Router, story: F) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    both(async |t: TestDb| tell(Town::of(&t).await, line, &story).await);
}

/// The same in a town with a line to a simulated national portal.
fn visit_linked<F: AsyncFn(&Visit, &Portal)>(story: F) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    both(async |t: TestDb| {
        let (town, portal) = Town::linked(&t, Faults::default()).await;
        tell(town, |router| router, &async |v: &Visit| story(v, &portal).await).await;
    });
}

async fn tell<F: AsyncFn(&Visit)>(town: Town, line: fn(Router) -> Router, story: &F) {
    let browser = Browser::start(&serve(line(town.opened.router.clone())).await).await;
    let folder = tempfile::tempdir().expect("a folder for the story");
    let visit = Visit { town, browser, folder };
    story(&visit).await;
    visit.browser.close().await;
    visit.town.delivers().await;
    visit.town.audit_book_is_whole().await;
}

impl Visit {
    /// Lets some minutes pass, and everything be delivered that was to be.
    async fn later(&self, minutes: u64) {
        self.town.hand.advance(Duration::from_secs(60 * minutes));
        self.town.delivers().await;
    }

    /// Lets some minutes pass, in which everything is delivered and what is due by then is done.
    async fn works(&self, minutes: u64) {
        assert_eq!(self.town.minutes_later(minutes).await, 0, "every job is done");
    }

    /// Opens a page as somebody who has signed in before.
    async fn enters(&self, login: &str, path: &str) {
        let session = crate::desk::session_of(&self.town, login).await;
        self.browser.hold_cookie(session::COOKIE, &session).await;
        self.opens(&[path]).await;
    }

    /// Opens these pages one after another; each must be there for whoever is signed in.
    async fn opens(&self, pages: &[&str]) {
        for page in pages {
            self.browser.goto(page).await;
            let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
            assert_eq!(self.browser.run(status, vec![]).await, 200, "{page}");
            self.keeps(page).await;
        }
    }

    /// Sends a form as it is, and reads what it says of what is missing.
    async fn is_told(&self, button: &str) {
        self.browser.click(button).await;
        self.browser.waits_for(".cl-errsum").await;
        self.keeps(&format!("{}-thieu", self.browser.path().await)).await;
    }

    /// Leaves whoever was signed in, and signs in at the door to `path`.
    async fn signs_in(&self, login: &str, path: &str) {
        let b = &self.browser;
        b.forget().await;
        b.goto(&format!("/dang-nhap?ve={path}")).await;
        b.fill("login", login).await;
        b.fill("password", PASSWORD).await;
        b.click("Đăng nhập").await;
        assert_eq!(b.path().await, path, "{login} is let in");
    }

    /// What a selector shows: the words of each element it names.
    async fn words_of(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())";
        let said = self.browser.run(script, vec![css.into()]).await;
        let words = said.as_array().into_iter().flatten();
        words.filter_map(|words| words.as_str().map(str::to_string)).collect()
    }

    /// For the documentation: saves the page as it is at these widths, cut off below a height, when
    /// the environment names a folder in `PICTURES`.
    async fn pictures(&self, name: &str, widths: &[u32], height_max: u32) {
        let Some(folder) = pictures_wanted(&self.town) else { return };
        for width in widths {
            self.browser.picture(&folder, name, *width, height_max).await;
        }
    }

    /// For those who look: every page of a walk as it is, in the folder that the environment names in `LOOK`.
    async fn keeps(&self, page: &str) {
        let sqlite = self.town.opened.site.db.kind() == db::Kind::Sqlite;
        let Some(folder) = std::env::var_os("LOOK").filter(|_| sqlite).map(PathBuf::from) else { return };
        let name: String = page.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let before = std::fs::read_dir(&folder).map_or(0, |files| files.count() / WIDTHS.len());
        self.browser.pictures(&folder, &format!("{before:03}{name}")).await;
    }

    /// A file to be uploaded, of a name and with a content.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file can be saved");
        path
    }
}

/// The folder for the documentation's pictures, which are taken on SQLite only.
fn pictures_wanted(town: &Town) -> Option<PathBuf> {
    let sqlite = town.opened.site.db.kind() == db::Kind::Sqlite;
    std::env::var_os("PICTURES").filter(|_| sqlite).map(PathBuf::from)
}

/// A whole PDF of one page with a line of text, as a scanner or a word processor would make it.
fn real_pdf(line: &str) -> Vec<u8> {
    let text = format!("BT /F1 18 Tf 72 720 Td ({line}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_string(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>>>>>"
            .into(),
        format!("<</Length {}>>\nstream\n{text}\nendstream", text.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
    ];
    let mut pdf = "%PDF-1.4\n".to_string();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (n, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let start = pdf.len();
    pdf += &table;
    pdf += &format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    pdf.into_bytes()
}
