//! The rules of interlinked dossiers, printed.

use super::rules::{Link, Part, barred, begin, holding, may_ask_through, may_be_faced, of_child, of_dossier};
use crate::dossier::rules::{Status, Verb};

#[test]
fn what_becomes_of_a_child_at_each_standing() {
    let after = ["birth".to_string()];
    let mut table = String::from("birth     begins      barred      holds back            faced\n");
    for part in Part::ALL {
        let links = [
            Link { id: "birth", after: &[], part },
            Link { id: "residence", after: &after, part: Part::Waiting },
            Link { id: "insurance", after: &after, part: Part::Waiting },
        ];
        let one = |ids: Vec<&str>| match ids.as_slice() {
            [] => "-".to_string(),
            ids => ids.iter().map(|id| id[..1].to_string()).collect::<Vec<_>>().join(" "),
        };
        let faced = if may_be_faced(part, false) { "yes" } else { "-" };
        table += &format!(
            "{:<9} {:<11} {:<11} {:<21} {faced}\n",
            part.word(),
            one(begin(&links)),
            one(barred(&links)),
            one(holding(&links)),
        );
    }
    assert_eq!(
        table,
        "birth     begins      barred      holds back            faced\n\
         waiting   b           -           b r i                 -\n\
         by_hand   -           -           b r i                 yes\n\
         running   -           -           b r i                 -\n\
         granted   r i         -           r i                   -\n\
         failed    -           r i         b r i                 yes\n\
         faced     -           r i         r i                   -\n"
    );
}

#[test]
fn what_can_never_begin_bars_what_waits_for_it() {
    let (on_birth, on_home) = (["birth".to_string()], ["home".to_string()]);
    let links = [
        Link { id: "birth", after: &[], part: Part::Failed },
        Link { id: "home", after: &on_birth, part: Part::Waiting },
        Link { id: "card", after: &on_home, part: Part::Waiting },
    ];
    assert_eq!(barred(&links), ["home", "card"]);
    assert!(may_be_faced(Part::Waiting, true) && !may_be_faced(Part::Waiting, false));
}

#[test]
fn each_status_of_a_child_says_how_it_stands_for_its_parent() {
    let mut table = String::new();
    for status in Status::ALL {
        let of = |granted| of_dossier(status, granted).word();
        let asks = if may_ask_through(status) { "may ask" } else { "-" };
        let row = format!(
            "{:<13} {:<8} {:<8} {:<8} {asks}",
            status.word(),
            of(None),
            of(Some(true)),
            of(Some(false))
        );
        table += row.trim_end();
        table.push('\n');
    }
    assert_eq!(
        table,
        "filed         running  running  running  -\n\
         received      running  running  running  may ask\n\
         declined      failed   failed   failed   -\n\
         in_process    running  running  running  may ask\n\
         supplementing running  running  running  may ask\n\
         awaiting_fee  running  running  running  -\n\
         withdrawn     failed   failed   failed   -\n\
         stopped       failed   failed   failed   -\n\
         settled       failed   granted  failed   -\n\
         returned      failed   granted  failed   -\n"
    );
}

#[test]
fn what_may_be_done_on_a_child_alone() {
    let of = |over| {
        let alone = Verb::ALL.into_iter().filter(|verb| of_child(*verb, over));
        alone.map(Verb::word).collect::<Vec<_>>().join(" ")
    };
    let office = "ask_supplement pass_on return_step submit_for_signature decide extend stop";
    assert_eq!(of(false), office);
    assert_eq!(of(true), format!("{office} return_result"));
}
