//! Errors of lexing and parsing (E01xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of lexing and parsing (E01xx).
    pub enum SyntaxError {
        /// `var x @ 3`: a character that no token begins with.
        UnknownCharacter "E0101" { at: Span, found: char } =>
            Message::error(format!("{} means nothing here", character(*found)))
                .label(*at, "not part of any word, number or operator")
                .help(stray_help(*found)),

        /// `x ** 2`: the sign of another language.
        ForeignSign "E0102" { at: Span, found: String, offer: &'static str } =>
            Message::error(format!("`{found}` is written `{offer}` here"))
                .label(*at, format!("write `{offer}`")),

        /// `// a remark`: a comment of another language.
        ForeignComment "E0103" { at: Span, found: String } =>
            Message::error(format!("`{found}` does not begin a comment"))
                .label(*at, "the rest of this line was read as a comment")
                .help("a comment begins with `#`"),

        /// `.5` or `5.`: a number without a digit on one side of its point.
        NumberPoint "E0104" { at: Span, offer: Option<String> } =>
            match offer {
                Some(offer) => Message::error("a number has digits on both sides of its point")
                    .label(*at, format!("write `{offer}`")),
                None => Message::error("a number has one point at most").label(*at, "not a number"),
            },

        /// `2x`: two operands with nothing between them.
        NoJuxtaposition "E0105" { at: Span, offer: Option<String> } =>
            Message::error("a product is written with `*`")
                .label(*at, "a number directly before a name")
                .help_opt(offer.as_ref().map(|o| format!("write `{o}`"))),

        /// `include "a.opt`: a string that does not end on its line.
        OpenText "E0106" { at: Span, help: Option<String> } =>
            Message::error("this string does not end on its line")
                .label(*at, "opened here")
                .help(help.as_ref().map_or("close it with `\"`".into(), |h| format!("close it: `{h}`"))),

        /// `{'a', 'b'}`: strings in quotes that are not `"`.
        WrongQuotes "E0107" { at: Span, offer: String } =>
            Message::error("a string stands in double quotes `\"`")
                .label(*at, format!("write `{offer}`")),

        /// `f(x + 1`: a bracket that is not closed.
        UnclosedBracket "E0108" { at: Span, found: char, stops: Option<Span> } =>
            Message::error(format!("this `{found}` is never closed"))
                .label(*at, "opened here")
                .label_opt(*stops, format!("no `{}` up to here", closer(*found)))
                .help(format!("add `{}`, or take `{found}` away", closer(*found))),

        /// `x + 1)`: a closing bracket without an opening one.
        ExtraCloser "E0109" { at: Span, found: char } =>
            Message::error(format!("this `{found}` closes nothing"))
                .label(*at, format!("no `{}` is open here", opener(*found)))
                .help(format!("take it away, or open `{}` before", opener(*found))),

        /// `(a]`: a bracket closed by one of another kind.
        WrongCloser "E0110" { at: Span, found: char, opened: Span, open: char } =>
            Message::error(format!("`{open}` is closed by `{}`, not by `{found}`", closer(*open)))
                .label(*at, format!("write `{}`", closer(*open)))
                .label(*opened, "opened here"),

        /// `x = 3` as a constraint: `=` where two sides are compared.
        AssignForCompare "E0111" { at: Span, offer: &'static str, define: Option<Name> } =>
            Message::error(format!("two sides are compared with `{offer}`"))
                .label(*at, "`=` gives a value to a new name")
                .help(define.as_ref().map_or_else(
                    || format!("write `{offer}`"),
                    |name| format!("write `{offer}`, or `let {name} = …` to define `{name}`"),
                )),

        /// `param a == 3`: `==` where a name gets its value.
        CompareForAssign "E0112" { at: Span, word: String, found: String } =>
            Message::error(format!("{word} gives a value with `=`, not with `{found}`"))
                .label(*at, "write `=`"),

        /// `minimize cost x + y`: no `:` after a name or a head.
        MissingColon "E0113" { at: Span, after: &'static str, offer: Option<String> } =>
            Message::error(format!("a `:` is missing after {after}"))
                .label(*at, "expected `:` before this")
                .help_opt(offer.as_ref().map(|o| format!("write `{o}`"))),

        /// `x[i j]`: no `,` between two subscripts, arguments or elements.
        MissingComma "E0114" { at: Span, between: &'static str } =>
            Message::error(format!("a `,` is missing between two {between}"))
                .label(*at, "expected `,` before this"),

        /// `a b`: two operands side by side.
        MissingOperator "E0115" { at: Span, left: Span, offer: Option<String> } =>
            Message::error("an operator is missing between these two")
                .label(*at, "another value begins here")
                .label(*left, "one value ends here")
                .help(offer.as_ref().map_or_else(
                    || "write an operator between them, such as `*` or `+`".into(),
                    |o| format!("if a product was meant, write `{o}`"),
                )),

        /// `a + * b` or `a +`: an operator without an operand on one side.
        MissingOperand "E0116" { at: Span, sign: String, side: Side } =>
            Message::error(format!("nothing stands {side} `{sign}`"))
                .label(*at, format!("expected a number, a name or `(` {side} this")),

        /// `a + * b`: two operators with nothing between them.
        NothingBetween "E0147" { at: Span, left: String, right: String } =>
            Message::error(format!("nothing stands between `{left}` and `{right}`"))
                .label(*at, "expected a number, a name or `(` before this"),

        /// `if a > 0 then a`: an `if` without its `then` or `else`.
        HalfIf "E0117" { at: Span, lacks: &'static str, stops: Option<Span> } =>
            Message::error(format!("this `if` has no `{lacks}`"))
                .label(*at, "begins here")
                .label_opt(*stops, format!("expected `{lacks}` before this"))
                .help("write `if condition then value else other_value`"),

        /// `sum x[i]` or `sum{i in I} x[i]`: a head that is not written as `sum(i in I: body)`.
        HeadForm "E0118" { at: Span, name: Name, offer: Option<String> } =>
            Message::error(format!("`{name}` takes its indices and its body in parentheses"))
                .label(*at, "expected `(` after this")
                .help(offer.as_ref().map_or_else(
                    || format!("write `{name}(i in I: body)`"),
                    |o| format!("write `{o}`"),
                )),

        /// `minimise x`: a keyword that is spelt another way.
        Misspelt "E0119" { at: Span, found: String, offer: &'static str } =>
            Message::error(format!("`{found}` is not a word of the language"))
                .label(*at, format!("did you mean `{offer}`?")),

        /// `var set`: a reserved word where a name is needed.
        ReservedName "E0120" { at: Span, word: String } =>
            Message::error(format!("`{word}` is a reserved word and cannot be a name"))
                .label(*at, "expected a name")
                .help(format!("call it `{word}_` or, better, by what it means")),

        /// `for i in I: …`: a loop where an index stands at the name.
        ForLoop "E0121" { at: Span, word: String, offer: Option<String> } =>
            Message::error(format!("there is no `{word}`: an index stands in brackets after the name"))
                .label(*at, "not needed")
                .help(offer.clone().unwrap_or_else(|| "write `name[i in I]: left <= right`".into())),

        /// `x[i][j]`: subscripts in brackets of their own.
        SubscriptTwice "E0122" { at: Span, offer: Option<String> } =>
            Message::error("all subscripts stand in one pair of brackets")
                .label(*at, "a second pair")
                .help(offer.as_ref().map_or_else(|| "write `x[i, j]`".into(), |o| format!("write `{o}`"))),

        /// `a <= b >= c`: a chain of comparisons that turns round.
        MixedChain "E0123" { at: Span, first: Span, odd: Name, leading: Name } =>
            Message::error(format!("a chain that begins with `{leading}` cannot go on with `{odd}`"))
                .label(*at, if is_equality(odd) { "of another kind" } else { "turns round here" })
                .label(*first, "begins here")
                .help("write two conditions, or turn one side: `lo <= x <= hi`"),

        /// A line that begins with `+` at the indent of the line above.
        PlusLine "E0124" { at: Span } =>
            Message::error("a line that goes on from the one above is indented")
                .label(*at, "this begins a new item, which cannot begin with `+`")
                .help("indent this line, or put the whole expression in parentheses"),

        /// An unnamed constraint that begins with `-`: a warning.
        MinusLine "E0125" { at: Span } =>
            Message::warning("this line begins a new constraint")
                .label(*at, "was the line above meant to go on?")
                .help("indent it to go on from the line above, or name it: `name: -x <= 1`"),

        /// A constraint before any `subject to`.
        OutsideSection "E0126" { at: Span } =>
            Message::error("a constraint stands below `subject to`")
                .label(*at, "no statement begins like this")
                .help("write `subject to` on a line of its own above the first constraint"),

        /// Anything else that does not fit.
        Expected "E0127" { at: Span, found: String, expected: Vec<String> } =>
            Message::error(format!("{found} does not fit here"))
                .label(*at, expected_words(expected)),

        /// `var`: a statement that stops too early.
        Unfinished "E0128" { at: Span, statement: String, expected: Vec<String> } =>
            Message::error(format!("{statement} is not finished"))
                .label(*at, format!("{} after this", expected_words(expected))),

        /// `x{i}`: braces where brackets or parentheses belong.
        Braces "E0129" { at: Span, offer: Option<String> } =>
            Message::error("braces `{ }` hold the elements of a set")
                .label(*at, "not a set")
                .help(offer.as_ref().map_or_else(
                    || "write `( )` to group and `[ ]` for subscripts".into(),
                    |o| format!("write `{o}`"),
                )),

        /// `x + y: x <= 3`: a label that is not a name.
        BadLabel "E0130" { at: Span, what: &'static str } =>
            Message::error(format!("the label of {what} is a name"))
                .label(*at, "expected a name before `:`, such as `total`"),

        /// `sum(I: x[i])`: a set without an index.
        BinderForm "E0131" { at: Span, of: String, offer: Option<String> } =>
            Message::error(format!("`{of}` needs an index and its set"))
                .label(*at, "expected `i in I`")
                .help_opt(offer.as_ref().map(|o| format!("write `{o}`"))),

        /// `var n: integer`: a type that does not exist.
        UnknownType "E0132" { at: Span, found: Name, suggestion: Option<&'static str> } =>
            Message::error(format!("there is no type `{found}`"))
                .label(*at, "a variable is `real`, `int` or `bool`")
                .help_opt(suggestion.map(|s| format!("write `{s}`"))),

        /// `var x, y`: several names in one declaration.
        OneName "E0133" { at: Span, word: &'static str, offer: Option<String>, clause: bool } =>
            Message::error(if *clause {
                format!("the bounds and the start of a `{word}` stand side by side")
            } else {
                format!("each `{word}` declares one name")
            })
                .label(*at, if *clause { "no comma here" } else { "a second one" })
                .help(offer.as_ref().map_or_else(
                    || format!("begin a line with `{word}` for each"),
                    |o| format!("write `{o}`"),
                )),

        /// `var x start 1 start 2`: a clause given twice.
        GivenTwice "E0134" { at: Span, first: Span } =>
            Message::error("this is given twice")
                .label(*at, "again here")
                .label(*first, "first given here")
                .help("keep one of them"),

        /// `(a + b)(c)`: a call of something that is not a function.
        NotCallable "E0135" { at: Span, of: Span, offer: Option<String> } =>
            Message::error("only a name can be called")
                .label(*at, "these parentheses look like a call")
                .label(*of, "this is not the name of a function")
                .help_opt(offer.as_ref().map(|o| format!("if a product was meant, write `{o}`"))),

        /// `total(i in I: x[i])`: indices and a body after a name that takes none.
        UnknownHead "E0136" { at: Span, name: Name, suggestion: Option<&'static str> } =>
            Message::error(format!("`{name}` takes no indices"))
                .label(*at, "followed by `index in set: body`")
                .help(suggestion.map_or_else(
                    || "`sum prod min max mean all any count norm2` take indices and a body".into(),
                    |s| format!("did you mean `{s}`?"),
                )),

        /// `{a: 1, b}`: an element without its value.
        MixedEntries "E0137" { at: Span, pair: Span } =>
            Message::error("either every element has a value or none has")
                .label(*at, "no value")
                .label(*pair, "has a value")
                .help("write `element: value`"),

        /// `x[i if i > 2]`: a filter where no index begins.
        MisplacedFilter "E0138" { at: Span } =>
            Message::error("a filter stands where an index is introduced")
                .label(*at, "no index is introduced here")
                .help("write it in the head: `sum(i in I if i > 2: x[i])`"),

        /// `var x in 3`: a range that is neither `lo..hi` nor `[lo, hi]`.
        RangeForm "E0139" { at: Span } =>
            Message::error("bounds after `in` are two numbers")
                .label(*at, "expected `[low, high]` or `low..high`")
                .help("for the values 0 and 1 write `var x: bool`"),

        /// `sum(x[i] in I: 1)`: an expression where only a name will do.
        NotAName "E0140" { at: Span, what: &'static str } =>
            Message::error(format!("{what} is a name")).label(*at, "expected a name"),

        /// `sum(i in I)`: indices without a body.
        HeadWithoutBody "E0141" { at: Span, name: Name, offer: Option<String> } =>
            Message::error(format!("`{name}` has indices but no body"))
                .label(*at, "expected `:` between the indices and the body")
                .help(offer.as_ref().map_or_else(|| format!("write `{name}(i in I: body)`"), |o| format!("write `{o}`"))),

        /// `sum(i = 1..3: x[i])`: `=` where an index runs over a set.
        EqualsForIn "E0142" { at: Span } =>
            Message::error("an index runs over its set with `in`")
                .label(*at, "write `in`"),

        /// `x[i = 2]`: `=` inside subscripts.
        EqualsInside "E0143" { at: Span } =>
            Message::error("`=` gives nothing a value here")
                .label(*at, "not part of a subscript")
                .help("write `==` to compare, or only the value: `x[2]`"),

        /// `f(a; b)`: `;` inside brackets.
        SemicolonInside "E0144" { at: Span } =>
            Message::error("`;` ends a statement, but a bracket is still open")
                .label(*at, "inside brackets parts are separated by `,`")
                .help("write `,`"),

        /// `max: x + y`: a sense where a statement word belongs.
        SenseAsLabel "E0145" { at: Span, found: String, offer: &'static str } =>
            Message::error(format!("`{found}:` does not begin an objective"))
                .label(*at, format!("write `{offer}`"))
                .help(format!("write `{offer} name: …`, or `{offer} …` without a name")),

        /// `var x > 0`: a strict bound.
        StrictBound "E0146" { at: Span, offer: &'static str } =>
            Message::error("a bound includes its limit")
                .label(*at, format!("write `{offer}`"))
                .help(format!("write `{offer}`; to stay away from the limit, use a small number")),

        /// `var x minimize x`: a statement that does not begin its line.
        NewStatement "E0148" { at: Span, word: String } =>
            Message::error(format!("`{word}` begins a statement, and every statement begins a line"))
                .label(*at, "a new statement begins here")
                .help("put it on a line of its own, or write `;` before it"),

        /// `var int n`: a type before the name.
        TypeFirst "E0149" { at: Span, offer: String } =>
            Message::error("the type stands after the name")
                .label(*at, "a type")
                .help(format!("write `{offer}`")),

        /// `param n: int = 3`: a type where the value says it all.
        TypeOnValue "E0150" { at: Span, word: &'static str } =>
            Message::error(format!("only variables have a type; a `{word}` has a value"))
                .label(*at, "take the type away"),

        /// `var 0 <= x`: something else where the declared name stands.
        NameFirst "E0151" { at: Span, word: &'static str, offer: Option<String> } =>
            Message::error(format!("`{word}` is followed by the name it declares"))
                .label(*at, "expected a name")
                .help_opt(offer.as_ref().map(|o| format!("write `{o}`"))),

        /// `var x = 3`: a variable with a value.
        FixedVar "E0152" { at: Span, name: Name } =>
            Message::error("a variable has no value of its own")
                .label(*at, "`=` gives a value")
                .help(format!("write `param {name} = …` for a number, `start …` for a first guess, or `==` to fix it")),

        /// `param a 3`: no `=` between a name and its value.
        MissingEquals "E0153" { at: Span, word: &'static str } =>
            Message::error(format!("a `=` is missing in this `{word}`"))
                .label(*at, "expected `=` before this"),

        /// `set S = 1, 2, 3`: elements without their brackets.
        OpenList "E0154" { at: Span, open: char, offer: Option<String> } =>
            Message::error(format!("several elements stand in `{open} {}`", closer(*open)))
                .label(*at, "the value ends before this")
                .help_opt(offer.as_ref().map(|o| format!("write `{o}`"))),

        /// `var x >= 5 <= 10`: two bounds as two clauses.
        TwoBounds "E0155" { at: Span, first: Span, offer: Option<String> } =>
            Message::error("two bounds are written as one range")
                .label(*at, "a second bound")
                .label(*first, "the first bound")
                .help(offer.as_ref().map_or_else(|| "write `in [low, high]`".into(), |o| format!("write `{o}`"))),

        /// `minimize f = x^2`: `=` after the name of an objective.
        ObjectiveEquals "E0156" { at: Span, offer: Option<String> } =>
            Message::error("the name of an objective is followed by `:`")
                .label(*at, "write `:`")
                .help_opt(offer.as_ref().map(|o| format!("write `{o}`"))),

        /// `set I = 1:3`: a range with a colon.
        ColonRange "E0157" { at: Span, offer: Option<String> } =>
            Message::error("a range is written with `..`")
                .label(*at, "not a range")
                .help(offer.as_ref().map_or_else(|| "write `..`".into(), |o| format!("write `{o}`"))),

        /// `|x|`: bars around an absolute value.
        Bars "E0158" { at: Span, offer: Option<String> } =>
            Message::error("an absolute value is written with `abs`")
                .label(*at, "bars mean nothing here")
                .help(offer.as_ref().map_or_else(|| "write `abs(x)`".into(), |o| format!("write `{o}`"))),

        /// `c ? a : b`, `a if c else b`: a choice in the order of another language.
        Choice "E0159" { at: Span, offer: Option<String> } =>
            Message::error("a choice begins with its condition: `if c then a else b`")
                .label(*at, "not written like this")
                .help(offer.as_ref().map_or_else(|| "write `if c then a else b`".into(), |o| format!("write `{o}`"))),

        /// `exp x`: a function without parentheses.
        CallForm "E0160" { at: Span, name: Name, offer: Option<String> } =>
            Message::error(format!("`{name}` takes its argument in parentheses"))
                .label(*at, "expected `(` after this")
                .help(offer.as_ref().map_or_else(|| format!("write `{name}(…)`"), |o| format!("write `{o}`"))),

        /// `sin^2(x)`: the power of a function before its argument.
        PowerOfFunction "E0161" { at: Span, name: Name, offer: Option<String> } =>
            Message::error(format!("the power of `{name}` stands after its argument"))
                .label(*at, "a power of what?")
                .help(offer.as_ref().map_or_else(|| format!("write `{name}(x)^2`"), |o| format!("write `{o}`"))),

        /// `var x(3)`: axes in parentheses.
        AxesForm "E0162" { at: Span, offer: Option<String> } =>
            Message::error("the sets of a declaration stand in `[ ]`")
                .label(*at, "parentheses call a function")
                .help(offer.as_ref().map_or_else(|| "write `name[1..3]`".into(), |o| format!("write `{o}`"))),

        /// `5!`.
        Factorial "E0164" { at: Span, offer: Option<String> } =>
            Message::error("there is no sign for a factorial")
                .label(*at, "means nothing behind a value")
                .help(offer.as_ref().map_or_else(
                    || "n! is `exp(lgamma(n + 1))`".to_string(),
                    |o| format!("write `{o}`; `lgamma` is the logarithm of the gamma function"),
                )),

        /// `1e400`.
        TooLargeNumber "E0165" { at: Span } =>
            Message::error("this number is too large")
                .label(*at, "the largest is about 1.8e308")
                .help("write `inf` where no bound is meant, or choose other units"),

        /// `1,5` in `optc repl`.
        DecimalComma "E0166" { at: Span, offer: String } =>
            Message::error("the decimal sign is a point")
                .label(*at, "two numbers with a comma between them")
                .help(format!("write `{offer}`; two expressions on one line have a `;` between them")),

        /// `x >= 1,`: a comma after a constraint or an objective.
        CommaAtEnd "E0163" { at: Span } =>
            Message::error("nothing separates statements but the end of the line")
                .label(*at, "not needed")
                .help("take the comma away, and begin each statement on a line of its own"),
    }
}

/// The side of an operator that lacks its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To the left.
    Before,
    /// To the right.
    After,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

fn character(found: char) -> String {
    if found.is_control() || found.is_whitespace() {
        format!("the character U+{:04X}", found as u32)
    } else {
        format!("`{found}`")
    }
}

fn stray_help(found: char) -> &'static str {
    match found {
        '%' => "a comment begins with `#`; a remainder is not part of the language",
        '|' => "write `or` between two conditions",
        '&' => "write `and` between two conditions",
        '²' => "write `^2`",
        '³' => "write `^3`",
        '√' => "write `sqrt(x)`",
        '∑' => "write `sum(i in I: x[i])`",
        '∏' => "write `prod(i in I: x[i])`",
        '∀' => "write the index at the name: `limit[i in I]: x[i] <= 1`",
        '`' => "names need no quotes; strings stand in `\"`",
        '\\' => "a line goes on when it is indented, without a sign",
        _ => "take it away",
    }
}

fn closer(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

fn is_equality(sign: &str) -> bool {
    !sign.starts_with(['<', '>', '≤', '≥'])
}

fn opener(close: char) -> char {
    match close {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

fn expected_words(expected: &[String]) -> String {
    match expected {
        [] => "expected the end of the statement".into(),
        [one] => format!("expected {one}"),
        [all @ .., last] => format!("expected {} or {last}", all.join(", ")),
    }
}
