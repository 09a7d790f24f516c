//! Pictures of signatures and seals: what is taken, what is refused and why, and how a result shows them.

use db::testing::both;
use suite::person::{Answer, Person, Upload};
use suite::town::Town;
use suite::town::people::*;

use super::{PIN, RECORDS, judged_by_others, result, signers_get_certificates, signs};
use crate::{after_result, desk};

/// A picture of one colour with a clear frame, or without one.
pub fn picture(width: u32, height: u32, color: [u8; 3], is_clear: bool) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let is_frame = x < 10 || y < 10 || x >= width - 10 || y >= height - 10;
            pixels.extend(color);
            pixels.push(if is_frame && is_clear { 0 } else { 255 });
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk("Author".into(), "somebody".into()).unwrap();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

pub const BLUE: [u8; 3] = [20, 40, 200];
const RED: [u8; 3] = [210, 20, 20];

pub async fn brings(who: &mut Person, page: &str, filled: &[(&str, &str)], bytes: &[u8]) -> Answer {
    who.opens(page).await.expect(200);
    let file = Upload { field: "tep", file_name: "hinh.png", content_type: "image/png", bytes };
    who.submits_files("Dùng hình này", filled, &[file]).await
}

pub const OWN: &str = "/mot-cua/ky-so/hinh-chu-ky";
const SEALS: &str = "/quan-tri/hinh-con-dau";

#[test]
fn a_picture_is_looked_at_written_anew_and_kept_with_those_before_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        for (bytes, told) in [
            (b"GIF89a".to_vec(), "Tệp không phải hình PNG đọc được."),
            (picture(40, 40, BLUE, true), "Mỗi cạnh của hình phải từ 100 đến 2000 điểm ảnh."),
            (picture(300, 120, RED, true), "Chữ ký phải là mực xanh."),
            (vec![0; 1_048_577], "Hình quá lớn."),
        ] {
            brings(&mut chairman, OWN, &[], &bytes).await.expect(422);
            desk::says(&chairman, told);
        }
        let sent = picture(300, 120, BLUE, true);
        assert!(sent.windows(8).any(|w| w == b"somebody"));
        let answer = brings(&mut chairman, OWN, &[], &sent).await.expect(303);
        chairman.follows(answer).await.expect(200);
        desk::says(&chairman, "Hình mới được dùng từ bây giờ.");
        let page = chairman.opens(OWN).await.expect(200).text();
        let href = page.split("src=\"/mot-cua/ky-so/hinh-chu-ky/").nth(1).expect("it is shown");
        let href = format!("{OWN}/{}", href.split('"').next().expect("an address"));
        let kept = chairman.gets(&href).await.expect(200);
        assert_eq!(kept.header("content-type"), "image/png");
        assert!(!kept.body.windows(8).any(|w| w == b"somebody"), "written anew, without what it carried");
        desk::browser(&town, RECORDS).await.gets(&href).await.expect(404);

        let second = picture(280, 110, BLUE, true);
        brings(&mut chairman, OWN, &[], &second).await.expect(303);
        let page = chairman.opens(OWN).await.expect(200).text();
        assert_eq!(page.matches("<img").count(), 2, "the one before stays: {page}");
        assert!(page.contains("Đã dùng từ"));
        let answer = chairman.submits_files("Bỏ hình đang dùng", &[], &[]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        desk::says(&chairman, "Đã thôi dùng hình.");

        // Seals are the administrators'.
        desk::browser(&town, RECORDS).await.gets(SEALS).await.expect(403);
        let mut keeper = desk::browser(&town, UNIT_ADMIN).await;
        let opaque = picture(200, 200, RED, false);
        brings(&mut keeper, SEALS, &[("width_mm", "")], &opaque).await.expect(422);
        for told in ["Nền của hình con dấu phải trong suốt", "Ghi bề ngang con dấu, từ 20 đến 60 mm."]
        {
            desk::says(&keeper, told);
        }
        let blue = picture(200, 200, BLUE, true);
        brings(&mut keeper, SEALS, &[("width_mm", "36")], &blue).await.expect(422);
        desk::says(&keeper, "Con dấu phải là mực đỏ.");
        brings(&mut keeper, SEALS, &[("width_mm", "36")], &picture(200, 200, RED, true)).await.expect(303);
        keeper.gets(&format!("{SEALS}?don-vi=857-UBND@2018-01-01")).await.expect(404);
        town.audit_book_is_whole().await;
    });
}

/// How many pictures a page of a file has, and where the last two fields are seen.
fn places(file: &[u8]) -> Vec<[f64; 4]> {
    let text = String::from_utf8_lossy(file);
    let mut places = Vec::new();
    for part in text.split("/Rect [").skip(1) {
        let numbers: Vec<f64> = part
            .split(']')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|n| n.parse().ok())
            .collect();
        if let [left, bottom, right, top] = numbers[..] {
            places.push([left, bottom, right, top]);
        }
    }
    places
}

#[test]
fn a_result_shows_the_signature_and_the_seal_over_a_third_of_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        signers_get_certificates(&town).await;
        let signature = picture(360, 120, BLUE, true);
        brings(&mut desk::browser(&town, CHAIRMAN).await, OWN, &[], &signature).await.expect(303);
        let seal = picture(200, 200, RED, true);
        let mut keeper = desk::browser(&town, UNIT_ADMIN).await;
        brings(&mut keeper, SEALS, &[("width_mm", "36")], &seal).await.expect(303);
        let code = after_result::decided(&town, "counter").await;
        for login in [CHAIRMAN, RECORDS] {
            signs(&mut desk::browser(&town, login).await, PIN).await.expect(303);
        }
        let file = result(&town, &code).await;
        judged_by_others(t.dir(), &town, &file).await;

        let path = t.dir().join("shown.pdf");
        std::fs::write(&path, &file).expect("a temporary folder");
        let said = std::process::Command::new("pdftoppm").args(["-r", "72", "-png"]).arg(&path).output();
        assert!(said.expect("poppler-utils is installed").status.success());
        let [.., person, seal] = places(&file)[..] else { panic!("two signatures are seen") };
        let width = person[2] - person[0];
        // The seal is 36 mm wide; what is written below it may be wider, about the same middle.
        let right = (seal[0] + seal[2]) / 2.0 + 18.0 * 72.0 / 25.4;
        let covered = (right - person[0]) / width;
        assert!((covered - 1.0 / 3.0).abs() < 0.02, "the seal covers {covered} of the signature");
        town.delivers().await;
    });
}
