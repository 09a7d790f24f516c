//! People and papers of an invented commune.

use base::{Day, Dong, Instant};

use crate::*;

pub const CODE: &str = "H99.07-261119-0011";
/// As long as the signed statements that the papers of a province carry.
pub const URL: &str = "https://dichvucong.vinhlong.example.vn/kiem-tra-phieu?p=\
    Af6BLBIBAGqGbbAAaoe_MAACDPaRAWm8PUxRv6FSk5l0YAr7PNnoNQkmNdzk\
    na3BBukSSDYxLjEyLTI2MDgyMC0wMDAxM7LWtwo1lVnUp56QZKtumXrDQhbj\
    PF3SIhBHRg1zcAUaToJn5UrUwWutQnPGfmiYiNS72-pB-nSgMIort203AA";

pub fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

pub fn now() -> Instant {
    at("2026-11-19T14:10:22+07:00")
}

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub fn office() -> Office {
    Office {
        above: some("Ủy ban nhân dân xã Cù Lao Sen"),
        name: "Trung tâm Phục vụ hành chính công".into(),
        place: "Cù Lao Sen".into(),
        phone: some("1022"),
        website: some("https://dichvucong.example.vn"),
        demo: true,
    }
}

pub fn applicant() -> Party {
    Party {
        salutation: Salutation::Ms,
        name: "Đặng Thị Ngọc Ẵm".into(),
        address: some("Số 48/7, ấp Phú Mỹ, xã Cù Lao Sen"),
        phone: some("0909 000 123"),
        email: some("ngoc.am@example.vn"),
        identity: some("086190000123"),
    }
}

pub fn component(name: &str, originals: u32, certified: u32, photocopies: u32, electronic: u32) -> Component {
    Component { name: name.into(), originals, certified, photocopies, electronic, note: None }
}

/// 64 digits that look like a hash and are different for each `i`.
pub fn hash(i: usize) -> String {
    let mut x = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(i as u64 + 1);
    let mut next = || {
        x ^= x >> 27;
        x = x.wrapping_mul(0x94d0_49bb_1331_11eb) ^ (x >> 31);
        format!("{x:016x}")
    };
    [next(), next(), next(), next()].concat()
}

pub fn file(i: usize, name: &str) -> FileEntry {
    FileEntry {
        name: name.into(),
        component: some("Bản vẽ thiết kế xây dựng"),
        size_bytes: 184_320 + 1_000_003 * i as u64,
        sha256: hash(i),
    }
}

pub fn a_receipt() -> Receipt {
    Receipt {
        office: office(),
        form: None,
        number: some("0011"),
        symbol: None,
        code: CODE.into(),
        proof_url: URL.into(),
        applicant: applicant(),
        owner: Some(Party {
            salutation: Salutation::Organisation,
            name: "Hợp tác xã Nông nghiệp Hữu Kỵ".into(),
            address: some("Ấp Phú Mỹ, xã Cù Lao Sen"),
            phone: None,
            email: None,
            identity: some("1500000018"),
        }),
        request: "Cấp giấy phép xây dựng mới công trình cấp III, IV và nhà ở riêng lẻ".into(),
        components: vec![
            component("Đơn đề nghị cấp giấy phép xây dựng (Mẫu số 01)", 1, 0, 0, 0),
            Component {
                note: some("Đối chiếu Cơ sở dữ liệu quốc gia về đất đai"),
                ..component("Giấy chứng nhận quyền sử dụng đất số DK 048217", 0, 1, 1, 0)
            },
            component("Bản vẽ thiết kế xây dựng", 0, 0, 2, 3),
        ],
        sets: 2,
        legal_time: "20 ngày".into(),
        received_at: at("2026-11-19T14:10:00+07:00"),
        due_at: Some(at("2026-12-09T11:30:00+07:00")),
        delivery: Delivery {
            way: DeliveryWay::Counter,
            place: some("Quầy số 3, Trung tâm Phục vụ hành chính công"),
        },
        fee: Some(Fee {
            amount: Dong::new(75_000).unwrap(),
            paid: true,
            way: some("chuyển khoản"),
            receipt_number: some("0004817"),
            exemption: None,
        }),
        register: Some(Register { book: "02/2026".into(), entry: "1148".into() }),
        notes: vec!["Nộp bản vẽ gốc khi nhận kết quả.".into()],
        submitter: some("Đặng Thị Ngọc Ẵm"),
        receiver: "Lữ Thụy Vỹ".into(),
        files: vec![
            file(0, "don-de-nghi.pdf"),
            file(1, "Bản vẽ mặt bằng tầng trệt.pdf"),
            file(6, "giấy chứng nhận.jpg"),
        ],
    }
}

pub fn a_slip() -> ProofSlip {
    ProofSlip {
        office: office(),
        code: CODE.into(),
        proof_url: URL.into(),
        filed_at: at("2026-11-19T09:52:00+07:00"),
        answer_by: at("2026-11-20T09:52:00+07:00"),
        applicant: applicant(),
        procedure_code: "1.013225".into(),
        procedure: a_receipt().request,
        files: a_receipt().files,
    }
}

pub fn a_supplement_request() -> SupplementRequest {
    SupplementRequest {
        office: office(),
        form: None,
        number: some("03"),
        symbol: None,
        date: day("2026-02-05"),
        code: CODE.into(),
        applicant: applicant(),
        request: a_receipt().request,
        items: vec![
            Component {
                note: some("Thiếu mặt cắt móng"),
                ..component("Bản vẽ thiết kế xây dựng", 0, 0, 2, 0)
            },
            component("Giấy ủy quyền có chứng thực", 1, 0, 0, 0),
        ],
        reason: "Bản vẽ chưa thể hiện móng theo mẫu.\nNgười nộp không phải chủ hộ.".into(),
        answer_by: Some(day("2026-03-06")),
        contact_name: some("ông Lữ Thụy Vỹ"),
        contact_phone: some("0270 000 0000"),
        count: 1,
        official: "Lữ Thụy Vỹ".into(),
    }
}

pub fn a_refusal() -> Refusal {
    Refusal {
        office: office(),
        form: None,
        number: some("07"),
        symbol: None,
        date: day("2026-11-19"),
        code: some(CODE),
        applicant: applicant(),
        request: a_receipt().request,
        reason: "Công trình thuộc thẩm quyền cấp giấy phép của Sở Xây dựng.".into(),
        legal_basis: vec!["Điều 103 Luật Xây dựng số 50/2014/QH13".into()],
        complain_to: "Chủ tịch Ủy ban nhân dân xã Cù Lao Sen".into(),
        contact_name: some("ông Lữ Thụy Vỹ"),
        contact_phone: None,
        submitter: some("Đặng Thị Ngọc Ẵm"),
        receiver: "Lữ Thụy Vỹ".into(),
    }
}

pub fn signer() -> Signer {
    Signer {
        authority_form: some("TM."),
        on_behalf_of: some("Ủy ban nhân dân"),
        position: "Chủ tịch".into(),
        name: "Nguyễn Hữu Phước".into(),
    }
}

pub fn an_apology() -> Apology {
    Apology {
        office: Office { name: "Phòng Kinh tế, Hạ tầng và Đô thị".into(), ..office() },
        form: None,
        number: some("02"),
        symbol: None,
        date: day("2026-12-08"),
        code: CODE.into(),
        applicant: applicant(),
        request: a_receipt().request,
        received_at: a_receipt().received_at,
        promised_at: a_receipt().due_at.unwrap(),
        reason: "Đoàn kiểm tra thực địa chưa đến được công trình vì nước lên.".into(),
        new_due_at: at("2026-12-14T16:30:00+07:00"),
        signer: Signer {
            authority_form: None,
            on_behalf_of: None,
            position: "Trưởng phòng".into(),
            name: "Phan Thị Mỹ Hạnh".into(),
        },
        recipients: vec!["Trung tâm Phục vụ hành chính công".into()],
    }
}

pub fn form(number: &str, title: &str) -> Option<FormName> {
    Some(FormName { number: number.into(), title: title.into() })
}

pub fn a_stop_notice() -> StopNotice {
    StopNotice {
        office: office(),
        form: form("05", "Thông báo dừng giải quyết hồ sơ"),
        number: some("04"),
        symbol: None,
        date: day("2026-12-08"),
        code: CODE.into(),
        applicant: applicant(),
        request: a_receipt().request,
        reason: "Quá thời hạn bổ sung mà không có trả lời.".into(),
        legal_basis: vec!["Điều 103 Luật Xây dựng số 50/2014/QH13".into()],
        papers: "Bản giấy đã nộp được trả lại tại quầy số 3.".into(),
        fees: "Chưa thu phí, lệ phí.".into(),
        complain_to: "Chủ tịch Ủy ban nhân dân xã Cù Lao Sen".into(),
        contact_phone: some("0270 000 0000"),
        signer: an_apology().signer,
        recipients: vec!["Trung tâm Phục vụ hành chính công".into()],
    }
}

pub fn a_control_slip() -> ControlSlip {
    let row = |giver: &str, taker: &str, moment: &str, kept: Option<Kept>, note: &str| HandOver {
        giver: giver.into(),
        taker: taker.into(),
        at: at(moment),
        kept,
        by: "Lữ Thụy Vỹ".into(),
        note: note.into(),
    };
    let (counter, section) = ("Trung tâm Phục vụ hành chính công", "Phòng Kinh tế, Hạ tầng và Đô thị");
    ControlSlip {
        office: office(),
        form: None,
        date: day("2026-12-10"),
        code: CODE.into(),
        applicant: applicant(),
        request: a_receipt().request,
        promised_at: a_receipt().due_at,
        rows: vec![
            row("Đặng Thị Ngọc Ẵm", counter, "2026-11-19T09:52:00+07:00", None, ""),
            row(counter, section, "2026-11-19T14:20:00+07:00", Some(Kept::Early), ""),
            row(section, "Lãnh đạo xã", "2026-12-10T08:05:00+07:00", Some(Kept::Late), "Nước lên."),
        ],
    }
}

pub fn fields(pairs: &[(&str, &str)]) -> Vec<Field> {
    pairs.iter().map(|(key, value)| Field { key: (*key).into(), value: (*value).into() }).collect()
}

fn a_result(template: &str) -> ResultPaper {
    ResultPaper {
        template: template.into(),
        agency_above: None,
        agency: "Ủy ban nhân dân xã Cù Lao Sen".into(),
        number: some("15"),
        symbol: None,
        place: "Cù Lao Sen".into(),
        date: day("2026-12-03"),
        title: String::new(),
        subject: None,
        issuer: None,
        to: vec![],
        fields: vec![],
        body: vec![],
        legal_basis: vec![],
        complain_to: None,
        signer: signer(),
        recipients: vec![],
        demo: true,
    }
}

pub fn birth_certificate() -> ResultPaper {
    ResultPaper {
        symbol: some("2026"),
        fields: fields(&[
            ("child_name", "Lữ Ngọc Quỳnh Như"),
            ("child_birth_date", "2026-11-05"),
            ("child_sex", "Nữ"),
            ("child_ethnicity", "Kinh"),
            ("child_nationality", "Việt Nam"),
            ("birth_place", "Bệnh viện Đa khoa khu vực Cù Lao Sen"),
            ("home_town", "Xã Cù Lao Sen"),
            ("personal_number", "086326000017"),
            ("mother_name", "Đặng Thị Ngọc Ẵm"),
            ("mother_birth_year", "1998"),
            ("mother_ethnicity", "Khmer"),
            ("mother_nationality", "Việt Nam"),
            ("mother_residence", "Ấp Phú Mỹ, xã Cù Lao Sen"),
            ("father_name", "Lữ Thụy Vỹ"),
            ("father_birth_year", "1996"),
            ("father_ethnicity", "Kinh"),
            ("father_nationality", "Việt Nam"),
            ("father_residence", "Ấp Phú Mỹ, xã Cù Lao Sen"),
            ("declarant_name", "Lữ Thụy Vỹ"),
            ("declarant_identity", "Căn cước số 086096000011"),
            ("book", "01/2026"),
        ]),
        ..a_result("birth-certificate")
    }
}

pub fn certified_copy() -> ResultPaper {
    ResultPaper {
        number: None,
        fields: fields(&[
            ("document_name", "Bằng tốt nghiệp đại học"),
            ("document_number", "QC 001234"),
            ("document_issuer", "Trường Đại học Cửu Long"),
            ("document_issued_on", "2019-07-01"),
            ("pages", "02"),
            ("copies", "03"),
            ("certification_number", "1204"),
            ("book", "05/2026-SCT/BS"),
            ("requester_name", "Đặng Thị Ngọc Ẵm"),
            ("requester_identity", "086190000123"),
        ]),
        signer: Signer {
            authority_form: some("KT."),
            on_behalf_of: some("Chủ tịch"),
            position: "Phó Chủ tịch".into(),
            name: "Võ Thị Kim Yến".into(),
        },
        recipients: vec!["Người yêu cầu chứng thực".into()],
        ..a_result("certified-copy")
    }
}

pub fn building_permit() -> ResultPaper {
    ResultPaper {
        symbol: some("GPXD"),
        fields: fields(&[
            ("owner_name", "Bà Đặng Thị Ngọc Ẵm"),
            ("owner_address", "Số 48/7, ấp Phú Mỹ, xã Cù Lao Sen"),
            ("building_name", "Nhà ở riêng lẻ"),
            ("design_name", "Hồ sơ thiết kế bản vẽ thi công nhà ở gia đình"),
            ("designer", "Công ty TNHH Kiến trúc Bông Sen"),
            ("site_address", "Ấp Phú Mỹ, xã Cù Lao Sen"),
            ("land_plot", "thửa số 217, tờ bản đồ số 12"),
            ("land_area_m2", "124,5"),
            ("ground_floor_area_m2", "84,0"),
            ("floor_area_m2", "168,0"),
            ("height_m", "8,4"),
            ("floors", "02 tầng"),
            ("base_level", "+2,30 m (cao độ quốc gia)"),
            ("density", "67,5%"),
            ("red_line", "cách tim đường 6,0 m"),
            ("building_line", "lùi 2,4 m so với chỉ giới đường đỏ"),
            ("land_papers", "Giấy chứng nhận quyền sử dụng đất số DK 048217"),
            ("remarks", "chủ đầu tư cam kết không lấn hành lang rạch"),
        ]),
        recipients: vec!["Như mục 1".into(), "Phòng Kinh tế, Hạ tầng và Đô thị".into()],
        ..a_result("building-permit")
    }
}

/// A paper of each of the plainer results.
pub fn plain_results() -> Vec<ResultPaper> {
    let one = |template: &crate::ResultTemplate| {
        let value =
            |key: &str| if template.days.contains(&key) { "2026-11-05" } else { "Đặng Thị Ngọc Ẵm" };
        let keys = template.required.iter().chain(template.optional);
        let fields = keys.map(|key| Field { key: (*key).into(), value: value(key).into() }).collect();
        ResultPaper { fields, ..a_result(template.name) }
    };
    let plain = |t: &&crate::ResultTemplate| !t.open && t.name != "building-permit";
    crate::result_templates().iter().filter(plain).map(one).collect()
}

pub fn decision() -> ResultPaper {
    ResultPaper {
        agency_above: some("Tỉnh Cửu Long"),
        symbol: some("QĐ-UBND"),
        title: "Quyết định".into(),
        issuer: some("Chủ tịch Ủy ban nhân dân xã Cù Lao Sen"),
        subject: some("Về việc hỗ trợ hộ nghèo sửa chữa nhà ở sau bão"),
        legal_basis: vec![
            "Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025".into(),
            "đề nghị của Trưởng phòng Kinh tế tại Tờ trình số 21/TTr-KT".into(),
        ],
        body: vec![
            "Điều 1. Hỗ trợ bà Đặng Thị Ngọc Ẵm số tiền 20.000.000 đồng để sửa chữa nhà ở.".into(),
            "Điều 2. Kinh phí trích từ Quỹ Phòng, chống thiên tai.".into(),
            "Điều 3. Các phòng, ban liên quan và bà Đặng Thị Ngọc Ẵm chịu trách nhiệm thi hành Quyết định \
             này"
            .into(),
        ],
        signer: Signer { authority_form: None, on_behalf_of: None, ..signer() },
        recipients: vec!["Như Điều 3".into()],
        ..a_result("decision-letter")
    }
}

pub fn negative_letter() -> ResultPaper {
    ResultPaper {
        agency_above: None,
        number: some("128"),
        symbol: some("UBND-KT"),
        subject: some("không đủ điều kiện cấp giấy phép xây dựng đối với hồ sơ H99.07-261119-0011"),
        to: vec!["Bà Đặng Thị Ngọc Ẵm".into()],
        body: vec![
            "Ngày 19 tháng 11 năm 2026, Ủy ban nhân dân xã Cù Lao Sen nhận hồ sơ của bà đề nghị cấp giấy \
             phép xây dựng."
                .into(),
            "Qua thẩm định, công trình nằm trong hành lang bảo vệ bờ sông nên không đủ điều kiện cấp giấy \
             phép."
                .into(),
        ],
        fields: fields(&[("Mã hồ sơ", CODE), ("Căn cứ từ chối", "Điều 93 Luật Xây dựng số 50/2014/QH13")]),
        complain_to: some("Chủ tịch Ủy ban nhân dân xã Cù Lao Sen"),
        recipients: vec!["Như trên".into()],
        ..a_result("decision-letter")
    }
}

/// Every paper we make, each with a name for its file.
pub fn a_money_receipt() -> MoneyReceipt {
    let dong = |n| Dong::new(n).unwrap();
    MoneyReceipt {
        office: office(),
        series: "2026".into(),
        number: "0000042".into(),
        code: CODE.into(),
        at: now(),
        payer: "Đặng Thị Ngọc Ẵm".into(),
        payer_identity: some("086190000123"),
        payer_address: some("Số 48/7, ấp Phú Mỹ, xã Cù Lao Sen"),
        procedure: "Cấp giấy phép xây dựng mới".into(),
        lines: vec![MoneyLine {
            name: "Lệ phí cấp giấy phép xây dựng".into(),
            unit: some("giấy phép"),
            quantity: 2,
            price: dong(75_000),
            amount: dong(150_000),
        }],
        reductions: vec![MoneyReduction {
            name: "người thuộc hộ nghèo".into(),
            percent: 50,
            amount: dong(75_000),
        }],
        amount: dong(75_000),
        way: "tiền mặt".into(),
        reference: None,
        clerk: some("Lâm Tấn Kiệt"),
        void_reason: None,
    }
}

pub fn a_validation() -> ValidationPaper {
    let fact = |label: &str, value: &str| Fact { label: label.into(), value: value.into() };
    ValidationPaper {
        owner: "Tỉnh Vĩnh Long".into(),
        demo: true,
        at: now(),
        verdict: "Chữ ký không hợp lệ".into(),
        meaning: "Có ít nhất một chữ ký sai.".into(),
        facts: vec![fact("Tệp", "cong-van.pdf"), fact("Loại", "PDF")],
        sha256: "9f".repeat(32),
        lines: vec![],
        signatures: vec![SignaturePart {
            heading: "Chữ ký 1".into(),
            outcome: "Chữ ký sai".into(),
            word: "TOTAL-FAILED / HASH_FAILURE".into(),
            facts: vec![fact("Người ký", "Nguyễn Văn Ẩn")],
            lines: vec![Said {
                text: "Nội dung đã bị sửa sau khi ký.".into(),
                next: "Xin lại bản gốc từ nơi gửi và kiểm tra lại.".into(),
            }],
            chain: vec![fact("Gốc của tỉnh", "Không cần kiểm tra")],
            stamps: vec![fact("09:52, 19/11/2026", "TSA thử.")],
        }],
    }
}

pub fn all() -> Vec<(&'static str, Pdf)> {
    let result = |paper: ResultPaper| crate::result(&paper, now()).unwrap();
    let plain = crate::result_templates().iter().map(|t| t.name);
    let plain = plain.filter(|name| !["building-permit", "decision-letter"].contains(name));
    let plain = plain.zip(plain_results()).map(|(name, paper)| (name, result(paper))).collect::<Vec<_>>();
    let mut all = vec![
        ("01-receipt", crate::receipt(&a_receipt(), now()).unwrap()),
        ("slip", crate::slip(&a_slip(), now()).unwrap()),
        ("02-supplement-request", crate::supplement_request(&a_supplement_request(), now()).unwrap()),
        ("03-refusal", crate::refusal(&a_refusal(), now()).unwrap()),
        ("08-money-receipt", crate::money_receipt(&a_money_receipt(), now()).unwrap()),
        ("04-apology", crate::apology(&an_apology(), now()).unwrap()),
        ("validation", crate::validation(&a_validation(), now()).unwrap()),
        ("05-stop-notice", crate::stop_notice(&a_stop_notice(), now()).unwrap()),
        ("06-control-slip", crate::control_slip(&a_control_slip(), now()).unwrap()),
        ("birth-certificate", result(birth_certificate())),
        ("certified-copy", result(certified_copy())),
        ("building-permit", result(building_permit())),
        ("decision", result(decision())),
        ("negative-letter", result(negative_letter())),
    ];
    all.extend(plain.into_iter().filter(|(name, _)| !["birth-certificate", "certified-copy"].contains(name)));
    all
}
