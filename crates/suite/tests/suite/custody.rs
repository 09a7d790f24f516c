//! Originals on their way: taken in at the counter, handed over by a list, received line by line, given
//! back with the result; and a dossier that is not closed while one is missing.

use db::testing::both;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

/// The values of the boxes of papers on a page, in order.
fn boxes(html: &str) -> Vec<String> {
    let found = html.split("name=\"paper\" value=\"").skip(1);
    found.filter_map(|rest| rest.split('"').next().map(str::to_string)).collect()
}

/// The clerk receives the dossier and takes three papers in, two of them originals.
pub async fn takes_in(town: &Town, code: &str, papers: &str) -> suite::person::Person {
    let mut clerk = browser(town, CLERK).await;
    presses(&mut clerk, code, "Tiếp nhận hồ sơ").await;
    clerk.opens(papers).await.expect(200);
    clerk.submits("Ghi đã nhận", &[]).await.expect(422);
    says(&clerk, "Chưa ghi bản giấy nào.");
    let typed = [("original.birth-record", "1"), ("copy.identity", "2"), ("other", "Sổ hộ khẩu")];
    let answer = clerk.submits("Ghi đã nhận", &typed).await.expect(303);
    clerk.follows(answer).await.expect(200);
    says(&clerk, "Sổ hộ khẩu (bản chính, 1)");
    clerk
}

/// Two of the three go back to the citizen; for the third it is said why not.
async fn gives_back(clerk: &mut suite::person::Person, papers: &str) {
    let here = boxes(&clerk.opens(papers).await.expect(200).text());
    assert_eq!(here.len(), 3);
    let two: Vec<(&str, &str)> = here[..2].iter().map(|id| ("paper", id.as_str())).collect();
    let answer = clerk.submits("Trả lại giấy tờ đã chọn", &two).await.expect(303);
    clerk.follows(answer).await.expect(200);
    let last = here[2].clone();
    clerk.submits("Ghi lý do", &[("one", &last)]).await.expect(422);
    clerk.opens(papers).await.expect(200);
    let why = [("one", last.as_str()), ("note", "Người nộp đã lấy lại.")];
    let answer = clerk.submits("Ghi lý do", &why).await.expect(303);
    clerk.follows(answer).await.expect(200);
    says(clerk, "Người nộp đã lấy lại.");
}

#[test]
fn an_original_goes_by_a_list_comes_back_and_is_given_back_before_the_dossier_is_closed() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let papers = format!("{}/ban-giay", page(&code));
        let mut clerk = takes_in(&town, &code, &papers).await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;

        // Two papers go to the registrar; one does not arrive.
        let all = boxes(&clerk.opens("/mot-cua/ban-giao").await.expect(200).text());
        assert_eq!(all.len(), 3);
        let registrar_unit = crate::opinion::unit_of(&town, REGISTRAR).await;
        let ticks: Vec<(&str, &str)> =
            all.iter().map(|id| ("paper", id.as_str())).chain([("unit", registrar_unit.as_str())]).collect();
        let answer = clerk.submits("Lập danh sách bàn giao", &ticks).await.expect(303);
        clerk.follows(answer).await.expect(200);
        let list = clerk.path().to_string();
        assert!(clerk.gets(&format!("{list}/in")).await.expect(200).body.starts_with(b"%PDF-"));
        let mut surveyor = browser(&town, SURVEYOR).await;
        surveyor.opens(&list).await.expect(404);

        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens("/mot-cua/ban-giao").await.expect(200);
        let link = registrar.link("Danh sách số 01");
        registrar.opens(&link).await.expect(200);
        let some: Vec<(&str, &str)> = all[..2].iter().map(|id| ("paper", id.as_str())).collect();
        registrar.submits("Xác nhận đã nhận", &some).await.expect(422);
        says(&registrar, "Ghi rõ giấy tờ nào chưa nhận và vì sao.");
        let mut told = some.clone();
        told.push(("note", "Không thấy trong phong bì."));
        let answer = registrar.submits("Xác nhận đã nhận", &told).await.expect(303);
        registrar.follows(answer).await.expect(200);
        says(&registrar, "Chưa nhận được");

        presses(&mut registrar, &code, "Trình ký").await;
        let mut chairman = town.token(CHAIRMAN).await;
        takes(&mut chairman, &code, "decide", serde_json::json!({ "outcome": "granted" })).await;

        clerk.opens(&page(&code)).await.expect(200);
        says(&clerk, "Còn bản chính chưa trả");
        clerk.submits("Trả kết quả", &[]).await.expect(422);
        says(&clerk, "Hãy trả lại, hoặc ghi lý do không trả được");
        // What lies elsewhere cannot be given back here.
        let here = boxes(&clerk.opens(&papers).await.expect(200).text());
        assert_eq!(here.len(), 1, "only what did not arrive is still here");

        // It comes back by another list.
        let back = boxes(&registrar.opens("/mot-cua/ban-giao").await.expect(200).text());
        let counter = crate::opinion::unit_of(&town, CLERK).await;
        let ticks: Vec<(&str, &str)> =
            back.iter().map(|id| ("paper", id.as_str())).chain([("unit", counter.as_str())]).collect();
        let answer = registrar.submits("Lập danh sách bàn giao", &ticks).await.expect(303);
        let address = answer.header("location").to_string();
        clerk.opens(&address).await.expect(200);
        let come: Vec<(&str, &str)> = back.iter().map(|id| ("paper", id.as_str())).collect();
        let answer = clerk.submits("Xác nhận đã nhận", &come).await.expect(303);
        clerk.follows(answer).await.expect(200);

        gives_back(&mut clerk, &papers).await;
        signed_on_paper(&mut clerk, &code).await;
        presses(&mut clerk, &code, "Trả kết quả").await;
        assert_eq!(sees(&mut town.token(CITIZEN).await, &code).await["status"], 10);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
