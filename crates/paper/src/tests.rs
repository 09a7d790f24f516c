//! Papers judged from outside: what a reader copies, what a scanner reads, what PDF/A demands.

mod fixtures;
mod tools;

use fixtures::*;
use tools::{check_pdfa, extent, page_mm, page_text, save, scan, text};

use crate::RenderError;

fn says(text: &str, wanted: &[&str]) {
    for sentence in wanted {
        assert!(text.contains(sentence), "not found: {sentence}\nin: {text}");
    }
}

#[test]
fn every_paper_keeps_the_rules_of_pdf_a() {
    for (name, pdf) in all() {
        let path = save(name, &pdf);
        check_pdfa(&path);
        let a5 = name.starts_with('0');
        assert_eq!(page_mm(&path), if a5 { (148, 210) } else { (210, 297) }, "{name}");
        for page in 1..=pdf.pages {
            says(&page_text(&path, page), &["BẢN TRÌNH DIỄN – không có giá trị pháp lý"]);
        }
    }
}
