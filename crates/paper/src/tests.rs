//! Papers judged from outside: what a reader copies, what a scanner reads, what PDF/A demands.

mod fixtures;
mod tools;

use fixtures::*;
use tools::{check_pdfa, extent, page_mm, page_text, save, scan, text};

use crate::*;

/// Every sentence is in `text`, letter by letter.
fn says(text: &str, wanted: &[&str]) {
    for sentence in wanted {
        assert!(text.contains(sentence), "not found: {sentence}\nin: {text}");
    }
}

#[test]
fn every_paper_keeps_the_rules_of_pdf_a() {
    for (name, pdf) in all() {
        let path = save(name, &pdf);
        check_pdfa(&path);
        let a5 = name.starts_with('0');
        assert_eq!(page_mm(&path), if a5 { (148, 210) } else { (210, 297) }, "{name}");
        for page in 1..=pdf.pages {
            says(&page_text(&path, page), &["BẢN TRÌNH DIỄN – không có giá trị pháp lý"]);
        }
        // A report of a machine is no letter of an agency.
        if name != "validation" {
            let head = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"];
            says(&page_text(&path, 1), &head);
        }
        assert!(base::text::nfc(&text(&path)) == text(&path), "{name} is not NFC");
    }
}

#[test]
fn form_01_says_all_its_fields() {
    let pdf = receipt(&a_receipt(), now()).unwrap();
    let path = save("form-01", &pdf);
    assert_eq!(pdf.pages, 2, "one page and the annex");
    says(
        &page_text(&path, 1),
        &[
            "ỦY BAN NHÂN DÂN XÃ CÙ LAO SEN",
            "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG",
            "Số: 0011/TNHS",
            "Cù Lao Sen, ngày 19 tháng 11 năm 2026",
            "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
            "Mã hồ sơ: H99.07-261119-0011",
            "Tiếp nhận hồ sơ của: Bà Đặng Thị Ngọc Ẵm",
            "Địa chỉ: Số 48/7, ấp Phú Mỹ, xã Cù Lao Sen",
            "Số định danh cá nhân: 086190000123 Số điện thoại: 0909 000 123 Email: ngoc.am@example.vn",
            "Chủ hồ sơ: Hợp tác xã Nông nghiệp Hữu Kỵ",
            "Mã số thuế/mã số doanh nghiệp: 1500000018",
            "Nội dung yêu cầu giải quyết: Cấp giấy phép xây dựng mới công trình cấp III, IV và nhà ở \
             riêng lẻ",
            "Đối chiếu Cơ sở dữ liệu quốc gia về đất đai",
            "Số lượng hồ sơ: 2 bộ.",
            "Thời gian giải quyết hồ sơ theo quy định là: 20 ngày.",
            "Thời gian nhận hồ sơ: 14 giờ 10 phút, ngày 19 tháng 11 năm 2026.",
            "11 giờ 30 phút, thứ Tư, ngày 09 tháng 12 năm 2026.",
            "Nhận kết quả trực tiếp tại: Quầy số 3, Trung tâm Phục vụ hành chính công.",
            "Phí, lệ phí: 75.000 đồng (đã nộp; chuyển khoản; biên lai số 0004817).",
            "Vào Sổ theo dõi hồ sơ, quyển số: 02/2026, số thứ tự: 1148.",
            "NGƯỜI NỘP HỒ SƠ",
            "NGƯỜI TIẾP NHẬN HỒ SƠ",
            "Lữ Thụy Vỹ",
        ],
    );
    let annex = page_text(&path, 2);
    says(
        &annex,
        &[
            "PHỤ LỤC",
            "Bản vẽ mặt bằng tầng trệt.pdf",
            "6,2 MB",
            "(6.184.338 byte)",
            "Tổng cộng: 3 tệp, 7,6 MB.",
        ],
    );
    for file in a_receipt().files {
        says(&annex, &[&file.sha256]);
    }
}

#[test]
fn a_scanner_reads_the_code_and_the_address() {
    let expected = [format!("CODE-128:{CODE}"), format!("QR-Code:{URL}")];
    assert_eq!(scan(&save("scan-01", &receipt(&a_receipt(), now()).unwrap())), expected);
    assert_eq!(scan(&save("scan-slip", &slip(&a_slip(), now()).unwrap())), expected);

    let long = "000.17.22.H56-210531-00001";
    let paper = Receipt { code: long.into(), ..a_receipt() };
    let read = scan(&save("scan-long", &receipt(&paper, now()).unwrap()));
    assert_eq!(read[0], format!("CODE-128:{long}"));

    let asked = save("scan-02", &supplement_request(&a_supplement_request(), now()).unwrap());
    assert_eq!(scan(&asked), expected[..1]);
}

#[test]
fn a_form_bears_the_number_and_title_of_its_frame() {
    let old = Apology {
        form: form("04", "Phiếu xin lỗi và hẹn lại ngày trả kết quả"), ..an_apology()
    };
    let new = Apology { form: form("04", "Văn bản xin lỗi và đề nghị gia hạn"), ..an_apology() };
    let told = |name: &str, paper: &Apology| text(&save(name, &apology(paper, now()).unwrap()));
    let (old, new) = (told("form-04-old", &old), told("form-04-new", &new));
    says(&old, &["Mẫu số 04", "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ"]);
    says(&new, &["Mẫu số 04", "VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN"]);
    assert!(!new.contains("HẸN LẠI NGÀY TRẢ KẾT QUẢ"), "{new}");
    let slip = ControlSlip {
        form: form("05", "Phiếu kiểm soát quá trình giải quyết hồ sơ"),
        ..a_control_slip()
    };
    says(&text(&save("form-05-old", &control_slip(&slip, now()).unwrap())), &["Mẫu số 05"]);
}

#[test]
fn the_receipt_for_money_says_what_was_paid_by_whom_and_why() {
    let path = save("money", &money_receipt(&a_money_receipt(), now()).unwrap());
    says(
        &text(&path),
        &[
            "Số: 0000042/2026",
            "BIÊN LAI THU PHÍ, LỆ PHÍ",
            "Họ tên, tổ chức nộp tiền: Đặng Thị Ngọc Ẵm",
            "2 giấy phép",
            "150.000 đồng",
            "Miễn, giảm 50%: người thuộc hộ nghèo",
            "Bằng chữ: Bảy mươi lăm nghìn đồng.",
            "Hình thức thanh toán: tiền mặt",
            "14 giờ 10 phút, ngày 19 tháng 11 năm 2026",
            "Lâm Tấn Kiệt",
        ],
    );
    assert_eq!(scan(&path), [format!("CODE-128:{CODE}")]);
    assert!(!text(&path).contains("ĐÃ HỦY"));
    let void = MoneyReceipt { void_reason: some("Ghi sai tên người nộp."), ..a_money_receipt() };
    let path = save("money-void", &money_receipt(&void, now()).unwrap());
    says(&text(&path), &["ĐÃ HỦY", "Lý do hủy: Ghi sai tên người nộp."]);
}

#[test]
fn amounts_are_written_out_in_words() {
    let table = [
        (8_000, "Tám nghìn đồng."),
        (37_500, "Ba mươi bảy nghìn năm trăm đồng."),
        (105, "Một trăm lẻ năm đồng."),
        (110_015, "Một trăm mười nghìn không trăm mười lăm đồng."),
        (1_000_001, "Một triệu không trăm lẻ một đồng."),
        (21_071_304, "Hai mươi mốt triệu không trăm bảy mươi mốt nghìn ba trăm lẻ bốn đồng."),
        (2_000_000_000, "Hai tỷ đồng."),
        (1_234_000_000_005, "Một nghìn hai trăm ba mươi bốn tỷ không trăm lẻ năm đồng."),
    ];
    for (amount, words) in table {
        let paper = MoneyReceipt { amount: base::Dong::new(amount).unwrap(), ..a_money_receipt() };
        let path = save("money-words", &money_receipt(&paper, now()).unwrap());
        says(&text(&path), &[&format!("Bằng chữ: {words}")]);
    }
}

#[test]
fn the_slip_proves_each_file_and_is_not_form_01() {
    let path = save("slip-words", &slip(&a_slip(), now()).unwrap());
    let all = text(&path);
    says(
        &all,
        &[
            "PHIẾU XÁC NHẬN ĐÃ NỘP HỒ SƠ",
            "không thay Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
            "Thời điểm nộp: 09 giờ 52 phút, ngày 19 tháng 11 năm 2026",
            "chậm nhất lúc: 09 giờ 52 phút, thứ Sáu, ngày 20 tháng 11 năm 2026.",
            "(mã số 1.013225)",
            "Hệ thống đã nhận đầy đủ 3 tệp sau đây:",
            "don-de-nghi.pdf",
            "184 kB",
        ],
    );
    for file in a_slip().files {
        says(&all, &[&file.sha256]);
    }
}

#[test]
fn the_report_on_signatures_says_what_is_wrong_and_what_to_do() {
    let path = save("validation-words", &validation(&a_validation(), now()).unwrap());
    says(
        &text(&path),
        &[
            "BÁO CÁO KIỂM TRA CHỮ KÝ SỐ",
            "Kết luận: Chữ ký không hợp lệ.",
            "TOTAL-FAILED / HASH_FAILURE",
            "Nội dung đã bị sửa sau khi ký. Xin lại bản gốc từ nơi gửi và kiểm tra lại.",
        ],
    );
}

#[test]
fn forms_02_03_and_04_say_what_the_citizen_must_know() {
    let asked = save("words-02", &supplement_request(&a_supplement_request(), now()).unwrap());
    says(
        &text(&asked),
        &[
            "Số: 03/HDHS",
            "Cù Lao Sen, ngày 05 tháng 02 năm 2026",
            "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
            "Bản vẽ chưa thể hiện móng theo mẫu. Người nộp không phải chủ hộ.",
            "chậm nhất thứ Sáu, ngày 06 tháng 3 năm 2026.",
            "Bà liên hệ với ông Lữ Thụy Vỹ, số điện thoại 0270 000 0000",
            "NGƯỜI HƯỚNG DẪN",
        ],
    );
    let refused = save("words-03", &refusal(&a_refusal(), now()).unwrap());
    says(
        &text(&refused),
        &[
            "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
            "Công trình thuộc thẩm quyền cấp giấy phép của Sở Xây dựng.",
            "Căn cứ: Điều 103 Luật Xây dựng số 50/2014/QH13.",
            "Bà có quyền khiếu nại đến Chủ tịch Ủy ban nhân dân xã Cù Lao Sen theo Luật Khiếu nại",
        ],
    );
    let sorry = save("words-04", &apology(&an_apology(), now()).unwrap());
    says(
        &text(&sorry),
        &[
            "Số: 02/PXL",
            "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ",
            "nhà ở riêng lẻ; mã hồ sơ: H99.07-261119-0011.",
            "hẹn trả kết quả giải quyết hồ sơ: 11 giờ 30 phút, thứ Tư, ngày 09 tháng 12 năm 2026.",
            "sẽ trả kết quả vào 16 giờ 30 phút, thứ Hai, ngày 14 tháng 12 năm 2026.",
            "- Như trên; - Trung tâm Phục vụ hành chính công; - Lưu: VT.",
            "TRƯỞNG PHÒNG",
        ],
    );
}

#[test]
fn the_notice_of_stopping_says_why_and_what_becomes_of_papers_and_fees() {
    let stopped = save("words-05", &stop_notice(&a_stop_notice(), now()).unwrap());
    says(
        &text(&stopped),
        &[
            "Mẫu số 05",
            "THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ",
            "Số: 04",
            "Mã hồ sơ: H99.07-261119-0011",
            "Quá thời hạn bổ sung mà không có trả lời.",
            "Căn cứ: Điều 103 Luật Xây dựng số 50/2014/QH13.",
            "Giấy tờ đã nộp: Bản giấy đã nộp được trả lại tại quầy số 3.",
            "Phí, lệ phí: Chưa thu phí, lệ phí.",
            "khiếu nại đến Chủ tịch Ủy ban nhân dân xã Cù Lao Sen",
            "Phan Thị Mỹ Hạnh",
        ],
    );
}

#[test]
fn the_control_slip_tells_every_hand_over() {
    let slip = save("words-06", &control_slip(&a_control_slip(), now()).unwrap());
    says(
        &text(&slip),
        &[
            "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
            "Hẹn trả kết quả: 11 giờ 30 phút, thứ Tư, ngày 09 tháng 12 năm 2026.",
            "1. Giao: Trung tâm Phục vụ",
            "2. Nhận: Phòng Kinh tế,",
            "14 giờ 20 phút,",
            "Trước hạn",
            "Quá hạn",
            "Nước lên.",
            "Xác nhận: Lữ Thụy Vỹ",
            "xác nhận điện tử thay chữ ký giao, nhận.",
        ],
    );
}

#[test]
fn the_four_results_say_what_they_grant() {
    let words = |name: &str, paper: ResultPaper| text(&save(name, &result(&paper, now()).unwrap()));
    says(
        &words("words-birth", birth_certificate()),
        &[
            "GIẤY KHAI SINH Số: 15/2026; quyển số: 01/2026",
            "Họ, chữ đệm, tên: LỮ NGỌC QUỲNH NHƯ",
            "Ngày, tháng, năm sinh: 05/11/2026",
            "Ghi bằng chữ: Ngày năm, tháng mười một, năm hai nghìn không trăm hai mươi sáu",
            "Họ, chữ đệm, tên người mẹ: ĐẶNG THỊ NGỌC ẴM",
            "Họ, chữ đệm, tên người cha: LỮ THỤY VỸ",
            "Nơi đăng ký khai sinh: Ủy ban nhân dân xã Cù Lao Sen",
            "NGƯỜI KÝ GIẤY KHAI SINH TM. ỦY BAN NHÂN DÂN CHỦ TỊCH Nguyễn Hữu Phước",
        ],
    );
    says(
        &words("words-copy", certified_copy()),
        &[
            "Bằng tốt nghiệp đại học, số QC 001234, do Trường Đại học Cửu Long cấp ngày 01 tháng 7 năm 2019.",
            "Chứng thực bản sao đúng với bản chính Số chứng thực: 1204; quyển số: 05/2026-SCT/BS Ngày 03 \
             tháng 12 năm 2026",
            "KT. CHỦ TỊCH PHÓ CHỦ TỊCH Võ Thị Kim Yến",
        ],
    );
    says(
        &words("words-permit", building_permit()),
        &[
            "Số: 15/GPXD",
            "1. Cấp cho: Bà Đặng Thị Ngọc Ẵm.",
            "- Do: Công ty TNHH Kiến trúc Bông Sen lập.",
            "+ Tổng diện tích sàn: 168,0 m².",
            "4. Ghi nhận: chủ đầu tư cam kết không lấn hành lang rạch.",
            "5. Giấy phép có hiệu lực khởi công xây dựng trong thời hạn 12 tháng kể từ ngày cấp",
            "CHỦ ĐẦU TƯ PHẢI THỰC HIỆN CÁC NỘI DUNG SAU ĐÂY",
        ],
    );
    says(
        &words("words-decision", decision()),
        &[
            "QUYẾT ĐỊNH Về việc hỗ trợ hộ nghèo sửa chữa nhà ở sau bão CHỦ TỊCH ỦY BAN NHÂN DÂN XÃ CÙ LAO \
             SEN",
            "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025; Căn cứ đề nghị",
            "QUYẾT ĐỊNH: Điều 1. Hỗ trợ bà Đặng Thị Ngọc Ẵm số tiền 20.000.000 đồng",
            "chịu trách nhiệm thi hành Quyết định này./.",
            "- Như Điều 3; - Lưu: VT.",
        ],
    );
    says(
        &words("words-negative", negative_letter()),
        &[
            "Số: 128/UBND-KT V/v không đủ điều kiện cấp giấy phép xây dựng",
            "Kính gửi: Bà Đặng Thị Ngọc Ẵm",
            "- Căn cứ từ chối: Điều 93 Luật Xây dựng số 50/2014/QH13",
            "có quyền khiếu nại đến Chủ tịch Ủy ban nhân dân xã Cù Lao Sen",
        ],
    );
}

/// Each template of fixed fields, all filled: every value is on the sheet. With the required ones alone no
/// label stands without its value.
#[test]
fn every_result_prints_each_of_its_fields_and_nothing_for_an_absent_one() {
    // A certificate of marital status speaks of one person; the side of who filed only orders the columns.
    let unsaid = |template: &str, key: &str| match template {
        "marriage-certificate" => key == "filed_by",
        "marital-status" => ["principal_name", "principal_number", "requester_number"].contains(&key),
        _ => false,
    };
    for template in result_templates().iter().filter(|t| !t.open && t.name != "building-permit") {
        let value = |key: &str| match template.days.contains(&key) {
            true => "2026-11-05".to_string(),
            false => format!("Của {}", key.replace('_', "·")),
        };
        let shown = |key: &str| match template.days.contains(&key) {
            true => "05/11/2026".to_string(),
            false => value(key).to_lowercase(),
        };
        let paper = |keys: &[&str]| ResultPaper {
            template: template.name.into(),
            fields: keys.iter().map(|k| Field { key: (*k).into(), value: value(k) }).collect(),
            ..birth_certificate()
        };
        let every: Vec<&str> = template.required.iter().chain(template.optional).copied().collect();
        let all = text(&save("every-field", &result(&paper(&every), now()).unwrap())).to_lowercase();
        for key in every.iter().filter(|key| !unsaid(template.name, key)) {
            let (plain, long) = (shown(key), "ngày 05 tháng 11 năm 2026");
            let said = all.contains(&plain) || template.days.contains(key) && all.contains(long);
            assert!(said, "{}: {key} is not in {all}", template.name);
        }
        let few = text(&save("few-fields", &result(&paper(template.required), now()).unwrap()));
        // A certificate of birth has dotted lines for what is written in by hand.
        assert!(template.name == "birth-certificate" || !few.contains(": ."), "{}: {few}", template.name);
    }
}

#[test]
fn days_in_words() {
    let table = [
        ("2001-01-21", "Ngày hai mươi mốt, tháng một, năm hai nghìn không trăm lẻ một"),
        ("1995-04-15", "Ngày mười lăm, tháng tư, năm một nghìn chín trăm chín mươi lăm"),
        ("2010-10-10", "Ngày mười, tháng mười, năm hai nghìn không trăm mười"),
        ("2100-02-24", "Ngày hai mươi bốn, tháng hai, năm hai nghìn một trăm"),
        ("2000-12-31", "Ngày ba mươi mốt, tháng mười hai, năm hai nghìn"),
    ];
    for (day, words) in table {
        let mut paper = birth_certificate();
        paper.fields[1].value = day.into();
        says(&text(&save("days", &result(&paper, now()).unwrap())), &[words]);
    }
}

/// How often `wanted` is printed, wherever its lines break; pdftotext drops a hyphen at the end of a line.
fn count(path: &std::path::Path, wanted: &str) -> usize {
    let squeeze = |s: &str| s.replace([' ', '-'], "");
    squeeze(&text(path)).matches(&squeeze(wanted)).count()
}

/// Text that is code in Typst, PDF, JSON, HTML or SQL.
const HOSTILE: &str = "-- #panic(\"x\") $ * _ `a` @b <c> [d] {e} \\f // g /* h */ ~ ''; = i \
 #read(\"/etc/passwd\") 1. k (\\) %PDF &amp; 'l'";

#[test]
fn text_from_people_is_printed_and_never_run() {
    let hostile = || HOSTILE.to_owned();
    let party = Party {
        name: hostile(),
        address: some(HOSTILE),
        phone: some(HOSTILE),
        email: some(HOSTILE),
        ..applicant()
    };
    let paper = Receipt {
        applicant: party.clone(),
        request: hostile(),
        components: vec![Component { note: some(HOSTILE), ..component(HOSTILE, 1, 0, 0, 0) }],
        notes: vec![hostile()],
        receiver: hostile(),
        files: vec![file(0, HOSTILE)],
        ..a_receipt()
    };
    let path = save("hostile-01", &receipt(&paper, now()).unwrap());
    check_pdfa(&path);
    assert_eq!(count(&path, HOSTILE), 9, "{}", text(&path));

    let paper = Refusal { applicant: party, reason: hostile(), complain_to: hostile(), ..a_refusal() };
    assert_eq!(count(&save("hostile-03", &refusal(&paper, now()).unwrap()), HOSTILE), 6);

    let paper = ResultPaper {
        subject: some(HOSTILE),
        body: vec![hostile(), format!("Điều 1. {HOSTILE}")],
        fields: fields(&[(HOSTILE, HOSTILE)]),
        legal_basis: vec![hostile()],
        recipients: vec![hostile()],
        ..decision()
    };
    assert_eq!(count(&save("hostile-letter", &result(&paper, now()).unwrap()), HOSTILE), 7);
}

#[test]
fn letters_of_every_alphabet_are_shown_or_named() {
    let names = [
        ("ẶT ẴM ỮU LỴ đi ĐÔ tặng ẵm hữu kỵ 5₫", "ẶT ẴM ỮU LỴ đi ĐÔ tặng ẵm hữu kỵ 5₫"),
        ("office fi fl ffi", "office fi fl ffi"),
        ("ảnh 😀.jpg", "ảnh [U+1F600].jpg"),
        ("Tho\u{323}", "Thọ"),
        ("a\u{202e}gpj.exe", "agpj.exe"),
    ];
    let files = names.iter().enumerate().map(|(i, (name, _))| file(i, name)).collect();
    let path = save("alphabets", &slip(&ProofSlip { files, ..a_slip() }, now()).unwrap());
    check_pdfa(&path);
    for (_, shown) in names {
        says(&text(&path), &[shown]);
    }
}

#[test]
fn thirty_files_and_words_without_end_stay_on_the_sheet() {
    let endless = "Bản_vẽ_".repeat(36);
    let name = format!("{} {}", "Công Tằng Tôn Nữ".repeat(12), "Ẵ".repeat(200));
    let files: Vec<_> = (0..30).map(|i| file(i, &format!("{endless}{i}.pdf"))).collect();
    let party = Party { name: name.clone(), address: some(&endless), email: some(&endless), ..applicant() };

    let paper =
        Receipt { applicant: party.clone(), files: files.clone(), request: endless.clone(), ..a_receipt() };
    let form = receipt(&paper, now()).unwrap();
    let proof = slip(&ProofSlip { applicant: party, files: files.clone(), ..a_slip() }, now()).unwrap();
    for (file_name, pdf) in [("long-01", form), ("long-slip", proof)] {
        assert!((3..20).contains(&pdf.pages), "{} pages", pdf.pages);
        let path = save(file_name, &pdf);
        let (right, low) = extent(&path);
        assert!(right < 0.93 && low < 0.98, "{file_name}: text reaches {right:.3}, {low:.3} of the page");
        let together = text(&path).replace(' ', "");
        for file in &files {
            says(&together, &[&file.name, &file.sha256]);
        }
        says(&together, &[&name.replace(' ', "")]);
    }
}

/// Nobody of whom more is known than the name.
fn bare_party() -> Party {
    Party {
        salutation: Salutation::Unknown,
        name: "Lữ Thụy Vỹ".into(),
        address: None,
        phone: None,
        email: some(""),
        identity: None,
    }
}

fn bare_office() -> Office {
    Office { above: None, phone: None, website: None, demo: false, ..office() }
}

#[test]
fn absent_fields_leave_no_trace_on_form_01() {
    let paper = Receipt {
        office: bare_office(),
        number: None,
        applicant: bare_party(),
        owner: None,
        components: vec![],
        due_at: None,
        delivery: Delivery { way: DeliveryWay::Online, place: None },
        fee: None,
        register: None,
        notes: vec![],
        submitter: None,
        files: vec![],
        ..a_receipt()
    };
    let pdf = receipt(&paper, now()).unwrap();
    assert_eq!(pdf.pages, 1);
    let path = save("bare-01", &pdf);
    let all = text(&path);
    says(
        &all,
        &["của: Ông/Bà Lữ Thụy Vỹ", "Số: ……../TNHS", "không quy định thời hạn.", "Nhận kết quả trực tuyến."],
    );
    for absent in
        ["Email", "Số điện thoại", "Địa chỉ", "Chủ hồ sơ", "Phí", "quyển số", "PHỤ LỤC", "TRÌNH DIỄN", "none"]
    {
        assert!(!all.contains(absent), "{absent} in {all}");
    }
}

#[test]
fn absent_fields_leave_no_trace_elsewhere() {
    let paper = Refusal {
        office: bare_office(),
        code: None,
        number: None,
        legal_basis: vec![],
        contact_name: None,
        submitter: None,
        applicant: bare_party(),
        ..a_refusal()
    };
    let all = text(&save("bare-03", &refusal(&paper, now()).unwrap()));
    assert!(!all.contains("Mã hồ sơ") && !all.contains("Căn cứ") && !all.contains("none"), "{all}");

    let paper = SupplementRequest {
        office: bare_office(),
        items: vec![],
        answer_by: None,
        contact_name: None,
        contact_phone: None,
        count: 2,
        ..a_supplement_request()
    };
    let all = text(&save("bare-02", &supplement_request(&paper, now()).unwrap()));
    says(&all, &["(Lần thứ 2)", "liên hệ bộ phận tiếp nhận để được hướng dẫn./."]);

    let mut paper = birth_certificate();
    paper.fields.truncate(5);
    paper.fields.push(Field { key: "birth_place".into(), value: "Cù Lao Sen".into() });
    let all = text(&save("bare-birth", &result(&paper, now()).unwrap()));
    says(&all, &["Họ, chữ đệm, tên người cha: ....", "Ngày, tháng, năm đăng ký: 03/12/2026"]);

    let empty = ProofSlip { files: vec![], office: bare_office(), applicant: bare_party(), ..a_slip() };
    says(&text(&save("bare-slip", &slip(&empty, now()).unwrap())), &["Hồ sơ không kèm tệp điện tử."]);
}

#[test]
fn a_result_with_wrong_fields_is_refused_before_it_is_set() {
    let error = |change: fn(&mut ResultPaper)| {
        let mut paper = birth_certificate();
        change(&mut paper);
        result(&paper, now()).unwrap_err().to_string()
    };
    assert_eq!(
        error(|p| p.template = "marriage".into()),
        "no paper template \"marriage\"; there are birth-certificate, certified-copy, building-permit, \
         marriage-certificate, death-extract, civil-status-extract, marital-status, certified-signature, \
         residence-notice, household-business, mediation-minutes, poverty-decision, interlinked-notice, \
         decision-letter"
    );
    assert_eq!(
        error(|p| p.template = "../house".into()).split(';').next(),
        Some("no paper template \"../house\"")
    );
    assert_eq!(error(|p| p.fields[0].value = " ".into()), "birth-certificate lacks child_name");
    assert_eq!(
        error(|p| p.fields[1].value = "05/11/2026".into()),
        "child_birth_date is not a day YYYY-MM-DD: \"05/11/2026\""
    );
    assert!(
        error(|p| p.fields[8].key = "mother".into())
            .starts_with("birth-certificate does not print mother; it prints")
    );
    assert_eq!(error(|p| p.body = vec!["x".repeat(4001)]), "body[0] has 4001 characters, at most 4000 fit");
    assert_eq!(
        error(|p| p.recipients = vec!["x".into(); 201]),
        "recipients has 201 entries, at most 200 fit"
    );
    let paper = Receipt { code: "Đ 1".into(), ..a_receipt() };
    assert_eq!(receipt(&paper, now()), Err(RenderError::BadCode("Đ 1".into())));
}

#[test]
fn the_place_of_the_signature_is_told_and_is_free() {
    let mut papers = vec![("apology", apology(&an_apology(), now()).unwrap())];
    for (name, paper) in
        [("birth", birth_certificate()), ("permit", building_permit()), ("decision", decision())]
    {
        papers.push((name, result(&paper, now()).unwrap()));
    }
    for (name, pdf) in &papers {
        let path = save(&format!("signed-{name}"), pdf);
        let at = pdf.sign_here.unwrap_or_else(|| panic!("{name} is signed by an official"));
        let words = tools::words_on(&path, at.page);
        let inside = |w: &&tools::Word| {
            (w.middle - at.centre_pt).abs() < 50.0
                && w.top < at.top_pt - 1.0
                && w.bottom > at.top_pt - at.room_pt
        };
        assert_eq!(words.iter().filter(inside).count(), 0, "{name}: {at:?}");
        let close = |w: &&tools::Word| {
            (w.middle - at.centre_pt).abs() < 80.0 && (at.top_pt - at.room_pt - w.top).abs() < 20.0
        };
        let below: Vec<&str> = words.iter().filter(close).map(|w| w.text.as_str()).collect();
        assert!(!below.is_empty(), "{name}: the signer's name stands below {at:?}");
    }
    assert!(receipt(&a_receipt(), now()).unwrap().sign_here.is_none(), "two people sign a receipt");
}

#[test]
fn the_same_data_and_instant_give_the_same_bytes() {
    let (first, second) = (a_receipt(), a_receipt());
    assert!(receipt(&first, now()).unwrap().bytes == receipt(&second, now()).unwrap().bytes);
    assert!(
        receipt(&first, now()).unwrap().bytes
            != receipt(&first, at("2026-11-19T14:10:23+07:00")).unwrap().bytes
    );
}

#[test]
fn data_survives_a_queue_as_json() {
    let paper = a_receipt();
    let again: Receipt = serde_json::from_str(&serde_json::to_string(&paper).unwrap()).unwrap();
    assert!(receipt(&paper, now()) == receipt(&again, now()));
}

/// A register of `n` dossiers, every third of them returned and every fifth late.
fn a_register(n: usize) -> RegisterBook {
    let day = base::Day::parse("2026-08-31").unwrap();
    let row = |i: usize| RegisterRow {
        code: format!("H99.07-260819-{i:04}"),
        procedure: "Đăng ký khai sinh".into(),
        sets: 1,
        person: "Đặng Thị Ngọc Ẵm".into(),
        contact: "Số 48/7, ấp Phú Mỹ, xã Cù Lao Sen; 0909 000 123".into(),
        agency: "Ủy ban nhân dân xã Cù Lao Sen".into(),
        received: Some(now()),
        promised: Some(now()),
        sent: Some(now()),
        back: None,
        returned: i.is_multiple_of(3).then(now),
        channel: "Trực tuyến".into(),
        note: String::new(),
        marks: [(3, "returned"), (5, "late")]
            .into_iter()
            .filter(|(by, _)| i.is_multiple_of(*by))
            .map(|(_, mark)| mark.to_string())
            .collect(),
    };
    let (from, to) = (base::Day::parse("2026-08-01").unwrap(), day);
    let rows = (1..=n).map(row).collect();
    let office = a_receipt().office;
    RegisterBook { office, form: None, date: day, from, to, maker: "Nguyễn Hoài Linh".into(), rows }
}

#[test]
fn the_register_lies_on_its_side_and_every_page_says_its_totals() {
    let pdf = register(&a_register(60), now()).unwrap();
    let path = save("register", &pdf);
    check_pdfa(&path);
    assert_eq!(page_mm(&path), (297, 210));
    assert!(pdf.pages > 1, "{} pages", pdf.pages);
    let number = |text: &str, before: &str| -> usize {
        let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("no {before:?} in {text}"));
        rest.trim_start().split(' ').next().unwrap().parse().unwrap()
    };
    let mut sum = 0;
    for page in 1..=pdf.pages {
        let text = page_text(&path, page);
        sum += number(&text, "Cộng trang này:");
        assert_eq!(number(&text, "Cộng từ đầu sổ:"), sum, "page {page}");
    }
    assert_eq!(sum, 60);
    let last = page_text(&path, pdf.pages);
    says(&last, &["Cộng toàn sổ: 60 hồ sơ; đã trả kết quả 20; quá hạn 12."]);
    assert!(matches!(register(&a_register(ROWS_MAX + 1), now()), Err(RenderError::TooMany { .. })));
}

#[test]
fn a_hand_over_list_names_every_paper_and_has_room_for_two_signatures() {
    let row = |i: u32, received: &str| HandoverRow {
        code: "H99.07-260819-0001".into(),
        person: "Đặng Thị Ngọc Ẵm".into(),
        paper: "Giấy chứng nhận quyền sử dụng đất".into(),
        form: "Bản chính".into(),
        count: i,
        received: received.into(),
    };
    let list = HandoverList {
        office: a_receipt().office,
        number: "07".into(),
        date: base::Day::parse("2026-08-20").unwrap(),
        giver_unit: "Bộ phận Một cửa".into(),
        taker_unit: "Bộ phận Địa chính".into(),
        giver: "Nguyễn Hoài Linh".into(),
        taker: None,
        rows: vec![row(1, ""), row(2, "Thiếu")],
    };
    let path = save("handover-list", &handover_list(&list, now()).unwrap());
    check_pdfa(&path);
    says(
        &text(&path),
        &[
            "DANH SÁCH BÀN GIAO GIẤY TỜ",
            "Bộ phận Địa chính",
            "Cộng: 2 dòng, 3 bản.",
            "NGƯỜI GIAO",
            "NGƯỜI NHẬN",
        ],
    );
}
