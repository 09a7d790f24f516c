//! Rules about any text: how long, how wide, and what it never says.

use super::{Findings, Rules};

pub fn check(file: &str, text: &str, rules: &Rules, findings: &mut Findings) {
    let limits = &rules.limits;
    let counted = [".rs", ".html", ".css"].iter().any(|kind| file.ends_with(kind));
    let lines = text.lines().count();
    if counted && lines > limits.lines_per_file {
        let rule = format!("{lines} lines in a file of at most {}", limits.lines_per_file);
        findings.add(file, lines, rule, "cut it by noun");
    }
    let speaks_freely = file.starts_with("crates/xtask/") || file == "Cargo.lock";
    for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
        let columns = line.chars().count();
        if file.ends_with(".rs") && columns > limits.columns {
            let rule = format!("{columns} columns in a line of at most {}", limits.columns);
            findings.add(file, number, rule, "break it; cargo fmt cannot break strings and comments");
        }
        for nowhere in rules.nowhere.iter().filter(|_| !speaks_freely) {
            let here = nowhere.files.is_empty() || nowhere.files.iter().any(|end| file.ends_with(end));
            if here && line.contains(&nowhere.say) {
                findings.add(file, number, format!("says `{}`", nowhere.say), &nowhere.remedy);
            }
        }
    }
}
