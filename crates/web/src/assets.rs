//! Style, script, fonts and marks: embedded, named by the hash of their content, packed once.
//!
//! The style sheet is one file, put together here from the vendored parts and our own additions, with
//! the fonts in it named by their hashes too. Names change with content, so browsers may keep everything.

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use crate::problem::Problem;
use crate::secret::sha256_hex;

const FOLDER: &str = "/tai-nguyen/";
const FOREVER: &str = "public, max-age=31536000, immutable";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const FONT: &str = "font/woff2";

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../assets/", $name)).as_slice()
    };
}

const FONTS: [(&str, &[u8]); 4] = [
    ("noto-sans-latin.woff2", file!("fonts/noto-sans-latin-wght-normal.woff2")),
    ("noto-sans-vietnamese.woff2", file!("fonts/noto-sans-vietnamese-wght-normal.woff2")),
    ("be-vietnam-pro-latin.woff2", file!("fonts/be-vietnam-pro-latin-700-normal.woff2")),
    ("be-vietnam-pro-vietnamese.woff2", file!("fonts/be-vietnam-pro-vietnamese-700-normal.woff2")),
];

/// How the style sheets name the four fonts, in the order of `FONTS`.
const FONTS_IN_STYLE: [&str; 4] = [
    "fonts/noto-sans-latin-wght-normal.woff2",
    "fonts/noto-sans-vietnamese-wght-normal.woff2",
    "fonts/be-vietnam-pro-latin-700-normal.woff2",
    "fonts/be-vietnam-pro-vietnamese-700-normal.woff2",
];

const LICENCES: [&str; 5] = [
    include_str!("../assets/NOTICE.txt"),
    include_str!("../assets/licences/designsystemet-MIT.txt"),
    include_str!("../assets/licences/tabler-icons-MIT.txt"),
    include_str!("../assets/licences/noto-sans-OFL.txt"),
    include_str!("../assets/licences/be-vietnam-pro-OFL.txt"),
];

struct Asset {
    url: String,
    kind: &'static str,
    plain: Bytes,
    /// gzip; absent for fonts, which are packed already.
    gzip: Option<Bytes>,
}

struct Assets {
    by_name: HashMap<&'static str, Asset>,
    /// Hashed file name → plain name.
    names: HashMap<String, &'static str>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::pack);

impl Assets {
    fn pack() -> Assets {
        let mut all = Assets { by_name: HashMap::new(), names: HashMap::new() };
        for (name, bytes) in FONTS {
            all.add(name, FONT, bytes.to_vec());
        }
        let style = all.with_hashed_fonts(concat!(
            include_str!("../assets/theme.css"),
            "\n",
            include_str!("../assets/ds.css"),
            "\n",
            include_str!("../assets/cl.css"),
            "\n",
            include_str!("../assets/app.css"),
        ));
        all.add("cl.css", STYLE, style.into_bytes());
        all.add("receipt.css", STYLE, file!("receipt.css").to_vec());
        all.add("cl.js", SCRIPT, file!("cl.js").to_vec());
        all.add("draft.js", SCRIPT, file!("draft.js").to_vec());
        all.add("favicon.svg", SVG, file!("favicon.svg").to_vec());
        all
    }

    fn with_hashed_fonts(&self, style: &str) -> String {
        let mut style = style.to_string();
        for ((name, _), in_style) in FONTS.iter().zip(FONTS_IN_STYLE) {
            style = style.replace(in_style, &self.by_name[name].url);
        }
        style
    }

    fn add(&mut self, name: &'static str, kind: &'static str, bytes: Vec<u8>) {
        let (stem, ending) = name.rsplit_once('.').expect("asset names above have an ending");
        let hashed = format!("{stem}.{}.{ending}", &sha256_hex(&bytes)[..12]);
        let gzip = (kind != FONT).then(|| Bytes::from(gzip(&bytes, 9)));
        let url = format!("{FOLDER}{hashed}");
        self.names.insert(hashed, name);
        self.by_name.insert(name, Asset { url, kind, plain: Bytes::from(bytes), gzip });
    }
}

/// Packs bytes with gzip; level 1 (fast) to 9 (small).
pub(crate) fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    out.write_all(bytes).and_then(|()| out.finish()).expect("writing into memory cannot fail")
}

/// Where an asset is: `url("cl.css")` → "/tai-nguyen/cl.HASH.css". Plain names: "cl.css", "receipt.css",
/// "cl.js", "draft.js", "favicon.svg" and the fonts ("noto-sans-latin.woff2", …). An unknown name is "".
pub fn url(name: &str) -> &'static str {
    ASSETS.by_name.get(name).map_or("", |asset| &asset.url)
}

/// `/tai-nguyen/…`, `/favicon.ico` and `/giay-phep` (the licences of what we carry).
pub fn routes() -> Router {
    LazyLock::force(&ASSETS);
    Router::new()
        .route("/tai-nguyen/{file}", get(serve))
        .route("/favicon.ico", get(favicon))
        .route("/giay-phep", get(licences))
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let name = ASSETS.names.get(&file).ok_or(Problem::NotFound)?;
    Ok(answer(&ASSETS.by_name[name], &headers, FOREVER))
}

async fn favicon(headers: HeaderMap) -> Response {
    answer(&ASSETS.by_name["favicon.svg"], &headers, "public, max-age=86400")
}

async fn licences() -> impl IntoResponse {
    let text = LICENCES.join("\n----------------------------------------\n\n");
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}

fn answer(asset: &Asset, headers: &HeaderMap, keep: &'static str) -> Response {
    let fixed = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, keep),
        (header::VARY, "accept-encoding"),
    ];
    match &asset.gzip {
        Some(gzip) if takes_gzip(headers) => {
            (StatusCode::OK, fixed, [(header::CONTENT_ENCODING, "gzip")], gzip.clone()).into_response()
        }
        _ => (StatusCode::OK, fixed, asset.plain.clone()).into_response(),
    }
}

/// Does the caller take gzip? `gzip;q=0` says no.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("");
    accepted.split(',').any(|one| {
        let (name, rest) = one.trim().split_once(';').unwrap_or((one.trim(), ""));
        let refused = rest.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>() == Ok(0.0));
        name.eq_ignore_ascii_case("gzip") && !refused
    })
}
