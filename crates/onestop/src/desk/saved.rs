//! Filters that an official keeps under a name, each with the number of dossiers it finds now.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use base::Id;
use db::{Tx, args};
use directory::AnyOfficial;
use web::{Path, Problem, Query, RawForm};

use super::List;
use super::frame::{self, MODULE, Place};
use super::pages::ListQuery;
use crate::App;
use crate::office::OfficeQuery;
use crate::words_office::say;

enum SavedKind {}
type SavedId = Id<SavedKind>;

/// Filters of one post.
const MOST: i64 = 10;
const NAME_CHARS_MAX: usize = 60;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/bo-loc", post(save)).route("/mot-cua/bo-loc/{id}/xoa", post(remove))
}

db::record! {
    /// A kept filter.
    pub struct Saved {
        id: String, name: String,
        /// The word of a list.
        list: String,
        words: String, field: String, band: String, whose: String,
    }
}

impl Saved {
    /// What the list is asked.
    pub fn query(&self) -> ListQuery {
        ListQuery {
            q: self.words.clone(),
            field: self.field.clone(),
            han: self.band.clone(),
            nguoi: self.whose.clone(),
            ..ListQuery::default()
        }
    }

    /// Where it leads.
    pub fn href(&self, place: &Place) -> Option<String> {
        let list = List::from_word(&self.list).filter(|l| place.scope.lists().contains(l))?;
        let pairs = [
            ("q", self.words.as_str()),
            ("linh-vuc", self.field.as_str()),
            ("nguoi", self.whose.as_str()),
            ("han", self.band.as_str()),
        ];
        Some(place.href(&format!("{MODULE}/{}", frame::slug(list)), &pairs))
    }
}

/// The filters kept in this post, by name.
pub async fn list(tx: &mut Tx, account: &str, post: &str) -> db::Result<Vec<Saved>> {
    tx.list(
        "select id, name, list, words, field, band, whose from saved_filter
          where account = $1 and post = $2 order by name limit 10",
        args![account, post],
    )
    .await
}

/// `POST /mot-cua/bo-loc`: keeps the filter under a name; the same name is kept anew.
async fn save(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let text = |name: &str| form.get(name).unwrap_or_default().to_string();
    let list = frame::list_at(&text("ds")).filter(|l| place.scope.lists().contains(l));
    let list = list.ok_or(Problem::NotFound)?;
    let name: String = text("name").trim().to_string();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::field("name", say("filter.name", &[("most", &NAME_CHARS_MAX.to_string())])));
    }
    let saved = Saved {
        id: SavedId::fresh().to_string(),
        list: list.word().to_string(),
        words: text("q").chars().take(base::limits::QUERY_CHARS_MAX).collect(),
        field: text("linh-vuc"),
        band: text("han"),
        whose: text("nguoi"),
        name,
    };
    let next = saved.href(&place).unwrap_or_else(|| place.list(list));
    let (account, post) = (official.viewer.account.to_string(), place.post.id.to_string());
    let act = official.act("onestop.save-filter", &post, now);
    let write = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let kept: i64 = tx
            .get(
                "select count(*) from saved_filter where account = $1 and post = $2 and name <> $3",
                args![&account, &post, &saved.name],
            )
            .await?;
        if kept >= MOST {
            let words = say("filter.too_many", &[("most", &MOST.to_string())]);
            return Err(Problem::refused(words, "refused: filter.too_many"));
        }
        tx.change(
            "insert into saved_filter (id, account, post, name, list, words, field, band, whose, made_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (account, post, name) do update
                set list = $5, words = $6, field = $7, band = $8, whose = $9, made_at = $10",
            args![
                &saved.id,
                &account,
                &post,
                &saved.name,
                &saved.list,
                &saved.words,
                &saved.field,
                &saved.band,
                &saved.whose,
                now
            ],
        )
        .await?;
        Ok(())
    });
    write.await?;
    Ok(Redirect::to(&next).into_response())
}

/// `POST /mot-cua/bo-loc/{id}/xoa`.
async fn remove(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let place = Place::of(&official, query.post.as_deref())?;
    let account = official.viewer.account.to_string();
    let act = official.act("onestop.remove-filter", &id, app.site.clock.now());
    let write = app.site.db.write(act, async move |tx: &mut Tx| -> db::Result<u64> {
        tx.change("delete from saved_filter where id = $1 and account = $2", args![&id, &account]).await
    });
    write.await?;
    Ok(Redirect::to(&place.list(place.scope.lists()[0])).into_response())
}
