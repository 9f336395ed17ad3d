//! The words of the language: one row per token kind.
//!
//! Takes nothing; gives [`Kind`], the compact [`Token`], and how each kind is called in messages.
//! Deliberately absent: reading text (`lex`), cutting it into statements (`cut`).

use logos::Logos;

/// Declares the kinds: `Variant "spelling" class`, the attribute being how logos finds it, if it does.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $variant:ident $spelling:literal $class:ident ),* $(,)?) => {
        /// What a token is.
        #[derive(Logos, Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
        #[logos(skip r"[ \t\r\x0c]+")]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Kind {
            $( $(#[$meta])* $variant ),*
        }

        impl Kind {
            /// Every kind, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            const SPELLINGS: &'static [&'static str] = &[$($spelling),*];
            const CLASSES: &'static [Class] = &[$(Class::$class),*];
        }
    };
}

/// What a token can be at the start of a line and between operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A name, number or string: an operand by itself.
    Operand,
    /// A reserved word that begins a statement.
    Statement,
    /// A reserved word inside expressions and clauses.
    Word,
    /// A word that is read only in its clause.
    Clause,
    /// An operator or punctuation.
    Sign,
    /// `( [ {`.
    Opener,
    /// `) ] }`.
    Closer,
    /// Never seen by the grammar.
    Trivia,
}

kinds! {
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Name "a name" Operand,
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9][0-9_]*)?")]
    Number "a number" Operand,
    #[regex(r#""[^"\n]*""#)]
    Text "a string" Operand,

    Set "set" Statement,
    Param "param" Statement,
    Table "table" Statement,
    Var "var" Statement,
    Let "let" Statement,
    Fn "fn" Statement,
    Minimize "minimize" Statement,
    Maximize "maximize" Statement,
    Subject "subject" Statement,
    Solve "solve" Statement,
    Include "include" Statement,
    Hyper "hyper" Statement,
    Tune "tune" Statement,
    Check "check" Statement,
    Expect "expect" Statement,
    Extern "extern" Statement,
    Show "show" Statement,
    Split "split" Statement,
    /// `time`, `state`, `control` or `scenario` where it would begin a statement.
    Reserved "a reserved statement" Statement,

    In "in" Word,
    If "if" Word,
    Then "then" Word,
    Else "else" Word,
    And "and" Word,
    Or "or" Word,
    Not "not" Word,
    Complements "complements" Word,
    With "with" Word,

    Start "start" Clause,
    From "from" Clause,
    Key "key" Clause,
    Into "into" Clause,
    Seed "seed" Clause,
    Tol "tol" Clause,
    Log "log" Clause,

    #[token("+")]
    Plus "+" Sign,
    #[token("-")]
    Minus "-" Sign,
    #[token("*")]
    Star "*" Sign,
    #[token("/")]
    Slash "/" Sign,
    #[token("^")]
    Caret "^" Sign,
    #[token("'")]
    Prime "'" Sign,
    #[token(".*")]
    DotStar ".*" Sign,
    #[token("./")]
    DotSlash "./" Sign,
    #[token(".^")]
    DotCaret ".^" Sign,
    #[token("==")]
    EqEq "==" Sign,
    #[token("!=")]
    NotEq "!=" Sign,
    #[token("<=")]
    LessEq "<=" Sign,
    #[token("<")]
    Less "<" Sign,
    #[token(">=")]
    GreaterEq ">=" Sign,
    #[token(">")]
    Greater ">" Sign,
    #[token("~=")]
    Near "~=" Sign,
    #[token("=")]
    Equals "=" Sign,
    #[token(":")]
    Colon ":" Sign,
    #[token(",")]
    Comma "," Sign,
    #[token(".")]
    Dot "." Sign,
    #[token("..")]
    DotDot ".." Sign,

    #[token("(")]
    LParen "(" Opener,
    #[token(")")]
    RParen ")" Closer,
    #[token("[")]
    LBracket "[" Opener,
    #[token("]")]
    RBracket "]" Closer,
    #[token("{")]
    LBrace "{" Opener,
    #[token("}")]
    RBrace "}" Closer,

    #[token(";")]
    Semicolon ";" Trivia,
    #[token("\n")]
    Newline "the end of the line" Trivia,
    #[regex(r"#[^\n]*", allow_greedy = true)]
    Comment "a comment" Trivia,
    /// Spellings of other languages (`**`, `&&`, `:=`, …); the lexer maps each to ours and reports it.
    #[token("**")]
    #[token("&&")]
    #[token("||")]
    #[token("!")]
    #[token(":=")]
    #[token("<>")]
    #[token("=<")]
    #[token("=>")]
    #[token("===")]
    #[token("!==")]
    #[token("=~")]
    #[token("...")]
    Foreign "a sign of another language" Trivia,
    /// `//` and `/*` comments, to the end of the line.
    #[regex(r"//[^\n]*", allow_greedy = true)]
    #[regex(r"/\*[^\n]*", allow_greedy = true)]
    ForeignComment "a comment of another language" Trivia,
    /// A string that does not end on its line.
    #[regex(r#""[^"\n]*"#)]
    OpenText "a string" Trivia,
    /// The first character of anything outside ASCII: a name, a sign or a stray character.
    #[regex(r"[^\x00-\x7F]")]
    Wide "a character outside ASCII" Trivia,
    /// Anything else.
    #[regex(r"[\x00-\x08\x0b\x0e-\x1f\x7f@$?%&|~\\`]")]
    Stray "a stray character" Trivia,
}

impl Kind {
    /// How it is written, or what it is called when it has no one spelling.
    pub fn spelling(self) -> &'static str {
        Self::SPELLINGS[self as usize]
    }

    /// Its class.
    pub fn class(self) -> Class {
        Self::CLASSES[self as usize]
    }

    /// The reserved word of this spelling.
    pub fn reserved(word: &str) -> Option<Self> {
        Some(match word {
            "set" => Self::Set,
            "param" => Self::Param,
            "table" => Self::Table,
            "var" => Self::Var,
            "let" => Self::Let,
            "fn" => Self::Fn,
            "minimize" => Self::Minimize,
            "maximize" => Self::Maximize,
            "subject" => Self::Subject,
            "solve" => Self::Solve,
            "include" => Self::Include,
            "hyper" => Self::Hyper,
            "tune" => Self::Tune,
            "check" => Self::Check,
            "expect" => Self::Expect,
            "extern" => Self::Extern,
            "in" => Self::In,
            "if" => Self::If,
            "then" => Self::Then,
            "else" => Self::Else,
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "complements" => Self::Complements,
            "with" => Self::With,
            _ => return None,
        })
    }

    /// Whether an operand can end with it.
    pub fn ends_operand(self) -> bool {
        matches!(self.class(), Class::Operand | Class::Closer) || self == Self::Prime
    }

    /// Whether an operand can begin with it.
    pub fn begins_operand(self) -> bool {
        matches!(self.class(), Class::Operand | Class::Opener)
            || matches!(self, Self::If | Self::Not | Self::Minus | Self::Plus)
    }

    /// Whether a statement or item cannot end with it, so that the next line goes on.
    pub fn leaves_open(self) -> bool {
        match self.class() {
            Class::Sign => self != Self::Prime,
            Class::Word | Class::Opener => true,
            _ => false,
        }
    }

    /// Whether no item can begin with it, so that its line goes on from the one above.
    pub fn goes_on(self) -> bool {
        match self.class() {
            Class::Sign => !matches!(self, Self::Plus | Self::Minus),
            Class::Word => !matches!(self, Self::If | Self::Not),
            Class::Closer => true,
            _ => false,
        }
    }

    /// The closer of an opener.
    pub fn closer(self) -> Option<Self> {
        match self {
            Self::LParen => Some(Self::RParen),
            Self::LBracket => Some(Self::RBracket),
            Self::LBrace => Some(Self::RBrace),
            _ => None,
        }
    }

    fn from_index(index: u8) -> Self {
        Self::ALL[index as usize]
    }
}

/// A token in eight bytes: where it starts, how long it is, what it is, whether it is the first on its line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    start: u32,
    packed: u32,
}

/// Longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = (1 << 24) - 1;

impl Token {
    /// A token at `start..end`; `first` says that nothing stands before it on its line.
    pub fn new(kind: Kind, start: usize, end: usize, first: bool) -> Self {
        let len = (end - start).min(MAX_TOKEN_BYTES) as u32;
        Self { start: start as u32, packed: len << 8 | u32::from(first) << 7 | kind as u32 }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        Kind::from_index((self.packed & 0x7f) as u8)
    }

    /// First byte in the file.
    pub fn start(self) -> u32 {
        self.start
    }

    /// One past its last byte.
    pub fn end(self) -> u32 {
        self.start + (self.packed >> 8)
    }

    /// Whether it is the first on its line.
    pub fn first(self) -> bool {
        self.packed & 0x80 != 0
    }

    /// The same token read as another kind.
    #[must_use]
    pub fn read_as(self, kind: Kind) -> Self {
        Self { packed: self.packed & !0x7f | kind as u32, ..self }
    }

    /// Its text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end() as usize).unwrap_or("")
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}@{}..{}", self.kind(), self.start, self.end())
    }
}
