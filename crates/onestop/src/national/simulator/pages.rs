//! The page of the simulated portal: what it was told, what was handed in, and a form to hand one in.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use web::page;

use super::Simulator;
use crate::filters;
use crate::national::rules;
use crate::national::words::t;
use crate::procedure::model;
use crate::words as status_words;

const HOME: &str = "/";
const HAND_IN: &str = "/nop";
/// Rows of each table.
const ROWS_MAX: usize = 200;
/// Complete answers to the form of the procedure that is offered first.
const SAMPLE: &str = include_str!("sample.json");
const FIRST: &str = "1.001193";

/// The routes of this file.
pub(super) fn routes() -> Router<Simulator> {
    Router::new().route(HOME, get(home)).route(HAND_IN, post(hand_in))
}

struct Told {
    code: String,
    procedure: String,
    status: String,
    version: i64,
    lines: usize,
    at: String,
}

struct Handed {
    id: String,
    procedure: String,
    at: String,
    outcome: String,
}

struct Offered {
    code: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "national/simulator.html")]
struct HomePage {
    style: &'static str,
    icon: &'static str,
    told: Vec<Told>,
    handed: Vec<Handed>,
    offered: Vec<Offered>,
    unit: &'static str,
    answers: &'static str,
    problem: String,
}

fn view(portal: &Simulator, problem: String) -> HomePage {
    let memory = portal.memory();
    let words = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let told = memory.dossiers.iter().rev().take(ROWS_MAX).map(|(code, kept)| Told {
        code: code.clone(),
        procedure: words(&kept.data["TenTTHC"]),
        status: status(&kept.data["TrangThaiHoSo"]),
        version: kept.data["PhienBan"].as_i64().unwrap_or_default(),
        lines: kept.lines.len(),
        at: base::format::time_vn(kept.changed),
    });
    let handed = memory.arrivals.iter().rev().take(ROWS_MAX).map(|a| Handed {
        id: a.id.clone(),
        procedure: words(&a.body["MaTTHC"]),
        at: rules::read_stamp(a.body["NgayNop"].as_str().unwrap_or_default())
            .map(base::format::time_vn)
            .unwrap_or_default(),
        outcome: match &a.told {
            None => t("simulator.untold"),
            Some(told) if told["KetQua"] == "1" => words(&told["MaHoSo"]),
            Some(told) => words(&told["LyDo"]),
        },
    });
    let offered = model::embedded().iter().filter(|p| p.is_online()).map(|p| Offered {
        code: p.code.clone(),
        name: p.name.clone(),
        chosen: p.code == FIRST,
    });
    HomePage {
        style: web::assets::url("cl.css"),
        icon: web::assets::url("favicon.svg"),
        told: told.collect(),
        handed: handed.collect(),
        offered: offered.collect(),
        unit: "29596",
        answers: SAMPLE,
        problem,
    }
}

fn status(told: &Value) -> String {
    let number = told.as_str().and_then(|s| s.parse().ok()).unwrap_or_default();
    match crate::dossier::rules::Status::from_number(number) {
        Some(status) => format!("{number}. {}", status_words::status(status)),
        None => told.to_string(),
    }
}

async fn home(State(portal): State<Simulator>) -> Response {
    page::html(view(&portal, String::new()))
}

async fn hand_in(State(portal): State<Simulator>, form: Multipart) -> Response {
    let wrong = |problem: String| page::html_with(StatusCode::UNPROCESSABLE_ENTITY, view(&portal, problem));
    let (fields, file) = match read(form).await {
        Ok(read) => read,
        Err(problem) => return wrong(problem),
    };
    let field = |name: &str| fields.get(name).map(|v| v.trim().to_string()).unwrap_or_default();
    let Ok(answers) = serde_json::from_str::<Map<String, Value>>(&field("DuLieuBieuMau")) else {
        return wrong(t("simulator.not_json"));
    };
    let mut body = json!({ "DuLieuBieuMau": answers });
    for name in ["MaTTHC", "MaDonVi", "ChuHoSo", "SoDinhDanh", "SoDienThoai", "DiaChi"] {
        body[name] = json!(field(name));
    }
    body["TaiKhoanDuocXacThucVoiVNeID"] = json!("1");
    let component = field("MaThanhPhanHoSo");
    let (name, bytes) = file.unwrap_or_else(|| ("mau.pdf".into(), Bytes::from_static(b"%PDF-1.4\n%%EOF\n")));
    let files = [(name.as_str(), component.as_str(), bytes)];
    portal.take(body, if component.is_empty() { &[] } else { &files });
    Redirect::to(HOME).into_response()
}

type Read = (std::collections::HashMap<String, String>, Option<(String, Bytes)>);

async fn read(mut form: Multipart) -> Result<Read, String> {
    let (mut fields, mut file) = (std::collections::HashMap::new(), None);
    while let Some(field) = form.next_field().await.map_err(|e| e.to_string())? {
        let name = field.name().unwrap_or_default().to_string();
        match field.file_name().map(str::to_string) {
            Some(sent) => {
                let bytes = field.bytes().await.map_err(|e| e.to_string())?;
                file = (!sent.is_empty()).then_some((sent, bytes));
            }
            None => {
                fields.insert(name, field.text().await.map_err(|e| e.to_string())?);
            }
        }
    }
    Ok((fields, file))
}
