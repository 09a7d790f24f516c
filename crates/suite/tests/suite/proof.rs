//! The paper that proves what was received: its QR code is read back from the PDF by a scanner, checked
//! on the public page, and by openssl with the published key alone.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::Tx;
use db::testing::{TestDb, both};
use judges::{Way, row};
use serde_json::json;
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|e| panic!("{program} does not run ({e}); cargo x test installs it"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The path behind the QR code of a paper, as a scanner reads it from the print.
pub async fn scanned(who: &mut Person, code: &str, paper: &str, folder: &Path) -> String {
    let pdf = who.gets(&format!("/ho-so/{code}/giay/{paper}")).await.expect(200).body;
    let (file, picture) = (folder.join("giay.pdf"), folder.join("giay"));
    std::fs::write(&file, &pdf).unwrap();
    let (file, picture) = (file.to_str().unwrap(), picture.to_str().unwrap());
    run("pdftoppm", &["-r", "200", "-gray", "-png", "-singlefile", file, picture]);
    let read = String::from_utf8(run("zbarimg", &["--quiet", &format!("{picture}.png")])).unwrap();
    let address = read.lines().find_map(|line| line.strip_prefix("QR-Code:"));
    let address = address.unwrap_or_else(|| panic!("no QR code on the {paper}: {read}"));
    address.strip_prefix("http://127.0.0.1:8080").expect("the public address").to_string()
}

fn text_of(path: &str) -> &str {
    path.split_once("p=").expect("a statement in the address").1
}

/// Who has the published keys needs nobody else: openssl says whether a statement is ours.
async fn openssl_agrees(stranger: &mut Person, path: &str, folder: &Path) {
    let bytes = URL_SAFE_NO_PAD.decode(text_of(path)).unwrap();
    let kid: String = bytes[1..5].iter().map(|b| format!("{b:02x}")).collect();
    let keys = stranger.gets("/api/v1/statement-keys").await.expect(200).json();
    let key = keys["keys"].as_array().unwrap().iter().find(|k| k["kid"] == kid.as_str()).unwrap();
    let point = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    // What RFC 8410 puts before the 32 bytes.
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend_from_slice(&point);
    let (signed, signature) = bytes.split_at(bytes.len() - 64);
    let name = |name: &str| folder.join(name).to_str().unwrap().to_string();
    std::fs::write(name("key.der"), der).unwrap();
    std::fs::write(name("signed"), signed).unwrap();
    std::fs::write(name("signature"), signature).unwrap();
    let (key, signed, signature) = (name("key.der"), name("signed"), name("signature"));
    let args = ["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", &key];
    run("openssl", &[&args[..], &["-in", &signed, "-sigfile", &signature]].concat());
}

#[test]
fn a_slip_and_form_01_are_checked_by_anybody_from_their_qr_code() {
    both(async |t| {
        let town = Town::of(&t).await;
        let folder = tempfile::tempdir().unwrap();
        let mut an = town.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        let slip = scanned(&mut an, &code, "slip", folder.path()).await;
        let mut stranger = town.stranger();
        stranger.opens(&slip).await.expect(200);
        for words in [
            "Phiếu này đúng do hệ thống cấp, nội dung chưa bị sửa.",
            &code,
            "Còn giữ đủ 1 tệp đã nhận khi đó",
            "Thời hạn trả lời tiếp nhận không đổi.",
            "Mới đăng ký",
        ] {
            says(&stranger, words);
        }
        for name in ["Ẩn", "086090123456", "giay-to.pdf"] {
            assert!(!stranger.page().text().contains(name), "the public page tells {name}");
        }
        openssl_agrees(&mut stranger, &slip, folder.path()).await;

        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        town.delivers().await;
        let receipt = scanned(&mut an, &code, "receipt", folder.path()).await;
        stranger.opens(&receipt).await.expect(200);
        says(&stranger, "Ngày hẹn trả không đổi.");

        // A later promise with an apology is told, and the old paper stays what it is.
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens(&format!("{}/gia-han", page(&code))).await.expect(200);
        let later = [("until", "2026-08-25"), ("reason", "checking"), ("note", "Chờ xác minh nơi sinh.")];
        registrar.submits("Trình lãnh đạo duyệt", &later).await.expect(303);
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        chairman.submits("Duyệt", &[]).await.expect(303);
        stranger.opens(&receipt).await.expect(200);
        says(&stranger, "Phiếu này đúng do hệ thống cấp, nội dung chưa bị sửa.");
        says(&stranger, "Ngày hẹn trả đã dời đến 17:00, thứ Ba 25/08/2026. Cơ quan đã có phiếu xin lỗi lúc");
        assert!(!stranger.page().text().contains("nơi sinh"), "the reason is the applicant's");

        // A new key signs from now on; what the old one signed is still checked, with a key of its own name.
        let now = town.opened.site.clock.now();
        let before = stranger.gets("/api/v1/statement-keys").await.expect(200).json();
        let safe = town.opened.trust.safe();
        onestop::rotate_statement_key(&town.opened.site.db, &safe, now).await.unwrap();
        let after = stranger.gets("/api/v1/statement-keys").await.expect(200).json();
        assert_eq!(after["keys"].as_array().unwrap().len(), 2);
        stranger.opens(&slip).await.expect(200);
        openssl_agrees(&mut stranger, &receipt, folder.path()).await;
        let other = files_a_birth(&mut town.token(NEIGHBOUR).await).await;
        let fresh = scanned(&mut town.token(NEIGHBOUR).await, &other, "slip", folder.path()).await;
        let used = URL_SAFE_NO_PAD.decode(text_of(&fresh)).unwrap()[1..5].to_vec();
        let old = URL_SAFE_NO_PAD.decode(text_of(&slip)).unwrap()[1..5].to_vec();
        assert_ne!(used, old);
        assert_eq!(
            before["keys"][0]["kid"],
            json!(old.iter().map(|b| format!("{b:02x}")).collect::<String>())
        );
        openssl_agrees(&mut stranger, &fresh, folder.path()).await;
        row("zbarimg", Way::Ours, "QR codes of printed papers", 3);
        row("openssl pkeyutl", Way::Ours, "statements of printed papers, with the published key", 3);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_paper_that_was_altered_or_never_ours_is_told_so_and_guessing_is_slowed() {
    both(async |t| {
        let town = Town::of(&t).await;
        let folder = tempfile::tempdir().unwrap();
        let mut an = town.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        let slip = scanned(&mut an, &code, "slip", folder.path()).await;

        // The promised hour moved by a forger; a signature of nobody; words of no kind.
        let mut bytes = URL_SAFE_NO_PAD.decode(text_of(&slip)).unwrap();
        bytes[15] ^= 1;
        let forged = URL_SAFE_NO_PAD.encode(&bytes);
        let mut stranger = town.stranger();
        stranger.opens("/kiem-tra-phieu").await.expect(200);
        stranger.opens(&format!("/kiem-tra-phieu?p={forged}")).await.expect(422);
        says(&stranger, "Phiếu này không xác thực");
        bytes[1] ^= 1;
        let unknown = URL_SAFE_NO_PAD.encode(&bytes);
        stranger.opens(&format!("/kiem-tra-phieu?p={unknown}")).await.expect(422);
        stranger.opens("/kiem-tra-phieu?p=xin+ch%C3%A0o").await.expect(422);
        says(&stranger, "Nội dung này không phải của một phiếu.");
        // What was typed is still there.
        says(&stranger, "xin chào");
        stranger.opens(&format!("/kiem-tra-phieu?p={forged}")).await.expect(422);
        stranger.opens(&format!("/kiem-tra-phieu?p={forged}")).await.expect(422);
        let slowed = stranger.opens(&format!("/kiem-tra-phieu?p={forged}")).await.expect(429);
        assert_eq!(slowed.header("retry-after"), "5");

        // A file that somebody swaps behind the program's back is told from the paper.
        let db = &town.opened.site.db;
        let swapped = db.upkeep(async |tx: &mut Tx| -> db::Result<u64> {
            tx.change("update dossier_file set sha256 = $1", db::args![db::blobs::Hash::of(b"khac")]).await
        });
        assert_eq!(swapped.await.unwrap(), 1);
        let mut other = town.stranger().from_address([203, 0, 113, 9]);
        other.opens(&slip).await.expect(200);
        says(&other, "không khớp với dữ liệu hiện nay");
        says(&other, "Danh sách tệp không khớp");
    });
}

/// The seed that the earlier release of the story below kept as it was.
const OLD_SEED: [u8; 32] = [42; 32];

/// Puts the key where releases before 0070 had it: open, in its row.
async fn lies_open(town: &Town) -> String {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    let pair = Ed25519KeyPair::from_seed_unchecked(&OLD_SEED).expect("32 bytes");
    let public = pair.public_key().as_ref().to_vec();
    let hash = db::blobs::Hash::of(&public).to_string();
    let (id, now) = (hash[..8].to_string(), town.opened.site.clock.now());
    let row = (id.clone(), hex(&public));
    let back = async move |tx: &mut Tx| -> db::Result<()> {
        tx.change("delete from statement_key", db::args![]).await?;
        tx.change("delete from trust_secret", db::args![]).await?;
        let sql = "insert into statement_key (id, public_hex, secret_hex, made_at) values ($1, $2, $3, $4)";
        tx.change_one(sql, db::args![row.0, row.1, hex(&OLD_SEED), now]).await
    };
    town.opened.site.db.upkeep(back).await.expect("the store answers");
    id
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What is sealed, and for whom.
async fn sealed(town: &Town) -> Vec<(String, String)> {
    let rows = async |tx: &mut Tx| -> db::Result<_> {
        let sql =
            "select s.made_for, k.id from trust_secret s join statement_key k on k.sealed = s.id limit 9";
        tx.list::<(String, String)>(sql, db::args![]).await
    };
    town.opened.site.db.read(rows).await.expect("the store answers")
}

/// A backup of the town: every byte that its tables hold, under this name.
async fn backed_up(town: &Town, folder: &Path) -> db::backup::Taken {
    let site = &town.opened.site;
    let quiet: db::backup::Progress = std::sync::Arc::new(|_, _, _| {});
    let taken = db::backup::take(&site.db, &site.blobs, folder, "test", site.clock.now(), quiet).await;
    taken.expect("the backup is made")
}

/// Whether the seed stands in any file of this folder, as bytes or as text.
fn tells_the_seed(folder: &Path) -> bool {
    let (raw, text) = (OLD_SEED.to_vec(), hex(&OLD_SEED).into_bytes());
    let coded = URL_SAFE_NO_PAD.encode(OLD_SEED).into_bytes();
    std::fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return tells_the_seed(&path);
        }
        let bytes = std::fs::read(&path).expect("the file");
        [&raw, &text, &coded].iter().any(|seed| bytes.windows(seed.len()).any(|w| w == seed.as_slice()))
    })
}

/// The same data after a restart with this release, on two nodes at once.
async fn two_nodes(town: &Town, t: &TestDb) -> Town {
    let (one, other) = tokio::join!(town.second_node(t), town.second_node(t));
    drop(other);
    Town { opened: one, hand: town.hand.clone() }
}

#[test]
fn the_key_that_an_earlier_release_left_open_is_sealed_at_the_first_start_and_signs_on() {
    both(async |t| {
        let old = Town::of(&t).await;
        let id = lies_open(&old).await;
        let backups = tempfile::tempdir().unwrap();
        let before = backed_up(&old, &backups.path().join("before")).await;
        assert!(tells_the_seed(&before.folder), "the story would prove nothing");

        let town = two_nodes(&old, &t).await;
        assert_eq!(sealed(&town).await, [("onestop-statement".to_string(), id.clone())]);
        let after = backed_up(&town, &backups.path().join("after")).await;
        assert!(!tells_the_seed(&after.folder), "a backup alone opens nothing");
        let again = two_nodes(&town, &t).await;
        assert_eq!(sealed(&again).await.len(), 1);

        // The key is the same one, and whoever has the published half believes what it signs now.
        let mut an = again.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        let slip = scanned(&mut an, &code, "slip", backups.path()).await;
        assert_eq!(hex(&URL_SAFE_NO_PAD.decode(text_of(&slip)).unwrap()[1..5]), id);
        openssl_agrees(&mut again.stranger(), &slip, backups.path()).await;

        // Without the installation's secret nothing is signed, and what was signed is checked all the same.
        let secret = t.dir().join("trust.secret");
        let aside = t.dir().join("aside");
        std::fs::rename(&secret, &aside).unwrap();
        let lost = two_nodes(&again, &t).await;
        let other = files_a_birth(&mut lost.token(NEIGHBOUR).await).await;
        let path = format!("/ho-so/{other}/giay/slip");
        lost.token(NEIGHBOUR).await.gets(&path).await.expect(503);
        assert!(!secret.exists(), "a lost secret is not papered over");
        lost.stranger().opens(&slip).await.expect(200);
        std::fs::rename(&aside, &secret).unwrap();
        lost.token(NEIGHBOUR).await.gets(&path).await.expect(200);

        // A backup that was taken before is restored, and its key is sealed at its first start.
        let quiet: db::backup::Progress = std::sync::Arc::new(|_, _, _| {});
        let checked = db::backup::check(&before.folder, &quiet).unwrap();
        let (db, blobs, schema) = crate::upgrade::empty_place(&t, "restored").await;
        let migrations = cuulong::open::migrations();
        db::backup::restore(&db, &blobs, &checked, &migrations, morning(), quiet).await.unwrap();
        let restored = Town::around(db.clone(), blobs, t.dir()).await;
        assert_eq!(sealed(&restored).await, [("onestop-statement".to_string(), id)]);
        drop(restored);
        db.close().await;
        if t.kind() == db::Kind::Sqlite {
            // The very file: nothing of the seed is left in a page that was emptied.
            let file = std::fs::read(t.dir().join("restored.db")).unwrap();
            let seed = hex(&OLD_SEED).into_bytes();
            assert!(!file.windows(seed.len()).any(|w| w == seed.as_slice()));
        }
        if let Some(schema) = schema {
            schema.remove().await;
        }
    });
}
