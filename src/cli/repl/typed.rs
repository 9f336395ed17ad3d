//! Lines as they come from a terminal: each is carried out when it is complete, and may turn out to go on.

use super::engine::{Part, Repl, Reply};
use crate::syntax::entry::{self, Entry, WordKind};

impl Repl {
    /// Carries out an entry that was typed. One that begins with a sign, such as `  + x^2`, goes on with the entry before,
    /// as it would in a file: both are entered as one, in place of the one before.
    pub fn typed(&mut self, text: &str) -> Reply {
        let before = self.before.take().filter(|(before, _)| !self.section && joins(before, text));
        let Some((before, changed)) = before else {
            let n_before = self.bench.changes();
            let reply = self.enter(text);
            let is_command = text.trim_start().starts_with(':');
            self.before = (!is_command).then(|| (text.to_owned(), self.bench.changes() > n_before));
            return reply;
        };
        let whole = format!("{before}\n{text}");
        let undone = changed && self.bench.undo();
        let n_before = self.bench.changes();
        let mut reply = self.enter(&whole);
        let changes = self.bench.changes() > n_before;
        if undone && !changes {
            // It did not fit: what stood there before stays.
            self.enter(&before);
            self.before = Some((before, true));
            return reply;
        }
        let words = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        reply.parts.insert(0, Part::Out(format!("{}\n", self.style.dim(&format!("goes on: {words}")))));
        self.before = Some((whole, changes));
        reply
    }
}

/// Whether a line goes on with the entry before, by the rule of the language, beyond doubt.
fn joins(before: &str, text: &str) -> bool {
    let begins_with_sign = entry::words(text).first().is_some_and(|w| {
        let sign = &text[w.at.clone()];
        w.kind == WordKind::Sign && sign != "'" || matches!(sign, "then" | "else" | "and" | "or")
    });
    let one = entry::pieces(before).len() == 1;
    one && begins_with_sign && !before.trim().is_empty() && Entry::of(before).goes_on_with(text)
}
