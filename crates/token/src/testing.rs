//! A token for tests, as SoftHSM2 plays one. It takes its folder from the environment, so a story runs in a
//! process of its own: the test program once more, with that one story.

use std::path::Path;
use std::process::Command;

use crate::module::Pin;

/// Where Debian puts the library.
pub const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The PIN of the token.
pub const PIN: &str = "246813";
/// Its label.
pub const LABEL: &str = "Cuu Long";

/// Tells the inner process its story and its folder.
const INSIDE: [&str; 2] = ["CUULONG_SOFTHSM_STORY", "CUULONG_SOFTHSM_FOLDER"];

/// The PIN, as a module takes it.
pub fn pin() -> Pin {
    Pin::new(PIN.to_string())
}

/// Runs a story with a token of its own. `name` is the full name of the test that calls this; the story gets
/// a folder, in which a file `pin` holds the PIN.
///
/// # Panics
/// When SoftHSM2 is not installed, or the story fails.
pub fn in_softhsm(name: &str, story: impl FnOnce(&Path)) {
    let [inside, place] = INSIDE.map(std::env::var_os);
    if let (true, Some(folder)) = (inside.is_some_and(|inside| inside == name), place) {
        return story(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (tokens, conf) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
    let written = std::fs::create_dir(&tokens)
        .and_then(|()| std::fs::write(&conf, format!("directories.tokendir = {}\n", tokens.display())))
        .and_then(|()| std::fs::write(folder.path().join("pin"), format!("{PIN}\n")));
    written.expect("room in the folder");
    let made = Command::new("softhsm2-util")
        .env("SOFTHSM2_CONF", &conf)
        .args(["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "13579135"])
        .output()
        .expect("softhsm2 is installed");
    assert!(made.status.success(), "{made:?}");
    let ran = Command::new(std::env::current_exe().expect("this program"))
        .env("SOFTHSM2_CONF", &conf)
        .env(INSIDE[0], name)
        .env(INSIDE[1], folder.path())
        .args([name, "--exact", "--nocapture"])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}{ran:?}");
}
