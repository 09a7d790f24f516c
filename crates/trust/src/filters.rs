//! The filters of this crate's templates: the formats of `web`, and its own sentences.

pub use web::filters::*;

use std::sync::LazyLock;

use askama::{Result, Values};
use web::sentence::{Said, Sentences};

static SENTENCES: LazyLock<Sentences> = LazyLock::new(|| {
    let own = include_str!("../words/templates.en.toml");
    let remote = include_str!("../words/templates.remote.en.toml");
    Sentences::load(&[own, remote]).in_shells()
});

/// A sentence in the language of the request: `{{ "Chứng thư số"|t }}`.
#[askama::filter_fn]
pub fn t(sentence: impl Plain<&'static str>, _: &dyn Values) -> Result<Said> {
    Ok(SENTENCES.say(sentence.plain()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_sentence_of_the_templates_is_said_in_english() {
        let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        assert_eq!(web::sentence::check(templates, &super::SENTENCES), Vec::<String>::new());
    }
}
