//! The house keeps its rules: floors, unsafe code, sizes, pages, licences. Each rule names file and line.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Modules by floor. A module uses lower floors only.
const FLOORS: [&[&str]; 12] = [
    &["base"],
    &["diag", "num"],
    &["func", "syntax", "problem", "data"],
    &["ir", "solve"],
    &["sema", "front", "diff", "interp"],
    &["pass"],
    &["bind"],
    &["bridge"],
    &["kernel"],
    &["jit"],
    &["driver"],
    &["cli", "embed", "capi", "py", "lsp"],
];

/// Modules that see less than the floors below them.
const NARROW: [(&str, &[&str]); 1] = [("solve", &["base", "num", "problem"])];

/// Where `unsafe` may stand.
const UNSAFE: [&str; 2] = ["src/num/vmath", "src/jit"];

const MOST_LINES: usize = 800;

/// A source file: its path from the root of the project, its text, and the text without comments and strings.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or("");
        inside.split(['/', '.']).next().unwrap_or("")
    }

    /// The code before the first unit test.
    fn shipped(&self) -> &str {
        self.code.split("#[cfg(test)]\nmod ").next().unwrap_or("")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder with this ending, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                // What a package of its own has built is nobody's text.
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string().replace('\\', "/")
}

fn sources(folder: &str) -> Vec<Source> {
    let load = |path: PathBuf| {
        let text = read(&path);
        Source { path: relative(&path), code: code_of(&text), text }
    };
    files(folder, "rs").into_iter().map(load).collect()
}

/// The text with comments and the insides of strings blanked; lines stay where they are.
fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = skip(bytes, at);
        if end > at + 1 {
            out.extend(bytes[at..end].iter().map(|b| if *b == b'\n' { b'\n' } else { b' ' }));
            at = end;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// One past the comment, string or character that starts here; the same place when none does.
fn skip(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let after_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + rest.windows(2).position(|w| w == b"*/").map_or(rest.len(), |p| p + 2);
    }
    if rest[0] == b'r' && !after_word {
        let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            let body = &rest[2 + hashes..];
            let length = body.windows(close.len()).position(|w| w == close).map_or(body.len(), |p| p + close.len());
            return at + 2 + hashes + length;
        }
    }
    if rest[0] == b'"' {
        return at + quoted(rest, b'"');
    }
    // A character has its closing quote near; a lifetime has none.
    if rest[0] == b'\''
        && (rest.get(1) == Some(&b'\\') || rest.get(2) == Some(&b'\'') || rest.get(1).is_some_and(|b| !b.is_ascii()))
    {
        return at + quoted(rest, b'\'');
    }
    at
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Whether `word` stands at `at` as a whole word.
fn is_word(text: &str, at: usize, word: &str) -> bool {
    let part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).is_some_and(|at| part(bytes.get(at)));
    !before && !part(bytes.get(at + word.len()))
}

/// `path:line` of each place where one of the words stands.
fn places(source: &Source, code: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for word in words {
            if line.match_indices(word).any(|(at, _)| is_word(line, at, word)) {
                found.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    found
}

fn none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn modules_use_lower_floors_only() {
    let floor_of = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let mut faults = Vec::new();
    for source in sources("src") {
        let module = source.module().to_string();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some(floor) = floor_of(&module) else {
            faults.push(format!("{}: `{module}` is on no floor", source.path));
            continue;
        };
        let narrow = NARROW.iter().find(|(name, _)| *name == module).map(|(_, seen)| *seen);
        for (number, line) in source.code.lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                for used in used_modules(rest) {
                    let Some(other) = floor_of(&used) else { continue };
                    let allowed = used == module || other < floor && narrow.is_none_or(|seen| seen.contains(&&*used));
                    if !allowed {
                        faults.push(format!("{}:{}: `{module}` uses `{used}`", source.path, number + 1));
                    }
                }
            }
        }
    }
    none(&faults, "a module uses lower floors only (ARCHITECTURE.md)");
}

/// The modules named right after `crate::`: one, or several in braces.
fn used_modules(rest: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match rest.strip_prefix('{') {
        Some(list) => list.split([',', '}']).map(|part| name(part.trim())).collect(),
        None => vec![name(rest)],
    }
}

#[test]
fn unsafe_code_stands_in_two_places_and_says_why_it_is_sound() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let found = places(&source, &source.code, &["unsafe"]);
        if !UNSAFE.iter().any(|place| source.path.starts_with(place)) {
            faults.extend(found);
            continue;
        }
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in source.code.lines().enumerate().filter(|(_, line)| line.contains("unsafe {")) {
            let above = &lines[number.saturating_sub(5)..=number];
            if !above.iter().any(|l| l.contains("SAFETY:")) {
                faults.push(format!("{}:{}: no `SAFETY:` above `{}`", source.path, number + 1, line.trim()));
            }
        }
    }
    none(&faults, "unsafe code");
}

#[test]
fn files_are_short_and_open_with_what_they_are() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches", "suites"] {
        for source in sources(folder) {
            let lines = source.text.lines().count();
            if lines > MOST_LINES {
                faults.push(format!("{} has {lines} lines, more than {MOST_LINES}", source.path));
            }
            if !source.text.starts_with("//!") {
                faults.push(format!("{}:1: does not begin with `//!`", source.path));
            }
        }
    }
    none(&faults, "files are short and documented");
}

#[test]
fn each_code_has_a_page_and_each_page_a_code() {
    let codes = optc::diag::codes::all_codes();
    let mut faults = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        if codes[..at].contains(code) {
            faults.push(format!("{code} is the code of two errors"));
        }
    }
    for path in files("docs/errors", "md") {
        let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or("").to_string();
        if name == "README" {
            continue;
        }
        let text = read(&path);
        if !codes.contains(&&*name) {
            faults.push(format!("{} is the page of no error", relative(&path)));
        }
        if !text.starts_with(&format!("# {name}: ")) {
            faults.push(format!("{}:1: should begin with `# {name}: `", relative(&path)));
        }
        if !text.contains("```opt fails\n") && !text.contains("(This page cannot show") {
            faults.push(format!("{}: shows no failing program (```opt fails)", relative(&path)));
        }
        if !text.contains("```opt\n") {
            faults.push(format!("{}: shows no mended program (```opt)", relative(&path)));
        }
    }
    none(&faults, "errors and their pages");
}

#[test]
fn elementary_functions_come_from_vmath() {
    let names = [
        "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "exp",
        "exp2", "exp_m1", "ln", "ln_1p", "log", "log10", "log2", "powf", "cbrt", "hypot", "sin_cos",
    ];
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|s| !s.path.starts_with("src/num/vmath")) {
        for (number, line) in source.shipped().lines().enumerate() {
            let called = names.iter().find(|name| {
                line.contains(&format!("f64::{name}("))
                    || line.contains(&format!("f64::{name},"))
                    || line.contains(&format!("libm::{name}("))
            });
            if let Some(name) = called {
                faults.push(format!("{}:{}: {name}", source.path, number + 1));
            }
        }
    }
    none(&faults, "elementary functions come from num::vmath, so that every executor agrees to the last bit");
}

#[test]
fn nothing_depends_on_hash_order() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in source.shipped().lines().enumerate() {
            let hashed =
                ["HashMap", "HashSet"].iter().any(|w| line.match_indices(w).any(|(at, _)| is_word(line, at, w)));
            let is_import = line.trim_start().starts_with("use ");
            let near = &lines[number.saturating_sub(16)..=number];
            let excuses = ["order", "membership", "by key", "look up"];
            let excused = near.iter().any(|l| excuses.iter().any(|word| l.contains(word)));
            // A constructor without a type belongs to a declaration that is looked at where it stands.
            let is_new = !line.contains("HashMap<") && !line.contains("let ");
            if hashed && !is_import && !is_new && !excused {
                faults.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    none(&faults, "IndexMap, BTreeMap or sorting; or a comment that says why the order cannot leak");
}

#[test]
fn nothing_is_unfinished_and_nothing_prints_but_the_tool() {
    let mut faults = Vec::new();
    for source in sources("src") {
        faults.extend(places(&source, source.shipped(), &["todo!", "unimplemented!", "dbg!"]));
        faults.extend(places(&source, source.shipped(), &["println!", "eprintln!", "print!", "eprint!"]));
        for (number, line) in source.shipped().lines().enumerate().filter(|(_, l)| l.contains(".unwrap()")) {
            faults.push(format!("{}:{}: unwrap in `{}`", source.path, number + 1, line.trim()));
        }
        for (number, _) in source.text.lines().enumerate().filter(|(_, l)| l.contains(concat!("FIX", "ME"))) {
            faults.push(format!("{}:{}: unfinished", source.path, number + 1));
        }
    }
    for source in sources("tests") {
        for (number, _) in source.code.lines().enumerate().filter(|(_, l)| l.contains("#[ignore")) {
            faults.push(format!("{}:{}: an ignored test", source.path, number + 1));
        }
    }
    none(&faults, "finished code");
}

#[test]
fn no_path_of_a_machine_is_in_the_tree() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let Ok(listed) = listed else { return eprintln!("skipped: git is not installed") };
    if !listed.status.success() {
        return eprintln!("skipped: not a git checkout");
    }
    // Written in two parts, so that this file does not contain them.
    let paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut faults = Vec::new();
    for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|n| !n.is_empty()) {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let starts_path = |at: usize| at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric();
            if paths.iter().any(|p| line.match_indices(p).any(|(at, _)| starts_path(at))) {
                faults.push(format!("{name}:{}: {}", number + 1, line.trim().chars().take(100).collect::<String>()));
            }
        }
    }
    none(&faults, "paths of one machine mean nothing on another");
}

/// What `cargo metadata` says, or nothing when cargo cannot be asked without a network.
fn metadata() -> Option<serde_json::Value> {
    let cargo = std::env::var_os("CARGO")?;
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .ok()?;
    if !out.status.success() {
        eprintln!("skipped: {}", String::from_utf8_lossy(&out.stderr));
        return None;
    }
    serde_json::from_slice(&out.stdout).ok()
}

#[test]
fn every_dependency_has_a_reason_and_a_licence_that_may_be_used() {
    let Some(metadata) = metadata() else { return };
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let own = packages.iter().find(|p| p["name"] == "optc").expect("cargo lists this package");
    let reasons = read(&root().join("docs/dependencies.md"));
    let mut faults = Vec::new();
    for dependency in own["dependencies"].as_array().expect("a list") {
        let name = dependency["name"].as_str().unwrap_or("");
        if !reasons.contains(&format!("`{name}`")) {
            faults.push(format!("`{name}` has no reason in docs/dependencies.md"));
        }
    }
    for package in packages.iter().filter(|p| p["name"] != "optc") {
        let licence = package["license"].as_str().unwrap_or("none");
        if !may_be_used(licence) {
            faults.push(format!("{} {} has the licence `{licence}`", package["name"], package["version"]));
        }
    }
    none(&faults, "dependencies");
}

/// Whether an SPDX expression leaves a choice of permissive licences only (`deny.toml` lists the same).
fn may_be_used(expression: &str) -> bool {
    const ALLOWED: [&str; 11] = [
        "MIT",
        "MIT-0",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "Unicode-3.0",
        "Unlicense",
        "0BSD",
        "BSL-1.0",
    ];
    let one = |term: &str| {
        let term = term.trim().trim_matches(['(', ')']).trim();
        ALLOWED.contains(&term) || term == "Apache-2.0 WITH LLVM-exception"
    };
    // `A/B` is an old way to write `A OR B`. Brackets only ever group choices in what crates write.
    expression.replace('/', " OR ").split(" AND ").all(|part| part.split(" OR ").any(one))
}

#[test]
fn the_scanner_tells_code_from_words() {
    let code = code_of("let a = \"unsafe // x\"; // unsafe\nlet b: &'a str = r#\"un\"safe\"#; '\\''; 'x'; b\n");
    let mut seen = String::new();
    for line in code.lines() {
        let _ = write!(seen, "[{}]", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    assert_eq!(seen, "[let a = ;][let b: &'a str = ; ; ; b]");
    assert!(
        may_be_used("(MIT OR Apache-2.0) AND Unicode-3.0") && !may_be_used("EPL-2.0") && may_be_used("MIT/GPL-3.0")
    );
}
