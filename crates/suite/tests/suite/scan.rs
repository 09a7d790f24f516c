//! Malware in what comes in, before a small server that speaks clamd's INSTREAM: found whole or split over
//! pieces, over every way in; refused while the scanner is silent; nothing infected is kept.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cuulong::config::Scan;
use db::blobs::Hash;
use db::testing::{TestDb, both};
use suite::person::{Answer, Person, Upload};
use suite::town::people::*;
use suite::town::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::desk::{browser, says};

/// The test file that every scanner knows, in two halves so that none finds it in these sources.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"];
/// What this clamd takes at the most: below 20 MB, as a badly configured one.
const STREAM_BYTES_MAX: usize = 8 << 20;

/// A clamd on loopback that really reads the protocol.
struct Clamd {
    address: SocketAddr,
    /// The SHA-256 of the streams it saw, and in how many chunks.
    seen: Mutex<Vec<(Hash, usize)>>,
    /// Streams that came while it was told to say nothing.
    ignored: AtomicUsize,
    silent: std::sync::atomic::AtomicBool,
}

impl Clamd {
    async fn listens() -> Arc<Clamd> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let clamd = Arc::new(Clamd {
            address: listener.local_addr().expect("it listens"),
            seen: Mutex::default(),
            ignored: AtomicUsize::new(0),
            silent: Default::default(),
        });
        let serving = clamd.clone();
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let clamd = serving.clone();
                tokio::spawn(async move { clamd.serve(line).await });
            }
        });
        clamd
    }

    async fn serve(&self, mut line: TcpStream) {
        let mut command = Vec::new();
        while command.last() != Some(&0) {
            match line.read_u8().await {
                Ok(byte) if command.len() < 32 => command.push(byte),
                _ => return,
            }
        }
        if self.silent.load(Ordering::SeqCst) {
            self.ignored.fetch_add(1, Ordering::SeqCst);
            return std::future::pending().await;
        }
        let answer = match command.as_slice() {
            b"zPING\0" => "PONG\0",
            b"zINSTREAM\0" => self.stream(&mut line).await,
            _ => "UNKNOWN COMMAND\0",
        };
        let _ = line.write_all(answer.as_bytes()).await;
    }

    async fn stream(&self, line: &mut TcpStream) -> &'static str {
        let (mut bytes, mut chunks) = (Vec::new(), 0);
        loop {
            let size = line.read_u32().await.expect("a chunk begins with its size") as usize;
            if size == 0 {
                break;
            }
            if bytes.len() + size > STREAM_BYTES_MAX {
                return "INSTREAM size limit exceeded. ERROR\0";
            }
            let start = bytes.len();
            bytes.resize(start + size, 0);
            line.read_exact(&mut bytes[start..]).await.expect("a chunk is whole");
            chunks += 1;
        }
        self.seen.lock().unwrap().push((Hash::of(&bytes), chunks));
        let eicar = EICAR.concat();
        match bytes.windows(eicar.len()).any(|part| part == eicar.as_bytes()) {
            true => "stream: Eicar-Test-Signature FOUND\0",
            false => "stream: OK\0",
        }
    }

    fn config(&self) -> Scan {
        Scan { clamd: format!("tcp://{}", self.address), answer_within_s: 20, ..Scan::default() }
    }

    fn saw(&self, bytes: &[u8]) -> usize {
        let hash = Hash::of(bytes);
        let seen = self.seen.lock().unwrap();
        seen.iter().find(|(of, _)| *of == hash).expect("clamd saw exactly these bytes").1
    }
}

/// A PDF by its first bytes, of that size, with EICAR at a place.
fn infected(size: usize, at: usize) -> Vec<u8> {
    let mut bytes = pdf("giấy chứng sinh");
    bytes.resize(size.max(bytes.len()), b'\n');
    let eicar = EICAR.concat();
    bytes[at..at + eicar.len()].copy_from_slice(eicar.as_bytes());
    bytes
}

async fn brings(who: &mut Person, bytes: &[u8]) -> Answer {
    let file = Upload { field: "file", file_name: "giấy.pdf", content_type: "application/pdf", bytes };
    who.uploads("/api/v1/uploads", file).await
}

/// Neither a row nor a byte of it is there.
async fn is_not_kept(t: &TestDb, bytes: &[u8]) {
    let hash = Hash::of(bytes);
    let read = async move |tx: &mut db::Tx| -> db::Result<i64> {
        tx.get("select count(*) from content where hash = $1", db::args![hash]).await
    };
    assert_eq!(t.db.read(read).await.unwrap(), 0, "the content has a row");
    assert!(t.blobs().await.get(&hash).await.is_err(), "the bytes are in the store");
}

#[test]
fn an_infected_file_is_refused_on_every_way_in_and_not_kept() {
    both(async |t| {
        let clamd = Clamd::listens().await;
        let town = Town::of(&t).await.scanned(&t, clamd.config()).await;
        let mut an = town.token(CITIZEN).await;

        // In one piece: small, over the edge of two chunks, and in the spool's file.
        for (size, at) in [(200, 60), (200_000, 64 * 1024 - 30), (3_000_000, (1 << 20) - 10)] {
            let bytes = infected(size, at);
            let told = brings(&mut an, &bytes).await.expect(422).json();
            assert_eq!(told["code"], "refused");
            let words = told["detail"].as_str().unwrap();
            assert!(words.contains("“giấy.pdf” có mã độc") && words.contains("tải tệp mới lên"), "{words}");
            clamd.saw(&bytes);
            is_not_kept(&t, &bytes).await;
        }
        assert!(clamd.saw(&infected(200_000, 64 * 1024 - 30)) > 1, "it was split over chunks");
        // What is clean passes whole.
        let clean = pdf("sạch");
        brings(&mut an, &clean).await.expect(201);
        clamd.saw(&clean);

        // In pieces that each hold half of it.
        let bytes = infected(40_000, 20_000 - 30);
        an.says("tus-resumable", "1.0.0");
        an.says("upload-length", &bytes.len().to_string());
        an.says("upload-metadata", &format!("filename {}", STANDARD.encode("giấy.pdf")));
        let begun = an.sends(Method::POST, "/api/v1/uploads/resumable", None, Bytes::new()).await.expect(201);
        let at = begun.header("location").to_string();
        for (offset, part) in [(0, &bytes[..20_000]), (20_000, &bytes[20_000..])] {
            an.says("upload-offset", &offset.to_string());
            let part = Bytes::copy_from_slice(part);
            let answer = an.sends(Method::PATCH, &at, Some("application/offset+octet-stream"), part).await;
            answer.expect(if offset == 0 { 204 } else { 422 });
        }
        is_not_kept(&t, &bytes).await;
        an.sends(Method::HEAD, &at, None, Bytes::new()).await.expect(404);

        // On the page of a petition, where the typed words stay.
        let mut stranger = town.stranger();
        stranger.opens("/phan-anh/gui").await.expect(200);
        let bytes = infected(300, 70);
        let file =
            Upload { field: "tep", file_name: "ảnh.pdf", content_type: "application/pdf", bytes: &bytes };
        let typed = [("content", "Đèn đường ở ấp Phước Lợi A hỏng đã hai tuần.")];
        stranger.submits_files("Gửi", &typed, &[file]).await.expect(422);
        says(&stranger, "Tệp “ảnh.pdf” có mã độc");
        says(&stranger, "hỏng đã hai tuần");
        is_not_kept(&t, &bytes).await;

        // More than this clamd looks at.
        let mut large = pdf("lớn");
        large.resize(STREAM_BYTES_MAX + 1, b'\n');
        let told = brings(&mut an, &large).await.expect(422).json();
        assert!(told["detail"].as_str().unwrap().contains("lớn hơn mức máy quét"), "{told}");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn while_the_scanner_is_silent_nothing_is_taken_unless_it_is_configured_so() {
    both(async |t| {
        let clamd = Clamd::listens().await;
        let first = Town::of(&t).await;
        assert_eq!(first.stranger().gets("/healthz").await.json()["scan"], "off");
        let config = Scan { answer_within_s: 1, ..clamd.config() };
        let town = first.scanned(&t, config.clone()).await;
        assert_eq!(town.stranger().gets("/healthz").await.json()["scan"], "ok");

        clamd.silent.store(true, Ordering::SeqCst);
        let mut an = town.token(CITIZEN).await;
        let bytes = pdf("chưa quét");
        let told = brings(&mut an, &bytes).await.expect(503).json();
        assert_eq!(told["code"], "try-later");
        assert!(told["detail"].as_str().unwrap().contains("Hãy thử lại sau ít phút"), "{told}");
        assert_eq!(clamd.ignored.load(Ordering::SeqCst), 1);
        is_not_kept(&t, &bytes).await;
        let health = town.stranger().gets("/healthz").await.expect(200).json();
        assert_eq!((&health["scan"], &health["status"]), (&"silent".into(), &"ok".into()));

        // On the page of a draft the words stand by the paper, with the same status.
        let mut home = browser(&town, CITIZEN).await;
        home.opens("/nop-ho-so/1.001193?noi=phuoc+hau").await.expect(200);
        let answer = home.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
        let draft = answer.header("location").split('/').nth(3).unwrap().to_string();
        home.opens(&format!("/nop-ho-so/ban-nhap/{draft}/giay-to")).await.expect(200);
        let file =
            Upload { field: "tep", file_name: "giấy.pdf", content_type: "application/pdf", bytes: &bytes };
        home.submits_files("Tải lên cho Giấy tờ tùy thân của người yêu cầu", &[], &[file]).await.expect(503);
        says(&home, "Máy quét mã độc chưa trả lời");

        // Nobody listens there at all; and an installation that would rather take it.
        let nowhere = Scan { clamd: "/nowhere/clamd.ctl".into(), ..config.clone() };
        let town = first.scanned(&t, nowhere.clone()).await;
        brings(&mut town.token(CITIZEN).await, &bytes).await.expect(503);
        let town = first.scanned(&t, Scan { when_down: "take".into(), ..nowhere }).await;
        brings(&mut town.token(CITIZEN).await, &bytes).await.expect(201);

        clamd.silent.store(false, Ordering::SeqCst);
        let town = first.scanned(&t, config).await;
        brings(&mut town.token(CITIZEN).await, &bytes).await.expect(201);
    });
}
