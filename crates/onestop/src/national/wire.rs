//! What travels to and from the national portal, under its own names. law: national/wire
//!
//! Numbers and flags are texts on this line, and an absent value is an empty text.

use serde::{Deserialize, Serialize};

/// A dossier as it stands (`DongBoHoSoMC`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dossier {
    #[serde(rename = "MaHoSo")]
    pub code: String,
    #[serde(rename = "MaTTHC")]
    pub procedure: String,
    #[serde(rename = "TenTTHC")]
    pub procedure_name: String,
    #[serde(rename = "MaLinhVuc")]
    pub field: String,
    #[serde(rename = "TenLinhVuc")]
    pub field_name: String,
    #[serde(rename = "ChuHoSo")]
    pub owner: String,
    /// 1 a citizen, 2 an enterprise.
    #[serde(rename = "LoaiDoiTuong")]
    pub owner_kind: String,
    /// The owner's account on the national portal; not known here.
    #[serde(rename = "MaDoiTuong")]
    pub owner_account: String,
    #[serde(rename = "Email")]
    pub email: String,
    #[serde(rename = "Fax")]
    pub fax: String,
    #[serde(rename = "SoDienThoai")]
    pub phone: String,
    #[serde(rename = "TrichYeuHoSo")]
    pub summary: String,
    #[serde(rename = "NgayTiepNhan")]
    pub received: String,
    #[serde(rename = "NgayHenTra")]
    pub promised: String,
    #[serde(rename = "TrangThaiHoSo")]
    pub status: String,
    #[serde(rename = "NgayTra")]
    pub returned: String,
    #[serde(rename = "ThongTinTra")]
    pub return_note: String,
    /// 0 direct, 1 by post.
    #[serde(rename = "HinhThuc")]
    pub return_way: String,
    #[serde(rename = "NgayKetThucXuLy")]
    pub ended: String,
    #[serde(rename = "DonViXuLy")]
    pub agency: String,
    #[serde(rename = "GhiChu")]
    pub note: String,
    #[serde(rename = "NoiNopHoSo")]
    pub filed_at_portal: String,
    #[serde(rename = "HoSoCoThanhPhanSoHoa")]
    pub has_digital_papers: String,
    #[serde(rename = "TaiKhoanDuocXacThucVoiVNeID")]
    pub identified: String,
    /// 0 no, 1 on the national portal, 2 in the province.
    #[serde(rename = "DuocThanhToanTrucTuyen")]
    pub paid_online: String,
    #[serde(rename = "LoaiDinhDanh")]
    pub number_kind: String,
    #[serde(rename = "SoDinhDanh")]
    pub number: String,
    #[serde(rename = "MaCSDL")]
    pub database: String,
    /// 1 direct, 2 online, 3 by post.
    #[serde(rename = "KenhThucHien")]
    pub channel: String,
    #[serde(rename = "TaiLieuNop")]
    pub papers: Vec<Paper>,
    #[serde(rename = "DanhSachLePhi")]
    pub fees: Vec<Fee>,
    #[serde(rename = "DanhSachTepDinhKemKhac")]
    pub other_papers: Vec<Paper>,
    #[serde(rename = "DanhSachHoSoBoSung")]
    pub supplements: Vec<Supplement>,
    #[serde(rename = "DanhSachGiayToKetQua")]
    pub results: Vec<ResultPaper>,
    /// Ours: the dossier's version, by which a repeated or late message is known.
    #[serde(rename = "PhienBan")]
    pub version: i64,
}

/// A paper that was handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Paper {
    #[serde(rename = "TepDinhKemId")]
    pub id: String,
    #[serde(rename = "TenTepDinhKem")]
    pub name: String,
    #[serde(rename = "IsDeleted")]
    pub deleted: String,
    #[serde(rename = "MaThanhPhanHoSo")]
    pub component: String,
    #[serde(rename = "DuongDanTaiTepTin")]
    pub address: String,
    #[serde(rename = "DuocSoHoa")]
    pub digitised: String,
    #[serde(rename = "DuocLayTuKhoDMQG")]
    pub from_vault: String,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fee {
    #[serde(rename = "TenPhiLePhi")]
    pub name: String,
    #[serde(rename = "MaPhiLePhi")]
    pub code: String,
    /// 1 at receipt, 2 with a supplement, 4 at the return.
    #[serde(rename = "HinhThucThu")]
    pub when: String,
    /// Whole đồng.
    #[serde(rename = "Gia")]
    pub amount: String,
    #[serde(rename = "LoaiPhiLePhi")]
    pub kind: String,
}

/// One request for papers, and the answer when it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Supplement {
    #[serde(rename = "HoSoBoSungId")]
    pub id: String,
    #[serde(rename = "NguoiYeuCauBoSung")]
    pub asked_by: String,
    #[serde(rename = "NoiDungBoSung")]
    pub asked_for: String,
    #[serde(rename = "NgayBoSung")]
    pub asked_at: String,
    #[serde(rename = "NguoiTiepNhanBoSung")]
    pub taken_by: String,
    #[serde(rename = "ThongTinTiepNhan")]
    pub taken_note: String,
    #[serde(rename = "NgayTiepNhanBoSung")]
    pub taken_at: String,
    /// 0 waiting, 1 came.
    #[serde(rename = "TrangThaiBoSung")]
    pub state: String,
    #[serde(rename = "NgayHenTraTruoc")]
    pub promised_before: String,
    #[serde(rename = "NgayHenTraMoi")]
    pub promised_after: String,
}

/// A result document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ResultPaper {
    #[serde(rename = "TenGiayTo")]
    pub name: String,
    #[serde(rename = "MaThanhPhanHoSo")]
    pub component: String,
    #[serde(rename = "GiayToId")]
    pub id: String,
    #[serde(rename = "DuongDanTepTinKetQua")]
    pub address: String,
    #[serde(rename = "MaGiayToKetQua")]
    pub code: String,
}

/// One line of the log (`CapNhatTienDoHoSoMC`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    #[serde(rename = "MaHoSo")]
    pub code: String,
    #[serde(rename = "NguoiXuLy")]
    pub who: String,
    #[serde(rename = "ChucDanh")]
    pub title: String,
    #[serde(rename = "ThoiDiemXuLy")]
    pub at: String,
    #[serde(rename = "PhongBanXuLy")]
    pub office: String,
    #[serde(rename = "NoiDungXuLy")]
    pub what: String,
    #[serde(rename = "TrangThai")]
    pub status: String,
    #[serde(rename = "NgayBatDau")]
    pub begun: String,
    #[serde(rename = "NgayKetThucTheoQuyDinh")]
    pub due: String,
    /// Ours: the place of the line in the log, from 1.
    #[serde(rename = "PhienBan")]
    pub version: i64,
}

/// A dossier as the other side lists it (`TraCuuHoSo`). What it leaves out is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Listed {
    #[serde(rename = "MaHoSo")]
    pub code: String,
    #[serde(rename = "TrangThaiHoSo")]
    pub status: String,
    #[serde(rename = "NgayTiepNhan")]
    pub received: String,
    #[serde(rename = "NgayHenTra")]
    pub promised: String,
    #[serde(rename = "NgayKetThucXuLy")]
    pub ended: String,
    #[serde(rename = "NgayTra")]
    pub returned: String,
    /// Ours: how many lines of the log are there, where the other side tells it.
    #[serde(rename = "SoDongTienDo")]
    pub lines: Option<String>,
}

/// A dossier handed in there (`LayHoSoMoiNop`, ours). law: national/arrivals
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Arrival {
    #[serde(rename = "MaHoSoQG")]
    pub id: String,
    #[serde(rename = "MaTTHC")]
    pub procedure: String,
    /// The identifier of the unit that should receive it, or its code.
    #[serde(rename = "MaDonVi")]
    pub unit: String,
    #[serde(rename = "NgayNop")]
    pub filed: String,
    #[serde(rename = "ChuHoSo")]
    pub owner: String,
    #[serde(rename = "SoDinhDanh")]
    pub number: String,
    #[serde(rename = "SoDienThoai")]
    pub phone: String,
    #[serde(rename = "Email")]
    pub email: String,
    #[serde(rename = "DiaChi")]
    pub address: String,
    #[serde(rename = "HinhThuc")]
    pub return_way: String,
    #[serde(rename = "TaiKhoanDuocXacThucVoiVNeID")]
    pub identified: String,
    /// The answers to the form, by field.
    #[serde(rename = "DuLieuBieuMau")]
    pub answers: serde_json::Map<String, serde_json::Value>,
    #[serde(rename = "TaiLieuNop")]
    pub papers: Vec<ArrivalPaper>,
}

/// A paper of a dossier handed in there, to be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ArrivalPaper {
    #[serde(rename = "TenTepDinhKem")]
    pub name: String,
    #[serde(rename = "MaThanhPhanHoSo")]
    pub component: String,
    #[serde(rename = "DuongDanTaiTepTin")]
    pub address: String,
    /// SHA-256 in hexadecimal, where the other side tells it.
    #[serde(rename = "MaBam")]
    pub sha256: String,
}

/// What became of an arrival (`XacNhanHoSo`, ours).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    #[serde(rename = "MaHoSoQG")]
    pub id: String,
    #[serde(rename = "MaHoSo")]
    pub code: String,
    /// 1 taken, 0 not.
    #[serde(rename = "KetQua")]
    pub taken: String,
    #[serde(rename = "LyDo")]
    pub reason: String,
    /// By when the counter answers.
    #[serde(rename = "HanTraLoi")]
    pub answer_by: String,
}
