use super::model;

#[test]
fn every_file_is_read_and_named_after_its_code_and_version() {
    let files = model::files();
    assert_eq!(files.len(), 125);
    for (name, text) in &files {
        let procedure = model::parse(text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(*name, format!("{}.{}.toml", procedure.code, procedure.version));
    }
    assert_eq!(model::embedded().len(), files.len());
}
