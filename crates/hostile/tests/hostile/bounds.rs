//! What ten megabytes of the worst cost. Each kind of reading runs in a process of its own, because it is the
//! process that is measured.

use hostile::{TARGETS, read};
use pki::der::{Tag, Writer};
use std::process::Command;
use std::time::{Duration, Instant};

const SIZE: usize = 10_000_000;
/// For an input of [`SIZE`], itself not counted in.
const MEMORY_KB_MAX: u64 = 64 << 10;
/// Without optimisation.
const TIME_MAX: Duration = Duration::from_secs(20);
const INSIDE: &str = "CUULONG_HOSTILE_TARGET";

fn filled(pattern: &[u8], size: usize) -> Vec<u8> {
    pattern.repeat(size / pattern.len())
}

fn repeated(before: &str, piece: &str, after: &str) -> Vec<u8> {
    let count = (SIZE - before.len() - after.len()) / piece.len();
    format!("{before}{}{after}", piece.repeat(count)).into_bytes()
}

/// So many boxes, each in the one before.
fn nested(open: &[u8], depth: usize) -> Vec<u8> {
    open.repeat(depth)
}

/// What is worst for one kind of reading: that of XML, that of PDF, or one of all the others.
fn shapes(name: &str) -> Vec<(String, Vec<u8>)> {
    let named = |(name, bytes): (&str, Vec<u8>)| (name.to_string(), bytes);
    match name {
        "xml" => vec![
            ("elements", repeated("<a>", "<b/>", "</a>")),
            ("open elements", repeated("", "<a>", "")),
            ("attributes", repeated("<a ", "b='' ", "/>")),
            ("text", repeated("<a>", "&amp;", "</a>")),
        ]
        .into_iter()
        .map(named)
        .collect(),
        "pdf" => vec![
            ("objects", repeated("%PDF-1.7\n", "1 0 obj\n<<>>\nendobj\n", "startxref\n9\n%%EOF\n")),
            ("open arrays", repeated("%PDF-1.7\n1 0 obj\n", "[", "\nstartxref\n9\n%%EOF\n")),
            ("ends", repeated("%PDF-1.7\n", "startxref\n9\n%%EOF\n", "")),
        ]
        .into_iter()
        .map(named)
        .collect(),
        "judge" => [shapes("xml"), shapes("pdf"), of_der()].concat(),
        _ => of_der(),
    }
}

fn of_der() -> Vec<(String, Vec<u8>)> {
    let mut shapes: Vec<(String, Vec<u8>)> = Vec::new();
    let patterns: [&[u8]; 8] = [
        &[0x30, 0],
        &[0x30, 0x80],
        &[0x24, 0x80],
        &[0x05, 0x00],
        &[0x02, 0x01, 0x01],
        &[0x30, 0x03, 0x02, 0x01, 0x01],
        &[0xff],
        &[0],
    ];
    for pattern in patterns {
        let body = filled(pattern, SIZE - 128);
        let sequence = Writer::build(|w| {
            w.element(Tag::SEQUENCE, &body);
        });
        let message = Writer::build(|w| {
            w.sequence(|w| {
                w.oid(pki::oid::CMS_SIGNED_DATA).context(0, |w| {
                    w.sequence(|w| {
                        w.number(1).set(|_| {}).sequence(|w| {
                            w.oid(pki::oid::CMS_DATA);
                        });
                        w.element(Tag::context(0), &body).set(|_| {});
                    });
                });
            });
        });
        for (kind, bytes) in [("bare", body), ("a box", sequence), ("a message", message)] {
            shapes.push((format!("{kind} of {pattern:02x?}"), bytes));
        }
    }
    shapes.push(("boxes without end".into(), nested(&[0x30, 0x80], SIZE / 2)));
    shapes.push(("boxes of four-byte lengths".into(), nested(&[0x30, 0x84, 0, 0x98, 0x96, 0x80], SIZE / 6)));
    shapes.push(("PEM begins".into(), repeated("", "-----BEGIN X-----\n", "")));
    let one = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    shapes.push(("PEM of nothings".into(), repeated("", one, "")));
    shapes
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What one kind of reading costs at most, and where it is too much.
fn measure(name: &str) {
    for (shape, bytes) in shapes(name) {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let (before, start) = (peak_kb(), Instant::now());
        let is_read = read(name, &bytes);
        let (time, memory) = (start.elapsed(), peak_kb() - before);
        println!("{name}, {shape}: {memory} kB, {time:.2?}, {is_read}");
        assert!(memory <= MEMORY_KB_MAX, "{name}, {shape}: {memory} kB");
        assert!(time <= TIME_MAX, "{name}, {shape}: {time:.2?}");
    }
}

#[test]
fn ten_megabytes_of_the_worst_cost_a_bounded_time_and_memory() {
    if let Ok(name) = std::env::var(INSIDE) {
        return measure(&name);
    }
    for target in &TARGETS {
        let words =
            ["bounds::ten_megabytes_of_the_worst_cost_a_bounded_time_and_memory", "--exact", "--nocapture"];
        let mut inside = Command::new(std::env::current_exe().unwrap());
        let said = inside.env(INSIDE, target.name).args(words).output().unwrap();
        let words = String::from_utf8_lossy(&said.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success() && words.contains("1 passed"), "{}: {words}{complaints}", target.name);
    }
}
