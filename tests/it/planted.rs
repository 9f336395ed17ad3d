//! Five planted mistakes in each of fifty correct models: at least 95 of 100 are found in one run, and
//! no line that was not touched is reported.

use optc::data::FolderLoader;
use optc::diag::{Message, render::render};
use optc::driver::{Session, Setup};
use optc::syntax::dump;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MODELS: usize = 50;
const PER_MODEL: usize = 5;

/// A reproducible stream of small numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }
}

/// A token of a correct model.
#[derive(Clone, Debug)]
struct Word {
    line: usize,
    start: usize,
    kind: String,
    text: String,
}

impl Word {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn is(&self, text: &str) -> bool {
        self.text == text && self.kind != "string"
    }

    fn ends_operand(&self) -> bool {
        matches!(self.kind.as_str(), "name" | "number" | "string") || matches!(self.text.as_str(), ")" | "]" | "}")
    }
}

/// The statements of a model as tokens.
fn statements(text: &str) -> Vec<Vec<Word>> {
    let begins: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let word = |line: &str| {
        let (place, rest) = line.split_once(' ')?;
        let (line, column) = place.split_once(':')?;
        let (kind, said) = rest.trim_start().split_once(' ')?;
        let line: usize = line.parse().ok()?;
        let start = begins[line - 1] + column.parse::<usize>().ok()? - 1;
        Some(Word { line, start, kind: kind.into(), text: said.trim_start().into() })
    };
    let dump = dump::tokens(text);
    dump.split("\n\n").map(|s| s.lines().filter_map(word).collect()).filter(|s: &Vec<Word>| !s.is_empty()).collect()
}

/// A mistake: what is replaced by what, and the lines it touches.
struct Plant {
    kind: &'static str,
    start: usize,
    end: usize,
    with: String,
    lines: BTreeSet<usize>,
}

type Planter = fn(&[Word], &Model, &mut Dice) -> Option<Plant>;

const PLANTERS: &[(&str, Planter)] = &[
    ("dropped bracket", dropped_bracket),
    ("doubled operator", doubled_operator),
    ("missing operand", missing_operand),
    ("missing operator", missing_operator),
    ("missing colon", missing_colon),
    ("missing comma", missing_comma),
    ("= for ==, == for =", swapped_equals),
    ("misspelt keyword", misspelt_keyword),
    ("keyword in capitals", capital_keyword),
    ("stray character", stray_character),
    ("number before a name", number_before_name),
    ("open string", open_string),
    ("misspelt name", misspelt_name),
    ("one subscript too many", extra_subscript),
];

/// What a correct model declares.
struct Model {
    statements: Vec<Vec<Word>>,
    /// Names with the statement that declares each.
    names: BTreeMap<String, usize>,
    /// Statements that must stay correct when this one gets a mistake of meaning.
    planted: BTreeSet<usize>,
}

impl Model {
    fn new(text: &str) -> Self {
        let statements = statements(text);
        let mut names = BTreeMap::new();
        for (at, words) in statements.iter().enumerate() {
            if matches!(words[0].text.as_str(), "set" | "param" | "var" | "let" | "table" | "fn") && words.len() > 1 {
                names.insert(words[1].text.clone(), at);
            }
        }
        Self { statements, names, planted: BTreeSet::new() }
    }

    /// Whether a statement needs another one that has a mistake.
    fn depends_on_a_planted_one(&self, words: &[Word]) -> bool {
        let mut todo: Vec<usize> = words.iter().filter_map(|w| self.names.get(&w.text).copied()).collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = todo.pop() {
            if seen.insert(next) {
                todo.extend(self.statements[next].iter().filter_map(|w| self.names.get(&w.text).copied()));
            }
        }
        seen.intersection(&self.planted).next().is_some()
    }
}

fn replace(word: &Word, with: impl Into<String>) -> Option<Plant> {
    let (start, end) = (word.start, word.end());
    Some(Plant { kind: "", start, end, with: with.into(), lines: BTreeSet::from([word.line]) })
}

fn insert(before: &Word, with: &str) -> Option<Plant> {
    let start = before.start;
    Some(Plant { kind: "", start, end: start, with: with.into(), lines: BTreeSet::from([before.line]) })
}

/// Positions in a statement where a test on the token and its neighbours holds.
fn places(words: &[Word], test: impl Fn(&Word, &Word, Option<&Word>) -> bool) -> Vec<usize> {
    (1..words.len()).filter(|&i| test(&words[i - 1], &words[i], words.get(i + 1))).collect()
}

fn is_operator(word: &Word) -> bool {
    matches!(word.text.as_str(), "+" | "-" | "*" | "/" | "^") && word.kind == "sign"
}

fn dropped_bracket(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for (at, word) in words.iter().enumerate().filter(|(_, w)| w.kind == "sign") {
        match word.text.as_str() {
            "(" | "[" | "{" => open.push(at),
            ")" | "]" | "}" => pairs.extend(open.pop().map(|o| (o, at))),
            _ => {}
        }
    }
    let &(opener, closer) = dice.pick(&pairs)?;
    let dropped = if dice.below(2) == 0 { opener } else { closer };
    let mut plant = replace(&words[dropped], "")?;
    plant.lines.extend([words[opener].line, words[closer].line]);
    Some(plant)
}

fn doubled_operator(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let binary = places(words, |before, word, _| is_operator(word) && before.ends_operand());
    let at = *dice.pick(&binary)?;
    replace(&words[at], format!("{} {}", words[at].text, ["*", "/", "^"][dice.below(3)]))
}

fn missing_operand(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let lonely = places(words, |before, word, after| {
        let follows = after.is_none_or(|a| !matches!(a.text.as_str(), "(" | "[" | "." | "-" | "+" | "'"));
        is_operator(before) && matches!(word.kind.as_str(), "name" | "number") && follows
    });
    replace(&words[*dice.pick(&lonely)?], "")
}

fn missing_operator(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let between = places(words, |before, word, after| {
        let operand = after.is_some_and(|a| matches!(a.kind.as_str(), "name" | "number"));
        is_operator(word) && before.ends_operand() && operand
    });
    replace(&words[*dice.pick(&between)?], " ")
}

fn missing_colon(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let colons = places(words, |_, word, _| word.is(":"));
    replace(&words[*dice.pick(&colons)?], " ")
}

fn missing_comma(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let commas = places(words, |before, word, after| {
        let operand = |w: &Word| matches!(w.kind.as_str(), "name" | "number" | "string");
        word.is(",") && operand(before) && after.is_some_and(operand)
    });
    replace(&words[*dice.pick(&commas)?], " ")
}

fn swapped_equals(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let mut depth = 0_usize;
    let mut signs = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match word.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "=" | "==" if depth == 0 => signs.push(at),
            _ => {}
        }
    }
    let word = &words[*dice.pick(&signs)?];
    replace(word, if word.is("=") { "==" } else { "=" })
}

fn keyword(words: &[Word]) -> Option<&Word> {
    words.first().filter(|w| w.kind == "word" && w.text.len() > 2)
}

fn misspelt_keyword(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let word = keyword(words)?;
    let mut letters: Vec<char> = word.text.chars().collect();
    let at = dice.below(letters.len() - 1);
    match dice.below(3) {
        0 if letters.len() > 3 => {
            letters.remove(at);
        }
        1 => letters.insert(at, letters[at]),
        _ => letters.swap(at, at + 1),
    }
    let misspelt: String = letters.into_iter().collect();
    (misspelt != word.text).then(|| replace(word, misspelt)).flatten()
}

fn capital_keyword(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let word = keyword(words)?;
    let mut letters = word.text.chars();
    let first: String = letters.by_ref().take(1).flat_map(char::to_uppercase).collect();
    let capital = format!("{first}{}", letters.as_str());
    replace(word, if dice.below(2) == 0 { word.text.to_uppercase() } else { capital })
}

fn stray_character(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    insert(&words[dice.below(words.len())], ["@ ", "$ ", "? ", "\\ ", "% "][dice.below(5)])
}

fn number_before_name(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let names = places(words, |before, word, _| {
        word.kind == "name" && (is_operator(before) || matches!(before.text.as_str(), "(" | "<=" | ">=" | "==" | ":"))
    });
    insert(&words[*dice.pick(&names)?], "2")
}

fn open_string(words: &[Word], _: &Model, dice: &mut Dice) -> Option<Plant> {
    let strings = places(words, |_, word, _| word.kind == "string");
    let word = &words[*dice.pick(&strings)?];
    replace(word, &word.text[..word.text.len() - 1])
}

fn misspelt_name(words: &[Word], model: &Model, dice: &mut Dice) -> Option<Plant> {
    let used = places(words, |before, word, after| {
        let bound = after.is_some_and(|a| a.is("in") || a.is("=") || a.is(":"));
        let declared = words.len() > 1 && word.start == words[1].start && words[0].kind == "word";
        word.kind == "name" && model.names.contains_key(&word.text) && !before.is(".") && !bound && !declared
    });
    let word = &words[*dice.pick(&used)?];
    replace(word, format!("{}zq", word.text))
}

fn extra_subscript(words: &[Word], model: &Model, dice: &mut Dice) -> Option<Plant> {
    if model.depends_on_a_planted_one(words) {
        return None;
    }
    let closers = places(words, |before, word, _| word.is("]") && matches!(before.kind.as_str(), "name" | "number"));
    let subscripts: Vec<usize> = closers
        .into_iter()
        .filter(|&at| {
            let opener = words[..at].iter().rposition(|w| w.is("[")).unwrap_or(0);
            let name = opener.checked_sub(1).map(|i| &words[i]);
            let inner_binds = words[opener..at].iter().any(|w| w.is("in"));
            opener > 2 && !inner_binds && name.is_some_and(|n| n.kind == "name" && model.names.contains_key(&n.text))
        })
        .collect();
    insert(&words[*dice.pick(&subscripts)?], ", 1")
}

/// Correct models, in order.
fn models() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["examples", "suites/hs"] {
        paths.extend(std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()));
    }
    paths.retain(|p| p.extension().is_some_and(|e| e == "opt"));
    paths.sort();
    paths
}

fn check(folder: &Path, name: &str, text: &str) -> (Vec<Message>, Vec<usize>, String) {
    let mut session = Session::new(Arc::new(FolderLoader::new(folder)), Setup::default());
    let messages = session.check_text(name, text).reports.messages();
    let lines = messages.iter().map(|m| m.primary_span().map_or(0, |s| session.sources.line(s))).collect();
    let drawn = messages.iter().map(|m| render(m, &session.sources, false)).collect();
    (messages, lines, drawn)
}

/// Plants mistakes in different statements of a model; nothing when it has too few places.
fn plant(text: &str, dice: &mut Dice) -> Option<Vec<Plant>> {
    let mut model = Model::new(text);
    let mut plants: Vec<Plant> = Vec::new();
    for _ in 0..400 {
        if plants.len() == PER_MODEL {
            return Some(plants);
        }
        let at = dice.below(model.statements.len());
        let (kind, planter) = PLANTERS[dice.below(PLANTERS.len())];
        if model.planted.contains(&at) {
            continue;
        }
        let Some(found) = planter(&model.statements[at], &model, dice) else { continue };
        let apart = plants.iter().all(|p| p.lines.is_disjoint(&found.lines));
        // What needs a statement that has a mistake of meaning must not hide behind it.
        let needed =
            model.names.values().any(|d| *d == at) && plants.iter().any(|p| p.kind == "one subscript too many");
        if apart && !needed {
            model.planted.insert(at);
            plants.push(Plant { kind, ..found });
        }
    }
    None
}

fn apply(text: &str, plants: &[Plant]) -> String {
    let mut order: Vec<&Plant> = plants.iter().collect();
    order.sort_by_key(|p| std::cmp::Reverse(p.start));
    let mut text = text.to_owned();
    for plant in order {
        text.replace_range(plant.start..plant.end, &plant.with);
    }
    text
}

#[test]
fn planted_mistakes_are_found_in_one_run_and_nothing_else_is_reported() {
    let rounds: u64 = std::env::var("OPTC_PLANTED_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    let mut tally: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut stray = String::new();
    let mut missed = String::new();
    let mut used = BTreeSet::new();
    for round in 0..rounds {
        let mut dice = Dice(0x5eed + 7919 * round);
        let mut in_round = 0;
        for path in models() {
            let text = std::fs::read_to_string(&path).expect("models are UTF-8");
            let (folder, name) = (path.parent().unwrap_or(Path::new(".")), path.display().to_string());
            if in_round == MODELS || !check(folder, &name, &text).0.is_empty() {
                continue;
            }
            let Some(plants) = plant(&text, &mut dice) else { continue };
            (in_round, _) = (in_round + 1, used.insert(path.clone()));
            let wrong = apply(&text, &plants);
            let (_, lines, drawn) = check(folder, &name, &wrong);
            for plant in &plants {
                let found = lines.iter().any(|l| plant.lines.contains(l));
                let entry = tally.entry(plant.kind).or_default();
                *entry = (entry.0 + usize::from(found), entry.1 + 1);
                if !found {
                    if let Some(folder) = std::env::var_os("OPTC_PLANTED_KEEP") {
                        let name = format!("{}.opt", missed.lines().count());
                        std::fs::write(Path::new(&folder).join(name), &wrong).expect("the folder can be written to");
                    }
                    let line = *plant.lines.iter().next().unwrap_or(&1);
                    let said = wrong.lines().nth(line - 1).unwrap_or("");
                    missed += &format!("{name}:{line}: {}: {said}\n", plant.kind);
                }
            }
            let touched: BTreeSet<usize> = plants.iter().flat_map(|p| p.lines.iter().copied()).collect();
            if let Some(line) = lines.iter().find(|l| !touched.contains(l)) {
                stray += &format!("{name}:{line} is reported; touched are {touched:?}\n{drawn}\n");
            }
        }
        assert_eq!(in_round, MODELS, "too few correct models");
    }
    let (found, planted) = tally.values().fold((0, 0), |sum, t| (sum.0 + t.0, sum.1 + t.1));
    let rate = 100.0 * found as f64 / planted as f64;
    println!("{found} of {planted} planted mistakes found ({rate:.1} %) in {} models", used.len());
    tally.iter().for_each(|(kind, (found, planted))| println!("  {kind}: {found} of {planted}"));
    println!("missed:\n{missed}");
    assert!(rate >= 95.0, "{rate:.1} % found; missed\n{missed}");
    assert!(stray.is_empty(), "lines that were not touched are reported\n{stray}");
}
