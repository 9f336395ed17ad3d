//! Errors of index counts, sets, axes and shapes (E03xx).

use crate::base::{Name, Span};
use crate::diag::Message;

crate::error_codes! {
    /// Errors of index counts, sets, axes and shapes (E03xx).
    pub enum ShapeError {
        /// `a + b` where `a` is over `plants` and `b` over `markets`.
        AxesDiffer "E0301" { at: Span, left: String, left_at: Span, right: String, is_transposed: bool } =>
            Message::error(if *is_transposed {
                "a row and a column do not fit together".to_owned()
            } else {
                format!("arrays over {left} and over {right} do not fit together")
            })
                .label(*at, format!("over {right}"))
                .label(*left_at, format!("over {left}"))
                .help(if *is_transposed {
                    "both are vectors over the same set: leave out the `'`"
                } else {
                    "elementwise operations need the same sets in the same order; literal ranges match by value"
                }),

        /// `sum(i in I: x[i, 2])` where `x` has one index.
        WrongIndexCount "E0302" { at: Span, name: Name, declared_at: Option<Span>, expected: usize, found: usize } =>
            Message::error(format!("`{name}` has {}, but {} given", indices(*expected), are(*found)))
                .label(*at, indices(*found))
                .label_opt(*declared_at, format!("declared here with {}", indices(*expected)))
                .help_opt((*expected == 0).then(|| format!("write `{name}`"))),

        /// `ship[j, i]` where `ship` is declared over plants, then markets.
        WrongSet "E0303" {
            at: Span, found: String, found_at: Option<Span>, wanted: String, set: String, set_at: Span,
        } =>
            Message::error(format!("an element of {set} is needed here, but this is {found}"))
                .label(*at, format!("{wanted} is needed"))
                .label(*set_at, "the set that is needed")
                .label_opt(found_at.filter(|f| f != set_at), "the set it comes from"),

        /// `x[7]` where `x` is over `1..4`.
        OutOfSet "E0304" { at: Span, value: String, set: String, set_at: Span } =>
            Message::error(format!("{value} is not in {set}"))
                .label(*at, "not in the set")
                .label(*set_at, "the set"),

        /// `A * B` where the last axis of `A` is not the first of `B`.
        InnerAxesDiffer "E0305" {
            at: Span, left: String, right: String, left_at: Span, right_at: Span, left_axes: String,
            right_axes: String, help: Option<String>,
        } =>
            Message::error(format!("this product would pair {left} with {right}"))
                .label(*at, "the last axis of the left side must be the first of the right side")
                .label(*left_at, format!("over {left_axes}"))
                .label(*right_at, format!("over {right_axes}"))
                .help_opt(help.clone()),

        /// `v * w` of two vectors.
        VectorTimesVector "E0306" { at: Span, left: String, right: String } =>
            Message::error("the product of two vectors can mean two things")
                .label(*at, "a number, or a vector?")
                .help(format!("for a number write `dot({left}, {right})`; for a vector write `{left} .* {right}`")),

        /// `x <= sqrt(v) + sum(i in I: w)` where `w` is a vector.
        ArrayForNumber "E0307" { at: Span, axes: String, text: String } =>
            Message::error(format!("a number is needed here, but this is an array over {axes}"))
                .label(*at, format!("one value for each element of {axes}"))
                .help(format!("give it an index, or reduce it: `sum({text})`")),

        /// `minimize r .^ 2` where `r` is a vector.
        ArrayObjective "E0308" { at: Span, axes: String, text: String } =>
            Message::error("an objective is one number, but this is an array")
                .label(*at, format!("one value for each element of {axes}"))
                .help(format!("add its entries: `sum({text})`")),

        /// `param c[1..3] = [1, 2]`.
        ListLength "E0309" { at: Span, found: String, expected: String, axes: String, set_at: Span } =>
            Message::error(format!("{expected} values are needed here, but there are {found}"))
                .label(*at, format!("{found} values"))
                .label(*set_at, format!("{axes} has {expected} elements")),

        /// `[[1, 2], [3]]`.
        RaggedList "E0310" { at: Span, found: Option<usize>, expected: Option<usize>, first_at: Span } =>
            Message::error("the rows of a matrix have different lengths")
                .label(*at, entries(*found))
                .label(*first_at, entries(*expected)),

        /// `sum(i in n: x[i])` where `n` is a number.
        NotASet "E0311" { at: Span, found: String, declared_at: Option<Span>, help: Option<String> } =>
            Message::error(format!("a set is needed here, but this is {found}"))
                .label(*at, "not a set")
                .label_opt(*declared_at, "declared here")
                .help_opt(help.clone()),

        /// `sum((i, j, k) in arcs: x[i])` where `arcs` has pairs.
        TupleSize "E0312" { at: Span, names: usize, set: String, set_at: Span, arity: usize } =>
            Message::error(format!("the elements of {set} have {}, but there are {names} here", parts(*arity)))
                .label(*at, parts(*names))
                .label(*set_at, format!("its elements have {}", parts(*arity))),

        /// `param d[I, J] = {a: 1}`.
        KeySize "E0313" { at: Span, found: usize, expected: usize, axes: String } =>
            Message::error(format!("a value over {axes} needs {expected} labels, but this key has {found}"))
                .label(*at, parts(*found))
                .help(if *expected > 1 {
                    "write the key as a tuple: `(a, b): 1`"
                } else {
                    "write the key as one label: `a: 1`"
                }),

        /// `set s = {a, b, a}`.
        RepeatedElement "E0314" { at: Span, text: String, first_at: Span } =>
            Message::error(format!("`{text}` is written twice"))
                .label(*at, "again here")
                .label(*first_at, "first here")
                .help("remove one of them"),

        /// `set s = {a, 2}`.
        MixedElements "E0315" { at: Span, found: String, first: String, first_at: Span } =>
            Message::error("the elements of a set are all of one kind")
                .label(*at, format!("this is {found}"))
                .label(*first_at, format!("the first is {first}"))
                .help("a number can be a label too when it stands in quotes: `\"2\"`"),

        /// `A' * B` where `A` has three axes.
        NotAMatrix "E0316" { at: Span, axes: String } =>
            Message::error("a matrix or a vector is needed here")
                .label(*at, format!("an array over {axes}"))
                .help("give it indices until one or two axes are left"),

        /// `A / B` or `v ^ 2` of arrays.
        ArrayOperator "E0317" { at: Span, op: &'static str, offer: &'static str } =>
            Message::error(format!("`{op}` is for numbers, and this is for arrays"))
                .label(*at, "an array is involved here")
                .help(format!("for one result per element write `{offer}`")),

        /// `trace(A)` where `A` is over two sets.
        NotSquare "E0318" { at: Span, function: &'static str, axes: String } =>
            Message::error(format!("`{function}` needs a square matrix"))
                .label(*at, format!("over {axes}"))
                .help("both axes must be the same set"),

        /// `param n = {a: 1}`.
        MapWithoutAxes "E0319" { at: Span, name: Name } =>
            Message::error(format!("values by element are given, but `{name}` has no index"))
                .label(*at, "keys and values")
                .help(format!("say over which set: `param {name}[set] = ...`")),

        /// `set s = 5..1`: a warning.
        EmptyRange "E0320" { at: Span, lo: f64, hi: f64 } =>
            Message::warning(format!("the range {lo}..{hi} is empty"))
                .label(*at, "the first number is greater than the last")
                .help(format!("write `{hi}..{lo}`")),

        /// `x[2]` where `x` is a number bound by `fn f(x)`.
        NotIndexed "E0321" { at: Span, found: String, text: String } =>
            Message::error(format!("`{text}` has no index"))
                .label(*at, format!("this is {found}")),

        /// `sum(3)`.
        NotAnArray "E0322" { at: Span, function: Name, wanted: &'static str, found: String } =>
            Message::error(format!("`{function}` needs {wanted} here, but this is {found}"))
                .label(*at, format!("not {wanted}"))
                .help(format!("over a set write `{function}(i in S: ...)`")),

        /// `distinct(3)`.
        DistinctOfColumn "E0323" { at: Span } =>
            Message::error("`distinct` needs a column of a table")
                .label(*at, "not a column")
                .help("write `distinct(table.column)`"),

        /// `split x into a 0.5, b 0.5` where `x` is no table.
        NotATable "E0324" { at: Span, found: String, declared_at: Option<Span> } =>
            Message::error(format!("a table is needed here, but {found} is none"))
                .label(*at, "not a table")
                .label_opt(*declared_at, "declared here"),

        /// `A * v'` where `v` is a vector.
        RowVector "E0325" { at: Span } =>
            Message::error("a matrix times a row does not exist")
                .label(*at, "a row")
                .help("leave out the `'`: a vector on the right side is a column"),

        /// `sum(i in I: logdet(A * x[i]))`.
        DependsOnIndex "E0326" { at: Span, function: &'static str } =>
            Message::error(format!("the argument of `{function}` may not depend on an index"))
                .label(*at, "depends on an index of the head around it"),
    }
}

fn indices(count: usize) -> String {
    match count {
        0 => "no index".into(),
        1 => "1 index".into(),
        _ => format!("{count} indices"),
    }
}

fn are(count: usize) -> String {
    match count {
        0 => "none is".into(),
        1 => "1 is".into(),
        _ => format!("{count} are"),
    }
}

fn parts(count: usize) -> String {
    if count == 1 { "1 part".into() } else { format!("{count} parts") }
}

fn entries(count: Option<usize>) -> String {
    match count {
        None => "a number".into(),
        Some(1) => "1 entry".into(),
        Some(n) => format!("{n} entries"),
    }
}
