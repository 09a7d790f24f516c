//! What the worst files cost. One test, alone in its process, because it measures the process.

#![allow(clippy::unwrap_used)] // what fails here fails the test

use base::Instant as Time;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdfsig::appearance::PageBox;
use pdfsig::{Evidence, File, Plan, add_evidence, changes, prepare_time_stamp, signatures, store};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// For a file of 10 MB, itself counted in.
const MEMORY_KB_MAX: u64 = 64 << 10;
const TIME_MAX: Duration = Duration::from_secs(30);
const SIZE: usize = 10_000_000;

/// Objects as a file with a cross-reference table, the first the catalog.
fn with_table(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    let size = objects.len() + 1;
    let end = format!("{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    out.extend_from_slice(end.as_bytes());
    out
}

fn document(form: &str, more: Vec<Vec<u8>>) -> Vec<u8> {
    let catalog = format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields {form}>>/DSS 4 0 R>>");
    let mut objects: Vec<Vec<u8>> = [
        &catalog,
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots 5 0 R>>",
        "<</Certs 5 0 R>>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    objects.extend(more);
    with_table(&objects)
}

fn repeated(before: &str, piece: &str, after: &str, size: usize) -> Vec<u8> {
    format!("{before}{}{after}", piece.repeat(size / piece.len())).into_bytes()
}

/// So many megabytes of zeros, deflated.
fn bomb(megabytes: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(vec![], Compression::fast());
    let zeros = vec![0; 1 << 20];
    (0..megabytes).for_each(|_| encoder.write_all(&zeros).unwrap());
    encoder.finish().unwrap()
}

fn stream(dict: &str, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    [format!("<<{dict}/Length {length}>>\nstream\n").as_bytes(), bytes, b"\nendstream"].concat()
}

fn references(count: usize, from: usize) -> String {
    format!("[{}]", (from..from + count).map(|number| format!("{number} 0 R ")).collect::<String>())
}

fn with_xref_stream(dict: &str, rows: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n".to_vec();
    let start = out.len();
    out.extend_from_slice(b"2 0 obj\n");
    out.extend_from_slice(&stream(&format!("/Type/XRef/Root 1 0 R{dict}"), rows));
    out.extend_from_slice(format!("\nendobj\nstartxref\n{start}\n%%EOF\n").as_bytes());
    out
}

/// A document that looks signed, and an update of it with these objects.
fn changed(objects: &[Vec<u8>], update: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let signature = "<</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange[0 10 20 0000000000]/Contents<30>>>";
    let mut all = [
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields 5 0 R>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots 5 0 R>>",
        signature,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    all.extend_from_slice(objects);
    let mut out = with_table(&all);
    let length = format!("{:010}", out.len() - 20);
    let at = out.windows(10).position(|window| window == b"0000000000").unwrap();
    out[at..at + 10].copy_from_slice(length.as_bytes());
    let prev = between(&out, b"startxref\n");
    let mut table = String::from("xref\n");
    for (number, object) in update {
        table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    let size = all.len() + update.len() + 1;
    table += &format!("trailer\n<</Size {size}/Root 1 0 R/Prev {prev}>>\nstartxref\n{start}\n%%EOF\n");
    out.extend_from_slice(table.as_bytes());
    out
}

/// The number behind the last such word.
fn between(bytes: &[u8], word: &[u8]) -> usize {
    let at = bytes.windows(word.len()).rposition(|window| window == word).unwrap() + word.len();
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[at..at + digits]).unwrap().parse().unwrap()
}

/// Files of two revisions in which there is much to compare.
fn changed_shapes() -> Vec<(&'static str, Vec<u8>)> {
    let field = |n: usize| format!("<</FT/Sig/T({n})/V 4 0 R/AP<</N 6 0 R>>>>").into_bytes();
    let own = |n: usize| format!("<</FT/Tx/T({n})/AP<</N {} 0 R>>>>", n + 9_007).into_bytes();
    let one = || b"<</FT/Sig/T(Sig)/V 4 0 R>>".to_vec();
    let list = |count: usize| references(count, 6).into_bytes();
    let keys = |mark: &str| (0..120_000).map(|n| format!("/k{n} {mark}")).collect::<String>();
    let with_keys = |mark: &str| format!("<<{}>>", keys(mark)).into_bytes();
    let picture = |text: &str| stream("/Subtype/Form", text.as_bytes());
    let replaced: Vec<(usize, Vec<u8>)> = (7..60_000).map(|number| (number, b"<</B 1>>".to_vec())).collect();
    let plain: Vec<Vec<u8>> = (0..60_000).map(|_| b"<</A 1>>".to_vec()).collect();
    let few: Vec<Vec<u8>> = std::iter::once(list(400)).chain((0..400).map(field)).collect();
    let forms: Vec<Vec<u8>> = std::iter::once(list(9_000))
        .chain(std::iter::once(one()))
        .chain((1..9_000).map(own))
        .chain((0..9_000).map(|_| picture("a")))
        .collect();
    let drawn: Vec<(usize, Vec<u8>)> = (9_006..18_005).map(|number| (number, picture("b"))).collect();
    vec![
        ("many objects changed", changed(&[vec![list(1), one()], plain].concat(), &replaced)),
        ("many keys changed", changed(&[list(1), one(), with_keys("1")], &[(7, with_keys("2"))])),
        ("many fields changed", changed(&few, &[(5, list(390))])),
        ("many pictures changed", changed(&forms, &drawn)),
        ("a long list changed", changed(&[list(1), one(), list(200_000)], &[(7, list(240_000))])),
        ("a list that grows", changed(&[list(1), one()], &[(5, list(200_000))])),
    ]
}

fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let many = 40_000;
    let signature = "<</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange[0 100 200 900]/Contents<30>>>";
    let shared: Vec<Vec<u8>> = std::iter::once(repeated("[", "0 ", "]", 4_000_000))
        .chain(std::iter::once(signature.as_bytes().to_vec()))
        .chain((0..20_000).map(|n| format!("<</FT/Sig/T({n})/V 6 0 R>>").into_bytes()))
        .collect();
    let kids: Vec<Vec<u8>> = std::iter::once(b"[]".to_vec())
        .chain((0..many).map(|n| format!("<</T({})/Kids[{} 0 R]>>", "n".repeat(50), n + 7).into_bytes()))
        .collect();
    let wide = |number: usize| repeated("<</T(a)/X[", "[]", "]>>", 200_000 + number % 2);
    let fat: Vec<Vec<u8>> = std::iter::once(b"[]".to_vec()).chain((0..45).map(wide)).collect();
    let bomb = bomb(64);
    let answer = stream("/Filter/FlateDecode", &self::bomb(1));
    let answers: Vec<Vec<u8>> = std::iter::once(references(2_000, 6).into_bytes())
        .chain((0..2_000).map(|_| answer.clone()))
        .collect();
    let sections = {
        let mut out = document("[]", vec![b"[]".to_vec()]);
        let mut prev = out.len() - 1;
        for _ in 0..1_500 {
            let start = out.len();
            let text = format!(
                "xref\n0 0\ntrailer\n<</Size 6/Root 1 0 R/Prev {prev}>>\nstartxref\n{start}\n%%EOF\n"
            );
            out.extend_from_slice(text.as_bytes());
            prev = start;
        }
        out
    };
    vec![
        ("nothing", repeated("%PDF-1.7\n", " ", "", SIZE)),
        ("arrays in arrays", repeated("%PDF-1.7\n1 0 obj\n", "[", "\nstartxref\n9\n%%EOF", SIZE)),
        ("one array", document("5 0 R", vec![repeated("[", "0 ", "]", SIZE)])),
        ("empty arrays", document("5 0 R", vec![repeated("[", "[]", "]", SIZE)])),
        ("one string", document("5 0 R", vec![repeated("(", "\\0", ")", SIZE)])),
        ("parentheses", document("5 0 R", vec![repeated("", "(", "", SIZE)])),
        ("digits", document("5 0 R", vec![repeated("<", "0", ">", SIZE)])),
        ("one name", document("5 0 R", vec![repeated("/", "a", "", SIZE)])),
        ("comments", document("5 0 R", vec![repeated("[", "1 %\n", "]", SIZE)])),
        ("keys", document("5 0 R", vec![repeated("<<", "/A 1", ">>", SIZE)])),
        (
            "a table",
            repeated("%PDF-1.7\nxref\n0 9999999\n", "0000000009 00000 n \n", "startxref\n9\n%%EOF", SIZE),
        ),
        (
            "an empty table that says much",
            b"%PDF-1.7\nxref\n0 99999999999\ntrailer<<>>\nstartxref\n9\n%%EOF".to_vec(),
        ),
        ("a stream of cross-references", with_xref_stream("/W[1 1 0]/Size 99999999", &vec![1; SIZE])),
        ("a packed stream of them", with_xref_stream("/W[0 1 0]/Size 99999999/Filter/FlateDecode", &bomb)),
        ("rows of nothing", with_xref_stream("/W[0 0 0]/Size 99999999", &[0; 9])),
        ("one signature in all fields", document(&references(20_000, 7), shared)),
        ("fields in fields", document("[6 0 R]", kids)),
        ("fat fields", document(&references(45, 6), fat)),
        ("packed evidence", document("[]", answers)),
        ("sections", sections),
        ("objects", document("[]", (0..250_000).map(|_| b"<</A[1 0 R]>>".to_vec()).collect())),
    ]
}

fn judge(bytes: &Vec<u8>) -> String {
    let file = match File::open(bytes) {
        Ok(file) => file,
        Err(why) => return format!("{why:?}"),
    };
    let _ = (PageBox::of(&file, 3), store(&file).map(|store| store.unreadable));
    let plan = Plan::new("New", Time::MIN);
    let _ = prepare_time_stamp(bytes, &plan.field, pki::key::Digest::Sha256, 100)
        .map(|prepared| prepared.room_bytes());
    let _ = add_evidence(bytes, &Evidence::default(), &["0"]).map(|update| update.len());
    let found = match signatures(&file) {
        Ok(found) => found,
        Err(why) => return format!("opens, {why:?}"),
    };
    let changes = changes(&file, &found).is_ok();
    let amiss = found.iter().map(|signature| signature.check(&file, &[]).findings.len()).sum::<usize>();
    format!("{} signatures, {amiss} findings, compared: {changes}", found.len())
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Set for the process that makes the files.
const MAKES: &str = "PDFSIG_BOUNDS_FOLDER";

/// The files, made by a process of its own: what it takes for them does not count for those who judge them.
fn made() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bounds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = Command::new(std::env::current_exe().unwrap()).env(MAKES, &folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn ten_megabytes_of_anything_cost_a_bounded_time_and_memory() {
    if let Some(folder) = std::env::var_os(MAKES) {
        for (name, bytes) in [shapes(), changed_shapes()].concat() {
            std::fs::write(Path::new(&folder).join(name), bytes).unwrap();
        }
        return;
    }
    let mut beyond = vec![];
    let before = peak_kb();
    for path in made() {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let start = Instant::now();
        let said = judge(&bytes);
        let (time, memory) = (start.elapsed(), peak_kb().saturating_sub(before));
        let name = path.file_name().unwrap().display();
        println!("{name}: {} kB, {memory} kB, {time:.2?}: {said}", bytes.len() / 1_000);
        if time > TIME_MAX || memory > MEMORY_KB_MAX {
            beyond.push(format!("{name}: {memory} kB, {time:.2?}: {said}"));
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}
