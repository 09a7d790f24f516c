//! A headless Chromium that judges every page it visits: accessibility by axe at both widths,
//! no inline style or script, no sideways scrolling.

use axum::Router;
use base64::Engine;
use fantoccini::elements::Element;
use fantoccini::error::NewSessionError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// The widths every page is judged at: a desk and a phone.
pub const WIDTHS: [u32; 2] = [1280, 390];
/// The narrowest phone on which nothing may scroll sideways.
const WIDTH_MIN: u32 = 320;
/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long chromedriver may be silent on one question: longer than its own limits for pages and scripts.
const SILENCE: Duration = Duration::from_secs(120);
/// How often a browser that does not come up is started anew, on a machine that is busy with other tests.
const STARTS: usize = 3;

/// Keeps chromedriver until its input closes, which happens too when the test is killed. The
/// browser hangs on chromedriver's pipe and goes with it; chromedriver is not asked, because one that
/// waits for its browser does not hear.
const KEEPER: &str = r#""$@" & pid=$!; cat >/dev/null; kill -KILL $pid; wait $pid"#;

/// What was wrong with each page judged so far, in any browser: the other database and the next story
/// show many pages again, and a page of the same markup is found to be the same.
static JUDGED: LazyLock<Mutex<HashMap<u64, Vec<String>>>> = LazyLock::new(Mutex::default);

/// A browser with one window, at the site that begins with `base`.
pub struct Browser {
    client: Client,
    base: String,
    _driver: Driver,
    /// What was wrong with the pages visited so far.
    wrong: RefCell<Vec<String>>,
    /// The width between two judgements.
    held: Cell<u32>,
    _profile: tempfile::TempDir,
}

/// chromedriver and what it started; dropping it ends them.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Serves a router on a free port of loopback for as long as the runtime lives; its address for
/// [`Browser::start`].
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}")
}

impl Browser {
    /// Opens a browser with a window.
    pub async fn start(base: &str) -> Browser {
        let mut starts = 1;
        let (client, driver, profile) = loop {
            match open_window().await {
                Ok(opened) => break opened,
                Err(why) if starts == STARTS => panic!("chromedriver opens no session: {why}"),
                Err(_) => starts += 1,
            }
        };
        let base = base.trim_end_matches('/').into();
        let browser = Browser {
            client,
            base,
            _driver: driver,
            wrong: RefCell::default(),
            held: WIDTHS[0].into(),
            _profile: profile,
        };
        browser.widen(WIDTHS[0]).await;
        browser
    }

    /// Ends the session, so that Chromium leaves before its profile does; fails when anything was
    /// wrong with any page on the way.
    pub async fn close(self) {
        self.client.clone().close().await.expect("the session ends");
        let wrong = self.wrong.take();
        assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// Stays at this width from now on, as somebody with a phone does; pages are judged at all widths.
    pub async fn hold(&self, width: u32) {
        self.held.set(width);
        self.widen(width).await;
    }

    /// Opens a page of the site and judges it.
    pub async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page opens");
        self.judge().await;
    }

    /// Opens a page and tells what is wrong with it, instead of failing.
    pub async fn visit_without_judging(&self, path: &str) -> Vec<String> {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page opens");
        self.findings().await
    }

    /// The path and query now shown.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("the window has an address");
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    }

    /// All words now visible.
    pub async fn text(&self) -> String {
        self.run("return document.body.innerText", vec![]).await.as_str().unwrap_or_default().to_string()
    }

    /// Fails unless these words are visible.
    pub async fn sees(&self, words: &str) {
        let text = self.text().await;
        assert!(text.contains(words), "{} does not say {words:?}:\n{text}", self.path().await);
    }

    /// Writes into the field with this name, in place of what it held.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.field(name).await;
        field.clear().await.expect("the field can be emptied");
        field.send_keys(text).await.expect("the field can be written");
    }

    /// Chooses the option with this value in the list with this name.
    pub async fn choose(&self, name: &str, value: &str) {
        let field = self.field(name).await;
        field.select_by_value(value).await.unwrap_or_else(|e| panic!("{name} has no {value:?}: {e}"));
    }

    /// Ticks the box or presses the round button with this name and value.
    pub async fn tick(&self, name: &str, value: &str) {
        let css = format!("input[name=\"{name}\"][value=\"{value}\"]");
        self.press(Locator::Css(&css)).await;
    }

    /// Puts a file into the field with this name.
    pub async fn upload(&self, name: &str, file: &Path) {
        let file = file.canonicalize().expect("the file is there");
        self.field(name).await.send_keys(&file.to_string_lossy()).await.expect("the field takes a file");
    }

    /// As `upload`, for a page with several fields of one name: the field with this id.
    pub async fn upload_by_id(&self, id: &str, file: &Path) {
        let file = file.canonicalize().expect("the file is there");
        let css = format!("input[type=file][id=\"{id}\"]");
        let field = self.client.find(Locator::Css(&css)).await;
        let field = field.unwrap_or_else(|e| panic!("no field {id:?} takes a file: {e}"));
        field.send_keys(&file.to_string_lossy()).await.expect("the field takes a file");
    }

    /// What the field with this name holds.
    pub async fn value(&self, name: &str) -> String {
        let held = self.field(name).await.prop("value").await.expect("a field has a value");
        held.unwrap_or_default()
    }

    /// Clicks the button or link with these words, in the page's main part if it has one there;
    /// the page that follows is judged.
    pub async fn click(&self, words: &str) {
        self.click_one_of(&["button", "a", "summary", "input[@type='submit']"], words).await;
    }

    /// The same for a button whose words stand on a link before it too.
    pub async fn press_button(&self, words: &str) {
        self.click_one_of(&["button"], words).await;
    }

    async fn click_one_of(&self, kinds: &[&str], words: &str) {
        let quoted = words.replace('"', "");
        let named =
            format!("[normalize-space(.)=\"{quoted}\" or @value=\"{quoted}\" or @aria-label=\"{quoted}\"]");
        let within = |place: &str| -> String {
            // What is hidden from everybody but the key Enter is nothing to click.
            let all = kinds.iter().map(|kind| format!("{place}//{kind}{named}[not(@aria-hidden='true')]"));
            all.collect::<Vec<_>>().join(" | ")
        };
        // The page's own button before one of the same words in its frame.
        let main = within("//main");
        let here = self.client.find(Locator::XPath(&main)).await.is_ok();
        let path = if here { main } else { within("") };
        let found = self.client.find(Locator::XPath(&path)).await;
        let Ok(found) = found else {
            panic!("{} has no {words:?}:\n{}", self.path().await, self.text().await)
        };
        let element = serde_json::to_value(&found).expect("an element has a name of its own");
        let leaves = self.run(LEAVES, vec![element]).await == true;
        found.click().await.unwrap_or_else(|e| panic!("{words:?} cannot be clicked: {e}"));
        if leaves {
            self.leave(words).await;
        }
        self.settle().await;
        self.judge().await;
    }

    /// Waits until the marked page has made way for another.
    async fn leave(&self, words: &str) {
        let gone = async {
            while self
                .client
                .execute("return window.clickedHere === true", vec![])
                .await
                .is_ok_and(|still| still == true)
            {}
        };
        let gone = tokio::time::timeout(PATIENCE, gone).await;
        assert!(gone.is_ok(), "{words:?} led nowhere");
    }

    /// Sends keys to whatever has the focus, as somebody who uses no mouse does.
    pub async fn keys(&self, keys: &str) {
        self.settle().await;
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("the page takes keys");
    }

    /// Waits until keys have led to a page, or a state of it, that has such an element; judges it.
    pub async fn arrives(&self, css: &str) {
        self.waits_for(css).await;
        self.settle().await;
        self.judge().await;
    }

    /// Holds this cookie from now on.
    pub async fn hold_cookie(&self, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "url": self.base, "httpOnly": true });
        self.devtools("Network.setCookie", cookie).await;
    }

    /// Loses all cookies, as a closed private window does.
    pub async fn forget(&self) {
        self.client.delete_all_cookies().await.expect("cookies can be lost");
    }

    /// Waits until an element is there that this selector names.
    pub async fn waits_for(&self, css: &str) {
        let wait = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        wait.unwrap_or_else(|e| panic!("no {css} appeared: {e}"));
    }

    /// Runs a script in the page; the page's content policy does not bind it.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|e| panic!("script failed: {e}"))
    }

    /// Saves the whole page at both widths as `NAME-WIDTH.png` in this folder.
    pub async fn pictures(&self, folder: &Path, name: &str) -> Vec<PathBuf> {
        let mut made = Vec::new();
        for width in WIDTHS {
            made.push(self.picture(folder, name, width, u32::MAX).await);
        }
        made
    }

    /// Saves the page at this width, cut off below `height_max` pixels, as `NAME-WIDTH.png`.
    pub async fn picture(&self, folder: &Path, name: &str, width: u32, height_max: u32) -> PathBuf {
        self.widen(width).await;
        let height = self.drawn_height().await;
        // A window as high as the page, so that what sticks to the window's edges reaches its end.
        self.resize(width, height).await;
        self.drawn_height().await;
        let height = height.min(height_max);
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let wish = json!({ "captureBeyondViewport": true, "format": "png", "clip": clip });
        let said = self.devtools("Page.captureScreenshot", wish).await;
        let data = said["data"].as_str().expect("a picture came back");
        let png = base64::engine::general_purpose::STANDARD.decode(data).expect("it is base64");
        let file = folder.join(format!("{name}-{width}.png"));
        std::fs::write(&file, png).expect("the picture can be saved");
        self.widen(self.held.get()).await;
        file
    }

    /// Everything wrong with the page now shown, one line each.
    pub async fn findings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for width in WIDTHS {
            self.widen(width).await;
            let found = self.axe().await;
            all.extend(found.into_iter().map(|line| format!("at {width}: {line}")));
        }
        for width in [WIDTHS[1], WIDTH_MIN] {
            self.widen(width).await;
            let over = self.run(SIDEWAYS, vec![]).await;
            all.extend(strings(&over).map(|what| format!("at {width}: sticks out sideways: {what}")));
        }
        self.widen(self.held.get()).await;
        let inline = self.run(INLINE, vec![]).await;
        all.extend(strings(&inline).map(|what| format!("inline style or script: {what}")));
        all
    }

    /// Writes down what is wrong with the page now shown, and tells it at once for whoever watches.
    async fn judge(&self) {
        let mut page = DefaultHasher::new();
        self.run(PAGE, vec![]).await.to_string().hash(&mut page);
        let page = page.finish();
        let known = JUDGED.lock().unwrap_or_else(PoisonError::into_inner).get(&page).cloned();
        let found = match known {
            Some(found) => found,
            None => {
                let found = self.findings().await;
                JUDGED.lock().unwrap_or_else(PoisonError::into_inner).insert(page, found.clone());
                found
            }
        };
        let path = self.path().await;
        for finding in found {
            let line = format!("{path}: {finding}");
            if !self.wrong.borrow().contains(&line) {
                eprintln!("{line}");
                self.wrong.borrow_mut().push(line);
            }
        }
    }

    /// What axe finds against WCAG 2.0 to 2.2 A and AA and its best practices.
    async fn axe(&self) -> Vec<String> {
        if self.run("return typeof axe", vec![]).await != "object" {
            let source = std::fs::read_to_string(axe_file())
                .expect("axe-core is installed; `cargo x test` does it by crates/suite/peers");
            self.run(&source, vec![]).await;
        }
        // What a bar that sticks to the window covers for the moment is not too small for that.
        self.run("scrollTo({ top: 0, behavior: 'instant' })", vec![]).await;
        let report = self.client.execute_async(AXE, vec![]).await.expect("axe runs");
        strings(&report).map(str::to_string).collect()
    }

    async fn field(&self, name: &str) -> Element {
        let css = format!("[name=\"{name}\"]:not([type=hidden])");
        let found = self.client.find(Locator::Css(&css)).await;
        match found {
            Ok(field) => field,
            Err(_) => panic!("{} has no field {name:?}:\n{}", self.path().await, self.text().await),
        }
    }

    async fn press(&self, what: Locator<'_>) {
        match self.client.find(what).await {
            Ok(found) => found.click().await.unwrap_or_else(|e| panic!("{what:?} cannot be clicked: {e}")),
            Err(_) => panic!("{} has no {what:?}:\n{}", self.path().await, self.text().await),
        }
    }

    /// Waits until the page that a click led to has loaded.
    async fn settle(&self) {
        let ready = async {
            loop {
                let state = self.client.execute("return document.readyState", vec![]).await;
                if state.is_ok_and(|state| state == "complete") {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("the page loads");
    }

    async fn widen(&self, width: u32) {
        self.resize(width, 900).await;
    }

    async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The page's height once its fonts and pictures are there.
    async fn drawn_height(&self) -> u32 {
        let drawn = self.client.execute_async(DRAWN, vec![]).await.expect("the page is drawn");
        drawn.as_u64().and_then(|height| height.try_into().ok()).expect("the page has a height")
    }

    async fn devtools(&self, method: &str, params: Value) -> Value {
        let command = Devtools(json!({ "cmd": method, "params": params }));
        self.client.issue_cmd(command).await.unwrap_or_else(|e| panic!("{method}: {e}"))
    }
}

/// Chromium's own commands, which chromedriver passes on.
#[derive(Debug)]
struct Devtools(Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(self.0.to_string()))
    }
}

/// The page without what differs each time it is sent. Ids that the database gave are counted in their
/// order, so that two which are the same stay the same.
const PAGE: &str = r"
const page = document.documentElement.cloneNode(true);
page.querySelectorAll('input[type=hidden]').forEach(field => field.remove());
const ids = [];
return page.outerHTML.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, id => {
  if (!ids.includes(id)) ids.push(id);
  return 'id-' + ids.indexOf(id);
});
";

/// What axe is asked, and how its report becomes lines.
const AXE: &str = r"
const done = arguments[arguments.length - 1];
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const wish = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false };
axe.run(document, wish).then(
  report => done(report.violations.flatMap(v => v.nodes.map(
    n => `${v.id} (${v.impact}): ${v.help}: ${n.target.join(' ')} ${n.html.slice(0, 160)}`))),
  error => done(['axe failed: ' + error]));
";

/// Waits until fonts and pictures are there and two frames have been drawn; the page's height.
const DRAWN: &str = r"
const done = arguments[arguments.length - 1];
const frame = () => new Promise(requestAnimationFrame);
const pictures = [...document.images].map(image => image.decode().catch(() => 0));
Promise.all([document.fonts.ready, ...pictures]).then(frame).then(frame).then(
  () => done(document.documentElement.scrollHeight));
";

/// Whether a click on this leads to another page; marks the present one if so.
const LEAVES: &str = r"
const to = arguments[0].closest('a, button, input, summary');
const link = to.matches('a') && !to.getAttribute('href').startsWith('#');
const sends = to.matches('button, input') && to.form && to.form.method !== 'dialog' && to.type === 'submit';
return window.clickedHere = Boolean(link || sends);
";

/// Elements with a style of their own and scripts with a body; data is not a script.
const INLINE: &str = r"
const show = e => e.outerHTML.slice(0, 120);
const runs = s => !s.src && !(s.type || '').includes('json') && s.textContent.trim();
const handlers = e => [...e.attributes].some(a => a.name.startsWith('on'));
return [...document.querySelectorAll('[style], style')].map(show)
  .concat([...document.scripts].filter(runs).map(show))
  .concat([...document.querySelectorAll('*')].filter(handlers).map(show));
";

/// Nothing when the page fits; otherwise the elements that reach furthest to the right.
const SIDEWAYS: &str = r"
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
const out = [...document.body.querySelectorAll('*')]
  .filter(e => !e.ownerSVGElement && e.getBoundingClientRect().right > width + 1);
return (out.length ? out.slice(-3) : [document.body]).map(e => e.outerHTML.slice(0, 120));
";

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn axe_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/node_modules/axe-core/axe.min.js")
}

/// Starts chromedriver on a free port of loopback, and Chromium with a new profile.
async fn open_window() -> Result<(Client, Driver, tempfile::TempDir), NewSessionError> {
    let (driver, port) = start_driver();
    let profile = tempfile::tempdir().expect("a folder for the profile");
    let arguments = [
        "--headless=new".to_string(),
        "--remote-debugging-pipe".into(),
        "--no-sandbox".into(),
        "--disable-gpu".into(),
        "--disable-quic".into(),
        "--disable-dev-shm-usage".into(),
        "--no-first-run".into(),
        "--disable-background-networking".into(),
        "--disable-component-update".into(),
        "--disable-sync".into(),
        "--lang=vi".into(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    let wishes = json!({ "goog:chromeOptions": { "args": arguments } });
    let wishes = wishes.as_object().expect("an object was written").clone();
    // A question without an answer fails by its name, instead of holding everybody up.
    let mut connector = TimeoutConnector::new(HttpConnector::new());
    connector.set_read_timeout(Some(SILENCE));
    let mut client = ClientBuilder::new(connector);
    let client = client.capabilities(wishes).connect(&format!("http://127.0.0.1:{port}")).await?;
    Ok((client, driver, profile))
}

/// chromedriver on a port it chooses itself and tells.
fn start_driver() -> (Driver, u16) {
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper", "chromedriver", "--port=0"])
        // Chromium's own words in Vietnamese, where Debian's chromium-l10n is there.
        .env("LANGUAGE", "vi")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    let stdout = keeper.stdout.take().expect("the output was asked for as a pipe");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    let port = port.expect("chromedriver is installed and starts (Debian: chromium-driver)");
    std::thread::spawn(move || lines.for_each(drop));
    (Driver(keeper), port)
}
