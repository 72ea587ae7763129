//! The page in a real empty crate, with its own manifest and nothing else: a long test, which compiles all dependencies anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::scale;

use crate::blocks::{Crate, blocks};

#[test]
fn empty_crate_with_steps_of_guide_runs() {
    if !scale(false, true) {
        return;
    }
    // Kept from run to run, so that only what has changed is compiled.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide");
    let shop = Shop { folder: folder.join("shop"), target: folder.join("target") };
    let _ = fs::remove_dir_all(&shop.folder);
    for block in blocks().iter().filter(|block| block.language == "sh") {
        for command in block.text.lines() {
            let words: Vec<&str> = command.split_whitespace().collect();
            match words.as_slice() {
                ["cargo", "new", ..] => {
                    fs::create_dir_all(&folder).expect("a folder");
                    let mut new = shop.cargo(&words[1..]);
                    ended_well(&new.arg("--vcs=none").current_dir(&folder).output().expect("cargo starts"));
                }
                ["cargo", "check"] => {
                    shop.write(&Crate::with_mistake());
                    let output = shop.cargo(&["check", "--lib"]).output().expect("cargo starts");
                    assert!(!output.status.success(), "the mistake compiles");
                    shows(&output, block.step);
                }
                ["cargo", "test"] | ["cargo", "run", "--bin", "stored" | "money"] => {
                    shop.write(&Crate::after(block.step));
                    let output = shop.cargo(&words[1..]).output().expect("cargo starts");
                    ended_well(&output);
                    shows(&output, block.step);
                }
                // The test of the commands starts them. Here they compile.
                ["cargo", "run", "--bin", _] => {
                    shop.write(&Crate::after(block.step));
                    ended_well(&shop.cargo(&["build", "--bins"]).output().expect("cargo starts"));
                }
                _ => {}
            }
        }
    }
}

struct Shop {
    folder: PathBuf,
    target: PathBuf,
}

impl Shop {
    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", &self.target);
        // A reader has none, nor what cargo sets for this test.
        cargo.env_remove("RUSTFLAGS").env("CARGO_PROFILE_DEV_DEBUG", "0");
        if self.folder.is_dir() {
            cargo.current_dir(&self.folder);
        }
        cargo
    }

    /// The files of the page. The libraries are those beside it, the other packages those of the workspace's lock.
    fn write(&self, all: &Crate) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a member of the workspace");
        for (file, text) in &all.files {
            let mut text = text.clone();
            if file == "Cargo.toml" {
                text.push_str("\n[workspace]\n\n[patch.crates-io]\n");
                for name in ["idem-core", "idem-http", "idem-macros"] {
                    text.push_str(&format!("{name} = {{ path = {:?} }}\n", root.join(name)));
                }
            }
            let path = self.folder.join(file);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
        fs::copy(root.join("Cargo.lock"), self.folder.join("Cargo.lock")).expect("copied");
    }
}

fn ended_well(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One of the texts of the step is in what was printed, line by line.
fn shows(output: &Output, step: usize) {
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let texts: Vec<_> = blocks().into_iter().filter(|block| block.step == step && block.language == "text").collect();
    let shown = |text: &str| text.lines().all(|line| printed.lines().any(|printed| printed == line));
    assert!(texts.iter().any(|block| shown(&block.text)), "step {step} shows none of this:\n{printed}");
}
