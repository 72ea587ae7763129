//! The blocks of the page, and the files that a reader has after them.

use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../GUIDE.md");

/// A fenced block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Its number among the headings.
    pub(crate) step: usize,
    /// The paragraph before it.
    pub(crate) intro: String,
    /// `rust`, `toml`: a whole file. `diff`: a change to one. `sh`: commands. `text`: what they print.
    pub(crate) language: String,
    pub(crate) text: String,
}

impl Block {
    /// The file that the paragraph before it names.
    fn file(&self) -> &str {
        self.intro.rsplit('`').nth(1).unwrap_or_else(|| panic!("no file is named before\n{}", self.text))
    }

    /// The compiler refuses it, so the reader takes it out again.
    fn is_mistake(&self) -> bool {
        self.intro.starts_with("A mistake")
    }
}

pub(crate) fn blocks() -> Vec<Block> {
    let (mut blocks, mut step, mut intro, mut open) = (Vec::new(), 0, String::new(), None::<Block>);
    for line in PAGE.lines() {
        if let Some(block) = &mut open {
            if line == "```" {
                blocks.extend(open.take());
                // A second block may belong to the same paragraph.
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if let Some(language) = line.strip_prefix("```") {
            open = Some(Block { step, intro: intro.clone(), language: language.into(), text: String::new() });
        } else if let Some(heading) = line.strip_prefix("## ") {
            step = heading.split('.').next().and_then(|number| number.parse().ok()).expect("a numbered step");
            intro.clear();
        } else if !line.is_empty() {
            if intro.ends_with(['.', ':']) {
                intro.clear();
            }
            intro.push_str(if intro.is_empty() { "" } else { " " });
            intro.push_str(line);
        }
    }
    assert!(open.is_none(), "the last block has no end");
    blocks
}

/// The crate of the reader.
#[derive(Debug, Default, Clone)]
pub(crate) struct Crate {
    pub(crate) files: BTreeMap<String, String>,
}

impl Crate {
    /// What the reader has after the steps up to this one, without the mistake.
    pub(crate) fn after(step: usize) -> Self {
        let mut all = Self::default();
        for block in blocks().iter().filter(|block| block.step <= step && !block.is_mistake()) {
            all.take(block);
        }
        all
    }

    /// With the mistake that the compiler finds.
    pub(crate) fn with_mistake() -> Self {
        let mistake = blocks().into_iter().find(Block::is_mistake).expect("the page has a mistake");
        let mut all = Self::after(mistake.step - 1);
        all.take(&mistake);
        all
    }

    /// Writes a block that is a file, or changes the file.
    fn take(&mut self, block: &Block) {
        match block.language.as_str() {
            "rust" | "toml" => {
                let old = self.files.insert(block.file().to_owned(), block.text.clone());
                assert!(old.is_none(), "{} is shown twice", block.file());
            }
            "diff" => {
                let side = |left_out: char| -> String {
                    let lines = block.text.lines().filter(|line| !line.starts_with(left_out));
                    lines.map(|line| line.get(1..).unwrap_or_default().to_owned() + "\n").collect()
                };
                let (old, new) = (side('+'), side('-'));
                let file = self.files.get_mut(block.file()).unwrap_or_else(|| panic!("no {}", block.file()));
                assert_eq!(file.matches(&old).count(), 1, "{} has this text not once:\n{old}", block.file());
                *file = file.replace(&old, &new);
            }
            _ => {}
        }
    }
}
