//! A file to statements.
//!
//! Takes a text; gives [`Parsed`]. Each statement is parsed alone; one that does not parse is
//! explained and, where the mistake has one obvious mending, mended and read on, so that its other
//! mistakes are found in the same run.
//! Deliberately absent: includes (`driver` reads the files), names (`sema`).

use super::ast::{ExprKind, Rel, Stmt, StmtKind};
use super::build::{Builder, Names};
use super::cut::{Item, Section};
use super::explain::{self, Scene};
use super::lex::{Comment, Fault};
use super::token::{Class, Kind, MAX_TOKEN_BYTES, Token};
use super::{brackets, cut, grammar, lex, nesting};
use crate::base::limits::{MAX_NESTING, MAX_SOURCE_BYTES};
use crate::base::{FileId, IdVec, Name, Span};
use crate::diag::codes::class::ClassError;
use crate::diag::codes::limit::LimitError;
use crate::diag::codes::syntax::SyntaxError;
use crate::diag::{Error, Reports};

/// Most mistakes mended in one statement.
const MOST_REPAIRS: usize = 12;
/// Longest statement that is mended and read again, in tokens; longer ones stop at their first mistake.
const LONGEST_REPAIRED: usize = 20_000;

/// What a file says.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The statements that were understood, in order.
    pub stmts: Vec<Stmt>,
    /// What is wrong, in order.
    pub reports: Reports,
    /// The statements that were not understood: what they would have declared.
    pub lost: Vec<Lost>,
}

/// A statement that was not understood; nothing should be reported because of its absence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost {
    /// The whole statement.
    pub at: Span,
    /// Names it would have declared.
    pub names: Vec<Name>,
    /// Whether it would have included a file, so that any name may come from there.
    pub include: bool,
}

/// Reads a file.
pub fn parse(file: FileId, text: &str) -> Parsed {
    parse_in(Parser::new(file, text), file, text)
}

/// Reads statements that were typed; a constraint needs no `subject to` above it.
pub fn parse_entry(file: FileId, text: &str) -> Parsed {
    parse_in(Parser { section: true, ..Parser::new(file, text) }, file, text)
}

fn parse_in(mut parser: Parser<'_>, file: FileId, text: &str) -> Parsed {
    if parser.too_long() {
        return parser.out;
    }
    let mut lexed = lex::lex(file, text);
    parser.long_tokens(&lexed.tokens);
    let items = cut::cut(text, &mut lexed.tokens);
    let mut comments = lexed.comments.iter().peekable();
    let mut faults = lexed.faults.into_iter().peekable();
    for (nth, item) in items.iter().enumerate() {
        let tokens = &lexed.tokens[item.tokens.clone()];
        let limit = items.get(nth + 1).map_or(u32::MAX, |next| parser.line_start(lexed.tokens[next.tokens.start]));
        let mut own = Vec::new();
        while let Some(fault) = faults.next_if(|f| f.at.start < limit) {
            own.push(fault);
        }
        let doc = parser.doc(&mut comments, tokens[0]);
        parser.item(item, tokens, own, doc);
    }
    faults.for_each(|fault| parser.out.reports.push(fault.error));
    parser.out
}

/// Reads one expression, as the only item of a `show` statement.
///
/// # Errors
/// What is wrong with it.
pub fn parse_expr(file: FileId, text: &str) -> Result<Stmt, Reports> {
    let mut parser = Parser::new(file, text);
    if parser.too_long() {
        return Err(parser.out.reports);
    }
    let lexed = lex::lex(file, text);
    if lexed.tokens.is_empty() && !lexed.faults.is_empty() {
        lexed.faults.into_iter().for_each(|fault| parser.out.reports.push(fault.error));
        return Err(parser.out.reports);
    }
    let show = Token::new(Kind::Show, 0, 0, true);
    let tokens: Vec<Token> =
        std::iter::once(show).chain(lexed.tokens.into_iter().filter(|t| t.kind() != Kind::Semicolon)).collect();
    parser.statement(&tokens, lexed.faults, None);
    let Parsed { mut stmts, mut reports, .. } = parser.out;
    match stmts.pop() {
        Some(stmt) if stmts.is_empty() && !reports.has_errors() => match &stmt.kind {
            StmtKind::Show { items } if items.len() > 1 => {
                let spans = [stmt.expr_span(items[0]), stmt.expr_span(items[1])];
                let [whole, part] = spans.map(|at| text.get(at.start as usize..at.end as usize).unwrap_or(""));
                let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
                if items.len() == 2 && digits(whole) && digits(part) {
                    let at = spans[0].to(spans[1]);
                    reports.push(SyntaxError::DecimalComma { at, offer: format!("{whole}.{part}") });
                    return Err(reports);
                }
                let (at, expected) = (
                    stmt.expr_span(items[1]),
                    vec!["the end of the expression, or `;` in place of the comma".to_owned()],
                );
                reports.push(SyntaxError::Expected { at, found: "a second expression".to_owned(), expected });
                Err(reports)
            }
            _ => Ok(stmt),
        },
        _ => Err(reports),
    }
}

/// Reads `i in I: body`, as a `let` over those indices that has no name.
///
/// # Errors
/// What is wrong with it.
pub fn parse_indexed(file: FileId, text: &str) -> Result<Stmt, Reports> {
    let mut parser = Parser::new(file, text);
    if parser.too_long() {
        return Err(parser.out.reports);
    }
    let lexed = lex::lex(file, text);
    let mut depth = 0_usize;
    let colon = lexed.tokens.iter().position(|t| {
        match t.kind().class() {
            Class::Opener => depth += 1,
            Class::Closer => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && t.kind() == Kind::Colon
    });
    let colon = colon.unwrap_or(lexed.tokens.len());
    let (head, body) = lexed.tokens.split_at(colon);
    let made = |kind, at: u32| Token::new(kind, at as usize, at as usize, false);
    let at = body.first().map_or(text.len() as u32, |t| t.start());
    let mut tokens = vec![Token::new(Kind::Let, 0, 0, true), made(Kind::Name, 0), made(Kind::LBracket, 0)];
    tokens.extend(head);
    tokens.extend([made(Kind::RBracket, at), made(Kind::Equals, at)]);
    tokens.extend(body.iter().skip(1).filter(|t| t.kind() != Kind::Semicolon));
    parser.statement(&tokens, lexed.faults, None);
    let Parsed { mut stmts, mut reports, .. } = parser.out;
    match stmts.pop() {
        Some(stmt) if stmts.is_empty() && !reports.has_errors() => Ok(stmt),
        Some(stmt) if !reports.has_errors() => {
            let (at, expected) = (stmt.span(stmt.at), vec!["the end of the expression".to_owned()]);
            reports.push(SyntaxError::Expected { at, found: "a second expression".to_owned(), expected });
            Err(reports)
        }
        _ => Err(reports),
    }
}

struct Parser<'t> {
    file: FileId,
    text: &'t str,
    names: Names,
    out: Parsed,
    /// Whether `subject to` was seen, or a statement that may have been one was lost.
    section: bool,
    /// Indent of the item before, if it was a constraint.
    before: Option<u32>,
}

impl<'t> Parser<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        Self { file, text, names: Names::default(), out: Parsed::default(), section: false, before: None }
    }

    fn too_long(&mut self) -> bool {
        let bytes = self.text.len();
        if bytes > MAX_SOURCE_BYTES {
            let at = Span::new(self.file, 0, 1);
            let what = "this file".to_owned();
            self.out.reports.push(LimitError::TooLong { at, what, bytes, most: MAX_SOURCE_BYTES });
        }
        bytes > MAX_SOURCE_BYTES
    }

    fn long_tokens(&mut self, tokens: &[Token]) {
        for token in tokens.iter().filter(|t| (t.end() - t.start()) as usize == MAX_TOKEN_BYTES) {
            let at = Span::new(self.file, token.start(), token.start() + 1);
            let error =
                LimitError::TooLong { at, what: "this word".into(), bytes: MAX_TOKEN_BYTES + 1, most: MAX_TOKEN_BYTES };
            self.out.reports.push(error);
        }
    }

    /// Where the line of the first token of an item begins; where the token begins, if it is not the first on its line.
    fn line_start(&self, token: Token) -> u32 {
        let start = token.start();
        if !token.first() {
            return start;
        }
        let line = self.text.as_bytes()[..start as usize].iter().rev().take_while(|b| **b != b'\n').count();
        start - line as u32
    }

    fn span_of(&self, token: Token) -> Span {
        Span::new(self.file, token.start(), token.end())
    }

    fn item(&mut self, item: &Item, tokens: &[Token], faults: Vec<Fault>, doc: Option<Name>) {
        let first = tokens[0];
        let before = self.before.take();
        match (item.section, first.kind()) {
            (Some(section), _) => self.open_section(section, tokens, faults),
            (None, Kind::Reserved) => {
                let word = self.names.get(first.text(self.text));
                self.out.reports.push(ClassError::NotYet { at: self.span_of(first), word });
                self.lose(tokens);
            }
            (None, Kind::Plus) => {
                self.out.reports.push(SyntaxError::PlusLine { at: self.span_of(first) });
                self.lose(tokens);
            }
            (None, kind) => {
                let constraint = kind.class() != Class::Statement;
                if constraint && kind == Kind::Minus && before == Some(item.indent) {
                    self.out.reports.push(SyntaxError::MinusLine { at: self.span_of(first) });
                }
                self.statement(tokens, faults, doc);
                self.before = (constraint && first.first()).then_some(item.indent);
            }
        }
    }

    fn open_section(&mut self, section: Section, tokens: &[Token], faults: Vec<Fault>) {
        let (first, last) = (tokens[0], tokens[tokens.len() - 1]);
        if section == Section::Misspelt {
            let at = Span::new(self.file, first.start(), last.end());
            let found = self.text[at.start as usize..at.end as usize].to_owned();
            self.out.reports.push(SyntaxError::Misspelt { at, found, offer: "subject to" });
        }
        faults.into_iter().for_each(|f| self.out.reports.push(f.error));
        self.section = true;
        self.keep(first.start(), last.end(), StmtKind::SubjectTo, IdVec::new(), None);
    }

    fn keep(
        &mut self,
        base: u32,
        end: u32,
        kind: StmtKind,
        exprs: IdVec<super::ast::ExprId, super::ast::Expr>,
        doc: Option<Name>,
    ) {
        let at = Rel { start: 0, end: end - base };
        self.out.stmts.push(Stmt { file: self.file, base, at, doc, kind, exprs });
    }

    /// Parses one statement, and what a missing line end left behind it; `faults` are those the lexer found.
    fn statement(&mut self, tokens: &[Token], faults: Vec<Fault>, doc: Option<Name>) {
        let broken = brackets::check(self.file, tokens);
        if !broken.is_empty() {
            let faults = faults.into_iter().map(|f| (f.at, f.error)).chain(broken);
            self.report(faults.map(|(at, error)| Fault { at, error, sound: false }).collect());
            return self.lose(tokens);
        }
        let mut rest = self.first_statement(tokens, faults, doc);
        while !rest.is_empty() {
            let opens = rest[0].kind() == Kind::Subject && rest.get(1).is_some_and(|t| t.text(self.text) == "to");
            rest = if opens {
                self.open_section(Section::Written, &rest[..2], Vec::new());
                rest.split_off(2)
            } else {
                self.first_statement(&rest, Vec::new(), None)
            };
        }
    }

    /// Parses, explains and mends until the statement is understood or lost; gives what follows it on its line.
    fn first_statement(&mut self, tokens: &[Token], mut faults: Vec<Fault>, doc: Option<Name>) -> Vec<Token> {
        let base = tokens[0].start();
        let mut sound = faults.iter().all(|f| f.sound);
        let mut read: std::borrow::Cow<'_, [Token]> = tokens.into();
        let mut rest = Vec::new();
        for round in 0..=MOST_REPAIRS {
            let mut builder = Builder::new(self.text, self.file, base, &mut self.names);
            let stop = match grammar::statement(&mut builder, base, &read) {
                Ok(kind) => {
                    builder.finish();
                    let (exprs, found) = (builder.exprs, builder.faults);
                    sound &= found.iter().all(|f| f.sound);
                    faults.extend(found);
                    let end = read[read.len() - 1].end();
                    let made = Made { base, end, kind, exprs, doc };
                    self.understood(&tokens[..tokens.len() - rest.len()], made, faults, sound);
                    return rest;
                }
                Err(stop) => stop,
            };
            let scene = Scene::new(self.file, self.text, &read, &stop, self.section);
            let found = explain::explain(&scene);
            let known = scene.gap();
            let again = faults.iter().any(|f| f.at.start <= known.end && known.start <= f.at.end);
            let mendable = round < MOST_REPAIRS && read.len() <= LONGEST_REPAIRED && !(again && round > 0);
            if !again {
                faults.push(Fault { at: found.at, error: found.error, sound: true });
            }
            let Some(fix) = found.fix.filter(|_| mendable) else {
                faults.extend(builder.faults);
                break;
            };
            sound &= fix.sound;
            let renamed = fix.tokens.start == 0;
            let taken: Vec<Token> = read.to_mut().splice(fix.tokens, fix.with).collect();
            if fix.splits {
                rest = taken;
                if rest.first().is_some_and(|t| t.kind() == Kind::Comma) {
                    rest.remove(0);
                }
            } else if renamed {
                cut::mark_clause_words(self.text, read.to_mut());
            }
        }
        self.report(faults);
        self.lose(&tokens[..tokens.len() - rest.len()]);
        rest
    }

    fn report(&mut self, mut faults: Vec<Fault>) {
        faults.sort_by_key(|f| f.at);
        faults.into_iter().for_each(|f| self.out.reports.push(f.error));
    }

    /// Keeps a statement that parsed, if it can be trusted.
    fn understood(&mut self, tokens: &[Token], made: Made, mut faults: Vec<Fault>, sound: bool) {
        if let Some(deep) = nesting::too_deep(&made.exprs) {
            let at = made.exprs[deep].at;
            let at = Span::new(self.file, made.base + at.start, made.base + at.start + 1);
            let error: Error = LimitError::TooDeep { at, most: MAX_NESTING }.into();
            faults.push(Fault { at, error, sound: false });
            self.report(faults);
            return self.lose(tokens);
        }
        if let Some(fault) = self.suspect(tokens, &made) {
            if faults.is_empty() {
                faults.push(fault);
            }
            self.report(faults);
            return self.lose(tokens);
        }
        self.report(faults);
        if sound {
            self.keep(made.base, made.end, made.kind, made.exprs, made.doc);
        } else {
            self.lose(tokens);
        }
    }

    /// What parses as a constraint but cannot be meant as one.
    fn suspect(&mut self, tokens: &[Token], made: &Made) -> Option<Fault> {
        let StmtKind::Constraint { name, body, .. } = &made.kind else { return None };
        let compares = match &made.exprs[*body].kind {
            ExprKind::Compare { .. } | ExprKind::Complements { .. } => true,
            ExprKind::Binary { op, .. } => !matches!(
                op,
                super::ast::BinOp::Add | super::ast::BinOp::Sub | super::ast::BinOp::Mul | super::ast::BinOp::Div
            ),
            _ => false,
        };
        if !compares && let Some(fault) = explain::misspelt_start(self.file, self.text, tokens, name.is_some()) {
            return Some(fault);
        }
        if self.section {
            return None;
        }
        self.section = true;
        let at = self.span_of(tokens[0]);
        Some(Fault { at, error: SyntaxError::OutsideSection { at }.into(), sound: true })
    }

    /// Notes what a statement would have declared.
    fn lose(&mut self, tokens: &[Token]) {
        let (first, last) = (tokens[0], tokens[tokens.len() - 1]);
        let at = Span::new(self.file, first.start(), last.end());
        let names = explain::declared(self.text, tokens);
        let names = names.into_iter().map(|word| self.names.get(word)).collect();
        // What begins with a free word may have been a misspelt `subject to`.
        self.section |= first.kind() == Kind::Name;
        self.out.lost.push(Lost { at, names, include: first.kind() == Kind::Include });
    }

    /// The comment block directly above a token, without `#`.
    fn doc(&mut self, comments: &mut std::iter::Peekable<std::slice::Iter<'_, Comment>>, token: Token) -> Option<Name> {
        let mut block: Vec<&Comment> = Vec::new();
        while let Some(comment) = comments.next_if(|c| c.start < token.start()) {
            let adjoins = block.last().is_none_or(|b| self.next_line(b.end, comment.start));
            if !adjoins || !comment.own_line {
                block.clear();
            }
            if comment.own_line {
                block.push(comment);
            }
        }
        let last = block.last()?;
        if !token.first() || !self.next_line(last.end, token.start()) {
            return None;
        }
        let line = |c: &&Comment| {
            let said = self.text[c.start as usize..c.end as usize].trim_start_matches('#');
            said.strip_prefix(' ').unwrap_or(said).trim_end()
        };
        let lines: Vec<&str> = block.iter().map(line).collect();
        Some(lines.join("\n").into())
    }

    /// Whether only space with one line end stands between two places.
    fn next_line(&self, from: u32, to: u32) -> bool {
        let gap = &self.text[from as usize..to as usize];
        gap.bytes().filter(|b| *b == b'\n').count() == 1 && gap.trim().is_empty()
    }
}

/// A statement that parsed.
struct Made {
    base: u32,
    end: u32,
    kind: StmtKind,
    exprs: IdVec<super::ast::ExprId, super::ast::Expr>,
    doc: Option<Name>,
}
