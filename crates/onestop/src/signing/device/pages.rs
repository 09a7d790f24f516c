//! The page whose form goes to the agent, and the address at which the signatures come back.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderName;
use axum::response::{IntoResponse, Redirect, Response};
use web::{Problem, Shell, page};

use super::{AGENT, Asked, Returned, WAITS_MINUTES, finish, policy};
use crate::App;
use crate::filters;
use crate::signing::pages::PATH;

#[derive(Template)]
#[template(path = "signing/device.html")]
struct DevicePage {
    shell: Shell,
    action: String,
    back: String,
    minutes: String,
    papers: Vec<(String, String)>,
    fields: Vec<(&'static str, String)>,
}

/// The page from which the browser goes to the agent.
pub fn show(shell: Shell, back: String, asked: Asked) -> Response {
    let mut response = page::html(DevicePage {
        shell,
        action: format!("{AGENT}/ky"),
        back,
        minutes: WAITS_MINUTES.to_string(),
        papers: asked.papers,
        fields: asked.fields,
    });
    for (name, value) in policy() {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

/// `POST /mot-cua/ky-so/tu-thiet-bi`: what the agent has signed. No cookie comes with it.
pub async fn take(State(app): State<App>, body: Bytes) -> Result<Response, Problem> {
    let mut returned = Returned::default();
    for (name, value) in form_urlencoded::parse(&body) {
        match name.as_ref() {
            "v" => returned.version = value.into_owned(),
            "state" => returned.state = value.into_owned(),
            "certificate" => returned.certificate = value.into_owned(),
            "signature" => returned.signatures.push(value.into_owned()),
            _ => {}
        }
    }
    let n = finish(&app, &returned).await?;
    Ok(Redirect::to(&format!("{PATH}?da={n}")).into_response())
}
