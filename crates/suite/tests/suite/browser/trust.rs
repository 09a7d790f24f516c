//! Certificates in the browser: the register, requests, the authority, and one's own.

use suite::town::people::*;

use super::visit;
use crate::desk;
use crate::trust::many::{LOOK, approves_all};
use crate::trust::outside::asks_in_vain;
use crate::trust::{asks, establishes, issued};

#[test]
fn certificates_requests_and_the_authority_stand_judged() {
    visit(async |v| {
        let b = &v.browser;
        v.enters(ADMIN, "/quan-tri/co-quan-chung-thuc").await;
        b.sees("Chưa có cơ quan chứng thực").await;
        v.opens(&["/quan-tri/chung-thu-so", "/quan-tri/yeu-cau-chung-thu"]).await;
        establishes(&v.town, "4").await;
        let folder = tempfile::tempdir().expect("a folder");
        let page = issued(&v.town, folder.path()).await;
        v.opens(&[
            "/quan-tri/chung-thu-so?trang-thai=valid",
            "/quan-tri/co-quan-chung-thuc",
            "/quan-tri/yeu-cau-chung-thu",
            "/quan-tri/chung-thu-so/nhap",
        ])
        .await;
        v.is_told("Nhập vào sổ").await;
        v.opens(&["/quan-tri/yeu-cau-chung-thu/moi"]).await;
        v.is_told("Gửi yêu cầu").await;
        // Another one is asked for, chosen, read once more, approved, and followed to its end.
        let mut keeper = desk::browser(&v.town, UNIT_ADMIN).await;
        asks(&mut keeper, &[("holder", RECORDS)], b"").await.expect(303);
        v.opens(&["/quan-tri/yeu-cau-chung-thu"]).await;
        v.is_told(LOOK).await;
        b.run("document.querySelector('[name=request]').checked = true", vec![]).await;
        b.click(LOOK).await;
        b.sees("Duyệt và cấp 1 chứng thư").await;
        v.keeps("duyet-nhieu-xem-truoc").await;
        let mut admin = desk::browser(&v.town, ADMIN).await;
        let deed = approves_all(&mut admin).await;
        v.opens(&[&format!("{deed}?dung=1")]).await;
        b.sees("Đang chờ cấp").await;
        v.works(1).await;
        v.opens(&[&deed]).await;
        b.sees("Đã cấp 1 trong 1 yêu cầu").await;
        v.opens(&["/quan-tri/chung-thu-so/ben-ngoai", "/quan-tri/chung-thu-so/luu-tru"]).await;
        b.sees("Chưa có tài liệu nào cần giữ").await;
        asks_in_vain(&v.town).await;
        v.opens(&["/quan-tri/chung-thu-so/ben-ngoai"]).await;
        b.sees("Địa chỉ dẫn vào mạng nội bộ").await;
        v.opens(&["/quan-tri/neo-tin-cay"]).await;
        b.sees("Chờ người thứ hai xác nhận").await;
        v.opens(&[&page]).await;
        v.is_told("Thu hồi").await;
        v.enters(CHAIRMAN, "/chung-thu-so").await;
        b.sees("Báo mất, tạm dừng ngay").await;
        v.opens(&["/chung-thu-so/xin-cap"]).await;
        v.is_told("Gửi yêu cầu").await;
    });
}
