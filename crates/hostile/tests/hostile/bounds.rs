//! What ten megabytes of the worst cost. Each kind of reading runs in a process of its own, because it is the
//! process that is measured.

use hostile::{TARGETS, read};
use pki::der::{Tag, Writer};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SIZE: usize = 10_000_000;
/// For an input of [`SIZE`], itself not counted in.
const MEMORY_KB_MAX: u64 = 64 << 10;
/// Without optimisation.
const TIME_MAX: Duration = Duration::from_secs(20);
/// For an input of some kilobytes that a fuzzer found.
const FOUND_MEMORY_KB_MAX: u64 = 16 << 10;
const FOUND_TIME_MAX: Duration = Duration::from_secs(5);
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

/// What is worst for one kind of reading: that of mail, XML or PDF, or one of all the others.
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
        "mail" => of_mail(),
        "cms" => [of_der(), vec![("many signers".into(), of_many_signers())]].concat(),
        _ => of_der(),
    }
}

/// A long message that four thousand have signed, none of them rightly.
fn of_many_signers() -> Vec<u8> {
    let attribute = |w: &mut Writer, kind, value: &[u8]| {
        w.sequence(|w| {
            w.oid(kind).set(|w| {
                w.raw(value);
            });
        });
    };
    let (kind, hash) = (
        Writer::build(|w| {
            w.oid(pki::oid::CMS_DATA);
        }),
        Writer::build(|w| {
            w.octets(&[7; 32]);
        }),
    );
    let signer = Writer::build(|w| {
        w.sequence(|w| {
            w.number(3).element(Tag::primitive(0), &[1; 20]).sequence(|w| {
                w.oid(pki::oid::SHA256);
            });
            w.context(0, |w| {
                attribute(w, pki::oid::CONTENT_TYPE, &kind);
                attribute(w, pki::oid::MESSAGE_DIGEST, &hash);
            });
            w.sequence(|w| {
                w.oid(pki::oid::ECDSA_WITH_SHA256);
            });
            w.octets(&[5; 8]);
        });
    });
    let signers = signer.repeat(4_000);
    let content = vec![b'a'; SIZE - signers.len() - 200];
    Writer::build(|w| {
        w.sequence(|w| {
            w.oid(pki::oid::CMS_SIGNED_DATA).context(0, |w| {
                w.sequence(|w| {
                    w.number(1).set(|_| {}).sequence(|w| {
                        w.oid(pki::oid::CMS_DATA).context(0, |w| {
                            w.octets(&content);
                        });
                    });
                    w.element(Tag::SET, &signers);
                });
            });
        });
    })
}

fn of_mail() -> Vec<(String, Vec<u8>)> {
    let head = "multipart/signed; boundary=a\n--a\n";
    let part = "--a\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n";
    let shapes = [
        ("lines", repeated(head, "\n", "--a--\n")),
        ("delimiters", repeated(head, "--a\n", "")),
        ("a signature of lines", repeated(&format!("{head}{part}"), "AA==\n", "--a--\n")),
        ("a signature", repeated(&format!("{head}{part}"), "MIAA", "\n--a--\n")),
        ("parameters", repeated("multipart/signed", "; b=a", "\n")),
    ];
    let mut shapes: Vec<_> = shapes.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
    let (before, after) = (format!("{head}--a\nA: "), "\n\nAAAA\n--a--\n");
    let filling = vec![0xff; SIZE - before.len() - after.len()];
    shapes.push(("a head".into(), [before.as_bytes(), &filling, after.as_bytes()].concat()));
    shapes
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

/// What the fuzzers found for this kind of reading, by the names of the files.
fn found(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found").join(name);
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let named = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).unwrap());
    paths.into_iter().map(named).collect()
}

/// What one kind of reading costs at most, and where it is too much.
fn measure(name: &str) {
    let worst = shapes(name).into_iter().map(|shape| (shape, MEMORY_KB_MAX, TIME_MAX));
    let found = found(name).into_iter().map(|file| (file, FOUND_MEMORY_KB_MAX, FOUND_TIME_MAX));
    for ((shape, bytes), memory_max, time_max) in worst.chain(found) {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let (before, start) = (peak_kb(), Instant::now());
        println!("{name}, {shape} …");
        let is_read = read(name, &bytes);
        let (time, memory) = (start.elapsed(), peak_kb() - before);
        println!("{name}, {shape}: {memory} kB, {time:.2?}, {is_read}");
        assert!(memory <= memory_max, "{name}, {shape}: {memory} kB");
        assert!(time <= time_max, "{name}, {shape}: {time:.2?}");
    }
}

#[test]
fn what_fuzzers_found_is_kept_for_a_reader_of_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    let Ok(kinds) = std::fs::read_dir(folder) else { return };
    for kind in kinds {
        let name = kind.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|target| target.name == name), "nobody reads found/{name}");
        assert!(!found(&name).is_empty(), "found/{name} is empty");
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
