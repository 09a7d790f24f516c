//! Signatures that are seen: where they stand, what is read of them, and that PDF/A stays PDF/A as far as it
//! can be told here.

use super::support::{
    cat, files, folder, judged_by_pyhanko, now, plan, put, said, table, update, with_form, world,
};
use base::{Day, Instant};
use judges::{Way, row};
use pdfsig::appearance::{Appearance, Font, FontFault, Image, ImageFault, PageBox, Rect};
use pdfsig::layout::{Doubt, Ink, Layout, MM, Page, in_force, shown_time};
use pdfsig::{CannotSign, File, Plan, changes, signatures};
use pki::cms;

fn times() -> Font {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../paper/fonts/Tinos_400Regular.ttf");
    Font::new(std::fs::read(path).unwrap()).unwrap()
}

/// A picture: a ring of one colour, nothing beside it.
fn picture(width: u32, height: u32, [red, green, blue]: [u8; 3], kind: png::ColorType) -> Vec<u8> {
    let mut pixels = vec![];
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = (x as f64 / width as f64 - 0.5, y as f64 / height as f64 - 0.5);
            let is_ring = (0.3..0.5).contains(&(dx * dx + dy * dy).sqrt());
            match kind {
                png::ColorType::Rgba => pixels.extend([red, green, blue, if is_ring { 200 } else { 0 }]),
                png::ColorType::Rgb => pixels.extend([red, green, blue]),
                _ => pixels.push(if is_ring { 0 } else { 255 }),
            }
        }
    }
    let mut out = vec![];
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(kind);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    out
}

fn ring(color: [u8; 3]) -> Image {
    Image::png(&picture(120, 60, color, png::ColorType::Rgba)).unwrap()
}

fn layout() -> &'static Layout {
    in_force(Day::new(2026, 3, 2).unwrap()).unwrap()
}

fn page(bytes: &Vec<u8>, index: usize) -> Page {
    let file = File::open(bytes).unwrap();
    Page { index, shown: PageBox::of(&file, index).unwrap().unwrap() }
}

fn signed_as(bytes: &[u8], field: &str, appearance: &Appearance<'_>) -> Vec<u8> {
    cat(bytes, update(bytes, &Plan { appearance: Some(appearance), ..plan(field) }))
}

/// A person, then the agency over it, then the mark of a copy.
fn three(bytes: &Vec<u8>) -> Vec<u8> {
    let (layout, font, page) = (layout(), times(), page(bytes, 0));
    let blue = ring([0, 0, 200]);
    let red = ring([220, 0, 0]);
    let place = layout.personal_place(&blue, Rect::sized(330.0, 200.0, 180.0, 70.0));
    let bytes = signed_as(bytes, "Person", &layout.personal(page, &blue, place));
    let seal = layout.seal_place(place, (36.0, 36.0));
    let at = Instant::parse_rfc3339("2026-03-02T09:15:00+07:00").unwrap();
    let lines = ["Ủy ban nhân dân xã An Thử".to_string(), shown_time(at)];
    let bytes = {
        let appearance = layout.seal(page, &red, seal, &font, &lines);
        let plan = Plan { appearance: Some(&appearance), ..plan("Seal") };
        let chain = [world().ca.certificate.clone()];
        let draft = cms::Draft::new(&world().rsa.certificate, &chain);
        cat(&bytes, pdfsig::sign(&bytes, &plan, &draft, &world().rsa.key, None))
    };
    let lines = ["SAO Y; Sở Nội vụ; đường Nguyễn Huệ, ỷ ỹ ặ ẫ ữ".to_string(), shown_time(at)];
    signed_as(&bytes, "Copy", &layout.mark(page, &font, &lines))
}

#[test]
fn every_word_is_read_again_and_every_judge_accepts() {
    for (name, bytes, _) in files() {
        let signed = three(&bytes);
        let path = put(&format!("visible-{name}.pdf"), &signed);
        let checked = said("qpdf", &["--check", &path]);
        assert!(checked.contains("No syntax or stream encoding errors"), "{name}: {checked}");
        for line in judged_by_pyhanko(&path) {
            assert!(
                line.contains("True True True") && line.ends_with("True True unstamped"),
                "{name}: {line}"
            );
        }
        let text = said("pdftotext", &["-layout", &path, "-"]);
        for words in ["SAO Y; Sở Nội vụ; đường Nguyễn Huệ, ỷ ỹ ặ ẫ ữ", "Ủy ban nhân dân xã An Thử"]
        {
            assert!(text.contains(words), "{name}: {text}");
        }
        assert_eq!(text.matches("2026-03-02T09:15:00+07:00").count(), 2, "{name}: {text}");
        let fonts = said("pdffonts", &[&path]);
        for line in fonts.lines().skip(2) {
            assert!(line.contains("+Tinos") && line.contains("yes yes yes"), "{name}: {line}");
        }
        assert_eq!(fonts.lines().count(), 4, "{name}: {fonts}");
        let file = File::open(&signed).unwrap();
        let found = signatures(&file).unwrap();
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|one| one.check(&file, &[]).is_intact()));
        assert!(!format!("{:?}", changes(&file, &found).unwrap()).contains("Changed"));
    }
    row("pyHanko", Way::Ours, "a visible signature, seal and mark in one file", 3 * files().len());
    row("qpdf", Way::Ours, "a visible signature, seal and mark in one file", files().len());
    row("pdftotext", Way::Ours, "the words of visible signatures read again", files().len());
}

#[test]
fn pictures_stand_where_the_rules_want_them() {
    let bytes = three(&table());
    let path = put("placed.pdf", &bytes);
    let to = folder().join("placed");
    said("pdftoppm", &["-r", "72", "-f", "1", "-l", "1", &path, to.to_str().unwrap()]);
    let drawn = std::fs::read(folder().join("placed-1.ppm")).unwrap();
    let pixels = &drawn[drawn.len() - 596 * 842 * 3..];
    let is =
        |x: usize, y: usize, test: &dyn Fn(&[u8]) -> bool| test(&pixels[((842 - y) * 596 + x) * 3..][..3]);
    let bounds = |test: &dyn Fn(&[u8]) -> bool| {
        let points = (0..596).flat_map(|x| (1..842).map(move |y| (x, y))).filter(|(x, y)| is(*x, *y, test));
        let (xs, ys): (Vec<usize>, Vec<usize>) = points.unzip();
        [xs.iter().min(), xs.iter().max(), ys.iter().min(), ys.iter().max()].map(|one| *one.unwrap() as f64)
    };
    let near = |found: [f64; 4], wanted: [f64; 4]| {
        assert!(
            found.iter().zip(wanted).all(|(one, other)| (one - other).abs() <= 3.0),
            "{found:?} {wanted:?}"
        );
    };
    // The ring fills 140 × 70 points in the middle of the box, from 350 on.
    near(bounds(&|rgb| rgb[2] > rgb[0].saturating_add(60) && rgb[0] < 100), [350.0, 490.0, 200.0, 270.0]);
    // The seal of 36 mm (102 points) ends where a third of the person's picture does, at its middle.
    let right = 350.0 + 140.0 / 3.0;
    let seal = [right - 36.0 * MM, right, 235.0 - 18.0 * MM, 235.0 + 18.0 * MM];
    near(bounds(&|rgb| rgb[0] > rgb[2].saturating_add(60)), seal);
    // The mark is black, at the top right, 8 mm and 15 mm from the edges.
    let mark = bounds(&|rgb| rgb.iter().all(|sample| *sample < 120));
    assert!((mark[1] - (595.28 - 15.0 * MM)).abs() < 3.0, "{mark:?}");
}

#[test]
fn pages_on_their_side_are_signed_upright() {
    for turn in [0, 90, 180, 270] {
        let text = String::from_utf8(table()).unwrap();
        let turned = text.replacen("/Resources<<>>/Contents", &format!("/Rotate {turn}/Contents"), 1);
        let turned = turned.replacen("/Contents 5 0 R", &" ".repeat(3 - turn.to_string().len()), 1);
        let turned = turned.replacen("   >>", ">>", 1);
        let pad = text.len() as i64 - turned.len() as i64;
        assert!(pad >= 0, "{pad}");
        let turned =
            turned.replacen("/Rotate", &format!("{}/Rotate", " ".repeat(pad as usize)), 1).into_bytes();
        let page = page(&turned, 0);
        assert_eq!(page.shown.turn, turn);
        let font = times();
        let lines = ["Bản sao".to_string()];
        let signed = signed_as(&turned, "Copy", &layout().mark(page, &font, &lines));
        let path = put(&format!("turned-{turn}.pdf"), &signed);
        let words = said("pdftotext", &["-bbox", &path, "-"]);
        // Shown, it begins near the right and the top, whichever way the page lies.
        let (width, height) = page.shown.shown();
        let line =
            words.lines().find(|line| line.contains("sao</word>")).unwrap_or_else(|| panic!("{words}"));
        let number = |key: &str| line.split(&format!("{key}=\"")).nth(1).unwrap().split('"').next().unwrap();
        let (right, top) = (number("xMax").parse::<f64>().unwrap(), number("yMin").parse::<f64>().unwrap());
        assert!((right - (width - 15.0 * MM)).abs() < 2.0, "{turn}: {line}");
        assert!((top - 8.0 * MM).abs() < 4.0, "{turn}: {line}");
        assert!(height > 0.0);
    }
}

#[test]
fn a_field_that_is_there_keeps_its_place() {
    let blue = ring([0, 0, 200]);
    let page = page(&with_form(), 0);
    let appearance = layout().personal(page, &blue, Rect::sized(0.0, 0.0, 10.0, 10.0));
    let bytes = super::support::signed(&with_form(), "Sig");
    let bytes = signed_as(&bytes, "approval", &appearance);
    let file = File::open(&bytes).unwrap();
    let found = signatures(&file).unwrap();
    let first = found.iter().find(|one| one.field == "Sig").unwrap();
    assert!(matches!(changes(&file, &found).unwrap().after(first), pdfsig::Later::Allowed(_)));
    let path = put("known-field.pdf", &bytes);
    for line in judged_by_pyhanko(&path) {
        assert!(line.ends_with("True True unstamped"), "{line}");
    }
    let missing = Appearance { page: 7, ..appearance };
    let plan = Plan { appearance: Some(&missing), ..plan("New") };
    assert_eq!(update(&bytes, &plan), Err(CannotSign::NoPage));
}

#[test]
fn pictures_are_taken_with_doubts_said() {
    let take = |color, kind| Image::png(&picture(8, 8, color, kind)).unwrap();
    assert_eq!(Ink::Blue.doubts(&ring([0, 0, 200])), []);
    assert_eq!(Ink::Red.doubts(&ring([0, 0, 200])), [Doubt::NotOfColor(Ink::Red)]);
    let solid = take([200, 0, 0], png::ColorType::Rgb);
    assert_eq!(Ink::Red.doubts(&solid), [Doubt::NotTransparent]);
    let grey = take([0; 3], png::ColorType::Grayscale);
    assert_eq!(Ink::Red.doubts(&grey), [Doubt::NotTransparent, Doubt::NotOfColor(Ink::Red)]);
    assert_eq!(Image::png(b"GIF89a").unwrap_err(), ImageFault::NotPng);
    let wide = picture(3_000, 2_000, [0; 3], png::ColorType::Grayscale);
    assert_eq!(Image::png(&wide).unwrap_err(), ImageFault::TooBig);
}

#[test]
fn fonts_say_what_they_lack() {
    assert_eq!(times().missing("Ủy ban nhân dân tỉnh; ƯỚC, Đường 12"), None);
    assert_eq!(times().missing("ký 签"), Some('签'));
    assert_eq!(Font::new(b"OTTO".to_vec()).unwrap_err(), FontFault::NotTrueType);
    assert!(in_force(Day::new(2019, 1, 1).unwrap()).is_none());
    assert_eq!(shown_time(now()).len(), "2026-03-02T09:15:00+07:00".len());
}
