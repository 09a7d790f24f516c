//! The filters of this system's templates: the formats of `web`, and its own sentences.

pub use web::filters::*;

use std::sync::LazyLock;

use askama::{Result, Values};
use web::sentence::{Said, Sentences};

macro_rules! files {
    ($($folder:literal),* $(,)?) => {
        [$(include_str!(concat!("../words/templates/", $folder, ".en.toml"))),*]
    };
}

/// The English of the templates, a file for each folder of them and one for what several share.
static SENTENCES: LazyLock<Sentences> = LazyLock::new(|| {
    Sentences::load(&files![
        "shared",
        "batch",
        "correction",
        "custody",
        "desk",
        "dossier",
        "edit",
        "fee",
        "filing",
        "hall",
        "helper",
        "home",
        "intake",
        "interlinked",
        "leave",
        "measure",
        "message",
        "mine",
        "national",
        "notice",
        "office",
        "opinion",
        "part",
        "petition",
        "procedure",
        "rating",
        "register",
        "signer",
        "signing",
        "statement",
        "tracking",
        "vault",
    ])
    .in_shells()
});

/// A sentence in the language of the request: `{{ "Nộp hồ sơ"|t }}`.
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
