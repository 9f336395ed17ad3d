//! Errors of data files and cells (E05xx).
//!
//! A cell's span lies in the data file; `needed_at` is the line of the model that asked for it.

use crate::base::{Name, Span};
use crate::diag::{Message, decimal_comma};

crate::error_codes! {
    /// Errors of data files and cells (E05xx).
    pub enum DataError {
        /// `param d[I] from "d.csv"` where a cell is not a number.
        BadCell "E0501" { cell: Option<Span>, needed_at: Option<Span>, column: String, found: String } =>
            Message::error(format!("`{}` in column `{column}` is not a number", short(found)))
                .label_opt(*cell, "this cell")
                .label_opt(*needed_at, "needed by this line of the model")
                .help_opt(decimal_comma(found).map(|number| {
                    format!("the decimal sign is a point: `{number}`; export the file with decimal points, or replace the commas (cells may be separated by `;`)")
                })),

        /// `param d[I] from "demnad.csv"` where there is no such file.
        Unreadable "E0502" { path: String, reason: String, needed_at: Option<Span>, suggestion: Option<String> } =>
            Message::error(format!("cannot read `{path}`: {reason}"))
                .label_opt(*needed_at, "needed here")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// A CSV file without any line, or whose first line is a row of numbers.
        NoHeader "E0503" { file: String, at: Option<Span>, needed_at: Option<Span> } =>
            Message::error(format!("`{file}` has no header line"))
                .label_opt(*at, "the first line should name the columns")
                .label_opt(*needed_at, "read by this line of the model")
                .help("put the names of the columns in the first line, for example `plant,market,distance`"),

        /// A header that names one column twice.
        DuplicateColumn "E0504" { at: Span, first: Span, column: String, needed_at: Option<Span> } =>
            Message::error(format!("two columns are called `{column}`"))
                .label(*at, "the same name again")
                .label(*first, "first used here")
                .label_opt(*needed_at, "read by this line of the model")
                .help("rename one of the columns"),

        /// A row with more or fewer cells than the header.
        RaggedRow "E0505" { at: Span, header: Span, expected: usize, found: usize, needed_at: Option<Span> } =>
            Message::error(format!("this row has {}, but the header names {}", cells(*found), columns(*expected)))
                .label(*at, cells(*found))
                .label(*header, columns(*expected))
                .label_opt(*needed_at, "read by this line of the model")
                .help("write an empty cell where a value is missing; put a cell that contains a comma in double quotes; the decimal sign is a point"),

        /// `r.demnad` where the table has a column `demand`.
        UnknownColumn "E0506" { at: Span, table: Name, column: String, known: Vec<String>, suggestion: Option<String>, header: Option<Span> } =>
            Message::error(format!("`{table}` has no column `{column}`"))
                .label(*at, "no such column")
                .label_opt(*header, "the columns are named here")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?")))
                .note(format!("its columns are {}", list(known))),

        /// Two rows that give a value for the same element.
        DuplicateKey "E0507" { cell: Option<Span>, first: Option<Span>, key: String, needed_at: Option<Span> } =>
            Message::error(format!("there are two values for `{key}`"))
                .label_opt(*cell, "given again here")
                .label_opt(*first, "first given here")
                .label_opt(*needed_at, "for this line of the model")
                .help("delete one of the two rows"),

        /// A set element for which the file has no row.
        MissingKey "E0508" { needed_at: Span, name: Name, file: String, missing: Vec<String>, count: usize, header: Option<Span>, titled: bool } =>
            Message::error(format!("`{file}` has no value of `{name}` for {}", elements(missing, *count)))
                .label(*needed_at, format!("every element needs a value: {} missing", are(*count)))
                .label_opt(*header, "read from this file")
                .help(if *titled {
                    "the first line of a file names its columns: add such a line above the data".to_string()
                } else {
                    format!("add a row for {}, or leave the element out of the set", first_of(missing))
                }),

        /// A key cell with a label that is not in the set.
        UnknownLabel "E0509" { cell: Option<Span>, label: String, set: Name, needed_at: Option<Span>, suggestion: Option<String> } =>
            Message::error(format!("`{}` is not an element of `{set}`", short(label)))
                .label_opt(*cell, format!("not in `{set}`"))
                .label_opt(*needed_at, "needed by this line of the model")
                .help_opt(Some(match suggestion {
                    Some(s) => format!("did you mean `{s}`?"),
                    None => format!("add `{}` to `{set}`, or delete this row", short(label)),
                })),

        /// A table with a header and no rows, used where rows are needed.
        EmptyTable "E0510" { file: String, needed_at: Option<Span> } =>
            Message::error(format!("`{file}` has no rows"))
                .label_opt(*needed_at, "needs at least one row")
                .help("add rows below the header line"),

        /// An `.npy` file whose header is malformed, or claims more bytes than the file has.
        BadNpy "E0511" { file: String, reason: String, needed_at: Option<Span> } =>
            Message::error(format!("`{file}` is not a usable npy file: {reason}"))
                .label_opt(*needed_at, "needed here")
                .help("write it again with `numpy.save`, as numbers (float64, float32, int64, int32, uint8 or bool)"),

        /// A JSON file with a syntax error.
        BadJson "E0512" { at: Span, reason: String, needed_at: Option<Span> } =>
            Message::error(format!("this is not JSON: {reason}"))
                .label(*at, "here")
                .label_opt(*needed_at, "read by this line of the model"),

        /// JSON of another form than what the model needs.
        JsonShape "E0513" { at: Span, expected: String, found: String, needed_at: Option<Span> } =>
            Message::error(format!("{expected} is needed here, but this is {found}"))
                .label(*at, found.clone())
                .label_opt(*needed_at, "needed by this line of the model"),

        /// An empty cell (or `NA`, `NaN`) where a number is needed.
        MissingValue "E0514" { cell: Option<Span>, column: String, needed_at: Option<Span> } =>
            Message::error(format!("a value is missing in column `{column}`"))
                .label_opt(*cell, "no number here")
                .label_opt(*needed_at, "needed by this line of the model")
                .help("fill in the cell, or filter such rows out before the model reads the file"),

        /// `inf` in a cell where only a finite number makes sense.
        NotFinite "E0515" { cell: Option<Span>, column: String, found: String, needed_at: Option<Span> } =>
            Message::error(format!("`{found}` in column `{column}` is not finite"))
                .label_opt(*cell, "infinite")
                .label_opt(*needed_at, "a finite number is needed by this line of the model")
                .help("infinite values make sense for bounds only"),

        /// `param c[I, J] from "c.csv"` where the file has five columns that are not elements of `J`.
        WrongColumns "E0516" { needed_at: Span, file: String, keys: usize, found: usize, value: Name, header: Option<Span> } =>
            Message::error(format!("cannot tell which columns of `{file}` hold `{value}`"))
                .label(*needed_at, format!("needs {} and a value", key_columns(*keys)))
                .label_opt(*header, columns(*found))
                .help(layouts(*keys, value)),

        /// An array of another size than the sets it is read for.
        WrongShape "E0517" { needed_at: Span, file: String, expected: String, found: String } =>
            Message::error(format!("`{file}` holds {found} in place of {expected}"))
                .label(*needed_at, format!("needs {expected}")),

        /// A quoted cell that is never closed.
        UnclosedQuote "E0518" { at: Span, needed_at: Option<Span> } =>
            Message::error("this quote is never closed")
                .label(*at, "opened here")
                .label_opt(*needed_at, "read by this line of the model")
                .help("close it with `\"`; a quote inside a quoted cell is written `\"\"`"),

        /// A text file with bytes that are not UTF-8.
        NotUtf8 "E0519" { path: String, line: usize, needed_at: Option<Span> } =>
            Message::error(format!("line {line} of `{path}` is not UTF-8 text"))
                .label_opt(*needed_at, "read by this line of the model")
                .help(format!("convert it, for example with `iconv -f LATIN1 -t UTF-8 {path}`")),

        /// A key column of an integer set with a cell like `2.5`.
        NotAnInteger "E0520" { cell: Option<Span>, column: String, found: String, needed_at: Option<Span> } =>
            Message::error(format!("`{}` in column `{column}` is not an integer", short(found)))
                .label_opt(*cell, "an integer is needed as index")
                .label_opt(*needed_at, "needed by this line of the model"),

        /// `check total >= 3 : "supply is short"` that does not hold.
        CheckFailed "E0521" { at: Span, message: String, values: String } =>
            Message::error(message.clone()).label(*at, values.clone()),

        /// `table t from "t.xlsx"`: a format that is not read.
        UnknownFormat "E0523" { path: String, needed_at: Option<Span> } =>
            Message::error(format!("`{path}` is not a data file that can be read"))
                .label_opt(*needed_at, "unknown kind of file")
                .help("use a file whose name ends in `.csv`, `.tsv`, `.json` or `.npy`"),

        /// A file above the size that is accepted.
        TooLarge "E0524" { path: String, bytes: u64, limit: u64, needed_at: Option<Span> } =>
            Message::error(format!("`{path}` has {bytes} bytes, more than the limit of {limit}"))
                .label_opt(*needed_at, "needed here"),

        /// `table t from "w.npy"`: an array without named columns where a table is needed.
        NotATable "E0525" { path: String, found: String, needed_at: Option<Span> } =>
            Message::error(format!("`{path}` holds {found}, not a table"))
                .label_opt(*needed_at, "a table has named columns")
                .help(format!("read it as numbers: `param name[rows, columns] from \"{path}\"`")),

        /// `param supply[plants] = {seattle: 350}` where `plants` has another element.
        MissingEntry "E0527" { at: Span, name: Name, missing: Vec<String>, count: usize } =>
            Message::error(format!("`{name}` has no value for {}", elements(missing, *count)))
                .label(*at, format!("every element needs a value: {} missing", are(*count)))
                .help(format!("add {}: …", first_of(missing))),

        /// `param load[hours] = {4: 11}` where `hours` is `1..n` and `n` is 3.
        UnknownEntry "E0528" { at: Span, element: String, set: String, suggestion: Option<String> } =>
            Message::error(format!("`{element}` is not an element of {set}"))
                .label(*at, "no such element")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),

        /// `param c[1..3] = [1, 2]`.
        WrongLength "E0530" { at: Span, name: Name, expected: usize, found: usize } =>
            Message::error(format!("`{name}` needs {}, but the list has {found}", values(*expected)))
                .label(*at, format!("{} here", values(*found))),

        /// `param n` without a value, and no `--set n=…`.
        NoValue "E0531" { at: Span, name: Name, indexed: bool } =>
            Message::error(format!("`{name}` has no value"))
                .label(*at, "declared without a value")
                .help(if *indexed {
                    format!("give its values by `--data {name}=FILE`, or write them here")
                } else {
                    format!("give it by `--set {name}=VALUE`, or write one here: `param {name} = …`")
                }),

        /// `--set lambda=1` where `lambda` has indices, or is no number.
        CannotSet "E0532" { name: String, at: Option<Span>, reason: String, suggestion: Option<String> } =>
            Message::error(format!("`--set {name}` cannot be used: {reason}"))
                .label_opt(*at, "declared here")
                .help_opt(suggestion.as_ref().map(|s| format!("did you mean `{s}`?"))),
    }
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".into() } else { format!("{count} values") }
}

fn cells(count: usize) -> String {
    if count == 1 { "1 cell".into() } else { format!("{count} cells") }
}

fn columns(count: usize) -> String {
    if count == 1 { "1 column".into() } else { format!("{count} columns") }
}

fn key_columns(count: usize) -> String {
    if count == 1 { "1 key column".into() } else { format!("{count} key columns") }
}

fn are(count: usize) -> String {
    if count == 1 { "1 is".into() } else { format!("{count} are") }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

fn elements(missing: &[String], count: usize) -> String {
    match missing.first() {
        Some(one) if count == 1 => format!("`{one}`"),
        Some(one) => format!("`{one}` and {} more", count - 1),
        None => format!("{count} elements"),
    }
}

fn first_of(missing: &[String]) -> String {
    missing.first().map_or_else(|| "each element".into(), |m| format!("`{m}`"))
}

fn layouts(keys: usize, value: &str) -> String {
    let long: String = (1..=keys).map(|k| format!("key{k},")).collect();
    format!("use a header like `{long}{value}`, or name the elements of the last index as columns")
}

/// A cell's text, cut where it would fill the screen.
fn short(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        return text.to_string();
    }
    text.chars().take(SHOWN).chain("…".chars()).collect()
}
