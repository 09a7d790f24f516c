//! The filters of this system's templates: the formats of `web`, and its own sentences.

macro_rules! files {
    ($($folder:literal),* $(,)?) => {
        [$(include_str!(concat!("../words/templates/", $folder, ".en.toml"))),*]
    };
}

// A file for each folder of templates, and one for what several share.
web::filters!(files![
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
    "life",
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
]);
