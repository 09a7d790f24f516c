//! Every reader on changes of every vector, with fixed seeds.

use crate::vectors;
use hostile::{Random, change, read_by_all};
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

/// For one input of some kilobytes by all readers, without optimisation.
const TIME_MAX: Duration = Duration::from_secs(5);

#[test]
fn no_reader_panics_on_a_changed_vector() {
    let (mut read, mut refused) = (0, 0);
    let all = [(vectors::pkits(), 8), (vectors::documents(), 20), (vectors::made(), 300)];
    let rounds = all.into_iter().flat_map(|(some, rounds)| some.into_iter().map(move |one| (one, rounds)));
    for (n, ((file, bytes), rounds)) in rounds.enumerate() {
        assert!(read_by_all(&bytes) > 0, "{file} cannot be read unchanged");
        let mut random = Random::of(n as u64);
        for round in 0..rounds {
            let changed = change(&bytes, &mut random);
            let begin = Instant::now();
            match catch_unwind(|| read_by_all(&changed)) {
                Ok(0) => refused += 1,
                Ok(_) => read += 1,
                Err(_) => panic!("{file}, round {round}: {changed:02x?}"),
            }
            assert!(begin.elapsed() < TIME_MAX, "{file}, round {round}: {:?}", begin.elapsed());
        }
    }
    // Both happen, so the mutations neither spoil everything nor nothing.
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

/// The fuzzers are compiled by nightly Rust alone. What they call is held fast here.
#[test]
fn every_reader_has_its_fuzzer() {
    let _what_a_fuzzer_calls: fn(&str, &[u8]) -> bool = hostile::read;
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let list = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(list.matches("[[bin]]").count(), hostile::TARGETS.len());
    for target in &hostile::TARGETS {
        let name = target.name;
        assert!(list.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
        let program = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        let expected = format!("#![no_main]\n\ncuulong_fuzz::fuzz!({name:?});\n");
        assert_eq!(program, expected, "fuzz_targets/{name}.rs");
        assert!(vectors::made().iter().any(|(_, bytes)| (target.read)(bytes)), "{name} has no seed");
    }
    let list = std::fs::read_to_string(fuzz.join("src/lib.rs")).unwrap();
    assert!(list.contains("hostile::read($name, bytes)"), "{list}");
}
