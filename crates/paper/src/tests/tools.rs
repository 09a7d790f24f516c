//! Independent judges of our files: poppler, qpdf and zbar, called as programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Pdf;

/// Where the samples stay after a run, to be looked at.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/papers");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn save(name: &str, pdf: &Pdf) -> PathBuf {
    let path = folder().join(format!("{name}.pdf"));
    std::fs::write(&path, &pdf.bytes).unwrap();
    path
}

fn run(program: &str, package: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).output().unwrap_or_else(|error| {
        panic!("{program} does not run ({error}); install it: apt-get install -y {package}")
    })
}

fn good(program: &str, package: &str, args: &[&str]) -> String {
    let output = run(program, package, args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {args:?}: {error}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The text as a reader copies it, with one space for any white space.
pub fn text(path: &Path) -> String {
    let raw = good("pdftotext", "poppler-utils", &["-enc", "UTF-8", path.to_str().unwrap(), "-"]);
    raw.split([' ', '\n', '\u{c}']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text of one page.
pub fn page_text(path: &Path, page: usize) -> String {
    let page = page.to_string();
    let raw = good("pdftotext", "poppler-utils", &["-f", &page, "-l", &page, path.to_str().unwrap(), "-"]);
    raw.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Width and height of the first page, in whole millimetres.
pub fn page_mm(path: &Path) -> (i64, i64) {
    let info = good("pdfinfo", "poppler-utils", &[path.to_str().unwrap()]);
    let line = info.lines().find(|l| l.starts_with("Page size:")).unwrap().to_owned();
    let points: Vec<f64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let mm = |points: f64| (points * 25.4 / 72.0).round() as i64;
    (mm(points[0]), mm(points[1]))
}

/// The rightmost and lowest edge of any word, as a share of the page.
pub fn extent(path: &Path) -> (f64, f64) {
    let boxes = good("pdftotext", "poppler-utils", &["-bbox", path.to_str().unwrap(), "-"]);
    let number = |line: &str, key: &str| -> f64 {
        line.split(&format!("{key}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    let (mut page, mut most) = ((1.0, 1.0), (0.0_f64, 0.0_f64));
    for line in boxes.lines().map(str::trim) {
        if line.starts_with("<page ") {
            page = (number(line, "width"), number(line, "height"));
        } else if line.starts_with("<word ") {
            most.0 = most.0.max(number(line, "xMax") / page.0);
            most.1 = most.1.max(number(line, "yMax") / page.1);
        }
    }
    most
}

/// A word and where it stands, in points from the page's lower left corner.
#[derive(Debug)]
pub struct Word {
    pub text: String,
    pub middle: f64,
    pub top: f64,
    pub bottom: f64,
}

/// The words of one page.
pub fn words_on(path: &Path, page: usize) -> Vec<Word> {
    let number = page.to_string();
    let args = ["-bbox", "-f", &number, "-l", &number, path.to_str().unwrap(), "-"];
    let boxes = good("pdftotext", "poppler-utils", &args);
    let value = |line: &str, key: &str| -> f64 {
        line.split(&format!("{key}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    let (mut height, mut words) = (0.0, Vec::new());
    for line in boxes.lines().map(str::trim) {
        if line.starts_with("<page ") {
            height = value(line, "height");
        } else if line.starts_with("<word ") {
            words.push(Word {
                text: line.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned(),
                middle: f64::midpoint(value(line, "xMin"), value(line, "xMax")),
                top: height - value(line, "yMin"),
                bottom: height - value(line, "yMax"),
            });
        }
    }
    words
}

/// What a scanner reads on page 1, printed at 300 dpi: sorted `KIND:content` lines.
pub fn scan(path: &Path) -> Vec<String> {
    let picture = path.with_extension("");
    let picture = picture.to_str().unwrap();
    let file = path.to_str().unwrap();
    good("pdftoppm", "poppler-utils", &["-r", "300", "-gray", "-png", "-singlefile", file, picture]);
    let png = format!("{picture}.png");
    let read = good("zbarimg", "zbar-tools", &["--quiet", &png]);
    std::fs::remove_file(png).unwrap();
    let mut lines: Vec<String> = read.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The rules of PDF/A-2b that our papers could break, read from the uncompressed file.
pub fn check_pdfa(path: &Path) {
    let file = path.to_str().unwrap();
    let check = good("qpdf", "qpdf", &["--check", file]);
    assert!(check.contains("No syntax or stream encoding errors"), "{check}");
    assert!(check.contains("File is not encrypted"), "{check}");
    for line in good("pdffonts", "poppler-utils", &[file]).lines().skip(2) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words[0].contains("+Tinos"), "a subset of Tinos: {line}");
        // The last five columns: emb sub uni object-number generation.
        assert_eq!(words[words.len() - 5..words.len() - 2], ["yes", "yes", "yes"], "{line}");
    }
    let plain = run("qpdf", "qpdf", &["--qdf", "--object-streams=disable", file, "-"]).stdout;
    let plain = String::from_utf8_lossy(&plain).into_owned();
    for must in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>B</pdfaid:conformance>",
        "/S /GTS_PDFA1",
        "/DestOutputProfile",
        "/Type /Metadata",
        "/ID [",
    ] {
        assert!(plain.contains(must), "{file} lacks {must}");
    }
    for never in
        ["/Encrypt", "/JavaScript", "/JS ", "/Launch", "/AA ", "/EmbeddedFile", "/LZWDecode", "/Movie"]
    {
        assert!(!plain.contains(never), "{file} has {never}");
    }
}
