//! Writes what the fuzzers begin with: for every reader a folder with each vector that it can read, and what
//! was found before.
//!
//!     cargo run -p hostile --example seeds -- fuzz/corpus

#[allow(clippy::unwrap_used)] // what fails here ends the program, and says where
#[path = "../tests/hostile/vectors.rs"]
mod vectors;
#[path = "../../pki/tests/pki/world.rs"]
#[allow(dead_code, clippy::unwrap_used)] // the stories of pki use the rest
mod world;

use pki::Digest;
use std::path::{Path, PathBuf};

/// Longer ones slow a fuzzer down more than they teach it.
const SIZE_BYTES_MAX: usize = 16_384;

fn main() {
    let to = PathBuf::from(std::env::args().nth(1).expect("the folder to write into"));
    let vectors = [vectors::made(), vectors::documents(), vectors::pkits()].concat();
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    for target in &hostile::TARGETS {
        let folder = to.join(target.name);
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let fit = |bytes: &&Vec<u8>| bytes.len() <= SIZE_BYTES_MAX && (target.read)(bytes);
        let seeds: Vec<&Vec<u8>> = vectors.iter().map(|(_, bytes)| bytes).filter(fit).collect();
        for bytes in &seeds {
            let name: String = Digest::Sha256.of(bytes)[..8].iter().map(|b| format!("{b:02x}")).collect();
            std::fs::write(folder.join(name), bytes).expect("a seed can be written");
        }
        for file in std::fs::read_dir(found.join(target.name)).into_iter().flatten() {
            let file = file.expect("what was found can be listed");
            std::fs::copy(file.path(), folder.join(file.file_name())).expect("it can be copied");
        }
        println!("{}: {} seeds", target.name, seeds.len());
    }
}
